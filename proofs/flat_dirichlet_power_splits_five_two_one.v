(** Expected power of a row whose weights have one mean square and one mean product, and its bands. *)
From Coq Require Import Reals Lra Lia Arith.
From Ropelet Require Import Definitions Matrices.
From Ropelet Require Import combs_reach_the_entropic_bound.
Local Open Scope R_scope.

(** The mean of |a^(k)|^2, from E a_t^2 = A and E a_s a_t = B. *)
Definition expected_power (n : nat) (A B : R) (k : nat) : R :=
  sum n (fun s => sum n (fun t =>
    (if Nat.eqb s t then A else B) * cos (2 * PI * INR k / INR n * (INR s - INR t)))).

Theorem power_of_exchangeable_weights n A B k : (0 < n)%nat ->
  expected_power n A B k = INR n * (A - B) + if Nat.eqb (k mod n) 0 then INR n ^ 2 * B else 0.
Proof.
  intros Hn. assert (Hn' := lt_0_INR n Hn). unfold expected_power.
  set (w := 2 * PI * INR k / INR n).
  rewrite (sum_ext n _ (fun _ => (A - B) + if Nat.eqb (k mod n) 0 then INR n * B else 0)).
  - rewrite sum_const. destruct (Nat.eqb (k mod n) 0); ring.
  - intros s Hs.
    rewrite (sum_ext n _ (fun t => B * cos (w * INR t + - (w * INR s)) + if Nat.eqb s t then A - B else 0)).
    + rewrite sum_plus, sum_scal. unfold w. rewrite sum_of_roots by auto. fold w.
      rewrite (sum_single n (fun t => if Nat.eqb s t then A - B else 0) s Hs).
      * rewrite Nat.eqb_refl. destruct (Nat.eqb_spec (k mod n) 0) as [E|E]; [|ring].
        apply Nat.mod_divides in E; [|lia]. destruct E as [p ->].
        assert (W : cos (- (w * INR s)) = 1).
        { rewrite cos_neg. replace (w * INR s) with (0 + 2 * PI * INR (p * s)).
          - now rewrite whole_turns, cos_0.
          - unfold w. rewrite !mult_INR. field. lra. }
        rewrite W. ring.
      * intros t _ Ht. destruct (Nat.eqb_spec s t); congruence.
    + intros t _. replace (w * (INR s - INR t)) with (- (w * INR t + - (w * INR s))) by ring. rewrite cos_neg.
      destruct (Nat.eqb_spec s t) as [<-|_]; [|ring].
      replace (w * INR s + - (w * INR s)) with 0 by ring. rewrite cos_0. ring.
Qed.

(** Of n = 8p keys: frequency 0 has 1, every other 1/(n + 1); a bin on an edge counts half in either band. *)
Theorem flat_dirichlet_power_splits_five_two_one p : (0 < p)%nat ->
  let n := (8 * p)%nat in
  let P := expected_power n (2 / (INR n * (INR n + 1))) (1 / (INR n * (INR n + 1))) in
  let other := / (INR n + 1) in
  let total := 1 + (INR n - 1) * other in
  P 0%nat = 1 /\ (forall k, (0 < k < n)%nat -> P k = other) /\
  (1 + (2 * INR p - 1) * other) / total = 5 / 8 /\
  4 * INR p * other / total = 1 / 4 /\ 2 * INR p * other / total = 1 / 8.
Proof.
  intros Hp n P other total.
  assert (Hp' := lt_0_INR p Hp). assert (Hn : INR n = 8 * INR p) by (unfold n; rewrite mult_INR; simpl; ring).
  assert (Hn0 : (0 < n)%nat) by (unfold n; lia).
  assert (T : total = 2 * INR n / (INR n + 1)) by (unfold total, other; field; lra).
  repeat split.
  - unfold P. rewrite power_of_exchangeable_weights by auto. rewrite Nat.mod_0_l by lia. simpl Nat.eqb. cbv iota. field. lra.
  - intros k Hk. unfold P, other. rewrite power_of_exchangeable_weights by auto. rewrite Nat.mod_small by lia.
    destruct (Nat.eqb_spec k 0); [lia|]. field. lra.
  - rewrite T. unfold other. rewrite Hn. field. lra.
  - rewrite T. unfold other. rewrite Hn. field. lra.
  - rewrite T. unfold other. rewrite Hn. field. lra.
Qed.
