(** Si and Cin, and four functions made of them whose derivatives are the partial fractions of the
    Haar-like spectrum. *)
From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ropelet Require Import Definitions Integrals.
Local Open Scope R_scope.

Lemma sine_near_zero t : Rabs (sin t - t) <= Rabs t * Rabs t.
Proof.
  replace (sin t - t) with ((sin t - t) - (sin 0 - 0)) by (rewrite sin_0; ring).
  replace (Rabs t * Rabs t) with (Rabs t * Rabs (t - 0)) by (f_equal; f_equal; ring).
  apply (bounded_variation (fun u => sin u - u) (fun u => cos u - 1)). intros u Hu.
  rewrite !Rminus_0_r in Hu. split; [auto_derive; auto; ring|].
  rewrite <- cos_0. apply Rle_trans with (1 := cos_is_lipschitz u 0). now rewrite Rminus_0_r.
Qed.

Lemma cosine_near_zero t : Rabs (1 - cos t) <= Rabs t * Rabs t.
Proof.
  replace (1 - cos t) with ((1 - cos t) - (1 - cos 0)) by (rewrite cos_0; ring).
  replace (Rabs t * Rabs t) with (Rabs t * Rabs (t - 0)) by (f_equal; f_equal; ring).
  apply (bounded_variation (fun u => 1 - cos u) sin). intros u Hu.
  rewrite !Rminus_0_r in Hu. split; [auto_derive; auto; ring|].
  rewrite <- (Rminus_0_r (sin u)), <- sin_0. apply Rle_trans with (1 := sin_is_lipschitz u 0).
  now rewrite Rminus_0_r.
Qed.

Lemma divided_by a t : t <> 0 -> Rabs a <= Rabs t * Rabs t -> Rabs (a / t) <= Rabs t.
Proof.
  intros Ht H. assert (P := Rabs_pos_lt t Ht).
  unfold Rdiv. rewrite Rabs_mult, Rabs_inv.
  apply (Rmult_le_reg_r (Rabs t)); [exact P|]. rewrite Rmult_assoc, Rinv_l by lra. lra.
Qed.

Lemma continuous_by_distance (f : R -> R) : (forall t, Rabs (f t - f 0) <= Rabs t) -> continuous f 0.
Proof.
  intros H. apply (filterlim_locally (F := locally 0)). intros eps. exists eps. intros y Hy.
  unfold ball in *; simpl in *; unfold AbsRing_ball, abs, minus, plus, opp in *; simpl in *.
  rewrite Ropp_0, Rplus_0_r in Hy. apply Rle_lt_trans with (1 := H y). exact Hy.
Qed.

(** sin t / t with its limit at 0, and (1 - cos t) / t, which Coq takes as its limit 0 at 0. *)
Definition sinc (t : R) : R := if Req_EM_T t 0 then 1 else sin t / t.
Definition cinc (t : R) : R := (1 - cos t) / t.

Lemma sinc_off_zero t : t <> 0 -> sinc t = sin t / t.
Proof. intros H. unfold sinc. destruct (Req_EM_T t 0); [contradiction|reflexivity]. Qed.
Lemma cinc_at_zero : cinc 0 = 0.
Proof. unfold cinc. rewrite cos_0. unfold Rdiv. ring. Qed.

Lemma sinc_near_one t : Rabs (sinc t - 1) <= Rabs t.
Proof.
  unfold sinc. destruct (Req_EM_T t 0) as [->|H].
  - rewrite Rminus_eq_0, Rabs_R0. lra.
  - replace (sin t / t - 1) with ((sin t - t) / t) by (field; auto).
    apply divided_by; auto using sine_near_zero.
Qed.
Lemma cinc_near_zero t : Rabs (cinc t) <= Rabs t.
Proof.
  destruct (Req_dec t 0) as [->|H]; [rewrite cinc_at_zero; lra|].
  apply divided_by; auto using cosine_near_zero.
Qed.

Lemma sinc_continuous (t : R) : continuous sinc t.
Proof.
  destruct (Req_dec t 0) as [->|H].
  - apply continuous_by_distance. intros s. replace (sinc 0) with 1; [apply sinc_near_one|].
    unfold sinc. destruct (Req_EM_T 0 0); [reflexivity|contradiction].
  - apply (continuous_ext_loc _ (fun t => sin t / t) t).
    + exists (mkposreal _ (Rabs_pos_lt t H)). intros y Hy. symmetry. apply sinc_off_zero. intros ->.
      unfold ball in Hy; simpl in Hy; unfold AbsRing_ball, abs, minus, plus, opp in Hy; simpl in Hy.
      rewrite Rplus_0_l, Rabs_Ropp in Hy. lra.
    + apply (ex_derive_continuous (V := R_NormedModule)). auto_derive. auto.
Qed.
Lemma cinc_continuous (t : R) : continuous cinc t.
Proof.
  destruct (Req_dec t 0) as [->|H].
  - apply continuous_by_distance. intros s. rewrite cinc_at_zero, Rminus_0_r. apply cinc_near_zero.
  - unfold cinc. apply (ex_derive_continuous (V := R_NormedModule)). auto_derive. auto.
Qed.

Lemma integrable (f : R -> R) a b : (forall t, continuous f t) -> ex_RInt f a b.
Proof. intros H. apply (ex_RInt_continuous (V := R_CompleteNormedModule)). auto. Qed.

Lemma Si_by_sinc x : is_RInt sinc 0 x (Si x).
Proof.
  unfold Si. rewrite (RInt_ext (fun t => sin t / t) sinc).
  - apply (RInt_correct (V := R_CompleteNormedModule)), integrable, sinc_continuous.
  - intros t Ht. symmetry. apply sinc_off_zero. unfold Rmin, Rmax in Ht. destruct (Rle_dec 0 x); lra.
Qed.
Lemma Cin_by_cinc x : is_RInt cinc 0 x (Cin x).
Proof. apply (RInt_correct (V := R_CompleteNormedModule)), integrable, cinc_continuous. Qed.

Lemma Si_derivative (x : R) : is_derive Si x (sinc x).
Proof. apply (is_derive_RInt sinc Si 0 x); [apply filter_forall, Si_by_sinc|apply sinc_continuous]. Qed.
Lemma Cin_derivative (x : R) : is_derive Cin x (cinc x).
Proof. apply (is_derive_RInt cinc Cin 0 x); [apply filter_forall, Cin_by_cinc|apply cinc_continuous]. Qed.

Lemma odd_primitive (f F : R -> R) x : (forall t, f (- t) = f t) -> (forall x, is_RInt f 0 x (F x)) ->
  F (- x) = - F x.
Proof.
  intros E H. assert (H1 := H x). rewrite <- (Ropp_involutive x), <- Ropp_0 in H1.
  apply is_RInt_comp_opp, is_RInt_opp in H1. rewrite Ropp_involutive in H1.
  rewrite <- (is_RInt_unique _ _ _ _ (H (- x))). apply is_RInt_unique.
  eapply is_RInt_ext; [|exact H1]. intros t _. simpl. rewrite E. unfold opp; simpl. ring.
Qed.
Lemma Si_odd x : Si (- x) = - Si x.
Proof.
  apply (odd_primitive sinc); [|apply Si_by_sinc]. intros t. unfold sinc.
  destruct (Req_EM_T t 0), (Req_EM_T (- t) 0); try lra. rewrite sin_neg. field. auto.
Qed.
Lemma cinc_odd t : cinc (- t) = - cinc t.
Proof. unfold cinc, Rdiv. rewrite cos_neg, Rinv_opp. ring. Qed.
Lemma Cin_even x : Cin (- x) = Cin x.
Proof.
  assert (H1 := Cin_by_cinc x). rewrite <- (Ropp_involutive x), <- Ropp_0 in H1.
  apply is_RInt_comp_opp in H1. rewrite Ropp_involutive in H1.
  rewrite <- (is_RInt_unique _ _ _ _ (Cin_by_cinc (- x))). apply is_RInt_unique.
  eapply is_RInt_ext; [|exact H1]. intros t _. simpl. rewrite cinc_odd. unfold opp; simpl. ring.
Qed.

(** * Primitives of the partial fractions *)

Definition hump (x : R) : R := sin x * (1 - cos x) / x.

Lemma hump_near_zero x : Rabs (hump x) <= Rabs x.
Proof.
  replace (hump x) with (sin x * cinc x) by (unfold hump, cinc, Rdiv; ring).
  rewrite Rabs_mult. assert (H1 := sin_abs x). assert (H2 := cinc_near_zero x).
  assert (0 <= Rabs (sin x)) by apply Rabs_pos. assert (0 <= Rabs (cinc x)) by apply Rabs_pos. nra.
Qed.
Lemma hump_continuous (x : R) : continuous hump x.
Proof.
  apply (continuous_ext (fun x : R => sin x * cinc x) hump x).
  { intros y. unfold hump, cinc, Rdiv. symmetry. apply Rmult_assoc. }
  apply (continuous_mult (K := R_AbsRing)); [smooth|apply cinc_continuous].
Qed.

Definition A1 (x : R) : R := Cin x.
Definition A2 (x : R) : R := Si x - cinc x.
Definition A3 (x : R) : R := Cin (2 * x) - Cin x - hump x.
Definition A4 (x : R) : R := Si x - / 2 * Si (2 * x).

Lemma derive_Si (x : R) : ex_derive Si x /\ Derive Si x = sinc x.
Proof. split; [eexists; apply Si_derivative|apply is_derive_unique, Si_derivative]. Qed.
Lemma derive_Cin (x : R) : ex_derive Cin x /\ Derive Cin x = cinc x.
Proof. split; [eexists; apply Cin_derivative|apply is_derive_unique, Cin_derivative]. Qed.

Lemma A1_derivative (x : R) : is_derive A1 x ((1 - cos x) / x).
Proof. apply Cin_derivative. Qed.
Lemma A2_derivative (x : R) : x <> 0 -> is_derive A2 x ((1 - cos x) / x ^ 2).
Proof.
  intros H. destruct (derive_Si x) as [E D]. unfold A2, cinc. auto_derive; [auto|].
  change (Derive (fun x : R => Si x) x) with (Derive Si x). rewrite D, sinc_off_zero by exact H. field. exact H.
Qed.
Lemma A3_derivative (x : R) : x <> 0 -> is_derive A3 x (sin x * (1 - cos x) / x ^ 2).
Proof.
  intros H. destruct (derive_Cin x) as [E D]. destruct (derive_Cin (2 * x)) as [E2 D2].
  unfold A3, hump. auto_derive; [auto|].
  change (Derive (fun x : R => Cin x)) with (Derive Cin).
  rewrite D, D2. unfold cinc. rewrite cos_2a_cos.
  assert (Q : sin x * sin x = 1 - cos x * cos x) by (generalize (sin2_cos2 x); unfold Rsqr; lra).
  replace (1 * cos x * (1 - cos x) + sin x * - (1 * - sin x)) with (cos x * (1 - cos x) + (sin x * sin x)) by ring.
  rewrite ?Q. field_simplify_eq; auto. ring [Q].
Qed.
Lemma A4_derivative (x : R) : x <> 0 -> is_derive A4 x (sin x * (1 - cos x) / x).
Proof.
  intros H. destruct (derive_Si x) as [E D]. destruct (derive_Si (2 * x)) as [E2 D2].
  unfold A4. auto_derive; [auto|].
  change (Derive (fun x : R => Si x)) with (Derive Si).
  rewrite D, D2, !sinc_off_zero, sin_2a by lra. field. exact H.
Qed.

Lemma Si_continuous x : continuous Si x.
Proof. apply (ex_derive_continuous (V := R_NormedModule)), derive_Si. Qed.
Lemma Cin_continuous x : continuous Cin x.
Proof. apply (ex_derive_continuous (V := R_NormedModule)), derive_Cin. Qed.
Lemma twice_continuous (x : R) : continuous (fun x => 2 * x) x.
Proof. smooth. Qed.
Lemma A_continuous x : continuous A1 x /\ continuous A2 x /\ continuous A3 x /\ continuous A4 x.
Proof.
  repeat split.
  - apply Cin_continuous.
  - apply (continuous_minus (V := R_NormedModule)); [apply Si_continuous|apply cinc_continuous].
  - apply (continuous_minus (V := R_NormedModule) (fun x => Cin (2 * x) - Cin x)); [|apply hump_continuous].
    apply (continuous_minus (V := R_NormedModule) (fun x => Cin (2 * x))); [|apply Cin_continuous].
    apply (continuous_comp (fun x => 2 * x) Cin); [apply twice_continuous|apply Cin_continuous].
  - apply (continuous_minus (V := R_NormedModule) Si (fun x => / 2 * Si (2 * x))); [apply Si_continuous|].
    apply (continuous_scal_r (V := R_NormedModule) (/ 2) (fun x => Si (2 * x))).
    apply (continuous_comp (fun x => 2 * x) Si); [apply twice_continuous|apply Si_continuous].
Qed.

(** * At infinity *)

Lemma slow_change (h dh : R -> R) d : 0 <= d ->
  (forall t : R, 1 <= t -> is_derive h t (dh t) /\ Rabs (dh t) <= 2 / t) ->
  filterlim (fun T => h (T + d) - h T) (Rbar_locally p_infty) (locally 0).
Proof.
  intros Hd H. apply (limit_by_rate _ 0 1 (2 * d)). intros T HT _. rewrite Rminus_0_r.
  replace (2 * d / T) with (2 / T * Rabs (T + d - T)).
  2: { replace (T + d - T) with d by ring. rewrite Rabs_pos_eq by lra. field. lra. }
  destruct (MVT_gen h T (T + d) dh) as [c [Hc E]].
  - intros x. rewrite Rmin_left, Rmax_right by lra. intros Hx. apply H. lra.
  - intros x. rewrite Rmin_left, Rmax_right by lra. intros Hx.
    apply continuity_pt_filterlim, (ex_derive_continuous (V := R_NormedModule)). exists (dh x). apply H. lra.
  - rewrite Rmin_left, Rmax_right in Hc by lra. rewrite E, Rabs_mult.
    apply Rmult_le_compat_r; [apply Rabs_pos|]. apply Rle_trans with (2 / c); [apply H; lra|].
    apply Rmult_le_compat_l; [lra|]. apply Rinv_le_contravar; lra.
Qed.

Lemma over_t a t : 1 <= t -> Rabs a <= 2 -> Rabs (a / t) <= 2 / t.
Proof.
  intros Ht Ha. unfold Rdiv. rewrite Rabs_mult, (Rabs_pos_eq (/ t)).
  - apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat; lra|exact Ha].
  - left. apply Rinv_0_lt_compat. lra.
Qed.
Lemma one_minus_cos_bound t : 0 <= 1 - cos t <= 2.
Proof. generalize (COS_bound t). lra. Qed.

Lemma A_slow d : 0 <= d ->
  filterlim (fun T => A1 (T + d) - A1 T) (Rbar_locally p_infty) (locally 0) /\
  filterlim (fun T => A2 (T + d) - A2 T) (Rbar_locally p_infty) (locally 0) /\
  filterlim (fun T => A4 (T + d) - A4 T) (Rbar_locally p_infty) (locally 0).
Proof.
  intros Hd. repeat split.
  - apply (slow_change A1 (fun t => (1 - cos t) / t) d Hd). intros t Ht.
    split; [apply A1_derivative|]. apply over_t; auto.
    rewrite Rabs_pos_eq; apply one_minus_cos_bound.
  - apply (slow_change A2 (fun t => (1 - cos t) / t ^ 2) d Hd). intros t Ht.
    split; [apply A2_derivative; lra|].
    replace ((1 - cos t) / t ^ 2) with ((1 - cos t) / t / t) by (field; lra). apply over_t; auto.
    unfold Rdiv. assert (H := one_minus_cos_bound t).
    assert (I0 : 0 < / t <= 1).
    { split; [apply Rinv_0_lt_compat; lra|]. rewrite <- Rinv_1. apply Rinv_le_contravar; lra. }
    rewrite Rabs_pos_eq by nra. nra.
  - apply (slow_change A4 (fun t => sin t * (1 - cos t) / t) d Hd). intros t Ht.
    split; [apply A4_derivative; lra|]. apply over_t; auto.
    rewrite Rabs_mult, (Rabs_pos_eq (1 - cos t)) by apply one_minus_cos_bound.
    assert (H := one_minus_cos_bound t). assert (H2 := sin_abs t). assert (H3 := Rabs_pos (sin t)). nra.
Qed.

(** The integral of cos t / t over [p, q] is at most 3 / p. *)
Lemma cosine_tail p q : 0 < p -> p <= q -> exists y, is_RInt (fun t => cos t / t) p q y /\ Rabs y <= 3 / p.
Proof.
  intros Hp Hq.
  assert (C : ex_RInt (fun t => sin t / t ^ 2) p q).
  { apply (ex_RInt_continuous (V := R_CompleteNormedModule)).
    intros t. rewrite Rmin_left, Rmax_right by lra. intros Ht.
    apply (ex_derive_continuous (V := R_NormedModule)). auto_derive. simpl. nra. }
  destruct C as [z Hz]. exists (sin q / q - sin p / p + z). split.
  - assert (D : is_RInt (fun t => cos t / t - sin t / t ^ 2) p q (sin q / q - sin p / p)).
    { apply (integral_of_primitive_on (fun t => sin t / t)); auto.
      - intros t Ht. auto_derive; [lra|]. field. lra.
      - intros t Ht. apply (ex_derive_continuous (V := R_NormedModule)). auto_derive. simpl. split; [lra|nra]. }
    generalize (is_RInt_plus (V := R_NormedModule) _ _ _ _ _ _ D Hz). apply is_RInt_ext.
    intros t _. unfold plus; simpl. ring.
  - assert (B : Rabs z <= - / q - - / p).
    { refine (norm_RInt_le (V := R_NormedModule) (fun t => sin t / t ^ 2) (fun t => / t ^ 2) p q _ _ Hq _ Hz _).
      - intros t Ht. change (Rabs (sin t / t ^ 2) <= / t ^ 2). unfold Rdiv.
        assert (0 < / t ^ 2) by (apply Rinv_0_lt_compat, pow_lt; lra).
        rewrite Rabs_mult, (Rabs_pos_eq (/ t ^ 2)) by lra. generalize (sin_abs t) (Rabs_pos (sin t)). nra.
      - apply (integral_of_primitive_on (fun t => - / t)); auto.
        + intros t Ht. auto_derive; [lra|]. field. lra.
        + intros t Ht. apply (ex_derive_continuous (V := R_NormedModule)). auto_derive. simpl. nra. }
    assert (O : forall t, p <= t -> Rabs (sin t / t) <= / p).
    { intros t Ht. unfold Rdiv. assert (0 < / t <= / p).
      { split; [apply Rinv_0_lt_compat; lra|apply Rinv_le_contravar; lra]. }
      rewrite Rabs_mult, (Rabs_pos_eq (/ t)) by lra. generalize (sin_abs t) (Rabs_pos (sin t)). nra. }
    assert (O1 := O q Hq). assert (O2 := O p (Rle_refl p)).
    assert (Iq : 0 < / q) by (apply Rinv_0_lt_compat; lra).
    apply Rabs_le_between in O1. apply Rabs_le_between in O2. apply Rabs_le_between in B.
    unfold Rdiv at 3. apply Rabs_le. lra.
Qed.

Lemma Cin_doubling x : 1 <= x -> Rabs (Cin (2 * x) - Cin x - ln 2) <= 3 / x.
Proof.
  intros Hx. destruct (cosine_tail x (2 * x)) as [y [Hy By]]; [lra|lra|].
  assert (D : is_RInt cinc x (2 * x) (ln 2 - y)).
  { assert (L : is_RInt (fun t => / t) x (2 * x) (ln (2 * x) - ln x)).
    { apply (integral_of_primitive_on ln); [lra| |].
      - intros t Ht. auto_derive; [lra|]. field. lra.
      - intros t Ht. apply (ex_derive_continuous (V := R_NormedModule)). auto_derive. lra. }
    rewrite ln_mult in L by lra. replace (ln 2 + ln x - ln x) with (ln 2) in L by ring.
    generalize (is_RInt_minus (V := R_NormedModule) _ _ _ _ _ _ L Hy). apply is_RInt_ext.
    intros t _. unfold minus, plus, opp, cinc; simpl. unfold Rdiv. ring. }
  assert (E := is_RInt_unique _ _ _ _ (is_RInt_Chasles (V := R_NormedModule) _ _ _ _ _ _ (Cin_by_cinc x) D)).
  rewrite (is_RInt_unique _ _ _ _ (Cin_by_cinc (2 * x))) in E.
  change (Cin (2 * x) = Cin x + (ln 2 - y)) in E. rewrite E.
  replace (Cin x + (ln 2 - y) - Cin x - ln 2) with (- y) by ring. now rewrite Rabs_Ropp.
Qed.

Lemma A3_tends : filterlim A3 (Rbar_locally p_infty) (locally (ln 2)).
Proof.
  apply (limit_by_rate A3 (ln 2) 1 5). intros T HT _. unfold A3.
  replace (Cin (2 * T) - Cin T - hump T - ln 2) with ((Cin (2 * T) - Cin T - ln 2) + - hump T) by ring.
  apply Rle_trans with (1 := Rabs_triang _ _). rewrite Rabs_Ropp.
  assert (H1 := Cin_doubling T HT).
  assert (H2 : Rabs (hump T) <= 2 / T).
  { apply over_t; auto. rewrite Rabs_mult, (Rabs_pos_eq (1 - cos T)) by apply one_minus_cos_bound.
    assert (A := one_minus_cos_bound T). assert (B := sin_abs T). assert (C := Rabs_pos (sin T)). nra. }
  replace (5 / T) with (3 / T + 2 / T) by (field; lra). lra.
Qed.
