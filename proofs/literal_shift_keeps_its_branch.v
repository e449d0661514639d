(** At position 103993 the shift rounds to 1 in 24 binary digits, and psi is evaluated on its other branch. *)
From Coq Require Import Reals Lra Lia ZArith.
From Interval Require Import Tactic.
From Ropelet Require Import Definitions Matrices SineIntegrals.
Local Open Scope R_scope.

Lemma powers_of_two_add e n : powerRZ 2 (e + Z.of_nat n) = powerRZ 2 e * 2 ^ n.
Proof. rewrite powerRZ_add by lra. now rewrite <- pow_powerRZ. Qed.

Lemma integers_have_24_digits z : (Z.abs z < 2 ^ 24)%Z -> binary24 (IZR z).
Proof. intros H. exists z, 0%Z. split; [exact H|]. simpl. ring. Qed.

Lemma rounding_keeps_what_has_24_digits r y : rounds_to_nearest r -> binary24 y -> r y = y.
Proof.
  intros Hr Hy. destruct (Hr y) as [_ H]. specialize (H y Hy).
  rewrite (Rminus_eq_0 y), Rabs_R0 in H. generalize (Rabs_pos (r y - y)). intros P.
  destruct (Req_dec (r y - y) 0) as [E|E]; [lra|]. apply Rabs_pos_lt in E. lra.
Qed.

(** Numbers of 24 digits near 103993 are multiples of 1/128. *)
Lemma spacing y : binary24 y -> Rabs (y - 103993) < / 128 -> y = 103993.
Proof.
  intros [z [e [Hz ->]]] H. apply Rabs_def2 in H. destruct H as [H1 H2].
  assert (P : 0 < powerRZ 2 e) by (apply powerRZ_lt; lra).
  destruct (Z_le_gt_dec (-7) e) as [He|He].
  - assert (E : powerRZ 2 e = / 128 * 2 ^ Z.to_nat (e + 7)).
    { replace e with (-7 + Z.of_nat (Z.to_nat (e + 7)))%Z at 1 by lia.
      rewrite powers_of_two_add. f_equal. simpl. field. }
    rewrite pow_IZR in E. set (n := (2 ^ Z.of_nat (Z.to_nat (e + 7)))%Z) in E.
    rewrite E in *. assert (X : (z * n = 103993 * 128)%Z).
    { assert (A : IZR (z * n) < IZR (103993 * 128 + 1)) by (rewrite plus_IZR, !mult_IZR; lra).
      assert (B : IZR (103993 * 128 - 1) < IZR (z * n)) by (rewrite minus_IZR, !mult_IZR; lra).
      apply lt_IZR in A. apply lt_IZR in B. lia. }
    apply (f_equal IZR) in X. rewrite !mult_IZR in X. lra.
  - exfalso. assert (E : powerRZ 2 e * 2 ^ Z.to_nat (-8 - e) = / 256).
    { rewrite <- powers_of_two_add. replace (e + Z.of_nat (Z.to_nat (-8 - e)))%Z with (-8)%Z by lia. simpl. field. }
    assert (G : 1 <= 2 ^ Z.to_nat (-8 - e)) by (apply pow_R1_Rle; lra).
    assert (S : powerRZ 2 e <= / 256) by nra.
    assert (Z1 : IZR z <= 16777216) by (apply IZR_le; lia).
    assert (IZR z * powerRZ 2 e <= 16777216 * / 256) by nra. lra.
Qed.

Theorem literal_shift_falls_off_its_branch r : rounds_to_nearest r ->
  let m := 103993 in
  let k := Z.to_nat 16551 in
  let turn := r (2 * INR k * PI) in
  let delta := r (m / turn) in
  let b := r (0 - delta) in
  smallest_cycles m k /\ psi (turns k) (r (0 - b)) = 0 /\ 99 / 100 < rope (fun _ => 1) m 0%nat 0%nat.
Proof.
  intros Hr m k turn delta b.
  assert (Hk : INR k = 16551) by (unfold k; now rewrite INR_IZR_INZ, Z2Nat.id by lia).
  assert (Turn : 103993 < 2 * 16551 * PI < 103993 + 2 / 10 ^ 5) by (split; interval with (i_prec 80)).
  assert (T : turn = 103993).
  { unfold turn. rewrite Hk. destruct (Hr (2 * 16551 * PI)) as [F N].
    specialize (N 103993 (integers_have_24_digits 103993 ltac:(lia))).
    apply spacing; [exact F|].
    replace (r (2 * 16551 * PI) - 103993)
      with ((r (2 * 16551 * PI) - 2 * 16551 * PI) + (2 * 16551 * PI - 103993)) by ring.
    apply Rle_lt_trans with (1 := Rabs_triang _ _).
    rewrite (Rabs_left (103993 - 2 * 16551 * PI)) in N by lra.
    rewrite (Rabs_pos_eq (2 * 16551 * PI - 103993)) by lra. lra. }
  assert (D : delta = 1).
  { unfold delta, m. rewrite T. replace (103993 / 103993) with 1 by field.
    apply rounding_keeps_what_has_24_digits; [exact Hr|]. apply (integers_have_24_digits 1). lia. }
  assert (B : b = -1).
  { unfold b. rewrite D. replace (0 - 1) with (-1) by ring.
    apply rounding_keeps_what_has_24_digits; [exact Hr|]. apply (integers_have_24_digits (-1)). lia. }
  repeat split.
  - rewrite Hk. apply Turn.
  - intros n Hn. destruct (le_lt_dec k n) as [|L]; [assumption|]. exfalso.
    assert (N : INR n <= 16550).
    { assert (X : INR (S n) <= INR k) by (apply le_INR; lia). rewrite S_INR, Hk in X. lra. }
    assert (L' : 2 * 16550 * PI < 103993) by interval.
    unfold m in Hn. generalize PI_RGT_0. intros HP.
    assert (2 * INR n * PI <= 2 * 16550 * PI) by (apply Rmult_le_compat_r; lra). lra.
  - rewrite B. replace (0 - -1) with 1 by ring.
    rewrite (rounding_keeps_what_has_24_digits r 1 Hr (integers_have_24_digits 1 ltac:(lia))).
    unfold psi. repeat destruct Rlt_dec; try lra.
    replace (turns k 1) with 0; [rewrite sin_0; ring|].
    replace 1 with (1 + 0) by ring. rewrite turns_above_one by lra. ring.
  - unfold rope, rotation. simpl. rewrite Rmult_1_r.
    set (x := 2 * 16551 * PI - 103993).
    assert (C : cos m = cos x).
    { rewrite <- (cos_neg x), <- (cos_period (- x) k), Hk. f_equal. unfold x, m. ring. }
    rewrite C. assert (N := cosine_near_zero x). rewrite (Rabs_pos_eq x) in N by (unfold x; lra).
    assert (S : Rabs (1 - cos x) < 1 / 100) by (apply Rle_lt_trans with (1 := N); unfold x; nra).
    apply Rabs_def2 in S. lra.
Qed.
