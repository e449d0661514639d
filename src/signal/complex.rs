use num_complex::Complex;

use super::{Cwt, Sample, Scratch, SignalError};

/// Working space for complex signals, made by [`Cwt::complex_scratch`].
#[derive(Debug, Clone)]
pub struct ComplexScratch<T: Sample> {
    /// Real or imaginary parts of one signal.
    part: Vec<T>,
    /// The coefficients of the imaginary parts.
    coefficients: Vec<Complex<T>>,
    scratch: Scratch<T>,
}

/// Complex signals: the transform is linear, so that `W(x) = W(Re x) + i W(Im x)`.
///
/// The sum is taken coefficient by coefficient: it rounds once more than the two transforms, whose bounds
/// ([`Cwt::error_bound`] of the real and of the imaginary parts) add up otherwise.
impl<T: Sample> Cwt<T> {
    /// Working space, as [`Cwt::transform_complex_with`] needs it.
    pub fn complex_scratch(&self) -> ComplexScratch<T> {
        ComplexScratch {
            part: vec![T::zero(); self.length()],
            coefficients: vec![Complex::default(); self.length() * self.scales().len()],
            scratch: self.scratch(),
        }
    }

    /// The coefficients of one or more complex signals, `[..., samples]` to `[..., scales, samples]`.
    ///
    /// ```
    /// use num_complex::Complex64;
    /// use ropelet::signal::{Boundary, Cwt, Norm};
    /// use ropelet::wavelet::Morlet;
    ///
    /// // A turn the other way round is what an analytic wavelet does not see.
    /// let cwt = Cwt::<f64>::new(&Morlet::corrected(6.0)?, 256, &[8.0], Norm::L1, Boundary::Zero)?;
    /// let turn = |sign: f64| (0..256).map(|t| Complex64::cis(sign * 0.75 * f64::from(t))).collect::<Vec<_>>();
    /// let at = |sign| Ok::<_, ropelet::signal::SignalError>(cwt.transform_complex(&turn(sign))?[128].norm());
    /// assert!(at(1.0)? > 1.8 && at(-1.0)? < 1e-13);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// Those of [`Cwt::transform`]; the place of what is not finite is that of the complex number.
    pub fn transform_complex(&self, signals: &[Complex<T>]) -> Result<Vec<Complex<T>>, SignalError> {
        let mut coefficients = vec![Complex::default(); signals.len() * self.scales().len()];
        self.transform_complex_into(signals, &mut coefficients)?;
        Ok(coefficients)
    }

    /// [`Cwt::transform_complex`] into memory that is already there.
    ///
    /// # Errors
    /// Also [`SignalError::Room`].
    pub fn transform_complex_into(
        &self,
        signals: &[Complex<T>],
        coefficients: &mut [Complex<T>],
    ) -> Result<(), SignalError> {
        self.validate_complex(signals, coefficients.len())?;
        let real: Vec<T> = signals.iter().map(|z| z.re).collect();
        self.transform_into(&real, coefficients)?;
        let imaginary: Vec<T> = signals.iter().map(|z| z.im).collect();
        let turned = self.transform(&imaginary)?;
        add_turned(coefficients, &turned);
        Ok(())
    }

    /// [`Cwt::transform_complex_into`] on this thread alone, without allocating.
    ///
    /// # Errors
    /// Also [`SignalError::Scratch`].
    pub fn transform_complex_with(
        &self,
        signals: &[Complex<T>],
        coefficients: &mut [Complex<T>],
        scratch: &mut ComplexScratch<T>,
    ) -> Result<(), SignalError> {
        self.validate_complex(signals, coefficients.len())?;
        let ComplexScratch { part, coefficients: turned, scratch } = scratch;
        let table = self.length() * self.scales().len();
        if part.len() != self.length() || turned.len() != table {
            return Err(SignalError::Scratch);
        }
        for (signal, table) in signals.chunks(self.length()).zip(coefficients.chunks_mut(table)) {
            part.iter_mut().zip(signal).for_each(|(part, z)| *part = z.re);
            self.transform_with(part, table, scratch)?;
            part.iter_mut().zip(signal).for_each(|(part, z)| *part = z.im);
            self.transform_with(part, turned, scratch)?;
            add_turned(table, turned);
        }
        Ok(())
    }

    fn validate_complex(&self, signals: &[Complex<T>], room: usize) -> Result<(), SignalError> {
        if signals.is_empty() || !signals.len().is_multiple_of(self.length()) {
            return Err(SignalError::Length { length: self.length(), found: signals.len() });
        }
        let expected = signals.len() * self.scales().len();
        if room != expected {
            return Err(SignalError::Room { expected, found: room });
        }
        match signals.iter().enumerate().find(|(_, z)| !z.re.is_finite() || !z.im.is_finite()) {
            Some((index, z)) => {
                let value = if z.re.is_finite() { z.im } else { z.re };
                Err(SignalError::NotFinite { index, value: value.wide() })
            }
            None => Ok(()),
        }
    }
}

/// Adds `i` times the second.
fn add_turned<T: Sample>(sums: &mut [Complex<T>], turned: &[Complex<T>]) {
    for (sum, z) in sums.iter_mut().zip(turned) {
        *sum = Complex::new(sum.re - z.im, sum.im + z.re);
    }
}
