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

(** A linear phase of K turns and a quarter, repeated: the mean of psi is 0 and that of psi' is not. *)
Theorem quarter_turn_more_leaves_a_mean K :
  let c := 2 * INR K * PI + PI / 2 in
  line_integral (psi (fun t => c * frac_part t)) 0 /\ line_integral (psi' (fun t => c * frac_part t)) (2 / c).
Proof.
  intros c. assert (HP := PI_RGT_0). assert (HK := pos_INR K).
  assert (Hc : 0 < c) by (unfold c; assert (0 <= 2 * INR K * PI) by (apply Rmult_le_pos; lra); lra).
  assert (Sc : sin c = 1) by (unfold c; rewrite Rplus_comm, sin_period; apply sin_PI2).
  assert (Cc : cos c = 0) by (unfold c; rewrite Rplus_comm, cos_period; apply cos_PI2).
  assert (C : forall d, is_RInt (fun t => cos (c * (t - d))) d (d + 1) (1 / c)).
  { intros d. apply (integral_of_primitive (fun t => sin (c * (t - d)) / c)).
    - intros t. auto_derive; [lra|]. unfold Rminus. field. lra.
    - intros t. apply (ex_derive_continuous (V := R_NormedModule)). auto_derive. auto.
    - replace (c * (d + 1 - d)) with c by ring. replace (c * (d - d)) with 0 by ring. rewrite Sc, sin_0. field. lra. }
  assert (S : forall d, is_RInt (fun t => sin (c * (t - d))) d (d + 1) (1 / c)).
  { intros d. apply (integral_of_primitive (fun t => - cos (c * (t - d)) / c)).
    - intros t. auto_derive; [lra|]. unfold Rminus. field. lra.
    - intros t. apply (ex_derive_continuous (V := R_NormedModule)). auto_derive. auto.
    - replace (c * (d + 1 - d)) with c by ring. replace (c * (d - d)) with 0 by ring. rewrite Cc, cos_0. field. lra. }
  assert (First : forall t, 0 < t < 1 -> frac_part t = t - 0) by (intros t Ht; rewrite frac_part_on_unit; lra).
  assert (Second : forall t, 1 < t < 2 -> frac_part t = t - 1).
  { intros t Ht. replace t with (1 + (t - 1)) at 1 by ring. apply frac_part_above_one. lra. }
  assert (C0 := C 0). assert (S0 := S 0). assert (C1 := C 1). assert (S1 := S 1).
  replace (0 + 1) with 1 in C0, S0 by ring. replace (1 + 1) with 2 in C1, S1 by ring.
  destruct (means_of_a_pair (fun t => c * frac_part t) (1 / c) (1 / c) (1 / c) (1 / c)) as [M M'].
  - revert C0. apply is_RInt_ext. rewrite Rmin_left, Rmax_right by lra. intros t Ht. now rewrite First.
  - revert S0. apply is_RInt_ext. rewrite Rmin_left, Rmax_right by lra. intros t Ht. now rewrite First.
  - revert C1. apply is_RInt_ext. rewrite Rmin_left, Rmax_right by lra. intros t Ht. now rewrite Second.
  - revert S1. apply is_RInt_ext. rewrite Rmin_left, Rmax_right by lra. intros t Ht. now rewrite Second.
  - split; [now rewrite Rminus_eq_0 in M|]. replace (2 / c) with (1 / c + 1 / c) by (field; lra). exact M'.
Qed.
