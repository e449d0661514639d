(** Energies and inner product of a pair whose phase has period 1. *)
From Coq Require Import Reals Lra.
From Coquelicot Require Import Coquelicot.
From Ropelet Require Import Definitions Matrices Integrals HaarLike.
Local Open Scope R_scope.

Lemma integral_shifted (g : R -> R) l : is_RInt g 0 1 l -> is_RInt (fun t => g (t - 1)) 1 2 l.
Proof.
  intros H. apply (is_RInt_ext (fun y => scal 1 (g (1 * y + -1)))).
  - intros x _. unfold scal; simpl; unfold mult; simpl. rewrite Rmult_1_l. f_equal; ring.
  - apply (is_RInt_comp_lin g 1 (-1) 1 2 l).
    replace (1 * 1 + -1) with 0 by ring. replace (1 * 2 + -1) with 1 by ring. exact H.
Qed.

Lemma one_minus (g h : R -> R) (l : R) : (forall t, g t + h t = 1) -> is_RInt g 0 1 l -> is_RInt h 0 1 (1 - l).
Proof.
  intros E H. apply (is_RInt_ext (fun t => minus 1 (g t))).
  - intros t _. specialize (E t). unfold minus, plus, opp; simpl. lra.
  - apply (is_RInt_minus (V := R_NormedModule) (fun _ => 1) g 0 1 1 l); auto.
    generalize (integral_of_constant 0 1 1). now replace ((1 - 0) * 1) with 1 by ring.
Qed.

Theorem haar_like_pair_is_orthonormal f :
  (forall t, 0 < t < 1 -> f (t + 1) = f t) ->
  ex_RInt (fun t => cos (f t) ^ 2) 0 1 -> ex_RInt (fun t => cos (f t) * sin (f t)) 0 1 ->
  line_integral (fun t => psi f t ^ 2) 1 /\ line_integral (fun t => psi' f t ^ 2) 1 /\
  line_integral (fun t => psi f t * psi' f t) 0.
Proof.
  intros Hp [c Hc] [x Hx].
  assert (Hs : is_RInt (fun t => sin (f t) ^ 2) 0 1 (1 - c)).
  { apply (one_minus (fun t => cos (f t) ^ 2)); auto.
    intros t. generalize (sin2_cos2 (f t)). unfold Rsqr. simpl. lra. }
  assert (P : forall t, 1 < t < 2 -> f (t - 1) = f t).
  { intros t Ht. rewrite <- Hp by lra. f_equal. ring. }
  assert (A := integral_shifted _ _ Hs). assert (B := integral_shifted _ _ Hc).
  assert (D := integral_shifted _ _ (is_RInt_opp (V := R_NormedModule) _ _ _ _ Hx)). cbv beta in A, B, D.
  assert (E : is_RInt (fun t => psi f t ^ 2) 0 2 (c + (1 - c))).
  { eapply (integral_in_two_parts _ _ _ 0 1 2); [lra| | |exact Hc|exact A].
    - intros t Ht. now destruct (psi_first f t Ht) as [-> _].
    - intros t Ht. destruct (psi_second f t Ht) as [-> _]. simpl. rewrite P by exact Ht. ring. }
  assert (F : is_RInt (fun t => psi' f t ^ 2) 0 2 (1 - c + c)).
  { eapply (integral_in_two_parts _ _ _ 0 1 2); [lra| | |exact Hs|exact B].
    - intros t Ht. now destruct (psi_first f t Ht) as [_ ->].
    - intros t Ht. destruct (psi_second f t Ht) as [_ ->]. simpl. rewrite P by exact Ht. ring. }
  assert (G : is_RInt (fun t => psi f t * psi' f t) 0 2 (x + opp x)).
  { eapply (integral_in_two_parts _ _ _ 0 1 2); [lra| | |exact Hx|exact D].
    - intros t Ht. now destruct (psi_first f t Ht) as [-> ->].
    - intros t Ht. destruct (psi_second f t Ht) as [-> ->].
      unfold opp; simpl. rewrite P by exact Ht. ring. }
  replace (c + (1 - c)) with 1 in E by ring. replace (1 - c + c) with 1 in F by ring.
  replace (x + opp x) with 0 in G by (unfold opp; simpl; ring).
  repeat split; apply line_integral_of_pair; auto;
  intros t Ht; destruct (psi_outside f t Ht) as [H1 H2]; rewrite ?H1, ?H2; ring.
Qed.

(** Whole turns satisfy the hypotheses. *)
Theorem whole_turns_are_orthonormal K :
  line_integral (fun t => psi (turns K) t ^ 2) 1 /\ line_integral (fun t => psi' (turns K) t ^ 2) 1 /\
  line_integral (fun t => psi (turns K) t * psi' (turns K) t) 0.
Proof.
  apply haar_like_pair_is_orthonormal.
  - intros t Ht. rewrite Rplus_comm, turns_above_one, turns_on_unit by lra. reflexivity.
  - apply (ex_RInt_ext (fun t => cos (full K * t) ^ 2)).
    + intros t. rewrite Rmin_left, Rmax_right by lra. intros Ht. now rewrite turns_on_unit by lra.
    + apply (ex_RInt_continuous (V := R_CompleteNormedModule)). smooth.
  - apply (ex_RInt_ext (fun t => cos (full K * t) * sin (full K * t))).
    + intros t. rewrite Rmin_left, Rmax_right by lra. intros Ht. now rewrite turns_on_unit by lra.
    + apply (ex_RInt_continuous (V := R_CompleteNormedModule)). smooth.
Qed.
