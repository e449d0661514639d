(** The Gaussian has the spectrum pi exp(- omega^2 / 2), which is not 0 at 0. *)
From Coq Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
From Ropelet Require Import Definitions Integrals Gaussian.
Local Open Scope R_scope.

Theorem gaussian_has_spectrum : spectrum gaussian none (fun omega => PI * exp (- (omega ^ 2 / 2))).
Proof.
  intros omega. destruct (gaussian_transform 1 Rlt_0_1 omega) as [Hc Hs].
  exists (sqrt (PI / 1) * exp (- (omega ^ 2 / (4 * 1)))), (-1 * 0). repeat split.
  - revert Hc. apply line_integral_ext. intros t. unfold g, gaussian, none.
    rewrite Rmult_1_l. ring.
  - apply (is_RInt_gen_scal (V := R_NormedModule) _ (-1)) in Hs.
    revert Hs. apply line_integral_ext. intros t. unfold g, gaussian, none, scal; simpl; unfold mult; simpl.
    rewrite Rmult_1_l. ring.
  - rewrite Rdiv_1. replace (- (omega ^ 2 / 2)) with (- (omega ^ 2 / (4 * 1)) + - (omega ^ 2 / (4 * 1))) by field.
    rewrite exp_plus. generalize (sqrt_sqrt PI (Rlt_le _ _ PI_RGT_0)). intros E.
    replace (PI * (exp (- (omega ^ 2 / (4 * 1))) * exp (- (omega ^ 2 / (4 * 1)))))
      with (sqrt PI * sqrt PI * (exp (- (omega ^ 2 / (4 * 1))) * exp (- (omega ^ 2 / (4 * 1)))))
      by (rewrite E; reflexivity). ring.
Qed.

Theorem gaussian_is_not_admissible C : ~ admissibility_constant gaussian none C.
Proof.
  apply (not_admissible_by_mean gaussian none (fun omega => PI * exp (- (omega ^ 2 / 2))) (PI * exp (- (1 / 2))) 1); auto using gaussian_has_spectrum.
  - apply Rmult_lt_0_compat; [apply PI_RGT_0|apply exp_pos].
  - lra.
  - intros x Hx. apply Rmult_le_compat_l; [left; apply PI_RGT_0|]. left. apply exp_increasing. simpl. nra.
Qed.
