(** Cosine and sine over whole turns integrate to 0. *)
From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ropelet Require Import Definitions Matrices Integrals HaarLike.
Local Open Scope R_scope.

Theorem haar_like_pair_has_zero_mean K : (1 <= K)%nat ->
  line_integral (psi (turns K)) 0 /\ line_integral (psi' (turns K)) 0.
Proof.
  intros HK. assert (HW := full_bound K HK).
  assert (C : is_RInt (fun t => psi (turns K) t * 1) 0 2 (0 + 0)).
  { apply integral_of_psi.
    - apply (integral_of_primitive (fun t => sin (full K * t) / full K)).
      + intros t; auto_derive; auto. field; lra.
      + smooth.
      + rewrite Rmult_1_r, Rmult_0_r, sin_0, sin_full. field; lra.
    - apply (integral_of_primitive (fun t => cos (full K * (t - 1)) / full K)).
      + intros t; auto_derive; auto. unfold Rminus. field; lra.
      + smooth.
      + replace (full K * (1 - 1)) with 0 by ring. replace (full K * (2 - 1)) with (full K) by ring.
        rewrite cos_0, cos_full. field; lra. }
  assert (S : is_RInt (fun t => psi' (turns K) t * 1) 0 2 (0 + 0)).
  { apply integral_of_psi'.
    - apply (integral_of_primitive (fun t => - cos (full K * t) / full K)).
      + intros t; auto_derive; auto. field; lra.
      + smooth.
      + rewrite Rmult_1_r, Rmult_0_r, cos_0, cos_full. field; lra.
    - apply (integral_of_primitive (fun t => sin (full K * (t - 1)) / full K)).
      + intros t; auto_derive; auto. unfold Rminus. field; lra.
      + smooth.
      + replace (full K * (1 - 1)) with 0 by ring. replace (full K * (2 - 1)) with (full K) by ring.
        rewrite sin_0, sin_full. field; lra. }
  rewrite Rplus_0_l in C, S.
  split; apply line_integral_of_pair; try (intros t Ht; apply (psi_outside (turns K) t Ht)).
  - apply (is_RInt_ext _ _ _ _ _ (fun t _ => Rmult_1_r _) C).
  - apply (is_RInt_ext _ _ _ _ _ (fun t _ => Rmult_1_r _) S).
Qed.
