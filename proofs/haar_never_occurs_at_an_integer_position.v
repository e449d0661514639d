(** With frequency 1 an integer position would make pi rational. *)
From Coq Require Import Reals Lra Lia ZArith.
From Ropelet Require Import Definitions Matrices PiIrrational rope_is_haar_only_at_an_eighth_turn.
Local Open Scope R_scope.

Theorem haar_never_occurs_at_an_integer_position (m : Z) :
  ~ (forall row column, rotation (IZR m * 1) row column = haar_block row column).
Proof.
  intros H. apply rope_is_haar_only_at_an_eighth_turn in H. destruct H as [n Hn].
  set (d := (1 + 8 * n)%Z).
  assert (E : PI * IZR d = IZR (4 * m)) by (unfold d; rewrite plus_IZR, !mult_IZR; lra).
  destruct (Z_lt_le_dec 0 d) as [Hd|Hd].
  - apply (pi_is_irrational (4 * m) (Z.to_nat d)); [lia|].
    rewrite INR_IZR_INZ, Z2Nat.id, <- E by lia. field. apply not_0_IZR. lia.
  - apply (pi_is_irrational (- (4 * m)) (Z.to_nat (- d))); [lia|].
    rewrite INR_IZR_INZ, Z2Nat.id, !opp_IZR, <- E by lia. field. apply not_0_IZR. lia.
Qed.
