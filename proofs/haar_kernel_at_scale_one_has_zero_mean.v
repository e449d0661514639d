(** The mirrored Haar function at scale 1 and an integer shift is one tap, of height -1. *)
From Coq Require Import Reals Lra Lia Arith.
From Coquelicot Require Import Coquelicot.
From Ropelet Require Import Definitions Matrices.
Local Open Scope R_scope.

Theorem haar_kernel_at_scale_one_is_a_single_tap b lag :
  mirrored_haar ((INR b - INR lag) / 1) = if Nat.eqb lag (S b) then -1 else 0.
Proof.
  rewrite Rdiv_1. unfold mirrored_haar. destruct (Nat.eqb_spec lag (S b)) as [->|N].
  - rewrite S_INR. repeat destruct Rlt_dec; lra.
  - destruct (lt_eq_lt_dec lag (S b)) as [[H|H]|H]; [|contradiction|].
    + assert (INR lag <= INR b) by (apply le_INR; lia). repeat destruct Rlt_dec; lra.
    + assert (INR (S (S b)) <= INR lag) by (apply le_INR; lia). rewrite !S_INR in *.
      repeat destruct Rlt_dec; lra.
Qed.

Theorem haar_kernel_at_scale_one_has_not_zero_mean b n : (S b < n)%nat ->
  sum n (fun lag => mirrored_haar ((INR b - INR lag) / 1)) = -1.
Proof.
  intros H. rewrite (sum_single n _ (S b) H).
  - now rewrite haar_kernel_at_scale_one_is_a_single_tap, Nat.eqb_refl.
  - intros t _ N. rewrite haar_kernel_at_scale_one_is_a_single_tap. now destruct (Nat.eqb_spec t (S b)).
Qed.
