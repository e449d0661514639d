(** Mean, energy, spectrum and constant of the Ricker wavelet. *)
From Coq Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
From Ropelet Require Import Definitions Integrals Gaussian.
Local Open Scope R_scope.

(** T^n exp(- a T^2) vanishes at both ends, for n = 1 and 3, also times a bounded function. *)
Lemma bump_vanishes a h n : 0 < a -> (n <= 3)%nat -> (forall t, Rabs (h t) <= 1) ->
  filterlim (fun T => T ^ n * exp (- (a * T ^ 2)) * h T) (Rbar_locally p_infty) (locally 0).
Proof.
  intros Ha Hn Hh. apply (limit_by_rate _ 0 1 (4 / a * (4 / a))). intros T HT _.
  rewrite Rminus_0_r, Rabs_mult, (Rabs_pos_eq (_ * _)).
  2: { apply Rmult_le_pos; [apply pow_le; lra|left; apply exp_pos]. }
  assert (P : 0 < T ^ 4) by (apply pow_lt; lra).
  assert (E : exp (- (a * T ^ 2)) <= (4 / a * (4 / a)) / T ^ 4 ).
  { rewrite exp_Ropp.
    assert (L : a * T ^ 2 / 2 <= exp (a * T ^ 2 / 2)) by (generalize (exp_ineq1_le (a * T ^ 2 / 2)); lra).
    assert (Q : 0 < a * T ^ 2) by (apply Rmult_lt_0_compat; [lra|apply pow_lt; lra]).
    replace (exp (a * T ^ 2)) with (exp (a * T ^ 2 / 2) * exp (a * T ^ 2 / 2))
      by (rewrite <- exp_plus; f_equal; field).
    apply Rle_trans with (/ (a * T ^ 2 / 2 * (a * T ^ 2 / 2))).
    - apply Rinv_le_contravar; [apply Rmult_lt_0_compat; lra|]. apply Rmult_le_compat; lra.
    - assert (Ia : 0 < / a * / a) by (apply Rmult_lt_0_compat; now apply Rinv_0_lt_compat).
      assert (I4 : 0 < / T ^ 4) by now apply Rinv_0_lt_compat.
      replace (/ (a * T ^ 2 / 2 * (a * T ^ 2 / 2))) with (4 * (/ a * / a * / T ^ 4)) by (field; lra).
      replace (4 / a * (4 / a) / T ^ 4) with (16 * (/ a * / a * / T ^ 4)) by (field; lra).
      assert (0 < / a * / a * / T ^ 4) by now apply Rmult_lt_0_compat. lra. }
  apply Rle_trans with (T ^ 3 * (4 / a * (4 / a) / T ^ 4) * 1).
  - apply Rmult_le_compat; auto using Rabs_pos.
    + apply Rmult_le_pos; [apply pow_le; lra|left; apply exp_pos].
    + apply Rmult_le_compat; auto; [apply pow_le; lra|left; apply exp_pos|]. apply Rle_pow; auto.
  - right. field. split; lra.
Qed.

Lemma bump_vanishes_both a h n : 0 < a -> (n <= 3)%nat -> (forall t, Rabs (h t) <= 1) ->
  filterlim (fun T => T ^ n * exp (- (a * T ^ 2)) * h T) (Rbar_locally p_infty) (locally 0) /\
  filterlim (fun T => T ^ n * exp (- (a * T ^ 2)) * h T) (Rbar_locally m_infty) (locally 0).
Proof.
  intros Ha Hn Hh. split; [now apply bump_vanishes|]. apply limit_at_minus_infinity.
  apply (limit_ext (fun T => (-1) ^ n * (T ^ n * exp (- (a * T ^ 2)) * h (- T)))).
  - intros T. replace (- T) with (-1 * T) at 2 by ring. rewrite Rpow_mult_distr.
    replace ((- T) ^ 2) with (T ^ 2) by ring. ring.
  - rewrite <- (Rmult_0_r ((-1) ^ n)). apply limit_scal.
    apply (bump_vanishes a (fun t => h (- t))); auto.
Qed.

(** A total derivative of such bumps integrates to 0 over the line. *)
Lemma total_derivative_integrates_to_zero (f F : R -> R) :
  (forall t, is_derive F t (f t)) -> (forall t, continuous f t) ->
  filterlim F (Rbar_locally p_infty) (locally 0) -> filterlim F (Rbar_locally m_infty) (locally 0) ->
  line_integral f 0.
Proof.
  intros D C Hp Hm. rewrite <- (Rminus_eq_0 0). apply (line_integral_of_primitive f F); auto.
  intros a b. now apply (integral_of_primitive F).
Qed.

Lemma one_bounded (t : R) : Rabs 1 <= 1.
Proof. rewrite Rabs_R1. lra. Qed.

Lemma both_plus (F G : R -> R) (Fb : (R -> Prop) -> Prop) {FF : Filter Fb} :
  filterlim F Fb (locally 0) -> filterlim G Fb (locally 0) ->
  filterlim (fun t => F t + G t) Fb (locally 0).
Proof.
  intros A B. rewrite <- (Rplus_0_l 0).
  apply (filterlim_comp_2 F G Rplus A B). apply (filterlim_plus (V := R_NormedModule) 0 0).
Qed.
Lemma both_scal (F : R -> R) c (Fb : (R -> Prop) -> Prop) {FF : Filter Fb} :
  filterlim F Fb (locally 0) -> filterlim (fun t => c * F t) Fb (locally 0).
Proof.
  intros A. rewrite <- (Rmult_0_r c). eapply filterlim_comp; [exact A|].
  apply (filterlim_scal_r (V := R_NormedModule) c 0).
Qed.

Ltac vanish := repeat first [assumption | typeclasses eauto | apply both_plus | apply both_scal].

Theorem ricker_has_zero_mean : line_integral ricker 0.
Proof.
  destruct (bump_vanishes_both (/ 2) (fun _ => 1) 1 ltac:(lra) ltac:(auto) one_bounded) as [A B].
  apply (total_derivative_integrates_to_zero _ (fun t => t ^ 1 * exp (- (/ 2 * t ^ 2)) * 1)); auto.
  - intros t. unfold ricker. auto_derive; auto.
    replace (exp (- (t ^ 2 / 2))) with (exp (- (/ 2 * t ^ 2))) by (f_equal; field). simpl. field.
  - unfold ricker. smooth.
Qed.

Theorem ricker_energy_is_three_quarters_root_pi : line_integral (fun t => ricker t ^ 2) (3 * sqrt PI / 4).
Proof.
  destruct (bump_vanishes_both 1 (fun _ => 1) 1 ltac:(lra) ltac:(auto) one_bounded) as [A1 B1].
  destruct (bump_vanishes_both 1 (fun _ => 1) 3 ltac:(lra) ltac:(auto) one_bounded) as [A3 B3].
  destruct (gaussian_transform 1 Rlt_0_1 0) as [G _].
  replace (sqrt (PI / 1) * exp (- (0 ^ 2 / (4 * 1)))) with (sqrt PI) in G.
  2: { rewrite Rdiv_1. replace (- (0 ^ 2 / (4 * 1))) with 0 by field. rewrite exp_0. ring. }
  assert (Z : line_integral (fun t => ricker t ^ 2 - 3 / 4 * exp (- (1 * t ^ 2))) 0).
  { apply (total_derivative_integrates_to_zero _
      (fun t => / 4 * (t ^ 1 * exp (- (1 * t ^ 2)) * 1) + - / 2 * (t ^ 3 * exp (- (1 * t ^ 2)) * 1))).
    - intros t. unfold ricker. auto_derive; auto.
      replace (((1 - t ^ 2) * exp (- (t ^ 2 / 2))) ^ 2) with ((1 - t ^ 2) ^ 2 * exp (- (1 * t ^ 2))).
      + simpl. field.
      + rewrite Rpow_mult_distr. f_equal.
        replace (exp (- (t ^ 2 / 2)) ^ 2) with (exp (- (t ^ 2 / 2)) * exp (- (t ^ 2 / 2))) by ring.
        rewrite <- exp_plus. f_equal. field.
    - unfold ricker. smooth.
    - vanish.
    - vanish. }
  apply (is_RInt_gen_scal (V := R_NormedModule) _ (3 / 4)) in G.
  assert (S := is_RInt_gen_plus (V := R_NormedModule) _ _ _ _ Z G).
  replace (3 * sqrt PI / 4) with (plus 0 (scal (3 / 4) (sqrt PI))).
  2: { change (0 + 3 / 4 * sqrt PI = 3 * sqrt PI / 4). field. }
  revert S. apply line_integral_ext. intros t. unfold g.
  change (ricker t ^ 2 - 3 / 4 * exp (- (1 * t ^ 2)) + 3 / 4 * (exp (- (1 * t ^ 2)) * cos (0 * t)) = ricker t ^ 2).
  rewrite Rmult_0_l, cos_0. ring.
Qed.

Theorem ricker_has_spectrum :
  spectrum ricker none (fun omega => 2 * PI * omega ^ 4 * exp (- omega ^ 2)).
Proof.
  intros omega. destruct (gaussian_transform (/ 2) ltac:(lra) omega) as [Gc Gs].
  assert (Bc := fun t => cos_abs (omega * t)). assert (Bs := fun t => sin_abs (omega * t)).
  destruct (bump_vanishes_both (/ 2) _ 1 ltac:(lra) ltac:(auto) Bc) as [A1 B1].
  destruct (bump_vanishes_both (/ 2) _ 0 ltac:(lra) ltac:(auto) Bs) as [A2 B2].
  destruct (bump_vanishes_both (/ 2) _ 1 ltac:(lra) ltac:(auto) Bs) as [A3 B3].
  destruct (bump_vanishes_both (/ 2) _ 0 ltac:(lra) ltac:(auto) Bc) as [A4 B4].
  assert (X : forall t, exp (- (t ^ 2 / 2)) = exp (- (/ 2 * t ^ 2))) by (intros; f_equal; field).
  assert (Zc : line_integral (fun t => ricker t * cos (omega * t)
                                - omega ^ 2 * (exp (- (/ 2 * t ^ 2)) * cos (omega * t))) 0).
  { apply (total_derivative_integrates_to_zero _ (fun t =>
      t ^ 1 * exp (- (/ 2 * t ^ 2)) * cos (omega * t) + - omega * (t ^ 0 * exp (- (/ 2 * t ^ 2)) * sin (omega * t)))).
    - intros t. unfold ricker. rewrite X. auto_derive; auto. simpl. field.
    - unfold ricker. smooth.
    - vanish.
    - vanish. }
  assert (Zs : line_integral (fun t => ricker t * sin (omega * t)
                                - omega ^ 2 * (exp (- (/ 2 * t ^ 2)) * sin (omega * t))) 0).
  { apply (total_derivative_integrates_to_zero _ (fun t =>
      t ^ 1 * exp (- (/ 2 * t ^ 2)) * sin (omega * t) + omega * (t ^ 0 * exp (- (/ 2 * t ^ 2)) * cos (omega * t)))).
    - intros t. unfold ricker. rewrite X. auto_derive; auto. simpl. field.
    - unfold ricker. smooth.
    - vanish.
    - vanish. }
  apply (is_RInt_gen_scal (V := R_NormedModule) _ (omega ^ 2)) in Gc.
  apply (is_RInt_gen_scal (V := R_NormedModule) _ (omega ^ 2)) in Gs.
  assert (Sc := is_RInt_gen_plus (V := R_NormedModule) _ _ _ _ Zc Gc).
  assert (Ss := is_RInt_gen_plus (V := R_NormedModule) _ _ _ _ Zs Gs).
  apply (is_RInt_gen_scal (V := R_NormedModule) _ (-1)) in Ss.
  exists (0 + omega ^ 2 * (sqrt (PI / / 2) * exp (- (omega ^ 2 / (4 * / 2))))), (-1 * (0 + omega ^ 2 * 0)).
  repeat split.
  - revert Sc. apply line_integral_ext. intros t. unfold g, none, plus, scal; simpl; unfold mult; simpl. ring.
  - revert Ss. apply line_integral_ext. intros t. unfold g, none, plus, scal; simpl; unfold mult; simpl. ring.
  - assert (E2 : sqrt (PI / / 2) * sqrt (PI / / 2) = 2 * PI).
    { assert (HP := PI_RGT_0). rewrite sqrt_sqrt; [field|]. apply Rlt_le, Rdiv_lt_0_compat; lra. }
    set (e := exp (- (omega ^ 2 / (4 * / 2)))). set (r := sqrt (PI / / 2)) in *.
    replace (exp (- omega ^ 2)) with (e * e) by (unfold e; rewrite <- exp_plus; f_equal; field).
    rewrite <- E2. ring.
Qed.

Theorem ricker_constant_is_two_pi : admissibility_constant ricker none (2 * PI).
Proof.
  apply (admissible_by_primitive ricker none _ (fun x => - PI * ((1 + x ^ 2) * exp (- x ^ 2))) (- PI * 0)
           (2 * PI) ricker_has_spectrum).
  - intros x. replace ((- x) ^ 4) with (x ^ 4) by ring. now replace ((- x) ^ 2) with (x ^ 2) by ring.
  - intros a b Ha Hb.
    apply (is_RInt_ext (fun x => 2 * PI * x ^ 3 * exp (- x ^ 2))).
    + intros x. rewrite Rmin_left, Rmax_right by lra. intros Hx. simpl. field. lra.
    + apply (integral_of_primitive (fun x => - PI * ((1 + x ^ 2) * exp (- x ^ 2)))).
      * intros t. auto_derive; auto. simpl. ring.
      * smooth.
      * reflexivity.
  - smooth.
  - apply limit_scal.
    destruct (bump_vanishes_both 1 (fun _ => 1) 0 ltac:(lra) ltac:(auto) one_bounded) as [A0 _].
    destruct (bump_vanishes_both 1 (fun _ => 1) 2 ltac:(lra) ltac:(auto) one_bounded) as [A2 _].
    generalize (both_plus _ _ _ A0 A2). apply limit_ext.
    intros t. replace (1 * t ^ 2) with (t ^ 2) by ring. ring.
  - replace (- 0 ^ 2) with 0 by ring. rewrite exp_0. ring.
Qed.
