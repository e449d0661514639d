(** The published construction, k = floor(m / 2 pi) + 1. *)
From Coq Require Import Reals Lra Lia Arith Wf_nat.
From Coquelicot Require Import Coquelicot.
From Ropelet Require Import Definitions Matrices.
Local Open Scope R_scope.

Theorem smallest_cycles_exists m : 0 <= m -> exists k, smallest_cycles m k /\ (1 <= k)%nat.
Proof.
  intros Hm.
  destruct (dec_inh_nat_subset_has_unique_least_element (fun k => m < 2 * INR k * PI))
    as [k [[H1 H2] _]].
  - intros k. destruct (Rlt_dec m (2 * INR k * PI)); auto.
  - destruct (nfloor_ex m Hm) as [n Hn]. exists (S n). rewrite S_INR.
    assert (HP := PI2_3_2). assert (0 <= INR n) by apply pos_INR. nra.
  - exists k. split; [split; auto|].
    destruct k; [|lia]. simpl in H1. lra.
Qed.

Theorem smallest_cycles_is_floor_plus_one m k :
  smallest_cycles m (S k) <-> 2 * INR k * PI <= m < 2 * INR (S k) * PI.
Proof.
  split.
  - intros [H1 H2]. split; auto. apply Rnot_lt_le. intros H. specialize (H2 k H). lia.
  - intros [H1 H2]. split; auto. intros n Hn.
    destruct (le_lt_dec (S k) n) as [|H]; auto. exfalso.
    assert (INR n <= INR k) by (apply le_INR; lia).
    generalize PI_RGT_0; nra.
Qed.

Lemma shift_below_one a phi : 0 <= phi < a -> 0 <= phi / a < 1.
Proof. intros H. split; [apply Rdiv_le_0_compat; lra|apply Rlt_div_l; lra]. Qed.

Theorem published_shift_is_below_one m k theta :
  0 <= m -> smallest_cycles m k -> 0 <= theta <= 1 -> 0 <= m * theta / (2 * INR k * PI) < 1.
Proof. intros Hm [Hk _] Ht. apply shift_below_one. nra. Qed.

(** Any number of cycles above m theta / 2 pi will do; the smallest is not needed. *)
Lemma enough_cycles theta m k : (forall i, 0 <= m * theta i < 2 * INR k * PI) ->
  forall r c, haar_type_matrix (turns k) (fun i => m * theta i / (2 * INR k * PI)) r c = rope theta m r c.
Proof.
  intros H. assert (Hd := fun i => shift_below_one _ _ (H i)).
  apply any_phase; [exact Hd| |]; intros i; apply equal_phases_are_equal_modulo_turns.
  - rewrite turns_on_unit by apply Hd. field. specialize (H i). split; nra.
  - rewrite turns_above_one by apply Hd. field. specialize (H i). split; nra.
Qed.

Theorem published_form_equals_rope theta m k r c :
  0 <= m -> smallest_cycles m k -> (forall i, 0 <= theta i <= 1) ->
  haar_type_matrix (turns k) (fun i => m * theta i / (2 * INR k * PI)) r c = rope theta m r c.
Proof. intros Hm [Hk _] Ht. apply enough_cycles. intros i. specialize (Ht i). nra. Qed.

Theorem rope_frequencies_lie_in_the_unit_interval base d i :
  1 <= base -> 0 < frequencies base d i <= 1.
Proof.
  intros Hb. unfold frequencies, Rpower. split; [apply exp_pos|]. rewrite <- exp_0.
  assert (Hl : 0 <= ln base) by (rewrite <- ln_1; apply Rcomplements.ln_le; lra).
  assert (He : 0 <= 2 * INR i / INR d).
  { destruct d as [|d]; [simpl; unfold Rdiv; rewrite Rinv_0; lra|].
    apply Rdiv_le_0_compat; [generalize (pos_INR i); lra|apply lt_0_INR; lia]. }
  destruct (Rle_lt_or_eq_dec 0 _ (Rmult_le_pos _ _ He Hl)) as [H|H].
  - left. apply exp_increasing. lra.
  - right. f_equal. lra.
Qed.

Theorem rope_frequencies_descend_from_one base d i :
  1 < base -> (0 < d)%nat -> frequencies base d 0 = 1 /\ frequencies base d (S i) < frequencies base d i.
Proof.
  intros Hb Hd. unfold frequencies. split.
  - simpl. unfold Rdiv. rewrite Rmult_0_r, Rmult_0_l, Ropp_0. apply Rpower_O. lra.
  - apply Rpower_lt; auto. rewrite S_INR. apply Ropp_lt_contravar.
    apply Rmult_lt_compat_r; [apply Rinv_0_lt_compat, lt_0_INR, Hd|lra].
Qed.
