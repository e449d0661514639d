use std::collections::BTreeMap;

use super::protocol::{Alignment, Boundaries, Protocol};
use crate::signal::{Boundary, Dwt, PowerSpectrum, Sides, SignalError};
use crate::wavelet::DiscreteWavelet;

/// `ε`, what the paper adds inside of logarithms and to what it divides by.
pub const GUARD: f64 = 1e-10;

/// The metrics of one row of a head, with the rows that belong to half and to a quarter of the tokens.
///
/// Planned once for the lengths that occur.
#[derive(Debug)]
pub struct Measure {
    protocol: Protocol,
    levels: usize,
    transforms: BTreeMap<usize, PowerSpectrum<f64>>,
    wavelet: Dwt<f64>,
    single: Dwt<f32>,
}

impl Measure {
    /// Metrics before those of the wavelet entropies.
    pub(super) const NAMES: [&'static str; 9] = [
        "low_band",
        "middle_band",
        "high_band",
        "selectivity",
        "position_entropy",
        "spectral_entropy",
        "scale_sensitivity_half",
        "scale_sensitivity_quarter",
        "frame_error",
    ];
    pub(super) const POSITION_ENTROPY: usize = 4;
    pub(super) const SPECTRAL_ENTROPY: usize = 5;

    /// For sequences of these lengths. The level of the wavelet transform is the largest that a quarter of the
    /// shortest sequence has.
    ///
    /// # Errors
    /// There is no sequence, or a quarter of the shortest is too short for one level: fewer than 6 tokens.
    pub fn new(protocol: Protocol, lengths: impl IntoIterator<Item = usize>) -> Result<Self, SignalError> {
        let lengths: Vec<usize> = lengths.into_iter().collect();
        let shortest = lengths.iter().copied().min().ok_or(SignalError::Empty)?;
        let boundary = match protocol.boundaries {
            Boundaries::Symmetric => Boundary::Reflect,
            Boundaries::Zero => Boundary::Zero,
        };
        let db2 = DiscreteWavelet::named("db2").expect("it is in the list");
        let wavelet = Dwt::new(&db2, boundary);
        let levels = wavelet.max_level(shortest / 4);
        if levels == 0 {
            return Err(SignalError::Length { length: 24, found: shortest });
        }
        let points = lengths.iter().map(|length| protocol.padding.points(*length));
        let transforms = points.map(|n| Ok((n, PowerSpectrum::new(n)?))).collect::<Result<_, SignalError>>()?;
        Ok(Self { protocol, levels, transforms, wavelet, single: Dwt::new(&db2, boundary) })
    }

    /// The protocol.
    pub fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Levels of the wavelet transform; there is one array of coefficients more.
    pub fn levels(&self) -> usize {
        self.levels
    }

    /// The names of what [`Measure::of`] gives, in its order.
    pub fn names(&self) -> Vec<String> {
        let scales = (0..=self.levels).map(|scale| format!("wavelet_entropy_{scale}"));
        Self::NAMES.iter().map(|name| (*name).to_owned()).chain(scales).collect()
    }

    /// All metrics of a row, and of the rows of a half and a quarter of its tokens.
    ///
    /// Rounding: sums of as many terms as a row has keys, relative to their sizes, but for the frame error, which
    /// is rounding.
    ///
    /// # Panics
    /// When the length was not planned for.
    pub fn of(&self, row: &[f64], [half, quarter]: [&[f64]; 2]) -> Vec<f64> {
        let power = self.power(row);
        let total: f64 = power.iter().sum();
        let largest = power.iter().copied().fold(0.0, f64::max);
        let shares: Vec<f64> = power.iter().map(|power| power / (total + GUARD)).collect();
        let mut bands = [0.0; 3];
        let highest = power.len() - 1;
        for (k, share) in shares.iter().enumerate() {
            // The lower edge belongs to a band.
            bands[usize::from(4 * k >= highest) + usize::from(4 * k >= 3 * highest)] += share;
        }
        let coefficients = self.coefficients(row);
        let sensitivity = |short: &[f64]| self.sensitivity(&coefficients, &self.coefficients(short));
        let mut values = bands.to_vec();
        values.extend([
            largest / (total - largest + GUARD),
            entropy(row),
            entropy(&shares),
            sensitivity(half),
            sensitivity(quarter),
            self.frame_error(row),
        ]);
        values.extend(coefficients.iter().map(|array| entropy(&array.iter().map(|w| w * w).collect::<Vec<_>>())));
        values
    }

    /// `|DFT(Hann · a)|²` at the frequencies `0..=1/2`.
    fn power(&self, row: &[f64]) -> Vec<f64> {
        let points = self.protocol.padding.points(row.len());
        // Periodic, as scipy.signal.get_window makes it: 0 on key 0, nearly 0 on the nearest.
        let step = std::f64::consts::PI / row.len() as f64;
        let mut tapered: Vec<f64> = row.iter().enumerate().map(|(t, a)| a * (step * t as f64).sin().powi(2)).collect();
        tapered.resize(points, 0.0);
        let mut power = self.transforms[&points].of(&tapered, Sides::Two).expect("a row is finite");
        power.truncate(points / 2 + 1);
        power.iter_mut().for_each(|power| *power *= points as f64);
        power
    }

    fn coefficients(&self, row: &[f64]) -> Vec<Vec<f64>> {
        self.wavelet.analyse(row, self.levels).expect("a row has entries")
    }

    /// `1 - cos` of the angle of two sets of coefficients.
    fn sensitivity(&self, long: &[Vec<f64>], short: &[Vec<f64>]) -> f64 {
        let (mut product, mut squares) = (0.0, [0.0; 2]);
        for (long, short) in long.iter().zip(short) {
            let aligned = match self.protocol.alignment {
                Alignment::Cut | Alignment::Pad => short.clone(),
                Alignment::Stretch => stretched(short, long.len()),
            };
            product += long.iter().zip(&aligned).map(|(x, y)| x * y).sum::<f64>();
            let counted =
                if self.protocol.alignment == Alignment::Cut { short.len().min(long.len()) } else { long.len() };
            squares[0] += long[..counted].iter().map(|x| x * x).sum::<f64>();
            squares[1] += aligned.iter().map(|x| x * x).sum::<f64>();
        }
        1.0 - product / (squares[0].sqrt() * squares[1].sqrt() + GUARD)
    }

    fn frame_error(&self, row: &[f64]) -> f64 {
        let narrow: Vec<f32> = row.iter().map(|a| *a as f32).collect();
        let coefficients = self.single.analyse(&narrow, self.levels).expect("a row has entries");
        let back = self.single.synthesise(&coefficients, row.len()).expect("they are this row's");
        let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|x| x * x).sum::<f64>().sqrt();
        let error = norm(&mut narrow.iter().zip(&back).map(|(x, y)| f64::from(*x) - f64::from(*y)));
        error / (norm(&mut narrow.iter().map(|x| f64::from(*x))) + GUARD)
    }
}

/// `-Σ p ln(p + ε)`.
fn entropy(weights: &[f64]) -> f64 {
    -weights.iter().map(|p| p * (p + GUARD).ln()).sum::<f64>()
}

/// Values at `length` evenly spaced places between the first and the last.
fn stretched(values: &[f64], length: usize) -> Vec<f64> {
    let (last, steps) = (values.len() - 1, (length.max(2) - 1) as f64);
    let at = |i: usize| {
        let place = i as f64 * last as f64 / steps;
        let below = (place as usize).min(last);
        let part = place - below as f64;
        values[below] * (1.0 - part) + values[(below + 1).min(last)] * part
    };
    (0..length).map(at).collect()
}
