(** ALiBi without content: a positive window over the lag with gain 1 at frequency 0. *)
From Coq Require Import Reals Lra Lia Arith.
From Ropelet Require Import Definitions Matrices nonnegative_weights_peak_at_frequency_zero attention_rows_have_zero_mean.
Local Open Scope R_scope.

Theorem alibi_windows_are_positive_with_gain_one slope n : (0 < n)%nat ->
  (forall lag, 0 < alibi slope n lag) /\ gain2 n (alibi slope n) 0 = 1 /\
  forall omega, gain2 n (alibi slope n) omega <= 1.
Proof.
  intros Hn. set (scores := fun lag => - slope * INR lag).
  change (alibi slope n) with (softmax n scores).
  split; [apply softmax_rows_are_positive_and_sum_to_one; exact Hn|].
  now apply attention_rows_pass_a_constant.
Qed.

(** Two windows of different slopes differ by a function of mean 0 that is not 0. *)
Theorem differences_of_alibi_windows_have_zero_mean slope other n : (1 < n)%nat -> slope <> other ->
  sum n (fun lag => alibi slope n lag - alibi other n lag) = 0 /\
  exists lag, (lag < n)%nat /\ alibi slope n lag - alibi other n lag <> 0.
Proof.
  intros Hn Hs. split.
  - change (alibi slope n) with (softmax n (fun lag => - slope * INR lag)).
    change (alibi other n) with (softmax n (fun lag => - other * INR lag)).
    apply differences_of_attention_rows_have_zero_mean. lia.
  - pose proof (sum_of_exponentials_is_positive n (fun lag => - slope * INR lag) ltac:(lia)) as P.
    pose proof (sum_of_exponentials_is_positive n (fun lag => - other * INR lag) ltac:(lia)) as Q.
    set (p := sum n (fun lag => exp (- slope * INR lag))) in *.
    set (q := sum n (fun lag => exp (- other * INR lag))) in *.
    assert (E : forall s lag, alibi s n lag = exp (- s * INR lag) / sum n (fun t => exp (- s * INR t)))
      by reflexivity.
    (* Equal at lags 0 and 1, the windows would have equal sums and equal slopes. *)
    destruct (Req_dec (alibi slope n 0 - alibi other n 0) 0) as [H0|H0]; [|exists 0%nat; split; [lia|exact H0]].
    exists 1%nat. split; [lia|]. intros H1.
    rewrite !E in H0, H1. fold p q in H0, H1. simpl INR in H0, H1.
    rewrite !Rmult_0_r, exp_0 in H0. rewrite !Rmult_1_r in H1.
    assert (p = q).
    { rewrite <- (Rinv_inv p), <- (Rinv_inv q). f_equal. unfold Rdiv in H0. lra. }
    assert (exp (- slope) = exp (- other)).
    { rewrite <- H in H1.
      replace (exp (- slope)) with ((exp (- slope) / p - exp (- other) / p) * p + exp (- other)) by (field; lra).
      rewrite H1. ring. }
    apply exp_inv in H2. lra.
Qed.
