(** The published phase is 0 at 0 and never reaches 2 k pi. *)
From Coq Require Import Reals Lra Lia.
From Ropelet Require Import Definitions Matrices.
Local Open Scope R_scope.

Theorem published_phase_is_not_positive k : turns k 0 = 0 /\ turns k 1 = 0.
Proof.
  replace (turns k 1) with (turns k (1 + 0)) by (f_equal; ring).
  rewrite turns_above_one, turns_on_unit by lra. split; ring.
Qed.

(** At position 0 the construction asks for the phase 0 itself. *)
Theorem position_zero_needs_the_phase_zero (f : R -> R) theta delta :
  f delta = 0 * theta -> ~ 0 < f delta.
Proof. intros ->. lra. Qed.

Theorem published_phase_lies_in_the_half_open_range k t : (1 <= k)%nat -> 0 <= turns k t < 2 * INR k * PI.
Proof.
  intros Hk. apply le_INR in Hk. simpl in Hk. unfold turns.
  assert (H := frac_part_range t). assert (0 < 2 * INR k * PI) by (generalize PI_RGT_0; intros; nra).
  split; nra.
Qed.
