(** Where the Ricker function falls below a thousandth for good, and the last lags of the eight scales. *)
From Coq Require Import Reals Lra Lia List.
From Interval Require Import Tactic.
From Ropelet Require Import Definitions.
Import ListNotations.
Local Open Scope R_scope.

(** Beyond a point c of at least root 3 the function is nowhere larger than there. *)
Lemma ricker_falls c x : 3 <= c ^ 2 -> c ^ 2 <= x ^ 2 -> Rabs (ricker x) <= (c ^ 2 - 1) * exp (- (c ^ 2 / 2)).
Proof.
  intros Hc Hx. unfold ricker. set (p := c ^ 2) in *. set (q := x ^ 2) in *.
  rewrite Rabs_mult, Rabs_left, (Rabs_pos_eq (exp _)) by (try lra; left; apply exp_pos).
  replace (- (q / 2)) with (- (p / 2) + - ((q - p) / 2)) by field. rewrite exp_plus, (exp_Ropp ((q - p) / 2)).
  assert (E : 1 + (q - p) / 2 <= exp ((q - p) / 2)) by apply exp_ineq1_le.
  assert (P := exp_pos (- (p / 2))).
  assert (I : / exp ((q - p) / 2) <= / (1 + (q - p) / 2)) by (apply Rinv_le_contravar; lra).
  assert (J : (q - 1) * / (1 + (q - p) / 2) <= p - 1).
  { apply (Rmult_le_reg_r (1 + (q - p) / 2)); [lra|]. rewrite Rmult_assoc, Rinv_l by lra. nra. }
  assert (F : (q - 1) * / exp ((q - p) / 2) <= p - 1).
  { apply Rle_trans with (2 := J). apply Rmult_le_compat_l; lra. }
  replace (- (1 - q) * (exp (- (p / 2)) * / exp ((q - p) / 2)))
    with ((q - 1) * / exp ((q - p) / 2) * exp (- (p / 2))) by ring.
  now apply Rmult_le_compat_r; [left|].
Qed.

Theorem ricker_kernel_ends_at_its_reach s last :
  In (s, last) [(0, 4); (1, 8); (2, 17); (3, 35); (4, 70); (5, 141); (6, 283); (7, 567)]%nat ->
  forall b : nat,
  / 1000 <= Rabs (ricker ((INR (b + last) - INR b) / 2 ^ s)) /\
  forall lag, (b + last < lag)%nat -> Rabs (ricker ((INR lag - INR b) / 2 ^ s)) < / 1000.
Proof.
  intros H b.
  assert (Falls : forall x, 71 / 16 <= x -> Rabs (ricker x) < / 1000).
  { intros x Hx. apply Rle_lt_trans with (((71/16) ^ 2 - 1) * exp (- ((71/16) ^ 2 / 2))).
    - apply ricker_falls; [interval|]. apply pow_incr. lra.
    - interval. }
  assert (Lags : forall a : R, 0 < a -> 71 / 16 * a <= INR last + 1 ->
    forall lag, (b + last < lag)%nat -> Rabs (ricker ((INR lag - INR b) / a)) < / 1000).
  { intros a Ha Hl lag Hlag. apply Falls.
    assert (HI : INR (b + last + 1) <= INR lag) by (apply le_INR; lia).
    rewrite !plus_INR in HI. simpl in HI. apply Rmult_le_reg_r with a; [exact Ha|].
    unfold Rdiv at 2. rewrite Rmult_assoc, Rinv_l by lra. lra. }
  assert (Place : INR (b + last) - INR b = INR last) by (rewrite plus_INR; ring).
  rewrite Place. clear Place. unfold ricker at 1.
  simpl in H.
  repeat (destruct H as [H|H]; [inversion H; subst; split;
    [simpl; interval | apply Lags; simpl; lra]|]). contradiction.
Qed.
