(** omega^2 P(omega) is 2 (1 - cos omega) up to O(1/omega), so its mean is 2 and its integral diverges. *)
From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ropelet Require Import Definitions Matrices Integrals HaarLike SineIntegrals
  haar_like_constant_has_a_closed_form.
Local Open Scope R_scope.

Lemma limit_by_bound (F B : R -> R) l N : filterlim B (Rbar_locally p_infty) (locally 0) ->
  (forall T, N <= T -> Rabs (F T - l) <= B T) -> filterlim F (Rbar_locally p_infty) (locally l).
Proof.
  intros HB H P [eps HP]. destruct (HB (ball 0 eps) (locally_ball 0 eps)) as [M HM].
  exists (Rmax M N). intros T HT. assert (H1 := Rmax_l M N). assert (H2 := Rmax_r M N).
  assert (Q := HM T ltac:(lra)). apply HP.
  unfold ball in *; simpl in *; unfold AbsRing_ball, abs, minus, plus, opp in *; simpl in *.
  rewrite Ropp_0, Rplus_0_r in Q. apply Rabs_def2 in Q.
  apply Rle_lt_trans with (1 := H T ltac:(lra)). lra.
Qed.

Section K.
Context (K : nat) (HK : (1 <= K)%nat).
Notation W := (full K).

Lemma close_to_its_mean x : 2 * W <= x ->
  Rabs (x ^ 2 * closed K x - 2 * (1 - cos x)) <= 26 * W / x.
Proof.
  intros Hx. assert (HW := full_bound K HK). unfold closed. rewrite half_angle.
  assert (D : 0 < x ^ 2 - W ^ 2) by nra.
  replace (x ^ 2 * (2 * (1 - cos x) * (W ^ 2 + x ^ 2 + 2 * x * W * sin x) / (W ^ 2 - x ^ 2) ^ 2) - 2 * (1 - cos x))
    with (2 * (1 - cos x) * ((3 * x ^ 2 * W ^ 2 + 2 * x ^ 3 * W * sin x - W ^ 4) / (x ^ 2 - W ^ 2) ^ 2)).
  2: { field. split; intros E; nra. }
  assert (Hc := one_minus_cos_bound x). assert (Hs := SIN_bound x).
  assert (D2 : 9 / 16 * x ^ 4 <= (x ^ 2 - W ^ 2) ^ 2).
  { replace (9 / 16 * x ^ 4) with ((3 / 4 * x ^ 2) ^ 2) by field. apply pow_incr. split; [nra|nra]. }
  assert (P2 : 0 < x ^ 2) by (apply pow_lt; lra). assert (P3 : 0 < x ^ 3) by (apply pow_lt; lra).
  assert (P4 : 0 < x ^ 4) by (apply pow_lt; lra).
  assert (Q1 : 3 * x ^ 2 * W ^ 2 <= 3 / 2 * x ^ 3 * W).
  { replace (3 * x ^ 2 * W ^ 2) with (3 * x ^ 2 * W * W) by ring.
    replace (3 / 2 * x ^ 3 * W) with (3 * x ^ 2 * W * (x / 2)) by field.
    apply Rmult_le_compat_l; [|lra]. apply Rmult_le_pos; lra. }
  assert (Q2 : 0 <= W ^ 4 <= 1 / 8 * x ^ 3 * W).
  { split; [apply pow_le; lra|].
    replace (W ^ 4) with (W ^ 3 * W) by ring. apply Rmult_le_compat_r; [lra|].
    replace (1 / 8 * x ^ 3) with ((x / 2) ^ 3) by field. apply pow_incr. lra. }
  assert (Q3 : 0 < x ^ 3 * W) by (apply Rmult_lt_0_compat; lra).
  assert (Q0 : 0 <= 3 * x ^ 2 * W ^ 2) by (apply Rmult_le_pos; [lra|apply pow_le; lra]).
  assert (N : Rabs (3 * x ^ 2 * W ^ 2 + 2 * x ^ 3 * W * sin x - W ^ 4) <= 29 / 8 * (x ^ 3 * W)).
  { apply Rabs_le. assert (- (2 * (x ^ 3 * W)) <= 2 * x ^ 3 * W * sin x <= 2 * (x ^ 3 * W)) by nra. lra. }
  assert (R : Rabs ((3 * x ^ 2 * W ^ 2 + 2 * x ^ 3 * W * sin x - W ^ 4) / (x ^ 2 - W ^ 2) ^ 2) <= 13 / 2 * W / x).
  { assert (DD : 0 < (x ^ 2 - W ^ 2) ^ 2) by lra.
    unfold Rdiv at 1. rewrite Rabs_mult, (Rabs_pos_eq (/ _)) by (left; now apply Rinv_0_lt_compat).
    apply Rle_trans with (29 / 8 * (x ^ 3 * W) * / (9 / 16 * x ^ 4)).
    - apply Rmult_le_compat; [apply Rabs_pos|left; now apply Rinv_0_lt_compat|exact N|].
      apply Rinv_le_contravar; lra.
    - replace (29 / 8 * (x ^ 3 * W) * / (9 / 16 * x ^ 4)) with (58 / 9 * (W / x)) by (field; lra).
      replace (13 / 2 * W / x) with (13 / 2 * (W / x)) by (field; lra).
      assert (0 < W / x) by (apply Rdiv_lt_0_compat; lra). lra. }
  rewrite Rabs_mult, (Rabs_pos_eq (2 * (1 - cos x))) by lra.
  replace (26 * W / x) with (4 * (13 / 2 * W / x)) by (field; lra).
  apply Rmult_le_compat; auto using Rabs_pos; lra.
Qed.

Lemma mean_of (P : R -> R) : (forall x, continuous P x) ->
  (forall x, W ^ 2 - x ^ 2 <> 0 -> P x = closed K x) ->
  filterlim (fun T => RInt (fun x => x ^ 2 * P x) 0 T / T) (Rbar_locally p_infty) (locally 2).
Proof.
  intros C E. assert (HW := full_bound K HK).
  assert (C2 : forall x, continuous (fun x => x ^ 2 * P x) x).
  { intros x. apply (continuous_mult (K := R_AbsRing) (fun x => x ^ 2) P); [smooth|apply C]. }
  set (G := fun T => RInt (fun x => x ^ 2 * P x) 0 T).
  assert (IG : forall a b, is_RInt (fun x => x ^ 2 * P x) a b (RInt (fun x => x ^ 2 * P x) a b)).
  { intros a b. apply (RInt_correct (V := R_CompleteNormedModule)), integrable, C2. }
  set (c0 := Rabs (G (2 * W)) + 4 * W + 4).
  apply (limit_by_bound _ (fun T => c0 * (1 / T) + 26 * W * (ln T / T)) 2 (2 * W)).
  - replace 0 with (c0 * 0 + 26 * W * 0) by ring. apply limit_plus; apply limit_scal.
    + apply (limit_by_rate _ 0 1 1). intros T HT _. rewrite Rminus_0_r, Rabs_pos_eq; [lra|].
      left. apply Rdiv_lt_0_compat; lra.
    + exact is_lim_div_ln_p.
  - intros T HT.
    set (m := 2 * (T - 2 * W) - 2 * sin T + 2 * sin (2 * W)).
    assert (IM : is_RInt (fun x => 2 * (1 - cos x)) (2 * W) T m).
    { apply (integral_of_primitive (fun x => 2 * (x - sin x))).
      - intros t. auto_derive; auto. ring.
      - smooth.
      - unfold m. ring. }
    assert (ID := is_RInt_minus (V := R_NormedModule) _ _ _ _ _ _ (IG (2 * W) T) IM).
    assert (IL : is_RInt (fun x => 26 * W / x) (2 * W) T (26 * W * ln T - 26 * W * ln (2 * W))).
    { apply (integral_of_primitive_on (fun x => 26 * W * ln x)); [lra| |].
      - intros t Ht. auto_derive; [lra|]. field. lra.
      - intros t Ht. apply (ex_derive_continuous (V := R_NormedModule)). auto_derive. lra. }
    set (r := RInt (fun x => x ^ 2 * P x) (2 * W) T) in *.
    assert (B : Rabs (r - m) <= 26 * W * ln T - 26 * W * ln (2 * W)).
    { refine (norm_RInt_le (V := R_NormedModule) _ _ (2 * W) T _ _ HT _ ID IL). intros x Hx.
      change (Rabs (x ^ 2 * P x - 2 * (1 - cos x)) <= 26 * W / x).
      rewrite E; [apply close_to_its_mean; lra|]. intros Q. nra. }
    assert (EG : G T = G (2 * W) + r).
    { symmetry. exact (RInt_Chasles (V := R_CompleteNormedModule) _ 0 (2 * W) T
        (ex_intro _ _ (IG 0 (2 * W))) (ex_intro _ _ (IG (2 * W) T))). }
    assert (L : 0 <= ln (2 * W)) by (rewrite <- ln_1; apply Rcomplements.ln_le; lra).
    change (RInt (fun x => x ^ 2 * P x) 0 T) with (G T).
    replace (G T / T - 2) with ((G T - 2 * T) * / T) by (field; lra).
    replace (c0 * (1 / T) + 26 * W * (ln T / T)) with ((c0 + 26 * W * ln T) * / T) by (field; lra).
    rewrite Rabs_mult, (Rabs_pos_eq (/ T)) by (left; apply Rinv_0_lt_compat; lra).
    apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat; lra|].
    assert (L2 : 0 <= 26 * W * ln (2 * W)) by (apply Rmult_le_pos; lra).
    assert (S1 := SIN_bound T). assert (S2 := SIN_bound (2 * W)).
    apply Rabs_le_between in B. unfold m in B. unfold c0.
    assert (G1 := Rle_abs (G (2 * W))). assert (G2 := Rle_abs (- G (2 * W))). rewrite Rabs_Ropp in G2.
    rewrite EG. apply Rabs_le. lra.
Qed.
End K.

Theorem haar_like_frequency_spread_is_infinite K P : (1 <= K)%nat ->
  spectrum (psi (turns K)) none P \/ spectrum (psi' (turns K)) none P ->
  filterlim (fun T => RInt (fun x => x ^ 2 * P x) 0 T / T) (Rbar_locally p_infty) (locally 2) /\
  forall M, exists A, forall T, A < T -> M < RInt (fun x => x ^ 2 * P x) 0 T.
Proof.
  intros HK HP.
  assert (H : filterlim (fun T => RInt (fun x => x ^ 2 * P x) 0 T / T) (Rbar_locally p_infty) (locally 2)).
  { assert (R : exists Q, (forall x, P x = Q x) /\ (forall x, continuous Q x) /\
                  (forall x, full K ^ 2 - x ^ 2 <> 0 -> Q x = closed K x)).
    { assert (Ib := fun h Hh => proj1 (pair_is_integrable K h Hh)).
      assert (Ib' := fun h Hh => proj2 (pair_is_integrable K h Hh)).
      assert (Bd := fun t => proj1 (whole_turns_bounded K t)).
      assert (Bd' := fun t => proj2 (whole_turns_bounded K t)).
      assert (Ou := fun t Ht => proj1 (psi_outside (turns K) t Ht)).
      assert (Ou' := fun t Ht => proj2 (psi_outside (turns K) t Ht)).
      destruct HP as [HP|HP].
      - exists (power (psi (turns K))). split; [|split].
        + exact (spectrum_unique _ _ _ _ HP (power_is_spectrum (psi (turns K)) Ib Ou)).
        + exact (power_is_continuous (psi (turns K)) Bd Ib).
        + exact (psi_power K HK).
      - exists (power (psi' (turns K))). split; [|split].
        + exact (spectrum_unique _ _ _ _ HP (power_is_spectrum (psi' (turns K)) Ib' Ou')).
        + exact (power_is_continuous (psi' (turns K)) Bd' Ib').
        + exact (psi'_power K HK). }
    destruct R as [Q [E [C D]]]. generalize (mean_of K HK Q C D). apply limit_ext.
    intros T. f_equal. apply RInt_ext. intros x _. now rewrite E. }
  split; [exact H|]. intros M.
  destruct (H (ball 2 1) (locally_ball 2 (mkposreal 1 Rlt_0_1))) as [A HA].
  exists (Rmax (Rmax A 1) (Rmax M 1)). intros T HT.
  assert (T1 := Rmax_l (Rmax A 1) (Rmax M 1)). assert (T2 := Rmax_r (Rmax A 1) (Rmax M 1)).
  assert (T3 := Rmax_l A 1). assert (T4 := Rmax_r A 1). assert (T5 := Rmax_l M 1).
  assert (Q := HA T ltac:(lra)).
  unfold ball in Q; simpl in Q; unfold AbsRing_ball, abs, minus, plus, opp in Q; simpl in Q.
  apply Rabs_def2 in Q.
  assert (X : forall y : R, y * / T + - (2) < 1 /\ - (1) < y * / T + - (2) -> M < y).
  { intros y [Q1 Q2]. assert (E : y = y * / T * T) by (field; lra). nra. }
  apply X. exact Q.
Qed.
