(** Frequencies against a cut, for the scalings that sort the pairs by their wavelengths. *)
From Coq Require Import Reals Lra Lia.
From Ropelet Require Import Definitions.
Local Open Scope R_scope.

Lemma frequencies_descend base d i j : 1 < base -> (0 < d)%nat -> (i <= j)%nat ->
  frequencies base d j <= frequencies base d i.
Proof.
  intros Hb Hd Hij. unfold frequencies. apply Rle_Rpower; [lra|].
  apply Ropp_le_contravar. apply Rmult_le_compat_r; [left; apply Rinv_0_lt_compat, lt_0_INR, Hd|].
  apply Rmult_le_compat_l; [lra|]. now apply le_INR.
Qed.

(** A cut between the pairs n - 1 and n. *)
Lemma pairs_above_a_cut base d n cut : 1 < base -> (0 < d)%nat -> (0 < n)%nat ->
  frequencies base d n <= cut < frequencies base d (n - 1) ->
  forall i, cut < frequencies base d i <-> (i < n)%nat.
Proof.
  intros Hb Hd Hn Hc i. split; intros H.
  - destruct (Nat.lt_ge_cases i n) as [|H']; auto.
    assert (X := frequencies_descend base d n i Hb Hd H'). lra.
  - assert (X := frequencies_descend base d i (n - 1) Hb Hd ltac:(lia)). lra.
Qed.
