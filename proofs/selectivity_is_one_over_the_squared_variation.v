(** Parseval's identity for a row that is followed by zeros, and what it makes of the peak over the rest. *)
From Coq Require Import Reals Lra Lia Arith.
From Ropelet Require Import Definitions Matrices.
From Ropelet Require Import combs_reach_the_entropic_bound nonnegative_weights_peak_at_frequency_zero.
Local Open Scope R_scope.

Lemma sum_product n g h : sum n g * sum n h = sum n (fun s => sum n (fun t => g s * h t)).
Proof.
  rewrite (sum_ext n (fun s => sum n (fun t => g s * h t)) (fun s => sum n h * g s)).
  - rewrite sum_scal. ring.
  - intros s _. rewrite sum_scal. ring.
Qed.

Lemma gain_by_differences n a omega :
  gain2 n a omega = sum n (fun s => sum n (fun t => a s * a t * cos (omega * (INR s - INR t)))).
Proof.
  unfold gain2. simpl. rewrite !Rmult_1_r, !sum_product, <- sum_plus. apply sum_ext. intros s _.
  rewrite <- sum_plus. apply sum_ext. intros t _.
  replace (omega * (INR s - INR t)) with (omega * INR s - omega * INR t) by ring. rewrite cos_minus. ring.
Qed.

(** Only equal places survive the sum over all bins. *)
Lemma sum_over_bins N s t : (0 < N)%nat -> (s < N)%nat -> (t < N)%nat ->
  sum N (fun k => cos (2 * PI * INR k / INR N * (INR s - INR t))) = if Nat.eqb s t then INR N else 0.
Proof.
  intros HN Hs Ht. assert (HN' := lt_0_INR N HN).
  assert (Main : forall d, (d < N)%nat ->
    sum N (fun k => cos (2 * PI * INR k / INR N * INR d)) = if Nat.eqb d 0 then INR N else 0).
  { intros d Hd.
    rewrite (sum_ext N _ (fun k => cos (2 * PI * INR d / INR N * INR k + 0))).
    - rewrite sum_of_roots, Nat.mod_small, cos_0, Rmult_1_r by assumption. reflexivity.
    - intros k _. f_equal. field. lra. }
  destruct (le_lt_dec t s) as [H|H].
  - rewrite <- minus_INR by exact H. rewrite Main by lia.
    destruct (Nat.eqb_spec (s - t) 0), (Nat.eqb_spec s t); reflexivity || lia.
  - rewrite (sum_ext N _ (fun k => cos (2 * PI * INR k / INR N * INR (t - s)))).
    + rewrite Main by lia. destruct (Nat.eqb_spec (t - s) 0), (Nat.eqb_spec s t); reflexivity || lia.
    + intros k _. rewrite minus_INR, <- cos_neg by lia. f_equal. ring.
Qed.

Theorem powers_of_a_padded_row_sum_to_its_energy n z a : (0 < n)%nat -> (0 < z)%nat ->
  let N := (z * n)%nat in
  sum N (fun k => gain2 n a (2 * PI * INR k / INR N)) = INR N * sum n (fun t => a t ^ 2).
Proof.
  intros Hn Hz N. assert (HN : (n <= N)%nat) by (unfold N; nia).
  rewrite (sum_ext N _ (fun k => sum n (fun s => sum n (fun t =>
    a s * a t * cos (2 * PI * INR k / INR N * (INR s - INR t)))))) by (intros; apply gain_by_differences).
  rewrite sum_swap, <- sum_scal. apply sum_ext. intros s Hs.
  rewrite sum_swap, (sum_single n _ s Hs).
  - rewrite sum_scal, sum_over_bins, Nat.eqb_refl by lia. ring.
  - intros t Ht Hts. rewrite sum_scal, sum_over_bins by lia.
    destruct (Nat.eqb_spec s t); [congruence|ring].
Qed.

Theorem selectivity_is_one_over_the_squared_variation n z a :
  (0 < n)%nat -> (0 < z)%nat -> (forall t, (t < n)%nat -> 0 <= a t) -> 0 < sum n a ->
  let N := (z * n)%nat in
  let P k := gain2 n a (2 * PI * INR k / INR N) in
  let c := INR n * sum n (fun t => a t ^ 2) / sum n a ^ 2 - 1 in
  INR z * (1 + c) <> 1 ->
  (forall k, P k <= P 0%nat) /\ P 0%nat / (sum N P - P 0%nat) = / (INR z * (1 + c) - 1).
Proof.
  intros Hn Hz Ha Hs N P c Hc.
  assert (Hn' := lt_0_INR n Hn). assert (Hz' := lt_0_INR z Hz).
  assert (E0 : P 0%nat = sum n a ^ 2).
  { unfold P. replace (2 * PI * INR 0 / INR N) with 0 by (simpl; unfold Rdiv; ring). apply gain_at_zero. }
  split.
  - intros k. rewrite E0, <- gain_at_zero. now apply nonnegative_weights_peak_at_frequency_zero.
  - assert (E : sum N P = INR z * (1 + c) * sum n a ^ 2).
    { unfold P, N. rewrite powers_of_a_padded_row_sum_to_its_energy by assumption.
      rewrite mult_INR. unfold c. field. lra. }
    rewrite E, E0. clear E E0. generalize (pow_nonzero (sum n a) 2 ltac:(lra)). intros Hs2.
    set (x := INR z * (1 + c)) in *. set (y := sum n a ^ 2) in *.
    replace (x * y - y) with ((x - 1) * y) by ring.
    assert (x - 1 <> 0) by (intros X; apply Hc; lra). field. now split.
Qed.
