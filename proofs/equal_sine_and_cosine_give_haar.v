(** Equal sine and cosine also give minus the Haar block. *)
From Coq Require Import Reals Lra.
From Ropelet Require Import Definitions Matrices rope_is_haar_only_at_an_eighth_turn.
Local Open Scope R_scope.

Theorem equal_sine_and_cosine_do_not_give_haar :
  sin (5 * (PI/4)) = cos (5 * (PI/4)) /\
  (forall row column, rotation (5 * (PI/4)) row column = - haar_block row column) /\
  ~ (forall row column, rotation (5 * (PI/4)) row column = haar_block row column).
Proof.
  replace (5 * (PI/4)) with (PI/4 + PI) by field.
  assert (C : cos (PI/4 + PI) = - / sqrt 2) by (rewrite neg_cos, cos_PI4; unfold Rdiv; ring).
  assert (S : sin (PI/4 + PI) = - / sqrt 2) by (rewrite neg_sin, sin_PI4; unfold Rdiv; ring).
  destruct sqrt_half as [_ [_ H2]]. assert (0 < / sqrt 2) by now apply Rinv_0_lt_compat.
  repeat split.
  - now rewrite C, S.
  - intros row column. destruct row, column; simpl; rewrite ?C, ?S; ring.
  - intros H0. specialize (H0 false false). simpl in H0. lra.
Qed.
