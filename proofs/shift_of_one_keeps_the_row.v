(** At shift 1 the row slips one column to the left; below 1 it cannot. *)
From Coq Require Import Reals Lra Lia Arith.
From Ropelet Require Import Definitions Matrices.
Local Open Scope R_scope.

Theorem shift_of_one_moves_the_row K j : (1 <= j)%nat ->
  daughter 1 (INR j - 1) (psi (turns K)) (INR (j - 1)) = 1 /\
  daughter 1 (INR j - 1) (psi (turns K)) (INR (j + 1)) = 0.
Proof.
  intros Hj. rewrite !daughter_of_scale_1, minus_INR, plus_INR by auto. simpl INR. split.
  - replace (INR j - 1 - (INR j - 1)) with 0 by ring. unfold psi; cases; try lra.
    rewrite turns_on_unit, Rmult_0_r by lra. apply cos_0.
  - replace (INR j + 1 - (INR j - 1)) with 2 by ring. unfold psi; cases; lra.
Qed.

Theorem shift_below_one_keeps_the_row f delta j t : 0 <= delta < 1 -> t <> j -> t <> S j ->
  daughter 1 (INR j - delta) (psi f) (INR t) = 0 /\ daughter 1 (INR j - delta) (psi' f) (INR t) = 0.
Proof.
  intros Hd H1 H2. rewrite !daughter_of_scale_1, samples_of_psi, samples_of_psi' by auto.
  unfold two_taps. destruct (Nat.eqb_spec t j), (Nat.eqb_spec t (S j)); try lia; auto.
Qed.
