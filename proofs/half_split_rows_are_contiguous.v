(** In the half-split layout the two entries of a row stand h columns apart. *)
From Coq Require Import Reals Lra Lia Arith ZArith.
From Ropelet Require Import Definitions Matrices.
Local Open Scope R_scope.

(** The first row of pair i has exactly the nonzero entries (i, i) and (i, i + h). *)
Theorem half_split_row_has_taps_h_apart h theta m i : (i < h)%nat ->
  cos (m * theta i) <> 0 -> sin (m * theta i) <> 0 ->
  forall c, (c < 2 * h)%nat -> half_split_rope h theta m i c <> 0 <-> c = i \/ c = (i + h)%nat.
Proof.
  intros Hi Hc Hs c Bc. unfold half_split_rope, pair_of, second_half.
  destruct (Nat.leb_spec h i); [lia|].
  destruct (Nat.leb_spec h c).
  - destruct (Nat.eqb_spec i (c - h)).
    + simpl. split; intros; [right; lia|lra].
    + split; [congruence|lia].
  - destruct (Nat.eqb_spec i c).
    + simpl. split; intros; [left; lia|lra].
    + split; [congruence|lia].
Qed.

(** From two pairs on, no two neighbouring columns hold all nonzero entries of that row. *)
Theorem half_split_rows_are_not_contiguous h theta m i : (2 <= h)%nat -> (i < h)%nat ->
  cos (m * theta i) <> 0 -> sin (m * theta i) <> 0 ->
  ~ exists j, forall c, (c < 2 * h)%nat -> half_split_rope h theta m i c <> 0 -> c = j \/ c = S j.
Proof.
  intros Hh Hi Hc Hs [j Hj].
  assert (A := proj2 (half_split_row_has_taps_h_apart h theta m i Hi Hc Hs i ltac:(lia))
                     (or_introl eq_refl)).
  assert (B := proj2 (half_split_row_has_taps_h_apart h theta m i Hi Hc Hs (i + h) ltac:(lia))
                     (or_intror eq_refl)).
  apply Hj in A; [|lia]. apply Hj in B; [|lia]. lia.
Qed.
