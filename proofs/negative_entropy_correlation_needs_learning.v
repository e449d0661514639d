(** The entropies of ALiBi's windows fall, and those of their spectra rise, with the slope: no collection of heads that
    learned nothing escapes a negative covariance. *)
From Coq Require Import Reals Lra Lia Arith.
From Ropelet Require Import Definitions Matrices.
From Ropelet Require Import combs_reach_the_entropic_bound attention_rows_have_zero_mean.
Local Open Scope R_scope.

Lemma sum_positive n g j : (j < n)%nat -> (forall t, (t < n)%nat -> 0 <= g t) -> 0 < g j -> 0 < sum n g.
Proof.
  intros Hj Hg H. induction n as [|n IH]; [lia|]. cbn [sum].
  assert (A := sum_nonneg n g ltac:(intros; apply Hg; lia)). assert (B := Hg n ltac:(lia)).
  destruct (Nat.eq_dec n j) as [->|Hn]; [lra|].
  assert (0 < sum n g) by (apply IH; [lia|intros; apply Hg; lia]). lra.
Qed.

Lemma sum_le n g h : (forall t, (t < n)%nat -> g t <= h t) -> sum n g <= sum n h.
Proof.
  induction n as [|n IH]; intros H; [simpl; lra|]. cbn [sum].
  assert (A := IH ltac:(intros; apply H; lia)). assert (B := H n ltac:(lia)). lra.
Qed.

(** * Products of differences *)

Lemma sum_of_products_of_differences n w x y :
  sum n (fun i => sum n (fun j => w i * w j * ((x i - x j) * (y i - y j))))
  = 2 * (sum n w * sum n (fun i => w i * (x i * y i)) - sum n (fun i => w i * x i) * sum n (fun i => w i * y i)).
Proof.
  rewrite (sum_ext n _ (fun i => w i * (x i * y i) * sum n w
    + (w i * sum n (fun j => w j * (x j * y j))
    + -1 * ((w i * x i) * sum n (fun j => w j * y j) + (w i * y i) * sum n (fun j => w j * x j))))).
  - rewrite !sum_plus, sum_scal, sum_plus.
    rewrite (sum_ext n (fun t => w t * (x t * y t) * sum n w) (fun t => sum n w * (w t * (x t * y t)))) by (intros; ring).
    rewrite (sum_ext n (fun t => w t * sum n (fun j => w j * (x j * y j)))
      (fun t => sum n (fun j => w j * (x j * y j)) * w t)) by (intros; ring).
    rewrite (sum_ext n (fun t => w t * x t * sum n (fun j => w j * y j))
      (fun t => sum n (fun j => w j * y j) * (w t * x t))) by (intros; ring).
    rewrite (sum_ext n (fun t => w t * y t * sum n (fun j => w j * x j))
      (fun t => sum n (fun j => w j * x j) * (w t * y t))) by (intros; ring).
    rewrite !sum_scal. ring.
  - intros i _.
    rewrite (sum_ext n _ (fun j => (w i * (x i * y i)) * w j + (w i * (w j * (x j * y j))
      + -1 * ((w i * x i) * (w j * y j) + (w i * y i) * (w j * x j))))) by (intros; ring).
    rewrite !sum_plus, !sum_scal, sum_plus, !sum_scal. ring.
Qed.

(** * A distribution that is more peaked has less entropy *)

Lemma ln_below x : 0 < x -> ln x <= x - 1.
Proof.
  intros H. assert (E := exp_ineq1_le (ln x)). rewrite exp_ln in E by exact H. lra.
Qed.

Lemma ln_increases x y : 0 < x -> x <= y -> ln x <= ln y.
Proof. intros Hx [H|<-]; [left; now apply ln_increasing|lra]. Qed.

(** Where p is larger, so is the quotient of p' by p, at least once strictly. *)
Lemma more_peaked_has_less_entropy n p p' :
  (forall t, (t < n)%nat -> 0 < p t) -> (forall t, (t < n)%nat -> 0 < p' t) -> sum n p = 1 -> sum n p' = 1 ->
  (forall i j, (i < n)%nat -> (j < n)%nat -> p i <= p j -> p' i * p j <= p' j * p i) ->
  (exists i j, (i < n)%nat /\ (j < n)%nat /\ p i < p j /\ p' i * p j < p' j * p i) ->
  entropy n p' < entropy n p.
Proof.
  intros Hp Hp' Sp Sp' Mono [a [b [Ha [Hb [Hab Strict]]]]]. unfold entropy.
  (* Gibbs' inequality. *)
  assert (Gibbs : sum n (fun t => p' t * ln (p t)) <= sum n (fun t => p' t * ln (p' t))).
  { assert (G : sum n (fun t => p' t * ln (p t) + -1 * (p' t * ln (p' t))) <= sum n (fun t => p t + -1 * p' t)).
    { apply sum_le. intros t Ht. assert (X := Hp t Ht). assert (Y := Hp' t Ht).
      assert (Q : 0 < p t / p' t) by now apply Rdiv_lt_0_compat.
      assert (L := ln_below _ Q). unfold Rdiv in L. rewrite ln_mult, ln_Rinv in L by (auto; now apply Rinv_0_lt_compat).
      change (p t * / p' t) with (p t / p' t) in L.
      apply Rle_trans with (p' t * (p t / p' t - 1)).
      - replace (p' t * ln (p t) + -1 * (p' t * ln (p' t))) with (p' t * (ln (p t) + - ln (p' t))) by ring.
        apply Rmult_le_compat_l; lra.
      - right. field. lra. }
    rewrite !sum_plus, !sum_scal, Sp, Sp' in G. lra. }
  (* The covariance of p'/p and ln p under p. *)
  set (ratio := fun t => p' t / p t). set (l := fun t => ln (p t)).
  assert (Pair : forall i j, (i < n)%nat -> (j < n)%nat -> p i <= p j -> ratio i <= ratio j /\ l i <= l j).
  { intros i j Hi Hj H. assert (X := Hp i Hi). assert (Y := Hp j Hj). split; [|now apply ln_increases].
    apply (Rmult_le_reg_r (p i * p j)); [now apply Rmult_lt_0_compat|].
    replace (ratio i * (p i * p j)) with (p' i * p j) by (unfold ratio; field; lra).
    replace (ratio j * (p i * p j)) with (p' j * p i) by (unfold ratio; field; lra).
    now apply Mono. }
  assert (Term : forall i j, (i < n)%nat -> (j < n)%nat ->
    0 <= p i * p j * ((ratio i - ratio j) * (l i - l j))).
  { intros i j Hi Hj. assert (X := Hp i Hi). assert (Y := Hp j Hj).
    apply Rmult_le_pos; [apply Rlt_le; now apply Rmult_lt_0_compat|].
    destruct (Rle_lt_dec (p i) (p j)) as [H|H].
    - destruct (Pair i j Hi Hj H). nra.
    - destruct (Pair j i Hj Hi ltac:(lra)). nra. }
  assert (Positive : 0 < sum n (fun i => sum n (fun j => p i * p j * ((ratio i - ratio j) * (l i - l j))))).
  { apply (sum_positive n _ a Ha); [intros i Hi; apply sum_nonneg; intros j Hj; now apply Term|].
    apply (sum_positive n _ b Hb); [intros j Hj; now apply Term|].
    assert (X := Hp a Ha). assert (Y := Hp b Hb).
    apply Rmult_lt_0_compat; [now apply Rmult_lt_0_compat|].
    assert (R : ratio a < ratio b).
    { apply (Rmult_lt_reg_r (p a * p b)); [now apply Rmult_lt_0_compat|].
      replace (ratio a * (p a * p b)) with (p' a * p b) by (unfold ratio; field; lra).
      replace (ratio b * (p a * p b)) with (p' b * p a) by (unfold ratio; field; lra). exact Strict. }
    assert (L : l a < l b) by now apply ln_increasing. nra. }
  rewrite sum_of_products_of_differences, Sp in Positive.
  rewrite (sum_ext n (fun i => p i * (ratio i * l i)) (fun t => p' t * ln (p t))) in Positive.
  2: { intros t Ht. assert (X := Hp t Ht). unfold ratio, l. field. lra. }
  rewrite (sum_ext n (fun i => p i * ratio i) p') in Positive.
  2: { intros t Ht. assert (X := Hp t Ht). unfold ratio. field. lra. }
  rewrite Sp' in Positive. unfold l in Positive. lra.
Qed.

(** The same of positive weights g and h, divided by their sums. *)
Lemma more_peaked_weights_have_less_entropy n g h :
  (forall t, (t < n)%nat -> 0 < g t) -> (forall t, (t < n)%nat -> 0 < h t) ->
  (forall i j, (i < n)%nat -> (j < n)%nat -> g i <= g j -> h i * g j <= h j * g i) ->
  (exists i j, (i < n)%nat /\ (j < n)%nat /\ g i < g j /\ h i * g j < h j * g i) ->
  entropy n (fun t => h t / sum n h) < entropy n (fun t => g t / sum n g).
Proof.
  intros Hg Hh Mono [a [b [Ha [Hb [Hab Strict]]]]].
  assert (G : 0 < sum n g) by (apply (sum_positive n g a Ha); auto; intros; apply Rlt_le; auto).
  assert (H : 0 < sum n h) by (apply (sum_positive n h a Ha); auto; intros; apply Rlt_le; auto).
  assert (IG := Rinv_0_lt_compat _ G). assert (IH := Rinv_0_lt_compat _ H).
  assert (One : forall w, 0 < sum n w -> sum n (fun t => w t / sum n w) = 1).
  { intros w Hw. rewrite (sum_ext n _ (fun t => / sum n w * w t)) by (intros; unfold Rdiv; ring).
    rewrite sum_scal. field. lra. }
  apply more_peaked_has_less_entropy; auto.
  - intros t Ht. apply Rdiv_lt_0_compat; auto.
  - intros t Ht. apply Rdiv_lt_0_compat; auto.
  - intros i j Hi Hj L. unfold Rdiv in *.
    assert (M := Mono i j Hi Hj ltac:(now apply (Rmult_le_reg_r (/ sum n g)))).
    replace (h i * / sum n h * (g j * / sum n g)) with (h i * g j * (/ sum n h * / sum n g)) by ring.
    replace (h j * / sum n h * (g i * / sum n g)) with (h j * g i * (/ sum n h * / sum n g)) by ring.
    apply Rmult_le_compat_r; [apply Rlt_le; now apply Rmult_lt_0_compat|exact M].
  - exists a, b. repeat split; auto; unfold Rdiv.
    + now apply Rmult_lt_compat_r.
    + replace (h a * / sum n h * (g b * / sum n g)) with (h a * g b * (/ sum n h * / sum n g)) by ring.
      replace (h b * / sum n h * (g a * / sum n g)) with (h b * g a * (/ sum n h * / sum n g)) by ring.
      apply Rmult_lt_compat_r; [now apply Rmult_lt_0_compat|exact Strict].
Qed.

(** * The window over the lag *)

Lemma entropy_ext n p q : (forall t, (t < n)%nat -> p t = q t) -> entropy n p = entropy n q.
Proof. intros H. unfold entropy. f_equal. apply sum_ext. intros t Ht. now rewrite H. Qed.

Theorem entropy_of_the_window_falls_with_the_slope n slope other : (2 <= n)%nat -> slope < other ->
  0 < slope -> entropy n (alibi other n) < entropy n (alibi slope n).
Proof.
  intros Hn Hs H0. unfold alibi, softmax.
  assert (Down : forall s i j, 0 < s -> exp (- s * INR i) <= exp (- s * INR j) -> INR j <= INR i).
  { intros s i j Hs0 [H|H]; [apply exp_lt_inv in H|apply exp_inv in H]; nra. }
  apply more_peaked_weights_have_less_entropy; try (intros; apply exp_pos).
  - intros i j _ _ H. apply (Down slope) in H; auto. rewrite <- !exp_plus.
    destruct (Req_dec (INR i) (INR j)) as [->|N]; [lra|]. left. apply exp_increasing. nra.
  - exists 1%nat, 0%nat. rewrite <- !exp_plus. simpl INR.
    repeat split; try lia; apply exp_increasing; lra.
Qed.

(** * Its spectrum *)

Lemma exp_multiple s t : exp (- s * INR (S t)) = exp (- s) * exp (- s * INR t).
Proof. rewrite <- exp_plus, S_INR. f_equal. ring. Qed.

(** (1 - z) times the sum of z^t is 1 - z^n, for z = exp (- s + i w), in real and imaginary part. *)
Lemma geometric_sum s w n :
  let r := exp (- s) in
  let C := sum n (fun t => exp (- s * INR t) * cos (w * INR t)) in
  let S := sum n (fun t => exp (- s * INR t) * sin (w * INR t)) in
  (1 - r * cos w) * C + r * sin w * S = 1 - exp (- s * INR n) * cos (w * INR n) /\
  (1 - r * cos w) * S - r * sin w * C = - (exp (- s * INR n) * sin (w * INR n)).
Proof.
  induction n as [|n [IHc IHs]]; cbv zeta in *.
  - simpl. rewrite !Rmult_0_r, exp_0, cos_0, sin_0. split; ring.
  - cbn [sum]. set (C := sum n (fun t => exp (- s * INR t) * cos (w * INR t))) in *.
    set (S := sum n (fun t => exp (- s * INR t) * sin (w * INR t))) in *.
    rewrite exp_multiple. replace (w * INR (Datatypes.S n)) with (w * INR n + w) by (rewrite S_INR; ring).
    rewrite cos_plus, sin_plus. set (e := exp (- s * INR n)) in *. set (r := exp (- s)) in *. split.
    + transitivity ((1 - r * cos w) * C + r * sin w * S
        + e * ((1 - r * cos w) * cos (w * INR n) + r * sin w * sin (w * INR n))); [ring|]. rewrite IHc. ring.
    + transitivity ((1 - r * cos w) * S - r * sin w * C
        + e * ((1 - r * cos w) * sin (w * INR n) - r * sin w * cos (w * INR n))); [ring|]. rewrite IHs. ring.
Qed.

(** The power of the window at bin k, up to a factor that does not depend on k. *)
Definition resonance (s : R) (n k : nat) : R :=
  / (1 + exp (- s) ^ 2 - 2 * exp (- s) * cos (2 * PI * INR k / INR n)).

Lemma resonance_denominator s x : 0 < s -> 0 < 1 + exp (- s) ^ 2 - 2 * exp (- s) * cos x.
Proof.
  intros Hs. assert (P := exp_pos (- s)).
  assert (L : exp (- s) < 1) by (rewrite <- exp_0; apply exp_increasing; lra).
  assert (B := COS_bound x). nra.
Qed.

Lemma resonance_is_positive s n k : 0 < s -> 0 < resonance s n k.
Proof. intros Hs. now apply Rinv_0_lt_compat, resonance_denominator. Qed.

Lemma power_of_the_window s n k : 0 < s -> (0 < n)%nat ->
  gain2 n (alibi s n) (2 * PI * INR k / INR n)
  = ((1 - exp (- s * INR n)) / sum n (fun t => exp (- s * INR t))) ^ 2 * resonance s n k.
Proof.
  intros Hs Hn. assert (Hn' := lt_0_INR n Hn).
  assert (Z := sum_of_exponentials_is_positive n (fun t => - s * INR t) Hn). cbv beta in Z.
  assert (D := resonance_denominator s (2 * PI * INR k / INR n) Hs).
  unfold gain2, resonance. set (w := 2 * PI * INR k / INR n) in *. set (z := sum n (fun t => exp _)) in *.
  assert (T : forall h : R -> R, sum n (fun t => alibi s n t * h (w * INR t))
    = / z * sum n (fun t => exp (- s * INR t) * h (w * INR t))).
  { intros h. rewrite <- sum_scal. apply sum_ext. intros t _. unfold alibi, softmax. fold z. field. lra. }
  rewrite (T cos), (T sin). clear T.
  destruct (geometric_sum s w n) as [Hc Hi]. cbv zeta in *.
  assert (W : w * INR n = 0 + 2 * PI * INR k) by (unfold w; field; lra).
  rewrite W in Hc, Hi. rewrite whole_turns, cos_0, Rmult_1_r in Hc.
  replace (sin (0 + 2 * PI * INR k)) with 0 in Hi.
  2: { replace (0 + 2 * PI * INR k) with (0 + 2 * INR k * PI) by ring. now rewrite sin_period, sin_0. }
  rewrite Rmult_0_r, Ropp_0 in Hi.
  set (C := sum n (fun t => exp (- s * INR t) * cos (w * INR t))) in *.
    set (S := sum n (fun t => exp (- s * INR t) * sin (w * INR t))) in *. set (r := exp (- s)) in *.
  assert (U : sin w ^ 2 = 1 - cos w ^ 2) by (generalize (sin2_cos2 w); unfold Rsqr; simpl; lra).
  assert (E : (1 + r ^ 2 - 2 * r * cos w) * (C ^ 2 + S ^ 2) = (1 - exp (- s * INR n)) ^ 2).
  { rewrite <- Hc. transitivity (((1 - r * cos w) * C + r * sin w * S) ^ 2 + ((1 - r * cos w) * S - r * sin w * C) ^ 2).
    - transitivity (((1 - r * cos w) ^ 2 + r ^ 2 * sin w ^ 2) * (C ^ 2 + S ^ 2)); [rewrite U; ring|ring].
    - rewrite Hi. ring. }
  unfold Rdiv. rewrite !Rpow_mult_distr, <- E. set (d := 1 + r ^ 2 - 2 * r * cos w) in *. field. split; apply Rgt_not_eq; assumption.
Qed.

(** Of every slope and every constant factor the resonances make the same distribution. *)
Lemma spectrum_of_the_window s n : 0 < s -> (0 < n)%nat -> forall k,
  let P k := gain2 n (alibi s n) (2 * PI * INR k / INR n) in
  P k / sum n P = resonance s n k / sum n (resonance s n).
Proof.
  intros Hs Hn k P. assert (Hn' := lt_0_INR n Hn).
  set (c := ((1 - exp (- s * INR n)) / sum n (fun t => exp (- s * INR t))) ^ 2).
  assert (E : forall k, P k = c * resonance s n k) by (intros; now apply power_of_the_window).
  assert (Hc : 0 < c).
  { unfold c. apply pow_lt, Rdiv_lt_0_compat.
    - assert (exp (- s * INR n) < exp 0) by (apply exp_increasing; nra). rewrite exp_0 in H. lra.
    - exact (sum_of_exponentials_is_positive n (fun t => - s * INR t) Hn). }
  assert (R : 0 < sum n (resonance s n)).
  { apply (sum_positive n _ 0 Hn); [intros; apply Rlt_le|]; now apply resonance_is_positive. }
  rewrite (sum_ext n P _ (fun k _ => E k)), sum_scal, E. field. lra.
Qed.

Theorem entropy_of_the_spectrum_rises_with_the_slope n slope other : (2 <= n)%nat -> 0 < slope -> slope < other ->
  let power s k := gain2 n (alibi s n) (2 * PI * INR k / INR n) in
  entropy n (fun k => power slope k / sum n (power slope)) < entropy n (fun k => power other k / sum n (power other)).
Proof.
  intros Hn H0 Hs power.
  assert (E : forall s, 0 < s -> entropy n (fun k => power s k / sum n (power s))
    = entropy n (fun k => resonance s n k / sum n (resonance s n))).
  { intros s Hp. apply entropy_ext. intros k _. apply spectrum_of_the_window; [exact Hp|lia]. }
  rewrite !E by lra. clear E.
  assert (D : forall s k, 0 < s -> 0 < / resonance s n k) by (intros; now apply Rinv_0_lt_compat, resonance_is_positive).
  set (r := exp (- other)). set (r' := exp (- slope)).
  assert (Hr : 0 < r) by apply exp_pos.
  assert (Hrr : r < r') by (apply exp_increasing; lra).
  assert (Hr' : r' < 1) by (unfold r'; rewrite <- exp_0; apply exp_increasing; lra).
  set (c := fun k => cos (2 * PI * INR k / INR n)).
  set (d := fun k => 1 + r ^ 2 - 2 * r * c k). set (d' := fun k => 1 + r' ^ 2 - 2 * r' * c k).
  assert (Pd : forall k, 0 < d k) by (intros; now apply resonance_denominator; lra).
  assert (Pd' : forall k, 0 < d' k) by (intros; now apply resonance_denominator).
  assert (Cross : forall i j, d' i * d j - d' j * d i = 2 * (c j - c i) * ((r' - r) * (1 - r * r'))).
  { intros i j. unfold d, d'. ring. }
  assert (F : 0 < (r' - r) * (1 - r * r')) by (apply Rmult_lt_0_compat; nra).
  assert (Quotient : forall i j, / d' i * / d j = (d' j * d i) * (/ (d' i * d j) * / (d' j * d i))).
  { intros i j. assert (X := Pd i). assert (Y := Pd j). assert (X' := Pd' i). assert (Y' := Pd' j). field. lra. }
  assert (Inverse : forall i j, 0 < / (d' i * d j) * / (d' j * d i)).
  { intros i j. apply Rmult_lt_0_compat; apply Rinv_0_lt_compat, Rmult_lt_0_compat; auto. }
  apply more_peaked_weights_have_less_entropy; try (intros; apply resonance_is_positive; lra).
  - intros i j _ _ H. change (/ d i <= / d j) in H. change (/ d' i * / d j <= / d' j * / d i).
    assert (L : d j <= d i).
    { rewrite <- (Rinv_inv (d i)), <- (Rinv_inv (d j)). apply Rinv_le_contravar; auto. now apply Rinv_0_lt_compat. }
    assert (Lc : c i <= c j) by (unfold d in L; nra).
    rewrite (Quotient i j), (Quotient j i), (Rmult_comm (/ (d' j * d i))).
    apply Rmult_le_compat_r; [left; apply Inverse|]. assert (X := Cross i j). nra.
  - exists 1%nat, 0%nat. split; [lia|split; [lia|]].
    change (/ d 1%nat < / d 0%nat /\ / d' 1%nat * / d 0%nat < / d' 0%nat * / d 1%nat).
    assert (Hn' : 2 <= INR n) by (change 2 with (INR 2); now apply le_INR).
    assert (Lc : c 1%nat < c 0%nat).
    { unfold c. simpl INR. replace (2 * PI * 0 / INR n) with 0 by (unfold Rdiv; ring).
      assert (HP := PI_RGT_0).
      assert (A : 0 < 2 * PI * 1 / INR n) by (apply Rdiv_lt_0_compat; lra).
      assert (B : 2 * PI * 1 / INR n <= PI).
      { apply (Rmult_le_reg_r (INR n)); [lra|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. nra. }
      apply cos_decreasing_1; lra. }
    split.
    + apply Rinv_lt_contravar; [now apply Rmult_lt_0_compat|]. unfold d. nra.
    + rewrite (Quotient 1%nat 0%nat), (Quotient 0%nat 1%nat), (Rmult_comm (/ (d' 0%nat * d 1%nat))).
      apply Rmult_lt_compat_r; [apply Inverse|]. assert (X := Cross 1%nat 0%nat). nra.
Qed.

(** * The covariance over heads *)

Theorem untrained_windows_have_negative_covariance n heads (slope : nat -> R) : (2 <= n)%nat ->
  (forall i, (i < heads)%nat -> 0 < slope i) ->
  (exists i j, (i < heads)%nat /\ (j < heads)%nat /\ slope i <> slope j) ->
  let power i k := gain2 n (alibi (slope i) n) (2 * PI * INR k / INR n) in
  let x i := entropy n (alibi (slope i) n) in
  let y i := entropy n (fun k => power i k / sum n (power i)) in
  let mean f := sum heads f / INR heads in
  mean (fun i => x i * y i) - mean x * mean y < 0.
Proof.
  intros Hn Pos [a [b [Ha [Hb Hab]]]] power x y mean.
  assert (Hh : 0 < INR heads) by (apply lt_0_INR; lia).
  assert (Opposite : forall i j, (i < heads)%nat -> (j < heads)%nat -> slope i < slope j ->
    x j < x i /\ y i < y j).
  { intros i j Hi Hj L. split.
    - apply entropy_of_the_window_falls_with_the_slope; auto.
    - apply (entropy_of_the_spectrum_rises_with_the_slope n (slope i) (slope j)); auto. }
  assert (Term : forall i j, (i < heads)%nat -> (j < heads)%nat ->
    slope i <> slope j -> 0 < (x i - x j) * (y j - y i)).
  { intros i j Hi Hj N. destruct (Rlt_dec (slope i) (slope j)) as [L|L].
    - destruct (Opposite i j Hi Hj L). apply Rmult_lt_0_compat; lra.
    - destruct (Opposite j i Hj Hi ltac:(lra)). nra. }
  assert (Weak : forall i j, (i < heads)%nat -> (j < heads)%nat -> 0 <= (x i - x j) * (y j - y i)).
  { intros i j Hi Hj. destruct (Req_dec (slope i) (slope j)) as [E|N]; [|now apply Rlt_le, Term].
    replace (x i) with (x j) by (unfold x; now rewrite E). lra. }
  assert (P : 0 < sum heads (fun i => sum heads (fun j => 1 * 1 * ((x i - x j) * ((- y i) - (- y j)))))).
  { apply (sum_positive heads _ a Ha).
    - intros i Hi. apply sum_nonneg. intros j Hj. assert (W := Weak i j Hi Hj). lra.
    - apply (sum_positive heads _ b Hb).
      + intros j Hj. assert (W := Weak a j Ha Hj). lra.
      + assert (W := Term a b Ha Hb Hab). lra. }
  rewrite (sum_of_products_of_differences heads (fun _ => 1) x (fun i => - y i)) in P.
  rewrite sum_const in P.
  rewrite (sum_ext heads (fun i => 1 * (x i * - y i)) (fun i => -1 * (x i * y i))) in P by (intros; ring).
  rewrite (sum_ext heads (fun i => 1 * x i) x) in P by (intros; ring).
  rewrite (sum_ext heads (fun i => 1 * - y i) (fun i => -1 * y i)) in P by (intros; ring).
  rewrite !sum_scal in P.
  unfold mean. set (sx := sum heads x) in *. set (sy := sum heads y) in *. set (sxy := sum heads (fun i => x i * y i)) in *.
  apply (Rmult_lt_reg_r (INR heads * INR heads)); [now apply Rmult_lt_0_compat|].
  rewrite Rmult_0_l. replace ((sxy / INR heads - sx / INR heads * (sy / INR heads)) * (INR heads * INR heads))
    with (INR heads * sxy - sx * sy) by (field; lra). lra.
Qed.
