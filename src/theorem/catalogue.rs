use super::{Source, Standing, Statement, admissibility, gains, matrix, phase, windows};

/// Every statement, in reading order: the matrix, the phase and the means, the sampled rows,
/// admissibility.
pub fn catalogue() -> &'static [Statement] {
    &CATALOGUE
}

/// The statement of this id, or the ids that come nearest to it, best first.
///
/// # Errors
/// At most three ids of the catalogue, by edit distance.
pub fn statement(id: &str) -> Result<&'static Statement, Vec<&'static str>> {
    CATALOGUE.iter().find(|statement| statement.id == id).ok_or_else(|| {
        let mut near: Vec<_> = CATALOGUE.iter().map(|statement| (distance(id, statement.id), statement.id)).collect();
        // Stable: of equally near ids the catalogue's order decides.
        near.sort_by_key(|(distance, _)| *distance);
        near.into_iter().take(3).map(|(_, id)| id).collect()
    })
}

/// Insertions into `id` cost little, so that a word of it finds it; deletions and changes cost more.
fn distance(words: &str, id: &str) -> usize {
    let (words, id): (Vec<char>, Vec<char>) = (words.chars().collect(), id.chars().collect());
    let mut row: Vec<usize> = (0..=id.len()).collect();
    for (i, typed) in words.iter().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], 4 * (i + 1));
        for (j, wanted) in id.iter().enumerate() {
            let change = diagonal + if typed == wanted { 0 } else { 4 };
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 4);
        }
    }
    row[id.len()]
}

const fn source(key: &'static str, place: &'static str) -> Source {
    Source { key, place }
}

static CATALOGUE: [Statement; 31] = [
    Statement {
        id: "haar-type-matrix-equals-rope",
        title: "One Haar-like pair, shifted by the fraction of a turn, samples RoPE's rotation at every real position",
        standing: Standing::ProvedByMachine,
        hypotheses: &[
            "d is even, m is any real number, and the frequencies are any real numbers",
            "psi and psi' are the Haar-like pair with f = 2 pi frac t (K = 1)",
            "delta_i = frac(m theta_i / 2 pi); rows are sampled at the integers with scale 1 and shift 2i - delta_i",
        ],
        sources: &[source("oka2025", "§3.2"), source("su2024", "Eqs. 14-16")],
        code: &[
            "src/wavelet/rotary_matrix.rs#RotaryMatrix",
            "src/wavelet/rotary_matrix.rs#fraction_of_turn",
            "src/rope/rotation.rs#Rotation",
        ],
        proof: include_str!("../../proofs/haar-type-matrix-equals-rope.md"),
        check: matrix::haar_type_matrix_equals_rope,
        control: matrix::haar_type_matrix_turns_back,
        control_is: "the matrix sampled at -m",
    },
    Statement {
        id: "published-form-equals-rope",
        title: "With k = floor(m / 2 pi) + 1 cycles every shift lies in [0, 1), and the published matrix is RoPE's rotation",
        standing: Standing::ProvedByMachine,
        hypotheses: &[
            "m >= 0 and 0 <= theta_i <= 1",
            "f = 2 k pi frac t with the smallest k for which m < 2 k pi",
            "delta_i = m theta_i / 2 k pi",
        ],
        sources: &[source("oka2025", "§3.2 and App. A.2")],
        code: &["src/wavelet/rotary_matrix.rs#RotaryMatrix", "src/wavelet/rotary_matrix.rs#Published"],
        proof: include_str!("../../proofs/published-form-equals-rope.md"),
        check: matrix::published_form_equals_rope,
        control: matrix::published_form_with_a_cycle_too_many,
        control_is: "k off by one in the wavelet, not in the shift",
    },
    Statement {
        id: "fixed-pair-serves-bounded-positions",
        title: "One pair of K cycles gives exact phases for all m theta below 2 K pi",
        standing: Standing::ProvedByMachine,
        hypotheses: &["0 <= m theta_i < 2 K pi for every pair", "f = 2 K pi frac t, delta_i = m theta_i / 2 K pi"],
        sources: &[source("oka2025", "App. A.2")],
        code: &["src/wavelet/rotary_matrix.rs#RotaryMatrix", "src/wavelet/rotary_matrix.rs#Fixed"],
        proof: include_str!("../../proofs/fixed-pair-serves-bounded-positions.md"),
        check: matrix::fixed_pair_serves_bounded_positions,
        control: matrix::fixed_pair_with_a_cycle_too_many,
        control_is: "K off by one in the wavelet, not in the shift",
    },
    Statement {
        id: "fixed-pair-serves-every-position",
        title: "One phase function f, bounded on [0, 1), reaches the exact phase m theta at every position",
        standing: Standing::Refuted,
        hypotheses: &[
            "f is one function for all m, with f(delta) = m theta as real numbers and 0 <= delta < 1",
            "theta_0 = 1",
        ],
        sources: &[source("oka2025", "§3.2 and App. A.2, where k depends on m")],
        code: &["src/wavelet/rotary_matrix.rs#OutOfReach"],
        proof: include_str!("../../proofs/fixed-pair-serves-every-position.md"),
        check: matrix::fixed_pair_serves_every_position,
        control: matrix::fixed_pair_serves_every_position_modulo_turns,
        control_is: "phases modulo 2 pi, which one pair does reach",
    },
    Statement {
        id: "haar-type-matrix-is-orthogonal",
        title: "The Haar-type matrix is orthogonal, block by block",
        standing: Standing::ProvedByMachine,
        hypotheses: &["psi and psi' share the phase of each block: f(delta) = f(1 + delta)"],
        sources: &[source("su2024", "below Eq. 16"), source("oka2025", "§3.2")],
        code: &["src/wavelet/rotary_matrix.rs#RotaryMatrix"],
        proof: include_str!("../../proofs/haar-type-matrix-is-orthogonal.md"),
        check: matrix::haar_type_matrix_is_orthogonal,
        control: matrix::psi_alone_is_orthogonal,
        control_is: "both rows of a block sampled from psi",
    },
    Statement {
        id: "rotation-depends-on-the-lag-alone",
        title: "The product of two rotations depends on the lag alone: R_m^T R_n = R_(n-m)",
        standing: Standing::ProvedByMachine,
        hypotheses: &["m and n are any real numbers, and the frequencies any"],
        sources: &[source("su2024", "Eq. 16")],
        code: &["src/rope/rotation.rs#Rotation"],
        proof: include_str!("../../proofs/rotation-depends-on-the-lag-alone.md"),
        check: matrix::rotation_depends_on_the_lag_alone,
        control: matrix::rotation_depends_on_the_sum,
        control_is: "R_(m+n) in place of R_(n-m)",
    },
    Statement {
        id: "half-split-is-interleaved-permuted",
        title: "The half-split matrices are the interleaved ones with coordinates permuted, even ones first",
        standing: Standing::ProvedByMachine,
        hypotheses: &["d is even"],
        sources: &[source("su2024", "Eq. 34, the interleaved layout"), source("oka2025", "§3.2")],
        code: &[
            "src/numeric/pairing.rs#Pairing",
            "src/rope/rotation.rs#Rotation",
            "src/wavelet/rotary_matrix.rs#RotaryMatrix",
        ],
        proof: include_str!("../../proofs/half-split-is-interleaved-permuted.md"),
        check: matrix::half_split_is_interleaved_permuted,
        control: matrix::half_split_is_interleaved_as_it_is,
        control_is: "the identity permutation",
    },
    Statement {
        id: "half-split-rows-are-contiguous",
        title: "In the half-split layout too each row samples two neighbouring points",
        standing: Standing::Refuted,
        hypotheses: &["the layout is half-split (Llama, GPT-NeoX), d >= 4", "m theta_i is no multiple of pi / 2"],
        sources: &[source("oka2025", "§3.2, which speaks of RoPE without naming a layout")],
        code: &["src/numeric/pairing.rs#HalfSplit", "src/wavelet/rotary_matrix.rs#RotaryMatrix"],
        proof: include_str!("../../proofs/half-split-rows-are-contiguous.md"),
        check: matrix::half_split_rows_are_contiguous,
        control: matrix::interleaved_rows_are_contiguous,
        control_is: "the interleaved layout",
    },
    Statement {
        id: "shift-of-one-keeps-the-row",
        title: "A shift of delta = 1 gives a rotation row as 0 <= delta < 1 does",
        standing: Standing::Refuted,
        hypotheses: &["the row of psi is sampled at the integers t with b = j - delta"],
        sources: &[source("oka2025", "version in Japanese, 0 <= delta <= 1")],
        code: &["src/wavelet/haar_like.rs#sample"],
        proof: include_str!("../../proofs/shift-of-one-keeps-the-row.md"),
        check: matrix::shift_of_one_keeps_the_row,
        control: matrix::shift_below_one_keeps_the_row,
        control_is: "the largest shift below 1",
    },
    Statement {
        id: "literal-shift-keeps-its-branch",
        title: "Evaluated as psi(t - b) in single precision, the published matrix is RoPE's up to rounding",
        standing: Standing::Refuted,
        hypotheses: &["b = j - delta and t - b are each rounded to f32", "m up to 2^20"],
        sources: &[source("oka2025", "§3.2, b_j = j - delta(j)"), source("higham2002", "§2.2")],
        code: &["src/wavelet/haar_like.rs#value", "src/wavelet/haar_like.rs#sample"],
        proof: include_str!("../../proofs/literal-shift-keeps-its-branch.md"),
        check: matrix::literal_shift_keeps_its_branch,
        control: matrix::separate_interval_keeps_its_branch,
        control_is: "the integer part of the argument kept apart",
    },
    Statement {
        id: "every-two-banded-matrix-is-a-wavelet-transform",
        title: "Any matrix with entries at (j, j) and (j, j+1) alone is such a wavelet transform, RoPE or not",
        standing: Standing::ProvedByMachine,
        hypotheses: &[
            "row j has its nonzero entries in columns j and j + 1",
            "one psi, bounded, supported on [0, 2], of mean 0; distinct shifts in (0, 1)",
        ],
        sources: &[source("oka2025", "§3.2"), source("daubechies1992", "§2.4")],
        code: &["src/theorem/matrix.rs#vacuity"],
        proof: include_str!("../../proofs/every-two-banded-matrix-is-a-wavelet-transform.md"),
        check: matrix::every_two_banded_matrix_is_sampled,
        control: matrix::two_rows_share_a_shift,
        control_is: "two rows with one shift and different entries",
    },
    Statement {
        id: "monotone-phase-is-impossible",
        title: "No nondecreasing f reaches two different phases on both intervals: it must fall by their whole spread",
        standing: Standing::ProvedByMachine,
        hypotheses: &["f(delta_i) = f(1 + delta_i) = phi_i with 0 <= delta_i < 1, for at least two different phi_i"],
        sources: &[source("oka2025", "App. A.2")],
        code: &["src/theorem/phase.rs#largest_fall"],
        proof: include_str!("../../proofs/monotone-phase-is-impossible.md"),
        check: phase::monotone_phase_is_impossible,
        control: phase::monotone_phase_is_impossible_on_one_interval,
        control_is: "phases prescribed on [0, 1) alone",
    },
    Statement {
        id: "published-phase-is-monotone",
        title: "The phase f(t) = 2 k pi t on [0, 1), 2 k pi (t - 1) on [1, 2) is monotone",
        standing: Standing::Refuted,
        hypotheses: &["k >= 1"],
        sources: &[source("oka2025", "App. A.2")],
        code: &["src/theorem/phase.rs#published"],
        proof: include_str!("../../proofs/published-phase-is-monotone.md"),
        check: phase::published_phase_is_monotone,
        control: phase::published_phase_is_monotone_on_each_interval,
        control_is: "one interval alone",
    },
    Statement {
        id: "published-phase-is-positive",
        title: "The published phase satisfies 0 < f, also at position 0",
        standing: Standing::Refuted,
        hypotheses: &["m = 0, so that delta = 0"],
        sources: &[source("oka2025", "App. A.2")],
        code: &["src/theorem/phase.rs#published"],
        proof: include_str!("../../proofs/published-phase-is-positive.md"),
        check: phase::published_phase_is_positive,
        control: phase::published_phase_is_not_negative,
        control_is: "0 <= f < 2 k pi",
    },
    Statement {
        id: "haar-like-pair-has-zero-mean",
        title: "psi and psi' with f = 2 K pi frac t both have mean 0",
        standing: Standing::ProvedByMachine,
        hypotheses: &["K >= 1 is a whole number"],
        sources: &[source("oka2025", "§3.2 and App. A.2")],
        code: &["src/wavelet/haar_like.rs#HaarLike"],
        proof: include_str!("../../proofs/haar-like-pair-has-zero-mean.md"),
        check: phase::haar_like_pair_has_zero_mean,
        control: phase::half_turns_have_zero_mean,
        control_is: "half a turn more than K",
    },
    Statement {
        id: "zero-mean-carries-over-by-analogy",
        title: "If psi has mean 0 then so has psi', by analogy",
        standing: Standing::Refuted,
        hypotheses: &["f(t + 1) = f(t) and the mean of psi is 0"],
        sources: &[source("oka2025", "App. A.2")],
        code: &["src/wavelet/haar_like.rs#PhasePair", "src/wavelet/haar_like.rs#Mean"],
        proof: include_str!("../../proofs/zero-mean-carries-over-by-analogy.md"),
        check: phase::zero_mean_carries_over_by_analogy,
        control: phase::zero_mean_carries_over_for_whole_turns,
        control_is: "f = 2 K pi frac t, where it does",
    },
    Statement {
        id: "haar-like-pair-is-orthonormal",
        title: "psi and psi' have energy 1 and inner product 0 for every phase of period 1",
        standing: Standing::ProvedByMachine,
        hypotheses: &["f(t + 1) = f(t) on [0, 1), f measurable"],
        sources: &[source("oka2025", "§3.2")],
        code: &["src/wavelet/haar_like.rs#PhasePair", "src/wavelet/haar_like.rs#HaarLike"],
        proof: include_str!("../../proofs/haar-like-pair-is-orthonormal.md"),
        check: phase::haar_like_pair_is_orthonormal,
        control: phase::unlike_intervals_are_orthonormal,
        control_is: "a phase that is 0 on [1, 2)",
    },
    Statement {
        id: "sampled-gains-lie-on-a-circle",
        title: "The sampled rows sum to sqrt 2 cos(phi + pi/4) and sqrt 2 cos(phi - pi/4), whose squares add to 2",
        standing: Standing::ProvedByMachine,
        hypotheses: &["the rows are those of a rotation block of angle phi"],
        sources: &[source("mallat2009", "§7.1")],
        code: &["src/theorem/gains.rs#gains", "src/wavelet/rotary_matrix.rs#RotaryMatrix"],
        proof: include_str!("../../proofs/sampled-gains-lie-on-a-circle.md"),
        check: gains::sampled_gains_lie_on_a_circle,
        control: gains::sampled_gains_lie_on_the_unit_circle,
        control_is: "squares that add to 1",
    },
    Statement {
        id: "sampled-rows-have-zero-mean",
        title: "The rows that are used, sampled at the integers, have mean 0 as psi and psi' have",
        standing: Standing::Refuted,
        hypotheses: &["f = 2 pi frac t, whose continuous psi and psi' have mean 0"],
        sources: &[source("oka2025", "§3.2"), source("mallat2009", "§7.1")],
        code: &["src/theorem/gains.rs#gains", "src/wavelet/rotary_matrix.rs#RotaryMatrix"],
        proof: include_str!("../../proofs/sampled-rows-have-zero-mean.md"),
        check: gains::sampled_rows_have_zero_mean,
        control: gains::sampled_rows_have_zero_mean_at_odd_eighths,
        control_is: "the row of psi at phi = pi/4 mod pi, that of psi' at 3 pi/4 mod pi",
    },
    Statement {
        id: "nonnegative-weights-peak-at-frequency-zero",
        title: "Weights that are not negative have their largest gain at frequency 0",
        standing: Standing::ProvedByMachine,
        hypotheses: &["a_t >= 0 for t = 0, ..., n - 1"],
        sources: &[source("ruscio2025", "the metrics"), source("mallat2009", "§7.1")],
        code: &["src/signal/spectrum.rs#PowerSpectrum"],
        proof: include_str!("../../proofs/nonnegative-weights-peak-at-frequency-zero.md"),
        check: windows::nonnegative_weights_peak_at_frequency_zero,
        control: windows::ricker_weights_peak_at_frequency_zero,
        control_is: "samples of the Ricker wavelet, which have both signs",
    },
    Statement {
        id: "attention-rows-have-zero-mean",
        title: "Rows of attention probabilities have mean 0, as wavelets have",
        standing: Standing::Refuted,
        hypotheses: &["the row is the softmax of n >= 1 finite scores"],
        sources: &[source("ruscio2025", "the claim that heads behave like wavelets"), source("daubechies1992", "§2.4")],
        code: &["src/heads/recorder.rs#Recorder"],
        proof: include_str!("../../proofs/attention-rows-have-zero-mean.md"),
        check: windows::attention_rows_have_zero_mean,
        control: windows::differences_of_attention_rows_have_zero_mean,
        control_is: "the difference of two rows",
    },
    Statement {
        id: "alibi-windows-have-zero-mean",
        title: "The windows that ALiBi's slopes make of the lag have mean 0",
        standing: Standing::Refuted,
        hypotheses: &["all scores before the bias are equal", "the slope is any real number"],
        sources: &[
            source("oka2025", "the section that reads ALiBi as windows of several sizes"),
            source("press2022", "§3"),
        ],
        code: &["src/encoding/alibi.rs#alibi_slopes", "src/encoding/alibi.rs#alibi_bias"],
        proof: include_str!("../../proofs/alibi-windows-have-zero-mean.md"),
        check: windows::alibi_windows_have_zero_mean,
        control: windows::differences_of_alibi_windows_have_zero_mean,
        control_is: "the difference of the windows of two neighbouring heads",
    },
    Statement {
        id: "rope-is-haar-only-at-an-eighth-turn",
        title: "A rotation block lies at distance 2 sqrt 2 |sin((phi - pi/4)/2)| from the Haar block: it is Haar only at pi/4 mod 2 pi",
        standing: Standing::ProvedByMachine,
        hypotheses: &["the Haar block has the rows (1, -1)/sqrt 2 and (1, 1)/sqrt 2; the distance is Frobenius's"],
        sources: &[source("oka2025", "App. A.3"), source("mallat2009", "§7.1")],
        code: &["src/theorem/gains.rs#haar_block", "src/rope/rotation.rs#Rotation"],
        proof: include_str!("../../proofs/rope-is-haar-only-at-an-eighth-turn.md"),
        check: gains::rope_is_haar_only_at_an_eighth_turn,
        control: gains::rope_is_haar_at_minus_an_eighth_turn,
        control_is: "distance from the transposed block",
    },
    Statement {
        id: "haar-never-occurs-at-an-integer-position",
        title: "At no integer position is the first block of RoPE the Haar block",
        standing: Standing::ProvedByMachine,
        hypotheses: &["theta_0 = 1 (every unscaled RoPE)", "m is a whole number"],
        sources: &[source("oka2025", "App. A.3"), source("niven1956", "ch. 2, pi is irrational")],
        code: &["src/theorem/gains.rs#away_from_haar", "src/rope/rotation.rs#Rotation"],
        proof: include_str!("../../proofs/haar-never-occurs-at-an-integer-position.md"),
        check: gains::haar_never_occurs_at_an_integer_position,
        control: gains::haar_never_occurs_at_a_real_position,
        control_is: "the real position m = pi/4",
    },
    Statement {
        id: "equal-sine-and-cosine-give-haar",
        title: "Where sin m theta = cos m theta the block is the Haar block",
        standing: Standing::Refuted,
        hypotheses: &["the condition as it is printed, which 5 pi/4 satisfies too"],
        sources: &[source("oka2025", "App. A.3")],
        code: &["src/theorem/gains.rs#haar_block", "src/wavelet/haar_like.rs#HaarLike"],
        proof: include_str!("../../proofs/equal-sine-and-cosine-give-haar.md"),
        check: gains::equal_sine_and_cosine_give_haar,
        control: gains::equal_and_positive_sine_and_cosine_give_haar,
        control_is: "equal and positive",
    },
    Statement {
        id: "haar-like-constant-has-a-closed-form",
        title: "The Haar-like pair is admissible, with C_psi in closed form through Si, Ci and Cin, the same for both",
        standing: Standing::ProvedByMachine,
        hypotheses: &["f = 2 K pi frac t, K >= 1 whole", "C_psi is two-sided"],
        sources: &[source("daubechies1992", "§2.4"), source("oka2025", "§3.2, which does not use C_psi")],
        code: &["src/wavelet/haar_like.rs#HaarLike", "src/numeric/sine_integral.rs#sine_cosine_integral"],
        proof: include_str!("../../proofs/haar-like-constant-has-a-closed-form.md"),
        check: admissibility::haar_like_constant_has_a_closed_form,
        control: admissibility::haar_like_constant_is_one_sided,
        control_is: "half of it, the one-sided constant",
    },
    Statement {
        id: "haar-constant-is-two-ln-two",
        title: "The Haar wavelet on [0, 1) has C_psi = 2 ln 2, two-sided",
        standing: Standing::ProvedByMachine,
        hypotheses: &["psi = 1 on [0, 1/2), -1 on [1/2, 1)"],
        sources: &[source("daubechies1992", "§2.4")],
        code: &["src/wavelet/haar.rs#Haar"],
        proof: include_str!("../../proofs/haar-constant-is-two-ln-two.md"),
        check: admissibility::haar_constant_is_two_ln_two,
        control: admissibility::haar_constant_is_ln_two,
        control_is: "half of it, the one-sided constant",
    },
    Statement {
        id: "ricker-constant-is-two-pi",
        title: "The Ricker wavelet (1 - t^2) exp(-t^2/2) has C_psi = 2 pi, two-sided",
        standing: Standing::ProvedByMachine,
        hypotheses: &["unnormalised: its energy is 3 sqrt(pi) / 4"],
        sources: &[source("daubechies1992", "§3.3.5"), source("oka2025", "the list of mother wavelets")],
        code: &["src/wavelet/ricker.rs#Ricker"],
        proof: include_str!("../../proofs/ricker-constant-is-two-pi.md"),
        check: admissibility::ricker_constant_is_two_pi,
        control: admissibility::ricker_constant_is_that_of_unit_energy,
        control_is: "the constant of unit energy, 8 sqrt(pi) / 3",
    },
    Statement {
        id: "gaussian-is-admissible",
        title: "The Gaussian exp(-t^2) is an admissible mother wavelet",
        standing: Standing::Refuted,
        hypotheses: &["C_psi is the integral of |psihat|^2 / |w|"],
        sources: &[source("oka2025", "the list of mother wavelets"), source("daubechies1992", "§2.4")],
        code: &["src/wavelet/gaussian.rs#Gaussian"],
        proof: include_str!("../../proofs/gaussian-is-admissible.md"),
        check: admissibility::gaussian_is_admissible,
        control: admissibility::ricker_is_admissible,
        control_is: "the Ricker wavelet",
    },
    Statement {
        id: "uncorrected-morlet-is-admissible",
        title: "The Morlet wavelet without its correction is admissible, its mean being negligible",
        standing: Standing::Refuted,
        hypotheses: &["psi = pi^(-1/4) exp(i w0 t) exp(-t^2/2), with w0 = 5 or 6"],
        sources: &[source("torrence1998", "Table 1"), source("daubechies1992", "§3.3.5")],
        code: &["src/wavelet/morlet.rs#Morlet"],
        proof: include_str!("../../proofs/uncorrected-morlet-is-admissible.md"),
        check: admissibility::uncorrected_morlet_is_admissible,
        control: admissibility::corrected_morlet_is_admissible,
        control_is: "with the correction",
    },
    Statement {
        id: "haar-like-frequency-spread-is-infinite",
        title: "psi and psi' jump, so that w^2 |psihat|^2 tends to a mean of 2 and their frequency spread is infinite",
        standing: Standing::ProvedByMachine,
        hypotheses: &["f = 2 K pi frac t, K >= 1 whole"],
        sources: &[
            source("mallat2009", "§2.3"),
            source("ruscio2025", "theory part, which computes no uncertainty product"),
        ],
        code: &["src/wavelet/haar_like.rs#frequency_spread"],
        proof: include_str!("../../proofs/haar-like-frequency-spread-is-infinite.md"),
        check: admissibility::haar_like_frequency_spread_is_infinite,
        control: admissibility::haar_like_jumps_once,
        control_is: "one jump in place of two",
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn near_matches_are_the_ids_one_would_think_of() {
        assert_eq!(statement("haar-type-matrix-equals-rope").unwrap().id, "haar-type-matrix-equals-rope");
        for (typed, wanted) in [
            ("haar-type-matrix-equal-rope", "haar-type-matrix-equals-rope"),
            ("monotone-phase", "monotone-phase-is-impossible"),
            ("ricker", "ricker-constant-is-two-pi"),
            ("sampled-rows-zero-mean", "sampled-rows-have-zero-mean"),
        ] {
            assert_eq!(statement(typed).unwrap_err()[0], wanted);
        }
    }
}
