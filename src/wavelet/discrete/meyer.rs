use std::f64::consts::{FRAC_PI_2, PI, SQRT_2};

/// Taps on each side of the middle one.
const REACH: usize = 30;
/// Points of the trapezoidal rule on `[0, π]`. The transition has three continuous derivatives, so
/// that tap `n` is of the order `n^{-5}`; what aliases, tap `2 POINTS - 30` and on, is below 1e-16.
const POINTS: usize = 4096;

/// Meyer's low-pass filter, cut to 61 taps around the middle and a zero after them, with the sum `√2`.
///
/// ```text
/// H(w) = √2 for |w| ≤ π/3,   √2 cos(π/2 nu(3|w|/π - 1)) up to 2π/3,   0 beyond
/// nu(x) = x⁴ (35 - 84 x + 70 x² - 20 x³)
/// ```
///
/// The cut leaves an orthonormality defect of 8e-6, nearly all of it from the factor that makes the sum
/// `√2` \[daubechies1992, §4.2.1\]. PyWavelets' table of the same length and layout differs by up to 8.4e-4 in
/// a tap and has a defect of 2.2e-3; how it was made is not documented.
pub(super) fn reconstruction() -> Vec<f64> {
    let transition = |w: f64| {
        let x = 3.0 * w / PI - 1.0;
        if x <= 0.0 {
            SQRT_2
        } else if x < 1.0 {
            let nu = x.powi(4) * (35.0 - x * (84.0 - x * (70.0 - 20.0 * x)));
            SQRT_2 * (FRAC_PI_2 * nu).cos()
        } else {
            0.0
        }
    };
    let points: Vec<(f64, f64)> = (0..POINTS)
        .map(|i| {
            let w = PI * (i as f64 + 0.5) / POINTS as f64;
            (w, transition(w))
        })
        .collect();
    let tap = |n: usize| points.iter().map(|(w, h)| h * (n as f64 * w).cos()).sum::<f64>() / POINTS as f64;
    let side: Vec<f64> = (1..=REACH).map(tap).collect();
    let mut taps: Vec<f64> = side.iter().rev().copied().chain([tap(0)]).chain(side.iter().copied()).collect();
    let factor = SQRT_2 / taps.iter().sum::<f64>();
    taps.iter_mut().for_each(|tap| *tap *= factor);
    taps.push(0.0);
    taps
}
