(** ALiBi's slopes: one geometric sequence for a power of two, and no part of one that is as long for any other number. *)
From Coq Require Import Reals Lra Lia Arith ZArith.
From Ropelet Require Import Definitions.
Local Open Scope R_scope.

(** The exponent of head j, in units of 4/p: even up to 2p, then odd. *)
Definition step (n j : nat) : nat :=
  let p := Nat.pow 2 (Nat.log2 n) in if Nat.ltb j p then 2 * (j + 1) else 2 * (j - p) + 1.

Lemma power_is_positive n : 0 < INR (Nat.pow 2 (Nat.log2 n)).
Proof. apply lt_0_INR. apply Nat.neq_0_lt_0, Nat.pow_nonzero. lia. Qed.

Lemma slope_by_step n j : alibi_slope n j = Rpower 2 (- (4 / INR (Nat.pow 2 (Nat.log2 n)) * INR (step n j))).
Proof.
  assert (P := power_is_positive n). unfold alibi_slope, step. set (p := Nat.pow 2 (Nat.log2 n)) in *.
  f_equal. f_equal. rewrite mult_INR. simpl (INR 2). destruct (Nat.ltb j p); [rewrite mult_INR; simpl (INR 2)|]; field; lra.
Qed.

Lemma log_of_slope n j : ln (alibi_slope n j) = - (4 * ln 2 / INR (Nat.pow 2 (Nat.log2 n))) * INR (step n j).
Proof.
  assert (P := power_is_positive n). rewrite slope_by_step. unfold Rpower. rewrite ln_exp. field. lra.
Qed.

Lemma ln_2_is_positive : 0 < ln 2.
Proof. rewrite <- ln_1. apply ln_increasing; lra. Qed.

Theorem no_slope_occurs_twice n i j : (i < n)%nat -> (j < n)%nat -> alibi_slope n i = alibi_slope n j -> i = j.
Proof.
  intros Hi Hj E. apply (f_equal ln) in E. rewrite !log_of_slope in E.
  assert (P := power_is_positive n). assert (L := ln_2_is_positive).
  assert (C : 4 * ln 2 / INR (Nat.pow 2 (Nat.log2 n)) <> 0) by (apply Rgt_not_eq, Rdiv_lt_0_compat; lra).
  apply Rmult_eq_reg_l in E; [|lra]. apply INR_eq in E. unfold step in E.
  destruct (Nat.ltb_spec i (Nat.pow 2 (Nat.log2 n))), (Nat.ltb_spec j (Nat.pow 2 (Nat.log2 n))); lia.
Qed.

Theorem slopes_of_a_power_of_two_are_geometric k j : (j < Nat.pow 2 k)%nat ->
  alibi_slope (Nat.pow 2 k) j = alibi_slope (Nat.pow 2 k) 0 ^ (j + 1) /\
  alibi_slope (Nat.pow 2 k) (Nat.pow 2 k - 1) = / 2 ^ 8.
Proof.
  intros Hj. rewrite !slope_by_step. unfold step. rewrite Nat.log2_pow2 by lia.
  set (p := Nat.pow 2 k) in *. assert (P : 0 < INR p) by (apply lt_0_INR; lia).
  rewrite !(proj2 (Nat.ltb_lt _ p)) by lia. split.
  - rewrite <- Rpower_pow by apply exp_pos. rewrite Rpower_mult. f_equal. rewrite !mult_INR. simpl (INR (0 + 1)). field. lra.
  - replace (p - 1 + 1)%nat with p by lia. rewrite mult_INR.
    replace (- (4 / INR p * (INR 2 * INR p))) with (- INR 8) by (simpl; field; lra).
    rewrite Rpower_Ropp, Rpower_pow by lra. reflexivity.
Qed.

(** Exponents of a geometric sequence are equally far apart, and these are 1, 2 and 2p among others. *)
Theorem other_slopes_are_not_geometric n a q : (0 < n)%nat -> n <> Nat.pow 2 (Nat.log2 n) -> 0 < a -> 0 < q ->
  ~ forall j, (j < n)%nat -> exists i, (i < n)%nat /\ alibi_slope n j = a * q ^ i.
Proof.
  intros Hn Hp Ha Hq H. destruct (Nat.log2_spec n Hn) as [H1 H2]. rewrite Nat.pow_succ_r' in H2.
  assert (P := power_is_positive n). assert (L := ln_2_is_positive).
  set (p := Nat.pow 2 (Nat.log2 n)) in *. set (u := - (4 * ln 2 / INR p)).
  assert (U : u <> 0) by (apply Rlt_not_eq; unfold u; apply Ropp_lt_gt_0_contravar, Rdiv_lt_0_compat; lra).
  assert (Place : forall j, (j < n)%nat -> exists i, (i < n)%nat /\ u * INR (step n j) = ln a + INR i * ln q).
  { intros j Hj. destruct (H j Hj) as [i [Hi E]]. exists i. split; [exact Hi|].
    apply (f_equal ln) in E. rewrite log_of_slope, ln_mult, ln_pow in E by (auto; now apply pow_lt). exact E. }
  assert (Hp1 : (1 <= p)%nat) by (apply INR_lt in P || (destruct p; [simpl in P; lra|lia]); lia).
  destruct (Place p ltac:(lia)) as [i1 [B1 E1]].
  destruct (Place 0%nat Hn) as [i2 [B2 E2]].
  destruct (Place (p - 1)%nat ltac:(lia)) as [i3 [B3 E3]].
  replace (step n p) with 1%nat in E1 by (unfold step; fold p; rewrite Nat.ltb_irrefl; lia).
  replace (step n 0) with 2%nat in E2 by (unfold step; fold p; rewrite (proj2 (Nat.ltb_lt 0 p)) by lia; lia).
  replace (step n (p - 1)) with (2 * p)%nat in E3 by (unfold step; fold p; rewrite (proj2 (Nat.ltb_lt (p - 1) p)) by lia; lia).
  rewrite mult_INR in E3. simpl (INR 1) in E1. simpl (INR 2) in E2, E3.
  assert (D2 : u = (INR i2 - INR i1) * ln q) by lra.
  assert (D3 : u * (2 * INR p - 1) = (INR i3 - INR i1) * ln q) by lra.
  assert (Q : ln q <> 0) by (intros Z; apply U; rewrite D2, Z; ring).
  (* In whole numbers. *)
  assert (W : (INR i2 - INR i1) * (2 * INR p - 1) = INR i3 - INR i1).
  { apply (Rmult_eq_reg_r (ln q)); [|exact Q]. rewrite <- D3, D2. ring. }
  assert (Z : ((Z.of_nat i2 - Z.of_nat i1) * (2 * Z.of_nat p - 1) = Z.of_nat i3 - Z.of_nat i1)%Z).
  { apply eq_IZR. rewrite mult_IZR, !minus_IZR, mult_IZR, <- !INR_IZR_INZ. exact W. }
  assert (N : (Z.of_nat i2 - Z.of_nat i1 <> 0)%Z).
  { intros E. apply U. rewrite D2, !INR_IZR_INZ, <- minus_IZR, E. ring. }
  nia.
Qed.
