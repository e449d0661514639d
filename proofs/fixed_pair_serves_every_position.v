(** No phase function bounded on [0, 1) takes the value m for every position m. *)
From Coq Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
From Ropelet Require Import Definitions Matrices.
Local Open Scope R_scope.

Theorem fixed_pair_does_not_serve_every_position f B :
  (forall t, 0 <= t < 1 -> f t <= B) -> exists m : nat, forall delta, 0 <= delta < 1 -> f delta <> INR m.
Proof.
  intros HB. destruct (nfloor_ex (Rmax 0 B) (Rmax_l 0 B)) as [n Hn].
  exists (S n). intros delta Hd E. specialize (HB delta Hd). rewrite E, S_INR in HB.
  generalize (Rmax_r 0 B). lra.
Qed.

Theorem no_number_of_cycles_serves_every_position K :
  exists m : nat, forall delta, 0 <= delta < 1 -> turns K delta <> INR m.
Proof.
  apply (fixed_pair_does_not_serve_every_position (turns K) (2 * INR K * PI)). intros t Ht.
  rewrite turns_on_unit by exact Ht.
  assert (0 <= 2 * INR K * PI); [|nra]. generalize (pos_INR K) PI_RGT_0; nra.
Qed.
