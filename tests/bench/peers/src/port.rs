//! The two ports of fCWT to Rust. Their scale is the samples of a cycle, `2π a/w0`; both make their output anew for each
//! signal.

use std::f32::consts::TAU;

use fcwt::wavelet::MorletWavelet;
use fcwt::{CwtResult, FastCwt, Scales};
use num_complex::Complex32;

use crate::contest::{Contestant, Task};

const BANDWIDTH: f32 = 6.0 / TAU;

fn cycles(task: &Task) -> Vec<f32> {
    task.scales.iter().map(|&scale| scale as f32 / BANDWIDTH).collect()
}

struct Listed(Vec<f32>);

impl Scales for Listed {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn sample_rate(&self) -> usize {
        1
    }

    fn scale(&self, index: usize) -> f32 {
        self.0[index]
    }

    fn freq(&self, index: usize) -> f32 {
        1.0 / self.0[index]
    }
}

pub(crate) struct Fcwt {
    task: Task,
    transform: FastCwt<MorletWavelet, Listed>,
    /// Padded to a power of two.
    signals: Vec<Vec<f32>>,
    last: Option<CwtResult<f32>>,
}

impl Fcwt {
    pub(crate) fn new(task: Task) -> Self {
        let padded = |signal: &[f32]| {
            let mut signal = signal.to_vec();
            signal.resize(task.length.next_power_of_two(), 0.0);
            signal
        };
        Self {
            transform: FastCwt::new(MorletWavelet::new(BANDWIDTH), Listed(cycles(&task)), false),
            signals: task.signals.chunks_exact(task.length).map(padded).collect(),
            last: None,
            task,
        }
    }
}

impl Contestant for Fcwt {
    fn note(&self) -> String {
        let padded = self.task.length.next_power_of_two();
        if padded == self.task.length { String::new() } else { format!("padded to {padded}, as it must be") }
    }

    fn count(&self) -> usize {
        self.task.count()
    }

    fn run(&mut self) {
        for signal in self.signals.iter().rev() {
            self.last = Some(self.transform.cwt(signal));
        }
    }

    fn row(&self, index: usize) -> (f64, &[Complex32]) {
        let last = self.last.as_ref().expect("rows are asked for after a run");
        (self.task.scales[index], &last[index][..self.task.length])
    }
}

#[cfg(feature = "fcwt2")]
pub(crate) struct Fcwt2 {
    task: Task,
    transform: fcwt2::Fcwt<fcwt2::Morlet>,
    scales: fcwt2::Scales,
    last: Vec<Complex32>,
}

#[cfg(feature = "fcwt2")]
impl Fcwt2 {
    pub(crate) fn new(task: Task) -> Self {
        Self {
            transform: fcwt2::Fcwt::new(fcwt2::Morlet::new(BANDWIDTH)).with_normalization(false),
            scales: fcwt2::Scales::from_scales(1, cycles(&task)).expect("positive scales"),
            last: Vec::new(),
            task,
        }
    }
}

#[cfg(feature = "fcwt2")]
impl Contestant for Fcwt2 {
    fn count(&self) -> usize {
        self.task.count()
    }

    fn run(&mut self) {
        for signal in self.task.signals.rchunks_exact(self.task.length) {
            self.last = self.transform.cwt_real(signal, &self.scales);
        }
    }

    fn row(&self, index: usize) -> (f64, &[Complex32]) {
        (self.task.scales[index], &self.last[index * self.task.length..][..self.task.length])
    }
}
