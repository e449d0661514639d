(** The wavelengths of Llama 3.1 against a quarter of its original length, and against the whole. *)
From Coq Require Import Reals Lra Lia.
From Interval Require Import Tactic.
From Ropelet Require Import Definitions Scalings.
Local Open Scope R_scope.

Theorem llama3_keeps_29_of_64_pairs i :
  let wavelength i := 2 * PI / frequencies (5 * 10 ^ 5) 128 i in
  (wavelength i < 8192 / 4 <-> (i < 29)%nat) /\ (8192 < wavelength i <-> (35 <= i)%nat).
Proof.
  intros wavelength. assert (HP := PI_RGT_0).
  assert (Pos : forall i, 0 < frequencies (5 * 10 ^ 5) 128 i) by (intros; apply exp_pos).
  assert (Cut : forall L, 0 < L -> (wavelength i < L <-> 2 * PI / L < frequencies (5 * 10 ^ 5) 128 i)).
  { intros L HL. unfold wavelength. generalize (Pos i). intros F. split; intros H.
    - apply (Rmult_lt_reg_r (L / frequencies (5 * 10 ^ 5) 128 i)); [now apply Rdiv_lt_0_compat|].
      replace (2 * PI / L * (L / frequencies (5 * 10 ^ 5) 128 i)) with (2 * PI / frequencies (5 * 10 ^ 5) 128 i) by (field; lra).
      replace (frequencies (5 * 10 ^ 5) 128 i * (L / frequencies (5 * 10 ^ 5) 128 i)) with L by (field; lra). exact H.
    - apply (Rmult_lt_reg_r (frequencies (5 * 10 ^ 5) 128 i / L)); [now apply Rdiv_lt_0_compat|].
      replace (2 * PI / frequencies (5 * 10 ^ 5) 128 i * (frequencies (5 * 10 ^ 5) 128 i / L)) with (2 * PI / L) by (field; lra).
      replace (L * (frequencies (5 * 10 ^ 5) 128 i / L)) with (frequencies (5 * 10 ^ 5) 128 i) by (field; lra). exact H. }
  split.
  - rewrite Cut by lra. apply pairs_above_a_cut; try lia; [lra|].
    unfold frequencies, Rpower. simpl. split; interval.
  - assert (Kept : 2 * PI / 8192 < frequencies (5 * 10 ^ 5) 128 i <-> (i < 35)%nat).
    { apply pairs_above_a_cut; try lia; [lra|]. unfold frequencies, Rpower. simpl. split; interval. }
    assert (Not : 2 * PI / 8192 <> frequencies (5 * 10 ^ 5) 128 i).
    { destruct (Nat.lt_ge_cases i 35) as [H|H]; [apply Kept in H; lra|].
      assert (X := frequencies_descend (5 * 10 ^ 5) 128 35 i ltac:(lra) ltac:(lia) H).
      assert (Y : frequencies (5 * 10 ^ 5) 128 35 < 2 * PI / 8192) by (unfold frequencies, Rpower; simpl; interval). lra. }
    assert (C := Cut 8192 ltac:(lra)). split; intros H.
    + destruct (Nat.lt_ge_cases i 35) as [H'|]; [|assumption]. apply Kept, C in H'. lra.
    + destruct (Rtotal_order (wavelength i) 8192) as [G|[G|G]]; [|exfalso|exact G].
      * apply C, Kept in G. lia.
      * apply Not. rewrite <- G. unfold wavelength. field. generalize (Pos i). lra.
Qed.
