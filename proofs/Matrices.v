(** Lemmas on finite sums, rows of the Haar-type matrix and rows of the rotation. *)
From Coq Require Import Reals Lra Lia Arith ZArith.
From Coquelicot Require Import Coquelicot.
From Ropelet Require Import Definitions.
Local Open Scope R_scope.

Ltac cases := repeat match goal with
  | |- context [Rlt_dec ?a ?b] => destruct (Rlt_dec a b)
  | H : context [Rlt_dec ?a ?b] |- _ => destruct (Rlt_dec a b)
  end.

(** * Sums *)

Lemma sum_ext n g h : (forall t, (t < n)%nat -> g t = h t) -> sum n g = sum n h.
Proof. induction n as [|n IH]; simpl; intros H; auto. rewrite IH, H; auto. Qed.

Lemma sum_of_zeros n g : (forall t, (t < n)%nat -> g t = 0) -> sum n g = 0.
Proof. induction n as [|n IH]; simpl; intros H; auto. rewrite IH, H; auto; lra. Qed.

Lemma sum_plus n g h : sum n (fun t => g t + h t) = sum n g + sum n h.
Proof. induction n as [|n IH]; simpl; [ring|rewrite IH; ring]. Qed.

Lemma sum_scal n c g : sum n (fun t => c * g t) = c * sum n g.
Proof. induction n as [|n IH]; simpl; [ring|rewrite IH; ring]. Qed.

Lemma sum_swap n p (g : nat -> nat -> R) :
  sum n (fun i => sum p (g i)) = sum p (fun j => sum n (fun i => g i j)).
Proof.
  induction n as [|n IH]; simpl.
  - now rewrite sum_of_zeros.
  - now rewrite IH, <- sum_plus.
Qed.

Lemma sum_single n g j : (j < n)%nat -> (forall t, (t < n)%nat -> t <> j -> g t = 0) -> sum n g = g j.
Proof.
  induction n as [|n IH]; simpl; intros Hj H; [lia|].
  destruct (Nat.eq_dec n j) as [->|Hn].
  - rewrite sum_of_zeros; [ring|]. intros t Ht; apply H; lia.
  - rewrite IH, (H n); try lia; [ring|]. intros; apply H; lia.
Qed.

Lemma sum_by_pairs h g : sum (2 * h) g = sum h (fun p => g (2 * p)%nat + g (S (2 * p))).
Proof.
  induction h as [|h IH]; [reflexivity|].
  replace (2 * S h)%nat with (S (S (2 * h))) by lia.
  cbn [sum]. rewrite IH. ring.
Qed.

Lemma sum_nonneg n g : (forall t, (t < n)%nat -> 0 <= g t) -> 0 <= sum n g.
Proof.
  induction n as [|n IH]; simpl; intros H; [lra|].
  assert (0 <= sum n g) by (apply IH; intros; apply H; lia).
  assert (0 <= g n) by (apply H; lia). lra.
Qed.

(** * Halves of indices *)

Lemma odd_double p : Nat.odd (2 * p) = false.
Proof. rewrite <- Nat.negb_even, Nat.even_mul. reflexivity. Qed.
Lemma odd_succ_double p : Nat.odd (S (2 * p)) = true.
Proof. rewrite Nat.odd_succ, Nat.even_mul. reflexivity. Qed.
Lemma div2_bound r h : (r < 2 * h)%nat -> (Nat.div2 r < h)%nat.
Proof. generalize (Nat.div2_odd r). destruct (Nat.odd r); simpl Nat.b2n; lia. Qed.
Lemma by_parity (P : nat -> Prop) : (forall p, P (2 * p)%nat) -> (forall p, P (S (2 * p))) -> forall r, P r.
Proof.
  intros H0 H1 r. rewrite (Nat.div2_odd r). destruct (Nat.odd r); simpl Nat.b2n.
  - replace (2 * Nat.div2 r + 1)%nat with (S (2 * Nat.div2 r)) by lia. apply H1.
  - rewrite Nat.add_0_r. apply H0.
Qed.

(** * Rows of the rotation: two neighbouring entries *)

Definition two_taps (j : nat) (x y : R) (c : nat) : R :=
  if Nat.eqb c j then x else if Nat.eqb c (S j) then y else 0.

Lemma rope_even_row theta m p c :
  rope theta m (2 * p)%nat c = two_taps (2 * p) (cos (m * theta p)) (- sin (m * theta p)) c.
Proof.
  unfold rope, two_taps. rewrite Nat.div2_double, odd_double. revert c. apply by_parity; intros q.
  - rewrite Nat.div2_double, odd_double.
    destruct (Nat.eqb_spec p q), (Nat.eqb_spec (2 * q) (2 * p)), (Nat.eqb_spec (2 * q) (S (2 * p)));
      try lia; reflexivity.
  - rewrite Nat.div2_succ_double, odd_succ_double.
    destruct (Nat.eqb_spec p q), (Nat.eqb_spec (S (2 * q)) (2 * p)),
      (Nat.eqb_spec (S (2 * q)) (S (2 * p))); try lia; reflexivity.
Qed.

Lemma rope_odd_row theta m p c :
  rope theta m (S (2 * p)) c = two_taps (2 * p) (sin (m * theta p)) (cos (m * theta p)) c.
Proof.
  unfold rope, two_taps. rewrite Nat.div2_succ_double, odd_succ_double. revert c. apply by_parity; intros q.
  - rewrite Nat.div2_double, odd_double.
    destruct (Nat.eqb_spec p q), (Nat.eqb_spec (2 * q) (2 * p)), (Nat.eqb_spec (2 * q) (S (2 * p)));
      try lia; reflexivity.
  - rewrite Nat.div2_succ_double, odd_succ_double.
    destruct (Nat.eqb_spec p q), (Nat.eqb_spec (S (2 * q)) (2 * p)),
      (Nat.eqb_spec (S (2 * q)) (S (2 * p))); try lia; reflexivity.
Qed.

Lemma sum_two_taps n j x y (v : nat -> R) : (S j < n)%nat ->
  sum n (fun c => two_taps j x y c * v c) = x * v j + y * v (S j).
Proof.
  intros Hj.
  rewrite (sum_ext _ _ (fun c => (if Nat.eqb c j then x * v j else 0)
                               + (if Nat.eqb c (S j) then y * v (S j) else 0))).
  - rewrite sum_plus.
    rewrite (sum_single n (fun c => if Nat.eqb c j then _ else _) j); [|lia|].
    rewrite (sum_single n (fun c => if Nat.eqb c (S j) then _ else _) (S j)); [|lia|].
    + now rewrite !Nat.eqb_refl.
    + intros t _ Ht. destruct (Nat.eqb_spec t (S j)); [lia|reflexivity].
    + intros t _ Ht. destruct (Nat.eqb_spec t j); [lia|reflexivity].
  - intros t _. unfold two_taps.
    destruct (Nat.eqb_spec t j), (Nat.eqb_spec t (S j)); subst; try lia; ring.
Qed.

(** * Rows of the Haar-type matrix *)

Lemma daughter_of_scale_1 b w t : daughter 1 b w t = w (t - b).
Proof. unfold daughter. rewrite sqrt_1, !Rdiv_1. reflexivity. Qed.

Lemma not_neighbours t j : t <> j -> t <> S j -> INR t - INR j <= -1 \/ 2 <= INR t - INR j.
Proof.
  intros H1 H2. destruct (le_lt_dec (S t) j) as [H|H].
  - left. apply le_INR in H. rewrite S_INR in H. lra.
  - right. assert (H3 : (S (S j) <= t)%nat) by lia.
    apply le_INR in H3. rewrite !S_INR in H3. lra.
Qed.

Lemma samples_of_psi f delta j t : 0 <= delta < 1 ->
  psi f (INR t - (INR j - delta)) = two_taps j (cos (f delta)) (- sin (f (1 + delta))) t.
Proof.
  intros Hd. unfold two_taps. destruct (Nat.eqb_spec t j) as [->|H1].
  - replace (INR j - (INR j - delta)) with delta by ring. unfold psi; cases; try lra; auto.
  - destruct (Nat.eqb_spec t (S j)) as [->|H2].
    + rewrite S_INR. replace (INR j + 1 - (INR j - delta)) with (1 + delta) by ring.
      unfold psi; cases; try lra; auto.
    + destruct (not_neighbours t j H1 H2); unfold psi; cases; lra.
Qed.

Lemma samples_of_psi' f delta j t : 0 <= delta < 1 ->
  psi' f (INR t - (INR j - delta)) = two_taps j (sin (f delta)) (cos (f (1 + delta))) t.
Proof.
  intros Hd. unfold two_taps. destruct (Nat.eqb_spec t j) as [->|H1].
  - replace (INR j - (INR j - delta)) with delta by ring. unfold psi'; cases; try lra; auto.
  - destruct (Nat.eqb_spec t (S j)) as [->|H2].
    + rewrite S_INR. replace (INR j + 1 - (INR j - delta)) with (1 + delta) by ring.
      unfold psi'; cases; try lra; auto.
    + destruct (not_neighbours t j H1 H2); unfold psi'; cases; lra.
Qed.

Lemma haar_type_even_row f delta p c : 0 <= delta p < 1 ->
  haar_type_matrix f delta (2 * p)%nat c
  = two_taps (2 * p) (cos (f (delta p))) (- sin (f (1 + delta p))) c.
Proof.
  intros H. unfold haar_type_matrix. rewrite Nat.div2_double, odd_double, daughter_of_scale_1.
  now apply samples_of_psi.
Qed.

Lemma haar_type_odd_row f delta p c : 0 <= delta p < 1 ->
  haar_type_matrix f delta (S (2 * p)) c
  = two_taps (2 * p) (sin (f (delta p))) (cos (f (1 + delta p))) c.
Proof.
  intros H. unfold haar_type_matrix.
  rewrite Nat.div2_succ_double, odd_succ_double, daughter_of_scale_1. now apply samples_of_psi'.
Qed.

(** * Whole turns *)

Lemma cos_sin_whole_turns x (z : Z) :
  cos (x + 2 * PI * IZR z) = cos x /\ sin (x + 2 * PI * IZR z) = sin x.
Proof.
  destruct (Z_le_gt_dec 0 z) as [H|H].
  - rewrite <- (Z2Nat.id z H), <- INR_IZR_INZ.
    replace (x + 2 * PI * INR (Z.to_nat z)) with (x + 2 * INR (Z.to_nat z) * PI) by ring.
    split; [apply cos_period|apply sin_period].
  - assert (E : IZR z = - INR (Z.to_nat (- z)))
      by (rewrite INR_IZR_INZ, Z2Nat.id by lia; rewrite opp_IZR; ring).
    rewrite E. set (n := Z.to_nat (- z)). split.
    + rewrite <- (cos_period (x + 2 * PI * - INR n) n). f_equal; ring.
    + rewrite <- (sin_period (x + 2 * PI * - INR n) n). f_equal; ring.
Qed.

Lemma equal_modulo_turns_cos a b : equal_modulo_turns a b -> cos a = cos b.
Proof. intros [n ->]. apply cos_sin_whole_turns. Qed.
Lemma equal_modulo_turns_sin a b : equal_modulo_turns a b -> sin a = sin b.
Proof. intros [n ->]. apply cos_sin_whole_turns. Qed.

Lemma frac_part_on_unit t : 0 <= t < 1 -> frac_part t = t.
Proof.
  intros H. unfold frac_part, Int_part. rewrite <- (tech_up t 1); simpl; lra.
Qed.
Lemma frac_part_above_one t : 0 <= t < 1 -> frac_part (1 + t) = t.
Proof.
  intros H. unfold frac_part, Int_part. rewrite <- (tech_up (1 + t) 2); simpl; lra.
Qed.
Lemma frac_part_range x : 0 <= frac_part x < 1.
Proof. destruct (base_fp x). lra. Qed.

Lemma turns_on_unit K t : 0 <= t < 1 -> turns K t = 2 * INR K * PI * t.
Proof. intros H. unfold turns. now rewrite frac_part_on_unit. Qed.
Lemma turns_above_one K t : 0 <= t < 1 -> turns K (1 + t) = 2 * INR K * PI * t.
Proof. intros H. unfold turns. now rewrite frac_part_above_one. Qed.

(** One phase per pair, up to turns: the Haar-type matrix is the rotation. *)
Lemma any_phase theta m f delta :
  (forall i, 0 <= delta i < 1) ->
  (forall i, equal_modulo_turns (f (delta i)) (m * theta i)) ->
  (forall i, equal_modulo_turns (f (1 + delta i)) (m * theta i)) ->
  forall r c, haar_type_matrix f delta r c = rope theta m r c.
Proof.
  intros Hd H0 H1. apply (by_parity (fun r => forall c, _ r c = _)); intros p c.
  - rewrite haar_type_even_row, rope_even_row by auto.
    now rewrite (equal_modulo_turns_cos _ _ (H0 p)), (equal_modulo_turns_sin _ _ (H1 p)).
  - rewrite haar_type_odd_row, rope_odd_row by auto.
    now rewrite (equal_modulo_turns_sin _ _ (H0 p)), (equal_modulo_turns_cos _ _ (H1 p)).
Qed.

Lemma equal_phases_are_equal_modulo_turns a b : a = b -> equal_modulo_turns a b.
Proof. intros ->. exists 0%Z. simpl. ring. Qed.
