(** An enclosure of the constant of one turn: Si and Cin at 2 pi and 4 pi by interval arithmetic. *)
From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Interval Require Import Tactic.
From Ropelet Require Import Definitions Matrices Integrals SineIntegrals haar_like_constant_has_a_closed_form.
Local Open Scope R_scope.

(** Below 1/2048 the integrands are within t of 1 and of 0. *)
Lemma start_of_Si : Rabs (Si (1/2048) - 1/2048) <= 1/2048 * (1/2048).
Proof.
  assert (I := is_RInt_minus (V := R_NormedModule) _ _ _ _ _ _ (Si_by_sinc (1/2048)) (integral_of_constant 0 (1/2048) 1)).
  change (minus (Si (1/2048)) ((1/2048 - 0) * 1)) with (Si (1/2048) - (1/2048 - 0) * 1) in I.
  replace ((1/2048 - 0) * 1) with (1/2048) in I by field.
  replace (1/2048 * (1/2048)) with ((1/2048 - 0) * (1/2048)) by ring.
  refine (norm_RInt_le_const (V := R_NormedModule) _ 0 (1/2048) _ (1/2048) _ _ I); [lra|].
  intros t Ht. apply Rle_trans with (1 := sinc_near_one t). rewrite Rabs_pos_eq; lra.
Qed.
Lemma start_of_Cin : Rabs (Cin (1/2048)) <= 1/2048 * (1/2048).
Proof.
  replace (1/2048 * (1/2048)) with ((1/2048 - 0) * (1/2048)) by ring.
  refine (norm_RInt_le_const (V := R_NormedModule) _ 0 (1/2048) _ (1/2048) _ _ (Cin_by_cinc (1/2048))); [lra|].
  intros t Ht. apply Rle_trans with (1 := cinc_near_zero t). rewrite Rabs_pos_eq; lra.
Qed.

Lemma Si_from a b : 0 < a -> a < b -> Si b = Si a + RInt (fun t => sin t / t) a b.
Proof.
  intros Ha Hb. assert (I : is_RInt (fun t => sin t / t) a b (RInt (fun t => sin t / t) a b)).
  { apply (RInt_correct (V := R_CompleteNormedModule)), (ex_RInt_continuous (V := R_CompleteNormedModule)).
    intros t. rewrite Rmin_left, Rmax_right by lra. intros Ht.
    apply (ex_derive_continuous (V := R_NormedModule)). auto_derive. lra. }
  apply (is_RInt_ext _ sinc) in I.
  - rewrite <- (is_RInt_unique _ _ _ _ (Si_by_sinc b)). apply is_RInt_unique.
    exact (is_RInt_Chasles (V := R_NormedModule) _ _ _ _ _ _ (Si_by_sinc a) I).
  - intros t. rewrite Rmin_left, Rmax_right by lra. intros Ht. symmetry. apply sinc_off_zero. lra.
Qed.
Lemma Cin_from a b : Cin b = Cin a + RInt (fun t => (1 - cos t) / t) a b.
Proof.
  rewrite <- (is_RInt_unique _ _ _ _ (Cin_by_cinc b)). apply is_RInt_unique.
  refine (is_RInt_Chasles (V := R_NormedModule) _ _ _ _ _ _ (Cin_by_cinc a) _).
  apply (RInt_correct (V := R_CompleteNormedModule)), integrable, cinc_continuous.
Qed.

Lemma s1 : Rabs (RInt (fun t => sin t / t) (1/2048) 6.2831853 - 1.41766329489) <= 0.0000002.
Proof. integral with (i_prec 50, i_fuel 500). Qed.
Lemma s2 : Rabs (RInt (fun t => sin t / t) 6.2831853 12.5663706 - 0.07400964945) <= 0.0000002.
Proof. integral with (i_prec 50, i_fuel 500). Qed.
Lemma c1 : Rabs (RInt (fun t => (1 - cos t) / t) (1/2048) 6.2831853 - 2.43765333345) <= 0.0000002.
Proof. integral with (i_prec 50, i_fuel 500). Qed.
Lemma c2 : Rabs (RInt (fun t => (1 - cos t) / t) 6.2831853 12.5663706 - 0.67670315795) <= 0.0000002.
Proof. integral with (i_prec 50, i_fuel 500). Qed.

(** Beyond 2 neither function changes faster than its argument. *)
Lemma slowly p q : 3 <= p -> p <= q <= p + 1 -> Rabs (Si q - Si p) <= q - p /\ Rabs (Cin q - Cin p) <= q - p.
Proof.
  intros Hp Hq. replace (q - p) with (1 * Rabs (q - p)) by (rewrite Rabs_pos_eq; lra).
  assert (T : forall t, Rabs (t - p) <= Rabs (q - p) -> 2 <= t).
  { intros t Ht. rewrite (Rabs_pos_eq (q - p)) in Ht by lra. apply Rabs_le_between in Ht. lra. }
  assert (O : forall a t, 2 <= t -> Rabs a <= 2 -> Rabs (a / t) <= 1).
  { intros a t Ht Ha. apply Rle_trans with (1 := over_t a t ltac:(lra) Ha).
    apply (proj2 (Rle_div_l 2 1 t ltac:(lra))). lra. }
  split.
  - apply (bounded_variation Si sinc). intros t Ht. apply T in Ht. split; [apply Si_derivative|].
    rewrite sinc_off_zero by lra. apply O; auto. generalize (sin_abs t). lra.
  - apply (bounded_variation Cin cinc). intros t Ht. apply T in Ht. split; [apply Cin_derivative|].
    apply O; auto. rewrite Rabs_pos_eq; apply one_minus_cos_bound.
Qed.

Lemma pi_digits : 3.14159265 <= PI <= 3.14159266.
Proof. split; interval. Qed.

Theorem haar_like_constant_to_six_digits : exists C, 1.09218 <= C <= 1.09219 /\
  admissibility_constant (psi (turns 1)) none C /\ admissibility_constant (psi' (turns 1)) none C.
Proof.
  destruct (haar_like_constant_has_a_closed_form 1 (le_n 1)) as [H1 H2].
  replace (2 * INR 1 * PI) with (2 * PI) in H1, H2 by (simpl; ring).
  eexists. split; [|split; [exact H1|exact H2]]. clear H1 H2.
  assert (P := pi_digits). assert (Q1 := start_of_Si). assert (Q2 := start_of_Cin).
  assert (S1 := s1). assert (S2 := s2). assert (T1 := c1). assert (T2 := c2).
  destruct (slowly 6.2831853 (2 * PI) ltac:(lra) ltac:(lra)) as [U1 V1].
  destruct (slowly 12.5663706 (2 * (2 * PI)) ltac:(lra) ltac:(lra)) as [U2 V2].
  rewrite (Si_from 6.2831853 12.5663706) in U2 by lra.
  rewrite (Si_from (1/2048) 6.2831853) in U1, U2 by lra.
  rewrite (Cin_from 6.2831853 12.5663706) in V2.
  rewrite (Cin_from (1/2048) 6.2831853) in V1, V2.
  repeat match goal with H : Rabs _ <= _ |- _ => apply Rabs_le_between in H end.
  assert (A1 : 1.41815 <= Si (2 * PI) <= 1.418153) by lra.
  assert (A2 : 1.49216 <= Si (2 * (2 * PI)) <= 1.4921625) by lra.
  assert (A3 : 2.4376528 <= Cin (2 * PI) <= 2.4376538) by lra.
  assert (A4 : 3.1143558 <= Cin (2 * (2 * PI)) <= 3.1143572) by lra.
  clear - A1 A2 A3 A4.
  revert A1 A2 A3 A4. generalize (Si (2 * PI)) (Si (2 * (2 * PI))) (Cin (2 * PI)) (Cin (2 * (2 * PI))).
  intros a b c d A1 A2 A3 A4. split; interval.
Qed.
