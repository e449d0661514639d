(** Blocks whose rows share their phase are rotations, so the matrix is orthogonal. *)
From Coq Require Import Reals Lra Lia Arith.
From Ropelet Require Import Definitions Matrices rotation_depends_on_the_lag_alone.
Local Open Scope R_scope.

(** It is RoPE with the phases as angles, for any phase function at all. *)
Theorem any_shared_phase_gives_a_rotation f delta r c :
  (forall i, 0 <= delta i < 1) ->
  (forall i, equal_modulo_turns (f (1 + delta i)) (f (delta i))) ->
  haar_type_matrix f delta r c = rope (fun i => f (delta i)) 1 r c.
Proof.
  intros Hd H. apply any_phase; auto; intros i; rewrite Rmult_1_l; auto.
  now apply equal_phases_are_equal_modulo_turns.
Qed.

Theorem haar_type_matrix_is_orthogonal f delta h r c :
  (forall i, 0 <= delta i < 1) ->
  (forall i, equal_modulo_turns (f (1 + delta i)) (f (delta i))) ->
  (r < 2 * h)%nat ->
  product (2 * h) (transpose (haar_type_matrix f delta)) (haar_type_matrix f delta) r c = identity r c.
Proof.
  intros Hd H Hr. rewrite <- (rotation_is_orthogonal (fun i => f (delta i)) 1 h r c Hr).
  apply sum_ext. intros t _. unfold transpose. now rewrite !any_shared_phase_gives_a_rotation.
Qed.
