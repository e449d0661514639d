(** pi is irrational, and so is its square: were pi^2 = p/q, the numbers q^n A_n would be positive
    integers that tend to 0, where A_n is the integral of (x (pi - x))^n sin x / n! over [0, pi]
    and A_(n+2) = (4n + 6) A_(n+1) - pi^2 A_n. *)
From Coq Require Import Reals Lra Lia ZArith.
From Coquelicot Require Import Coquelicot.
From Ropelet Require Import Definitions Integrals.
Local Open Scope R_scope.

Definition hump (n : nat) (x : R) : R := (x * (PI - x)) ^ n * sin x.
Definition J (n : nat) : R := RInt (hump n) 0 PI.

Lemma hump_continuous n x : continuous (hump n) x.
Proof. unfold hump. smooth. Qed.
Lemma J_correct n : is_RInt (hump n) 0 PI (J n).
Proof.
  apply (RInt_correct (V := R_CompleteNormedModule)), (ex_RInt_continuous (V := R_CompleteNormedModule)).
  intros; apply hump_continuous.
Qed.

Lemma J_0 : J 0 = 2.
Proof.
  apply is_RInt_unique. apply (integral_of_primitive (fun x => - cos x)).
  - intros t. unfold hump. auto_derive; auto. simpl. ring.
  - intros. apply hump_continuous.
  - rewrite cos_PI, cos_0. ring.
Qed.

Lemma J_1 : J 1 = 4.
Proof.
  apply is_RInt_unique.
  apply (integral_of_primitive (fun x => - (x * (PI - x)) * cos x + (PI - 2 * x) * sin x - 2 * cos x)).
  - intros t. unfold hump. auto_derive; auto. simpl. ring.
  - intros. apply hump_continuous.
  - rewrite cos_PI, cos_0, sin_PI, sin_0. ring.
Qed.

Lemma J_recurrence n :
  J (S (S n)) = INR (S (S n)) * (4 * INR n + 6) * J (S n) - INR (S (S n)) * INR (S n) * PI ^ 2 * J n.
Proof.
  set (N := INR (S (S n))).
  assert (EN : N = INR n + 2) by (unfold N; rewrite !S_INR; ring).
  assert (E1 : INR (S n) = INR n + 1) by apply S_INR.
  (* the derivative of - u^N cos + N u^(N-1) u' sin, u = x (pi - x), is this combination *)
  assert (H : is_RInt (fun x => hump (S (S n)) x + N * INR (S n) * PI ^ 2 * hump n x
                                - N * (4 * INR n + 6) * hump (S n) x) 0 PI 0).
  { apply (integral_of_primitive (fun x => - (x * (PI - x)) ^ S (S n) * cos x
                                   + N * (x * (PI - x)) ^ S n * (PI - 2 * x) * sin x)).
    - intros t. unfold hump. auto_derive; auto.
      rewrite EN, E1. simpl pred. set (u := t * (PI + - t)).
      replace (t * (PI - t)) with u by (unfold u; ring).
      change (match n with 0%nat => 1 | S _ => INR n + 1 end) with (INR (S n)).
      rewrite ?S_INR. simpl pow. 
      assert (Eu : u = t * (PI - t)) by (unfold u; ring).
      generalize (u ^ n). intros p. rewrite Eu. ring.
    - unfold hump. smooth.
    - rewrite cos_PI, cos_0, sin_PI, sin_0. simpl pow.
      replace (PI * (PI - PI)) with 0 by ring. ring. }
  assert (H2 : is_RInt (fun x => hump (S (S n)) x + N * INR (S n) * PI ^ 2 * hump n x
                                - N * (4 * INR n + 6) * hump (S n) x) 0 PI
     (J (S (S n)) + N * INR (S n) * PI ^ 2 * J n - N * (4 * INR n + 6) * J (S n))).
  { apply (is_RInt_minus (V := R_NormedModule)
      (fun x => hump (S (S n)) x + N * INR (S n) * PI ^ 2 * hump n x)
      (fun x => N * (4 * INR n + 6) * hump (S n) x)).
    - apply (is_RInt_plus (V := R_NormedModule) (hump (S (S n))) (fun x => N * INR (S n) * PI ^ 2 * hump n x)).
      + apply J_correct.
      + apply (is_RInt_scal (V := R_NormedModule)), J_correct.
    - apply (is_RInt_scal (V := R_NormedModule)), J_correct. }
  assert (E := is_RInt_unique _ _ _ _ H). rewrite (is_RInt_unique _ _ _ _ H2) in E. lra.
Qed.

Lemma J_positive n : 0 < J n.
Proof.
  apply RInt_gt_0; [apply PI_RGT_0| |intros; apply hump_continuous].
  intros x Hx. unfold hump. apply Rmult_lt_0_compat; [|now apply sin_gt_0].
  apply pow_lt. apply Rmult_lt_0_compat; lra.
Qed.

Lemma J_small n : J n <= PI * (PI ^ 2) ^ n.
Proof.
  replace (PI * (PI ^ 2) ^ n) with ((PI - 0) * (PI ^ 2) ^ n) by ring.
  apply (is_RInt_le (hump n) (fun _ => (PI ^ 2) ^ n) 0 PI).
  - left. apply PI_RGT_0.
  - apply J_correct.
  - apply integral_of_constant.
  - intros x Hx. unfold hump. rewrite <- (Rmult_1_r ((PI ^ 2) ^ n)).
    apply Rmult_le_compat.
    + apply pow_le. apply Rmult_le_pos; lra.
    + left. now apply sin_gt_0.
    + apply pow_incr. split; [apply Rmult_le_pos; lra|]. simpl. nra.
    + apply SIN_bound.
Qed.

(** A_n = J_n / n!. *)
Definition A (n : nat) : R := J n / INR (fact n).

Lemma A_recurrence n : A (S (S n)) = (4 * INR n + 6) * A (S n) - PI ^ 2 * A n.
Proof.
  unfold A. rewrite J_recurrence, !fact_simpl, !mult_INR.
  assert (H := INR_fact_neq_0 n). assert (0 < INR (S n)) by (apply lt_0_INR; lia).
  assert (0 < INR (S (S n))) by (apply lt_0_INR; lia). field. repeat split; lra.
Qed.

Lemma scaled_A_is_integer p q : (0 < q)%nat -> PI ^ 2 = IZR p / INR q ->
  forall n, (exists z, INR q ^ n * A n = IZR z) /\ (exists z, INR q ^ S n * A (S n) = IZR z).
Proof.
  intros Hq E. assert (Hq' : 0 < INR q) by now apply lt_0_INR.
  induction n as [|n [[x Hx] [y Hy]]].
  - split; [exists 2%Z|exists (4 * Z.of_nat q)%Z]; unfold A.
    + rewrite J_0. simpl. field.
    + rewrite J_1, mult_IZR, <- INR_IZR_INZ. simpl. field.
  - split; [now exists y|].
    exists ((4 * Z.of_nat n + 6) * Z.of_nat q * y - p * Z.of_nat q * x)%Z.
    rewrite A_recurrence, E, minus_IZR, !mult_IZR, plus_IZR, mult_IZR, <- !INR_IZR_INZ, <- Hx, <- Hy.
    simpl pow. field. lra.
Qed.

Theorem pi_squared_is_irrational p q : (0 < q)%nat -> PI ^ 2 <> IZR p / INR q.
Proof.
  intros Hq E. assert (Hq' : 0 < INR q) by now apply lt_0_INR.
  set (c := INR q * PI ^ 2).
  assert (Hc : 0 < c) by (apply Rmult_lt_0_compat; auto; apply pow_lt, PI_RGT_0).
  (* c^n / n! tends to 0 *)
  destruct (cv_speed_pow_fact c (/ 4)) as [n Hn]; [lra|].
  specialize (Hn n (le_n n)). unfold R_dist in Hn. rewrite Rminus_0_r in Hn.
  apply Rabs_def2 in Hn.
  destruct (scaled_A_is_integer p q Hq E n) as [[z Hz] _].
  assert (Hf : 0 < INR (fact n)) by apply INR_fact_lt_0.
  assert (Hpos : 0 < INR q ^ n * A n).
  { apply Rmult_lt_0_compat; [now apply pow_lt|]. apply Rdiv_lt_0_compat; auto. apply J_positive. }
  assert (Hlt : INR q ^ n * A n < 1).
  { apply Rle_lt_trans with (PI * (c ^ n / INR (fact n))).
    - unfold A, c. rewrite Rpow_mult_distr. unfold Rdiv.
      replace (PI * (INR q ^ n * (PI ^ 2) ^ n * / INR (fact n)))
        with (INR q ^ n * (PI * (PI ^ 2) ^ n * / INR (fact n))) by ring.
      apply Rmult_le_compat_l; [apply pow_le; lra|].
      apply Rmult_le_compat_r; [left; now apply Rinv_0_lt_compat|]. apply J_small.
    - assert (HP := PI_4). assert (HP0 := PI_RGT_0). nra. }
  rewrite Hz in Hpos, Hlt. apply lt_IZR in Hpos. apply lt_IZR in Hlt. lia.
Qed.

Theorem pi_is_irrational (p : Z) q : (0 < q)%nat -> PI <> IZR p / INR q.
Proof.
  intros Hq E. apply (pi_squared_is_irrational (p * p) (q * q)); [nia|].
  rewrite E, mult_IZR, mult_INR. field. apply not_0_INR. lia.
Qed.
