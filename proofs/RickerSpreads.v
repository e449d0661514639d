(** Standard deviations of the Ricker function in time and in frequency, over the whole line and over positive frequencies. *)
From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ropelet Require Import Definitions Integrals Gaussian ricker_constant_is_two_pi.
Local Open Scope R_scope.

(** * Limits of polynomials times exp(- t^2) *)

Lemma vanishing_product (F G : R -> R) (Fb : (R -> Prop) -> Prop) {FF : Filter Fb} :
  filterlim F Fb (locally 0) -> filterlim G Fb (locally 0) -> filterlim (fun t => F t * G t) Fb (locally 0).
Proof.
  intros A B. rewrite <- (Rmult_0_l 0).
  apply (filterlim_comp_2 F G Rmult A B). apply (filterlim_mult (K := R_AbsRing) 0 0).
Qed.

Lemma power_vanishes n : (n <= 6)%nat ->
  filterlim (fun t => t ^ n * exp (- t ^ 2)) (Rbar_locally p_infty) (locally 0) /\
  filterlim (fun t => t ^ n * exp (- t ^ 2)) (Rbar_locally m_infty) (locally 0).
Proof.
  intros Hn. set (p := Nat.div2 n). set (q := (n - p)%nat).
  assert (Hp : (p <= 3)%nat) by (unfold p; do 7 (destruct n as [|n]; [simpl; lia|]); lia).
  assert (Hq : (q <= 3)%nat) by (unfold q, p; do 7 (destruct n as [|n]; [simpl; lia|]); lia).
  assert (Hpq : n = (p + q)%nat) by (unfold q, p; do 7 (destruct n as [|n]; [reflexivity|]); lia).
  destruct (bump_vanishes_both (/ 2) (fun _ => 1) p ltac:(lra) Hp one_bounded) as [A1 A2].
  destruct (bump_vanishes_both (/ 2) (fun _ => 1) q ltac:(lra) Hq one_bounded) as [B1 B2].
  assert (E : forall t, t ^ p * exp (- (/ 2 * t ^ 2)) * 1 * (t ^ q * exp (- (/ 2 * t ^ 2)) * 1) = t ^ n * exp (- t ^ 2)).
  { intros t. rewrite Hpq, pow_add. replace (- t ^ 2) with (- (/ 2 * t ^ 2) + - (/ 2 * t ^ 2)) by field.
    rewrite exp_plus. ring. }
  split.
  - generalize (vanishing_product _ _ _ A1 B1). apply filterlim_ext, E.
  - generalize (vanishing_product _ _ _ A2 B2). apply filterlim_ext, E.
Qed.

Definition polynomial (c0 c1 c2 c3 c4 c5 t : R) : R := c0 + c1 * t + c2 * t ^ 2 + c3 * t ^ 3 + c4 * t ^ 4 + c5 * t ^ 5.

Lemma polynomial_vanishes c0 c1 c2 c3 c4 c5 :
  filterlim (fun t => polynomial c0 c1 c2 c3 c4 c5 t * exp (- t ^ 2)) (Rbar_locally p_infty) (locally 0) /\
  filterlim (fun t => polynomial c0 c1 c2 c3 c4 c5 t * exp (- t ^ 2)) (Rbar_locally m_infty) (locally 0).
Proof.
  destruct (power_vanishes 0 ltac:(lia)) as [A0 B0]. destruct (power_vanishes 1 ltac:(lia)) as [A1 B1].
  destruct (power_vanishes 2 ltac:(lia)) as [A2 B2]. destruct (power_vanishes 3 ltac:(lia)) as [A3 B3].
  destruct (power_vanishes 4 ltac:(lia)) as [A4 B4]. destruct (power_vanishes 5 ltac:(lia)) as [A5 B5].
  set (term := fun n t => t ^ n * exp (- t ^ 2)).
  assert (E : forall t, c0 * term 0%nat t + (c1 * term 1%nat t + (c2 * term 2%nat t + (c3 * term 3%nat t
    + (c4 * term 4%nat t + c5 * term 5%nat t)))) = polynomial c0 c1 c2 c3 c4 c5 t * exp (- t ^ 2))
    by (intros t; unfold term, polynomial; ring).
  split; refine (filterlim_ext _ _ E _); unfold term; vanish.
Qed.

(** * The primitive of exp(- t^2) at both ends *)

Lemma I_at_minus_infinity : filterlim I (Rbar_locally m_infty) (locally (- (sqrt PI / 2))).
Proof.
  apply limit_at_minus_infinity. apply (limit_ext (fun t => -1 * I t)).
  - intros t. unfold I. symmetry. apply is_RInt_unique.
    assert (C : is_RInt (fun t => exp (- t ^ 2)) (- 0) (- - t) (RInt (fun t => exp (- t ^ 2)) 0 t)).
    { rewrite Ropp_0, Ropp_involutive. apply (RInt_correct (V := R_CompleteNormedModule)), smooth_is_integrable, gaussian_smooth. }
    apply is_RInt_comp_opp in C. apply is_RInt_opp in C.
    replace (-1 * RInt (fun t => exp (- t ^ 2)) 0 t) with (opp (RInt (fun t => exp (- t ^ 2)) 0 t))
      by (unfold opp; simpl; ring).
    eapply is_RInt_ext; [|exact C]. intros x _. unfold opp; simpl. rewrite Ropp_involutive. f_equal. ring.
  - replace (- (sqrt PI / 2)) with (-1 * (sqrt PI / 2)) by ring. apply limit_scal, I_tends_to_half_root_pi.
Qed.

(** What has a primitive of this form, integrated over the line and over the right half line. *)
Lemma moment (f : R -> R) c0 c1 c2 c3 c4 c5 c :
  (forall t, f t = (c1 + 2 * c2 * t + 3 * c3 * t ^ 2 + 4 * c4 * t ^ 3 + 5 * c5 * t ^ 4
    - 2 * t * polynomial c0 c1 c2 c3 c4 c5 t + c) * exp (- t ^ 2)) ->
  is_RInt_gen f (Rbar_locally m_infty) (Rbar_locally p_infty) (c * sqrt PI) /\
  is_RInt_gen f (at_point 0) (Rbar_locally p_infty) (c * sqrt PI / 2 - c0).
Proof.
  intros Hf. set (F := fun t => polynomial c0 c1 c2 c3 c4 c5 t * exp (- t ^ 2) + c * I t).
  assert (D : forall t, is_derive F t (f t)).
  { intros t. rewrite Hf. unfold F, polynomial.
    apply (is_derive_ext (fun t => (c0 + c1 * t + c2 * t ^ 2 + c3 * t ^ 3 + c4 * t ^ 4 + c5 * t ^ 5) * exp (- t ^ 2) + c * I t));
      [reflexivity|].
    auto_derive; [repeat split; auto; exists (exp (- t ^ 2)); apply I_derivative|].
    change (Derive (fun x => I x) t) with (Derive I t).
    rewrite (is_derive_unique _ _ _ (I_derivative t)). simpl. ring. }
  assert (C : forall t, continuous f t).
  { intros t. apply (continuous_ext _ _ t (fun t => eq_sym (Hf t))). unfold polynomial. smooth. }
  destruct (polynomial_vanishes c0 c1 c2 c3 c4 c5) as [Pp Pm].
  assert (HI : forall a b, is_RInt f a b (F b - F a)) by (intros a b; now apply (integral_of_primitive F)).
  assert (Lp : filterlim F (Rbar_locally p_infty) (locally (0 + c * (sqrt PI / 2)))).
  { apply limit_plus; [exact Pp|]. apply limit_scal, I_tends_to_half_root_pi. }
  assert (Lm : filterlim F (Rbar_locally m_infty) (locally (0 + c * - (sqrt PI / 2)))).
  { apply (is_lim_plus' (fun t => polynomial c0 c1 c2 c3 c4 c5 t * exp (- t ^ 2)) (fun t => c * I t) m_infty); [exact Pm|].
    exact (is_lim_scal_l I c m_infty (- (sqrt PI / 2)) I_at_minus_infinity). }
  split.
  - replace (c * sqrt PI) with ((0 + c * (sqrt PI / 2)) - (0 + c * - (sqrt PI / 2))) by field.
    now apply (line_integral_of_primitive f F).
  - replace (c * sqrt PI / 2 - c0) with ((0 + c * (sqrt PI / 2)) - F 0).
    2: { unfold F, polynomial. replace (- 0 ^ 2) with 0 by ring.
         replace (I 0) with 0 by (unfold I; now rewrite RInt_point). rewrite exp_0. field. }
    apply (improper_of_primitive f F); [apply filter_forall; intros ab; apply HI| |exact Lp].
    intros Q HQ. exact (locally_singleton (F 0) Q HQ).
Qed.

(** * The spreads *)

Lemma root_pi : 0 < sqrt PI /\ sqrt PI * sqrt PI = PI.
Proof. assert (P := PI_RGT_0). split; [now apply sqrt_lt_R0|apply sqrt_sqrt; lra]. Qed.

Lemma squared_bump t : exp (- (t ^ 2 / 2)) ^ 2 = exp (- t ^ 2).
Proof. replace (exp (- (t ^ 2 / 2)) ^ 2) with (exp (- (t ^ 2 / 2)) * exp (- (t ^ 2 / 2))) by ring. rewrite <- exp_plus. f_equal. field. Qed.

Lemma ricker_time_spread : spread (Rbar_locally m_infty) (fun t => ricker t ^ 2) (sqrt (7 / 6)).
Proof.
  destruct root_pi as [R _].
  exists (3 / 4 * sqrt PI), (0 * sqrt PI), (7 / 8 * sqrt PI). repeat split.
  - apply (moment _ 0 (/ 4) 0 (- / 2) 0 0). intros t. unfold ricker, polynomial. rewrite Rpow_mult_distr, squared_bump. field.
  - apply (moment _ (- / 2) 0 0 0 (- / 2) 0). intros t. unfold ricker, polynomial. rewrite Rpow_mult_distr, squared_bump. field.
  - apply (moment _ 0 (- (7 / 8)) 0 (- / 4) 0 (- / 2)). intros t. unfold ricker, polynomial. rewrite Rpow_mult_distr, squared_bump. field.
  - lra.
  - apply sqrt_pos.
  - rewrite pow2_sqrt by lra. field. lra.
Qed.

Lemma one_sided_variance_is_positive : 0 <= 5 / 2 - 64 / (9 * PI).
Proof.
  assert (P := PI2_3_2). unfold PI2 in P. assert (64 / (9 * PI) <= 64 / 27); [|lra].
  unfold Rdiv. apply Rmult_le_compat_l; [lra|]. apply Rinv_le_contravar; lra.
Qed.

Section Frequency.
Context (P : R -> R) (HP : spectrum ricker none P).

Lemma ricker_power omega : P omega = 2 * PI * omega ^ 4 * exp (- omega ^ 2).
Proof. exact (spectrum_unique _ _ _ _ HP ricker_has_spectrum omega). Qed.

Lemma moments_of_the_spectrum :
  (is_RInt_gen P (Rbar_locally m_infty) (Rbar_locally p_infty) (3 / 2 * PI * sqrt PI) /\
   is_RInt_gen P (at_point 0) (Rbar_locally p_infty) (3 / 2 * PI * sqrt PI / 2 - 0)) /\
  (is_RInt_gen (fun x => x * P x) (Rbar_locally m_infty) (Rbar_locally p_infty) (0 * sqrt PI) /\
   is_RInt_gen (fun x => x * P x) (at_point 0) (Rbar_locally p_infty) (0 * sqrt PI / 2 - -2 * PI)) /\
  (is_RInt_gen (fun x => x ^ 2 * P x) (Rbar_locally m_infty) (Rbar_locally p_infty) (15 / 4 * PI * sqrt PI) /\
   is_RInt_gen (fun x => x ^ 2 * P x) (at_point 0) (Rbar_locally p_infty) (15 / 4 * PI * sqrt PI / 2 - 0)).
Proof.
  repeat apply conj.
  1, 2: apply (moment _ 0 (- (3 / 2 * PI)) 0 (- PI) 0 0); intros t; rewrite ricker_power; unfold polynomial; field.
  1, 2: apply (moment _ (-2 * PI) 0 (-2 * PI) 0 (- PI) 0); intros t; rewrite ricker_power; unfold polynomial; field.
  1, 2: apply (moment _ 0 (- (15 / 4 * PI)) 0 (- (5 / 2 * PI)) 0 (- PI)); intros t; rewrite ricker_power; unfold polynomial; field.
Qed.

Lemma ricker_frequency_spread : spread (Rbar_locally m_infty) P (sqrt (5 / 2)).
Proof.
  destruct moments_of_the_spectrum as [[M0 _] [[M1 _] [M2 _]]]. destruct root_pi as [R _]. assert (Q := PI_RGT_0).
  exists (3 / 2 * PI * sqrt PI), (0 * sqrt PI), (15 / 4 * PI * sqrt PI). repeat split; auto.
  - apply Rmult_lt_0_compat; lra.
  - apply sqrt_pos.
  - rewrite pow2_sqrt by lra. field. lra.
Qed.

Lemma ricker_one_sided_spread : spread (at_point 0) P (sqrt (5 / 2 - 64 / (9 * PI))).
Proof.
  destruct moments_of_the_spectrum as [[_ M0] [[_ M1] [_ M2]]]. destruct root_pi as [R E]. assert (Q := PI_RGT_0).
  exists (3 / 2 * PI * sqrt PI / 2 - 0), (0 * sqrt PI / 2 - -2 * PI), (15 / 4 * PI * sqrt PI / 2 - 0). repeat split; auto.
  - assert (0 < PI * sqrt PI) by now apply Rmult_lt_0_compat. lra.
  - apply sqrt_pos.
  - rewrite pow2_sqrt by (apply one_sided_variance_is_positive). set (r := sqrt PI) in *. rewrite <- E. field. lra.
Qed.
End Frequency.

Theorem ricker_spreads : forall P, spectrum ricker none P ->
  spread (Rbar_locally m_infty) (fun t => ricker t ^ 2) (sqrt (7 / 6)) /\
  spread (Rbar_locally m_infty) P (sqrt (5 / 2)) /\
  spread (at_point 0) P (sqrt (5 / 2 - 64 / (9 * PI))).
Proof. intros P HP. split; [exact ricker_time_spread|split; [now apply ricker_frequency_spread|now apply ricker_one_sided_spread]]. Qed.
