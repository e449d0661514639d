(** A comb of equal teeth: its entropy and that of the spectrum of its root add to the logarithm of its length. *)
From Coq Require Import Reals Lra Lia Arith ZArith.
From Ropelet Require Import Definitions Matrices.
Local Open Scope R_scope.

(** * Sums over blocks *)

Lemma sum_add n p g : sum (n + p) g = sum n g + sum p (fun r => g (n + r)%nat).
Proof.
  induction p as [|p IH]; [rewrite Nat.add_0_r; simpl; ring|].
  rewrite Nat.add_succ_r. simpl. rewrite IH. ring.
Qed.

(** What stands at place o of each block of s. *)
Lemma sum_of_teeth c s o g : (o < s)%nat -> (forall t, (t mod s <> o)%nat -> g t = 0) ->
  sum (c * s) g = sum c (fun j => g (j * s + o)%nat).
Proof.
  intros Ho Hg. induction c as [|c IH]; [reflexivity|].
  replace (S c * s)%nat with (c * s + s)%nat by lia. rewrite sum_add, IH. cbn [sum]. f_equal.
  rewrite (sum_single s (fun r => g (c * s + r)%nat) o Ho); [reflexivity|].
  intros r Hr Hn. apply Hg. rewrite Nat.add_comm, Nat.mod_add, Nat.mod_small by lia. exact Hn.
Qed.

Lemma sum_const n x : sum n (fun _ => x) = INR n * x.
Proof. induction n as [|n IH]; [simpl; ring|]. rewrite S_INR. cbn [sum]. rewrite IH. ring. Qed.

(** * Roots of unity *)

Lemma telescope n theta phi :
  2 * sin (theta / 2) * sum n (fun j => cos (theta * INR j + phi))
  = sin (theta * INR n + phi - theta / 2) - sin (phi - theta / 2).
Proof.
  induction n as [|n IH].
  - simpl. replace (theta * 0 + phi - theta / 2) with (phi - theta / 2) by ring. ring.
  - cbn [sum]. rewrite Rmult_plus_distr_l, IH, S_INR.
    replace (theta * (INR n + 1) + phi - theta / 2) with ((theta * INR n + phi) + theta / 2) by field.
    replace (theta * INR n + phi - theta / 2) with ((theta * INR n + phi) - theta / 2) by ring.
    rewrite sin_plus, sin_minus. ring.
Qed.

Lemma half_turn_is_not_zero c k : (0 < c)%nat -> (k mod c <> 0)%nat -> sin (PI * INR k / INR c) <> 0.
Proof.
  intros Hc Hk E. assert (Hc' := lt_0_INR c Hc).
  destruct (sin_eq_0_0 _ E) as [z Hz]. apply Hk.
  assert (P := PI_RGT_0).
  assert (X : INR k = IZR z * INR c).
  { apply (Rmult_eq_reg_l PI); [|lra]. transitivity (PI * INR k / INR c * INR c); [field; lra|]. rewrite Hz. ring. }
  rewrite !INR_IZR_INZ, <- mult_IZR in X. apply eq_IZR in X.
  assert (Y : (k = Z.to_nat z * c)%nat).
  { apply Nat2Z.inj. rewrite Nat2Z.inj_mul. destruct (Z_le_gt_dec 0 z); [rewrite Z2Nat.id by lia; lia|nia]. }
  rewrite Y. apply Nat.mod_mul. lia.
Qed.

Lemma whole_turns x n : cos (x + 2 * PI * INR n) = cos x.
Proof. replace (x + 2 * PI * INR n) with (x + 2 * INR n * PI) by ring. apply cos_period. Qed.

Lemma sum_of_roots c k phi : (0 < c)%nat ->
  sum c (fun j => cos (2 * PI * INR k / INR c * INR j + phi)) = if Nat.eqb (k mod c) 0 then INR c * cos phi else 0.
Proof.
  intros Hc. assert (Hc' := lt_0_INR c Hc).
  destruct (Nat.eqb_spec (k mod c) 0) as [E|E].
  - apply Nat.mod_divides in E; [|lia]. destruct E as [p ->].
    rewrite (sum_ext _ _ (fun _ => cos phi)); [apply sum_const|].
    intros j _. rewrite mult_INR, <- (whole_turns phi (p * j)), mult_INR. f_equal. field. lra.
  - apply (Rmult_eq_reg_l (2 * sin (2 * PI * INR k / INR c / 2))).
    + rewrite telescope, Rmult_0_r.
      replace (2 * PI * INR k / INR c * INR c + phi - 2 * PI * INR k / INR c / 2)
        with ((phi - 2 * PI * INR k / INR c / 2) + 2 * INR k * PI) by (field; lra).
      rewrite sin_period. ring.
    + replace (2 * PI * INR k / INR c / 2) with (PI * INR k / INR c) by (field; lra).
      assert (N := half_turn_is_not_zero c k Hc E). lra.
Qed.

(** * The comb *)

Definition comb (c s o t : nat) : R := if Nat.eqb (t mod s) o then / INR c else 0.
(** The power of the root of a row at bin k of the unitary transform. *)
Definition root_power (n : nat) (a : nat -> R) (k : nat) : R :=
  gain2 n (fun t => sqrt (a t)) (2 * PI * INR k / INR n) / INR n.

Lemma comb_off c s o t : (t mod s <> o)%nat -> comb c s o t = 0.
Proof. unfold comb. destruct (Nat.eqb_spec (t mod s) o); congruence. Qed.
Lemma comb_on c s o j : (o < s)%nat -> comb c s o (j * s + o) = / INR c.
Proof. intros Ho. unfold comb. now rewrite Nat.add_comm, Nat.mod_add, Nat.mod_small, Nat.eqb_refl by lia. Qed.

Theorem comb_has_the_spectrum_of_a_comb c s o k : (0 < c)%nat -> (o < s)%nat ->
  root_power (c * s) (comb c s o) k = if Nat.eqb (k mod c) 0 then / INR s else 0.
Proof.
  intros Hc Ho. unfold root_power, gain2.
  assert (Hc' := lt_0_INR c Hc). assert (Hs' := lt_0_INR s ltac:(lia)).
  set (w := 2 * PI * INR k / INR (c * s)).
  assert (T : forall h : R -> R, sum (c * s) (fun t => sqrt (comb c s o t) * h (w * INR t))
    = sqrt (/ INR c) * sum c (fun j => h (2 * PI * INR k / INR c * INR j + w * INR o))).
  { intros h. rewrite (sum_of_teeth c s o) by (auto; intros t Ht; rewrite comb_off, sqrt_0 by auto; ring).
    rewrite <- sum_scal. apply sum_ext. intros j _. rewrite comb_on by auto. f_equal. f_equal.
    unfold w. rewrite plus_INR, !mult_INR. field. lra. }
  rewrite (T cos), (T sin).
  rewrite (sum_ext _ (fun j => sin _) (fun j => cos (2 * PI * INR k / INR c * INR j + (w * INR o - PI / 2)))).
  2: { intros j _. replace (2 * PI * INR k / INR c * INR j + (w * INR o - PI / 2))
         with (- (PI / 2 - (2 * PI * INR k / INR c * INR j + w * INR o))) by ring.
       now rewrite cos_neg, cos_shift. }
  rewrite !sum_of_roots by auto. rewrite !Rpow_mult_distr, pow2_sqrt by (left; now apply Rinv_0_lt_compat).
  destruct (Nat.eqb (k mod c) 0).
  - replace (w * INR o - PI / 2) with (- (PI / 2 - w * INR o)) by ring. rewrite cos_neg, cos_shift.
    generalize (sin2_cos2 (w * INR o)). unfold Rsqr. intros E. rewrite mult_INR.
    transitivity ((sin (w * INR o) * sin (w * INR o) + cos (w * INR o) * cos (w * INR o)) / INR s); [field; lra|].
    rewrite E. field. lra.
  - rewrite mult_INR. field. lra.
Qed.

Theorem combs_reach_the_entropic_bound c s o : (0 < c)%nat -> (o < s)%nat ->
  entropy (c * s) (comb c s o) = ln (INR c) /\
  entropy (c * s) (root_power (c * s) (comb c s o)) = ln (INR s) /\
  entropy (c * s) (comb c s o) + entropy (c * s) (root_power (c * s) (comb c s o)) = ln (INR (c * s)).
Proof.
  intros Hc Ho. assert (Hc' := lt_0_INR c Hc). assert (Hs' := lt_0_INR s ltac:(lia)).
  assert (A : entropy (c * s) (comb c s o) = ln (INR c)).
  { unfold entropy. rewrite (sum_of_teeth c s o) by (auto; intros t Ht; rewrite comb_off by auto; ring).
    rewrite (sum_ext _ _ (fun _ => / INR c * ln (/ INR c))) by (intros; now rewrite comb_on by auto).
    rewrite sum_const, ln_Rinv by auto. field. lra. }
  assert (B : entropy (c * s) (root_power (c * s) (comb c s o)) = ln (INR s)).
  { unfold entropy. rewrite Nat.mul_comm.
    rewrite (sum_of_teeth s c 0) by
      (auto; (intros t Ht; rewrite Nat.mul_comm, comb_has_the_spectrum_of_a_comb by auto;
        destruct (Nat.eqb_spec (t mod c) 0); [congruence|ring])).
    rewrite (sum_ext _ _ (fun _ => / INR s * ln (/ INR s))).
    - rewrite sum_const, ln_Rinv by auto. field. lra.
    - intros j _. rewrite Nat.mul_comm, comb_has_the_spectrum_of_a_comb by auto.
      now rewrite Nat.add_0_r, Nat.mod_mul by lia. }
  split; [exact A|split; [exact B|]]. rewrite A, B, mult_INR, ln_mult by auto. ring.
Qed.
