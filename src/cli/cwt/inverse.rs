use num_complex::Complex;
use serde::Serialize;

use super::result::{Made, array};
use super::{Arguments, length_of, room};
use crate::cli::npy::{self, Array, Element, Values};
use crate::cli::output::{print, print_json};
use crate::cli::{Common, Failure, Outcome};
use crate::signal::{Boundary, InverseCwt, Inversion, Norm, Sample};
use crate::wavelet::MotherWavelet;

/// The object of `--json` with `--inverse`.
#[derive(Serialize)]
struct Summary<'a> {
    schema: &'static str,
    wavelet: &'static str,
    norm: Norm,
    boundary: Boundary,
    integral: Inversion,
    /// The gain below which frequencies are left out, where the sum over scales was divided by its gain.
    floor: Option<f64>,
    scales: &'a [f64],
    /// Frequencies in cycles per sample between which the sum over scales is right to 1, 0.1 and 0.001 percent.
    bands: [Band; 3],
    input_shape: &'a [usize],
    output_shape: Option<Vec<usize>>,
    output_dtype: Option<&'static str>,
    output: Option<String>,
}

#[derive(Serialize)]
struct Band {
    tolerance: f64,
    frequencies: Option<(f64, f64)>,
}

/// Writes the signals of coefficients.
pub(super) fn run(
    arguments: &Arguments,
    common: &Common,
    wavelet: &dyn MotherWavelet,
    scales: &[f64],
    integral: Inversion,
) -> Result<Outcome, Failure> {
    let Array { shape, values } = npy::read(&arguments.input)?;
    let length = length_of(&arguments.input, &shape)?;
    let &[.., rows, _] = &shape[..] else {
        return Err(Failure::at(&arguments.input, "array has one axis, expected [..., scales, samples]"));
    };
    if rows != scales.len() {
        let expected = scales.len();
        return Err(Failure::at(&arguments.input, format!("array has {rows} scales, expected the {expected} given")));
    }
    room::must_suffice_back(scales.len(), length)?;
    let request = Request { arguments, common, wavelet, scales, integral, length, shape: &shape };
    // A real wavelet has real coefficients of real signals; of an analytic one none are those of complex signals alone.
    let is_of_complex = wavelet.is_real() && matches!(values, Values::C64(_) | Values::C128(_));
    match values {
        Values::F32(_) | Values::C64(_) => request.run(&values.into_c64(), is_of_complex),
        Values::F64(_) | Values::C128(_) => request.run(&values.into_c128(), is_of_complex),
    }
}

struct Request<'a> {
    arguments: &'a Arguments,
    common: &'a Common,
    wavelet: &'a dyn MotherWavelet,
    scales: &'a [f64],
    integral: Inversion,
    length: usize,
    shape: &'a [usize],
}

impl Request<'_> {
    fn run<T: Sample + Element>(&self, coefficients: &[Complex<T>], is_of_complex: bool) -> Result<Outcome, Failure>
    where
        Complex<T>: Element,
    {
        let Self { arguments, wavelet, scales, integral, length, shape, .. } = *self;
        let Arguments { norm, boundary, exact, mean, .. } = *arguments;
        let inverse = InverseCwt::<T>::new(wavelet, length, scales, norm, boundary, integral)?;
        let band = |tolerance| Band { tolerance, frequencies: inverse.band(tolerance) };
        let mut summary = Summary {
            schema: "ropelet.cwt-inverse/1",
            wavelet: wavelet.name(),
            norm,
            boundary,
            integral,
            floor: exact,
            scales,
            bands: [1e-2, 1e-3, 1e-5].map(band),
            input_shape: shape,
            output_shape: None,
            output_dtype: None,
            output: None,
        };
        if arguments.plan {
            print_json(&summary)?;
            return Ok(Outcome::Success);
        }
        let out = arguments.out.as_deref().ok_or_else(|| Failure::new("--inverse needs --out"))?;
        let invert = |coefficients: &[Complex<T>]| {
            let signals = match exact {
                Some(floor) => inverse.invert_exactly(coefficients, floor),
                None => inverse.invert(coefficients),
            };
            signals.map_err(|error| Failure::at(&arguments.input, error))
        };
        let mut signals = invert(coefficients)?;
        signals.iter_mut().for_each(|x| *x = T::of(x.wide() + mean));
        let shape = [&shape[..shape.len() - 2], &[length]].concat();
        let Made { shape, dtype } = if is_of_complex {
            let imaginary: Vec<Complex<T>> = coefficients.iter().map(|w| w.im.into()).collect();
            let pairs = signals.into_iter().zip(invert(&imaginary)?);
            array(out, shape, &pairs.map(|(re, im)| Complex::new(re, im)).collect::<Vec<_>>())?
        } else {
            array(out, shape, &signals)?
        };
        let text = format!(
            "{}: {} {:?}, [..., samples]",
            out.display(),
            dtype.unwrap_or_default(),
            shape.as_deref().unwrap_or_default()
        );
        (summary.output_shape, summary.output_dtype) = (shape, dtype);
        summary.output = Some(out.display().to_string());
        if self.common.json {
            print_json(&summary)?
        } else {
            print(&text)?
        }
        Ok(Outcome::Success)
    }
}
