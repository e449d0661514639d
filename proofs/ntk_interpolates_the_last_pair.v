(** NTK-aware scaling turns the first pair as before and the last one slower by the factor. *)
From Coq Require Import Reals Lra Lia.
From Ropelet Require Import Definitions.
Local Open Scope R_scope.

Theorem ntk_interpolates_the_last_pair base s h : 0 < base -> 0 < s -> (2 <= h)%nat ->
  let d := (2 * h)%nat in
  let scaled := base * Rpower s (INR d / (INR d - 2)) in
  frequencies scaled d 0 = frequencies base d 0 /\
  frequencies scaled d (h - 1) = frequencies base d (h - 1) / s.
Proof.
  intros Hb Hs Hh d scaled.
  assert (Hh' : 2 <= INR h) by (replace 2 with (INR 2) by reflexivity; now apply le_INR).
  assert (Hd : INR d = 2 * INR h) by (unfold d; rewrite mult_INR; reflexivity).
  assert (P := exp_pos (INR d / (INR d - 2) * ln s)). fold (Rpower s (INR d / (INR d - 2))) in P.
  assert (Hscaled : 0 < scaled) by (unfold scaled; now apply Rmult_lt_0_compat).
  unfold frequencies. split.
  - replace (- (2 * INR 0 / INR d)) with 0 by (simpl; field; lra). now rewrite !Rpower_O.
  - unfold scaled. rewrite <- Rpower_mult_distr, Rpower_mult by assumption.
    replace (INR d / (INR d - 2) * - (2 * INR (h - 1) / INR d)) with (- (1)).
    + rewrite (Rpower_Ropp s 1), Rpower_1 by assumption. reflexivity.
    + rewrite minus_INR, Hd by lia. simpl. field. lra.
Qed.
