(** The variance of cos (x t) over t uniform on [0, 1] is largest at one x, near 3.657210. *)
From Coq Require Import Reals Lra Ranalysis5.
From Coquelicot Require Import Coquelicot.
From Interval Require Import Tactic.
From Ropelet Require Import Definitions Integrals.
Local Open Scope R_scope.

Definition V (x : R) : R := 1 / 2 + sin (2 * x) / (4 * x) - (sin x / x) ^ 2.

Theorem position_variance_in_closed_form x : 0 < x -> position_variance x = V x.
Proof.
  intros Hx. unfold position_variance, V. f_equal; [|f_equal; f_equal]; apply is_RInt_unique.
  - apply (integral_of_primitive (fun t => t / 2 + sin (2 * (x * t)) / (4 * x))).
    + intros t. auto_derive; [lra|]. rewrite cos_2a_cos. simpl. field. lra.
    + smooth.
    + rewrite !Rmult_0_r, Rmult_1_r, sin_0. field. lra.
  - apply (integral_of_primitive (fun t => sin (x * t) / x)).
    + intros t. auto_derive; [lra|]. field. lra.
    + smooth.
    + rewrite Rmult_0_r, Rmult_1_r, sin_0. field. lra.
Qed.

(** Four times the cube of x times twice the slope, at y = 2x. *)
Definition G (y : R) : R := y ^ 2 * cos y - 5 * y * sin y + 8 - 8 * cos y.
Definition slope (x : R) : R := G (2 * x) / (8 * x ^ 3).

Lemma V_derivative x : 0 < x -> is_derive V x (slope x).
Proof.
  intros Hx. unfold V, slope, G. auto_derive; [lra|].
  rewrite cos_2a, sin_2a. field_simplify; [|lra|lra].
  assert (E : cos x ^ 2 = 1 - sin x ^ 2) by (generalize (sin2_cos2 x); unfold Rsqr; simpl; lra).
  field_simplify_eq; [|lra]. ring [E].
Qed.

(** On [7.2, 7.5] the numerator falls through 0 once. *)
Lemma G_falls y z : 7.2 <= y -> y < z -> z <= 7.5 -> G z < G y.
Proof.
  intros Hy Hyz Hz.
  destruct (MVT_cor2 G (fun y => - y ^ 2 * sin y - 3 * y * cos y + 3 * sin y) y z Hyz) as [c [E Hc]].
  - intros c _. apply is_derive_Reals. unfold G. auto_derive; auto. ring.
  - assert (B : 7.2 <= c <= 7.5) by lra.
    assert (- c ^ 2 * sin c - 3 * c * cos c + 3 * sin c < 0) by interval with (i_bisect c, i_prec 40). nra.
Qed.

Lemma V_rises x z : 0 < x -> x < z -> (forall c, x < c < z -> 0 < G (2 * c)) -> V x < V z.
Proof.
  intros Hx Hz H. destruct (MVT_cor2 V slope x z Hz) as [c [E Hc]].
  - intros c Hc. apply is_derive_Reals, V_derivative. lra.
  - assert (0 < slope c) by (apply Rdiv_lt_0_compat; [now apply H|apply Rmult_lt_0_compat; [lra|apply pow_lt; lra]]). nra.
Qed.
Lemma V_falls x z : 0 < x -> x < z -> (forall c, x < c < z -> G (2 * c) < 0) -> V z < V x.
Proof.
  intros Hx Hz H. destruct (MVT_cor2 V slope x z Hz) as [c [E Hc]].
  - intros c Hc. apply is_derive_Reals, V_derivative. lra.
  - assert (slope c < 0).
    { unfold slope. assert (N := H c Hc). assert (P : 0 < / (8 * c ^ 3)) by (apply Rinv_0_lt_compat, Rmult_lt_0_compat; [lra|apply pow_lt; lra]).
      unfold Rdiv. nra. }
    nra.
Qed.

(** Away from there the variance is smaller. *)
Lemma V_is_smaller_elsewhere x : 0 < x -> x <= 3.6 \/ 3.75 <= x -> V x < 0.54035.
Proof.
  intros Hx [H|H].
  - destruct (Rle_lt_dec x 1) as [L|L].
    + (* sin x / x is a cosine between, and at least a half. *)
      destruct (MVT_cor2 sin cos 0 x Hx) as [c [E Hc]]; [intros; apply derivable_pt_lim_sin|].
      rewrite sin_0, !Rminus_0_r in E.
      assert (Hc1 : 0 <= c <= 1) by lra. assert (B : / 2 <= cos c) by interval.
      assert (S : sin x / x = cos c) by (rewrite E; field; lra).
      assert (C := COS_bound x). assert (C' := COS_bound c).
      unfold V. rewrite sin_2a. replace (2 * sin x * cos x / (4 * x)) with (sin x / x * cos x / 2) by (field; lra).
      rewrite S. nra.
    + unfold V. interval with (i_bisect x, i_autodiff x, i_prec 40, i_depth 30).
  - destruct (Rle_lt_dec x 6.2) as [L|L].
    + unfold V. interval with (i_bisect x, i_autodiff x, i_prec 40, i_depth 30).
    + unfold V. assert (S := SIN_bound (2 * x)). assert (Q := pow2_ge_0 (sin x / x)).
      assert (sin (2 * x) / (4 * x) <= / 24.8).
      { apply (Rmult_le_reg_r (4 * x)); [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra. }
      lra.
Qed.

Theorem position_is_best_told_at_3_657_radians : exists best,
  3.6572100 < best < 3.6572101 /\ 0.540469 < position_variance best < 0.54047 /\
  forall x, 0 < x -> x <> best -> position_variance x < position_variance best.
Proof.
  destruct (IVT_interv (fun y => - G y) 7.31442 7.3144202) as [y [Hy Ey]].
  - intros y _. apply continuity_pt_filterlim. change (continuous (fun y => - G y) y). unfold G. smooth.
  - lra.
  - unfold G. interval with (i_prec 60).
  - unfold G. interval with (i_prec 60).
  - assert (Zero : G y = 0) by lra.
    assert (Open : 7.31442 < y < 7.3144202).
    { split.
      - destruct (Req_dec y 7.31442) as [->|N]; [|lra]. exfalso. clear Hy. revert Zero. apply Rgt_not_eq, Rlt_gt. unfold G. interval with (i_prec 60).
      - destruct (Req_dec y 7.3144202) as [->|N]; [|lra]. exfalso. clear Hy. revert Zero. apply Rlt_not_eq. unfold G. interval with (i_prec 60). }
    exists (y / 2). set (best := y / 2) in *.
    assert (HB : 3.65721 < best < 3.6572101) by (unfold best; lra).
    rewrite position_variance_in_closed_form by lra.
    assert (Value : 0.540469 < V best < 0.54047).
    { split; unfold V; interval with (i_prec 60). }
    repeat split; try lra.
    intros x Hx Hn. rewrite position_variance_in_closed_form by exact Hx.
    destruct (Rle_lt_dec x 3.6) as [L|L]; [assert (H := V_is_smaller_elsewhere x Hx (or_introl L)); lra|].
    destruct (Rle_lt_dec 3.75 x) as [R|R]; [assert (H := V_is_smaller_elsewhere x Hx (or_intror R)); lra|].
    destruct (Rlt_dec x best) as [B|B].
    + apply V_rises; auto. intros c Hc. rewrite <- Zero. apply G_falls; unfold best in *; lra.
    + apply V_falls; [lra|lra|]. intros c Hc. rewrite <- Zero. apply G_falls; unfold best in *; lra.
Qed.
