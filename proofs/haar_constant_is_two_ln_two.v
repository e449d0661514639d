(** Spectrum and constant of the Haar wavelet. *)
From Coq Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
From Ropelet Require Import Definitions Matrices Integrals SineIntegrals.
Local Open Scope R_scope.

Lemma haar_integral (h H : R -> R) : (forall t, is_derive H t (h t)) -> (forall t, continuous h t) ->
  line_integral (fun t => haar t * h t) (2 * H (1/2) - H 0 - H 1).
Proof.
  intros D C. apply (line_integral_of_support _ 0 1); [lra| | |].
  - intros t Ht. unfold haar; cases; lra.
  - intros t Ht. unfold haar; cases; lra.
  - replace (2 * H (1/2) - H 0 - H 1) with ((H (1/2) - H 0) + - (H 1 - H (1/2))) by ring.
    apply (integral_in_two_parts _ h (fun t => - h t) 0 (1/2) 1); [lra| | | |].
    + intros t Ht. unfold haar; cases; lra.
    + intros t Ht. unfold haar; cases; lra.
    + now apply (integral_of_primitive H).
    + apply (is_RInt_opp (V := R_NormedModule)). now apply (integral_of_primitive H).
Qed.

Theorem haar_has_spectrum : spectrum haar none (fun omega => 4 * (1 - cos (omega / 2)) ^ 2 / omega ^ 2).
Proof.
  intros omega. destruct (Req_dec omega 0) as [->|Hw].
  - assert (Z : line_integral (fun t => haar t * 1) (2 * (1/2) - 0 - 1)).
    { apply (haar_integral (fun _ => 1) (fun t => t)); intros; [auto_derive; auto|apply continuous_const]. }
    assert (Y : line_integral (fun t => haar t * 0) (2 * 0 - 0 - 0)).
    { apply (haar_integral (fun _ => 0) (fun _ => 0)); intros; [auto_derive; auto|apply continuous_const]. }
    replace (2 * (1/2) - 0 - 1) with 0 in Z by field. replace (2 * 0 - 0 - 0) with 0 in Y by ring.
    exists 0, 0. repeat split.
    + revert Z. apply line_integral_ext. intros t. unfold none. rewrite !Rmult_0_l, cos_0. ring.
    + revert Y. apply line_integral_ext. intros t. unfold none. rewrite !Rmult_0_l, sin_0. ring.
    + unfold Rdiv. rewrite Rmult_0_l, cos_0. ring.
  - assert (Ic := haar_integral (fun t => cos (omega * t)) (fun t => sin (omega * t) / omega)).
    assert (Is := haar_integral (fun t => - sin (omega * t)) (fun t => cos (omega * t) / omega)).
    cbv beta in Ic, Is. rewrite Rmult_1_r, Rmult_0_r, sin_0 in Ic. rewrite Rmult_1_r, Rmult_0_r, cos_0 in Is.
    eexists. eexists. repeat split.
    + refine (line_integral_ext _ _ _ _ (Ic _ _)); [intros t; unfold none; ring| |smooth].
      intros t. auto_derive; auto. field. exact Hw.
    + refine (line_integral_ext _ _ _ _ (Is _ _)); [intros t; unfold none; ring| |smooth].
      intros t. auto_derive; auto. field. exact Hw.
    + replace (omega * (1/2)) with (omega / 2) by field.
      replace (sin omega) with (sin (2 * (omega / 2))) by (f_equal; field).
      replace (cos omega) with (cos (2 * (omega / 2))) by (f_equal; field).
      rewrite sin_2a, cos_2a_cos.
      assert (E : sin (omega / 2) ^ 2 = 1 - cos (omega / 2) ^ 2)
        by (generalize (sin2_cos2 (omega / 2)); unfold Rsqr; intros; lra).
      generalize dependent (sin (omega / 2)). generalize (cos (omega / 2)). intros c s E.
      transitivity (4 * (1 - c) ^ 2 * (s ^ 2 + c ^ 2) / omega ^ 2).
      * rewrite E. field. exact Hw.
      * field. exact Hw.
Qed.

Theorem haar_constant_is_two_ln_two : admissibility_constant haar none (2 * ln 2).
Proof.
  set (F := fun x => A3 (x * / 2) - / 2 * cinc (x * / 2) ^ 2).
  assert (C3 := fun y => proj1 (proj2 (proj2 (A_continuous y)))).
  assert (L : forall x : R, continuous (fun x => x * / 2) x) by smooth.
  assert (CF : forall x, continuous F x).
  { intros x. apply (continuous_minus (V := R_NormedModule) (fun x => A3 (x * / 2)) (fun x => / 2 * cinc (x * / 2) ^ 2)).
    - apply (continuous_comp (fun x => x * / 2) A3); [apply L|apply C3].
    - apply (continuous_comp (fun x => cinc (x * / 2)) (fun y => / 2 * y ^ 2)); [|smooth].
      apply (continuous_comp (fun x => x * / 2) cinc); [apply L|apply cinc_continuous]. }
  assert (Z : F 0 = 0).
  { unfold F, A3, hump. rewrite !Rmult_0_l, !Rmult_0_r, cinc_at_zero, sin_0. unfold Rdiv. ring. }
  apply (admissible_by_primitive haar none _ F (ln 2) _ haar_has_spectrum).
  - intros x. replace ((- x) ^ 2) with (x ^ 2) by ring.
    replace (- x / 2) with (- (x / 2)) by (unfold Rdiv; ring). now rewrite cos_neg.
  - intros a b Ha Hb. apply (integral_of_primitive_on F); [lra| |].
    + intros x Hx. assert (D := A3_derivative (x * / 2) ltac:(lra)).
      assert (E : ex_derive A3 (x * / 2)) by (eexists; exact D). apply is_derive_unique in D.
      unfold F, cinc. auto_derive; [repeat match goal with |- _ /\ _ => split end; auto; lra|].
      change (Derive (fun x : R => A3 x)) with (Derive A3). rewrite D. unfold Rdiv at 3.
      set (c := cos (x * / 2)). set (s := sin (x * / 2)).
      replace (cos (x / 2)) with c by reflexivity. field. lra.
    + intros x Hx. apply (ex_derive_continuous (V := R_NormedModule)). auto_derive. simpl. nra.
  - apply CF.
  - apply (limit_ext (fun x => A3 (x * / 2) + - / 2 * cinc (x * / 2) ^ 2)); [intros; unfold F; ring|].
    replace (ln 2) with (ln 2 + 0) by ring. apply limit_plus.
    + intros P HP. destruct (A3_tends P HP) as [M HM]. exists (2 * M). intros x Hx. apply HM. lra.
    + apply (limit_by_rate _ 0 2 8). intros T HT _. rewrite Rminus_0_r.
      assert (B : Rabs (cinc (T * / 2)) <= 2 / (T * / 2)).
      { apply over_t; [lra|]. rewrite Rabs_pos_eq; apply one_minus_cos_bound. }
      replace (2 / (T * / 2)) with (4 / T) in B by (field; lra).
      assert (I1 : 0 < / T <= / 2) by (split; [apply Rinv_0_lt_compat; lra|apply Rinv_le_contravar; lra]).
      unfold Rdiv in B |- *. rewrite Rabs_mult, <- RPow_abs, Rabs_Ropp, (Rabs_pos_eq (/ 2)) by lra.
      assert (P := Rabs_pos (cinc (T * / 2))). nra.
  - rewrite Z. ring.
Qed.
