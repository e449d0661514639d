(** A polygon through the entries of any matrix with two neighbouring entries per row. *)
From Coq Require Import Reals Lra Lia Arith.
From Coquelicot Require Import Coquelicot.
From Ropelet Require Import Definitions Matrices Integrals.
Local Open Scope R_scope.

(** The tent of height 1 over [c - 1, c + 1], and the polygon with the value v b at b / N. *)
Definition tent (c u : R) : R := Rmax 0 (1 - Rabs (u - c)).
Definition polygon (N : nat) (v : nat -> R) (t : R) : R :=
  sum (2 * N) (fun b => v b * tent (INR b) (INR N * t)).

Lemma tent_at_integers a b : tent (INR b) (INR a) = if Nat.eqb a b then 1 else 0.
Proof.
  unfold tent. destruct (Nat.eqb_spec a b) as [->|H].
  - rewrite Rminus_eq_0, Rabs_R0, Rmax_right; lra.
  - apply Rmax_left. assert (1 <= Rabs (INR a - INR b)); [|lra].
    destruct (le_lt_dec a b) as [L|L].
    + assert (Q : (S a <= b)%nat) by lia. apply le_INR in Q. rewrite S_INR in Q. rewrite Rabs_left1; lra.
    + assert (Q : (S b <= a)%nat) by lia. apply le_INR in Q. rewrite S_INR in Q. rewrite Rabs_pos_eq; lra.
Qed.

Lemma tent_far c u : 1 <= Rabs (u - c) -> tent c u = 0.
Proof. intros H. unfold tent. apply Rmax_left. lra. Qed.

Lemma tent_range c u : 0 <= tent c u <= 1.
Proof.
  unfold tent. split; [apply Rmax_l|]. apply Rmax_lub; [lra|]. generalize (Rabs_pos (u - c)). lra.
Qed.

Lemma polygon_at_node N v a : (0 < N)%nat -> (a < 2 * N)%nat -> polygon N v (INR a / INR N) = v a.
Proof.
  intros HN Ha. assert (H : 0 < INR N) by now apply lt_0_INR. unfold polygon.
  replace (INR N * (INR a / INR N)) with (INR a) by (field; lra).
  rewrite (sum_single _ _ a Ha).
  - rewrite tent_at_integers, Nat.eqb_refl. ring.
  - intros b _ Hb. rewrite tent_at_integers. destruct (Nat.eqb_spec a b); [congruence|ring].
Qed.

Lemma polygon_outside N v t : v 0%nat = 0 -> (0 < N)%nat -> t < 0 \/ 2 < t -> polygon N v t = 0.
Proof.
  intros H0 HN Ht. assert (H : 0 < INR N) by now apply lt_0_INR. unfold polygon. apply sum_of_zeros. intros b Hb.
  destruct b as [|b]; [rewrite H0; ring|]. rewrite tent_far; [ring|]. rewrite S_INR.
  assert (B := pos_INR b). destruct Ht as [Ht|Ht].
  - rewrite Rabs_left1; nra.
  - assert (Q : (S (S b) <= 2 * N)%nat) by lia. apply le_INR in Q. rewrite mult_INR, !S_INR in Q. simpl INR in Q.
    rewrite Rabs_pos_eq; nra.
Qed.

Lemma polygon_bounded N v : exists B, forall t, Rabs (polygon N v t) <= B.
Proof.
  exists (sum (2 * N) (fun b => Rabs (v b))). intros t. unfold polygon.
  generalize (2 * N)%nat. induction n as [|n IH]; simpl; [rewrite Rabs_R0; lra|].
  apply Rle_trans with (1 := Rabs_triang _ _). apply Rplus_le_compat; [exact IH|].
  rewrite Rabs_mult. assert (T := tent_range (INR n) (INR N * t)).
  rewrite (Rabs_pos_eq (tent _ _)) by lra. generalize (Rabs_pos (v n)). nra.
Qed.

Lemma tent_integral N b : (1 <= b)%nat -> (b < 2 * N)%nat ->
  is_RInt (fun t => tent (INR b) (INR N * t)) 0 2 (/ INR N).
Proof.
  intros Hb Hn. assert (H : 0 < INR N) by (apply lt_0_INR; lia).
  assert (B1 := le_INR _ _ Hb). simpl in B1.
  assert (B2 : INR b + 1 <= INR N * 2).
  { assert (Q : (S b <= N * 2)%nat) by lia. apply le_INR in Q. now rewrite mult_INR, S_INR in Q. }
  set (c := INR b) in *.
  assert (U : is_RInt (tent c) 0 (INR N * 2) (0 + (1 / 2 + (1 / 2 + 0)))).
  { refine (is_RInt_Chasles (V := R_NormedModule) _ 0 (c - 1) _ _ _ _ _).
    { apply integral_of_zero. intros t. rewrite Rmin_left, Rmax_right by lra. intros Ht. apply tent_far.
      rewrite Rabs_left1; lra. }
    refine (is_RInt_Chasles (V := R_NormedModule) _ (c - 1) c _ _ _ _ _).
    { apply (is_RInt_ext (fun t => t - (c - 1))).
      - intros t. rewrite Rmin_left, Rmax_right by lra. intros Ht. unfold tent.
        rewrite Rabs_left1, Rmax_right; lra.
      - apply (integral_of_primitive (fun t => (t - (c - 1)) ^ 2 / 2)).
        + intros t. auto_derive; auto. field.
        + smooth.
        + simpl. field. }
    refine (is_RInt_Chasles (V := R_NormedModule) _ c (c + 1) _ _ _ _ _).
    { apply (is_RInt_ext (fun t => c + 1 - t)).
      - intros t. rewrite Rmin_left, Rmax_right by lra. intros Ht. unfold tent.
        rewrite Rabs_pos_eq, Rmax_right; lra.
      - apply (integral_of_primitive (fun t => - (c + 1 - t) ^ 2 / 2)).
        + intros t. auto_derive; auto. field.
        + smooth.
        + simpl. field. }
    apply integral_of_zero. intros t. rewrite Rmin_left, Rmax_right by lra. intros Ht. apply tent_far.
    rewrite Rabs_pos_eq; lra. }
  replace (0 + (1 / 2 + (1 / 2 + 0))) with 1 in U by field.
  assert (V : is_RInt (fun t => scal (INR N) (tent c (INR N * t + 0))) 0 2 1).
  { apply (is_RInt_comp_lin (tent c) (INR N) 0 0 2). now rewrite Rmult_0_r, !Rplus_0_r. }
  apply (is_RInt_scal (V := R_NormedModule) _ _ _ (/ INR N)) in V.
  replace (/ INR N) with (scal (/ INR N) 1) by (unfold scal; simpl; unfold mult; simpl; ring).
  eapply is_RInt_ext; [|exact V]. intros t _.
  change (/ INR N * (INR N * tent c (INR N * t + 0)) = tent c (INR N * t)). rewrite Rplus_0_r. field. lra.
Qed.

Lemma polygon_integral N v : v 0%nat = 0 -> (0 < N)%nat ->
  is_RInt (polygon N v) 0 2 (/ INR N * sum (2 * N) v).
Proof.
  intros H0 HN.
  assert (G : forall n, (n <= 2 * N)%nat ->
    is_RInt (fun t => sum n (fun b => v b * tent (INR b) (INR N * t))) 0 2 (/ INR N * sum n v)).
  { induction n as [|n IH]; intros Hn.
    - simpl. rewrite Rmult_0_r. apply integral_of_zero. auto.
    - cbn [sum]. rewrite Rmult_plus_distr_l.
      apply (is_RInt_plus (V := R_NormedModule) (fun t => sum n (fun b => v b * tent (INR b) (INR N * t)))
               (fun t => v n * tent (INR n) (INR N * t))); [apply IH; lia|].
      destruct n as [|n].
      + rewrite H0, Rmult_0_r. apply integral_of_zero. intros; ring.
      + rewrite Rmult_comm. apply (is_RInt_scal (V := R_NormedModule)), tent_integral; lia. }
  now apply G.
Qed.

(** The values at the nodes b / N, N = n + 2: the diagonal, then a node that makes the mean 0, then
    the entries beside the diagonal. *)
Definition entries (A : matrix) (n b : nat) : R :=
  if (Nat.leb 1 b && Nat.leb b n)%bool then A (b - 1)%nat (b - 1)%nat
  else if (Nat.leb (n + 3) b && Nat.leb b (2 * n + 2))%bool then A (b - n - 3)%nat (b - n - 2)%nat else 0.
Definition nodes (A : matrix) (n b : nat) : R :=
  entries A n b + (if Nat.eqb b (S n) then - sum (2 * (n + 2)) (entries A n) else 0).

Theorem every_two_banded_matrix_is_a_wavelet_transform (A : matrix) n :
  (forall j t, A j t <> 0 -> t = j \/ t = S j) ->
  exists w delta B, (forall j, (j < n)%nat -> 0 < delta j < 1) /\
    (forall i j, delta i = delta j -> i = j) /\
    (forall t, Rabs (w t) <= B) /\ (forall t, t < 0 \/ 2 < t -> w t = 0) /\ line_integral w 0 /\
    forall j t, (j < n)%nat -> daughter 1 (INR j - delta j) w (INR t) = A j t.
Proof.
  intros HA. set (N := (n + 2)%nat). assert (HN : (0 < N)%nat) by (unfold N; lia).
  assert (PN : 0 < INR N) by now apply lt_0_INR.
  destruct (polygon_bounded N (nodes A n)) as [B HB].
  assert (Z : nodes A n 0 = 0).
  { unfold nodes, entries. destruct (Nat.leb_spec (n + 3) 0); [lia|]. cbn. apply Rplus_0_l. }
  exists (polygon N (nodes A n)), (fun j => INR (S j) / INR N), B. repeat split; auto.
  - apply Rdiv_lt_0_compat; auto. apply lt_0_INR. lia.
  - apply Rlt_div_l; auto. rewrite Rmult_1_l. apply lt_INR. unfold N. lia.
  - intros i j E. assert (Q : INR (S i) = INR (S j)).
    { apply (Rmult_eq_reg_r (/ INR N)); [exact E|]. apply Rinv_neq_0_compat. lra. }
    apply INR_eq in Q. lia.
  - intros t Ht. now apply polygon_outside.
  - apply (line_integral_of_support _ 0 2); [lra| | |].
    + intros t Ht. apply polygon_outside; auto.
    + intros t Ht. apply polygon_outside; auto.
    + assert (I := polygon_integral N (nodes A n) Z HN).
      replace (sum (2 * N) (nodes A n)) with 0 in I; [now rewrite Rmult_0_r in I|].
      unfold nodes. rewrite sum_plus.
      rewrite (sum_single _ (fun b => if Nat.eqb b (S n) then _ else 0) (S n)).
      * rewrite Nat.eqb_refl. unfold N. first [apply Rplus_opp_r|symmetry; apply Rplus_opp_r].
      * unfold N. lia.
      * intros b _ Hb. destruct (Nat.eqb_spec b (S n)); [congruence|reflexivity].
  - intros j t Hj. rewrite daughter_of_scale_1.
    destruct (Nat.eq_dec t j) as [->|H1]; [|destruct (Nat.eq_dec t (S j)) as [->|H2]].
    + replace (INR j - (INR j - INR (S j) / INR N)) with (INR (S j) / INR N) by ring.
      rewrite polygon_at_node by (unfold N; lia). unfold nodes, entries.
      destruct (Nat.eqb_spec (S j) (S n)); [lia|]. rewrite Rplus_0_r.
      replace (Nat.leb 1 (S j) && Nat.leb (S j) n)%bool with true.
      * f_equal; lia.
      * symmetry. apply andb_true_intro. split; apply Nat.leb_le; lia.
    + replace (INR (S j) - (INR j - INR (S j) / INR N)) with (INR (N + S j) / INR N)
        by (rewrite plus_INR, !S_INR; field; lra).
      rewrite polygon_at_node by (unfold N; lia). unfold nodes, entries, N.
      destruct (Nat.eqb_spec (n + 2 + S j) (S n)); [lia|]. rewrite Rplus_0_r.
      destruct (Nat.leb_spec (n + 2 + S j) n); [lia|]. rewrite Bool.andb_false_r.
      destruct (Nat.leb_spec (n + 3) (n + 2 + S j)); [|lia].
      destruct (Nat.leb_spec (n + 2 + S j) (2 * n + 2)); [|lia]. simpl. f_equal; lia.
    + replace (A j t) with 0.
      * apply polygon_outside; auto.
        assert (D : 0 < INR (S j) / INR N < 1).
        { split; [apply Rdiv_lt_0_compat; auto; apply lt_0_INR; lia|].
          apply Rlt_div_l; auto. rewrite Rmult_1_l. apply lt_INR. unfold N. lia. }
        destruct (not_neighbours t j H1 H2); [left|right]; lra.
      * destruct (Req_dec (A j t) 0) as [E|E]; [now symmetry|].
        destruct (HA j t E); congruence.
Qed.
