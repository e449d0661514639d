(** What the two rows of a block make of a constant signal. *)
From Coq Require Import Reals Lra Lia Arith.
From Ropelet Require Import Definitions Matrices.
Local Open Scope R_scope.

Lemma row_sum_two_taps A d r j x y : (S j < d)%nat ->
  (forall c, A r c = two_taps j x y c) -> row_sum A d r = x + y.
Proof.
  intros Hj H. unfold row_sum, apply.
  rewrite (sum_ext _ _ (fun c => two_taps j x y c * 1)) by (intros; now rewrite H).
  rewrite (sum_two_taps d j x y (fun _ => 1)) by exact Hj. ring.
Qed.

Lemma cos_eighth phi :
  sqrt 2 * cos (phi + PI/4) = cos phi - sin phi /\ sqrt 2 * cos (phi - PI/4) = cos phi + sin phi.
Proof.
  rewrite cos_plus, cos_minus, cos_PI4, sin_PI4.
  assert (sqrt 2 <> 0) by (generalize (sqrt_lt_R0 2); lra). split; field; auto.
Qed.

Theorem sampled_gains_lie_on_a_circle theta m h i : (i < h)%nat ->
  let phi := m * theta i in
  row_sum (rope theta m) (2 * h) (2 * i) = sqrt 2 * cos (phi + PI/4) /\
  row_sum (rope theta m) (2 * h) (S (2 * i)) = sqrt 2 * cos (phi - PI/4) /\
  (row_sum (rope theta m) (2 * h) (2 * i)) ^ 2 + (row_sum (rope theta m) (2 * h) (S (2 * i))) ^ 2 = 2.
Proof.
  intros Hi phi. destruct (cos_eighth phi) as [-> ->].
  rewrite (row_sum_two_taps _ (2 * h) _ (2 * i) _ _ ltac:(lia) (rope_even_row theta m i)).
  rewrite (row_sum_two_taps _ (2 * h) _ (2 * i) _ _ ltac:(lia) (rope_odd_row theta m i)).
  fold phi. repeat split; try ring.
  generalize (sin2_cos2 phi). unfold Rsqr. intros E.
  transitivity (2 * (sin phi * sin phi + cos phi * cos phi)); [ring|rewrite E; ring].
Qed.
