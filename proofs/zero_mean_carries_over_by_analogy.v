(** At the constant phase pi/4 psi has mean 0 and psi' has mean sqrt 2. *)
From Coq Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
From Ropelet Require Import Definitions Matrices Integrals HaarLike.
Local Open Scope R_scope.

(** The means of psi and psi' are C0 - S1 and S0 + C1, with the integrals over the unit intervals. *)
Theorem means_of_a_pair f c0 s0 c1 s1 :
  is_RInt (fun t => cos (f t)) 0 1 c0 -> is_RInt (fun t => sin (f t)) 0 1 s0 ->
  is_RInt (fun t => cos (f t)) 1 2 c1 -> is_RInt (fun t => sin (f t)) 1 2 s1 ->
  line_integral (psi f) (c0 - s1) /\ line_integral (psi' f) (s0 + c1).
Proof.
  intros H1 H2 H3 H4.
  split; apply line_integral_of_pair; try (intros t Ht; apply (psi_outside f t Ht)).
  - apply (integral_in_two_parts _ (fun t => cos (f t)) (fun t => - sin (f t)) 0 1 2); auto; try lra.
    + intros t Ht. now destruct (psi_first f t Ht).
    + intros t Ht. now destruct (psi_second f t Ht).
    + apply (is_RInt_opp (V := R_NormedModule)), H4.
  - apply (integral_in_two_parts _ (fun t => sin (f t)) (fun t => cos (f t)) 0 1 2); auto; try lra.
    + intros t Ht. now destruct (psi_first f t Ht).
    + intros t Ht. now destruct (psi_second f t Ht).
Qed.

Theorem zero_mean_does_not_carry_over :
  line_integral (psi (fun _ => PI/4)) 0 /\ line_integral (psi' (fun _ => PI/4)) (sqrt 2).
Proof.
  assert (I0 : forall c : R, is_RInt (fun _ => c) 0 1 c).
  { intros c. generalize (integral_of_constant 0 1 c). now replace ((1 - 0) * c) with c by ring. }
  assert (I1 : forall c : R, is_RInt (fun _ => c) 1 2 c).
  { intros c. generalize (integral_of_constant 1 2 c). now replace ((2 - 1) * c) with c by ring. }
  destruct (means_of_a_pair (fun _ => PI/4) _ _ _ _ (I0 (cos (PI/4))) (I0 (sin (PI/4)))
    (I1 (cos (PI/4))) (I1 (sin (PI/4)))) as [A B].
  rewrite cos_PI4, sin_PI4 in A, B. split.
  - now rewrite Rminus_eq_0 in A.
  - replace (sqrt 2) with (1 / sqrt 2 + 1 / sqrt 2); auto.
    assert (H := sqrt_lt_R0 2 ltac:(lra)). assert (E := sqrt_sqrt 2 ltac:(lra)).
    apply (Rmult_eq_reg_l (sqrt 2)); [|lra]. rewrite E. field. lra.
Qed.
