(** The ends of YaRN's ramp, and the pairs that it leaves alone and divides. *)
From Coq Require Import Reals Lra Lia.
From Interval Require Import Tactic.
From Ropelet Require Import Definitions.
Local Open Scope R_scope.

Theorem yarn_ramp_runs_from_20_to_46 :
  let index r := 128 * ln (4096 / (2 * PI * r)) / (2 * ln (10 ^ 4)) in
  20 <= index 32 < 21 /\ 45 < index 1 <= 46.
Proof. intros index. unfold index. repeat split; interval. Qed.

Theorem yarn_keeps_21_pairs_and_divides_18 s i : 1 < s -> (i < 64)%nat ->
  let theta := frequencies (10 ^ 4) 128 i in
  let ramp := Rmax 0 (Rmin 1 ((INR i - 20) / (46 - 20))) in
  let scaled := theta * (1 - ramp) + theta / s * ramp in
  (scaled = theta <-> (i <= 20)%nat) /\ (scaled = theta / s <-> (46 <= i)%nat).
Proof.
  intros Hs Hi theta ramp scaled.
  assert (P : 0 < theta) by apply exp_pos.
  assert (S : 0 < / s < 1) by (split; [apply Rinv_0_lt_compat; lra|rewrite <- Rinv_1; apply Rinv_lt_contravar; lra]).
  assert (Start : ramp = 0 <-> (i <= 20)%nat).
  { unfold ramp, Rmax, Rmin. split; intros H.
    - destruct (le_lt_dec i 20) as [|L]; [assumption|]. exfalso.
      assert (X : INR 21 <= INR i) by (apply le_INR; lia). simpl in X.
      repeat destruct Rle_dec; lra.
    - assert (X : INR i <= INR 20) by (apply le_INR; lia). simpl in X. repeat destruct Rle_dec; lra. }
  assert (End : ramp = 1 <-> (46 <= i)%nat).
  { unfold ramp, Rmax, Rmin. split; intros H.
    - destruct (le_lt_dec 46 i) as [|L]; [assumption|]. exfalso.
      assert (X : INR i <= INR 45) by (apply le_INR; lia). simpl in X. repeat destruct Rle_dec; lra.
    - assert (X : INR 46 <= INR i) by (apply le_INR; lia). simpl in X. repeat destruct Rle_dec; lra. }
  rewrite <- Start, <- End. unfold scaled, Rdiv. clearbody theta ramp. split; split; intros H.
  - assert (X : theta * (1 - / s) * ramp = 0).
    { replace (theta * (1 - / s) * ramp) with (theta - (theta * (1 - ramp) + theta * / s * ramp)) by ring.
      rewrite H. ring. }
    apply Rmult_integral in X. destruct X as [X|X]; [|exact X]. apply Rmult_integral in X. lra.
  - rewrite H. ring.
  - assert (X : theta * (1 - / s) * (1 - ramp) = 0).
    { replace (theta * (1 - / s) * (1 - ramp)) with (theta * (1 - ramp) + theta * / s * ramp - theta * / s) by ring.
      rewrite H. ring. }
    apply Rmult_integral in X. destruct X as [X|X]; [|lra]. apply Rmult_integral in X. lra.
  - rewrite H. ring.
Qed.
