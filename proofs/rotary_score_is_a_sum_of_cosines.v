(** The score of one query and one key, rotated, as a function of their lag: one cosine for each pair. *)
From Coq Require Import Reals Lra Lia Arith.
From Ropelet Require Import Definitions Matrices.
From Ropelet Require rotation_depends_on_the_lag_alone.
Local Open Scope R_scope.

(** Every point of the plane has polar coordinates. *)
Lemma polar x y : exists alpha, x = sqrt (x ^ 2 + y ^ 2) * cos alpha /\ y = sqrt (x ^ 2 + y ^ 2) * sin alpha.
Proof.
  set (r := sqrt (x ^ 2 + y ^ 2)).
  assert (Hr : 0 <= r) by apply sqrt_pos.
  assert (Hr2 : r * r = x ^ 2 + y ^ 2) by (apply sqrt_sqrt; nra).
  destruct (Req_dec r 0) as [Z|Z].
  - exists 0. rewrite Z in Hr2 |- *. split; nra.
  - assert (Hp : 0 < r) by lra.
    assert (B : -1 <= x / r <= 1).
    { split; apply (Rmult_le_reg_r r); auto; unfold Rdiv; rewrite Rmult_assoc, Rinv_l by auto; nra. }
    assert (C : cos (acos (x / r)) = x / r) by now apply cos_acos.
    assert (S2 : (r * sin (acos (x / r))) ^ 2 = y ^ 2).
    { generalize (sin2_cos2 (acos (x / r))). unfold Rsqr. rewrite C. intros E.
      assert (E' : sin (acos (x / r)) * sin (acos (x / r)) = 1 - x / r * (x / r)) by lra.
      replace ((r * sin (acos (x / r))) ^ 2) with (r * r * (sin (acos (x / r)) * sin (acos (x / r)))) by ring.
      rewrite E'. replace (r * r * (1 - x / r * (x / r))) with (r * r - x * x) by (field; auto). rewrite Hr2. ring. }
    assert (F : (r * sin (acos (x / r)) - y) * (r * sin (acos (x / r)) + y) = 0) by (ring_simplify; nra).
    apply Rmult_integral in F. destruct F as [F|F].
    + exists (acos (x / r)). rewrite C. split; [field; auto|lra].
    + exists (- acos (x / r)). rewrite cos_neg, sin_neg, C. split; [field; auto|lra].
Qed.

Definition norm_of_pair (x : nat -> R) (i : nat) : R := sqrt (x (2 * i)%nat ^ 2 + x (S (2 * i)) ^ 2).

(** What pair i adds to the score at m of the query and n of the key. *)
Lemma rotated_pair theta m h x i : (i < h)%nat ->
  apply (2 * h) (rope theta m) x (2 * i) = cos (m * theta i) * x (2 * i)%nat - sin (m * theta i) * x (S (2 * i)) /\
  apply (2 * h) (rope theta m) x (S (2 * i)) = sin (m * theta i) * x (2 * i)%nat + cos (m * theta i) * x (S (2 * i)).
Proof.
  intros Hi. unfold apply. split.
  - rewrite (sum_ext _ _ (fun c => two_taps (2 * i) (cos (m * theta i)) (- sin (m * theta i)) c * x c)).
    + rewrite sum_two_taps by lia. ring.
    + intros. now rewrite rope_even_row.
  - rewrite (sum_ext _ _ (fun c => two_taps (2 * i) (sin (m * theta i)) (cos (m * theta i)) c * x c)).
    + rewrite sum_two_taps by lia. ring.
    + intros. now rewrite rope_odd_row.
Qed.

(** The phase of a pair is the angle between its query and its key. *)
Theorem phases_are_those_of_the_pairs theta h q k alpha beta m n :
  (forall i, (i < h)%nat -> q (2 * i)%nat = norm_of_pair q i * cos (alpha i) /\ q (S (2 * i)) = norm_of_pair q i * sin (alpha i)) ->
  (forall i, (i < h)%nat -> k (2 * i)%nat = norm_of_pair k i * cos (beta i) /\ k (S (2 * i)) = norm_of_pair k i * sin (beta i)) ->
  dot (2 * h) (apply (2 * h) (rope theta m) q) (apply (2 * h) (rope theta n) k)
  = sum h (fun i => norm_of_pair q i * norm_of_pair k i * cos (theta i * (m - n) + (alpha i - beta i))).
Proof.
  intros Hq Hk. unfold dot. rewrite sum_by_pairs. apply sum_ext. intros i Hi.
  destruct (rotated_pair theta m h q i Hi) as [-> ->], (rotated_pair theta n h k i Hi) as [-> ->].
  destruct (Hq i Hi) as [Eq0 Eq1], (Hk i Hi) as [Ek0 Ek1].
  rewrite Eq0, Eq1, Ek0, Ek1.
  replace (theta i * (m - n) + (alpha i - beta i)) with ((m * theta i + alpha i) - (n * theta i + beta i)) by ring.
  rewrite cos_minus, !cos_plus, !sin_plus. ring.
Qed.

(** And every pair has a phase. *)
Theorem rotary_score_is_a_sum_of_cosines theta h q k : exists phi : nat -> R, forall m n,
  dot (2 * h) (apply (2 * h) (rope theta m) q) (apply (2 * h) (rope theta n) k)
  = sum h (fun i => norm_of_pair q i * norm_of_pair k i * cos (theta i * (m - n) + phi i)).
Proof.
  assert (P : forall x : nat -> R, exists alpha : nat -> R, forall i, (i < h)%nat ->
    x (2 * i)%nat = norm_of_pair x i * cos (alpha i) /\ x (S (2 * i)) = norm_of_pair x i * sin (alpha i)).
  { intros x. induction h as [|p [alpha IH]].
    - exists (fun _ => 0). intros i Hi. lia.
    - destruct (polar (x (2 * p)%nat) (x (S (2 * p)))) as [beta [Hc Hs]].
      exists (fun i => if Nat.eqb i p then beta else alpha i). intros i Hi.
      destruct (Nat.eqb_spec i p) as [->|Hn]; [now split|]. apply IH. lia. }
  destruct (P q) as [alpha Hq], (P k) as [beta Hk].
  exists (fun i => alpha i - beta i). intros m n. now apply phases_are_those_of_the_pairs.
Qed.
