use std::f64::consts::{LN_2, TAU};
use std::fmt;

use num_complex::Complex64;

use super::{Admissibility, MotherWavelet, WaveletError};
use crate::numeric::{Bound, Integral, Real, integrate, sine_cosine_integral};

/// The Haar-like pair with phase `f(t) = 2 K π frac(t)` [oka2025, §3.2 and App. A.2].
///
/// ```text
/// psi(t)  = cos f(t) on [0, 1),  -sin f(t) on [1, 2),  0 elsewhere
/// psi'(t) = sin f(t) on [0, 1),   cos f(t) on [1, 2),  0 elsewhere
/// ```
///
/// With `W = 2 K π`, for both functions (the proofs are pages of the catalogue):
///
/// ```text
/// ∫ psi = 0,   ∫ psi² = 1,   ∫ psi psi' = 0
/// |psihat(w)|² = 4 sin²(w/2) (W² + w² + 2 w W sin w) / (W² - w²)²
/// C_psi = (4/W)(Si W + Ci 2W - Ci W) + (4 Cin W + 2 Si 2W - 4 Si W) / W²   (two-sided)
/// time spread 1/√3,   frequency spread ∞ (psi jumps)
/// ```
///
/// `C_psi` is 1.09218 for `K = 1`, and `K C_psi` tends to 1.
///
/// # Rounding
/// The phase `2 K π t` carries a relative error of `3 u`, so that values are good to
/// `(6 K π + 2) u`: a large `K` costs digits. The spectrum is good to `16 W u`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HaarLike {
    cycles: u32,
    part: Part,
}

/// Which function of a Haar-like pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// `psi`, which begins with a cosine and makes the first row of each rotation block.
    Psi,
    /// `psi'`, which begins with a sine and makes the second row.
    PsiPrime,
}

impl Part {
    /// Both, in the order of the rows of a rotation block.
    pub const ALL: [Self; 2] = [Self::Psi, Self::PsiPrime];

    /// The value with this phase on the unit interval `[interval, interval + 1)`.
    fn at_phase<T: Real>(self, interval: i64, phase: T) -> T {
        match (self, interval) {
            (Self::Psi, 0) | (Self::PsiPrime, 1) => phase.cos(),
            (Self::Psi, 1) => -phase.sin(),
            (Self::PsiPrime, 0) => phase.sin(),
            _ => T::zero(),
        }
    }
}

impl HaarLike {
    /// The function of the pair with phase `2 K π frac(t)`, `K = cycles`.
    ///
    /// # Errors
    /// [`WaveletError::OutOfRange`] for 0 cycles: `psi` would be a box on `[0, 1)`, of mean 1.
    pub fn new(cycles: u32, part: Part) -> Result<Self, WaveletError> {
        let wavelet = Self { cycles, part };
        if cycles > 0 {
            Ok(wavelet)
        } else {
            Err(WaveletError::OutOfRange {
                wavelet: wavelet.name(),
                parameter: "cycles",
                value: 0.0,
                expected: "a whole number, 1 or more",
            })
        }
    }

    /// `K`.
    pub fn cycles(&self) -> u32 {
        self.cycles
    }

    /// The value at the point `interval + shift`, `0 ≤ shift < 1`, without adding the two.
    ///
    /// Adding would round, and a shift just below 1 would land on the next integer, where another
    /// branch of the function begins. Kept apart, the interval is exact whatever the type.
    pub fn sample<T: Real>(&self, interval: i64, shift: T) -> T {
        self.part.at_phase(interval, T::TAU() * T::of(self.cycles.into()) * shift)
    }

    /// The value at the point `t` as it is rounded: `sample(⌊t⌋, t - ⌊t⌋)`.
    ///
    /// On `[0, 2)` the subtraction is exact.
    pub fn value<T: Real>(&self, t: T) -> T {
        // A NaN or a point outside of i64 is in no interval of the support.
        match t.floor().to_i64() {
            Some(interval) => self.sample(interval, t - t.floor()),
            None => T::zero(),
        }
    }

    /// `|psihat(omega)|²` in closed form, the same for both functions of the pair.
    ///
    /// The poles at `±W` are removable, and removed.
    pub fn power(&self, omega: f64) -> f64 {
        let (w, peak) = (omega.abs(), self.angular_frequency());
        let envelope = sinc((w - peak) / 2.0) / (w + peak);
        envelope * envelope * (peak * peak + w * w + 2.0 * w * peak * w.sin())
    }

    /// `W = 2 K π`.
    fn angular_frequency(&self) -> f64 {
        TAU * f64::from(self.cycles)
    }
}

/// `sin x / x`.
fn sinc(x: f64) -> f64 {
    if x == 0.0 { 1.0 } else { x.sin() / x }
}

impl MotherWavelet for HaarLike {
    fn name(&self) -> &'static str {
        match self.part {
            Part::Psi => "haar-like",
            Part::PsiPrime => "haar-like-prime",
        }
    }

    fn parameters(&self) -> Vec<(&'static str, f64)> {
        vec![("cycles", self.cycles.into())]
    }

    fn psi(&self, t: f64) -> Complex64 {
        self.value(t).into()
    }

    /// With `A± = ∫_0^1 e^{i(±W-w)t} dt = (-1)^K e^{-iw/2} sinc((w∓W)/2)`, the transforms of cosine
    /// and sine on `[0, 1)` are `C = (A+ + A-)/2` and `S = (A+ - A-)/2i`; `psihat` is
    /// `C - e^{-iw} S` and that of `psi'` is `S + e^{-iw} C`.
    fn psihat(&self, omega: f64) -> Complex64 {
        let peak = self.angular_frequency();
        let sign = if self.cycles.is_multiple_of(2) { 1.0 } else { -1.0 };
        let half_turn = Complex64::from_polar(sign, -omega / 2.0);
        let (forth, back) = (sinc((omega - peak) / 2.0), sinc((omega + peak) / 2.0));
        let cosine = half_turn * (0.5 * (forth + back));
        let sine = half_turn * Complex64::new(0.0, -0.5 * (forth - back));
        let turn = Complex64::from_polar(1.0, -omega);
        match self.part {
            Part::Psi => cosine - turn * sine,
            Part::PsiPrime => sine + turn * cosine,
        }
    }

    fn is_real(&self) -> bool {
        true
    }

    fn is_analytic(&self) -> bool {
        false
    }

    fn mean(&self) -> f64 {
        0.0
    }

    fn energy(&self) -> f64 {
        1.0
    }

    fn support(&self) -> Option<(f64, f64)> {
        Some((0.0, 2.0))
    }

    /// Where the derivative of `ln |psihat|²` vanishes, a little above `K`.
    ///
    /// With `x = w - W` the spectrum is `sinc²(x/2)` times a factor of at most 1. At `x = 1.2` it
    /// exceeds 0.85, and `sinc²(x/2)` is smaller than that for `|x| > 1.4`; for `x < 0.5` the
    /// factor is at most 0.75. So the peak lies between, and there the derivative falls.
    fn centre_frequency(&self) -> f64 {
        let peak = self.angular_frequency();
        let slope = |x: f64| {
            let (w, sum) = (peak + x, 2.0 * peak + x);
            let (sin, cos) = x.sin_cos();
            (x / 2.0).tan().recip() - 2.0 / x
                + (2.0 * w + 2.0 * peak * (sin + w * cos)) / (peak * peak + w * w + 2.0 * w * peak * sin)
                - 2.0 / sum
        };
        let (mut low, mut high) = (0.5, 1.4);
        while high - low > f64::EPSILON {
            let middle = 0.5 * (low + high);
            if slope(middle) > 0.0 { low = middle } else { high = middle }
        }
        (peak + low) / TAU
    }

    fn admissibility(&self) -> Admissibility {
        let w = self.angular_frequency();
        let ((si, cin), (si_double, cin_double)) = (sine_cosine_integral(w), sine_cosine_integral(2.0 * w));
        // Ci 2W - Ci W = ln 2 - Cin 2W + Cin W.
        let c_psi = 4.0 / w * (si + LN_2 - cin_double + cin) + (4.0 * cin + 2.0 * si_double - 4.0 * si) / (w * w);
        Admissibility::Admissible { c_psi }
    }

    fn time_spread(&self) -> f64 {
        3f64.sqrt().recip()
    }

    fn frequency_spread(&self) -> f64 {
        f64::INFINITY
    }

    fn breaks(&self) -> Vec<f64> {
        vec![0.0, 1.0, 2.0]
    }
}

/// The Haar-like pair of any phase `f` on `[0, 2)`, in radians.
///
/// `psi` and `psi'` are as in [`HaarLike`], with this `f`. Nothing is known of it in closed form, so
/// its integrals are quadratures and come with their errors.
pub struct PhasePair<F> {
    phase: F,
    breaks: Vec<f64>,
}

/// What a quadrature can say about whether a mean is 0.
///
/// That it is 0 it can never say: a number is 0 by proof, and a computed one lies near 0 at best.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mean {
    /// The value exceeds its estimated error: the function is no wavelet.
    NotZero {
        /// The integral.
        value: f64,
        /// Its estimated error.
        error: Bound,
    },
    /// 0 lies within the error, or the integral is not a number.
    Undecided {
        /// The integral.
        value: f64,
        /// Its estimated error.
        error: Bound,
    },
}

impl<F: Fn(f64) -> f64> PhasePair<F> {
    /// The pair with this phase; `breaks` are the points inside `(0, 2)`, other than 1, where `f` or
    /// its derivative jumps.
    ///
    /// # Example
    /// ```
    /// use ropelet::wavelet::{Mean, Part, PhasePair};
    ///
    /// // f = π/4 makes psi the Haar wavelet and psi' its scaling function.
    /// let haar = PhasePair::new(|_| std::f64::consts::FRAC_PI_4, &[]);
    /// assert!(matches!(haar.mean(Part::Psi), Mean::Undecided { .. }));
    /// assert!(matches!(haar.mean(Part::PsiPrime), Mean::NotZero { .. }));
    /// ```
    pub fn new(phase: F, breaks: &[f64]) -> Self {
        Self { phase, breaks: breaks.iter().copied().chain([1.0]).collect() }
    }

    /// `psi(t)` or `psi'(t)`.
    pub fn value(&self, part: Part, t: f64) -> f64 {
        if (0.0..2.0).contains(&t) { part.at_phase(t as i64, (self.phase)(t)) } else { 0.0 }
    }

    /// `∫ psi` or `∫ psi'`.
    pub fn integral(&self, part: Part) -> Integral {
        integrate(|t| self.value(part, t), 0.0, 2.0, &self.breaks, 1e-13)
    }

    /// `∫ psi²` or `∫ psi'²`; exactly 1 where `f(t + 1) = f(t)`.
    pub fn energy(&self, part: Part) -> Integral {
        integrate(|t| self.value(part, t).powi(2), 0.0, 2.0, &self.breaks, 1e-13)
    }

    /// Whether the mean is zero, as far as a quadrature can tell.
    pub fn mean(&self, part: Part) -> Mean {
        let Integral { value, error, .. } = self.integral(part);
        if value.abs() > error.total() { Mean::NotZero { value, error } } else { Mean::Undecided { value, error } }
    }
}

impl<F> fmt::Debug for PhasePair<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PhasePair").field("breaks", &self.breaks).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::FRAC_PI_4;

    use super::*;
    use crate::numeric::{Agreement, integrate_half_line};

    const CYCLES: [u32; 4] = [1, 2, 5, 16];

    fn pair(cycles: u32) -> [HaarLike; 2] {
        Part::ALL.map(|part| HaarLike::new(cycles, part).unwrap())
    }

    /// The integral over the support of something times the wavelet.
    fn over_support(wavelet: HaarLike, f: impl Fn(f64, f64) -> f64) -> Integral {
        integrate(|t| f(t, wavelet.value(t)), 0.0, 2.0, &[1.0], 1e-14)
    }

    #[track_caller]
    fn assert_integral(integral: Integral, expected: f64) {
        let agreement = Agreement::of(integral.value, expected, integral.error);
        assert!(agreement.holds() && integral.error.total() < 1e-12, "{agreement:?}");
    }

    #[test]
    fn mean_energy_and_spread_confirm_the_closed_forms() {
        for wavelet in CYCLES.into_iter().flat_map(pair) {
            assert_integral(over_support(wavelet, |_, psi| psi), wavelet.mean());
            assert_integral(over_support(wavelet, |_, psi| psi * psi), wavelet.energy());
            assert_integral(over_support(wavelet, |t, psi| t * psi * psi), 1.0);
            let variance = over_support(wavelet, |t, psi| (t - 1.0).powi(2) * psi * psi);
            assert_integral(variance, wavelet.time_spread().powi(2));
        }
    }

    #[test]
    fn the_spectrum_confirms_the_closed_form() {
        for wavelet in CYCLES.into_iter().flat_map(pair) {
            let peak = wavelet.angular_frequency();
            for omega in [0.0, 1e-9, 0.3, -2.0, peak - 1e-7, peak, -peak, peak + 1.2, 3.0 * peak, 1e3] {
                let real = over_support(wavelet, |t, psi| psi * (omega * t).cos());
                let imaginary = over_support(wavelet, |t, psi| -psi * (omega * t).sin());
                let spectrum = wavelet.psihat(omega);
                assert_integral(real, spectrum.re);
                assert_integral(imaginary, spectrum.im);
                let bound = Bound::rounding(16.0 * peak * f64::UNIT_ROUNDOFF);
                assert!(Agreement::of(wavelet.power(omega), spectrum.norm_sqr(), bound).holds());
            }
        }
    }

    #[test]
    fn the_constant_agrees_with_30_digits_and_with_quadrature() {
        for (cycles, expected) in [
            (1, 1.092_182_825_110_907_6),
            (2, 0.536_900_062_536_878_3),
            (3, 0.353_766_894_838_632_5),
            (5, 0.209_279_606_781_835_52),
            (16, 0.063_852_595_549_318_2),
            (1000, 0.001_000_763_727_536_479_5),
        ] {
            for wavelet in pair(cycles) {
                let c_psi = wavelet.admissibility().c_psi().unwrap();
                let bound = Bound::rounding(64.0 * f64::UNIT_ROUNDOFF * expected);
                assert!(Agreement::of(c_psi, expected, bound).holds(), "K = {cycles}: {c_psi}");
            }
        }
        let wavelet = pair(1)[0];
        let quadrature = integrate_half_line(|w| 2.0 * wavelet.power(w) / w, 1e-12, 1e-6);
        assert!(Agreement::of(quadrature.value, 1.092_182_825_110_907_6, quadrature.error).holds(), "{quadrature:?}");
    }

    #[test]
    fn the_centre_frequency_is_the_highest_of_a_fine_grid() {
        for wavelet in CYCLES.into_iter().flat_map(pair) {
            let centre = wavelet.power(TAU * wavelet.centre_frequency());
            let highest = (0..200_000).map(|i| wavelet.power(f64::from(i) * 1e-3)).fold(0.0, f64::max);
            assert!(centre >= highest && centre < highest + 1e-6, "{wavelet:?}: {centre} {highest}");
        }
    }

    #[test]
    fn samples_stay_on_their_branch_up_to_the_last_shift_below_one() {
        let [psi, prime] = pair(1);
        let shift = 1.0 - f32::EPSILON / 2.0;
        assert_eq!(1.0 + shift, 2.0, "the sum rounds to the end of the support");
        assert!(psi.sample(0, shift) > 0.99 && prime.sample(1, shift) > 0.99);
        assert_eq!(psi.sample(2, 0.0f32), 0.0);
        assert_eq!(psi.sample(-1, 0.5f32), 0.0);
        // Adding first is what loses the branch.
        assert_eq!(prime.value(1.0 + shift), 0.0);
        assert_eq!(psi.value(f64::NAN), 0.0);
    }

    #[test]
    fn a_phase_of_whole_turns_is_the_haar_like_pair() {
        let phase = PhasePair::new(|t: f64| 3.0 * TAU * t.fract(), &[]);
        for (part, wavelet) in Part::ALL.into_iter().zip(pair(3)) {
            for t in [-0.1, 0.0, 0.3, 1.0, 1.9, 2.0] {
                let bound = Bound::rounding(64.0 * f64::UNIT_ROUNDOFF);
                assert!(Agreement::of(phase.value(part, t), wavelet.value(t), bound).holds());
            }
            assert!(matches!(phase.mean(part), Mean::Undecided { .. }));
        }
    }

    #[test]
    fn a_mean_that_is_not_zero_is_found_and_zero_is_never_claimed() {
        let value = |mean| match mean {
            Mean::NotZero { value, .. } => value,
            Mean::Undecided { .. } => 0.0,
        };
        let haar = PhasePair::new(|_| FRAC_PI_4, &[]);
        assert_eq!(value(haar.mean(Part::Psi)), 0.0);
        assert!((value(haar.mean(Part::PsiPrime)) - 2f64.sqrt()).abs() < 1e-14);
        let quadratic = PhasePair::new(|t: f64| TAU * t.fract().powi(2), &[]);
        assert!((value(quadratic.mean(Part::Psi)) - 0.0724).abs() < 1e-3);
        assert!((value(quadratic.mean(Part::PsiPrime)) - 0.4158).abs() < 1e-3);
        let broken = PhasePair::new(|_| f64::NAN, &[]);
        assert!(matches!(broken.mean(Part::Psi), Mean::Undecided { .. }));
        assert!((haar.energy(Part::Psi).value - 1.0).abs() < 1e-14);
    }

    #[test]
    fn no_cycles_make_no_pair() {
        assert!(matches!(HaarLike::new(0, Part::Psi), Err(WaveletError::OutOfRange { .. })));
        assert!(pair(1)[0].uncertainty_product().is_infinite());
    }
}
