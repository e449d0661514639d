use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use crate::numeric::{Enclosure, Pairing, Real, gamma};
use crate::rope::{Frequencies, RopeError, Rotation, Scaling};
use crate::theorem::matrix::{reach_error, rotation_error, universal_error};
use crate::wavelet::{RotaryMatrix, Shift};

/// Every `|m|` up to here.
const LARGEST: usize = 1 << 20;
/// Positions of a block, and of a fine table: `m = STEP q + r`.
const BLOCK: usize = 1 << 14;
const STEP: usize = 1 << 10;
/// The head sizes whose frequencies are taken.
const DIMS: [usize; 3] = [64, 128, 256];
/// The bases.
const BASES: [f64; 3] = [1e4, 5e5, 1e6];

/// `2^62`, by which cosines and sines become integers.
const UNIT: f64 = (1u64 << 62) as f64;

/// How far a product of two tabled turns may be from `2^62 cos` or `2^62 sin`, and the scaled entry from itself.
///
/// A tabled number is within `e = 0.51` of `2^62` times the true one. With both turns written `(c + δ, s + σ)`, in
/// these units, `|δ|, |σ| ≤ e`, the error of `c c' - s s'` is at most `e (|c| + |s| + |c'| + |s'|) ≤ 2√2 e < 1.45`,
/// beside `2e² 2^{-62}`. Cutting the product at the last place costs less than 1. The entry, of
/// at most 1.5, is scaled exactly and cut to a whole number, which costs less than 1. Together less than 4.
const SLACK: u64 = 4;

/// Which positions are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Coverage {
    /// All up to 511, every 4099th, and those nearest to whole turns.
    Sample,
    /// Every one.
    Full,
}

impl Coverage {
    fn takes(self, position: usize) -> bool {
        self == Self::Full
            || position < 512
            || position.is_multiple_of(4099)
            || [44_353, 103_993, LARGEST].contains(&position)
    }
}

/// A way in which the program computes the entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// [`Rotation`].
    Rotation,
    /// [`RotaryMatrix`] of the universal shift.
    Universal,
    /// [`RotaryMatrix`] of the published shift, at `m ≥ 0`.
    Published,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Rotation, Self::Universal, Self::Published];

    /// The words that tables use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rotation => "rotation",
            Self::Universal => "universal",
            Self::Published => "published",
        }
    }
}

/// The entry of one form that uses most of its bound.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Worst {
    /// Which.
    pub form: Form,
    /// Entries looked at.
    pub entries: u64,
    /// An upper bound of `error / bound`: at most 1 where every entry is certified.
    pub ratio: f64,
    /// Where.
    pub position: i64,
    /// The frequency there, in radians per token.
    pub frequency: f64,
}

/// What was found in some blocks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    /// One for each form.
    pub forms: Vec<Worst>,
}

impl Default for Tally {
    fn default() -> Self {
        let none = |form| Worst { form, entries: 0, ratio: 0.0, position: 0, frequency: 0.0 };
        Self { forms: Form::ALL.map(none).to_vec() }
    }
}

impl Tally {
    /// Whether entries of every form were looked at, and each is certified.
    pub fn holds(&self) -> bool {
        self.forms.iter().all(|worst| worst.entries > 0 && worst.ratio <= 1.0)
    }

    /// Both together; of two equals the first is kept.
    pub fn and(mut self, other: &Self) -> Self {
        for (mine, other) in self.forms.iter_mut().zip(&other.forms) {
            let entries = mine.entries + other.entries;
            if other.ratio > mine.ratio {
                *mine = *other;
            }
            mine.entries = entries;
        }
        self
    }
}

/// The computed entries of RoPE and of the Haar-type matrix, each beside an enclosure of the true number.
///
/// The true entries are `±cos(m θ)` and `±sin(m θ)` of the frequencies `θ` as the program has them, in `f64`; how
/// far those are from `base^{-2i/d}` is enclosed apart, by [`Rows::frequency_ratio`]. For each `θ` and `k ≤ 10`
/// the crate of [`Enclosure`] gives the cosine and the sine of `θ` and `2^{10} θ`, angles that are doubles exactly, and
/// products of complex numbers in ball arithmetic those of `rθ` and `2^{10} qθ`, `r, q ≤ 2^{10}`. They are kept as whole
/// multiples of `2^{-62}`. The position `m = 2^{10} q + r` then costs four exact products of
/// integers, and is enclosed within four units: 0.01 of a unit roundoff.
#[derive(Debug)]
pub struct Rows {
    coverage: Coverage,
    bases: Vec<Base>,
}

#[derive(Debug)]
struct Base {
    /// `θ` of all head sizes, each once.
    frequencies: Frequencies,
    turns: Vec<Turns>,
}

/// `2^62 (cos, sin)` of `rθ` and of `2^10 qθ`, to the nearest integer.
#[derive(Debug)]
struct Turns {
    fine: Vec<(i64, i64)>,
    coarse: Vec<(i64, i64)>,
}

impl Turns {
    fn new(theta: f64) -> Self {
        let table = |theta: f64| {
            // z_r = z_{r/2}², times z_1 for odd r: ten steps at most, each of which may triple the radius.
            let one = Enclosure::of(theta).cos_sin();
            let mut turns = vec![(Enclosure::from(1), Enclosure::from(0)), one];
            for r in 2..=STEP {
                let half = &turns[r / 2];
                let even = turn(half, half);
                turns.push(if r % 2 == 0 { even } else { turn(&even, &turns[1]) });
            }
            let integer = |x: &Enclosure| match x.scaled_integer() {
                // The nearest is within 0.5 of what is known far better.
                Some((integer, distance)) if distance <= 0.51 => integer,
                _ => panic!("the cosines of {theta} are not known well enough"),
            };
            turns.iter().map(|(cos, sin)| (integer(cos), integer(sin))).collect()
        };
        Self { fine: table(theta), coarse: table(theta * STEP as f64) }
    }

    /// `2^62 (cos mθ, sin mθ)`, each within [`SLACK`] less 1.
    fn at(&self, position: usize) -> (i64, i64) {
        let (c, s) = self.coarse[position / STEP];
        let (d, t) = self.fine[position % STEP];
        let product = |a: i64, b: i64| i128::from(a) * i128::from(b);
        (((product(c, d) - product(s, t)) >> 62) as i64, ((product(s, d) + product(c, t)) >> 62) as i64)
    }
}

/// The product of two complex numbers.
fn turn((c, s): &(Enclosure, Enclosure), (d, t): &(Enclosure, Enclosure)) -> (Enclosure, Enclosure) {
    (c * d - s * t, s * d + c * t)
}

/// At least `|entry - exact| / bound`, where `exact` is in units of `2^-62` and known up to [`SLACK`].
fn ratio(entry: f64, exact: i64, bound: f64) -> f64 {
    // A number that is none is at no distance from anything.
    if entry.is_nan() || entry.abs() > 1.5 {
        return f64::INFINITY;
    }
    // Both are below 2^63 in size, and the sum of distance and slack is far below 2^64.
    let distance = ((entry * UNIT) as i64).abs_diff(exact) + SLACK;
    // Raised by more than its own two roundings.
    distance as f64 / (bound * UNIT) * (1.0 + 4.0 * f64::EPSILON)
}

impl Rows {
    /// The tables of all bases: half a second for each on two cores.
    ///
    /// # Errors
    /// None for these bases; what [`Frequencies::new`] refuses is handed on.
    ///
    /// # Panics
    /// When a cosine is not known to 62 binary places, which 128 bits make impossible.
    pub fn new(coverage: Coverage) -> Result<Self, RopeError> {
        let bases = BASES.iter().map(|&base| Base::new(base, |theta| theta)).collect::<Result<_, _>>()?;
        Ok(Self { coverage, bases })
    }

    /// The bits of every frequency, by base: two runs that agree in these and in coverage look at the same entries.
    ///
    /// # Errors
    /// As [`Rows::new`].
    pub fn fingerprint() -> Result<Vec<Vec<u64>>, RopeError> {
        let bits = |base: &f64| Ok(frequencies(*base)?.inv_freq().iter().map(|theta| theta.to_bits()).collect());
        BASES.iter().map(bits).collect()
    }

    /// Number of blocks, each of which can be looked at apart.
    pub fn blocks() -> usize {
        BASES.len() * Self::blocks_of_base()
    }

    fn blocks_of_base() -> usize {
        LARGEST / BLOCK + 1
    }

    /// Looks at one block: some positions of one base, of both signs.
    ///
    /// # Errors
    /// None; what the constructors of the matrices refuse is handed on as a sentence.
    ///
    /// # Panics
    /// When there is no such block.
    pub fn block(&self, index: usize) -> Result<Tally, String> {
        let base = &self.bases[index / Self::blocks_of_base()];
        let first = index % Self::blocks_of_base() * BLOCK;
        let positions = (first..(first + BLOCK).min(LARGEST + 1)).filter(|position| self.coverage.takes(*position));
        positions.map(|position| base.at(position)).try_fold(Tally::default(), |tally, next| Ok(tally.and(&next?)))
    }

    /// All blocks, in parallel.
    ///
    /// # Errors
    /// As [`Rows::block`].
    pub fn all(&self) -> Result<Tally, String> {
        let tallies: Vec<_> = (0..Self::blocks()).into_par_iter().map(|index| self.block(index)).collect();
        tallies.into_iter().try_fold(Tally::default(), |tally, next| Ok(tally.and(&next?)))
    }

    /// Whether the same run on tables of the next larger frequencies finds fault with the largest position, as it must.
    ///
    /// # Errors
    /// As [`Rows::new`] and [`Rows::block`].
    pub fn control(&self) -> Result<bool, String> {
        let off = Base::new(BASES[0], f64::next_up).map_err(|error| error.to_string())?;
        Ok(off.at(LARGEST)?.forms.iter().all(|worst| worst.form == Form::Published || worst.ratio > 1.0))
    }

    /// At least `|θ - base^{-2i/d}|`, over the `γ_48` of itself that is stated for a frequency: the largest over all.
    ///
    /// # Errors
    /// As [`Rows::new`].
    pub fn frequency_ratio() -> Result<f64, RopeError> {
        let mut worst = 0.0f64;
        for base in BASES {
            let log = Enclosure::of(base).ln();
            for dim in DIMS {
                for (pair, &theta) in Frequencies::new(base, dim, &Scaling::None, 1)?.inv_freq().iter().enumerate() {
                    let exact = (&Enclosure::ratio(-2 * pair as i64, dim as i64) * &log).exp();
                    worst = worst.max(exact.farthest_from(theta) / (gamma(48, f64::UNIT_ROUNDOFF) * theta));
                }
            }
        }
        Ok(worst)
    }

    /// Pairs of head sizes and bases, and how many of their frequencies differ.
    pub fn pairs(&self) -> (usize, usize) {
        let distinct = self.bases.iter().map(|base| base.turns.len()).sum();
        (self.bases.len() * DIMS.iter().sum::<usize>() / 2, distinct)
    }
}

/// The frequencies of all head sizes at this base, each once, from the fastest.
fn frequencies(base: f64) -> Result<Frequencies, RopeError> {
    let mut all: Vec<f64> = Vec::new();
    for dim in DIMS {
        for &theta in Frequencies::new(base, dim, &Scaling::None, 1)?.inv_freq() {
            // The same number to the last bit turns by the same angle.
            if !all.contains(&theta) {
                all.push(theta);
            }
        }
    }
    all.sort_by(|a, b| b.total_cmp(a));
    Frequencies::of(all, 1.0)
}

impl Base {
    /// The tables are those of `tabled(θ)`.
    fn new(base: f64, tabled: impl Fn(f64) -> f64 + Sync) -> Result<Self, RopeError> {
        let frequencies = frequencies(base)?;
        let turns = frequencies.inv_freq().par_iter().map(|&theta| Turns::new(tabled(theta))).collect();
        Ok(Self { frequencies, turns })
    }

    /// Every entry of every pair at `±m`.
    fn at(&self, position: usize) -> Result<Tally, String> {
        let theta = self.frequencies.inv_freq();
        let mut tally = Tally::default();
        for sign in if position == 0 { &[1.0][..] } else { &[1.0, -1.0] } {
            let signed = sign * position as f64;
            let layout = Pairing::Interleaved;
            let matrix =
                |shift| RotaryMatrix::<f64>::new(theta, signed, layout, shift).map_err(|error| error.to_string());
            let rotation =
                Rotation::<f64>::new(&self.frequencies, signed, layout).map_err(|error| error.to_string())?;
            let universal = matrix(Shift::Universal)?;
            let published = (signed >= 0.0).then(|| matrix(Shift::Published)).transpose()?;
            for (pair, turns) in self.turns.iter().enumerate() {
                let (cos, sin) = turns.at(position);
                let sin = if *sign < 0.0 { -sin } else { sin };
                let exact = [cos, -sin, sin, cos];
                let mut look = |form: usize, entries: [f64; 4], bound: f64| {
                    let largest = entries.into_iter().zip(exact).map(|(entry, exact)| ratio(entry, exact, bound));
                    let largest = largest.fold(0.0, f64::max);
                    let worst = &mut tally.forms[form];
                    worst.entries += 4;
                    if largest > worst.ratio {
                        (worst.ratio, worst.position, worst.frequency) = (largest, signed as i64, theta[pair]);
                    }
                };
                let rows = |block: nalgebra::Matrix2<f64>| [block[(0, 0)], block[(0, 1)], block[(1, 0)], block[(1, 1)]];
                look(0, rows(rotation.block(pair)), rotation_error::<f64>());
                look(1, rows(universal.block(pair)), universal_error::<f64>());
                if let Some(published) = &published {
                    look(2, rows(published.block(pair)), reach_error::<f64>(signed * theta[pair]));
                }
            }
        }
        Ok(tally)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_of_positions_is_certified_and_its_control_is_not() {
        let rows = Rows::new(Coverage::Sample).unwrap();
        let tally = rows.all().unwrap();
        assert!(tally.holds(), "{tally:?}");
        assert!(tally.forms.iter().all(|worst| worst.ratio > 0.1), "{tally:?}");
        assert!(rows.control().unwrap());
        assert_eq!(rows.pairs(), (672, 384));
        assert!(Rows::frequency_ratio().unwrap() <= 1.0);
    }

    #[test]
    fn an_entry_that_is_off_by_a_unit_more_than_its_bound_is_refused() {
        let exact = 1i64 << 61;
        let bound = 1e-15;
        assert!(ratio(0.5, exact, bound) < 1e-2);
        assert!(ratio(0.5 + 0.9e-15, exact, bound) <= 1.0);
        assert!(ratio(0.5 + 1.1e-15, exact, bound) > 1.0);
        assert!(ratio(0.5, exact + 4613, bound) > 1.0);
        for none in [f64::NAN, f64::INFINITY, -2.0] {
            assert_eq!(ratio(none, exact, bound), f64::INFINITY);
        }
        assert!(!Tally::default().holds(), "nothing looked at, nothing certified");
    }
}
