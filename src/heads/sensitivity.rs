//! M9: how much the wavelet coefficients of a row change when it is made shorter.

use std::sync::LazyLock;

use super::family::{Family, View};
use super::{Definition, Plan, Signal};
use crate::signal::{Boundary, Dwt};
use crate::wavelet::{DiscreteFamily, DiscreteWavelet};

pub(super) const FAMILY: Family = Family { definitions, values };

/// Which samples of a signal the shorter one keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sampling {
    /// The first `αN`.
    Prefix,
    /// Every `1/α`-th, from the first on.
    Stride,
}

/// What is compared with what, where a level of the shorter signal has fewer coefficients.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alignment {
    /// As many of the longer as the shorter has, from the beginning.
    Truncate,
    /// The shorter is continued with zeros.
    Pad,
    /// The shorter is interpolated linearly to the length of the longer, ends on ends.
    Interpolate,
}

impl Sampling {
    const ALL: [Self; 2] = [Self::Prefix, Self::Stride];

    /// The shorter signal, of `1/divisor` of the samples.
    fn of(self, signal: &[f64], divisor: usize) -> Vec<f64> {
        match self {
            Self::Prefix => signal[..signal.len() / divisor].to_vec(),
            Self::Stride => signal.iter().step_by(divisor).copied().collect(),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Prefix => "prefix",
            Self::Stride => "stride",
        }
    }
}

impl Alignment {
    const ALL: [Self; 3] = [Self::Truncate, Self::Pad, Self::Interpolate];

    fn name(self) -> &'static str {
        match self {
            Self::Truncate => "truncate",
            Self::Pad => "pad",
            Self::Interpolate => "interpolate",
        }
    }

    /// Inner product of a level with the shorter one, and what of either's energy is compared.
    fn products(self, long: &[f64], short: &[f64]) -> [f64; 3] {
        let sums = |pairs: &mut dyn Iterator<Item = (f64, f64)>| {
            pairs.fold([0.0; 3], |[xy, xx, yy], (x, y)| [xy + x * y, xx + x * x, yy + y * y])
        };
        match self {
            Self::Truncate => sums(&mut long.iter().copied().zip(short.iter().copied())),
            Self::Pad => {
                let continued = short.iter().copied().chain(std::iter::repeat(0.0));
                sums(&mut long.iter().copied().zip(continued))
            }
            Self::Interpolate => {
                let step = (short.len() - 1) as f64 / (long.len() - 1).max(1) as f64;
                let at = |i: usize| {
                    let place = i as f64 * step;
                    let left = (place as usize).min(short.len() - 1);
                    let right = (left + 1).min(short.len() - 1);
                    short[left] + (place - left as f64) * (short[right] - short[left])
                };
                sums(&mut long.iter().enumerate().map(|(i, &x)| (x, at(i))))
            }
        }
    }
}

/// How many times shorter: `1/α`.
const DIVISORS: [usize; 2] = [2, 4];

static DB2: LazyLock<Dwt<f64>> = LazyLock::new(|| {
    let wavelet = DiscreteWavelet::new(DiscreteFamily::Daubechies(2)).expect("the order is in the list");
    Dwt::new(&wavelet, Boundary::Zero)
});

fn speaks_of(signal: Signal) -> bool {
    matches!(signal, Signal::Row | Signal::Full)
}

/// Every way, in the order of the tables.
fn ways() -> impl Iterator<Item = (usize, Sampling, Alignment)> {
    let samplings = || Sampling::ALL.into_iter();
    DIVISORS.into_iter().flat_map(move |divisor| {
        samplings().flat_map(move |sampling| Alignment::ALL.into_iter().map(move |how| (divisor, sampling, how)))
    })
}

fn definitions(signal: Signal, _plan: &Plan) -> Vec<Definition> {
    if !speaks_of(signal) {
        return Vec::new();
    }
    let of = |(divisor, sampling, alignment): (usize, Sampling, Alignment)| {
        let part = if divisor == 2 { "half" } else { "quarter" };
        let (sampling, alignment) = (sampling.name(), alignment.name());
        let title = format!("scale sensitivity to a {part} ({sampling}, {alignment})");
        Definition::of(signal, format!("scale_sensitivity_{part}_{sampling}_{alignment}"), "1", title)
            .family("M9")
            .range(0.0, 2.0)
            .meaning(
                "1 - cos(W(x), W(x_α)), W the db2 coefficients of as many levels as the shorter has room for, zero \
                 beyond the ends; x_α the first αN samples (prefix) or every 1/α-th (stride); levels of unequal length \
                 cut to the shorter, continued with zeros, or interpolated",
                "How much the coefficients change when the row is made shorter; an attention sink at key 0 alone makes \
                 it small.",
            )
    };
    ways().map(of).collect()
}

fn values(view: &View<'_>, values: &mut Vec<Option<f64>>) {
    if speaks_of(view.signal) {
        for divisor in DIVISORS {
            for sampling in Sampling::ALL {
                values.extend(sensitivities(view.values, divisor, sampling));
            }
        }
    }
}

/// `S(α) = 1 - cos(W(x), W(x_α))`, `α = 1/divisor`, for each alignment: 0 where the shorter signal has the same coefficients up
/// to a factor, 1 where they have nothing in common, at most 2.
///
/// `W` are the db2 coefficients, approximation included, of [`Dwt::max_level`] of the shorter signal, with zeros beyond
/// the ends so that an end does not see the other. The published definition \[ruscio2025\] says neither which
/// samples are kept nor how coefficients of unequal number are compared, so both are part of the name.
///
/// `None` where either has no energy that is compared.
///
/// # Rounding
/// Within `γ_{4N}` of the definition: the cosine is that of two vectors whose entries are off by `γ_{4j}` at level `j`.
fn sensitivities(signal: &[f64], divisor: usize, sampling: Sampling) -> [Option<f64>; 3] {
    let shorter = sampling.of(signal, divisor);
    let levels = DB2.max_level(shorter.len());
    let (Ok(long), Ok(short)) = (DB2.analyse(signal, levels), DB2.analyse(&shorter, levels)) else {
        return [None; 3];
    };
    Alignment::ALL.map(|alignment| {
        let [xy, xx, yy] = long.iter().zip(&short).fold([0.0; 3], |sums: [f64; 3], (long, short)| {
            let products = alignment.products(long, short);
            std::array::from_fn(|i| sums[i] + products[i])
        });
        let size = (xx * yy).sqrt();
        (size > 0.0).then(|| (1.0 - xy / size).max(0.0))
    })
}

#[cfg(test)]
mod tests {
    use rand::distr::Open01;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::numeric::{Real, gamma};

    fn sensitivity(signal: &[f64], divisor: usize, sampling: Sampling, alignment: Alignment) -> Option<f64> {
        sensitivities(signal, divisor, sampling)[alignment as usize]
    }

    fn exactly(found: Option<f64>, expected: f64) -> bool {
        (found.unwrap() - expected).abs() <= gamma(4 * 64, f64::UNIT_ROUNDOFF)
    }

    #[test]
    fn a_sink_alone_is_the_same_at_every_length() {
        let mut sink = [0.0; 64];
        sink[0] = 0.3;
        for (divisor, sampling, alignment) in ways() {
            let same = exactly(sensitivity(&sink, divisor, sampling, alignment), 0.0);
            // Interpolation widens the coefficients that meet the sink.
            assert_eq!(same, alignment != Alignment::Interpolate, "{divisor} {sampling:?} {alignment:?}");
        }
        // The control: the same weight on the last key is gone.
        sink.reverse();
        assert_eq!(sensitivity(&sink, 2, Sampling::Prefix, Alignment::Truncate), None);
        assert_eq!(sensitivity(&[0.0; 64], 2, Sampling::Stride, Alignment::Pad), None);
    }

    #[test]
    fn disjoint_coefficients_have_nothing_in_common() {
        // Keys 0 and 160 of 256. The stride keeps both and puts the second at 80, whose coefficients at the five
        // levels of 128 samples are none of those of 160: they reach 3 · 2^j samples back.
        let mut two = [0.0; 256];
        (two[0], two[160]) = (1.0, 1.0);
        let half = sensitivity(&two, 2, Sampling::Stride, Alignment::Pad).unwrap();
        assert!((half - 0.5).abs() < 0.05, "{half}");
        // The prefix keeps the first: a cosine of 1/√2.
        let prefix = sensitivity(&two, 2, Sampling::Prefix, Alignment::Pad);
        assert!((prefix.unwrap() - (1.0 - 0.5f64.sqrt())).abs() < 0.05, "{prefix:?}");
    }

    /// Means over draws of flat Dirichlet rows with a sink of each mass at key 0.
    fn sinks(length: usize, divisor: usize, sampling: Sampling, alignment: Alignment) -> Vec<f64> {
        let mut generator = ChaCha8Rng::seed_from_u64(28);
        let draws = 200;
        let mut mean = |sink: f64| {
            let one = |_| {
                let content: Vec<f64> = (0..length).map(|_| -generator.sample::<f64, _>(Open01).ln()).collect();
                let total: f64 = content.iter().sum();
                let mut row: Vec<f64> = content.iter().map(|x| (1.0 - sink) * x / total).collect();
                row[0] += sink;
                sensitivity(&row, divisor, sampling, alignment).unwrap()
            };
            (0..draws).map(one).sum::<f64>() / f64::from(draws)
        };
        [0.0, 0.05, 0.1, 0.2, 0.3, 0.4].map(&mut mean).to_vec()
    }

    #[test]
    fn noise_with_a_sink_gives_the_sensitivities_that_were_published_of_heads() {
        // The table that this confound was first described with, made with an unknown length and alignment: rows of 80
        // keys and zeros where the shorter ends come within 0.05 of eleven of its twelve values. The twelfth, at a
        // quarter without a sink, is 0.73 and not 0.63.
        let half = sinks(80, 2, Sampling::Stride, Alignment::Pad);
        for (found, table) in half.iter().zip([0.66, 0.53, 0.34, 0.12, 0.05, 0.02]) {
            assert!((found - table).abs() < 0.05, "{half:?}");
        }
        let quarter = sinks(80, 4, Sampling::Stride, Alignment::Pad);
        assert!((quarter[0] - 0.73).abs() < 0.02, "{quarter:?}");
        for (found, table) in quarter.iter().zip([0.63, 0.55, 0.41, 0.19, 0.09, 0.04]).skip(1) {
            assert!((found - table).abs() < 0.06, "{quarter:?}");
        }
        // Whatever the alignment, a sink of a third brings it near 0 where nothing is interpolated.
        for alignment in [Alignment::Truncate, Alignment::Pad] {
            let by_mass = sinks(80, 2, Sampling::Stride, alignment);
            assert!(by_mass.windows(2).all(|pair| pair[0] > pair[1]), "{by_mass:?}");
            assert!(by_mass[4] < 0.08 && by_mass[0] > 0.4, "{by_mass:?}");
        }
    }

    #[test]
    fn a_prefix_of_noise_is_like_the_whole_whatever_the_sink() {
        for divisor in DIVISORS {
            let by_mass = sinks(80, divisor, Sampling::Prefix, Alignment::Truncate);
            assert!(by_mass.iter().all(|s| *s < 0.08), "{by_mass:?}");
        }
    }
}
