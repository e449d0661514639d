(** The distance of a rotation block from the Haar block, and when it is 0. *)
From Coq Require Import Reals Lra ZArith.
From Coquelicot Require Import Coquelicot.
From Ropelet Require Import Definitions Matrices.
Local Open Scope R_scope.

Lemma sqrt_half : / sqrt 2 = sqrt 2 / 2 /\ sqrt 2 * sqrt 2 = 2 /\ 0 < sqrt 2.
Proof.
  assert (H := sqrt_lt_R0 2 ltac:(lra)). assert (E := sqrt_sqrt 2 ltac:(lra)).
  repeat split; auto. apply (Rmult_eq_reg_l (sqrt 2)); [|lra].
  rewrite Rinv_r by lra. unfold Rdiv. rewrite <- Rmult_assoc, E. field.
Qed.

Theorem haar_block_is_an_eighth_turn row column : haar_block row column = rotation (PI/4) row column.
Proof.
  destruct row, column; simpl; rewrite ?cos_PI4, ?sin_PI4; unfold Rdiv; ring.
Qed.

Theorem distance_of_two_rotations a b :
  distance2 (rotation a) (rotation b) = 8 * (sin ((a - b) / 2)) ^ 2.
Proof.
  unfold distance2; simpl rotation.
  assert (E : 2 * sin ((a - b) / 2) ^ 2 = 1 - cos (a - b)).
  { replace (a - b) with (2 * ((a - b) / 2)) at 2 by field. rewrite cos_2a_sin. ring. }
  replace (8 * sin ((a - b) / 2) ^ 2) with (4 * (2 * sin ((a - b) / 2) ^ 2)) by ring.
  rewrite E, cos_minus.
  generalize (sin2_cos2 a) (sin2_cos2 b). unfold Rsqr. intros Ea Eb.
  replace (4 * (1 - (cos a * cos b + sin a * sin b)))
    with (2 * 1 + 2 * 1 - 4 * (cos a * cos b + sin a * sin b)) by ring.
  rewrite <- Ea at 1. rewrite <- Eb. ring.
Qed.

Theorem rope_is_at_a_sine_from_haar phi :
  sqrt (distance2 (rotation phi) haar_block) = 2 * sqrt 2 * Rabs (sin ((phi - PI/4) / 2)).
Proof.
  replace (distance2 (rotation phi) haar_block) with (distance2 (rotation phi) (rotation (PI/4)))
    by (unfold distance2; now rewrite !haar_block_is_an_eighth_turn).
  rewrite distance_of_two_rotations.
  destruct sqrt_half as [_ [E2 H2]].
  replace (8 * sin ((phi - PI/4) / 2) ^ 2) with (Rsqr (2 * sqrt 2 * sin ((phi - PI/4) / 2))).
  - rewrite sqrt_Rsqr_abs, Rabs_mult, Rabs_pos_eq; [reflexivity|lra].
  - unfold Rsqr. replace 8 with (4 * (sqrt 2 * sqrt 2)) by (rewrite E2; ring). ring.
Qed.

Lemma cos_is_one_only_at_whole_turns x : cos x = 1 -> exists n : Z, x = 2 * PI * IZR n.
Proof.
  intros H.
  assert (E : sin (x / 2) = 0).
  { assert (A := cos_2a_sin (x / 2)). replace (2 * (x / 2)) with x in A by field. rewrite H in A.
    assert (B : sin (x / 2) * sin (x / 2) = 0) by lra.
    destruct (Rmult_integral _ _ B); auto. }
  destruct (sin_eq_0_0 _ E) as [n Hn]. exists n. lra.
Qed.

(** The block is the Haar block exactly where cosine and sine are equal and positive, that is at
    pi/4 modulo whole turns. *)
Theorem rope_is_haar_only_at_an_eighth_turn phi :
  (forall row column, rotation phi row column = haar_block row column) <->
  equal_modulo_turns phi (PI/4).
Proof.
  split.
  - intros H.
    assert (C := H false false). assert (S := H true false). rewrite haar_block_is_an_eighth_turn in C, S.
    simpl in C, S.
    destruct (cos_is_one_only_at_whole_turns (phi - PI/4)) as [n Hn].
    + rewrite cos_minus, C, S. rewrite Rplus_comm. apply sin2_cos2.
    + exists n. lra.
  - intros H row column. rewrite haar_block_is_an_eighth_turn.
    destruct row, column; simpl;
    rewrite ?(equal_modulo_turns_cos _ _ H), ?(equal_modulo_turns_sin _ _ H); reflexivity.
Qed.

Theorem rope_is_haar_exactly_where_equal_and_positive phi :
  (forall row column, rotation phi row column = haar_block row column) <->
  cos phi = sin phi /\ 0 < cos phi.
Proof.
  destruct sqrt_half as [E1 [E2 H2]]. split.
  - intros H. assert (C := H false false). assert (S := H true false). simpl in C, S.
    rewrite C, S. split; auto. apply Rinv_0_lt_compat, H2.
  - intros [E P].
    assert (A : cos phi = / sqrt 2).
    { generalize (sin2_cos2 phi). rewrite <- E. unfold Rsqr. intros Q.
      apply (Rmult_eq_reg_r (sqrt 2)); [|lra]. rewrite Rinv_l by lra.
      assert (B : (cos phi * sqrt 2 - 1) * (cos phi * sqrt 2 + 1) = 0).
      { replace ((cos phi * sqrt 2 - 1) * (cos phi * sqrt 2 + 1))
          with (cos phi * cos phi * (sqrt 2 * sqrt 2) - 1) by ring. rewrite E2. lra. }
      destruct (Rmult_integral _ _ B); [lra|]. assert (0 < cos phi * sqrt 2) by nra. lra. }
    intros row column. destruct row, column; simpl; rewrite <- ?E, A; reflexivity.
Qed.
