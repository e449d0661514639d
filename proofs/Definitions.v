(** Every definition on which [Statements.v] rests. Angles are in radians, positions are any real
    numbers, and pairs, rows and columns are counted from 0 as in the program. *)
From Coq Require Import Reals Arith ZArith List.
From Coquelicot Require Import Coquelicot.
Local Open Scope R_scope.

(** * The Haar-like pair of a phase function *)

(** cos f on [0, 1), - sin f on [1, 2), and 0 elsewhere. *)
Definition psi (f : R -> R) (t : R) : R :=
  if Rlt_dec t 0 then 0 else
  if Rlt_dec t 1 then cos (f t) else
  if Rlt_dec t 2 then - sin (f t) else 0.

(** sin f on [0, 1), cos f on [1, 2), and 0 elsewhere. *)
Definition psi' (f : R -> R) (t : R) : R :=
  if Rlt_dec t 0 then 0 else
  if Rlt_dec t 1 then sin (f t) else
  if Rlt_dec t 2 then cos (f t) else 0.

(** The phase that turns K times on each unit interval, 2 K pi frac t. On [0, 2) it is the
    published one: 2 K pi t on [0, 1) and 2 K pi (t - 1) on [1, 2). *)
Definition turns (K : nat) (t : R) : R := 2 * INR K * PI * frac_part t.

(** w at scale a and shift b. *)
Definition daughter (a b : R) (w : R -> R) (t : R) : R := w ((t - b) / a) / sqrt a.

(** * Matrices and vectors, indexed by all natural numbers *)

Fixpoint sum (n : nat) (g : nat -> R) : R :=
  match n with O => 0 | S p => sum p g + g p end.

Definition matrix := nat -> nat -> R.
Definition identity : matrix := fun r c => if Nat.eqb r c then 1 else 0.
Definition transpose (A : matrix) : matrix := fun r c => A c r.
(** The first d rows and columns of A times those of B. *)
Definition product (d : nat) (A B : matrix) : matrix := fun r c => sum d (fun t => A r t * B t c).
Definition apply (d : nat) (A : matrix) (x : nat -> R) (r : nat) : R := sum d (fun c => A r c * x c).
(** What row r makes of a constant signal. *)
Definition row_sum (A : matrix) (d r : nat) : R := apply d A (fun _ => 1) r.
Definition dot (d : nat) (x y : nat -> R) : R := sum d (fun t => x t * y t).

(** * RoPE *)

(** The rotation block of angle phi; [false] is the first row or column. *)
Definition rotation (phi : R) (row column : bool) : R :=
  match row, column with
  | false, false => cos phi | false, true => - sin phi
  | true, false => sin phi  | true, true => cos phi
  end.

(** Position m in the interleaved layout: pair i is made of coordinates 2i and 2i + 1. *)
Definition rope (theta : nat -> R) (m : R) : matrix := fun r c =>
  if Nat.eqb (Nat.div2 r) (Nat.div2 c)
  then rotation (m * theta (Nat.div2 r)) (Nat.odd r) (Nat.odd c) else 0.

(** The half-split layout of h pairs: pair i is made of coordinates i and i + h. *)
Definition second_half (h r : nat) : bool := Nat.leb h r.
Definition pair_of (h r : nat) : nat := if second_half h r then r - h else r.
Definition half_split_rope (h : nat) (theta : nat -> R) (m : R) : matrix := fun r c =>
  if Nat.eqb (pair_of h r) (pair_of h c)
  then rotation (m * theta (pair_of h r)) (second_half h r) (second_half h c) else 0.

(** Where coordinate r of the half-split layout stands in the interleaved one, and back. *)
Definition even_first (h r : nat) : nat := if Nat.leb h r then S (2 * (r - h)) else 2 * r.
Definition odd_last (h r : nat) : nat := if Nat.odd r then Nat.div2 r + h else Nat.div2 r.
Definition permutation (h : nat) : matrix := fun r c => if Nat.eqb (even_first h r) c then 1 else 0.

(** The frequencies of head size d, base^(-2i/d). *)
Definition frequencies (base : R) (d : nat) (i : nat) : R := Rpower base (- (2 * INR i / INR d)).

(** * The Haar-type matrix *)

(** Rows 2i and 2i + 1 are psi and psi' at scale 1 and shift 2i - delta i, sampled at the integers. *)
Definition haar_type_matrix (f : R -> R) (delta : nat -> R) : matrix := fun r c =>
  daughter 1 (INR (2 * Nat.div2 r) - delta (Nat.div2 r)) (if Nat.odd r then psi' f else psi f) (INR c).

(** k is the smallest with m < 2 k pi. *)
Definition smallest_cycles (m : R) (k : nat) : Prop :=
  m < 2 * INR k * PI /\ forall n, m < 2 * INR n * PI -> (k <= n)%nat.

(** Both phases agree with phi modulo whole turns. *)
Definition equal_modulo_turns (a b : R) : Prop := exists n : Z, a = b + 2 * PI * IZR n.

(** The numbers of 24 binary digits, of any exponent, and rounding to the nearest of them, however ties are broken. *)
Definition binary24 (y : R) : Prop := exists z e : Z, (Z.abs z < 2 ^ 24)%Z /\ y = IZR z * powerRZ 2 e.
Definition rounds_to_nearest (r : R -> R) : Prop := forall x,
  binary24 (r x) /\ forall y, binary24 y -> Rabs (r x - x) <= Rabs (y - x).

(** * Integrals over the line, and admissibility *)

(** The improper Riemann integral of w over the line is l. *)
Definition line_integral (w : R -> R) (l : R) : Prop :=
  is_RInt_gen w (Rbar_locally m_infty) (Rbar_locally p_infty) l.

(** P omega = |hat omega|^2, where hat omega is the integral of (u + i v) exp(- i omega t) dt. *)
Definition spectrum (u v P : R -> R) : Prop := forall omega, exists re im,
  line_integral (fun t => u t * cos (omega * t) + v t * sin (omega * t)) re /\
  line_integral (fun t => v t * cos (omega * t) - u t * sin (omega * t)) im /\
  P omega = re ^ 2 + im ^ 2.

(** The two-sided constant: the integral of P omega / |omega|, improper at 0 and at infinity. *)
Definition admissibility_constant (u v : R -> R) (C : R) : Prop := exists P left right,
  spectrum u v P /\
  is_RInt_gen (fun omega => P omega / Rabs omega) (Rbar_locally m_infty) (at_left 0) left /\
  is_RInt_gen (fun omega => P omega / Rabs omega) (at_right 0) (Rbar_locally p_infty) right /\
  C = left + right.

(** The imaginary part of a real function. *)
Definition none (t : R) : R := 0.

(** Sine integral, and the entire cosine integral Cin x = gamma + ln x - Ci x. *)
Definition Si (x : R) : R := RInt (fun t => sin t / t) 0 x.
Definition Cin (x : R) : R := RInt (fun t => (1 - cos t) / t) 0 x.

(** * Other wavelets *)

Definition haar (t : R) : R :=
  if Rlt_dec t 0 then 0 else
  if Rlt_dec t (1/2) then 1 else
  if Rlt_dec t 1 then -1 else 0.
(** Haar's function as it is published for a decoder, which looks back: + 1 on [- 1/2, 0), - 1 on [- 1, - 1/2). *)
Definition mirrored_haar (t : R) : R :=
  if Rlt_dec t (-1) then 0 else
  if Rlt_dec t (-1/2) then -1 else
  if Rlt_dec t 0 then 1 else 0.
Definition ricker (t : R) : R := (1 - t ^ 2) * exp (- (t ^ 2 / 2)).
Definition gaussian (t : R) : R := exp (- t ^ 2).
(** Real and imaginary part of pi^(-1/4) exp(i omega0 t) exp(-t^2/2). *)
Definition morlet_re (omega0 t : R) : R := Rpower PI (- (1/4)) * cos (omega0 * t) * exp (- (t ^ 2 / 2)).
Definition morlet_im (omega0 t : R) : R := Rpower PI (- (1/4)) * sin (omega0 * t) * exp (- (t ^ 2 / 2)).

(** The Haar block: the wavelet row above the scaling row. *)
Definition haar_block (row column : bool) : R :=
  match row, column with false, true => - / sqrt 2 | _, _ => / sqrt 2 end.
(** Squared Frobenius distance of two blocks. *)
Definition distance2 (A B : bool -> bool -> R) : R :=
  (A false false - B false false) ^ 2 + (A false true - B false true) ^ 2 +
  (A true false - B true false) ^ 2 + (A true true - B true true) ^ 2.

(** What a filter of n taps makes of the frequency omega, squared. *)
Definition gain2 (n : nat) (a : nat -> R) (omega : R) : R :=
  (sum n (fun t => a t * cos (omega * INR t))) ^ 2 + (sum n (fun t => a t * sin (omega * INR t))) ^ 2.
(** What the softmax makes of n scores. *)
Definition softmax (n : nat) (scores : nat -> R) (t : nat) : R :=
  exp (scores t) / sum n (fun t => exp (scores t)).
(** ALiBi's weights over n lags where the content says nothing. *)
Definition alibi (slope : R) (n : nat) : nat -> R := softmax n (fun lag => - slope * INR lag).
(** Hann's window over n keys. *)
Definition hann (n t : nat) : R := 1/2 - 1/2 * cos (2 * PI * INR t / INR n).
(** A row with the weight s on key 0 and the rest evenly on all n keys. *)
Definition sink (s : R) (n t : nat) : R := (if Nat.eqb t 0 then s else 0) + (1 - s) / INR n.
(** Entropy of n weights, in nats. Here ln 0 = 0, so that 0 ln 0 = 0. *)
Definition entropy (n : nat) (p : nat -> R) : R := - sum n (fun t => p t * ln (p t)).

(** The standard deviation of x under the density P on a half line or on the line, from the end [left] to infinity. *)
Definition spread (left : (R -> Prop) -> Prop) (P : R -> R) (s : R) : Prop := exists m0 m1 m2,
  is_RInt_gen P left (Rbar_locally p_infty) m0 /\
  is_RInt_gen (fun x => x * P x) left (Rbar_locally p_infty) m1 /\
  is_RInt_gen (fun x => x ^ 2 * P x) left (Rbar_locally p_infty) m2 /\
  0 < m0 /\ 0 <= s /\ s ^ 2 = m2 / m0 - (m1 / m0) ^ 2.
(** The variance of cos (x t) over t uniform on [0, 1]. *)
Definition position_variance (x : R) : R :=
  RInt (fun t => cos (x * t) ^ 2) 0 1 - RInt (fun t => cos (x * t)) 0 1 ^ 2.
(** ALiBi's slope of head j of n. With p the largest power of two up to n, the first p are those of p heads, and the
    others the odd ones of 2p. *)
Definition alibi_slope (n j : nat) : R :=
  let p := Nat.pow 2 (Nat.log2 n) in
  Rpower 2 (- (8 * (if Nat.ltb j p then INR (j + 1) / INR p else INR (2 * (j - p) + 1) / INR (2 * p)))).

(** All orders of a list: its first element is put at each place of each order of the rest. *)
Fixpoint insertions (x : R) (l : list R) : list (list R) :=
  match l with nil => (x :: nil) :: nil | y :: rest => (x :: l) :: map (cons y) (insertions x rest) end.
Fixpoint orders (l : list R) : list (list R) :=
  match l with nil => nil :: nil | x :: rest => flat_map (insertions x) (orders rest) end.
Definition total (l : list R) : R := fold_right Rplus 0 l.
Definition mean_over_orders (f : list R -> R) (l : list R) : R := total (map f (orders l)) / INR (length (orders l)).
(** Whether bin k of n lies within the frequency of bin [edge] of either sign: one half on the edge. *)
Definition within (n edge k : nat) : R :=
  let f := Nat.min k (n - k) in if Nat.ltb f edge then 1 else if Nat.eqb f edge then 1/2 else 0.
(** What a row has of its power in the bins of the given weights. *)
Definition share (n : nat) (weight : nat -> R) (row : list R) : R :=
  let P k := gain2 n (fun t => nth t row 0) (2 * PI * INR k / INR n) in
  sum n (fun k => weight k * P k) / sum n P.
