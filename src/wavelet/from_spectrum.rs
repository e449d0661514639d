use std::f64::consts::TAU;
use std::fmt;
use std::sync::OnceLock;

use num_complex::Complex64;

use super::from_samples::{new_identity, peak_near};
use super::{Admissibility, MotherWavelet, WaveletError};
use crate::numeric::{Bound, Integral, Real, gamma, integrate};

/// A wavelet given by a function for its spectrum, which vanishes outside of a stated band.
///
/// `psi(t) = (1/2π) ∫ psihat(w) e^{iwt} dw` is a sum of Gauss–Legendre rules over pieces of the band. The pieces are
/// halved until a rule and its two halves agree; for large `|t|` they are cut so fine that `e^{iwt}` turns
/// by no more than 8 radians in each. Energy, `C_psi` and the frequency spread are quadratures to
/// about 1e-11. What is declared is taken at its word: the
/// band, the points where `psihat` or a derivative jumps, and the reach beyond which `psi` counts as 0.
///
/// ```
/// use num_complex::Complex64;
/// use ropelet::wavelet::{FromSpectrum, MotherWavelet, Ricker};
///
/// let spectrum = |w: f64| Complex64::from(w * w * (-w * w / 2.0).exp());
/// let wavelet = FromSpectrum::new(spectrum, (-12.0, 12.0), &[])?.with_reach(9.0);
/// let factor = std::f64::consts::TAU.sqrt();
/// assert!((factor * wavelet.psi(0.7) - Ricker.psi(0.7)).norm() < 1e-14);
/// # Ok::<(), ropelet::wavelet::WaveletError>(())
/// ```
pub struct FromSpectrum {
    psihat: Box<dyn Fn(f64) -> Complex64 + Send + Sync>,
    band: (f64, f64),
    /// Ends of the pieces.
    cuts: Vec<f64>,
    breaks: Vec<f64>,
    real: bool,
    reach: f64,
    error: Bound,
    /// For `|t|` up to `2^level`.
    rules: [OnceLock<Vec<(f64, Complex64)>>; LEVELS],
    identity: u64,
}

/// A turn by this much in a piece is integrated to a roundoff.
const TURN: f64 = 8.0;
const LEVELS: usize = 20;
const POINTS: usize = 16;

/// Nodes and weights of Gauss and Legendre's rule on `[-1, 1]`, by Newton's iteration.
fn legendre() -> [(f64, f64); POINTS] {
    std::array::from_fn(|i| {
        let n = POINTS as f64;
        let mut x = (std::f64::consts::PI * (i as f64 + 0.75) / (n + 0.5)).cos();
        let mut slope = 0.0;
        for _ in 0..8 {
            let (mut before, mut value) = (1.0, x);
            for k in 2..=POINTS {
                let k = k as f64;
                (before, value) = (value, ((2.0 * k - 1.0) * x * value - (k - 1.0) * before) / k);
            }
            slope = n * (x * value - before) / (x * x - 1.0);
            x -= value / slope;
        }
        (x, 2.0 / ((1.0 - x * x) * slope * slope))
    })
}

impl FromSpectrum {
    /// The wavelet with this spectrum (of the angular frequency `w`) on `band`, 0 elsewhere; `breaks` are the points
    /// in the band where it or a derivative jumps.
    ///
    /// # Errors
    /// [`WaveletError::OutOfRange`] for a band that is empty or not finite, and for a spectrum that is not finite
    /// everywhere, is 0, or cannot be integrated to `1e-13` of its absolute value.
    pub fn new(
        psihat: impl Fn(f64) -> Complex64 + Send + Sync + 'static,
        band: (f64, f64),
        breaks: &[f64],
    ) -> Result<Self, WaveletError> {
        let wrong = |parameter, value, expected| {
            Err(WaveletError::OutOfRange { wavelet: "spectrum", parameter, value, expected })
        };
        let (low, high) = band;
        if !(low < high && low.is_finite() && high.is_finite()) {
            return wrong("width of the band", high - low, "a positive number");
        }
        let breaks: Vec<f64> = breaks.iter().copied().chain([0.0]).filter(|w| (low..high).contains(w)).collect();
        let rule = legendre();
        // ∫psihat and ∫|psihat| over a piece.
        let over = |a: f64, b: f64| {
            let (middle, half) = (0.5 * (a + b), 0.5 * (b - a));
            rule.iter().fold((Complex64::ZERO, 0.0), |(sum, size), (x, weight)| {
                let value = psihat(middle + half * x) * (half * weight);
                (sum + value, size + value.norm())
            })
        };
        let mut ends: Vec<f64> = breaks.iter().copied().chain([low, high]).collect();
        ends.extend((1..16).map(|k| low + (high - low) * f64::from(k) / 16.0));
        ends.sort_by(f64::total_cmp);
        ends.dedup();
        let rough: f64 = ends.windows(2).map(|ends| over(ends[0], ends[1]).1).sum();
        let (mut cuts, mut apart, mut size) = (vec![low], 0.0, 0.0);
        let mut open: Vec<(f64, f64, u32)> = ends.windows(2).rev().map(|ends| (ends[0], ends[1], 0)).collect();
        while let Some((a, b, depth)) = open.pop() {
            let middle = 0.5 * (a + b);
            let (whole, (left, left_size), (right, right_size)) = (over(a, b).0, over(a, middle), over(middle, b));
            let difference = (whole - left - right).norm();
            if difference > 1e-17 * rough.max(f64::MIN_POSITIVE) && depth < 40 && cuts.len() < 1 << 14 {
                // Rounding alone is a few roundoffs of the piece.
                if difference > 8.0 * f64::EPSILON * (left_size + right_size) {
                    open.extend([(middle, b, depth + 1), (a, middle, depth + 1)]);
                    continue;
                }
            }
            apart += difference;
            size += left_size + right_size;
            cuts.extend([middle, b]);
        }
        if !size.is_finite() || size == 0.0 {
            return wrong("∫|psihat|", size, "a positive number");
        }
        if apart > 1e-13 * size {
            return wrong("the relative error of ∫psihat", apart / size, "at most 1e-13; state the breaks");
        }
        let mirrored = |w: f64| psihat(-w).conj() == psihat(w);
        let real = -low == high && (0..64).all(|k| mirrored(high * (f64::from(k) + 0.37) / 64.0));
        let points = POINTS * cuts.len();
        let error = Bound { rounding: size / TAU * gamma(points + 16, f64::UNIT_ROUNDOFF), truncation: apart / TAU };
        let rules = std::array::from_fn(|_| OnceLock::new());
        let identity = new_identity();
        let psihat = Box::new(psihat);
        Ok(Self { psihat, band, cuts, breaks, real, reach: f64::INFINITY, error, rules, identity })
    }

    /// Declares that `psi(t)` is 0 for `|t| ≥ reach`, which spares the time to compute that it nearly is.
    #[must_use]
    pub fn with_reach(mut self, reach: f64) -> Self {
        self.reach = reach;
        self.identity = new_identity();
        self
    }

    /// How far [`MotherWavelet::psi`] may be from the integral, for every `t` within the reach: the sum of differences
    /// between each rule and its halves, and rounding.
    pub fn error(&self) -> Bound {
        self.error
    }

    /// Nodes with weight times spectrum over 2π, fine enough for `|t| ≤ 2^level`.
    fn rule(&self, level: usize) -> &[(f64, Complex64)] {
        self.rules[level].get_or_init(|| {
            let (widest, rule) = (TURN / (level as f64).exp2(), legendre());
            let mut nodes = Vec::new();
            for ends in self.cuts.windows(2) {
                let parts = ((ends[1] - ends[0]) / widest).ceil().max(1.0);
                let half = 0.5 * (ends[1] - ends[0]) / parts;
                for part in 0..parts as usize {
                    let middle = ends[0] + (2.0 * part as f64 + 1.0) * half;
                    nodes.extend(rule.iter().map(|(x, weight)| {
                        let w = middle + half * x;
                        (w, (self.psihat)(w) * (half * weight / TAU))
                    }));
                }
            }
            nodes
        })
    }

    /// `(1/2π) ∫ f(w) psihat(w) e^{iwt} dw`, where it does not count as 0.
    fn integral(&self, t: f64, factor: impl Fn(f64) -> Complex64) -> Complex64 {
        if t.abs() >= self.reach || t.is_infinite() {
            return Complex64::ZERO;
        }
        let level = t.abs().log2().ceil().max(0.0) as usize;
        // Beyond the last rule the phase is lost, and what is left of the function with it.
        let Some(level) = (level < LEVELS).then_some(level) else { return Complex64::ZERO };
        let sum: Complex64 = self.rule(level).iter().map(|(w, value)| value * factor(*w) * Complex64::cis(w * t)).sum();
        if self.real { sum.re.into() } else { sum }
    }

    /// `∫ f(w) |psihat(w)|² dw`.
    fn spectral(&self, f: impl Fn(f64) -> f64) -> Integral {
        let (low, high) = self.band;
        let middles = self.cuts.iter().copied().step_by(8);
        let cuts: Vec<f64> = self.breaks.iter().copied().chain(middles).collect();
        let power = |w: f64| (self.psihat)(w).norm_sqr();
        let size = (high - low) * self.cuts.iter().map(|w| power(*w)).fold(0.0, f64::max);
        integrate(|w| f(w) * power(w), low, high, &cuts, 1e-12 * size)
    }

    /// The derivative of the spectrum, by four points within a piece of the band.
    fn slope(&self, omega: f64) -> Complex64 {
        let piece = self.cuts.partition_point(|cut| *cut <= omega).clamp(1, self.cuts.len() - 1);
        let (a, b) = (self.cuts[piece - 1], self.cuts[piece]);
        let h = 1e-3 * (b - a);
        // As near to the middle of the four as the ends of the piece let it be.
        let middle = omega.clamp(a + 2.0 * h, b - 2.0 * h);
        let at = |k: f64| (self.psihat)(middle + k * h);
        (8.0 * (at(1.0) - at(-1.0)) - (at(2.0) - at(-2.0))) / (12.0 * h)
    }

    /// Whether the spectrum jumps at an end of the band or at a break, by more than rounding.
    fn jumps(&self) -> bool {
        let (low, high) = self.band;
        let near = 1e-12 * (high - low);
        let peak = self.cuts.iter().map(|w| (self.psihat)(*w).norm()).fold(0.0, f64::max);
        let at = |w: f64| if (low..=high).contains(&w) { (self.psihat)(w) } else { Complex64::ZERO };
        let ends = self.breaks.iter().chain([&low, &high]);
        ends.map(|w| (at(w + near) - at(w - near)).norm()).any(|jump| jump > 1e-9 * peak)
    }
}

impl MotherWavelet for FromSpectrum {
    fn name(&self) -> &'static str {
        "spectrum"
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        let reach = self.reach.is_finite().then_some(("reach", self.reach));
        [("lowest", self.band.0), ("highest", self.band.1)].into_iter().chain(reach).collect()
    }

    fn psi(&self, t: f64) -> Complex64 {
        self.integral(t, |_| Complex64::ONE)
    }

    fn derivative(&self, t: f64) -> Option<Complex64> {
        Some(self.integral(t, |w| Complex64::new(0.0, w)))
    }

    /// 0 from the declared reach on.
    fn derivative_tail(&self, radius: f64) -> f64 {
        self.tail(radius)
    }

    fn psihat(&self, omega: f64) -> Complex64 {
        if (self.band.0..=self.band.1).contains(&omega) { (self.psihat)(omega) } else { Complex64::ZERO }
    }

    fn is_real(&self) -> bool {
        self.real
    }

    fn is_analytic(&self) -> bool {
        self.band.0 >= 0.0
    }

    /// The real part of `psihat(0)`.
    fn mean(&self) -> f64 {
        self.psihat(0.0).re
    }

    fn energy(&self) -> f64 {
        self.spectral(|_| 1.0).value / TAU
    }

    fn support(&self) -> Option<(f64, f64)> {
        None
    }

    /// The highest of 4096 points, refined by golden section.
    fn centre_frequency(&self) -> f64 {
        let end = self.band.1.max(0.0);
        let spacing = (end - self.band.0.max(0.0)).max(0.0) / 4096.0;
        let power = |w: f64| self.psihat(w).norm_sqr();
        let points = (0..=4096).map(|i| self.band.0.max(0.0) + f64::from(i) * spacing);
        let best = points.max_by(|a, b| power(*a).total_cmp(&power(*b))).expect("there are points");
        peak_near(power, best, spacing) / TAU
    }

    /// By quadrature, where `psihat(0)` is exactly 0.
    fn admissibility(&self) -> Admissibility {
        let mean = self.psihat(0.0).norm();
        if mean != 0.0 {
            return Admissibility::nonzero_mean(mean);
        }
        let constant = self.spectral(|w| if w == 0.0 { 0.0 } else { w.abs().recip() });
        if constant.error.total() < 1e-6 * constant.value {
            return Admissibility::Admissible { c_psi: constant.value };
        }
        Admissibility::NotAdmissible {
            reason: "the integral of |psihat|²/|w| does not settle near 0".into(),
            log_coefficient: f64::NAN,
        }
    }

    /// From the derivative of the spectrum, good to about 1e-6; infinite where the spectrum jumps.
    fn time_spread(&self) -> f64 {
        if self.jumps() {
            return f64::INFINITY;
        }
        let (low, high) = self.band;
        let over = |f: &dyn Fn(f64) -> f64| integrate(f, low, high, &self.cuts, 0.0).value;
        let total = over(&|w| (self.psihat)(w).norm_sqr());
        let middle = over(&|w| ((self.psihat)(w).conj() * Complex64::I * self.slope(w)).re) / total;
        (over(&|w| self.slope(w).norm_sqr()) / total - middle * middle).sqrt()
    }

    fn frequency_spread(&self) -> f64 {
        let total = self.spectral(|_| 1.0).value;
        let middle = self.spectral(|w| w).value / total;
        (self.spectral(|w| (w - middle).powi(2)).value / total).sqrt()
    }

    /// The declared reach, and otherwise twice the time spread; 0 where neither is known.
    fn e_folding_time(&self) -> f64 {
        let spread = 2.0 * self.time_spread();
        if spread.is_finite() {
            spread
        } else if self.reach.is_finite() {
            self.reach
        } else {
            0.0
        }
    }

    /// 0 from the declared reach on.
    fn tail(&self, radius: f64) -> f64 {
        if radius >= self.reach { 0.0 } else { f64::INFINITY }
    }

    /// 0 beyond the band.
    fn spectral_tail(&self, radius: f64) -> f64 {
        if radius > self.band.0.abs().max(self.band.1.abs()) { 0.0 } else { f64::INFINITY }
    }

    fn identity(&self) -> u64 {
        self.identity
    }
}

impl fmt::Debug for FromSpectrum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FromSpectrum").field("band", &self.band).field("reach", &self.reach).finish_non_exhaustive()
    }
}
