use std::f64::consts::{PI, SQRT_2};

use super::Figure;
use super::axis::{Axis, number};
use super::panel::{Canvas, Frame};
use super::theme::{BLUE, SKY, VERMILLION};
use crate::wavelet::{Admissibility, Gaussian, Haar, Morlet, MotherWavelet, Ricker};

pub(super) const FIGURE: Figure = Figure {
    id: "mother-wavelets",
    title: "The mother wavelets of the papers, and two that are none",
    caption: "Left, ψ over time, the imaginary part in light blue; right, |ψ̂| over angular frequency. A wavelet must \
              vanish at ω = 0: Haar, Ricker and the corrected Morlet wavelet do, and have a finite admissibility \
              constant C_ψ (two-sided). The Gaussian and the Morlet function e^(−t²) cos t of Oka et al. do not.",
    statements: &[
        "haar-constant-is-two-ln-two",
        "ricker-constant-is-two-pi",
        "gaussian-is-admissible",
        "uncorrected-morlet-is-admissible",
    ],
    size: (720.0, 768.0),
    draw,
};

/// Half the width of the time axis, and the end of the frequency axis.
const TIME: f64 = 4.0;
const FREQUENCY: f64 = 12.0;

fn draw(canvas: &Canvas<'_>) {
    // e^(-t²) cos t is the real part of the Gabor atom of carrier 1/√2, in time √2 t.
    let gabor = Morlet::uncorrected(1.0 / SQRT_2).expect("the carrier is in range");
    let factor = PI.powf(0.25);
    let paper = |t: f64| (factor * gabor.psi(SQRT_2 * t).re, 0.0);
    let paper_hat = |w: f64| {
        let both = gabor.psihat(w / SQRT_2) + gabor.psihat(-w / SQRT_2);
        (both * factor / (2.0 * SQRT_2)).norm()
    };
    let corrected = Morlet::corrected(6.0).expect("the carrier is in range");
    let row = |index: usize, name: &str, verdict: &str, psi: &dyn Fn(f64) -> (f64, f64), hat: &dyn Fn(f64) -> f64| {
        Row { index, last: index == 4 }.draw(canvas, name, verdict, psi, hat);
    };
    let known = |index: usize, name: &str, wavelet: &dyn MotherWavelet| {
        let psi = |t: f64| (wavelet.psi(t).re, wavelet.psi(t).im);
        row(index, name, &verdict(wavelet), &psi, &|w| wavelet.psihat(w).norm());
    };
    known(0, "Haar", &Haar);
    known(1, "Ricker", &Ricker);
    known(2, "Gaussian", &Gaussian);
    row(
        3,
        "Morlet of Oka et al., e^(−t²) cos t",
        &format!("mean {}: not a wavelet", number(paper_hat(0.0), 3)),
        &paper,
        &paper_hat,
    );
    known(4, "Morlet, corrected, ω₀ = 6", &corrected);
}

fn verdict(wavelet: &dyn MotherWavelet) -> String {
    match wavelet.admissibility() {
        Admissibility::Admissible { c_psi } => format!("mean 0, C_ψ = {}", number(c_psi, 3)),
        Admissibility::NotAdmissible { .. } => format!("mean {}: not a wavelet", number(wavelet.mean(), 3)),
    }
}

struct Row {
    index: usize,
    last: bool,
}

impl Row {
    fn draw(
        &self,
        canvas: &Canvas<'_>,
        name: &str,
        verdict: &str,
        psi: &dyn Fn(f64) -> (f64, f64),
        hat: &dyn Fn(f64) -> f64,
    ) {
        let top = 36.0 + 146.0 * self.index as f64;
        let shared = |axis: Axis| if self.last { axis } else { axis.unlabelled() };
        let time = shared(Axis::linear("time t (units of the wavelet)", (-TIME, TIME), 8));
        let value = Axis::linear("ψ (no unit)", (-1.1, 1.1), 2);
        let panel = canvas.panel(Frame(60.0, top, 290.0, 100.0), time, value);
        panel.title(name);
        let times = |steps: usize| (0..=steps).map(move |i| TIME * (2.0 * i as f64 / steps as f64 - 1.0));
        if times(64).any(|t| psi(t).1 != 0.0) {
            panel.line(times(640).map(|t| (t, psi(t).1)), SKY);
        }
        panel.line(times(1280).map(|t| (t, psi(t).0)), BLUE);

        let frequencies = || (0..=480).map(|i| FREQUENCY * f64::from(i) / 480.0);
        let highest = frequencies().map(hat).fold(0.0, f64::max);
        let frequency = shared(Axis::linear("angular frequency ω (radians per unit time)", (0.0, FREQUENCY), 6));
        let amplitude = Axis::linear("|ψ̂| (time)", (0.0, 1.1 * highest), 2);
        let panel = canvas.panel(Frame(410.0, top, 290.0, 100.0), frequency, amplitude);
        panel.remark(verdict);
        panel.line(frequencies().map(|w| (w, hat(w))), VERMILLION);
        panel.marks([(0.0, hat(0.0))], VERMILLION, 3.0);
    }
}
