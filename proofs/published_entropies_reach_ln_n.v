(** Under Hann's window a sink at key 0 leaves two bins of a one-sided spectrum, whatever the length of the row. *)
From Coq Require Import Reals Lra Lia Arith.
From Ropelet Require Import Definitions Matrices.
From Ropelet Require Import combs_reach_the_entropic_bound.
Local Open Scope R_scope.

(** * Hann's window over n keys, and its transform *)

Lemma product_of_cosines x y : cos x * cos y = / 2 * cos (x + y) + / 2 * cos (x - y).
Proof. rewrite cos_plus, cos_minus. field. Qed.

(** Whole turns at bins 0, 1 and those that are congruent to them. *)
Lemma transform_of_hann n k phi : (3 <= n)%nat -> (k <= n / 2)%nat ->
  sum n (fun t => hann n t * cos (2 * PI * INR k / INR n * INR t + phi))
  = INR n * cos phi * (if Nat.eqb k 0 then / 2 else if Nat.eqb k 1 then - / 4 else 0).
Proof.
  intros Hn Hk. assert (Hn' := lt_0_INR n ltac:(lia)).
  assert (Half : (n / 2 + 1 < n)%nat) by (generalize (Nat.div_mod n 2 ltac:(lia)); lia).
  assert (Roots := fun j => sum_of_roots n j phi ltac:(lia)).
  set (u := fun j t => cos (2 * PI * INR j / INR n * INR t + phi)).
  (* Twice the product is a sum of the neighbouring bins; bin 0 has bin 1 and its mirror. *)
  destruct k as [|k].
  - rewrite (sum_ext n _ (fun t => / 2 * u 0%nat t + - / 2 * (cos phi * cos (2 * PI * INR 1 / INR n * INR t + 0)))).
    + rewrite sum_plus, !sum_scal. unfold u.
      rewrite (Roots 0%nat), (sum_of_roots n 1 0) by lia.
      rewrite Nat.mod_0_l, Nat.mod_small by lia. simpl Nat.eqb. cbv iota. ring.
    + intros t _. unfold hann, u.
      replace (2 * PI * INR 0 / INR n * INR t + phi) with phi by (simpl; field; lra).
      replace (2 * PI * INR 1 / INR n * INR t + 0) with (2 * PI * INR t / INR n) by (simpl; field; lra). field.
  - rewrite (sum_ext n _ (fun t => / 2 * u (S k) t + - / 4 * (u (S (S k)) t + u k t))).
    + rewrite sum_plus, !sum_scal, sum_plus. unfold u. rewrite !Roots, !(Nat.mod_small _ n) by lia.
      destruct k as [|k]; simpl Nat.eqb; cbv iota; field.
    + intros t _. unfold hann, u.
      replace (2 * PI * INR (S (S k)) / INR n * INR t + phi)
        with ((2 * PI * INR (S k) / INR n * INR t + phi) + 2 * PI * INR t / INR n) by (rewrite !S_INR; field; lra).
      replace (2 * PI * INR k / INR n * INR t + phi)
        with ((2 * PI * INR (S k) / INR n * INR t + phi) - 2 * PI * INR t / INR n) by (rewrite !S_INR; field; lra).
      assert (P := product_of_cosines (2 * PI * INR (S k) / INR n * INR t + phi) (2 * PI * INR t / INR n)). lra.
Qed.

Lemma hann_takes_key_zero_away n : hann n 0 = 0.
Proof. unfold hann. simpl INR. replace (2 * PI * 0 / INR n) with 0 by (unfold Rdiv; ring). rewrite cos_0. field. Qed.

(** * The row with a sink *)

Lemma power_of_the_sink s n k : (3 <= n)%nat -> (k <= n / 2)%nat ->
  gain2 n (fun t => hann n t * sink s n t) (2 * PI * INR k / INR n)
  = (1 - s) ^ 2 * (if Nat.eqb k 0 then / 4 else if Nat.eqb k 1 then / 16 else 0).
Proof.
  intros Hn Hk. assert (Hn' := lt_0_INR n ltac:(lia)). unfold gain2. set (w := 2 * PI * INR k / INR n).
  assert (T : forall h : R -> R, sum n (fun t => hann n t * sink s n t * h (w * INR t))
    = (1 - s) / INR n * sum n (fun t => hann n t * h (w * INR t))).
  { intros h. rewrite <- sum_scal. apply sum_ext. intros [|t] _; unfold sink; simpl Nat.eqb; cbv iota.
    - rewrite hann_takes_key_zero_away. ring.
    - field. lra. }
  rewrite (T cos), (T sin).
  rewrite (sum_ext n (fun t => hann n t * cos (w * INR t)) (fun t => hann n t * cos (w * INR t + 0)))
    by (intros; now rewrite Rplus_0_r).
  rewrite (sum_ext n (fun t => hann n t * sin (w * INR t)) (fun t => hann n t * cos (w * INR t + - (PI / 2)))).
  2: { intros t _. f_equal. replace (w * INR t + - (PI / 2)) with (- (PI / 2 - w * INR t)) by ring.
       now rewrite cos_neg, cos_shift. }
  unfold w. rewrite !transform_of_hann by assumption. rewrite cos_0, cos_neg, cos_PI2.
  destruct (Nat.eqb k 0); [field; lra|]. destruct (Nat.eqb k 1); field; lra.
Qed.

(** The shares of the bins 0 to n/2: four fifths, one fifth, nothing. *)
Lemma entropy_of_the_published_spectrum s n : (3 <= n)%nat -> s < 1 ->
  let P k := gain2 n (fun t => hann n t * sink s n t) (2 * PI * INR k / INR n) in
  let bins := (n / 2 + 1)%nat in
  entropy bins (fun k => P k / sum bins P) = ln 5 - 8 / 5 * ln 2.
Proof.
  intros Hn Hs P bins.
  assert (Half : (1 <= n / 2)%nat) by (apply Nat.div_le_lower_bound; lia).
  assert (E : bins = (2 + (n / 2 - 1))%nat) by (unfold bins; lia).
  assert (Two : forall g, (forall k, (1 < k <= n / 2)%nat -> g k = 0) -> sum bins g = g 0%nat + g 1%nat).
  { intros g Hg. rewrite E, sum_add, (sum_of_zeros (n / 2 - 1)); [simpl; ring|]. intros r Hr. apply Hg. lia. }
  assert (Pk : forall k, (k <= n / 2)%nat -> P k = (1 - s) ^ 2 * (if Nat.eqb k 0 then / 4 else if Nat.eqb k 1 then / 16 else 0))
    by (intros; now apply power_of_the_sink).
  assert (P0 : P 0%nat = (1 - s) ^ 2 * / 4) by (rewrite Pk by lia; reflexivity).
  assert (P1 : P 1%nat = (1 - s) ^ 2 * / 16) by (rewrite Pk by lia; reflexivity).
  assert (Z : forall k, (1 < k <= n / 2)%nat -> P k = 0).
  { intros k Hk. rewrite Pk by lia. destruct k as [|[|k]]; [lia|lia|]. simpl. ring. }
  assert (Q : 0 < (1 - s) ^ 2) by (apply pow_lt; lra).
  assert (Total : sum bins P = (1 - s) ^ 2 * (5 / 16)) by (rewrite Two, P0, P1 by exact Z; field).
  unfold entropy. rewrite Two by (intros k Hk; rewrite Z by exact Hk; unfold Rdiv; ring).
  rewrite P0, P1, Total.
  replace ((1 - s) ^ 2 * / 4 / ((1 - s) ^ 2 * (5 / 16))) with (2 * (2 * / 5)) by (field; lra).
  replace ((1 - s) ^ 2 * / 16 / ((1 - s) ^ 2 * (5 / 16))) with (/ 5) by (field; lra).
  rewrite !ln_mult, ln_Rinv by lra. field.
Qed.

(** * The entropy of the row *)

(** x ln(1/x) is at most twice the root of x, here for x = r^2. *)
Lemma small_share r : 0 < r -> - (r ^ 2 * ln (r ^ 2)) <= 2 * r.
Proof.
  intros Hr. assert (I : 0 < / r) by now apply Rinv_0_lt_compat.
  assert (L : ln (/ r) <= / r).
  { assert (E := exp_ineq1_le (ln (/ r))). rewrite exp_ln in E by exact I. lra. }
  rewrite ln_Rinv in L by exact Hr.
  replace (r ^ 2) with (r * r) by ring. rewrite ln_mult by exact Hr.
  assert (r * r * - ln r <= r * r * / r) by (apply Rmult_le_compat_l; [apply Rmult_le_pos; lra|exact L]).
  replace (r * r * / r) with r in H by (field; lra). lra.
Qed.

Lemma large_share p : 0 < p -> - (p * ln p) <= 1 - p.
Proof.
  intros Hp. assert (I : 0 < / p) by now apply Rinv_0_lt_compat.
  assert (L : ln (/ p) <= / p - 1).
  { assert (E := exp_ineq1_le (ln (/ p))). rewrite exp_ln in E by exact I. lra. }
  rewrite ln_Rinv in L by exact Hp.
  assert (p * - ln p <= p * (/ p - 1)) by (apply Rmult_le_compat_l; lra).
  replace (p * (/ p - 1)) with (1 - p) in H by (field; lra). lra.
Qed.

Lemma entropy_of_a_strong_sink n r : (3 <= n)%nat -> 0 < r -> INR n * r <= 1 -> r <= 1 ->
  entropy n (sink (1 - INR n * r ^ 2) n) <= 3 * INR n * r.
Proof.
  intros Hn Hr H1 H2. assert (Hn' := lt_0_INR n ltac:(lia)). unfold entropy.
  destruct n as [|n]; [lia|].
  assert (E : sum (S n) (fun t => sink (1 - INR (S n) * r ^ 2) (S n) t * ln (sink (1 - INR (S n) * r ^ 2) (S n) t))
    = (1 - INR n * r ^ 2) * ln (1 - INR n * r ^ 2) + INR n * (r ^ 2 * ln (r ^ 2))).
  { replace (S n) with (1 + n)%nat at 1 by lia. rewrite sum_add.
    rewrite (sum_ext n _ (fun _ => r ^ 2 * ln (r ^ 2))).
    - rewrite sum_const. cbn [sum]. unfold sink at 1 2. simpl Nat.eqb. cbv iota.
      replace (1 - INR (S n) * r ^ 2 + (1 - (1 - INR (S n) * r ^ 2)) / INR (S n)) with (1 - INR n * r ^ 2)
        by (rewrite S_INR in *; field; lra). ring.
    - intros t _. unfold sink. simpl Nat.eqb. cbv iota.
      replace (0 + (1 - (1 - INR (S n) * r ^ 2)) / INR (S n)) with (r ^ 2) by (field; lra). reflexivity. }
  rewrite E. rewrite S_INR in *. assert (N := pos_INR n).
  assert (P : 0 < 1 - INR n * r ^ 2) by (simpl; nra).
  assert (A := large_share _ P). assert (B := small_share r Hr).
  assert (INR n * - (r ^ 2 * ln (r ^ 2)) <= INR n * (2 * r)) by (apply Rmult_le_compat_l; lra).
  assert (INR n * r ^ 2 <= INR n * r) by (apply Rmult_le_compat_l; [lra|simpl; nra]). lra.
Qed.

(** Both entropies together come as near to ln 5 - 8/5 ln 2 = 0.5004 as one likes. *)
Theorem published_entropies_fall_below_every_bound n epsilon : (3 <= n)%nat -> 0 < epsilon ->
  exists s, 0 <= s < 1 /\
    let P k := gain2 n (fun t => hann n t * sink s n t) (2 * PI * INR k / INR n) in
    let bins := (n / 2 + 1)%nat in
    entropy bins (fun k => P k / sum bins P) = ln 5 - 8 / 5 * ln 2 /\
    entropy n (sink s n) + entropy bins (fun k => P k / sum bins P) < ln 5 - 8 / 5 * ln 2 + epsilon.
Proof.
  intros Hn He. assert (Hn' : 3 <= INR n) by (replace 3 with (INR 3) by (simpl; ring); now apply le_INR).
  set (r := Rmin (/ INR n) (epsilon / (4 * INR n))).
  assert (Hr : 0 < r).
  { unfold r. apply Rmin_pos; [apply Rinv_0_lt_compat; lra|apply Rdiv_lt_0_compat; lra]. }
  assert (R1 : INR n * r <= 1).
  { replace 1 with (INR n * / INR n) by (field; lra). apply Rmult_le_compat_l; [lra|apply Rmin_l]. }
  assert (R2 : 3 * INR n * r < epsilon).
  { apply Rle_lt_trans with (3 * INR n * (epsilon / (4 * INR n))).
    - apply Rmult_le_compat_l; [lra|apply Rmin_r].
    - replace (3 * INR n * (epsilon / (4 * INR n))) with (3 / 4 * epsilon) by (field; lra). lra. }
  assert (R3 : r <= 1) by nra.
  assert (S0 : 0 < INR n * r ^ 2) by (apply Rmult_lt_0_compat; [lra|now apply pow_lt]).
  assert (S1 : INR n * r ^ 2 <= 1) by (simpl; nra).
  exists (1 - INR n * r ^ 2). split; [lra|].
  intros P bins. assert (E := entropy_of_the_published_spectrum (1 - INR n * r ^ 2) n Hn ltac:(lra)).
  cbv zeta in E. fold P bins in E. split; [exact E|]. rewrite E.
  assert (B := entropy_of_a_strong_sink n r Hn Hr R1 R3). lra.
Qed.

(** The same as the claim denies it. *)
Theorem published_entropies_do_not_reach_ln_n n : (3 <= n)%nat -> exists s, 0 <= s < 1 /\
  let P k := gain2 n (fun t => hann n t * sink s n t) (2 * PI * INR k / INR n) in
  let bins := (n / 2 + 1)%nat in
  entropy n (sink s n) + entropy bins (fun k => P k / sum bins P) < ln (INR n).
Proof.
  intros Hn. assert (Hn' : 3 <= INR n) by (replace 3 with (INR 3) by (simpl; ring); now apply le_INR).
  assert (L3 : ln 3 <= ln (INR n)) by (destruct Hn' as [H| <-]; [left; apply ln_increasing; lra|lra]).
  assert (L : ln 5 - 8 / 5 * ln 2 < ln 3).
  { assert (A : ln (5 ^ 5) < ln (2 ^ 8 * 3 ^ 5)) by (apply ln_increasing; lra).
    rewrite ln_mult, !ln_pow in A by lra. simpl INR in A. lra. }
  destruct (published_entropies_fall_below_every_bound n (ln (INR n) - (ln 5 - 8 / 5 * ln 2)) Hn ltac:(lra))
    as [s [Hs [_ H]]].
  exists s. split; [exact Hs|]. cbv zeta in H |- *. lra.
Qed.

(** * Without a window: one-sidedness alone *)

Theorem one_key_over_half_the_bins_falls_short n o : (3 <= n)%nat -> (o < n)%nat ->
  let a t := if Nat.eqb t o then 1 else 0 in
  let P k := gain2 n a (2 * PI * INR k / INR n) in
  let bins := (n / 2 + 1)%nat in
  entropy n a = 0 /\ entropy bins (fun k => P k / sum bins P) = ln (INR bins) /\ ln (INR bins) < ln (INR n).
Proof.
  intros Hn Ho a P bins.
  assert (Half : (n / 2 + 1 < n)%nat) by (generalize (Nat.div_mod n 2 ltac:(lia)); lia).
  assert (Hb : 0 < INR bins) by (apply lt_0_INR; unfold bins; lia).
  assert (One : forall h : nat -> R, sum n (fun t => a t * h t) = h o).
  { intros h. rewrite (sum_single n _ o Ho); unfold a; [rewrite Nat.eqb_refl; ring|].
    intros t _ Ht. apply Nat.eqb_neq in Ht. rewrite Ht. ring. }
  assert (Pk : forall k, P k = 1).
  { intros k. unfold P, gain2. rewrite !One. generalize (sin2_cos2 (2 * PI * INR k / INR n * INR o)). unfold Rsqr. simpl. lra. }
  repeat split.
  - unfold entropy. rewrite One. unfold a. rewrite Nat.eqb_refl, ln_1. ring.
  - unfold entropy. rewrite (sum_ext bins P (fun _ => 1)), sum_const, Rmult_1_r by (intros; apply Pk).
    rewrite (sum_ext bins _ (fun _ => / INR bins * - ln (INR bins))).
    + rewrite sum_const. field. lra.
    + intros k _. rewrite Pk. unfold Rdiv. rewrite Rmult_1_l, ln_Rinv by exact Hb. reflexivity.
  - apply ln_increasing; [exact Hb|]. apply lt_INR. exact Half.
Qed.
