(** Lemmas on integrals: primitives, improper integrals, supports, spectra. *)
From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ropelet Require Import Definitions Matrices.
Local Open Scope R_scope.

(** Continuity of an expression that [auto_derive] can differentiate. *)
Ltac smooth := intros; apply (ex_derive_continuous (V := R_NormedModule)); auto_derive; auto.

Lemma integral_of_primitive (F g : R -> R) a b l :
  (forall t, is_derive F t (g t)) -> (forall t, continuous g t) -> F b - F a = l -> is_RInt g a b l.
Proof. intros HF Hg <-. apply (is_RInt_derive F g); auto. Qed.

Lemma integral_of_primitive_on (F g : R -> R) a b : a <= b ->
  (forall t, a <= t <= b -> is_derive F t (g t)) -> (forall t, a <= t <= b -> continuous g t) ->
  is_RInt g a b (F b - F a).
Proof.
  intros Hab HF Hg. apply (is_RInt_derive F g); intros t; rewrite Rmin_left, Rmax_right by lra; auto.
Qed.

Lemma integral_of_constant a b c : is_RInt (fun _ => c) a b ((b - a) * c).
Proof. exact (is_RInt_const (V := R_NormedModule) a b c). Qed.

Lemma integral_of_zero (w : R -> R) a b :
  (forall t, Rmin a b < t < Rmax a b -> w t = 0) -> is_RInt w a b 0.
Proof.
  intros H. apply (is_RInt_ext (fun _ => 0)).
  - intros t Ht. now rewrite H.
  - generalize (integral_of_constant a b 0). now rewrite Rmult_0_r.
Qed.

Lemma integral_in_two_parts (w g h : R -> R) p q r x y : p <= q <= r ->
  (forall t, p < t < q -> g t = w t) -> (forall t, q < t < r -> h t = w t) ->
  is_RInt g p q x -> is_RInt h q r y -> is_RInt w p r (x + y).
Proof.
  intros Hpqr Hg Hh H1 H2. apply (is_RInt_Chasles w p q r x y).
  - apply (is_RInt_ext g); auto. intros t. rewrite Rmin_left, Rmax_right by lra. apply Hg.
  - apply (is_RInt_ext h); auto. intros t. rewrite Rmin_left, Rmax_right by lra. apply Hh.
Qed.

(** * Improper integrals *)

Lemma improper_of_primitive {Fa Fb : (R -> Prop) -> Prop} {FFa : Filter Fa} {FFb : Filter Fb}
  (f F : R -> R) la lb :
  filter_prod Fa Fb (fun ab => is_RInt f (fst ab) (snd ab) (F (snd ab) - F (fst ab))) ->
  filterlim F Fa (locally la) -> filterlim F Fb (locally lb) ->
  is_RInt_gen f Fa Fb (lb - la).
Proof.
  intros HI Ha Hb P HP.
  assert (L : filterlim (fun ab : R * R => plus (F (snd ab)) (opp (F (fst ab))))
                        (filter_prod Fa Fb) (locally (plus lb (opp la)))).
  { apply (filterlim_comp_2 (G := locally lb) (H := locally (opp la))
             (fun ab => F (snd ab)) (fun ab => opp (F (fst ab))) plus).
    - eapply filterlim_comp; [apply filterlim_snd|exact Hb].
    - eapply filterlim_comp; [eapply filterlim_comp; [apply filterlim_fst|exact Ha]|].
      apply (filterlim_opp (V := R_NormedModule) la).
    - apply (filterlim_plus (V := R_NormedModule)). }
  assert (HL := L P HP). unfold filtermap in HL. unfold filtermapi.
  refine (filter_imp _ _ _ (filter_and _ _ HI HL)).
  intros ab [H1 H2]. exists (F (snd ab) - F (fst ab)). split; [exact H1|exact H2].
Qed.

Lemma line_integral_of_primitive (f F : R -> R) la lb :
  (forall a b, is_RInt f a b (F b - F a)) ->
  filterlim F (Rbar_locally m_infty) (locally la) -> filterlim F (Rbar_locally p_infty) (locally lb) ->
  line_integral f (lb - la).
Proof. intros H. apply improper_of_primitive. apply filter_forall. intros ab. apply H. Qed.

Lemma line_integral_of_support (w : R -> R) p q l : p <= q ->
  (forall t, t < p -> w t = 0) -> (forall t, q < t -> w t = 0) -> is_RInt w p q l -> line_integral w l.
Proof.
  intros Hpq Hl Hr H P HP. unfold filtermapi.
  apply (Filter_prod _ _ _ (fun a => a < p) (fun b => q < b)).
  - exists p; auto.
  - exists q; auto.
  - intros a b Ha Hb. exists l. split; [|now apply locally_singleton]. simpl.
    replace l with (0 + (l + 0)) by ring.
    apply (is_RInt_Chasles w a p b 0 (l + 0)).
    + apply integral_of_zero. intros t. rewrite Rmin_left, Rmax_right by lra. intros; apply Hl; lra.
    + apply (is_RInt_Chasles w p q b l 0); auto.
      apply integral_of_zero. intros t. rewrite Rmin_left, Rmax_right by lra. intros; apply Hr; lra.
Qed.

Lemma line_integral_unique w a b : line_integral w a -> line_integral w b -> a = b.
Proof.
  unfold line_integral. intros Ha Hb.
  rewrite <- (is_RInt_gen_unique (V := R_CompleteNormedModule) _ _ Ha).
  exact (is_RInt_gen_unique (V := R_CompleteNormedModule) _ _ Hb).
Qed.

Lemma line_integral_ext w v l : (forall t, w t = v t) -> line_integral w l -> line_integral v l.
Proof.
  intros E. unfold line_integral. apply is_RInt_gen_ext. apply filter_forall. intros ab x _. apply E.
Qed.

Lemma spectrum_unique u v P Q : spectrum u v P -> spectrum u v Q -> forall omega, P omega = Q omega.
Proof.
  intros HP HQ omega.
  destruct (HP omega) as [a [b [Ha [Hb ->]]]], (HQ omega) as [c [d [Hc [Hd ->]]]].
  now rewrite (line_integral_unique _ _ _ Ha Hc), (line_integral_unique _ _ _ Hb Hd).
Qed.

(** * Limits *)

Lemma limit_by_rate (F : R -> R) l N C :
  (forall T, N <= T -> 0 < T -> Rabs (F T - l) <= C / T) -> filterlim F (Rbar_locally p_infty) (locally l).
Proof.
  intros H P [eps HP]. exists (Rmax (Rmax 1 N) (C / eps)). intros T HT.
  assert (H1 := Rmax_l (Rmax 1 N) (C / eps)). assert (H2 := Rmax_r (Rmax 1 N) (C / eps)).
  assert (H3 := Rmax_l 1 N). assert (H4 := Rmax_r 1 N).
  apply HP. unfold ball; simpl; unfold AbsRing_ball, abs, minus, plus, opp; simpl.
  apply Rle_lt_trans with (1 := H T ltac:(lra) ltac:(lra)).
  assert (He := cond_pos eps). apply (proj2 (Rlt_div_l C eps T ltac:(lra))).
  assert (C / eps * eps = C) by (field; lra). nra.
Qed.

Lemma limit_at_minus_infinity (F : R -> R) l :
  filterlim (fun t => F (- t)) (Rbar_locally p_infty) (locally l) ->
  filterlim F (Rbar_locally m_infty) (locally l).
Proof.
  intros H P HP. destruct (H P HP) as [M HM]. exists (- M). intros t Ht.
  rewrite <- (Ropp_involutive t). apply HM. lra.
Qed.

Lemma limit_scal (F : R -> R) l c :
  filterlim F (Rbar_locally p_infty) (locally l) ->
  filterlim (fun t => c * F t) (Rbar_locally p_infty) (locally (c * l)).
Proof. intros H. exact (is_lim_scal_l F c p_infty l H). Qed.

Lemma limit_plus (F G : R -> R) l m :
  filterlim F (Rbar_locally p_infty) (locally l) -> filterlim G (Rbar_locally p_infty) (locally m) ->
  filterlim (fun t => F t + G t) (Rbar_locally p_infty) (locally (l + m)).
Proof. intros H1 H2. exact (is_lim_plus' F G p_infty l m H1 H2). Qed.

Lemma limit_ext (F G : R -> R) l : (forall t, F t = G t) ->
  filterlim F (Rbar_locally p_infty) (locally l) -> filterlim G (Rbar_locally p_infty) (locally l).
Proof. intros E. apply filterlim_ext, E. Qed.

Lemma limit_shifted (F : R -> R) l d :
  filterlim F (Rbar_locally p_infty) (locally l) ->
  filterlim (fun t => F (t + d)) (Rbar_locally p_infty) (locally l).
Proof.
  intros H P HP. destruct (H P HP) as [M HM]. exists (M - d). intros t Ht. apply HM. lra.
Qed.

(** exp(- a t^2) vanishes faster than 1/t, and also times t and t^3. *)
Lemma gaussian_decays a T : 0 < a -> 1 <= T -> exp (- (a * T ^ 2)) <= / a / T.
Proof.
  intros Ha HT. rewrite exp_Ropp.
  assert (H := exp_ineq1_le (a * T ^ 2)).
  unfold Rdiv. rewrite <- Rinv_mult.
  apply Rinv_le_contravar; [apply Rmult_lt_0_compat; lra|].
  assert (a * T <= a * T ^ 2) by (apply Rmult_le_compat_l; [lra|]; simpl; nra). lra.
Qed.

(** * Lipschitz functions *)

Lemma lipschitz_is_continuous (h : R -> R) L :
  (forall x y, Rabs (h x - h y) <= L * Rabs (x - y)) -> forall x, continuous h x.
Proof.
  intros H x. apply (filterlim_locally (F := locally x)). intros eps.
  assert (HL : 0 <= L).
  { generalize (H 1 0) (Rabs_pos (h 1 - h 0)). rewrite Rminus_0_r, Rabs_R1. lra. }
  assert (Hp : 0 < eps / (L + 1)) by (apply Rdiv_lt_0_compat; [apply cond_pos|lra]).
  exists (mkposreal _ Hp). intros y Hy.
  unfold ball in *; simpl in *; unfold AbsRing_ball, abs, minus, plus, opp in *; simpl in *.
  apply Rle_lt_trans with (L * Rabs (y - x)); [apply H|].
  assert (Hy' : Rabs (y - x) < eps / (L + 1)) by exact Hy.
  assert (0 <= Rabs (y - x)) by apply Rabs_pos.
  apply Rlt_div_r in Hy'; [|lra]. nra.
Qed.

Lemma cos_is_lipschitz x y : Rabs (cos x - cos y) <= Rabs (x - y).
Proof.
  rewrite <- (Rmult_1_l (Rabs (x - y))). apply (bounded_variation cos (fun t => - sin t) 1).
  intros t _. split; [auto_derive; auto; ring|].
  rewrite Rabs_Ropp. apply Rabs_le. generalize (SIN_bound t); lra.
Qed.
Lemma sin_is_lipschitz x y : Rabs (sin x - sin y) <= Rabs (x - y).
Proof.
  rewrite <- (Rmult_1_l (Rabs (x - y))). apply (bounded_variation sin cos 1).
  intros t _. split; [auto_derive; auto; ring|]. apply Rabs_le. generalize (COS_bound t); lra.
Qed.
Lemma cos_abs x : Rabs (cos x) <= 1.
Proof. apply Rabs_le. generalize (COS_bound x); lra. Qed.
Lemma sin_abs x : Rabs (sin x) <= 1.
Proof. apply Rabs_le. generalize (SIN_bound x); lra. Qed.

(** * Admissibility *)

(** An even spectrum and a primitive of P omega / omega on the right half line. *)
Lemma admissible_by_primitive u v P (F : R -> R) l C :
  spectrum u v P -> (forall x, P (- x) = P x) ->
  (forall a b, 0 < a -> a < b -> is_RInt (fun x => P x / x) a b (F b - F a)) ->
  continuous F 0 -> filterlim F (Rbar_locally p_infty) (locally l) ->
  C = 2 * (l - F 0) -> admissibility_constant u v C.
Proof.
  intros HP He HI HF Hl ->.
  assert (HR : forall a b, 0 < a -> a < b -> is_RInt (fun x => P x / Rabs x) a b (F b - F a)).
  { intros a b Ha Hb. apply (is_RInt_ext (fun x => P x / x)); [|now apply HI].
    intros x. rewrite Rmin_left, Rmax_right by lra. intros Hx. rewrite Rabs_pos_eq; lra. }
  exists P, (- F 0 - - l), (l - F 0). repeat split; auto; [| |ring].
  - apply (improper_of_primitive _ (fun x => - F (- x))).
    + apply (Filter_prod _ _ _ (fun a => a < -1) (fun b => -1 < b < 0)).
      * exists (-1); auto.
      * exists (mkposreal 1 Rlt_0_1). intros y Hy Hy0.
        unfold ball in Hy; simpl in Hy; unfold AbsRing_ball, abs, minus, plus, opp in Hy; simpl in Hy.
        rewrite Ropp_0, Rplus_0_r in Hy. apply Rabs_def2 in Hy. lra.
      * intros a b Ha Hb. simpl.
        assert (H := HR (- b) (- a) ltac:(lra) ltac:(lra)).
        apply is_RInt_swap in H.
        apply (is_RInt_comp_opp (fun x => P x / Rabs x) a b) in H.
        apply is_RInt_opp in H.
        replace (- F (- b) - - F (- a)) with (opp (opp (F (- a) - F (- b))))
          by (unfold opp; simpl; ring).
        apply (is_RInt_ext _ _ _ _ _ (fun x _ => eq_refl)) in H.
        eapply is_RInt_ext; [|exact H]. intros x _. simpl. rewrite He, Rabs_Ropp.
        unfold opp; simpl. ring.
    + apply limit_at_minus_infinity. apply (limit_ext (fun t => -1 * F t)).
      * intros t. rewrite Ropp_involutive. ring.
      * replace (- l) with (-1 * l) by ring. now apply limit_scal.
    + apply (filterlim_filter_le_1 (G := at_left 0) (F := locally 0)); [apply filter_le_within|].
      assert (HC : continuous (fun x => - F (- x)) 0).
      { apply (continuous_opp (V := R_NormedModule) (fun x => F (- x))).
        apply (continuous_comp Ropp F); [|now rewrite Ropp_0].
        apply (continuous_opp (V := R_NormedModule) (fun x => x)), continuous_id. }
      replace (- F 0) with (- F (- 0)) by (f_equal; f_equal; ring). exact HC.
  - apply (improper_of_primitive _ F).
    + apply (Filter_prod _ _ _ (fun a => 0 < a < 1) (fun b => 1 < b)).
      * exists (mkposreal 1 Rlt_0_1). intros y Hy Hy0.
        unfold ball in Hy; simpl in Hy; unfold AbsRing_ball, abs, minus, plus, opp in Hy; simpl in Hy.
        rewrite Ropp_0, Rplus_0_r in Hy. apply Rabs_def2 in Hy. lra.
      * exists 1; auto.
      * intros a b Ha Hb. simpl. apply HR; lra.
    + apply (filterlim_filter_le_1 (G := at_right 0) (F := locally 0)); [apply filter_le_within|exact HF].
    + exact Hl.
Qed.

(** A spectrum that stays above c > 0 near 0 makes the integral diverge, like a logarithm. *)
Lemma not_admissible_by_mean u v P c eta : 0 < c -> 0 < eta ->
  spectrum u v P -> (forall x, 0 < x < eta -> c <= P x) ->
  forall C, ~ admissibility_constant u v C.
Proof.
  intros Hc Heta HP Hlow C [Q [x [y [HQ [_ [HI _]]]]]].
  assert (E := spectrum_unique _ _ _ _ HQ HP).
  destruct (HI (ball y 1) (locally_ball y (mkposreal 1 Rlt_0_1))) as [A B [d HA] [M HB] H].
  set (a0 := Rmin (d / 2) (eta / 2)). set (b := Rmax M a0 + 1).
  assert (Hd := cond_pos d).
  assert (Ha0 : 0 < a0) by (unfold a0; apply Rmin_pos; lra).
  assert (Ha0d : a0 < d) by (unfold a0; generalize (Rmin_l (d / 2) (eta / 2)); lra).
  assert (Ha0e : a0 < eta) by (unfold a0; generalize (Rmin_r (d / 2) (eta / 2)); lra).
  set (a1 := a0 * exp (- (3 / c))).
  assert (Ha1 : 0 < a1) by (apply Rmult_lt_0_compat; [lra|apply exp_pos]).
  assert (Ha10 : a1 < a0).
  { unfold a1. rewrite <- (Rmult_1_r a0) at 2. apply Rmult_lt_compat_l; [lra|].
    rewrite <- exp_0. apply exp_increasing. assert (0 < 3 / c) by (apply Rdiv_lt_0_compat; lra). lra. }
  assert (InA : forall t, 0 < t -> t < d -> A t).
  { intros t H1 H2. apply HA; auto.
    unfold ball; simpl; unfold AbsRing_ball, abs, minus, plus, opp; simpl.
    rewrite Ropp_0, Rplus_0_r, Rabs_pos_eq; lra. }
  assert (InB : B b) by (apply HB; unfold b; generalize (Rmax_l M a0); lra).
  destruct (H a0 b (InA a0 Ha0 Ha0d) InB) as [y0 [I0 N0]].
  destruct (H a1 b (InA a1 Ha1 ltac:(lra)) InB) as [y1 [I1 N1]]. simpl in I0, I1.
  apply is_RInt_swap in I0.
  assert (I := is_RInt_Chasles _ _ _ _ _ _ I1 I0).
  unfold ball in N0, N1; simpl in N0, N1;
  unfold AbsRing_ball, abs, minus, plus, opp in N0, N1; simpl in N0, N1.
  apply Rabs_def2 in N0. apply Rabs_def2 in N1.
  assert (L : is_RInt (fun t => c / t) a1 a0 (c * ln a0 - c * ln a1)).
  { apply (integral_of_primitive_on (fun t => c * ln t)); [lra| |].
    - intros t Ht. auto_derive; [lra|]. field. lra.
    - intros t Ht. apply (ex_derive_continuous (V := R_NormedModule)). auto_derive. lra. }
  assert (Hle : c * ln a0 - c * ln a1 <= plus y1 (opp y0)).
  { apply (is_RInt_le _ _ _ _ _ _ (Rlt_le _ _ Ha10) L I). intros t Ht.
    rewrite E, Rabs_pos_eq by lra.
    apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat; lra|]. apply Hlow. lra. }
  unfold a1 in Hle. rewrite ln_mult, ln_exp in Hle by (try apply exp_pos; lra).
  unfold plus, opp in Hle; simpl in Hle.
  assert (c * (3 / c) = 3) by (field; lra). nra.
Qed.
