(** Without its correction the Morlet wavelet has a mean that is small and not 0. *)
From Coq Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
From Ropelet Require Import Definitions Integrals Gaussian.
Local Open Scope R_scope.

Theorem morlet_has_spectrum omega0 : spectrum (morlet_re omega0) (morlet_im omega0)
  (fun omega => 2 * sqrt PI * exp (- (omega - omega0) ^ 2)).
Proof.
  intros omega. destruct (gaussian_transform (/ 2) ltac:(lra) (omega - omega0)) as [Hc Hs].
  set (n := Rpower PI (- (1/4))).
  exists (n * (sqrt (PI / / 2) * exp (- ((omega - omega0) ^ 2 / (4 * / 2))))), (- n * 0). repeat split.
  - apply (is_RInt_gen_scal (V := R_NormedModule) _ n) in Hc. revert Hc. apply line_integral_ext.
    intros t. unfold g, morlet_re, morlet_im. fold n.
    change (n * (exp (- (/ 2 * t ^ 2)) * cos ((omega - omega0) * t)) =
      n * cos (omega0 * t) * exp (- (t ^ 2 / 2)) * cos (omega * t) +
      n * sin (omega0 * t) * exp (- (t ^ 2 / 2)) * sin (omega * t)).
    replace (/ 2 * t ^ 2) with (t ^ 2 / 2) by field.
    rewrite Rmult_minus_distr_r, cos_minus. ring.
  - apply (is_RInt_gen_scal (V := R_NormedModule) _ (- n)) in Hs. revert Hs. apply line_integral_ext.
    intros t. unfold g, morlet_re, morlet_im. fold n.
    change (- n * (exp (- (/ 2 * t ^ 2)) * sin ((omega - omega0) * t)) =
      n * sin (omega0 * t) * exp (- (t ^ 2 / 2)) * cos (omega * t) -
      n * cos (omega0 * t) * exp (- (t ^ 2 / 2)) * sin (omega * t)).
    replace (/ 2 * t ^ 2) with (t ^ 2 / 2) by field.
    rewrite Rmult_minus_distr_r, sin_minus. ring.
  - assert (HP := PI_RGT_0). assert (Hq := sqrt_lt_R0 PI HP). assert (Eq := sqrt_sqrt PI (Rlt_le _ _ HP)).
    assert (E1 : n * n = / sqrt PI).
    { unfold n. rewrite <- Rpower_plus. replace (- (1/4) + - (1/4)) with (- (/ 2)) by field.
      now rewrite Rpower_Ropp, Rpower_sqrt. }
    assert (E2 : sqrt (PI / / 2) * sqrt (PI / / 2) = 2 * PI).
    { rewrite sqrt_sqrt; [field|]. apply Rlt_le, Rdiv_lt_0_compat; lra. }
    set (e := exp (- ((omega - omega0) ^ 2 / (4 * / 2)))). set (r := sqrt (PI / / 2)) in *.
    assert (E3 : exp (- (omega - omega0) ^ 2) = e * e).
    { unfold e. rewrite <- exp_plus. f_equal. field. }
    rewrite E3. replace ((n * (r * e)) ^ 2 + (- n * 0) ^ 2) with (n * n * (r * r) * (e * e)) by ring.
    rewrite E1, E2.
    assert (F : / sqrt PI * PI = sqrt PI)
      by (transitivity (/ sqrt PI * (sqrt PI * sqrt PI)); [now rewrite Eq|field; lra]).
    replace (/ sqrt PI * (2 * PI) * (e * e)) with (2 * (/ sqrt PI * PI) * (e * e)) by ring.
    now rewrite F.
Qed.

Theorem uncorrected_morlet_is_not_admissible omega0 C :
  ~ admissibility_constant (morlet_re omega0) (morlet_im omega0) C.
Proof.
  assert (H := morlet_has_spectrum omega0).
  apply (not_admissible_by_mean _ _ _ (2 * sqrt PI * exp (- (1 + Rabs omega0) ^ 2)) 1 ) with (3 := H).
  - apply Rmult_lt_0_compat; [|apply exp_pos]. generalize (sqrt_lt_R0 PI PI_RGT_0). lra.
  - lra.
  - intros x Hx. apply Rmult_le_compat_l; [generalize (sqrt_lt_R0 PI PI_RGT_0); lra|].
    assert (L : (x - omega0) ^ 2 <= (1 + Rabs omega0) ^ 2).
    { rewrite <- (pow2_abs (x - omega0)). apply pow_incr. split; [apply Rabs_pos|].
      generalize (Rabs_triang x (- omega0)). rewrite Rabs_Ropp, (Rabs_pos_eq x) by lra.
      unfold Rminus. lra. }
    destruct (Rle_lt_or_eq_dec _ _ L) as [Q|Q]; [left; apply exp_increasing; lra|rewrite Q; lra].
Qed.
