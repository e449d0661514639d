use std::collections::HashMap;
use std::sync::Arc;

use pulp::Arch;

use super::fft::FourierPlanner;
use super::{Boundary, Cwt, Instructions, Norm, Sample, SignalError};
use crate::wavelet::MotherWavelet;

/// Makes transforms and keeps them: asked for the same again, it gives the same plan.
///
/// ```
/// use ropelet::signal::{Boundary, CwtPlanner, Norm};
/// use ropelet::wavelet::Morlet;
///
/// let mut planner = CwtPlanner::<f32>::new();
/// let morlet = Morlet::corrected(6.0)?;
/// let cwt = planner.plan(&morlet, 1000, &[2.0, 32.0], Norm::L2, Boundary::Zero)?;
/// assert!(cwt.rows().iter().all(|row| row.relative_error < 1e-4));
/// // One thread, nothing allocated.
/// let (signal, mut w) = (vec![1.0; 1000], vec![Default::default(); 2000]);
/// cwt.transform_with(&signal, &mut w, &mut cwt.scratch())?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct CwtPlanner<T: Sample> {
    transforms: Transforms<T>,
    arch: Arch,
    plans: HashMap<Key, Arc<Cwt<T>>>,
}

/// Plans of Fourier transforms.
pub(super) struct Transforms<T: Sample> {
    pub(super) own: FourierPlanner<T>,
    /// Of the filters.
    pub(super) wide: FourierPlanner<f64>,
}

impl<T: Sample> Default for Transforms<T> {
    fn default() -> Self {
        Self { own: FourierPlanner::new(), wide: FourierPlanner::new() }
    }
}

/// What tells plans apart. Wavelets go by their name and parameters, and by a few of their values, so that
/// one that someone else has called `morlet` is not taken for ours.
#[derive(PartialEq, Eq, Hash)]
struct Key {
    wavelet: &'static str,
    numbers: Vec<u64>,
    identity: u64,
    length: usize,
    norm: Norm,
    boundary: Boundary,
}

impl Key {
    fn new(wavelet: &dyn MotherWavelet, length: usize, scales: &[f64], norm: Norm, boundary: Boundary) -> Self {
        let parameters = wavelet.parameters().into_iter().map(|(_, value)| value);
        let values = [-1.37, -0.21, 0.43, 2.59].map(|t| wavelet.psi(t)).into_iter().flat_map(|z| [z.re, z.im]);
        let numbers = parameters.chain(values).chain(scales.iter().copied()).map(f64::to_bits).collect();
        Self { wavelet: wavelet.name(), numbers, identity: wavelet.identity(), length, norm, boundary }
    }
}

impl<T: Sample> CwtPlanner<T> {
    /// A planner that has made nothing yet.
    pub fn new() -> Self {
        Self { transforms: Transforms::default(), arch: Arch::new(), plans: HashMap::new() }
    }

    /// A planner whose plans use these vectors, and not the widest that there are.
    pub fn with_instructions(instructions: Instructions) -> Self {
        Self { arch: instructions.arch, ..Self::new() }
    }

    /// The transform of signals of `length` samples.
    ///
    /// # Errors
    /// Those of [`Cwt::new`].
    pub fn plan(
        &mut self,
        wavelet: &dyn MotherWavelet,
        length: usize,
        scales: &[f64],
        norm: Norm,
        boundary: Boundary,
    ) -> Result<Arc<Cwt<T>>, SignalError> {
        let key = Key::new(wavelet, length, scales, norm, boundary);
        if let Some(plan) = self.plans.get(&key) {
            return Ok(plan.clone());
        }
        let plan = Cwt::planned(&mut self.transforms, self.arch, wavelet, length, scales, norm, boundary)?;
        let plan = Arc::new(plan);
        self.plans.insert(key, plan.clone());
        Ok(plan)
    }
}

impl<T: Sample> Default for CwtPlanner<T> {
    fn default() -> Self {
        Self::new()
    }
}
