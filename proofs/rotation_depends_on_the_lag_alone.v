(** R_m^T R_n = R_(n-m), hence orthogonality, preserved norms, and scores that depend on the lag. *)
From Coq Require Import Reals Lra Lia Arith.
From Ropelet Require Import Definitions Matrices.
Local Open Scope R_scope.

Theorem rotation_depends_on_the_lag_alone theta m n h r c : (r < 2 * h)%nat ->
  product (2 * h) (transpose (rope theta m)) (rope theta n) r c = rope theta (n - m) r c.
Proof.
  intros Hr. unfold product, transpose. rewrite sum_by_pairs.
  rewrite (sum_single h _ (Nat.div2 r) (div2_bound _ _ Hr)).
  - unfold rope. rewrite !Nat.div2_double, !Nat.div2_succ_double, odd_double, odd_succ_double, Nat.eqb_refl.
    destruct (Nat.eqb (Nat.div2 r) (Nat.div2 c)); [|ring].
    rewrite Rmult_minus_distr_r.
    destruct (Nat.odd r), (Nat.odd c); simpl; rewrite ?cos_minus, ?sin_minus; ring.
  - intros p _ Hp. unfold rope. rewrite !Nat.div2_double, !Nat.div2_succ_double.
    destruct (Nat.eqb_spec p (Nat.div2 r)); [congruence|]. ring.
Qed.

Theorem rotation_at_zero_is_identity theta r c : rope theta 0 r c = identity r c.
Proof.
  revert c. revert r. apply (by_parity (fun r => forall c, rope theta 0 r c = identity r c)); intros p c;
  rewrite ?rope_even_row, ?rope_odd_row; unfold two_taps, identity; rewrite Rmult_0_l, cos_0, sin_0;
  repeat match goal with |- context [Nat.eqb ?a ?b] => destruct (Nat.eqb_spec a b) end; try lia; ring.
Qed.

Theorem rotation_is_orthogonal theta m h r c : (r < 2 * h)%nat ->
  product (2 * h) (transpose (rope theta m)) (rope theta m) r c = identity r c.
Proof.
  intros Hr. rewrite rotation_depends_on_the_lag_alone, Rminus_eq_0 by auto. apply rotation_at_zero_is_identity.
Qed.

Theorem score_depends_on_the_lag_alone theta m n h q k :
  dot (2 * h) (apply (2 * h) (rope theta m) q) (apply (2 * h) (rope theta n) k)
  = dot (2 * h) q (apply (2 * h) (rope theta (n - m)) k).
Proof.
  unfold dot, apply.
  transitivity (sum (2 * h) (fun i => sum (2 * h) (fun j =>
     q i * k j * sum (2 * h) (fun t => rope theta m t i * rope theta n t j)))).
  - rewrite (sum_ext _ _ (fun t => sum (2 * h) (fun i => sum (2 * h) (fun j =>
         q i * k j * (rope theta m t i * rope theta n t j))))).
    + rewrite sum_swap. apply sum_ext; intros i _.
      rewrite sum_swap. apply sum_ext; intros j _. apply sum_scal.
    + intros t _. rewrite Rmult_comm, <- sum_scal. apply sum_ext; intros i _.
      rewrite Rmult_comm, <- sum_scal. apply sum_ext; intros j _. ring.
  - apply sum_ext; intros i Hi. rewrite <- sum_scal. apply sum_ext; intros j _.
    rewrite <- (rotation_depends_on_the_lag_alone theta m n h i j Hi). unfold product, transpose. ring.
Qed.

Theorem rotation_preserves_the_norm theta m h x :
  dot (2 * h) (apply (2 * h) (rope theta m) x) (apply (2 * h) (rope theta m) x) = dot (2 * h) x x.
Proof.
  rewrite score_depends_on_the_lag_alone. apply sum_ext. intros t Ht. f_equal.
  unfold apply.
  rewrite (sum_ext _ _ (fun c => identity t c * x c)).
  - rewrite (sum_single _ _ t Ht).
    + unfold identity. rewrite Nat.eqb_refl. ring.
    + intros c _ Hc. unfold identity. destruct (Nat.eqb_spec t c); [congruence|ring].
  - intros c _. rewrite <- (rotation_is_orthogonal theta m h t c Ht).
    now rewrite rotation_depends_on_the_lag_alone.
Qed.
