(** Every machine-checked claim in full, under the id of the catalogue that it belongs to. With
    [Definitions.v] these are the only pages to read: each theorem is closed by [exact], so that a
    weaker one elsewhere would not compile here. The proofs are in the file of the id. *)
From Coq Require Import Reals Arith ZArith List Permutation.
From Coquelicot Require Import Coquelicot.
From Ropelet Require Import Definitions.
From Ropelet Require
  haar_type_matrix_equals_rope published_form_equals_rope fixed_pair_serves_bounded_positions
  fixed_pair_serves_every_position haar_type_matrix_is_orthogonal rotation_depends_on_the_lag_alone
  half_split_is_interleaved_permuted half_split_rows_are_contiguous shift_of_one_keeps_the_row monotone_phase_is_impossible
  published_phase_is_monotone published_phase_is_positive sampled_gains_lie_on_a_circle sampled_rows_have_zero_mean
  nonnegative_weights_peak_at_frequency_zero attention_rows_have_zero_mean alibi_windows_have_zero_mean
  rope_is_haar_only_at_an_eighth_turn haar_never_occurs_at_an_integer_position
  rotary_score_is_a_sum_of_cosines combs_reach_the_entropic_bound
  published_entropies_reach_ln_n negative_entropy_correlation_needs_learning
  shuffled_rows_split_as_they_vary published_band_shares_lie_beyond_noise
  flat_dirichlet_power_splits_five_two_one equal_sine_and_cosine_give_haar haar_like_pair_has_zero_mean zero_mean_carries_over_by_analogy
  haar_like_pair_is_orthonormal ricker_constant_is_two_pi gaussian_is_admissible
  uncorrected_morlet_is_admissible PiIrrational haar_like_constant_has_a_closed_form
  every_two_banded_matrix_is_a_wavelet_transform haar_constant_is_two_ln_two
  HaarLikeEnclosure haar_like_frequency_spread_is_infinite
  literal_shift_keeps_its_branch selectivity_is_one_over_the_squared_variation haar_kernel_at_scale_one_has_zero_mean
  ricker_kernel_ends_at_its_reach equal_amplitudes_cover_frequencies_evenly fixed_carrier_morlet_has_zero_mean
  ntk_interpolates_the_last_pair yarn_ramp_runs_from_pair_20_to_46 yarn_ramps_of_paper_and_code_agree
  RickerSpreads ricker_spreads_multiply_to_1_708 alibi_slopes_interleave_two_powers_of_two position_is_best_told_at_3_657_radians
  llama3_keeps_29_of_64_pairs hope_turns_the_pairs_that_complete_a_turn
  rotary_kernel_decays_with_the_logarithm_of_the_lag.
Import ListNotations.
Local Open Scope R_scope.

(** * haar-type-matrix-equals-rope *)

(** For every real position, all frequencies, all rows and columns, so for every even d. *)
Theorem haar_type_matrix_equals_rope : forall theta m r c,
  haar_type_matrix (turns 1) (fun i => frac_part (m * theta i / (2 * PI))) r c = rope theta m r c.
Proof. exact haar_type_matrix_equals_rope.haar_type_matrix_equals_rope. Qed.

Theorem haar_type_transform_equals_rope : forall theta m d x r,
  apply d (haar_type_matrix (turns 1) (fun i => frac_part (m * theta i / (2 * PI)))) x r
  = apply d (rope theta m) x r.
Proof. exact haar_type_matrix_equals_rope.haar_type_transform_equals_rope. Qed.

(** The same for any phase function of the user's, with phases modulo whole turns. *)
Theorem any_phase_of_the_right_angles_gives_rope : forall theta m f delta,
  (forall i, 0 <= delta i < 1) ->
  (forall i, equal_modulo_turns (f (delta i)) (m * theta i)) ->
  (forall i, equal_modulo_turns (f (1 + delta i)) (m * theta i)) ->
  forall r c, haar_type_matrix f delta r c = rope theta m r c.
Proof. exact Matrices.any_phase. Qed.

(** * published-form-equals-rope *)

Theorem published_form_equals_rope : forall theta m k r c,
  0 <= m -> smallest_cycles m k -> (forall i, 0 <= theta i <= 1) ->
  haar_type_matrix (turns k) (fun i => m * theta i / (2 * INR k * PI)) r c = rope theta m r c.
Proof. exact published_form_equals_rope.published_form_equals_rope. Qed.

Theorem published_shift_is_below_one : forall m k theta,
  0 <= m -> smallest_cycles m k -> 0 <= theta <= 1 -> 0 <= m * theta / (2 * INR k * PI) < 1.
Proof. exact published_form_equals_rope.published_shift_is_below_one. Qed.

Theorem smallest_cycles_exists : forall m, 0 <= m -> exists k, smallest_cycles m k /\ (1 <= k)%nat.
Proof. exact published_form_equals_rope.smallest_cycles_exists. Qed.

(** k = floor(m / 2 pi) + 1. *)
Theorem smallest_cycles_is_floor_plus_one : forall m k,
  smallest_cycles m (S k) <-> 2 * INR k * PI <= m < 2 * INR (S k) * PI.
Proof. exact published_form_equals_rope.smallest_cycles_is_floor_plus_one. Qed.

Theorem rope_frequencies_lie_in_the_unit_interval : forall base d i,
  1 <= base -> 0 < frequencies base d i <= 1.
Proof. exact published_form_equals_rope.rope_frequencies_lie_in_the_unit_interval. Qed.

(** * fixed-pair-serves-bounded-positions *)

Theorem fixed_pair_serves_bounded_positions : forall theta m K r c,
  (forall i, 0 <= m * theta i < 2 * INR K * PI) ->
  haar_type_matrix (turns K) (fun i => m * theta i / (2 * INR K * PI)) r c = rope theta m r c.
Proof. exact fixed_pair_serves_bounded_positions.fixed_pair_serves_bounded_positions. Qed.

Theorem fixed_pair_has_the_angle_itself : forall angle K, 0 <= angle < 2 * INR K * PI ->
  turns K (angle / (2 * INR K * PI)) = angle /\ turns K (1 + angle / (2 * INR K * PI)) = angle.
Proof. exact fixed_pair_serves_bounded_positions.fixed_pair_has_the_angle_itself. Qed.

(** * fixed-pair-serves-every-position *)

Theorem fixed_pair_does_not_serve_every_position : forall f B,
  (forall t, 0 <= t < 1 -> f t <= B) -> exists m : nat, forall delta, 0 <= delta < 1 -> f delta <> INR m.
Proof. exact fixed_pair_serves_every_position.fixed_pair_does_not_serve_every_position. Qed.

Theorem no_number_of_cycles_serves_every_position : forall K,
  exists m : nat, forall delta, 0 <= delta < 1 -> turns K delta <> INR m.
Proof. exact fixed_pair_serves_every_position.no_number_of_cycles_serves_every_position. Qed.

(** * haar-type-matrix-is-orthogonal *)

Theorem haar_type_matrix_is_orthogonal : forall f delta h r c,
  (forall i, 0 <= delta i < 1) ->
  (forall i, equal_modulo_turns (f (1 + delta i)) (f (delta i))) ->
  (r < 2 * h)%nat ->
  product (2 * h) (transpose (haar_type_matrix f delta)) (haar_type_matrix f delta) r c = identity r c.
Proof. exact haar_type_matrix_is_orthogonal.haar_type_matrix_is_orthogonal. Qed.

(** * rotation-depends-on-the-lag-alone *)

Theorem rotation_depends_on_the_lag_alone : forall theta m n h r c, (r < 2 * h)%nat ->
  product (2 * h) (transpose (rope theta m)) (rope theta n) r c = rope theta (n - m) r c.
Proof. exact rotation_depends_on_the_lag_alone.rotation_depends_on_the_lag_alone. Qed.

Theorem rotation_is_orthogonal : forall theta m h r c, (r < 2 * h)%nat ->
  product (2 * h) (transpose (rope theta m)) (rope theta m) r c = identity r c.
Proof. exact rotation_depends_on_the_lag_alone.rotation_is_orthogonal. Qed.

Theorem score_depends_on_the_lag_alone : forall theta m n h q k,
  dot (2 * h) (apply (2 * h) (rope theta m) q) (apply (2 * h) (rope theta n) k)
  = dot (2 * h) q (apply (2 * h) (rope theta (n - m)) k).
Proof. exact rotation_depends_on_the_lag_alone.score_depends_on_the_lag_alone. Qed.

Theorem rotation_preserves_the_norm : forall theta m h x,
  dot (2 * h) (apply (2 * h) (rope theta m) x) (apply (2 * h) (rope theta m) x) = dot (2 * h) x x.
Proof. exact rotation_depends_on_the_lag_alone.rotation_preserves_the_norm. Qed.

(** * rotary-score-is-a-sum-of-cosines *)

(** For a query and a key there are phases that serve all positions m and n, integers or not. *)
Theorem rotary_score_is_a_sum_of_cosines : forall theta h q k,
  let norm x i := sqrt (x (2 * i)%nat ^ 2 + x (S (2 * i)) ^ 2) in
  exists phi : nat -> R, forall m n,
  dot (2 * h) (apply (2 * h) (rope theta m) q) (apply (2 * h) (rope theta n) k)
  = sum h (fun i => norm q i * norm k i * cos (theta i * (m - n) + phi i)).
Proof. exact rotary_score_is_a_sum_of_cosines.rotary_score_is_a_sum_of_cosines. Qed.

(** The phases are the angles alpha of the query's pairs less the angles beta of the key's. *)
Theorem phases_are_those_of_the_pairs : forall theta h q k alpha beta m n,
  let norm x i := sqrt (x (2 * i)%nat ^ 2 + x (S (2 * i)) ^ 2) in
  (forall i, (i < h)%nat -> q (2 * i)%nat = norm q i * cos (alpha i) /\ q (S (2 * i)) = norm q i * sin (alpha i)) ->
  (forall i, (i < h)%nat -> k (2 * i)%nat = norm k i * cos (beta i) /\ k (S (2 * i)) = norm k i * sin (beta i)) ->
  dot (2 * h) (apply (2 * h) (rope theta m) q) (apply (2 * h) (rope theta n) k)
  = sum h (fun i => norm q i * norm k i * cos (theta i * (m - n) + (alpha i - beta i))).
Proof. exact rotary_score_is_a_sum_of_cosines.phases_are_those_of_the_pairs. Qed.

(** * half-split-is-interleaved-permuted *)

Theorem half_split_is_interleaved_permuted : forall h theta m r c,
  half_split_rope h theta m r c = rope theta m (even_first h r) (even_first h c).
Proof. exact half_split_is_interleaved_permuted.half_split_is_interleaved_permuted. Qed.

Theorem even_first_is_a_permutation : forall h r, (r < 2 * h)%nat ->
  (even_first h r < 2 * h)%nat /\ (odd_last h r < 2 * h)%nat /\
  odd_last h (even_first h r) = r /\ even_first h (odd_last h r) = r.
Proof. exact half_split_is_interleaved_permuted.even_first_is_a_permutation. Qed.

Theorem half_split_is_interleaved_conjugated : forall h theta m r c, (r < 2 * h)%nat -> (c < 2 * h)%nat ->
  half_split_rope h theta m r c
  = product (2 * h) (product (2 * h) (permutation h) (rope theta m)) (transpose (permutation h)) r c.
Proof. exact half_split_is_interleaved_permuted.half_split_is_interleaved_conjugated. Qed.

(** * half-split-rows-are-contiguous *)

Theorem half_split_row_has_taps_h_apart : forall h theta m i, (i < h)%nat ->
  cos (m * theta i) <> 0 -> sin (m * theta i) <> 0 ->
  forall c, (c < 2 * h)%nat -> half_split_rope h theta m i c <> 0 <-> c = i \/ c = (i + h)%nat.
Proof. exact half_split_rows_are_contiguous.half_split_row_has_taps_h_apart. Qed.

Theorem half_split_rows_are_not_contiguous : forall h theta m i, (2 <= h)%nat -> (i < h)%nat ->
  cos (m * theta i) <> 0 -> sin (m * theta i) <> 0 ->
  ~ exists j, forall c, (c < 2 * h)%nat -> half_split_rope h theta m i c <> 0 -> c = j \/ c = S j.
Proof. exact half_split_rows_are_contiguous.half_split_rows_are_not_contiguous. Qed.

(** * shift-of-one-keeps-the-row *)

Theorem shift_of_one_moves_the_row : forall K j, (1 <= j)%nat ->
  daughter 1 (INR j - 1) (psi (turns K)) (INR (j - 1)) = 1 /\
  daughter 1 (INR j - 1) (psi (turns K)) (INR (j + 1)) = 0.
Proof. exact shift_of_one_keeps_the_row.shift_of_one_moves_the_row. Qed.

Theorem shift_below_one_keeps_the_row : forall f delta j t, 0 <= delta < 1 -> t <> j -> t <> S j ->
  daughter 1 (INR j - delta) (psi f) (INR t) = 0 /\ daughter 1 (INR j - delta) (psi' f) (INR t) = 0.
Proof. exact shift_of_one_keeps_the_row.shift_below_one_keeps_the_row. Qed.

(** * literal-shift-keeps-its-branch *)

(** Pair 0 of the published form at position 103993, with 2 k pi, the shift, b and the argument rounded one after the
    other: psi is 0 there, and the entry of the rotation nearly 1. *)
Theorem literal_shift_falls_off_its_branch : forall r, rounds_to_nearest r ->
  let m := 103993 in
  let k := Z.to_nat 16551 in
  let turn := r (2 * INR k * PI) in
  let delta := r (m / turn) in
  let b := r (0 - delta) in
  smallest_cycles m k /\ psi (turns k) (r (0 - b)) = 0 /\ 99 / 100 < rope (fun _ => 1) m 0%nat 0%nat.
Proof. exact literal_shift_keeps_its_branch.literal_shift_falls_off_its_branch. Qed.

(** * every-two-banded-matrix-is-a-wavelet-transform *)

(** One bounded w on [0, 2] of mean 0, and distinct shifts in (0, 1), sample the first n rows. *)
Theorem every_two_banded_matrix_is_a_wavelet_transform : forall (A : matrix) n,
  (forall j t, A j t <> 0 -> t = j \/ t = S j) ->
  exists w delta B, (forall j, (j < n)%nat -> 0 < delta j < 1) /\
    (forall i j, delta i = delta j -> i = j) /\
    (forall t, Rabs (w t) <= B) /\ (forall t, t < 0 \/ 2 < t -> w t = 0) /\ line_integral w 0 /\
    forall j t, (j < n)%nat -> daughter 1 (INR j - delta j) w (INR t) = A j t.
Proof. exact every_two_banded_matrix_is_a_wavelet_transform.every_two_banded_matrix_is_a_wavelet_transform. Qed.

(** * monotone-phase-is-impossible *)

Theorem phase_falls_by_its_spread : forall f delta0 delta1 phi0 phi1,
  0 <= delta0 < 1 -> 0 <= delta1 < 1 -> phi0 < phi1 ->
  f delta0 = phi0 -> f (1 + delta0) = phi0 -> f delta1 = phi1 -> f (1 + delta1) = phi1 ->
  exists s t, 0 <= s /\ s < t /\ t < 2 /\ f s - f t = phi1 - phi0.
Proof. exact monotone_phase_is_impossible.phase_falls_by_its_spread. Qed.

Theorem monotone_phase_is_impossible : forall f delta0 delta1 phi0 phi1,
  0 <= delta0 < 1 -> 0 <= delta1 < 1 ->
  f delta0 = phi0 -> f (1 + delta0) = phi0 -> f delta1 = phi1 -> f (1 + delta1) = phi1 ->
  (forall s t, 0 <= s -> s <= t -> t < 2 -> f s <= f t) -> phi0 = phi1.
Proof. exact monotone_phase_is_impossible.monotone_phase_is_impossible. Qed.

(** With a base above 1 the frequencies of RoPE do differ. *)
Theorem rope_frequencies_descend_from_one : forall base d i,
  1 < base -> (0 < d)%nat -> frequencies base d 0 = 1 /\ frequencies base d (S i) < frequencies base d i.
Proof. exact published_form_equals_rope.rope_frequencies_descend_from_one. Qed.

(** * published-phase-is-monotone *)

Theorem published_phase_is_not_monotone : forall k, (1 <= k)%nat ->
  turns k 0 < turns k (1/2) /\ turns k 1 < turns k (1/2).
Proof. exact published_phase_is_monotone.published_phase_is_not_monotone. Qed.

Theorem published_phase_rises_on_each_interval : forall k s t, (1 <= k)%nat -> 0 <= s < t -> t < 1 ->
  turns k s < turns k t /\ turns k (1 + s) < turns k (1 + t).
Proof. exact published_phase_is_monotone.published_phase_rises_on_each_interval. Qed.

(** * published-phase-is-positive *)

Theorem published_phase_is_not_positive : forall k, turns k 0 = 0 /\ turns k 1 = 0.
Proof. exact published_phase_is_positive.published_phase_is_not_positive. Qed.

Theorem position_zero_needs_the_phase_zero : forall (f : R -> R) theta delta,
  f delta = 0 * theta -> ~ 0 < f delta.
Proof. exact published_phase_is_positive.position_zero_needs_the_phase_zero. Qed.

Theorem published_phase_lies_in_the_half_open_range : forall k t, (1 <= k)%nat ->
  0 <= turns k t < 2 * INR k * PI.
Proof. exact published_phase_is_positive.published_phase_lies_in_the_half_open_range. Qed.

(** * haar-like-pair-has-zero-mean *)

Theorem haar_like_pair_has_zero_mean : forall K, (1 <= K)%nat ->
  line_integral (psi (turns K)) 0 /\ line_integral (psi' (turns K)) 0.
Proof. exact haar_like_pair_has_zero_mean.haar_like_pair_has_zero_mean. Qed.

(** * zero-mean-carries-over-by-analogy *)

(** psi is then Haar's wavelet and psi' its scaling function, both stretched to [0, 2). *)
Theorem zero_mean_does_not_carry_over :
  line_integral (psi (fun _ => PI/4)) 0 /\ line_integral (psi' (fun _ => PI/4)) (sqrt 2).
Proof. exact zero_mean_carries_over_by_analogy.zero_mean_does_not_carry_over. Qed.

Theorem means_of_a_pair : forall f c0 s0 c1 s1,
  is_RInt (fun t => cos (f t)) 0 1 c0 -> is_RInt (fun t => sin (f t)) 0 1 s0 ->
  is_RInt (fun t => cos (f t)) 1 2 c1 -> is_RInt (fun t => sin (f t)) 1 2 s1 ->
  line_integral (psi f) (c0 - s1) /\ line_integral (psi' f) (s0 + c1).
Proof. exact zero_mean_carries_over_by_analogy.means_of_a_pair. Qed.

(** Of a linear phase of K turns and a quarter psi has mean 0 and psi' has not. *)
Theorem quarter_turn_more_leaves_a_mean : forall K,
  let c := 2 * INR K * PI + PI / 2 in
  line_integral (psi (fun t => c * frac_part t)) 0 /\ line_integral (psi' (fun t => c * frac_part t)) (2 / c).
Proof. exact zero_mean_carries_over_by_analogy.quarter_turn_more_leaves_a_mean. Qed.

(** * haar-like-pair-is-orthonormal *)

(** For every phase of period 1 for which the integrals exist (Riemann's, where the page has
    Lebesgue's); the inner product is 0. *)
Theorem haar_like_pair_is_orthonormal : forall f,
  (forall t, 0 < t < 1 -> f (t + 1) = f t) ->
  ex_RInt (fun t => cos (f t) ^ 2) 0 1 -> ex_RInt (fun t => cos (f t) * sin (f t)) 0 1 ->
  line_integral (fun t => psi f t ^ 2) 1 /\ line_integral (fun t => psi' f t ^ 2) 1 /\
  line_integral (fun t => psi f t * psi' f t) 0.
Proof. exact haar_like_pair_is_orthonormal.haar_like_pair_is_orthonormal. Qed.

Theorem whole_turns_are_orthonormal : forall K,
  line_integral (fun t => psi (turns K) t ^ 2) 1 /\ line_integral (fun t => psi' (turns K) t ^ 2) 1 /\
  line_integral (fun t => psi (turns K) t * psi' (turns K) t) 0.
Proof. exact haar_like_pair_is_orthonormal.whole_turns_are_orthonormal. Qed.

(** * sampled-gains-lie-on-a-circle *)

Theorem sampled_gains_lie_on_a_circle : forall theta m h i, (i < h)%nat ->
  let phi := m * theta i in
  row_sum (rope theta m) (2 * h) (2 * i) = sqrt 2 * cos (phi + PI/4) /\
  row_sum (rope theta m) (2 * h) (S (2 * i)) = sqrt 2 * cos (phi - PI/4) /\
  (row_sum (rope theta m) (2 * h) (2 * i)) ^ 2 + (row_sum (rope theta m) (2 * h) (S (2 * i))) ^ 2 = 2.
Proof. exact sampled_gains_lie_on_a_circle.sampled_gains_lie_on_a_circle. Qed.

(** * sampled-rows-have-zero-mean *)

Theorem sampled_rows_never_both_have_zero_mean : forall theta m h i, (i < h)%nat ->
  let rows := haar_type_matrix (turns 1) (fun i => frac_part (m * theta i / (2 * PI))) in
  ~ (row_sum rows (2 * h) (2 * i) = 0 /\ row_sum rows (2 * h) (S (2 * i)) = 0).
Proof. exact sampled_rows_have_zero_mean.sampled_rows_never_both_have_zero_mean. Qed.

Theorem sampled_rows_sum_to_one_at_zero : forall theta h i, (i < h)%nat ->
  row_sum (rope theta 0) (2 * h) (2 * i) = 1 /\ row_sum (rope theta 0) (2 * h) (S (2 * i)) = 1.
Proof. exact sampled_rows_have_zero_mean.sampled_rows_sum_to_one_at_zero. Qed.

(** * nonnegative-weights-peak-at-frequency-zero *)

Theorem nonnegative_weights_peak_at_frequency_zero : forall n a omega,
  (forall t, (t < n)%nat -> 0 <= a t) -> gain2 n a omega <= gain2 n a 0.
Proof. exact nonnegative_weights_peak_at_frequency_zero.nonnegative_weights_peak_at_frequency_zero. Qed.

(** * attention-rows-have-zero-mean *)

(** Gain 1 at frequency 0, where a wavelet has 0, and at most that anywhere. *)
Theorem attention_rows_pass_a_constant : forall n scores, (0 < n)%nat ->
  gain2 n (softmax n scores) 0 = 1 /\ forall omega, gain2 n (softmax n scores) omega <= 1.
Proof. exact attention_rows_have_zero_mean.attention_rows_pass_a_constant. Qed.

Theorem softmax_rows_are_positive_and_sum_to_one : forall n scores, (0 < n)%nat ->
  (forall t, 0 < softmax n scores t) /\ sum n (softmax n scores) = 1.
Proof. exact attention_rows_have_zero_mean.softmax_rows_are_positive_and_sum_to_one. Qed.

Theorem differences_of_attention_rows_have_zero_mean : forall n scores others, (0 < n)%nat ->
  sum n (fun t => softmax n scores t - softmax n others t) = 0.
Proof. exact attention_rows_have_zero_mean.differences_of_attention_rows_have_zero_mean. Qed.

(** * alibi-windows-have-zero-mean *)

Theorem alibi_windows_are_positive_with_gain_one : forall slope n, (0 < n)%nat ->
  (forall lag, 0 < alibi slope n lag) /\ gain2 n (alibi slope n) 0 = 1 /\
  forall omega, gain2 n (alibi slope n) omega <= 1.
Proof. exact alibi_windows_have_zero_mean.alibi_windows_are_positive_with_gain_one. Qed.

(** Two windows of different slopes differ by a function of mean 0 that is not 0. *)
Theorem differences_of_alibi_windows_have_zero_mean : forall slope other n, (1 < n)%nat -> slope <> other ->
  sum n (fun lag => alibi slope n lag - alibi other n lag) = 0 /\
  exists lag, (lag < n)%nat /\ alibi slope n lag - alibi other n lag <> 0.
Proof. exact alibi_windows_have_zero_mean.differences_of_alibi_windows_have_zero_mean. Qed.

(** * combs-reach-the-entropic-bound *)

(** c teeth s apart from place o on, among n = c s keys; q is the unitary transform's power of the root. *)
Theorem combs_reach_the_entropic_bound : forall c s o, (0 < c)%nat -> (o < s)%nat ->
  let n := (c * s)%nat in
  let a t := if Nat.eqb (t mod s) o then / INR c else 0 in
  let q k := gain2 n (fun t => sqrt (a t)) (2 * PI * INR k / INR n) / INR n in
  entropy n a = ln (INR c) /\ entropy n q = ln (INR s) /\ entropy n a + entropy n q = ln (INR n).
Proof. exact combs_reach_the_entropic_bound.combs_reach_the_entropic_bound. Qed.

Theorem comb_has_the_spectrum_of_a_comb : forall c s o k, (0 < c)%nat -> (o < s)%nat ->
  let n := (c * s)%nat in
  let a t := if Nat.eqb (t mod s) o then / INR c else 0 in
  gain2 n (fun t => sqrt (a t)) (2 * PI * INR k / INR n) / INR n = if Nat.eqb (k mod c) 0 then / INR s else 0.
Proof. exact combs_reach_the_entropic_bound.comb_has_the_spectrum_of_a_comb. Qed.

(** * published-entropies-reach-ln-n *)

(** A sink on key 0, taken away by Hann's window: the entropy over the bins 0 to n/2 of what is left. *)
Theorem published_entropies_do_not_reach_ln_n : forall n, (3 <= n)%nat -> exists s, 0 <= s < 1 /\
  let P k := gain2 n (fun t => hann n t * sink s n t) (2 * PI * INR k / INR n) in
  let bins := (n / 2 + 1)%nat in
  entropy n (sink s n) + entropy bins (fun k => P k / sum bins P) < ln (INR n).
Proof. exact published_entropies_reach_ln_n.published_entropies_do_not_reach_ln_n. Qed.

(** Of the sum no more is left than 0.5004, whatever the length of the row. *)
Theorem published_entropies_fall_below_every_bound : forall n epsilon, (3 <= n)%nat -> 0 < epsilon ->
  exists s, 0 <= s < 1 /\
    let P k := gain2 n (fun t => hann n t * sink s n t) (2 * PI * INR k / INR n) in
    let bins := (n / 2 + 1)%nat in
    entropy bins (fun k => P k / sum bins P) = ln 5 - 8 / 5 * ln 2 /\
    entropy n (sink s n) + entropy bins (fun k => P k / sum bins P) < ln 5 - 8 / 5 * ln 2 + epsilon.
Proof. exact published_entropies_reach_ln_n.published_entropies_fall_below_every_bound. Qed.

(** A row that sees one key, without a window: half of the bins are enough. *)
Theorem one_key_over_half_the_bins_falls_short : forall n o, (3 <= n)%nat -> (o < n)%nat ->
  let a t := if Nat.eqb t o then 1 else 0 in
  let P k := gain2 n a (2 * PI * INR k / INR n) in
  let bins := (n / 2 + 1)%nat in
  entropy n a = 0 /\ entropy bins (fun k => P k / sum bins P) = ln (INR bins) /\ ln (INR bins) < ln (INR n).
Proof. exact published_entropies_reach_ln_n.one_key_over_half_the_bins_falls_short. Qed.

(** * negative-entropy-correlation-needs-learning *)

(** x and y are the two entropies of a head that has nothing but its slope. *)
Theorem untrained_windows_have_negative_covariance : forall n heads (slope : nat -> R), (2 <= n)%nat ->
  (forall i, (i < heads)%nat -> 0 < slope i) ->
  (exists i j, (i < heads)%nat /\ (j < heads)%nat /\ slope i <> slope j) ->
  let power i k := gain2 n (alibi (slope i) n) (2 * PI * INR k / INR n) in
  let x i := entropy n (alibi (slope i) n) in
  let y i := entropy n (fun k => power i k / sum n (power i)) in
  let mean f := sum heads f / INR heads in
  mean (fun i => x i * y i) - mean x * mean y < 0.
Proof. exact negative_entropy_correlation_needs_learning.untrained_windows_have_negative_covariance. Qed.

Theorem entropy_of_the_window_falls_with_the_slope : forall n slope other, (2 <= n)%nat -> slope < other ->
  0 < slope -> entropy n (alibi other n) < entropy n (alibi slope n).
Proof. exact negative_entropy_correlation_needs_learning.entropy_of_the_window_falls_with_the_slope. Qed.

Theorem entropy_of_the_spectrum_rises_with_the_slope : forall n slope other, (2 <= n)%nat ->
  0 < slope -> slope < other ->
  let power s k := gain2 n (alibi s n) (2 * PI * INR k / INR n) in
  entropy n (fun k => power slope k / sum n (power slope)) < entropy n (fun k => power other k / sum n (power other)).
Proof. exact negative_entropy_correlation_needs_learning.entropy_of_the_spectrum_rises_with_the_slope. Qed.

(** * shuffled-rows-split-as-they-vary *)

(** Of n = 8p keys: the low, middle and high band meet at the bins p and 3p of either sign. *)
Theorem shuffled_rows_split_as_they_vary : forall p a, (0 < p)%nat ->
  let n := (8 * p)%nat in
  sum n a <> 0 ->
  let row := map a (seq 0 n) in
  let c := INR n * sum n (fun t => a t ^ 2) / sum n a ^ 2 - 1 in
  let epsilon := c / (INR n - 1) in
  mean_over_orders (share n (within n p)) row = (1 + epsilon * (INR n / 4 - 1)) / (1 + c) /\
  mean_over_orders (share n (fun k => within n (3 * p) k - within n p k)) row = epsilon * (INR n / 2) / (1 + c) /\
  mean_over_orders (share n (fun k => 1 - within n (3 * p) k)) row = epsilon * (INR n / 4) / (1 + c).
Proof. exact shuffled_rows_split_as_they_vary.shuffled_rows_split_as_they_vary. Qed.

(** The list of orders has each permutation, and n! entries. *)
Theorem orders_are_the_permutations : forall l q, In q (orders l) <-> Permutation l q.
Proof. exact shuffled_rows_split_as_they_vary.orders_are_the_permutations. Qed.

Theorem number_of_orders : forall l, length (orders l) = fact (length l).
Proof. exact shuffled_rows_split_as_they_vary.number_of_orders. Qed.

(** * flat-dirichlet-power-splits-five-two-one *)

(** The mean power at bin k of weights with E a_t^2 = A and E a_s a_t = B for s <> t. *)
Theorem power_of_exchangeable_weights : forall n A B k, (0 < n)%nat ->
  sum n (fun s => sum n (fun t =>
    (if Nat.eqb s t then A else B) * cos (2 * PI * INR k / INR n * (INR s - INR t))))
  = INR n * (A - B) + if Nat.eqb (k mod n) 0 then INR n ^ 2 * B else 0.
Proof. exact flat_dirichlet_power_splits_five_two_one.power_of_exchangeable_weights. Qed.

(** Of n = 8p keys, with the moments of the flat Dirichlet distribution. The low band has frequency 0 and 2p - 1 other bins,
    a bin on an edge counting half in either band; the middle one has 4p, the high one 2p. *)
Theorem flat_dirichlet_power_splits_five_two_one : forall p, (0 < p)%nat ->
  let n := (8 * p)%nat in
  let P k := sum n (fun s => sum n (fun t =>
    (if Nat.eqb s t then 2 / (INR n * (INR n + 1)) else 1 / (INR n * (INR n + 1)))
    * cos (2 * PI * INR k / INR n * (INR s - INR t)))) in
  let other := / (INR n + 1) in
  let total := 1 + (INR n - 1) * other in
  P 0%nat = 1 /\ (forall k, (0 < k < n)%nat -> P k = other) /\
  (1 + (2 * INR p - 1) * other) / total = 5 / 8 /\
  4 * INR p * other / total = 1 / 4 /\ 2 * INR p * other / total = 1 / 8.
Proof. exact flat_dirichlet_power_splits_five_two_one.flat_dirichlet_power_splits_five_two_one. Qed.

(** * published-band-shares-lie-beyond-noise *)

(** For every number n = 8p of keys there are weights whose mean shares over all orders are the published ones. *)
Theorem shuffled_weights_have_the_published_shares : forall p, (0 < p)%nat ->
  let n := (8 * p)%nat in
  exists a : nat -> R, (forall t, 0 < a t) /\ sum n a = 1 /\
    let mean weight := mean_over_orders (share n weight) (map a (seq 0 n)) in
    60 / 100 < mean (within n p) < 80 / 100 /\
    15 / 100 < mean (fun k => within n (3 * p) k - within n p k) < 25 / 100 /\
    5 / 100 < mean (fun k => 1 - within n (3 * p) k) < 15 / 100.
Proof. exact published_band_shares_lie_beyond_noise.shuffled_weights_have_the_published_shares. Qed.

(** * selectivity-is-one-over-the-squared-variation *)

(** A row of n weights, followed by zeros up to N = z n places. *)
Theorem selectivity_is_one_over_the_squared_variation : forall n z a,
  (0 < n)%nat -> (0 < z)%nat -> (forall t, (t < n)%nat -> 0 <= a t) -> 0 < sum n a ->
  let N := (z * n)%nat in
  let P k := gain2 n a (2 * PI * INR k / INR N) in
  let c := INR n * sum n (fun t => a t ^ 2) / sum n a ^ 2 - 1 in
  INR z * (1 + c) <> 1 ->
  (forall k, P k <= P 0%nat) /\ P 0%nat / (sum N P - P 0%nat) = / (INR z * (1 + c) - 1).
Proof. exact selectivity_is_one_over_the_squared_variation.selectivity_is_one_over_the_squared_variation. Qed.

(** Parseval's identity, for weights of either sign. *)
Theorem powers_of_a_padded_row_sum_to_its_energy : forall n z a, (0 < n)%nat -> (0 < z)%nat ->
  let N := (z * n)%nat in
  sum N (fun k => gain2 n a (2 * PI * INR k / INR N)) = INR N * sum n (fun t => a t ^ 2).
Proof. exact selectivity_is_one_over_the_squared_variation.powers_of_a_padded_row_sum_to_its_energy. Qed.

(** * rope-is-haar-only-at-an-eighth-turn *)

Theorem rope_is_at_a_sine_from_haar : forall phi,
  sqrt (distance2 (rotation phi) haar_block) = 2 * sqrt 2 * Rabs (sin ((phi - PI/4) / 2)).
Proof. exact rope_is_haar_only_at_an_eighth_turn.rope_is_at_a_sine_from_haar. Qed.

Theorem rope_is_haar_only_at_an_eighth_turn : forall phi,
  (forall row column, rotation phi row column = haar_block row column) <->
  equal_modulo_turns phi (PI/4).
Proof. exact rope_is_haar_only_at_an_eighth_turn.rope_is_haar_only_at_an_eighth_turn. Qed.

Theorem rope_is_haar_exactly_where_equal_and_positive : forall phi,
  (forall row column, rotation phi row column = haar_block row column) <->
  cos phi = sin phi /\ 0 < cos phi.
Proof. exact rope_is_haar_only_at_an_eighth_turn.rope_is_haar_exactly_where_equal_and_positive. Qed.

(** * haar-never-occurs-at-an-integer-position *)

(** The frequency of the first pair is 1; negative positions included. *)
Theorem haar_never_occurs_at_an_integer_position : forall m : Z,
  ~ (forall row column, rotation (IZR m * 1) row column = haar_block row column).
Proof. exact haar_never_occurs_at_an_integer_position.haar_never_occurs_at_an_integer_position. Qed.

(** Proved here, not assumed. *)
Theorem pi_is_irrational : forall (p : Z) q, (0 < q)%nat -> PI <> IZR p / INR q.
Proof. exact PiIrrational.pi_is_irrational. Qed.

(** * equal-sine-and-cosine-give-haar *)

Theorem equal_sine_and_cosine_do_not_give_haar :
  sin (5 * (PI/4)) = cos (5 * (PI/4)) /\
  (forall row column, rotation (5 * (PI/4)) row column = - haar_block row column) /\
  ~ (forall row column, rotation (5 * (PI/4)) row column = haar_block row column).
Proof. exact equal_sine_and_cosine_give_haar.equal_sine_and_cosine_do_not_give_haar. Qed.

(** * haar-like-constant-has-a-closed-form *)

(** The same constant for psi and psi'. As Ci x = gamma + ln x - Cin x, ln 2 - Cin 2W + Cin W is
    Ci 2W - Ci W. *)
Theorem haar_like_constant_has_a_closed_form : forall K, (1 <= K)%nat ->
  let W := 2 * INR K * PI in
  let C := 4 / W * (Si W + ln 2 - Cin (2 * W) + Cin W) + (4 * Cin W + 2 * Si (2 * W) - 4 * Si W) / W ^ 2 in
  admissibility_constant (psi (turns K)) none C /\ admissibility_constant (psi' (turns K)) none C.
Proof. exact haar_like_constant_has_a_closed_form.haar_like_constant_has_a_closed_form. Qed.

(** Six digits of it for K = 1, by interval arithmetic. *)
Theorem haar_like_constant_to_six_digits : exists C, 1.09218 <= C <= 1.09219 /\
  admissibility_constant (psi (turns 1)) none C /\ admissibility_constant (psi' (turns 1)) none C.
Proof. exact HaarLikeEnclosure.haar_like_constant_to_six_digits. Qed.

Theorem haar_like_pair_shares_a_spectrum : forall K P x, (1 <= K)%nat ->
  let W := 2 * INR K * PI in x ^ 2 <> W ^ 2 ->
  spectrum (psi (turns K)) none P \/ spectrum (psi' (turns K)) none P ->
  P x = 4 * sin (x / 2) ^ 2 * (W ^ 2 + x ^ 2 + 2 * x * W * sin x) / (W ^ 2 - x ^ 2) ^ 2.
Proof. exact haar_like_constant_has_a_closed_form.haar_like_pair_shares_a_spectrum. Qed.

(** * haar-constant-is-two-ln-two *)

Theorem haar_constant_is_two_ln_two : admissibility_constant haar none (2 * ln 2).
Proof. exact haar_constant_is_two_ln_two.haar_constant_is_two_ln_two. Qed.

Theorem haar_has_spectrum : spectrum haar none (fun omega => 4 * (1 - cos (omega / 2)) ^ 2 / omega ^ 2).
Proof. exact haar_constant_is_two_ln_two.haar_has_spectrum. Qed.

(** * ricker-constant-is-two-pi *)

Theorem ricker_constant_is_two_pi : admissibility_constant ricker none (2 * PI).
Proof. exact ricker_constant_is_two_pi.ricker_constant_is_two_pi. Qed.

Theorem ricker_has_spectrum : spectrum ricker none (fun omega => 2 * PI * omega ^ 4 * exp (- omega ^ 2)).
Proof. exact ricker_constant_is_two_pi.ricker_has_spectrum. Qed.

Theorem ricker_has_zero_mean : line_integral ricker 0.
Proof. exact ricker_constant_is_two_pi.ricker_has_zero_mean. Qed.

Theorem ricker_energy_is_three_quarters_root_pi : line_integral (fun t => ricker t ^ 2) (3 * sqrt PI / 4).
Proof. exact ricker_constant_is_two_pi.ricker_energy_is_three_quarters_root_pi. Qed.

(** * gaussian-is-admissible *)

Theorem gaussian_is_not_admissible : forall C, ~ admissibility_constant gaussian none C.
Proof. exact gaussian_is_admissible.gaussian_is_not_admissible. Qed.

Theorem gaussian_has_spectrum : spectrum gaussian none (fun omega => PI * exp (- (omega ^ 2 / 2))).
Proof. exact gaussian_is_admissible.gaussian_has_spectrum. Qed.

(** * uncorrected-morlet-is-admissible *)

(** For every real omega0, 5 and 6 among them. *)
Theorem uncorrected_morlet_is_not_admissible : forall omega0 C,
  ~ admissibility_constant (morlet_re omega0) (morlet_im omega0) C.
Proof. exact uncorrected_morlet_is_admissible.uncorrected_morlet_is_not_admissible. Qed.

Theorem morlet_has_spectrum : forall omega0, spectrum (morlet_re omega0) (morlet_im omega0)
  (fun omega => 2 * sqrt PI * exp (- (omega - omega0) ^ 2)).
Proof. exact uncorrected_morlet_is_admissible.morlet_has_spectrum. Qed.

(** * haar-like-frequency-spread-is-infinite *)

(** The mean of omega^2 P omega over [0, T] tends to 2, and its integral exceeds every bound. *)
Theorem haar_like_frequency_spread_is_infinite : forall K P, (1 <= K)%nat ->
  spectrum (psi (turns K)) none P \/ spectrum (psi' (turns K)) none P ->
  filterlim (fun T => RInt (fun x => x ^ 2 * P x) 0 T / T) (Rbar_locally p_infty) (locally 2) /\
  forall M, exists A, forall T, A < T -> M < RInt (fun x => x ^ 2 * P x) 0 T.
Proof. exact haar_like_frequency_spread_is_infinite.haar_like_frequency_spread_is_infinite. Qed.

(** * ricker-spreads-multiply-to-1-708 *)

(** In time, in frequency over the whole line, and in frequency from 0 on. *)
Theorem ricker_spreads : forall P, spectrum ricker none P ->
  spread (Rbar_locally m_infty) (fun t => ricker t ^ 2) (sqrt (7 / 6)) /\
  spread (Rbar_locally m_infty) P (sqrt (5 / 2)) /\
  spread (at_point 0) P (sqrt (5 / 2 - 64 / (9 * PI))).
Proof. exact RickerSpreads.ricker_spreads. Qed.

Theorem ricker_spreads_multiply_to_1_708 :
  sqrt (7 / 6) * sqrt (5 / 2) = sqrt (35 / 12) /\ 1.7078 < sqrt (35 / 12) < 1.7079 /\
  0.5252 < sqrt (7 / 6) * sqrt (5 / 2 - 64 / (9 * PI)) < 0.5253.
Proof. exact ricker_spreads_multiply_to_1_708.ricker_spreads_multiply_to_1_708. Qed.

(** * haar-kernel-at-scale-one-has-zero-mean *)

Theorem haar_kernel_at_scale_one_is_a_single_tap : forall b lag,
  mirrored_haar ((INR b - INR lag) / 1) = if Nat.eqb lag (S b) then -1 else 0.
Proof. exact haar_kernel_at_scale_one_has_zero_mean.haar_kernel_at_scale_one_is_a_single_tap. Qed.

Theorem haar_kernel_at_scale_one_has_not_zero_mean : forall b n, (S b < n)%nat ->
  sum n (fun lag => mirrored_haar ((INR b - INR lag) / 1)) = -1.
Proof. exact haar_kernel_at_scale_one_has_zero_mean.haar_kernel_at_scale_one_has_not_zero_mean. Qed.

(** * ricker-kernel-ends-at-its-reach *)

(** Scale 2^s and the lag beyond the shift at which the function is a thousandth or more for the last time: it is the
    whole part of 4.435005 times the scale. *)
Theorem ricker_kernel_ends_at_its_reach : forall s last,
  In (s, last) [(0, 4); (1, 8); (2, 17); (3, 35); (4, 70); (5, 141); (6, 283); (7, 567)]%nat ->
  forall b : nat,
  / 1000 <= Rabs (ricker ((INR (b + last) - INR b) / 2 ^ s)) /\
  forall lag, (b + last < lag)%nat -> Rabs (ricker ((INR lag - INR b) / 2 ^ s)) < / 1000.
Proof. exact ricker_kernel_ends_at_its_reach.ricker_kernel_ends_at_its_reach. Qed.

(** * equal-amplitudes-cover-frequencies-evenly *)

(** The scale 2^s multiplies the transform at omega by 2^s and takes it at 2^s omega. *)
Theorem equal_amplitudes_differ_a_millionfold : forall P, spectrum ricker none P ->
  let energy omega := sum 8 (fun s => (2 ^ s) ^ 2 * P (2 ^ s * omega)) in
  10 ^ 6 * energy PI < energy (2 * PI / 512).
Proof. exact equal_amplitudes_cover_frequencies_evenly.equal_amplitudes_differ_a_millionfold. Qed.

(** * fixed-carrier-morlet-has-zero-mean *)

Theorem fixed_carrier_morlet_has_a_mean : forall a, 0 < a ->
  line_integral (fun t => exp (- (t / a) ^ 2) * cos t) (a * sqrt PI * exp (- (a ^ 2 / 4))).
Proof. exact fixed_carrier_morlet_has_zero_mean.fixed_carrier_morlet_has_a_mean. Qed.

Theorem fixed_carrier_morlet_has_not_zero_mean : forall a, 0 < a ->
  ~ line_integral (fun t => exp (- (t / a) ^ 2) * cos t) 0.
Proof. exact fixed_carrier_morlet_has_zero_mean.fixed_carrier_morlet_has_not_zero_mean. Qed.

(** * ntk-interpolates-the-last-pair *)

Theorem ntk_interpolates_the_last_pair : forall base s h, 0 < base -> 0 < s -> (2 <= h)%nat ->
  let d := (2 * h)%nat in
  let scaled := base * Rpower s (INR d / (INR d - 2)) in
  frequencies scaled d 0 = frequencies base d 0 /\
  frequencies scaled d (h - 1) = frequencies base d (h - 1) / s.
Proof. exact ntk_interpolates_the_last_pair.ntk_interpolates_the_last_pair. Qed.

(** * yarn-ramp-runs-from-pair-20-to-46 *)

(** The index of the pair that makes r turns over 4096 tokens: 32 turns round down to 20, 1 rounds up to 46. *)
Theorem yarn_ramp_runs_from_20_to_46 :
  let index r := 128 * ln (4096 / (2 * PI * r)) / (2 * ln (10 ^ 4)) in
  20 <= index 32 < 21 /\ 45 < index 1 <= 46.
Proof. exact yarn_ramp_runs_from_pair_20_to_46.yarn_ramp_runs_from_20_to_46. Qed.

Theorem yarn_keeps_21_pairs_and_divides_18 : forall s i, 1 < s -> (i < 64)%nat ->
  let theta := frequencies (10 ^ 4) 128 i in
  let ramp := Rmax 0 (Rmin 1 ((INR i - 20) / (46 - 20))) in
  let scaled := theta * (1 - ramp) + theta / s * ramp in
  (scaled = theta <-> (i <= 20)%nat) /\ (scaled = theta / s <-> (46 <= i)%nat).
Proof. exact yarn_ramp_runs_from_pair_20_to_46.yarn_keeps_21_pairs_and_divides_18. Qed.

(** * yarn-ramps-of-paper-and-code-agree *)

(** Pair 36 at factor 8. The paper's ramp is linear in the number of turns, the code's in the index of the pair. *)
Theorem yarn_ramps_of_paper_and_code_differ :
  let theta := frequencies (10 ^ 4) 128 36 in
  let turned := 4096 * theta / (2 * PI) in
  let mixed kept := kept * theta + (1 - kept) * (theta / 8) in
  let of_paper := mixed ((turned - 1) / (32 - 1)) in
  let of_code := mixed (1 - (36 - 20) / (46 - 20)) in
  0 < of_paper /\ of_paper < of_code / 2.
Proof. exact yarn_ramps_of_paper_and_code_agree.yarn_ramps_of_paper_and_code_differ. Qed.

(** * llama3-keeps-29-of-64-pairs *)

(** Kept below a quarter of 8192 tokens, divided above 8192: of 64 pairs the first 29 and the last 29. *)
Theorem llama3_keeps_29_of_64_pairs : forall i,
  let wavelength i := 2 * PI / frequencies (5 * 10 ^ 5) 128 i in
  (wavelength i < 8192 / 4 <-> (i < 29)%nat) /\ (8192 < wavelength i <-> (35 <= i)%nat).
Proof. exact llama3_keeps_29_of_64_pairs.llama3_keeps_29_of_64_pairs. Qed.

(** * hope-turns-the-pairs-that-complete-a-turn *)

(** K is the whole part of h ln(L / 2 pi) / ln base: of h pairs the first K + 1 complete a turn within L tokens. *)
Theorem hope_turns_the_pairs_that_complete_a_turn : forall base L h K, 1 < base -> 0 < L -> (0 < h)%nat ->
  INR K <= INR h * ln (L / (2 * PI)) / ln base < INR K + 1 ->
  forall i, 2 * PI / L <= frequencies base (2 * h) i <-> (i < K + 1)%nat.
Proof. exact hope_turns_the_pairs_that_complete_a_turn.hope_turns_the_pairs_that_complete_a_turn. Qed.

(** * alibi-slopes-interleave-two-powers-of-two *)

Theorem slopes_of_a_power_of_two_are_geometric : forall k j, (j < Nat.pow 2 k)%nat ->
  alibi_slope (Nat.pow 2 k) j = alibi_slope (Nat.pow 2 k) 0 ^ (j + 1) /\
  alibi_slope (Nat.pow 2 k) (Nat.pow 2 k - 1) = / 2 ^ 8.
Proof. exact alibi_slopes_interleave_two_powers_of_two.slopes_of_a_power_of_two_are_geometric. Qed.

(** In no order: of any other number n of heads the slopes are not among n terms of a geometric sequence. *)
Theorem other_slopes_are_not_geometric : forall n a q, (0 < n)%nat -> n <> Nat.pow 2 (Nat.log2 n) -> 0 < a -> 0 < q ->
  ~ forall j, (j < n)%nat -> exists i, (i < n)%nat /\ alibi_slope n j = a * q ^ i.
Proof. exact alibi_slopes_interleave_two_powers_of_two.other_slopes_are_not_geometric. Qed.

Theorem no_slope_occurs_twice : forall n i j, (i < n)%nat -> (j < n)%nat ->
  alibi_slope n i = alibi_slope n j -> i = j.
Proof. exact alibi_slopes_interleave_two_powers_of_two.no_slope_occurs_twice. Qed.

(** * position-is-best-told-at-3-657-radians *)

Theorem position_is_best_told_at_3_657_radians : exists best,
  3.6572100 < best < 3.6572101 /\ 0.540469 < position_variance best < 0.54047 /\
  forall x, 0 < x -> x <> best -> position_variance x < position_variance best.
Proof. exact position_is_best_told_at_3_657_radians.position_is_best_told_at_3_657_radians. Qed.

Theorem position_variance_in_closed_form : forall x, 0 < x ->
  position_variance x = 1 / 2 + sin (2 * x) / (4 * x) - (sin x / x) ^ 2.
Proof. exact position_is_best_told_at_3_657_radians.position_variance_in_closed_form. Qed.

(** * rotary-kernel-decays-with-the-logarithm-of-the-lag *)

(** As Ci x = gamma + ln x - Cin x, the limit is (Ci D - Ci (D / B)) / ln B. *)
Theorem rotary_kernel_decays_with_the_logarithm_of_the_lag : forall B D, 1 < B -> 0 < D ->
  is_lim_seq (fun h => sum h (fun i => cos (D * frequencies B (2 * h) i)) / INR h)
    ((ln B - Cin D + Cin (D / B)) / ln B).
Proof. exact rotary_kernel_decays_with_the_logarithm_of_the_lag.rotary_kernel_decays_with_the_logarithm_of_the_lag. Qed.

(** For every number h of pairs the distance from the limit is at most D B ln B / h. *)
Theorem rotary_kernel_is_near_its_limit : forall B D h, 1 < B -> 0 < D -> (0 < h)%nat ->
  Rabs (sum h (fun i => cos (D * frequencies B (2 * h) i)) / INR h - (ln B - Cin D + Cin (D / B)) / ln B)
  <= D * ln B * B / INR h.
Proof. exact rotary_kernel_decays_with_the_logarithm_of_the_lag.rotary_kernel_is_near_its_limit. Qed.
