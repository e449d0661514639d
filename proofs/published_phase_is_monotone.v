(** The published phase rises on each unit interval and falls back between them. *)
From Coq Require Import Reals Lra Lia.
From Ropelet Require Import Definitions Matrices.
Local Open Scope R_scope.

Theorem published_phase_is_not_monotone k : (1 <= k)%nat ->
  turns k 0 < turns k (1/2) /\ turns k 1 < turns k (1/2).
Proof.
  intros Hk. apply le_INR in Hk. simpl in Hk.
  replace (turns k 1) with (turns k (1 + 0)) by (f_equal; ring).
  rewrite turns_above_one, !turns_on_unit by lra.
  generalize PI_RGT_0. intros. split; nra.
Qed.

Theorem published_phase_rises_on_each_interval k s t : (1 <= k)%nat -> 0 <= s < t -> t < 1 ->
  turns k s < turns k t /\ turns k (1 + s) < turns k (1 + t).
Proof.
  intros Hk Hs Ht. apply le_INR in Hk. simpl in Hk.
  rewrite !turns_above_one, !turns_on_unit by lra.
  assert (0 < 2 * INR k * PI) by (generalize PI_RGT_0; intros; nra). split; nra.
Qed.
