/// What RoPE alone makes of the lag: `K(Δ) = (2/d) Σ_i cos(θ_i Δ)` for `Δ = 0..length`.
///
/// This is the score of a query and a key whose `d/2 = inverse_frequencies.len()` pairs are all
/// equal unit vectors, divided by `d/2`. `K(0) = 1`, every term has infinite support, and for the
/// unscaled frequencies `K(Δ) ≈ 1 - (ln Δ + 0.5772) / ln(base)` on `1 < Δ < base`: it decays with
/// the logarithm of the lag \[su2024\]. Attention factors and coordinates that are not rotated are
/// not part of the kernel.
///
/// `theta Δ` is rounded before the cosine, so the error at lag `Δ` is at most about
/// `(1 + Δ max θ) u`, plus the `d/2` roundings of the mean.
///
/// # Panics
/// When there is no frequency: an empty mean has no value.
pub fn rotary_kernel(inverse_frequencies: &[f64], length: usize) -> Vec<f64> {
    assert!(!inverse_frequencies.is_empty(), "a rotary kernel needs at least one frequency");
    let mean = |lag: usize| {
        let sum: f64 = inverse_frequencies.iter().map(|theta| (theta * lag as f64).cos()).sum();
        sum / inverse_frequencies.len() as f64
    };
    (0..length).map(mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::{Bound, compare_with, gamma};

    fn frequencies(base: f64, dim: usize) -> Vec<f64> {
        (0..dim / 2).map(|i| base.powf(-2.0 * i as f64 / dim as f64)).collect()
    }

    #[test]
    fn it_is_a_dirichlet_kernel_for_equally_spaced_frequencies() {
        // (1/n) Σ_{i=1..n} cos(iαΔ) = (sin((n + 1/2)αΔ) / sin(αΔ/2) - 1) / 2n.
        let (n, alpha) = (32, 0.01);
        let theta: Vec<f64> = (1..=n).map(|i| f64::from(i) * alpha).collect();
        let observed = rotary_kernel(&theta, 512);
        let expected: Vec<f64> = (0..512)
            .map(|lag| {
                let x = alpha * f64::from(lag);
                if lag == 0 {
                    1.0
                } else {
                    (((f64::from(n) + 0.5) * x).sin() / (x / 2.0).sin() - 1.0) / f64::from(2 * n)
                }
            })
            .collect();
        // Arguments up to n α Δ with two roundings each, n terms added, and the quotient of sines,
        // whose numerator's argument error is magnified by 1/sin(αΔ/2) ≥ 1/(αΔ/2).
        let bound = |lag: usize| {
            let x = alpha * lag as f64;
            let argument = gamma(3, f64::EPSILON) * (f64::from(n) * x + 1.0);
            let quotient = if lag == 0 { 0.0 } else { argument / (x / 2.0).sin().abs() / f64::from(n) };
            Bound::rounding(argument + gamma(n as usize + 4, f64::EPSILON) + quotient)
        };
        let agreement = compare_with(&observed, &expected, bound);
        assert!(agreement.holds(), "{agreement:?}");
        // The control: the kernel of the next lag is another.
        assert!(!compare_with(&observed[1..], &expected[..511], bound).holds());
    }

    #[test]
    fn it_decays_with_the_logarithm_of_the_lag() {
        let base: f64 = 1e4;
        let kernel = rotary_kernel(&frequencies(base, 128), 5000);
        assert_eq!(kernel[0], 1.0);
        // The asymptote leaves out an oscillation of about 1/ln(base) in size near Δ = 1.
        for lag in [30, 100, 300, 1000, 3000] {
            let asymptote = 1.0 - ((lag as f64).ln() + 0.577_215_664_901_532_9) / base.ln();
            assert!((kernel[lag] - asymptote).abs() < 0.1, "lag {lag}: {} against {asymptote}", kernel[lag]);
        }
    }
}
