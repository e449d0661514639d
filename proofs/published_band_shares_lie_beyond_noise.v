(** A row of which the published shares are those of its weights in a random order. *)
From Coq Require Import Reals Lra Lia Arith List.
From Ropelet Require Import Definitions Matrices combs_reach_the_entropic_bound shuffled_rows_split_as_they_vary.
Local Open Scope R_scope.

(** Half of the keys have five times the weight of the others. *)
Definition uneven (p t : nat) : R := (if Nat.ltb t (4 * p) then 5 else 1) / (24 * INR p).

Lemma sum_of_halves p x y : sum (8 * p) (fun t => if Nat.ltb t (4 * p) then x else y) = 4 * INR p * (x + y).
Proof.
  replace (8 * p)%nat with (4 * p + 4 * p)%nat by lia. rewrite sum_add.
  rewrite (sum_ext (4 * p) (fun t => if Nat.ltb t (4 * p) then x else y) (fun _ => x)).
  2: { intros t Ht. now rewrite (proj2 (Nat.ltb_lt _ _) Ht). }
  rewrite (sum_ext (4 * p) (fun r => if Nat.ltb (4 * p + r) (4 * p) then x else y) (fun _ => y)).
  2: { intros t Ht. destruct (Nat.ltb_spec (4 * p + t) (4 * p)); [lia|reflexivity]. }
  rewrite !sum_const, mult_INR. simpl (INR 4). ring.
Qed.

Theorem shuffled_weights_have_the_published_shares p : (0 < p)%nat ->
  let n := (8 * p)%nat in
  exists a : nat -> R, (forall t, 0 < a t) /\ sum n a = 1 /\
    let mean weight := mean_over_orders (share n weight) (map a (seq 0 n)) in
    60 / 100 < mean (within n p) < 80 / 100 /\
    15 / 100 < mean (fun k => within n (3 * p) k - within n p k) < 25 / 100 /\
    5 / 100 < mean (fun k => 1 - within n (3 * p) k) < 15 / 100.
Proof.
  intros Hp n. assert (P : 1 <= INR p) by (change 1 with (INR 1); now apply le_INR).
  assert (N : INR n = 8 * INR p) by (unfold n; rewrite mult_INR; simpl; ring).
  assert (One : sum n (uneven p) = 1).
  { rewrite (sum_ext n _ (fun t => / (24 * INR p) * (if Nat.ltb t (4 * p) then 5 else 1))).
    - rewrite sum_scal. unfold n. rewrite sum_of_halves. field. lra.
    - intros t _. unfold uneven, Rdiv. apply Rmult_comm. }
  assert (Two : sum n (fun t => uneven p t ^ 2) = 13 / 72 / INR p).
  { rewrite (sum_ext n _ (fun t => / (24 * INR p) ^ 2 * (if Nat.ltb t (4 * p) then 25 else 1))).
    - rewrite sum_scal. unfold n. rewrite sum_of_halves. field. lra.
    - intros t _. unfold uneven. destruct (Nat.ltb t (4 * p)); field; lra. }
  exists (uneven p). split; [|split; [exact One|]].
  { intros t. unfold uneven. destruct (Nat.ltb t (4 * p)); apply Rdiv_lt_0_compat; lra. }
  assert (S0 : sum n (uneven p) <> 0) by (rewrite One; lra).
  destruct (shuffled_rows_split_as_they_vary p (uneven p) Hp S0) as [L [M H]].
  fold n in L, M, H. rewrite One, Two, N in L, M, H. cbv beta zeta. rewrite L, M, H. clear L M H.
  replace (8 * INR p * (13 / 72 / INR p) / 1 ^ 2 - 1) with (4 / 9) by (field; lra).
  set (q := INR p) in *. assert (I : 0 < / (8 * q - 1)) by (apply Rinv_0_lt_compat; lra).
  (* The shares of one over 8q - 1 lie between their values at q = 1 and their limits. *)
  assert (U : / (8 * q - 1) * (8 * q - 1) = 1) by (field; lra). set (u := / (8 * q - 1)) in *.
  assert (Q : q * u = / 8 + u / 8) by lra.
  assert (B : u <= / 7) by (apply Rinv_le_contravar; lra).
  replace (4 / 9 / (8 * q - 1)) with (4 / 9 * u) by reflexivity.
  replace ((1 + 4 / 9 * u * (8 * q / 4 - 1)) / (1 + 4 / 9)) with (9 / 13 * (1 + 4 / 9 * (2 * (q * u) - u))) by field.
  replace (4 / 9 * u * (8 * q / 2) / (1 + 4 / 9)) with (16 / 13 * (q * u)) by field.
  replace (4 / 9 * u * (8 * q / 4) / (1 + 4 / 9)) with (8 / 13 * (q * u)) by field.
  rewrite Q. repeat split; lra.
Qed.
