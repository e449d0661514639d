/// The two kernels of KERPLE, conditionally positive definite in the lag [chi2022, Definition 2]:
///
/// ```text
/// logarithmic   b(Δ) = -r1 ln(1 + r2 Δ)
/// power         b(Δ) = -r1 Δ^r2,          0 < r2 ≤ 2
/// ```
///
/// with `r1, r2 > 0` of each head learned. The power kernel with `r2 = 1` is ALiBi with a learned slope.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KerpleForm {
    /// `-r1 ln(1 + r2 Δ)`.
    Logarithmic,
    /// `-r1 Δ^r2`.
    Power,
}

/// A bias of KERPLE with the parameters of its heads.
///
/// The authors' code keeps `r1` and `r2` at 0.01 or more, and the exponent at 2 or less, by moving
/// them there; [`Kerple::bias`] evaluates at the moved values too.
#[derive(Debug, Clone, PartialEq)]
pub struct Kerple {
    form: KerpleForm,
    r1: Vec<f64>,
    r2: Vec<f64>,
}

impl Kerple {
    /// The smallest value of a parameter.
    pub const FLOOR: f64 = 0.01;

    /// The largest exponent of the power kernel.
    pub const LARGEST_EXPONENT: f64 = 2.0;

    /// The bias with these parameters, one of each per head.
    ///
    /// # Panics
    /// No head, or lists of different length.
    pub fn new(form: KerpleForm, r1: Vec<f64>, r2: Vec<f64>) -> Self {
        assert!(!r1.is_empty() && r1.len() == r2.len());
        Self { form, r1, r2 }
    }

    /// Which kernel.
    pub fn form(&self) -> KerpleForm {
        self.form
    }

    /// The factors, one per head.
    pub fn r1(&self) -> &[f64] {
        &self.r1
    }

    /// The rates or exponents, one per head.
    pub fn r2(&self) -> &[f64] {
        &self.r2
    }

    /// The bias of a head at a lag.
    pub fn bias(&self, head: usize, lag: usize) -> f64 {
        let (r1, r2) = (self.r1[head].max(Self::FLOOR), self.r2[head].max(Self::FLOOR));
        match self.form {
            KerpleForm::Logarithmic => 0.0 - r1 * (r2 * lag as f64).ln_1p(),
            KerpleForm::Power => 0.0 - r1 * (lag as f64).powf(r2.min(Self::LARGEST_EXPONENT)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kernels_start_at_zero_and_fall() {
        for form in [KerpleForm::Logarithmic, KerpleForm::Power] {
            let kerple = Kerple::new(form, vec![0.7], vec![0.3]);
            assert_eq!(kerple.bias(0, 0), 0.0);
            assert!((0..100).all(|lag| kerple.bias(0, lag + 1) < kerple.bias(0, lag)));
        }
    }

    #[test]
    fn the_power_kernel_with_exponent_one_is_alibi() {
        let kerple = Kerple::new(KerpleForm::Power, vec![0.25], vec![1.0]);
        assert_eq!((0..50).map(|lag| kerple.bias(0, lag)).collect::<Vec<_>>(), super::super::alibi_bias(0.25, 50));
    }

    #[test]
    fn parameters_outside_their_range_count_as_its_end() {
        let at = |r1, r2| Kerple::new(KerpleForm::Power, vec![r1], vec![r2]).bias(0, 7);
        assert_eq!((at(-1.0, 3.0), at(1.0, 2.5)), (at(0.01, 2.0), at(1.0, 2.0)));
    }
}
