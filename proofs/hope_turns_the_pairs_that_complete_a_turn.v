(** The pairs that complete a turn within the training length, counted. *)
From Coq Require Import Reals Lra Lia.
From Ropelet Require Import Definitions.
Local Open Scope R_scope.

Theorem pair_completes_a_turn_up_to_an_index base L h i : 1 < base -> 0 < L -> (0 < h)%nat ->
  2 * PI / L <= frequencies base (2 * h) i <-> INR i <= INR h * ln (L / (2 * PI)) / ln base.
Proof.
  intros Hb HL Hh. assert (Hh' := lt_0_INR h Hh). assert (HP := PI_RGT_0).
  assert (Hl : 0 < ln base) by (rewrite <- ln_1; apply ln_increasing; lra).
  assert (HQ : 0 < 2 * PI / L) by (apply Rdiv_lt_0_compat; lra).
  assert (EQ : ln (2 * PI / L) = - ln (L / (2 * PI))).
  { rewrite <- ln_Rinv by (apply Rdiv_lt_0_compat; lra). f_equal. field. lra. }
  assert (EF : frequencies base (2 * h) i = exp (- (INR i / INR h * ln base))).
  { unfold frequencies, Rpower. f_equal. rewrite mult_INR. simpl. field. lra. }
  assert (S : INR i <= INR h * ln (L / (2 * PI)) / ln base
    <-> ln (2 * PI / L) <= - (INR i / INR h * ln base)).
  { rewrite EQ. set (x := ln (L / (2 * PI))). split; intros H.
    - apply Ropp_le_contravar. apply (Rmult_le_compat_r (ln base / INR h)) in H.
      + replace (INR h * x / ln base * (ln base / INR h)) with x in H by (field; lra).
        replace (INR i / INR h * ln base) with (INR i * (ln base / INR h)) by (field; lra). exact H.
      + left. now apply Rdiv_lt_0_compat.
    - apply Ropp_le_cancel in H. apply (Rmult_le_reg_r (ln base / INR h)); [now apply Rdiv_lt_0_compat|].
      replace (INR h * x / ln base * (ln base / INR h)) with x by (field; lra).
      replace (INR i * (ln base / INR h)) with (INR i / INR h * ln base) by (field; lra). exact H. }
  rewrite S, EF. split; intros H.
  - rewrite <- (ln_exp (- (INR i / INR h * ln base))). destruct H as [H|H].
    + left. now apply ln_increasing.
    + right. now rewrite H.
  - rewrite <- (exp_ln (2 * PI / L)) by exact HQ. destruct H as [H|H].
    + left. now apply exp_increasing.
    + right. now rewrite H.
Qed.

Theorem hope_turns_the_pairs_that_complete_a_turn base L h K : 1 < base -> 0 < L -> (0 < h)%nat ->
  INR K <= INR h * ln (L / (2 * PI)) / ln base < INR K + 1 ->
  forall i, 2 * PI / L <= frequencies base (2 * h) i <-> (i < K + 1)%nat.
Proof.
  intros Hb HL Hh HK i. rewrite pair_completes_a_turn_up_to_an_index by assumption. split; intros H.
  - apply INR_lt. rewrite plus_INR. simpl. lra.
  - assert (INR i <= INR K) by (apply le_INR; lia). lra.
Qed.
