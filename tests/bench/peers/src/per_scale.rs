//! What one writes first: a product and an inverse transform for each scale, with rustfft.

use std::f64::consts::{PI, TAU};
use std::sync::Arc;

use num_complex::Complex32;
use rustfft::{Fft, FftPlanner};

use crate::contest::{Contestant, Task};

pub(crate) struct PerScale {
    task: Task,
    forward: Arc<dyn Fft<f32>>,
    inverse: Arc<dyn Fft<f32>>,
    /// For each scale the first bin, and the gains from there on, as long as they are above 1e-8 of the largest.
    bands: Vec<(usize, Vec<f32>)>,
    spectrum: Vec<Complex32>,
    scratch: Vec<Complex32>,
    out: Vec<Complex32>,
}

impl PerScale {
    pub(crate) fn new(task: Task) -> Self {
        let mut planner = FftPlanner::new();
        let (forward, inverse) = (planner.plan_fft_forward(task.length), planner.plan_fft_inverse(task.length));
        let scratch = forward.get_inplace_scratch_len().max(inverse.get_inplace_scratch_len());
        let reach = (2.0 * 1e8_f64.ln()).sqrt();
        let bands = task.scales.iter().map(|scale| {
            let bin = |omega: f64| (omega / scale / TAU * task.length as f64).clamp(0.0, task.length as f64 / 2.0);
            let (first, last) = (bin(6.0 - reach).ceil() as usize, bin(6.0 + reach) as usize);
            let gain = |k: usize| {
                let omega = TAU * k as f64 / task.length as f64;
                (PI.powf(-0.25) * (TAU * scale).sqrt() * (-0.5 * (scale * omega - 6.0).powi(2)).exp()
                    / task.length as f64) as f32
            };
            (first, (first..=last).map(gain).collect())
        });
        Self {
            bands: bands.collect(),
            spectrum: vec![Complex32::ZERO; task.length],
            scratch: vec![Complex32::ZERO; scratch],
            out: vec![Complex32::ZERO; task.count()],
            task,
            forward,
            inverse,
        }
    }
}

impl Contestant for PerScale {
    fn count(&self) -> usize {
        self.task.count()
    }

    fn run(&mut self) {
        let length = self.task.length;
        let tables = self.out.chunks_exact_mut(length * self.bands.len());
        for (signal, table) in self.task.signals.chunks_exact(length).zip(tables) {
            for (to, &from) in self.spectrum.iter_mut().zip(signal) {
                *to = from.into();
            }
            self.forward.process_with_scratch(&mut self.spectrum, &mut self.scratch);
            for ((first, gains), row) in self.bands.iter().zip(table.chunks_exact_mut(length)) {
                let end = first + gains.len();
                row[..*first].fill(Complex32::ZERO);
                row[end..].fill(Complex32::ZERO);
                for ((to, from), gain) in row[*first..end].iter_mut().zip(&self.spectrum[*first..end]).zip(gains) {
                    *to = from * gain;
                }
                self.inverse.process_with_scratch(row, &mut self.scratch);
            }
        }
    }

    fn row(&self, index: usize) -> (f64, &[Complex32]) {
        (self.task.scales[index], &self.out[index * self.task.length..][..self.task.length])
    }
}
