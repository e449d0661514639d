(** One pair of K cycles serves every angle below 2 K pi with the phase itself. *)
From Coq Require Import Reals Lra.
From Ropelet Require Import Definitions Matrices published_form_equals_rope.
Local Open Scope R_scope.

Theorem fixed_pair_serves_bounded_positions theta m K r c :
  (forall i, 0 <= m * theta i < 2 * INR K * PI) ->
  haar_type_matrix (turns K) (fun i => m * theta i / (2 * INR K * PI)) r c = rope theta m r c.
Proof. intros H. now apply enough_cycles. Qed.

(** The phases are the angles as real numbers, not only modulo turns. *)
Theorem fixed_pair_has_the_angle_itself angle K : 0 <= angle < 2 * INR K * PI ->
  turns K (angle / (2 * INR K * PI)) = angle /\ turns K (1 + angle / (2 * INR K * PI)) = angle.
Proof.
  intros H. assert (Hd := shift_below_one _ _ H).
  rewrite turns_on_unit, turns_above_one by auto. split; field; split; nra.
Qed.
