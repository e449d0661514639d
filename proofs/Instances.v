(** Rational instances of the statements, computed by functions that are proved to give them. The
    audit writes their values to instances.txt, and a test of the program compares with its own. *)
From Coq Require Import Reals Lra Lia ZArith List.
From Ropelet Require Import Definitions Matrices.
Import ListNotations.

(** * haar-type-matrix-equals-rope: the angle whose cosine is 3/5 and whose sine is 4/5 *)

(** Real and imaginary part of (3 + 4i)^n. *)
Fixpoint turned (n : nat) : Z * Z :=
  match n with
  | O => (1, 0)%Z
  | S p => let (x, y) := turned p in (3 * x - 4 * y, 4 * x + 3 * y)%Z
  end.

Theorem turned_is_the_rotation (theta : R) n : (cos theta = 3 / 5 -> sin theta = 4 / 5 ->
  cos (INR n * theta) = IZR (fst (turned n)) / 5 ^ n /\ sin (INR n * theta) = IZR (snd (turned n)) / 5 ^ n)%R.
Proof.
  intros Hc Hs. induction n as [|n [IHc IHs]].
  - simpl. rewrite Rmult_0_l, cos_0, sin_0. split; field.
  - rewrite S_INR, Rmult_plus_distr_r, Rmult_1_l, cos_plus, sin_plus, IHc, IHs, Hc, Hs.
    change (turned (S n)) with (let (x, y) := turned n in (3 * x - 4 * y, 4 * x + 3 * y)%Z).
    destruct (turned n) as [x y]. cbn [fst snd].
    rewrite minus_IZR, plus_IZR, !mult_IZR. simpl pow.
    assert (5 ^ n <> 0)%R by (apply pow_nonzero; lra). split; field; auto.
Qed.

(** Position n, with numerators over 5^n. *)
Definition rotations : list (Z * Z * Z) :=
  map (fun n => (Z.of_nat n, fst (turned n), snd (turned n))) (seq 0 11).

(** * haar-type-matrix-equals-rope: shifts at the frequency of p/q turns *)

Definition shift (m p q : Z) : Z := ((m * p) mod q)%Z.

Theorem shift_is_the_fraction_of_a_turn m p q : (0 < q)%Z ->
  (frac_part (IZR m * (2 * PI * IZR p / IZR q) / (2 * PI)) = IZR (shift m p q) / IZR q)%R.
Proof.
  intros Hq. assert (Hq' := IZR_lt _ _ Hq). assert (HP := PI_RGT_0).
  assert (B := Z.mod_pos_bound (m * p) q Hq). assert (E := Z.div_mod (m * p) q ltac:(lia)).
  unfold shift. set (r := ((m * p) mod q)%Z) in *. set (n := (m * p / q)%Z) in *.
  assert (Hr0 := IZR_le _ _ (proj1 B)). assert (Hr1 := IZR_lt _ _ (proj2 B)).
  assert (X : (IZR m * (2 * PI * IZR p / IZR q) / (2 * PI) = IZR n + IZR r / IZR q)%R).
  { replace (IZR m * (2 * PI * IZR p / IZR q) / (2 * PI))%R with (IZR (m * p) / IZR q)%R
      by (rewrite mult_IZR; field; lra).
    rewrite E, plus_IZR, mult_IZR. field. lra. }
  assert (F : (0 <= IZR r / IZR q < 1)%R).
  { split; [apply Rmult_le_pos; [lra|left; now apply Rinv_0_lt_compat]|].
    apply (Rmult_lt_reg_r (IZR q)); [exact Hq'|]. unfold Rdiv. rewrite Rmult_assoc, Rinv_l by lra. lra. }
  rewrite X. unfold frac_part, Int_part. rewrite <- (tech_up _ (n + 1)).
  - rewrite minus_IZR, plus_IZR. simpl. ring.
  - rewrite plus_IZR. simpl. lra.
  - rewrite plus_IZR. simpl. lra.
Qed.

(** Position m, p, q, and q times the shift. *)
Definition shifts : list (Z * Z * Z * Z) :=
  map (fun '(m, p, q) => (m, p, q, shift m p q))
    [(1, 1, 7); (6, 1, 7); (7, 1, 7); (-1, 1, 7); (5, 3, 16); (-5, 3, 16); (1000, 3, 16); (-999, 7, 24);
     (123456, 5, 97); (-123457, 5, 97); (1048576, 11, 360); (-1048575, 1, 1000)]%Z.

(** * half-split-is-interleaved-permuted: where the coordinates of h pairs stand *)

Definition permutations : list (list Z) :=
  map (fun h => map (fun r => Z.of_nat (even_first h r)) (seq 0 (2 * h))) [1; 2; 3; 4; 8]%nat.
