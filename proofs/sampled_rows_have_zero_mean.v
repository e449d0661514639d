(** The two sampled rows of a block never both have mean 0. *)
From Coq Require Import Reals Lra Lia Arith ZArith.
From Ropelet Require Import Definitions Matrices sampled_gains_lie_on_a_circle haar_type_matrix_equals_rope.
Local Open Scope R_scope.

Theorem sampled_rows_never_both_have_zero_mean theta m h i : (i < h)%nat ->
  let rows := haar_type_matrix (turns 1) (fun i => frac_part (m * theta i / (2 * PI))) in
  ~ (row_sum rows (2 * h) (2 * i) = 0 /\ row_sum rows (2 * h) (S (2 * i)) = 0).
Proof.
  intros Hi rows [H0 H1].
  destruct (sampled_gains_lie_on_a_circle theta m h i Hi) as [_ [_ E]].
  assert (R : forall r, row_sum rows (2 * h) r = row_sum (rope theta m) (2 * h) r)
    by (intros; apply haar_type_transform_equals_rope).
  rewrite <- !R, H0, H1 in E. lra.
Qed.

(** At position 0 both sums are 1. *)
Theorem sampled_rows_sum_to_one_at_zero theta h i : (i < h)%nat ->
  row_sum (rope theta 0) (2 * h) (2 * i) = 1 /\ row_sum (rope theta 0) (2 * h) (S (2 * i)) = 1.
Proof.
  intros Hi.
  rewrite (row_sum_two_taps _ (2 * h) _ (2 * i) _ _ ltac:(lia) (rope_even_row theta 0 i)).
  rewrite (row_sum_two_taps _ (2 * h) _ (2 * i) _ _ ltac:(lia) (rope_odd_row theta 0 i)).
  rewrite Rmult_0_l, cos_0, sin_0. split; ring.
Qed.
