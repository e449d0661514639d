(** A phase that repeats on [1, 2) must fall by as much as its values spread. *)
From Coq Require Import Reals Lra.
From Ropelet Require Import Definitions.
Local Open Scope R_scope.

Theorem phase_falls_by_its_spread f delta0 delta1 phi0 phi1 :
  0 <= delta0 < 1 -> 0 <= delta1 < 1 -> phi0 < phi1 ->
  f delta0 = phi0 -> f (1 + delta0) = phi0 -> f delta1 = phi1 -> f (1 + delta1) = phi1 ->
  exists s t, 0 <= s /\ s < t /\ t < 2 /\ f s - f t = phi1 - phi0.
Proof.
  intros H0 H1 Hp A B C D. exists delta1, (1 + delta0).
  repeat split; lra.
Qed.

Theorem monotone_phase_is_impossible f delta0 delta1 phi0 phi1 :
  0 <= delta0 < 1 -> 0 <= delta1 < 1 ->
  f delta0 = phi0 -> f (1 + delta0) = phi0 -> f delta1 = phi1 -> f (1 + delta1) = phi1 ->
  (forall s t, 0 <= s -> s <= t -> t < 2 -> f s <= f t) -> phi0 = phi1.
Proof.
  intros H0 H1 A B C D Hm. apply Rle_antisym; apply Rnot_lt_le; intros Hp.
  - destruct (phase_falls_by_its_spread f delta1 delta0 phi1 phi0) as [s [t [Hs [Hst [Ht E]]]]]; auto.
    specialize (Hm s t Hs (Rlt_le _ _ Hst) Ht). lra.
  - destruct (phase_falls_by_its_spread f delta0 delta1 phi0 phi1) as [s [t [Hs [Hst [Ht E]]]]]; auto.
    specialize (Hm s t Hs (Rlt_le _ _ Hst) Ht). lra.
Qed.
