(** Weights that a softmax makes are positive and sum to 1: a low-pass window, never a wavelet. *)
From Coq Require Import Reals Lra Lia Arith.
From Ropelet Require Import Definitions Matrices nonnegative_weights_peak_at_frequency_zero.
Local Open Scope R_scope.

Lemma sum_of_exponentials_is_positive n (scores : nat -> R) : (0 < n)%nat ->
  0 < sum n (fun t => exp (scores t)).
Proof.
  destruct n as [|n]; [lia|]. intros _. simpl.
  assert (0 <= sum n (fun t => exp (scores t))) by (apply sum_nonneg; intros; apply Rlt_le, exp_pos).
  generalize (exp_pos (scores n)). lra.
Qed.

Theorem softmax_rows_are_positive_and_sum_to_one n scores : (0 < n)%nat ->
  (forall t, 0 < softmax n scores t) /\ sum n (softmax n scores) = 1.
Proof.
  intros Hn. pose proof (sum_of_exponentials_is_positive n scores Hn) as H. split.
  - intros t. unfold softmax. apply Rdiv_lt_0_compat; [apply exp_pos|exact H].
  - rewrite (sum_ext _ _ (fun t => / sum n (fun u => exp (scores u)) * exp (scores t)))
      by (intros; unfold softmax, Rdiv; ring).
    rewrite sum_scal. field. lra.
Qed.

(** Gain 1 at frequency 0, where a wavelet has 0, and at most that anywhere. *)
Theorem attention_rows_pass_a_constant n scores : (0 < n)%nat ->
  gain2 n (softmax n scores) 0 = 1 /\ forall omega, gain2 n (softmax n scores) omega <= 1.
Proof.
  intros Hn. destruct (softmax_rows_are_positive_and_sum_to_one n scores Hn) as [H0 H1].
  assert (E : gain2 n (softmax n scores) 0 = 1) by (rewrite gain_at_zero, H1; ring).
  split; [exact E|]. intros omega. rewrite <- E.
  apply nonnegative_weights_peak_at_frequency_zero. intros; apply Rlt_le, H0.
Qed.

(** What two rows differ by has mean 0, and is a candidate. *)
Theorem differences_of_attention_rows_have_zero_mean n scores others : (0 < n)%nat ->
  sum n (fun t => softmax n scores t - softmax n others t) = 0.
Proof.
  intros Hn.
  rewrite (sum_ext _ _ (fun t => softmax n scores t + -1 * softmax n others t)) by (intros; ring).
  rewrite sum_plus, sum_scal.
  rewrite (proj2 (softmax_rows_are_positive_and_sum_to_one n scores Hn)).
  rewrite (proj2 (softmax_rows_are_positive_and_sum_to_one n others Hn)). ring.
Qed.
