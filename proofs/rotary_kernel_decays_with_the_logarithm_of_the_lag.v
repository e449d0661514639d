(** The mean of RoPE's cosines at one lag, as the number of pairs grows. *)
From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ropelet Require Import Definitions Matrices Integrals SineIntegrals.
Local Open Scope R_scope.

Section Kernel.
Context (B D : R) (HB : 1 < B) (HD : 0 < D).
Let l := ln B.

Lemma logarithm_is_positive : 0 < ln B.
Proof. rewrite <- ln_1. apply ln_increasing; lra. Qed.

(** The angle at the place x of the spectrum, and a primitive of its cosine. *)
Definition angle (x : R) : R := D * exp (- (ln B * x)).
Definition primitive (x : R) : R := x + Cin (angle x) / ln B.

Lemma angle_derivative x : is_derive angle x (- (ln B * angle x)).
Proof. unfold angle. auto_derive; auto. ring. Qed.

Lemma primitive_derivative x : is_derive primitive x (cos (angle x)).
Proof.
  assert (Hl := logarithm_is_positive). assert (A : 0 < angle x) by (apply Rmult_lt_0_compat; [exact HD|apply exp_pos]).
  assert (C : is_derive (fun x => Cin (angle x)) x (- (ln B * angle x) * cinc (angle x))).
  { apply (is_derive_comp Cin angle x); [apply Cin_derivative|apply angle_derivative]. }
  assert (S := is_derive_scal _ x (/ ln B) _ C).
  assert (T := is_derive_plus (K := R_AbsRing) (V := R_NormedModule) (fun x : R => x) _ x _ _ (is_derive_id x) S).
  replace (cos (angle x)) with (plus one (/ ln B * (- (ln B * angle x) * cinc (angle x)))).
  - revert T. apply is_derive_ext. intros t. unfold primitive, plus. simpl. field. lra.
  - unfold plus, one, cinc. simpl. field. lra.
Qed.

Lemma angle_is_lipschitz a t : 0 <= a -> Rabs (t - a) <= 1 ->
  Rabs (cos (angle t) - cos (angle a)) <= D * ln B * B * Rabs (t - a).
Proof.
  intros Ha Ht. assert (Hl := logarithm_is_positive). apply Rle_trans with (1 := cos_is_lipschitz _ _).
  apply (bounded_variation angle (fun x => - (ln B * angle x))). intros s Hs. split; [apply angle_derivative|].
  assert (S : -1 <= s) by (assert (X : Rabs (s - a) <= 1) by lra; apply Rabs_le_between in X; lra).
  rewrite Rabs_Ropp, Rabs_pos_eq; unfold angle.
  - assert (X : exp (- (ln B * s)) <= B).
    { rewrite <- (exp_ln B) at 2 by lra. destruct (Req_dec s (-1)) as [->|N].
      - right. f_equal. ring.
      - left. apply exp_increasing. nra. }
    replace (D * ln B * B) with (ln B * (D * B)) by ring. apply Rmult_le_compat_l; [lra|]. apply Rmult_le_compat_l; lra.
  - apply Rmult_le_pos; [lra|]. apply Rmult_le_pos; [lra|left; apply exp_pos].
Qed.

Lemma one_step h i : (0 < h)%nat ->
  Rabs (primitive (INR (S i) / INR h) - primitive (INR i / INR h) - cos (angle (INR i / INR h)) / INR h)
  <= D * ln B * B / INR h ^ 2.
Proof.
  intros Hh. assert (Hh' := lt_0_INR h Hh). set (a := INR i / INR h).
  assert (Step : INR (S i) / INR h = a + / INR h) by (unfold a; rewrite S_INR; field; lra).
  assert (Ha : 0 <= a) by (apply Rdiv_le_0_compat; [apply pos_INR|exact Hh']).
  assert (One : / INR h <= 1) by (rewrite <- Rinv_1; apply Rinv_le_contravar; [lra|apply (le_INR 1); lia]).
  assert (Hi : 0 < / INR h) by now apply Rinv_0_lt_compat. assert (Hl := logarithm_is_positive).
  rewrite Step.
  replace (primitive (a + / INR h) - primitive a - cos (angle a) / INR h)
    with ((primitive (a + / INR h) - cos (angle a) * (a + / INR h)) - (primitive a - cos (angle a) * a)) by (field; lra).
  replace (D * ln B * B / INR h ^ 2) with (D * ln B * B * / INR h * Rabs (a + / INR h - a)).
  - apply (bounded_variation (fun x => primitive x - cos (angle a) * x) (fun x => cos (angle x) - cos (angle a))).
    intros t Ht. replace (a + / INR h - a) with (/ INR h) in Ht by ring. rewrite (Rabs_pos_eq (/ INR h)) in Ht by lra.
    split.
    + assert (X := is_derive_minus (K := R_AbsRing) (V := R_NormedModule) primitive (fun x : R => cos (angle a) * x) t _ (cos (angle a))
        (primitive_derivative t)).
      apply X. auto_derive; auto. ring.
    + apply Rle_trans with (1 := angle_is_lipschitz a t Ha ltac:(lra)).
      apply Rmult_le_compat_l; [|exact Ht]. apply Rmult_le_pos; [apply Rmult_le_pos; lra|lra].
  - replace (a + / INR h - a) with (/ INR h) by ring. rewrite Rabs_pos_eq by lra. field. lra.
Qed.

Lemma mean_is_near_its_limit h n : (0 < h)%nat ->
  Rabs (primitive (INR n / INR h) - primitive 0 - sum n (fun i => cos (angle (INR i / INR h))) / INR h)
  <= INR n * (D * ln B * B / INR h ^ 2).
Proof.
  intros Hh. assert (Hh' := lt_0_INR h Hh). induction n as [|n IH].
  - simpl. replace (0 / INR h) with 0 by (field; lra).
    replace (primitive 0 - primitive 0 - 0) with 0 by ring. rewrite Rabs_R0. lra.
  - cbn [sum].
    replace (primitive (INR (S n) / INR h) - primitive 0 - (sum n (fun i => cos (angle (INR i / INR h))) + cos (angle (INR n / INR h))) / INR h)
      with ((primitive (INR n / INR h) - primitive 0 - sum n (fun i => cos (angle (INR i / INR h))) / INR h)
        + (primitive (INR (S n) / INR h) - primitive (INR n / INR h) - cos (angle (INR n / INR h)) / INR h)) by (field; lra).
    apply Rle_trans with (1 := Rabs_triang _ _). rewrite (S_INR n), Rmult_plus_distr_r, Rmult_1_l, <- S_INR.
    apply Rplus_le_compat; [exact IH|now apply one_step].
Qed.
End Kernel.

Theorem rotary_kernel_is_near_its_limit B D h : 1 < B -> 0 < D -> (0 < h)%nat ->
  Rabs (sum h (fun i => cos (D * frequencies B (2 * h) i)) / INR h - (ln B - Cin D + Cin (D / B)) / ln B)
  <= D * ln B * B / INR h.
Proof.
  intros HB HD Hh. assert (Hh' := lt_0_INR h Hh). assert (Hl := logarithm_is_positive B HB).
  assert (M := mean_is_near_its_limit B D HB HD h h Hh). rewrite Rabs_minus_sym.
  replace (D * ln B * B / INR h) with (INR h * (D * ln B * B / INR h ^ 2)) by (field; lra).
  replace ((ln B - Cin D + Cin (D / B)) / ln B) with (primitive B D (INR h / INR h) - primitive B D 0).
  - rewrite (sum_ext h (fun i => cos (D * frequencies B (2 * h) i)) (fun i => cos (angle B D (INR i / INR h)))); [exact M|].
    intros i _. f_equal. unfold angle, frequencies, Rpower. do 2 f_equal. rewrite mult_INR. simpl. field. lra.
  - replace (INR h / INR h) with 1 by (field; lra). unfold primitive, angle.
    rewrite Rmult_0_r, Rmult_1_r, Ropp_0, exp_0, Rmult_1_r, exp_Ropp, exp_ln by lra.
    unfold Rdiv at 4. field. lra.
Qed.

Theorem rotary_kernel_decays_with_the_logarithm_of_the_lag B D : 1 < B -> 0 < D ->
  is_lim_seq (fun h => sum h (fun i => cos (D * frequencies B (2 * h) i)) / INR h)
    ((ln B - Cin D + Cin (D / B)) / ln B).
Proof.
  intros HB HD. apply is_lim_seq_spec. intros eps. assert (He := cond_pos eps).
  assert (Hl := logarithm_is_positive B HB).
  assert (HL : 0 < D * ln B * B) by (apply Rmult_lt_0_compat; [now apply Rmult_lt_0_compat|lra]).
  destruct (nfloor_ex (D * ln B * B / eps)) as [N HN]; [left; now apply Rdiv_lt_0_compat|].
  exists (S N). intros h Hh. assert (X : INR (S N) <= INR h) by now apply le_INR.
  rewrite S_INR in X. assert (P := pos_INR N).
  apply Rle_lt_trans with (1 := rotary_kernel_is_near_its_limit B D h HB HD ltac:(lia)).
  apply (Rmult_lt_reg_r (INR h / eps)); [apply Rdiv_lt_0_compat; lra|].
  replace (D * ln B * B / INR h * (INR h / eps)) with (D * ln B * B / eps) by (field; lra).
  replace (eps * (INR h / eps)) with (INR h) by (field; lra). lra.
Qed.
