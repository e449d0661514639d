use std::collections::BTreeMap;
use std::path::Path;

use clap::Args;
use num_complex::Complex64;
use serde::Serialize;

use super::npy::{self, Array, Values};
use super::output::{print, print_json};
use super::{Common, Failure, Outcome};
use crate::wavelet::{Admissibility, FromSamples, MotherWavelet, Parameters, WaveletError, by_name};

/// Show the closed-form numbers of a mother wavelet
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// haar, ricker, morlet, morlet-uncorrected, analytic-morlet, analytic-morlet-uncorrected, gaussian, dog,
    /// analytic-dog, paul, morse, shannon, fbsp, haar-like or haar-like-prime; or FILE.npy with --step
    #[arg(value_name = "NAME")]
    name: String,
    #[command(flatten)]
    parameters: WaveletFlags,
}

/// The parameters of mother wavelets, as flags.
#[derive(Debug, Args)]
pub(super) struct WaveletFlags {
    /// Carrier of the morlet wavelets, in radians per unit time [default: 6]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    omega0: Option<f64>,
    /// Order of dog, analytic-dog and fbsp [default: 2] and paul [default: 4]; beta of morse [default: 20]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    order: Option<f64>,
    /// Family parameter gamma of morse [default: 3]
    #[arg(long, value_name = "G", allow_negative_numbers = true)]
    gamma: Option<f64>,
    /// Width of the band of shannon and fbsp, in cycles per unit time [default: 1.5]
    #[arg(long, value_name = "B", allow_negative_numbers = true)]
    bandwidth: Option<f64>,
    /// Middle of that band, in cycles per unit time [default: 1]
    #[arg(long, value_name = "C", allow_negative_numbers = true)]
    centre: Option<f64>,
    /// Time between the samples of a wavelet that a file gives; the middle of the grid is time 0
    #[arg(long, value_name = "H", allow_negative_numbers = true)]
    step: Option<f64>,
    /// K of haar-like and haar-like-prime, in f = 2 K pi frac t [default: 1]
    #[arg(long, value_name = "K")]
    cycles: Option<u32>,
}

impl WaveletFlags {
    /// The wavelet of this name with these parameters.
    pub(super) fn build(&self, name: &str) -> Result<Box<dyn MotherWavelet>, Failure> {
        let &Self { omega0, order, gamma, bandwidth, centre, step, cycles } = self;
        let parameters = Parameters { omega0, order, gamma, bandwidth, centre, cycles };
        if name.ends_with(".npy") {
            return sampled(Path::new(name), step, &parameters);
        }
        if step.is_some() {
            return Err(Failure::new(format!("--step does not apply to {name}, but to samples in a .npy file")));
        }
        by_name(name, &parameters).map_err(|error| match error {
            // The library speaks of parameters; what was typed is a flag.
            WaveletError::DoesNotApply { .. } => Failure::new(format!("--{error}")),
            other => other.into(),
        })
    }
}

/// The wavelet whose samples this file has.
fn sampled(path: &Path, step: Option<f64>, parameters: &Parameters) -> Result<Box<dyn MotherWavelet>, Failure> {
    if *parameters != Parameters::default() {
        return Err(Failure::at(path, "a wavelet given by its samples has no parameters but --step"));
    }
    let step = step.ok_or_else(|| Failure::at(path, "samples of a wavelet need --step, the time between them"))?;
    let Array { shape, values } = npy::read(path)?;
    if shape.len() != 1 {
        return Err(Failure::at(path, format!("samples of shape {shape:?}, expected one axis")));
    }
    let samples: Vec<Complex64> = match values {
        Values::F32(values) => values.into_iter().map(|x| f64::from(x).into()).collect(),
        Values::F64(values) => values.into_iter().map(Complex64::from).collect(),
        Values::C64(values) => values.into_iter().map(|z| Complex64::new(z.re.into(), z.im.into())).collect(),
        Values::C128(values) => values,
    };
    Ok(Box::new(FromSamples::around_zero(samples, step).map_err(|error| Failure::at(path, error))?))
}

/// The object of `--json`. Infinite numbers are null.
#[derive(Serialize)]
struct Numbers {
    schema: &'static str,
    name: &'static str,
    parameters: BTreeMap<&'static str, f64>,
    mean: f64,
    energy: f64,
    admissible: bool,
    c_psi: Option<f64>,
    reason: Option<String>,
    centre_frequency: f64,
    time_spread: Option<f64>,
    frequency_spread: Option<f64>,
    uncertainty_product: Option<f64>,
    support: Option<[f64; 2]>,
}

impl Numbers {
    fn of(wavelet: &dyn MotherWavelet) -> Self {
        let finite = |number: f64| number.is_finite().then_some(number);
        let (c_psi, reason) = match wavelet.admissibility() {
            Admissibility::Admissible { c_psi } => (Some(c_psi), None),
            Admissibility::NotAdmissible { reason, .. } => (None, Some(reason)),
        };
        Self {
            schema: "ropelet.wavelet/1",
            name: wavelet.name(),
            parameters: wavelet.parameters().into_iter().collect(),
            mean: wavelet.mean(),
            energy: wavelet.energy(),
            admissible: c_psi.is_some(),
            c_psi,
            reason,
            centre_frequency: wavelet.centre_frequency(),
            time_spread: finite(wavelet.time_spread()),
            frequency_spread: finite(wavelet.frequency_spread()),
            uncertainty_product: finite(wavelet.uncertainty_product()),
            support: wavelet.support().map(|(a, b)| [a, b]),
        }
    }

    fn table(&self) -> String {
        let number = |value: Option<f64>| value.map_or("infinite".into(), |value| value.to_string());
        let parameters: String = self.parameters.iter().map(|(name, value)| format!(", {name} = {value}")).collect();
        let c_psi = match (self.c_psi, &self.reason) {
            (Some(c_psi), _) => c_psi.to_string(),
            (None, reason) => format!("none: {}", reason.as_deref().unwrap_or_default()),
        };
        let support = self.support.map_or("the whole line".into(), |[a, b]| format!("[{a}, {b}]"));
        let rows = [
            ("wavelet", format!("{}{parameters}", self.name)),
            ("mean, ∫psi", self.mean.to_string()),
            ("energy, ∫|psi|²", self.energy.to_string()),
            ("admissible", if self.admissible { "yes" } else { "no" }.into()),
            ("C_psi (two-sided)", c_psi),
            ("centre frequency (peak of |psihat|)", format!("{} cycles per unit time", self.centre_frequency)),
            ("time spread", number(self.time_spread)),
            ("frequency spread (two-sided)", number(self.frequency_spread)),
            ("uncertainty product (two-sided)", number(self.uncertainty_product)),
            ("support", support),
        ];
        let width = rows.iter().map(|(label, _)| label.chars().count()).max().unwrap_or_default();
        let lines = rows.map(|(label, value)| format!("{label:<width$}  {value}"));
        lines.join("\n")
    }
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Outcome, Failure> {
    let wavelet = arguments.parameters.build(&arguments.name)?;
    let numbers = Numbers::of(wavelet.as_ref());
    if common.json {
        print_json(&numbers)?;
    } else {
        print(&numbers.table())?;
    }
    Ok(Outcome::Success)
}
