(** One pair of wavelets, shifted by the fraction of a turn, samples the rotation everywhere. *)
From Coq Require Import Reals Lra ZArith.
From Ropelet Require Import Definitions Matrices.
Local Open Scope R_scope.

Lemma angle_is_its_fraction_of_a_turn phi :
  equal_modulo_turns (2 * INR 1 * PI * frac_part (phi / (2 * PI))) phi.
Proof.
  exists (- Int_part (phi / (2 * PI)))%Z. unfold frac_part. rewrite opp_IZR. simpl INR.
  field. generalize PI_RGT_0; lra.
Qed.

Theorem haar_type_matrix_equals_rope theta m r c :
  haar_type_matrix (turns 1) (fun i => frac_part (m * theta i / (2 * PI))) r c = rope theta m r c.
Proof.
  apply any_phase; intros i; [apply frac_part_range| |].
  - rewrite turns_on_unit by apply frac_part_range. apply angle_is_its_fraction_of_a_turn.
  - rewrite turns_above_one by apply frac_part_range. apply angle_is_its_fraction_of_a_turn.
Qed.

Theorem haar_type_transform_equals_rope theta m d x r :
  apply d (haar_type_matrix (turns 1) (fun i => frac_part (m * theta i / (2 * PI)))) x r
  = apply d (rope theta m) x r.
Proof. apply sum_ext. intros c _. now rewrite haar_type_matrix_equals_rope. Qed.
