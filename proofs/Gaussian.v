(** The Gaussian integral and the transform of exp(- a t^2), both by differentiation under an
    integral over a bounded interval. *)
From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ropelet Require Import Definitions Integrals.
Local Open Scope R_scope.

Lemma derivative_under_the_integral (f df : R -> R -> R) (a b x : R) :
  (forall u t, is_derive (fun z => f z t) u (df u t)) ->
  (forall u t, continuity_2d_pt df u t) ->
  (forall u, ex_RInt (f u) a b) ->
  is_derive (fun u => RInt (f u) a b) x (RInt (df x) a b).
Proof.
  intros Hd Hc Hi.
  rewrite (RInt_ext (df x) (fun t => Derive (fun u => f u t) x))
    by (intros t _; symmetry; apply is_derive_unique, Hd).
  apply is_derive_RInt_param.
  - apply filter_forall. intros u t _. eexists. apply Hd.
  - intros t _. apply (continuity_2d_pt_ext df); auto.
    intros u v. symmetry. apply is_derive_unique, Hd.
  - apply filter_forall. exact Hi.
Qed.

Lemma continuity_2d_comp (h : R -> R) (f : R -> R -> R) x y :
  (forall u, continuous h u) -> continuity_2d_pt f x y -> continuity_2d_pt (fun u v => h (f u v)) x y.
Proof.
  intros Hh Hf. apply (continuity_1d_2d_pt_comp h f); auto. apply continuity_pt_filterlim, Hh.
Qed.
Lemma continuity_2d_first (h : R -> R) x y :
  (forall u, continuous h u) -> continuity_2d_pt (fun u v => h u) x y.
Proof. intros Hh. apply (continuity_2d_comp h (fun u v => u)); auto. apply continuity_2d_pt_id1. Qed.
Lemma continuity_2d_second (h : R -> R) x y :
  (forall u, continuous h u) -> continuity_2d_pt (fun u v => h v) x y.
Proof. intros Hh. apply (continuity_2d_comp h (fun u v => v)); auto. apply continuity_2d_pt_id2. Qed.

Lemma smooth_is_integrable (f : R -> R) a b : (forall t, continuous f t) -> ex_RInt f a b.
Proof. intros H. apply (ex_RInt_continuous (V := R_CompleteNormedModule)). auto. Qed.

Lemma integral_difference (f : R -> R) (p q : R) : (forall t, continuous f t) ->
  RInt f 0 q - RInt f 0 p = RInt f p q.
Proof.
  intros C. assert (E := RInt_Chasles (V := R_CompleteNormedModule) f 0 p q
    (smooth_is_integrable f 0 p C) (smooth_is_integrable f p q C)).
  change (RInt f 0 p + RInt f p q = RInt f 0 q) in E. rewrite <- E.
  unfold Rminus. rewrite Rplus_comm, <- Rplus_assoc, Rplus_opp_l. apply Rplus_0_l.
Qed.

(** * The integral of exp(- t^2) *)

Definition I (x : R) : R := RInt (fun t => exp (- t ^ 2)) 0 x.
Definition K (x : R) : R := RInt (fun t => exp (- (x ^ 2 * (1 + t ^ 2))) / (1 + t ^ 2)) 0 1.

Lemma one_plus_square t : 0 < 1 + t ^ 2.
Proof. generalize (pow2_ge_0 t). lra. Qed.

Lemma gaussian_smooth (t : R) : continuous (fun t => exp (- t ^ 2)) t.
Proof. smooth. Qed.

Lemma I_derivative (x : R) : is_derive I x (exp (- x ^ 2)).
Proof.
  apply (is_derive_RInt (fun t => exp (- t ^ 2)) I 0 x).
  - apply filter_forall. intros y.
    apply (RInt_correct (V := R_CompleteNormedModule)), smooth_is_integrable, gaussian_smooth.
  - apply gaussian_smooth.
Qed.

Lemma K_derivative (x : R) : is_derive K x (-2 * exp (- x ^ 2) * I x).
Proof.
  assert (E : RInt (fun t => -2 * x * exp (- (x ^ 2 * (1 + t ^ 2)))) 0 1 = -2 * exp (- x ^ 2) * I x).
  { apply is_RInt_unique.
    assert (H : is_RInt (fun t => x * exp (- (x * t + 0) ^ 2)) 0 1 (I x)).
    { apply (is_RInt_comp_lin (fun t => exp (- t ^ 2)) x 0 0 1).
      replace (x * 0 + 0) with 0 by ring. replace (x * 1 + 0) with x by ring.
      apply (RInt_correct (V := R_CompleteNormedModule)), smooth_is_integrable, gaussian_smooth. }
    apply (is_RInt_scal (V := R_NormedModule) _ _ _ (-2 * exp (- x ^ 2))) in H.
    eapply is_RInt_ext; [|exact H]. intros t _. unfold scal; simpl; unfold mult; simpl.
    replace (- (x * (x * 1) * (1 + t * (t * 1)))) with (- (x * (x * 1)) + - ((x * t + 0) * ((x * t + 0) * 1)))
      by ring.
    rewrite exp_plus. ring. }
  rewrite <- E.
  apply (derivative_under_the_integral
           (fun u t => exp (- (u ^ 2 * (1 + t ^ 2))) / (1 + t ^ 2))
           (fun u t => -2 * u * exp (- (u ^ 2 * (1 + t ^ 2))))).
  - intros u t. assert (H := one_plus_square t). simpl in H. auto_derive; [simpl; lra|]. simpl. field. lra.
  - intros u t. apply continuity_2d_pt_mult; [apply (continuity_2d_first (fun u => -2 * u)); smooth|].
    apply (continuity_2d_comp exp (fun u t => - (u ^ 2 * (1 + t ^ 2)))); [smooth|].
    apply (continuity_2d_comp Ropp (fun u t => u ^ 2 * (1 + t ^ 2))); [smooth|].
    apply continuity_2d_pt_mult;
      [apply (continuity_2d_first (fun u => u ^ 2))|apply (continuity_2d_second (fun t => 1 + t ^ 2))]; smooth.
  - intros u. apply smooth_is_integrable. intros t. assert (H := one_plus_square t). smooth. lra.
Qed.

Lemma I_squared_plus_K x : I x ^ 2 + K x = PI / 4.
Proof.
  assert (D : forall t : R, is_derive (fun t : R => I t ^ 2 + K t) t 0).
  { intros t. assert (HI := I_derivative t). assert (HK := K_derivative t).
    auto_derive.
    - repeat split; eexists; eauto.
    - change (Derive (fun x : R => I x) t) with (Derive I t).
      change (Derive (fun x : R => K x) t) with (Derive K t).
      rewrite (is_derive_unique _ _ _ HI), (is_derive_unique _ _ _ HK). ring. }
  assert (E : I x ^ 2 + K x = I 0 ^ 2 + K 0).
  { destruct (MVT_gen (fun t => I t ^ 2 + K t) 0 x (fun _ => 0)) as [c [_ Hc]].
    - intros; apply D.
    - intros t _. apply continuity_pt_filterlim.
      apply (ex_derive_continuous (V := R_NormedModule) (fun t => I t ^ 2 + K t) t).
      exists 0. exact (D t).
    - lra. }
  rewrite E. replace (I 0) with 0 by (unfold I; now rewrite RInt_point).
  replace (K 0) with (PI / 4); [ring|]. symmetry. apply is_RInt_unique.
  apply (is_RInt_ext (fun t => / (1 + t ^ 2))).
  - intros t _. assert (H := one_plus_square t). simpl in H |- *.
    replace (- (0 * (0 * 1) * (1 + t * (t * 1)))) with 0 by ring. rewrite exp_0. field. lra.
  - apply (integral_of_primitive atan).
    + intros t. assert (H := one_plus_square t). auto_derive; auto. simpl. field. simpl in H. lra.
    + intros t. assert (H := one_plus_square t). smooth. lra.
    + rewrite atan_1, atan_0. ring.
Qed.

Lemma K_bounds x : 0 <= K x <= exp (- x ^ 2).
Proof.
  assert (C : ex_RInt (fun t => exp (- (x ^ 2 * (1 + t ^ 2))) / (1 + t ^ 2)) 0 1).
  { apply smooth_is_integrable. intros t. assert (H := one_plus_square t). smooth. lra. }
  split.
  - apply RInt_ge_0; [lra|exact C|]. intros t _. assert (H := one_plus_square t).
    left. apply Rdiv_lt_0_compat; [apply exp_pos|lra].
  - replace (exp (- x ^ 2)) with ((1 - 0) * exp (- x ^ 2)) by ring.
    apply (is_RInt_le _ _ 0 1 _ _ ltac:(lra) (RInt_correct (V := R_CompleteNormedModule) _ _ _ C)
             (integral_of_constant 0 1 _)).
    intros t _. assert (H := one_plus_square t). assert (H2 := pow2_ge_0 t). assert (H3 := pow2_ge_0 x).
    apply Rle_trans with (exp (- (x ^ 2 * (1 + t ^ 2)))).
    + apply (proj2 (Rle_div_l _ _ (1 + t ^ 2) H)).
      rewrite <- (Rmult_1_r (exp _)) at 1. apply Rmult_le_compat_l; [left; apply exp_pos|lra].
    + destruct (Req_dec (x ^ 2 * t ^ 2) 0) as [E|E].
      * right. f_equal. replace (x ^ 2 * (1 + t ^ 2)) with (x ^ 2 + x ^ 2 * t ^ 2) by ring. rewrite E. ring.
      * left. apply exp_increasing. assert (0 <= x ^ 2 * t ^ 2) by now apply Rmult_le_pos. nra.
Qed.

Lemma I_tends_to_half_root_pi : filterlim I (Rbar_locally p_infty) (locally (sqrt PI / 2)).
Proof.
  assert (HP := PI_RGT_0). assert (HS := sqrt_lt_R0 PI HP). assert (ES := sqrt_sqrt PI ltac:(lra)).
  apply (limit_by_rate I (sqrt PI / 2) 1 (2 / sqrt PI)). intros T HT _.
  assert (I0 : 0 <= I T).
  { apply RInt_ge_0; [lra|apply smooth_is_integrable, gaussian_smooth|]. intros; left; apply exp_pos. }
  assert (E := I_squared_plus_K T). assert (B := K_bounds T).
  assert (G := gaussian_decays 1 T Rlt_0_1 HT).
  replace (1 * T ^ 2) with (T ^ 2) in G by ring. rewrite Rinv_1 in G.
  set (s := sqrt PI / 2) in *. assert (Hs : 0 < s) by (unfold s; lra).
  assert (F : (s - I T) * (s + I T) = K T).
  { replace ((s - I T) * (s + I T)) with (s * s - I T ^ 2) by ring.
    replace (s * s) with (PI / 4) by (unfold s; lra). lra. }
  assert (L : 0 <= s - I T) by nra.
  rewrite Rabs_left1 by lra.
  replace (2 / sqrt PI) with (/ s) by (unfold s; field; lra).
  replace (/ s / T) with (1 / T * / s) by (field; lra).
  apply (proj1 (Rle_div_r (- (I T - s)) (1 / T) s Hs)). nra.
Qed.

(** * The transform of exp(- a t^2) *)

Section Transform.
Context (a : R) (Ha : 0 < a).

Definition g (t : R) : R := exp (- (a * t ^ 2)).
Definition H (T omega : R) : R := RInt (fun t => g t * cos (omega * t)) 0 T.

Lemma g_integral_tends : filterlim (fun T => H T 0) (Rbar_locally p_infty) (locally (sqrt (PI / a) / 2)).
Proof.
  assert (Hs := sqrt_lt_R0 a Ha). assert (Es := sqrt_sqrt a ltac:(lra)).
  apply (limit_ext (fun T => / sqrt a * I (sqrt a * T))).
  - intros T. symmetry. apply is_RInt_unique.
    assert (D : is_RInt (fun t => sqrt a * exp (- (sqrt a * t + 0) ^ 2)) 0 T (I (sqrt a * T))).
    { apply (is_RInt_comp_lin (fun t => exp (- t ^ 2)) (sqrt a) 0 0 T).
      rewrite Rmult_0_r, !Rplus_0_r.
      apply (RInt_correct (V := R_CompleteNormedModule)), smooth_is_integrable, gaussian_smooth. }
    apply (is_RInt_scal (V := R_NormedModule) _ _ _ (/ sqrt a)) in D.
    eapply is_RInt_ext; [|exact D]. intros t _.
    change (/ sqrt a * (sqrt a * exp (- (sqrt a * t + 0) ^ 2)) = exp (- (a * t ^ 2)) * cos (0 * t)).
    replace ((sqrt a * t + 0) ^ 2) with (sqrt a * sqrt a * t ^ 2) by ring.
    rewrite Es, Rmult_0_l, cos_0. field. lra.
  - replace (sqrt (PI / a) / 2) with (/ sqrt a * (sqrt PI / 2)).
    + apply limit_scal. intros P HP. destruct (I_tends_to_half_root_pi P HP) as [M HM].
      exists (M / sqrt a). intros T HT. apply HM.
      apply (proj1 (Rlt_div_l M T (sqrt a) Hs)) in HT. lra.
    + rewrite sqrt_div by (generalize PI_RGT_0; lra). field. lra.
Qed.

Lemma H_derivative (T omega : R) :
  is_derive (H T) omega (exp (- (a * T ^ 2)) * sin (omega * T) / (2 * a) - omega / (2 * a) * H T omega).
Proof.
  assert (E : RInt (fun t => - t * g t * sin (omega * t)) 0 T
              = exp (- (a * T ^ 2)) * sin (omega * T) / (2 * a) - omega / (2 * a) * H T omega).
  { apply is_RInt_unique.
    assert (D : is_RInt (fun t => - t * g t * sin (omega * t) + omega / (2 * a) * (g t * cos (omega * t)))
                  0 T (exp (- (a * T ^ 2)) * sin (omega * T) / (2 * a))).
    { apply (integral_of_primitive (fun t => g t * sin (omega * t) / (2 * a))).
      - intros t. unfold g. auto_derive; auto. simpl. field. lra.
      - unfold g. smooth.
      - unfold g. rewrite Rmult_0_r, sin_0. field. lra. }
    assert (C : is_RInt (fun t => omega / (2 * a) * (g t * cos (omega * t))) 0 T (omega / (2 * a) * H T omega)).
    { apply (is_RInt_scal (V := R_NormedModule)).
      apply (RInt_correct (V := R_CompleteNormedModule)), smooth_is_integrable. unfold g. smooth. }
    generalize (is_RInt_minus (V := R_NormedModule) _ _ _ _ _ _ D C). apply is_RInt_ext.
    intros t _. unfold minus, plus, opp; simpl. ring. }
  rewrite <- E.
  apply (derivative_under_the_integral (fun u t => g t * cos (u * t)) (fun u t => - t * g t * sin (u * t))).
  - intros u t. auto_derive; auto. ring.
  - intros u t. apply continuity_2d_pt_mult.
    + apply (continuity_2d_second (fun t => - t * g t)). unfold g. smooth.
    + apply (continuity_2d_comp sin (fun u t => u * t)); [smooth|].
      apply continuity_2d_pt_mult; [apply continuity_2d_pt_id1|apply continuity_2d_pt_id2].
  - intros u. apply smooth_is_integrable. unfold g. smooth.
Qed.

Lemma H_close T omega :
  Rabs (exp (omega ^ 2 / (4 * a)) * H T omega - H T 0)
  <= exp (omega ^ 2 / (4 * a)) * exp (- (a * T ^ 2)) / (2 * a) * Rabs omega.
Proof.
  replace (H T 0) with (exp (0 ^ 2 / (4 * a)) * H T 0)
    by (replace (0 ^ 2 / (4 * a)) with 0 by (field; lra); rewrite exp_0; ring).
  replace (Rabs omega) with (Rabs (omega - 0)) by (f_equal; ring).
  apply (bounded_variation (fun u => exp (u ^ 2 / (4 * a)) * H T u)
    (fun u => exp (u ^ 2 / (4 * a)) * (exp (- (a * T ^ 2)) * sin (u * T) / (2 * a)))).
  intros u Hu. rewrite !Rminus_0_r in Hu. split.
  - assert (D := H_derivative T u). auto_derive.
    + repeat match goal with |- _ /\ _ => split end; auto. eexists; exact D.
    + change (Derive (fun x : R => H T x) u) with (Derive (H T) u).
      rewrite (is_derive_unique _ _ _ D). simpl.
      replace (u * (u * 1) * / (4 * a)) with (u * (u * 1) / (4 * a)) by reflexivity. field. lra.
  - assert (P1 := exp_pos (u ^ 2 / (4 * a))). assert (P2 := exp_pos (- (a * T ^ 2))).
    assert (L : exp (u ^ 2 / (4 * a)) <= exp (omega ^ 2 / (4 * a))).
    { assert (u ^ 2 <= omega ^ 2).
      { rewrite <- (pow2_abs u), <- (pow2_abs omega). apply pow_incr. split; auto using Rabs_pos. }
      destruct (Rle_lt_or_eq_dec _ _ H0) as [Q|Q]; [left; apply exp_increasing|rewrite Q; lra].
      apply Rmult_lt_compat_r; [apply Rinv_0_lt_compat; lra|exact Q]. }
    set (E := exp (u ^ 2 / (4 * a))) in *. set (B := exp (omega ^ 2 / (4 * a))) in *.
    set (X := exp (- (a * T ^ 2))) in *.
    assert (Q := sin_abs (u * T)). assert (Q0 := Rabs_pos (sin (u * T))).
    assert (P3 : 0 < X / (2 * a)) by (apply Rdiv_lt_0_compat; lra).
    replace (E * (X * sin (u * T) / (2 * a))) with (E * (X / (2 * a)) * sin (u * T)) by (field; lra).
    replace (B * X / (2 * a)) with (B * (X / (2 * a))) by (field; lra).
    assert (P4 : 0 < E * (X / (2 * a))) by now apply Rmult_lt_0_compat.
    rewrite Rabs_mult, (Rabs_pos_eq (E * (X / (2 * a)))) by lra.
    apply Rle_trans with (E * (X / (2 * a)) * 1); [apply Rmult_le_compat_l; lra|].
    rewrite Rmult_1_r. apply Rmult_le_compat_r; lra.
Qed.

Lemma H_tends omega : filterlim (fun T => H T omega) (Rbar_locally p_infty)
  (locally (sqrt (PI / a) * exp (- (omega ^ 2 / (4 * a))) / 2)).
Proof.
  assert (P1 := exp_pos (omega ^ 2 / (4 * a))).
  apply (limit_ext (fun T => exp (- (omega ^ 2 / (4 * a))) *
           ((exp (omega ^ 2 / (4 * a)) * H T omega - H T 0) + H T 0))).
  - intros T. rewrite exp_Ropp. field. lra.
  - replace (sqrt (PI / a) * exp (- (omega ^ 2 / (4 * a))) / 2)
      with (exp (- (omega ^ 2 / (4 * a))) * (0 + sqrt (PI / a) / 2)) by field.
    apply limit_scal, limit_plus; [|apply g_integral_tends].
    apply (limit_by_rate _ 0 1 (exp (omega ^ 2 / (4 * a)) / (2 * a) * Rabs omega * / a)). intros T HT _.
    rewrite Rminus_0_r. apply Rle_trans with (1 := H_close T omega).
    assert (G := gaussian_decays a T Ha HT). assert (Q := Rabs_pos omega).
    assert (P3 : 0 < / (2 * a)) by (apply Rinv_0_lt_compat; lra).
    replace (exp (omega ^ 2 / (4 * a)) / (2 * a) * Rabs omega * / a / T)
      with (exp (omega ^ 2 / (4 * a)) * / (2 * a) * Rabs omega * (/ a / T)) by (field; lra).
    replace (exp (omega ^ 2 / (4 * a)) * exp (- (a * T ^ 2)) / (2 * a) * Rabs omega)
      with (exp (omega ^ 2 / (4 * a)) * / (2 * a) * Rabs omega * exp (- (a * T ^ 2))) by (field; lra).
    apply Rmult_le_compat_l; auto. apply Rmult_le_pos; auto. apply Rmult_le_pos; lra.
Qed.

(** The tails of g h are below 1/(a p) for any h bounded by 1. *)
Lemma tail_is_small h p q : (forall t, continuous h t) -> (forall t, Rabs (h t) <= 1) -> 1 <= p -> p <= q ->
  Rabs (RInt (fun t => g t * h t) p q) <= / a / p.
Proof.
  intros Ch Bh Hp Hq.
  assert (C : ex_RInt (fun t => g t * h t) p q).
  { apply smooth_is_integrable. intros t. apply (continuous_mult (K := R_AbsRing)); auto. unfold g. smooth. }
  assert (D : is_RInt (fun t => / a / t ^ 2) p q (- (/ a / q) - - (/ a / p))).
  { apply (integral_of_primitive_on (fun t => - (/ a / t))); auto.
    - intros t Ht. auto_derive; [lra|]. field. lra.
    - intros t Ht. apply (ex_derive_continuous (V := R_NormedModule)). auto_derive. simpl. nra. }
  apply Rle_trans with (- (/ a / q) - - (/ a / p)).
  - refine (norm_RInt_le (V := R_NormedModule) (fun t => g t * h t) (fun t => / a / t ^ 2) p q
             _ _ Hq _ (RInt_correct (V := R_CompleteNormedModule) _ _ _ C) D).
    intros t Ht. change (Rabs (g t * h t) <= / a / t ^ 2).
    unfold g. rewrite Rabs_mult, (Rabs_pos_eq (exp _)) by (left; apply exp_pos).
    rewrite <- (Rmult_1_r (/ a / t ^ 2)).
    apply Rmult_le_compat; auto using Rabs_pos; [left; apply exp_pos|].
    rewrite exp_Ropp. unfold Rdiv. rewrite <- Rinv_mult.
    assert (0 < t ^ 2) by (apply pow_lt; lra).
    apply Rinv_le_contravar; [now apply Rmult_lt_0_compat|].
    generalize (exp_ineq1_le (a * t ^ 2)). lra.
  - assert (0 < / a / q) by (apply Rdiv_lt_0_compat; [now apply Rinv_0_lt_compat|lra]). lra.
Qed.

Lemma sine_part_converges omega : exists m : R,
  filterlim (fun T => RInt (fun t => g t * sin (omega * t)) 0 T) (Rbar_locally p_infty) (locally m).
Proof.
  assert (Cs : forall t, continuous (fun t => g t * sin (omega * t)) t) by (unfold g; smooth).
  apply (filterlim_locally_cauchy (U := R_CompleteNormedModule)). intros eps.
  assert (Ia : 0 < / a) by now apply Rinv_0_lt_compat. assert (He := cond_pos eps).
  set (M := Rmax 1 (/ a / eps)).
  assert (N : forall u v, M < u -> u <= v ->
    Rabs (RInt (fun t => g t * sin (omega * t)) 0 v - RInt (fun t => g t * sin (omega * t)) 0 u) < eps).
  { intros u v Hu Hv. assert (M1 := Rmax_l 1 (/ a / eps)). assert (M2 := Rmax_r 1 (/ a / eps)).
    fold M in M1, M2.
    rewrite integral_difference by exact Cs. apply Rle_lt_trans with (/ a / u).
    - apply (tail_is_small (fun t => sin (omega * t))); [smooth|intros; apply sin_abs|lra|lra].
    - apply (proj2 (Rlt_div_l (/ a) eps u ltac:(lra))).
      assert (/ a / eps * eps = / a) by (field; lra). nra. }
  exists (fun T => M < T). split; [now exists M|].
  intros u v Hu Hv. unfold ball; simpl; unfold AbsRing_ball, abs, minus, plus, opp; simpl.
  destruct (Rle_dec u v) as [L|L].
  - apply N; auto.
  - rewrite <- Rabs_Ropp, Ropp_plus_distr, Ropp_involutive, Rplus_comm. apply N; auto. lra.
Qed.

Theorem gaussian_transform omega :
  line_integral (fun t => g t * cos (omega * t)) (sqrt (PI / a) * exp (- (omega ^ 2 / (4 * a)))) /\
  line_integral (fun t => g t * sin (omega * t)) 0.
Proof.
  set (l := sqrt (PI / a) * exp (- (omega ^ 2 / (4 * a)))).
  assert (Cc : forall t, continuous (fun t => g t * cos (omega * t)) t) by (unfold g; smooth).
  assert (Cs : forall t, continuous (fun t => g t * sin (omega * t)) t) by (unfold g; smooth).
  split.
  - replace l with (l / 2 - - (l / 2)) by field.
    apply (line_integral_of_primitive _ (fun T => H T omega)).
    + intros p q. unfold H. rewrite integral_difference by exact Cc.
      apply (RInt_correct (V := R_CompleteNormedModule)), smooth_is_integrable, Cc.
    + apply limit_at_minus_infinity. apply (limit_ext (fun T => -1 * H T omega)).
      * intros T. symmetry. apply is_RInt_unique.
        assert (C : is_RInt (fun t => g t * cos (omega * t)) (- 0) (- - T) (H T omega)).
        { rewrite Ropp_0, Ropp_involutive. apply (RInt_correct (V := R_CompleteNormedModule)), smooth_is_integrable, Cc. }
        apply is_RInt_comp_opp in C.
        replace (-1 * H T omega) with (opp (H T omega)) by (unfold opp; simpl; ring).
        apply is_RInt_opp in C. eapply is_RInt_ext; [|exact C].
        intros t _. unfold opp, g; simpl.
        replace (- t * (- t * 1)) with (t * (t * 1)) by ring.
        replace (omega * - t) with (- (omega * t)) by ring. rewrite cos_neg. ring.
      * replace (- (l / 2)) with (-1 * (l / 2)) by ring. apply limit_scal, H_tends.
    + apply H_tends.
  - destruct sine_part_converges with (omega := omega) as [m Hm].
    rewrite <- (Rminus_eq_0 m).
    apply (line_integral_of_primitive _ (fun T => RInt (fun t => g t * sin (omega * t)) 0 T)); auto.
    + intros p q. rewrite integral_difference by exact Cs.
      apply (RInt_correct (V := R_CompleteNormedModule)), smooth_is_integrable, Cs.
    + apply limit_at_minus_infinity. revert Hm. apply limit_ext.
      intros T. symmetry. apply is_RInt_unique.
      assert (C : is_RInt (fun t => g t * sin (omega * t)) (- 0) (- - T)
                    (RInt (fun t => g t * sin (omega * t)) 0 T)).
      { rewrite Ropp_0, Ropp_involutive.
        apply (RInt_correct (V := R_CompleteNormedModule)), smooth_is_integrable, Cs. }
      apply is_RInt_comp_opp in C. eapply is_RInt_ext; [|exact C].
      intros t _. unfold opp, g; simpl.
      replace (- t * (- t * 1)) with (t * (t * 1)) by ring.
      replace (omega * - t) with (- (omega * t)) by ring. rewrite sin_neg. ring.
Qed.
End Transform.
