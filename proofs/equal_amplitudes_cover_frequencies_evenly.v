(** The energies of eight Ricker scales at one amplitude differ a millionfold. *)
From Coq Require Import Reals Lra Lia.
From Interval Require Import Tactic.
From Ropelet Require Import Definitions Matrices Integrals ricker_constant_is_two_pi.
Local Open Scope R_scope.

Theorem equal_amplitudes_differ_a_millionfold P : spectrum ricker none P ->
  let energy omega := sum 8 (fun s => (2 ^ s) ^ 2 * P (2 ^ s * omega)) in
  10 ^ 6 * energy PI < energy (2 * PI / 512).
Proof.
  intros HP energy.
  assert (E : forall x, P x = 2 * PI * x ^ 4 * exp (- x ^ 2)).
  { intros x. exact (spectrum_unique _ _ _ _ HP ricker_has_spectrum x). }
  assert (Low : 5 * 10 ^ 4 < energy (2 * PI / 512)).
  { unfold energy. apply Rlt_le_trans with ((2 ^ 7) ^ 2 * P (2 ^ 7 * (2 * PI / 512))).
    - rewrite E. interval.
    - cbn [sum]. rewrite !E.
      assert (N : forall s, 0 <= (2 ^ s) ^ 2 * (2 * PI * (2 ^ s * (2 * PI / 512)) ^ 4 * exp (- (2 ^ s * (2 * PI / 512)) ^ 2))).
      { intros s. apply Rmult_le_pos; [apply pow2_ge_0|]. apply Rmult_le_pos; [|left; apply exp_pos].
        apply Rmult_le_pos; [generalize PI_RGT_0; lra|].
        replace ((2 ^ s * (2 * PI / 512)) ^ 4) with (((2 ^ s * (2 * PI / 512)) ^ 2) ^ 2) by ring. apply pow2_ge_0. }
      generalize (N 0%nat) (N 1%nat) (N 2%nat) (N 3%nat) (N 4%nat) (N 5%nat) (N 6%nat). lra. }
  assert (High : energy PI < 4 / 100).
  { unfold energy. cbn [sum]. rewrite !E. simpl. interval. }
  lra.
Qed.
