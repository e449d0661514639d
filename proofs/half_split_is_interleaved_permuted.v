(** The half-split layout of h pairs is the interleaved one with coordinates permuted. *)
From Coq Require Import Reals Lra Lia Arith Bool.
From Ropelet Require Import Definitions Matrices.
Local Open Scope R_scope.

Theorem even_first_is_a_permutation h r : (r < 2 * h)%nat ->
  (even_first h r < 2 * h)%nat /\ (odd_last h r < 2 * h)%nat /\
  odd_last h (even_first h r) = r /\ even_first h (odd_last h r) = r.
Proof.
  intros Hr. unfold even_first, odd_last. repeat split.
  - destruct (Nat.leb_spec h r); lia.
  - generalize (div2_bound _ _ Hr). destruct (Nat.odd r); lia.
  - destruct (Nat.leb_spec h r).
    + rewrite odd_succ_double, Nat.div2_succ_double. lia.
    + rewrite odd_double, Nat.div2_double. reflexivity.
  - generalize (div2_bound _ _ Hr) (Nat.div2_odd r). destruct (Nat.odd r); simpl Nat.b2n; intros.
    + destruct (Nat.leb_spec h (Nat.div2 r + h)); lia.
    + destruct (Nat.leb_spec h (Nat.div2 r)); lia.
Qed.

Theorem half_split_is_interleaved_permuted h theta m r c :
  half_split_rope h theta m r c = rope theta m (even_first h r) (even_first h c).
Proof.
  assert (D : forall r, Nat.div2 (even_first h r) = pair_of h r).
  { intros n. unfold even_first, pair_of, second_half.
    destruct (Nat.leb h n); [apply Nat.div2_succ_double|apply Nat.div2_double]. }
  assert (O : forall r, Nat.odd (even_first h r) = second_half h r).
  { intros n. unfold even_first, second_half.
    destruct (Nat.leb h n); [apply odd_succ_double|apply odd_double]. }
  unfold half_split_rope, rope. now rewrite !D, !O.
Qed.

(** P R P^T, with P the matrix of the permutation. *)
Theorem half_split_is_interleaved_conjugated h theta m r c : (r < 2 * h)%nat -> (c < 2 * h)%nat ->
  half_split_rope h theta m r c
  = product (2 * h) (product (2 * h) (permutation h) (rope theta m)) (transpose (permutation h)) r c.
Proof.
  intros Hr Hc. rewrite half_split_is_interleaved_permuted. unfold product, transpose, permutation.
  destruct (even_first_is_a_permutation h r Hr) as [Br _], (even_first_is_a_permutation h c Hc) as [Bc _].
  rewrite (sum_single _ _ (even_first h c) Bc).
  - rewrite Nat.eqb_refl, (sum_single _ _ (even_first h r) Br).
    + rewrite Nat.eqb_refl. ring.
    + intros t _ Ht. destruct (Nat.eqb_spec (even_first h r) t); [congruence|ring].
  - intros t _ Ht. destruct (Nat.eqb_spec (even_first h c) t); [congruence|ring].
Qed.
