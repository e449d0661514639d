(** Spectrum and admissibility constant of the Haar-like pair, in closed form. *)
From Coq Require Import Reals Lra Lia.
From Coquelicot Require Import Coquelicot.
From Ropelet Require Import Definitions Matrices Integrals HaarLike SineIntegrals.
Local Open Scope R_scope.

(** A primitive that fails to be differentiable at one point is one all the same, if continuous. *)
Lemma primitive_but_for_a_point (F g : R -> R) w a b : 0 < a -> a < b ->
  (forall x, 0 < x -> continuous g x) -> (forall x, 0 < x -> continuous F x) ->
  (forall x : R, 0 < x -> x <> w -> is_derive F x (g x)) -> is_RInt g a b (F b - F a).
Proof.
  intros Ha Hab Cg CF DF.
  assert (Ig : forall x, 0 < x -> ex_RInt g a x).
  { intros x Hx. apply (ex_RInt_continuous (V := R_CompleteNormedModule)). intros z Hz. apply Cg.
    assert (0 < Rmin a x) by now apply Rmin_pos. lra. }
  set (G := fun x => RInt g a x).
  assert (DG : forall x : R, 0 < x -> is_derive G x (g x)).
  { intros x Hx. apply (is_derive_RInt g G a x); [|now apply Cg].
    exists (mkposreal x Hx). intros y Hy.
    apply (RInt_correct (V := R_CompleteNormedModule)), Ig.
    unfold ball in Hy; simpl in Hy; unfold AbsRing_ball, abs, minus, plus, opp in Hy; simpl in Hy.
    apply Rabs_def2 in Hy. lra. }
  assert (step : forall p q, 0 < p -> p <= q -> (forall x, p < x < q -> x <> w) -> G q - F q = G p - F p).
  { intros p q Hp Hpq Hw.
    destruct (MVT_gen (fun x => G x - F x) p q (fun _ => 0)) as [c [_ E]].
    - intros x. rewrite Rmin_left, Rmax_right by lra. intros Hx.
      replace 0 with (minus (g x) (g x)) by (unfold minus, plus, opp; simpl; ring).
      apply (is_derive_minus G F); [apply DG; lra|apply DF; [lra|now apply Hw]].
    - intros x. rewrite Rmin_left, Rmax_right by lra. intros Hx. apply continuity_pt_filterlim.
      apply (continuous_minus (V := R_NormedModule) G F); [|apply CF; lra].
      apply (ex_derive_continuous (V := R_NormedModule)). exists (g x). apply DG. lra.
    - lra. }
  assert (E : G b - F b = G a - F a).
  { destruct (Rlt_dec a w) as [H1|H1]; [destruct (Rlt_dec w b) as [H2|H2]|].
    - rewrite (step w b), (step a w); auto; try lra; intros; lra.
    - apply step; auto; try lra; intros; lra.
    - apply step; auto; try lra; intros; lra. }
  assert (Ga : G a = 0) by exact (RInt_point a g).
  replace (F b - F a) with (G b) by lra. apply (RInt_correct (V := R_CompleteNormedModule)), Ig. lra.
Qed.

Section K.
Context (K : nat) (HK : (1 <= K)%nat).
Notation W := (full K).

Lemma W_positive : 6 < W.
Proof. now apply full_bound. Qed.

Definition closed (x : R) : R :=
  4 * sin (x / 2) ^ 2 * (W ^ 2 + x ^ 2 + 2 * x * W * sin x) / (W ^ 2 - x ^ 2) ^ 2.

Lemma half_angle x : 4 * sin (x / 2) ^ 2 = 2 * (1 - cos x).
Proof. replace (cos x) with (cos (2 * (x / 2))) by (f_equal; field). rewrite cos_2a_sin. ring. Qed.

Ltac off_resonance := let E := fresh in intros E; match goal with H : _ <> 0 |- _ => apply H; rewrite <- E; ring end.

Ltac piece P :=
  apply (integral_of_primitive P);
  [intros t; auto_derive; auto; unfold Rminus; field; off_resonance
  |smooth
  |rewrite ?Rmult_1_r, ?Rmult_0_r;
   replace (W * (2 - 1)) with W by ring; replace (W * (1 - 1)) with 0 by ring;
   rewrite ?sin_full, ?cos_full, ?sin_0, ?cos_0; field; off_resonance].

Lemma psi_transform x : W ^ 2 - x ^ 2 <> 0 ->
  re (psi (turns K)) x = (W * (cos (x * 2) - cos x) - x * sin x) / (W ^ 2 - x ^ 2) /\
  im (psi (turns K)) x = (W * (sin (x * 2) - sin x) + x * (cos x - 1)) / (W ^ 2 - x ^ 2).
Proof.
  intros H. assert (HW := W_positive). split; apply is_RInt_unique.
  - assert (A : is_RInt (fun t => cos (W * t) * cos (x * t)) 0 1 (- x * sin x / (W ^ 2 - x ^ 2))).
    { piece (fun t => (W * sin (W * t) * cos (x * t) - x * cos (W * t) * sin (x * t)) / (W ^ 2 - x ^ 2)). }
    assert (B : is_RInt (fun t => - sin (W * (t - 1)) * cos (x * t)) 1 2
                  (W * (cos (x * 2) - cos x) / (W ^ 2 - x ^ 2))).
    { piece (fun t => (W * cos (W * (t - 1)) * cos (x * t) + x * sin (W * (t - 1)) * sin (x * t)) / (W ^ 2 - x ^ 2)). }
    replace ((W * (cos (x * 2) - cos x) - x * sin x) / (W ^ 2 - x ^ 2))
      with (- x * sin x / (W ^ 2 - x ^ 2) + W * (cos (x * 2) - cos x) / (W ^ 2 - x ^ 2)) by (field; off_resonance).
    now apply integral_of_psi.
  - assert (A : is_RInt (fun t => cos (W * t) * sin (x * t)) 0 1 (x * (cos x - 1) / (W ^ 2 - x ^ 2))).
    { piece (fun t => (W * sin (W * t) * sin (x * t) + x * cos (W * t) * cos (x * t)) / (W ^ 2 - x ^ 2)). }
    assert (B : is_RInt (fun t => - sin (W * (t - 1)) * sin (x * t)) 1 2
                  (W * (sin (x * 2) - sin x) / (W ^ 2 - x ^ 2))).
    { piece (fun t => (W * cos (W * (t - 1)) * sin (x * t) - x * sin (W * (t - 1)) * cos (x * t)) / (W ^ 2 - x ^ 2)). }
    replace ((W * (sin (x * 2) - sin x) + x * (cos x - 1)) / (W ^ 2 - x ^ 2))
      with (x * (cos x - 1) / (W ^ 2 - x ^ 2) + W * (sin (x * 2) - sin x) / (W ^ 2 - x ^ 2)) by (field; off_resonance).
    now apply integral_of_psi.
Qed.

Lemma psi'_transform x : W ^ 2 - x ^ 2 <> 0 ->
  re (psi' (turns K)) x = (W * (1 - cos x) - x * (sin (x * 2) - sin x)) / (W ^ 2 - x ^ 2) /\
  im (psi' (turns K)) x = (x * (cos (x * 2) - cos x) - W * sin x) / (W ^ 2 - x ^ 2).
Proof.
  intros H. assert (HW := W_positive). split; apply is_RInt_unique.
  - assert (A : is_RInt (fun t => sin (W * t) * cos (x * t)) 0 1 (W * (1 - cos x) / (W ^ 2 - x ^ 2))).
    { piece (fun t => - (W * cos (W * t) * cos (x * t) + x * sin (W * t) * sin (x * t)) / (W ^ 2 - x ^ 2)). }
    assert (B : is_RInt (fun t => cos (W * (t - 1)) * cos (x * t)) 1 2
                  (- x * (sin (x * 2) - sin x) / (W ^ 2 - x ^ 2))).
    { piece (fun t => (W * sin (W * (t - 1)) * cos (x * t) - x * cos (W * (t - 1)) * sin (x * t)) / (W ^ 2 - x ^ 2)). }
    replace ((W * (1 - cos x) - x * (sin (x * 2) - sin x)) / (W ^ 2 - x ^ 2))
      with (W * (1 - cos x) / (W ^ 2 - x ^ 2) + - x * (sin (x * 2) - sin x) / (W ^ 2 - x ^ 2)) by (field; off_resonance).
    now apply integral_of_psi'.
  - assert (A : is_RInt (fun t => sin (W * t) * sin (x * t)) 0 1 (- W * sin x / (W ^ 2 - x ^ 2))).
    { piece (fun t => (x * sin (W * t) * cos (x * t) - W * cos (W * t) * sin (x * t)) / (W ^ 2 - x ^ 2)). }
    assert (B : is_RInt (fun t => cos (W * (t - 1)) * sin (x * t)) 1 2
                  (x * (cos (x * 2) - cos x) / (W ^ 2 - x ^ 2))).
    { piece (fun t => (W * sin (W * (t - 1)) * sin (x * t) + x * cos (W * (t - 1)) * cos (x * t)) / (W ^ 2 - x ^ 2)). }
    replace ((x * (cos (x * 2) - cos x) - W * sin x) / (W ^ 2 - x ^ 2))
      with (- W * sin x / (W ^ 2 - x ^ 2) + x * (cos (x * 2) - cos x) / (W ^ 2 - x ^ 2)) by (field; off_resonance).
    now apply integral_of_psi'.
Qed.

Lemma sum_of_squares a b d c : d <> 0 -> a ^ 2 + b ^ 2 = c -> (a / d) ^ 2 + (b / d) ^ 2 = c / d ^ 2.
Proof. intros Hd <-. field. exact Hd. Qed.

Lemma psi_power x : W ^ 2 - x ^ 2 <> 0 -> power (psi (turns K)) x = closed x.
Proof.
  intros H. unfold power, closed. destruct (psi_transform x H) as [-> ->]. rewrite half_angle.
  apply sum_of_squares; [exact H|]. rewrite (Rmult_comm x 2), cos_2a_cos, sin_2a.
  assert (E : (sin x)^2 = 1 - (cos x)^2) by (generalize (sin2_cos2 x); unfold Rsqr; intros; lra).
  generalize dependent (sin x). generalize (cos x). intros c s E. ring [E].
Qed.
Lemma psi'_power x : W ^ 2 - x ^ 2 <> 0 -> power (psi' (turns K)) x = closed x.
Proof.
  intros H. unfold power, closed. destruct (psi'_transform x H) as [-> ->]. rewrite half_angle.
  apply sum_of_squares; [exact H|]. rewrite (Rmult_comm x 2), cos_2a_cos, sin_2a.
  assert (E : (sin x)^2 = 1 - (cos x)^2) by (generalize (sin2_cos2 x); unfold Rsqr; intros; lra).
  generalize dependent (sin x). generalize (cos x). intros c s E. ring [E].
Qed.

(** * The integral of the spectrum over x *)

Definition F (x : R) : R :=
  / W ^ 2 * (2 * A1 x - A1 (x - W) - A1 (x + W)) + / W * (A2 (x - W) - A2 (x + W) + A3 (x - W) + A3 (x + W))
  + / W ^ 2 * (A4 (x + W) - A4 (x - W)).

Lemma shifted_trig x : cos (x - W) = cos x /\ sin (x - W) = sin x /\ cos (x + W) = cos x /\ sin (x + W) = sin x.
Proof.
  destruct (full_period K x) as [-> ->]. destruct (full_period K (x - W)) as [<- <-].
  replace (x - W + W) with x by ring. auto.
Qed.

Lemma derived (A dA : R -> R) (x d : R) : is_derive A (x + d) (dA (x + d)) ->
  is_derive (fun x => A (x + d)) x (dA (x + d)).
Proof.
  intros H. replace (dA (x + d)) with (scal 1 (dA (x + d))) by (unfold scal; simpl; unfold mult; simpl; ring).
  apply (is_derive_comp A (fun x => x + d)); [exact H|]. auto_derive; auto.
Qed.

Lemma F_derivative (x : R) : 0 < x -> x <> W -> is_derive F x (closed x / x).
Proof.
  intros Hx Hr. assert (HW := W_positive).
  destruct (shifted_trig x) as [C1 [S1 [C2 S2]]].
  assert (a := A1_derivative x).
  assert (b := derived A1 (fun x => (1 - cos x) / x) x (- W) (A1_derivative (x + - W))).
  assert (c := derived A1 (fun x => (1 - cos x) / x) x W (A1_derivative (x + W))).
  assert (d := derived A2 (fun x => (1 - cos x) / x ^ 2) x (- W) (A2_derivative (x + - W) ltac:(lra))).
  assert (e := derived A2 (fun x => (1 - cos x) / x ^ 2) x W (A2_derivative (x + W) ltac:(lra))).
  assert (f := derived A3 (fun x => sin x * (1 - cos x) / x ^ 2) x (- W) (A3_derivative (x + - W) ltac:(lra))).
  assert (g := derived A3 (fun x => sin x * (1 - cos x) / x ^ 2) x W (A3_derivative (x + W) ltac:(lra))).
  assert (h := derived A4 (fun x => sin x * (1 - cos x) / x) x W (A4_derivative (x + W) ltac:(lra))).
  assert (i := derived A4 (fun x => sin x * (1 - cos x) / x) x (- W) (A4_derivative (x + - W) ltac:(lra))).
  cbv beta in b, c, d, e, f, g, h, i.
  change (x + - W) with (x - W) in b, d, f, i. rewrite C1 in b, d. rewrite C2 in c, e.
  rewrite C1, S1 in f, i. rewrite C2, S2 in g, h.
  assert (T : is_derive F x
    (/ W ^ 2 * (2 * ((1 - cos x) / x) - (1 - cos x) / (x - W) - (1 - cos x) / (x + W))
     + / W * ((1 - cos x) / (x - W) ^ 2 - (1 - cos x) / (x + W) ^ 2
              + sin x * (1 - cos x) / (x - W) ^ 2 + sin x * (1 - cos x) / (x + W) ^ 2)
     + / W ^ 2 * (sin x * (1 - cos x) / (x + W) - sin x * (1 - cos x) / (x - W)))).
  { unfold F.
    apply (is_derive_plus (V := R_NormedModule)); [apply (is_derive_plus (V := R_NormedModule))|];
    apply is_derive_scal.
    - apply (is_derive_minus (V := R_NormedModule)); [apply (is_derive_minus (V := R_NormedModule))|]; auto.
      now apply is_derive_scal.
    - apply (is_derive_plus (V := R_NormedModule)); [apply (is_derive_plus (V := R_NormedModule))|]; auto.
      now apply (is_derive_minus (V := R_NormedModule)).
    - now apply (is_derive_minus (V := R_NormedModule)). }
  replace (closed x / x) with
    (/ W ^ 2 * (2 * ((1 - cos x) / x) - (1 - cos x) / (x - W) - (1 - cos x) / (x + W))
     + / W * ((1 - cos x) / (x - W) ^ 2 - (1 - cos x) / (x + W) ^ 2
              + sin x * (1 - cos x) / (x - W) ^ 2 + sin x * (1 - cos x) / (x + W) ^ 2)
     + / W ^ 2 * (sin x * (1 - cos x) / (x + W) - sin x * (1 - cos x) / (x - W))); [exact T|].
  unfold closed. rewrite half_angle.
  replace (W ^ 2 - x ^ 2) with (- ((x - W) * (x + W))) by ring.
  field. repeat split; lra.
Qed.

Lemma shifted_continuous (A : R -> R) d x : (forall y, continuous A y) -> continuous (fun x => A (x + d)) x.
Proof. intros H. apply (continuous_comp (fun x => x + d) A); [smooth|apply H]. Qed.

Lemma F_continuous x : continuous F x.
Proof.
  assert (C1 := fun y => proj1 (A_continuous y)).
  assert (C2 := fun y => proj1 (proj2 (A_continuous y))).
  assert (C3 := fun y => proj1 (proj2 (proj2 (A_continuous y)))).
  assert (C4 := fun y => proj2 (proj2 (proj2 (A_continuous y)))).
  assert (sum : forall f g : R -> R, continuous f x -> continuous g x -> continuous (fun x => f x + g x) x)
    by (intros f g; apply (continuous_plus (V := R_NormedModule))).
  assert (difference : forall f g : R -> R, continuous f x -> continuous g x -> continuous (fun x => f x - g x) x)
    by (intros f g; apply (continuous_minus (V := R_NormedModule))).
  assert (multiple : forall c (f : R -> R), continuous f x -> continuous (fun x => c * f x) x)
    by (intros c f; apply (continuous_scal_r (V := R_NormedModule))).
  assert (D1 := shifted_continuous A1 (- W) x C1). assert (E1 := shifted_continuous A1 W x C1).
  assert (D2 := shifted_continuous A2 (- W) x C2). assert (E2 := shifted_continuous A2 W x C2).
  assert (D3 := shifted_continuous A3 (- W) x C3). assert (E3 := shifted_continuous A3 W x C3).
  assert (D4 := shifted_continuous A4 (- W) x C4). assert (E4 := shifted_continuous A4 W x C4).
  exact (sum _ _ (sum _ _ (multiple (/ W ^ 2) _ (difference _ _ (difference _ _ (multiple 2 _ (C1 x)) D1) E1))
    (multiple (/ W) _ (sum _ _ (sum _ _ (difference _ _ D2 E2) D3) E3)))
    (multiple (/ W ^ 2) _ (difference _ _ E4 D4))).
Qed.

Lemma F_tends : filterlim F (Rbar_locally p_infty) (locally (2 * ln 2 / W)).
Proof.
  assert (HW := W_positive). destruct (A_slow W ltac:(lra)) as [L1 _].
  destruct (A_slow (2 * W) ltac:(lra)) as [_ [L2 L4]].
  apply (limit_ext (fun x =>
    / W ^ 2 * ((A1 (x + - W + W) - A1 (x + - W)) + -1 * (A1 (x + W) - A1 x))
    + / W * ((-1 * (A2 (x + - W + 2 * W) - A2 (x + - W)) + A3 (x + - W)) + A3 (x + W))
    + / W ^ 2 * (A4 (x + - W + 2 * W) - A4 (x + - W)))).
  - intros x. unfold F. replace (x + - W + W) with x by ring. replace (x + - W + 2 * W) with (x + W) by ring.
    unfold Rminus. ring.
  - replace (2 * ln 2 / W) with (/ W ^ 2 * (0 + -1 * 0) + / W * ((-1 * 0 + ln 2) + ln 2) + / W ^ 2 * 0)
      by (field; lra).
    exact (limit_plus _ _ _ _ (limit_plus _ _ _ _
      (limit_scal _ _ (/ W ^ 2) (limit_plus _ _ _ _ (limit_shifted _ 0 (- W) L1) (limit_scal _ _ (-1) L1)))
      (limit_scal _ _ (/ W) (limit_plus _ _ _ _ (limit_plus _ _ _ _
        (limit_scal _ _ (-1) (limit_shifted _ 0 (- W) L2)) (limit_shifted _ _ (- W) A3_tends))
        (limit_shifted _ _ W A3_tends))))
      (limit_scal _ _ (/ W ^ 2) (limit_shifted _ 0 (- W) L4))).
Qed.

Lemma F_at_zero :
  F 0 = - / W ^ 2 * (2 * Cin W) - / W * (2 * Si W) + / W * (2 * Cin (2 * W) - 2 * Cin W)
        + / W ^ 2 * (2 * Si W - Si (2 * W)).
Proof.
  assert (HW := W_positive). unfold F, A1, A2, A3, A4, hump, cinc.
  replace (0 - W) with (- W) by ring. replace (0 + W) with W by ring.
  replace (2 * - W) with (- (2 * W)) by ring.
  rewrite !Si_odd, !Cin_even, cos_neg, sin_neg, cos_full, sin_full.
  replace (Cin 0) with 0 by (unfold Cin; now rewrite RInt_point). field. lra.
Qed.

Definition constant : R :=
  4 / W * (Si W + ln 2 - Cin (2 * W) + Cin W) + (4 * Cin W + 2 * Si (2 * W) - 4 * Si W) / W ^ 2.

Lemma admissible_by_F w : (forall t, Rabs (w t) <= 1) ->
  (forall h, (forall t, continuous h t) -> ex_RInt (fun t => w t * h t) 0 2) ->
  (forall t, t < 0 \/ 2 < t -> w t = 0) ->
  (forall x, W ^ 2 - x ^ 2 <> 0 -> power w x = closed x) ->
  admissibility_constant w none constant.
Proof.
  intros B I O E. assert (HW := W_positive).
  apply (admissible_by_primitive w none (power w) F (2 * ln 2 / W)).
  - now apply power_is_spectrum.
  - now apply power_is_even.
  - intros a b Ha Hb. apply (primitive_but_for_a_point F _ W); auto.
    + intros x Hx. apply (continuous_mult (K := R_AbsRing) (power w) (fun x => / x)).
      * now apply power_is_continuous.
      * apply continuous_Rinv. lra.
    + intros x _. apply F_continuous.
    + intros x Hx Hr. rewrite E; [now apply F_derivative|]. intros Q.
      assert ((W - x) * (W + x) = 0) as Z by (rewrite <- Q; ring).
      apply Rmult_integral in Z. lra.
  - apply F_continuous.
  - apply F_tends.
  - rewrite F_at_zero. unfold constant. field. lra.
Qed.
End K.

Lemma whole_turns_bounded K t : Rabs (psi (turns K) t) <= 1 /\ Rabs (psi' (turns K) t) <= 1.
Proof. exact (psi_bounded (turns K) t). Qed.

Theorem haar_like_constant_has_a_closed_form K : (1 <= K)%nat ->
  let W := 2 * INR K * PI in
  let C := 4 / W * (Si W + ln 2 - Cin (2 * W) + Cin W) + (4 * Cin W + 2 * Si (2 * W) - 4 * Si W) / W ^ 2 in
  admissibility_constant (psi (turns K)) none C /\ admissibility_constant (psi' (turns K)) none C.
Proof.
  intros HK. split.
  - exact (admissible_by_F K HK (psi (turns K)) (fun t => proj1 (whole_turns_bounded K t))
      (fun h Hh => proj1 (pair_is_integrable K h Hh)) (fun t Ht => proj1 (psi_outside (turns K) t Ht))
      (psi_power K HK)).
  - exact (admissible_by_F K HK (psi' (turns K)) (fun t => proj2 (whole_turns_bounded K t))
      (fun h Hh => proj2 (pair_is_integrable K h Hh)) (fun t Ht => proj2 (psi_outside (turns K) t Ht))
      (psi'_power K HK)).
Qed.

Theorem haar_like_pair_shares_a_spectrum K P x : (1 <= K)%nat ->
  let W := 2 * INR K * PI in x ^ 2 <> W ^ 2 ->
  spectrum (psi (turns K)) none P \/ spectrum (psi' (turns K)) none P ->
  P x = 4 * sin (x / 2) ^ 2 * (W ^ 2 + x ^ 2 + 2 * x * W * sin x) / (W ^ 2 - x ^ 2) ^ 2.
Proof.
  intros HK W Hx HP. change (P x = closed K x).
  assert (D : full K ^ 2 - x ^ 2 <> 0) by (change (full K) with W; lra).
  destruct HP as [HP|HP].
  - rewrite <- (psi_power K HK x D). apply (spectrum_unique _ _ _ _ HP).
    exact (power_is_spectrum (psi (turns K)) (fun h Hh => proj1 (pair_is_integrable K h Hh))
      (fun t Ht => proj1 (psi_outside (turns K) t Ht))).
  - rewrite <- (psi'_power K HK x D). apply (spectrum_unique _ _ _ _ HP).
    exact (power_is_spectrum (psi' (turns K)) (fun h Hh => proj2 (pair_is_integrable K h Hh))
      (fun t Ht => proj2 (psi_outside (turns K) t Ht))).
Qed.
