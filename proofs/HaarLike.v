(** The Haar-like pair on its support. *)
From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ropelet Require Import Definitions Matrices Integrals.
Local Open Scope R_scope.

Lemma psi_outside f t : t < 0 \/ 2 < t -> psi f t = 0 /\ psi' f t = 0.
Proof. intros [H|H]; unfold psi, psi'; cases; split; lra. Qed.
Lemma psi_first f t : 0 < t < 1 -> psi f t = cos (f t) /\ psi' f t = sin (f t).
Proof. intros H; unfold psi, psi'; cases; split; lra. Qed.
Lemma psi_second f t : 1 < t < 2 -> psi f t = - sin (f t) /\ psi' f t = cos (f t).
Proof. intros H; unfold psi, psi'; cases; split; lra. Qed.

Lemma psi_bounded f t : Rabs (psi f t) <= 1 /\ Rabs (psi' f t) <= 1.
Proof.
  unfold psi, psi'. cases; rewrite ?Rabs_R0, ?Rabs_Ropp; split; auto using cos_abs, sin_abs; lra.
Qed.

Lemma line_integral_of_pair (w : R -> R) l : (forall t, t < 0 \/ 2 < t -> w t = 0) ->
  is_RInt w 0 2 l -> line_integral w l.
Proof. intros H. apply line_integral_of_support; [lra| |]; intros; apply H; auto. Qed.

(** K whole turns: W = 2 K pi is a whole number of turns. *)
Definition full (K : nat) : R := 2 * INR K * PI.

Lemma cos_full K : cos (full K) = 1.
Proof. unfold full. rewrite <- (Rplus_0_l (2 * INR K * PI)), cos_period. apply cos_0. Qed.
Lemma sin_full K : sin (full K) = 0.
Proof. unfold full. rewrite <- (Rplus_0_l (2 * INR K * PI)), sin_period. apply sin_0. Qed.
Lemma full_bound K : (1 <= K)%nat -> 6 < full K.
Proof.
  intros H. apply le_INR in H. simpl in H. unfold full. assert (P := PI2_3_2). nra.
Qed.
Lemma full_period K x : cos (x + full K) = cos x /\ sin (x + full K) = sin x.
Proof. unfold full. split; [apply cos_period|apply sin_period]. Qed.

Lemma pair_first K t : 0 < t < 1 ->
  psi (turns K) t = cos (full K * t) /\ psi' (turns K) t = sin (full K * t).
Proof. intros H. destruct (psi_first (turns K) t H) as [-> ->]. now rewrite turns_on_unit by lra. Qed.
Lemma pair_second K t : 1 < t < 2 ->
  psi (turns K) t = - sin (full K * (t - 1)) /\ psi' (turns K) t = cos (full K * (t - 1)).
Proof.
  intros H. destruct (psi_second (turns K) t H) as [-> ->].
  replace (turns K t) with (turns K (1 + (t - 1))) by (f_equal; ring).
  now rewrite turns_above_one by lra.
Qed.

(** The integral of psi h over [0, 2] is that of its two smooth pieces. *)
Lemma integral_of_psi K h x y :
  is_RInt (fun t => cos (full K * t) * h t) 0 1 x ->
  is_RInt (fun t => - sin (full K * (t - 1)) * h t) 1 2 y ->
  is_RInt (fun t => psi (turns K) t * h t) 0 2 (x + y).
Proof.
  apply integral_in_two_parts; [lra| |]; intros t Ht;
  [destruct (pair_first K t Ht) as [-> _]|destruct (pair_second K t Ht) as [-> _]]; reflexivity.
Qed.
Lemma integral_of_psi' K h x y :
  is_RInt (fun t => sin (full K * t) * h t) 0 1 x ->
  is_RInt (fun t => cos (full K * (t - 1)) * h t) 1 2 y ->
  is_RInt (fun t => psi' (turns K) t * h t) 0 2 (x + y).
Proof.
  apply integral_in_two_parts; [lra| |]; intros t Ht;
  [destruct (pair_first K t Ht) as [_ ->]|destruct (pair_second K t Ht) as [_ ->]]; reflexivity.
Qed.

Lemma pair_is_integrable K h : (forall t, continuous h t) ->
  ex_RInt (fun t => psi (turns K) t * h t) 0 2 /\ ex_RInt (fun t => psi' (turns K) t * h t) 0 2.
Proof.
  intros Hh.
  assert (I : forall (u : R -> R) a b, (forall t, continuous u t) -> ex_RInt (fun t => u t * h t) a b).
  { intros u a b Hu. apply (ex_RInt_continuous (V := R_CompleteNormedModule)). intros z _.
    apply (continuous_mult (K := R_AbsRing)); auto. }
  destruct (I (fun t => cos (full K * t)) 0 1) as [a Ha]; [smooth|].
  destruct (I (fun t => - sin (full K * (t - 1))) 1 2) as [b Hb]; [smooth|].
  destruct (I (fun t => sin (full K * t)) 0 1) as [c Hc]; [smooth|].
  destruct (I (fun t => cos (full K * (t - 1))) 1 2) as [d Hd]; [smooth|].
  split; [exists (a + b); now apply integral_of_psi|exists (c + d); now apply integral_of_psi'].
Qed.

(** * The transform of a bounded function on [0, 2] *)

Section Transform.
Context (w : R -> R).
Context (bounded : forall t, Rabs (w t) <= 1).
Context (integrable : forall h, (forall t, continuous h t) -> ex_RInt (fun t => w t * h t) 0 2).
Context (outside : forall t, t < 0 \/ 2 < t -> w t = 0).

Definition re (omega : R) : R := RInt (fun t => w t * cos (omega * t)) 0 2.
Definition im (omega : R) : R := RInt (fun t => w t * sin (omega * t)) 0 2.
Definition power (omega : R) : R := re omega ^ 2 + im omega ^ 2.

Lemma power_is_spectrum : spectrum w none power.
Proof.
  intros omega. exists (re omega), (- im omega).
  assert (Ic : ex_RInt (fun t => w t * cos (omega * t)) 0 2) by (apply integrable; smooth).
  assert (Is : ex_RInt (fun t => w t * sin (omega * t)) 0 2) by (apply integrable; smooth).
  apply (RInt_correct (V := R_CompleteNormedModule)) in Ic.
  apply (RInt_correct (V := R_CompleteNormedModule)) in Is.
  repeat split; [| |unfold power; ring].
  - apply (line_integral_ext (fun t => w t * cos (omega * t))); [intros; unfold none; ring|].
    apply line_integral_of_pair; [intros t Ht; rewrite outside by auto; ring|exact Ic].
  - apply (line_integral_ext (fun t => - (w t * sin (omega * t)))); [intros; unfold none; ring|].
    apply line_integral_of_pair; [intros t Ht; rewrite outside by auto; ring|].
    apply (is_RInt_opp (V := R_NormedModule)), Is.
Qed.

Lemma transform_is_lipschitz (h : R -> R) a b : (forall x t, continuous (fun t => h (x * t)) t) ->
  (forall x y, Rabs (h x - h y) <= Rabs (x - y)) ->
  Rabs (RInt (fun t => w t * h (a * t)) 0 2 - RInt (fun t => w t * h (b * t)) 0 2) <= 4 * Rabs (a - b).
Proof.
  intros Hc Hl. assert (Ia := integrable _ (Hc a)). assert (Ib := integrable _ (Hc b)).
  replace (RInt (fun t => w t * h (a * t)) 0 2 - RInt (fun t => w t * h (b * t)) 0 2)
    with (RInt (fun t => minus (w t * h (a * t)) (w t * h (b * t))) 0 2)
    by (rewrite (RInt_minus (V := R_CompleteNormedModule)) by auto; reflexivity).
  replace (4 * Rabs (a - b)) with ((2 - 0) * (2 * Rabs (a - b))) by ring.
  apply abs_RInt_le_const; [lra|now apply (ex_RInt_minus (V := R_NormedModule))|].
  intros t Ht. unfold minus, plus, opp; simpl.
  replace (w t * h (a * t) + - (w t * h (b * t))) with (w t * (h (a * t) - h (b * t))) by ring.
  rewrite Rabs_mult.
  assert (H1 := bounded t). assert (H2 := Hl (a * t) (b * t)).
  replace (a * t - b * t) with ((a - b) * t) in H2 by ring.
  rewrite Rabs_mult, (Rabs_pos_eq t) in H2 by lra.
  assert (0 <= Rabs (w t)) by apply Rabs_pos.
  assert (0 <= Rabs (a - b)) by apply Rabs_pos.
  assert (0 <= Rabs (h (a * t) - h (b * t))) by apply Rabs_pos.
  apply Rle_trans with (1 * (Rabs (a - b) * t)); [apply Rmult_le_compat; auto|nra].
Qed.

Lemma power_is_continuous omega : continuous power omega.
Proof.
  unfold power.
  apply (continuous_plus (V := R_NormedModule) (fun x => re x ^ 2) (fun x => im x ^ 2)).
  - apply (continuous_comp re (fun y => y ^ 2)); [|smooth].
    apply (lipschitz_is_continuous _ 4). intros x y. apply (transform_is_lipschitz cos).
    + smooth.
    + apply cos_is_lipschitz.
  - apply (continuous_comp im (fun y => y ^ 2)); [|smooth].
    apply (lipschitz_is_continuous _ 4). intros x y. apply (transform_is_lipschitz sin).
    + smooth.
    + apply sin_is_lipschitz.
Qed.

Lemma power_is_even omega : power (- omega) = power omega.
Proof.
  unfold power, re, im.
  rewrite (RInt_ext (fun t => w t * cos (- omega * t)) (fun t => w t * cos (omega * t)))
    by (intros t _; rewrite Ropp_mult_distr_l_reverse, cos_neg; reflexivity).
  rewrite (RInt_ext (fun t => w t * sin (- omega * t)) (fun t => opp (w t * sin (omega * t))))
    by (intros t _; rewrite Ropp_mult_distr_l_reverse, sin_neg; unfold opp; simpl; ring).
  rewrite (RInt_opp (V := R_CompleteNormedModule)) by (apply integrable; smooth).
  unfold opp; simpl. ring.
Qed.
End Transform.
