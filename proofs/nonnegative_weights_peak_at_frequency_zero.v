(** Nonnegative weights pass a constant signal best: no frequency has a larger gain than 0. *)
From Coq Require Import Reals Lra Lia Arith.
From Ropelet Require Import Definitions Matrices.
Local Open Scope R_scope.

Lemma sum_le n g h : (forall t, (t < n)%nat -> g t <= h t) -> sum n g <= sum n h.
Proof.
  induction n as [|n IH]; simpl; intros H; [lra|].
  apply Rplus_le_compat; [apply IH; intros; apply H; lia|apply H; lia].
Qed.

(** Cauchy and Schwarz, for two coordinates. *)
Lemma projection_is_shorter c s x : c * cos x + s * sin x <= sqrt (c ^ 2 + s ^ 2).
Proof.
  apply Rsqr_incr_0_var; [|apply sqrt_pos].
  rewrite Rsqr_sqrt by nra. unfold Rsqr. generalize (sin2_cos2 x). unfold Rsqr. intros E.
  assert (0 <= (c * sin x - s * cos x) ^ 2) by apply pow2_ge_0.
  replace (c ^ 2 + s ^ 2) with ((c ^ 2 + s ^ 2) * (sin x * sin x + cos x * cos x)) by (rewrite E; ring).
  nra.
Qed.

Lemma gain_at_zero n a : gain2 n a 0 = (sum n a) ^ 2.
Proof.
  unfold gain2.
  rewrite (sum_ext n (fun t => a t * cos (0 * INR t)) a) by (intros; rewrite Rmult_0_l, cos_0; ring).
  rewrite (sum_of_zeros n (fun t => a t * sin (0 * INR t))) by (intros; rewrite Rmult_0_l, sin_0; ring).
  ring.
Qed.

Theorem nonnegative_weights_peak_at_frequency_zero n a omega :
  (forall t, (t < n)%nat -> 0 <= a t) -> gain2 n a omega <= gain2 n a 0.
Proof.
  intros Ha. rewrite gain_at_zero. unfold gain2.
  set (c := sum n _). set (s := sum n (fun t => a t * sin _)). set (r := sqrt (c ^ 2 + s ^ 2)).
  assert (Hr : 0 <= r) by apply sqrt_pos.
  assert (Hr2 : r * r = c ^ 2 + s ^ 2) by (apply sqrt_sqrt; nra).
  assert (Hsum : 0 <= sum n a) by now apply sum_nonneg.
  assert (E : r * r <= r * sum n a).
  { rewrite Hr2, <- sum_scal.
    replace (c ^ 2 + s ^ 2) with (sum n (fun t => a t * (c * cos (omega * INR t) + s * sin (omega * INR t)))).
    - apply sum_le. intros t Ht. rewrite (Rmult_comm r). apply Rmult_le_compat_l; [now apply Ha|].
      apply projection_is_shorter.
    - rewrite (sum_ext _ _ (fun t => c * (a t * cos (omega * INR t)) + s * (a t * sin (omega * INR t))))
        by (intros; ring).
      rewrite sum_plus, !sum_scal. fold c s. ring. }
  assert (r <= sum n a) by nra.
  rewrite <- Hr2. nra.
Qed.
