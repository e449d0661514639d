//! scalet, which chooses its own first and last scale and is given the voices of an octave.

use std::sync::Arc;

use num_complex::Complex32;
use scalet::{BufferStoreMut, CwtExecutor, CwtOptions, MorletWavelet, ScaletFrameMut};

use crate::contest::{Contestant, Task};

pub(crate) struct Scalet {
    task: Task,
    executor: Arc<dyn CwtExecutor<f32> + Send + Sync>,
    scratch: Vec<Complex32>,
    out: Vec<Complex32>,
}

impl Scalet {
    pub(crate) fn new(task: Task) -> Self {
        let octaves = (task.scales[task.scales.len() - 1] / task.scales[0]).log2();
        let nv = ((task.scales.len() - 1) as f64 / octaves).round() as usize;
        let options = CwtOptions { nv, full_cache: true, ..CwtOptions::default() };
        let executor = scalet::Scalet::make_cwt_f32(Arc::new(MorletWavelet::new(6.0)), task.length, options);
        let executor = executor.expect("scales for the Morlet wavelet");
        Self {
            scratch: vec![Complex32::ZERO; executor.scratch_length()],
            out: vec![Complex32::ZERO; task.signals.len() * executor.view_scales().len()],
            executor,
            task,
        }
    }
}

impl Contestant for Scalet {
    fn note(&self) -> String {
        let scales = self.executor.view_scales();
        format!("its own {} scales, {:.2} to {:.0}", scales.len(), scales[0], scales[scales.len() - 1])
    }

    fn count(&self) -> usize {
        self.out.len()
    }

    fn run(&mut self) {
        let (width, height) = (self.task.length, self.executor.view_scales().len());
        let tables = self.out.chunks_exact_mut(width * height);
        for (signal, table) in self.task.signals.chunks_exact(width).zip(tables) {
            let mut frame = ScaletFrameMut { data: BufferStoreMut::Borrowed(table), width, height };
            self.executor.execute_with_scratch(signal, &mut frame, &mut self.scratch).expect("a frame that fits");
        }
    }

    fn row(&self, index: usize) -> (f64, &[Complex32]) {
        let (scales, wanted) = (self.executor.view_scales(), self.task.scales[index]);
        let index = scales.partition_point(|&scale| f64::from(scale) < wanted).min(scales.len() - 1);
        (f64::from(scales[index]), &self.out[index * self.task.length..][..self.task.length])
    }
}
