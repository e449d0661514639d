(** The mean of a Gaussian window of any length on a carrier of one radian per token. *)
From Coq Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
From Ropelet Require Import Definitions Integrals Gaussian.
Local Open Scope R_scope.

Theorem fixed_carrier_morlet_has_a_mean a : 0 < a ->
  line_integral (fun t => exp (- (t / a) ^ 2) * cos t) (a * sqrt PI * exp (- (a ^ 2 / 4))).
Proof.
  intros Ha. assert (Ha2 : 0 < / a ^ 2) by (apply Rinv_0_lt_compat; nra).
  destruct (gaussian_transform (/ a ^ 2) Ha2 1) as [H _].
  replace (a * sqrt PI * exp (- (a ^ 2 / 4))) with (sqrt (PI / / a ^ 2) * exp (- (1 ^ 2 / (4 * / a ^ 2)))).
  - revert H. apply line_integral_ext. intros t. unfold g. rewrite Rmult_1_l. do 2 f_equal. field. lra.
  - f_equal.
    + replace (PI / / a ^ 2) with (a * a * PI) by (field; lra).
      rewrite sqrt_mult_alt, sqrt_square by nra. reflexivity.
    + do 2 f_equal. field. lra.
Qed.

Theorem fixed_carrier_morlet_has_not_zero_mean a : 0 < a ->
  ~ line_integral (fun t => exp (- (t / a) ^ 2) * cos t) 0.
Proof.
  intros Ha H. assert (E := line_integral_unique _ _ _ H (fixed_carrier_morlet_has_a_mean a Ha)).
  assert (0 < a * sqrt PI * exp (- (a ^ 2 / 4))); [|lra].
  apply Rmult_lt_0_compat; [|apply exp_pos]. apply Rmult_lt_0_compat; [exact Ha|]. apply sqrt_lt_R0, PI_RGT_0.
Qed.
