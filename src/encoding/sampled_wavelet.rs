use crate::wavelet::{DiscreteFamily, DiscreteWavelet, Side, WaveletError};

/// The decomposition wavelet of a discrete family at the levels that stand for the scales of a lag kernel.
///
/// \[oka2025\] takes its discrete wavelets from PyWavelets, "level 1 to 8" in the place of the scales, and says
/// no more. The reading here is the only one under which a level is a scale: level `j` samples `psi` at
/// `k 2^-j`, one sample per token, so that it is `psi((t - b)/a)` with `a = 2^j`, whose support is
/// `a (L - 1)` tokens for filters of `L` taps. The numbers are those of PyWavelets' `wavefun(j)`.
#[derive(Debug, Clone, PartialEq)]
pub struct SampledWavelet {
    family: DiscreteFamily,
    /// Of each scale the samples, one per token.
    levels: Vec<(f64, Vec<f64>)>,
}

impl SampledWavelet {
    /// The samples at these scales, each a power of two from 2 (level 1) to `2^16`.
    ///
    /// # Errors
    /// [`WaveletError::OutOfRange`] for any other scale.
    pub fn new(family: DiscreteFamily, scales: &[f64]) -> Result<Self, WaveletError> {
        let wavelet = DiscreteWavelet::new(family)?;
        let sampled = |&scale: &f64| {
            let level = scale.log2();
            if level.fract() != 0.0 || !(1.0..=f64::from(DiscreteWavelet::FINEST)).contains(&level) {
                return Err(WaveletError::OutOfRange {
                    wavelet: "a discrete wavelet",
                    parameter: "scale",
                    value: scale,
                    expected: "a power of two from 2 (level 1) to 65536 (level 16)",
                });
            }
            Ok((scale, wavelet.cascade(Side::Decomposition, level as u32)?.wavelet))
        };
        Ok(Self { family, levels: scales.iter().map(sampled).collect::<Result<_, _>>()? })
    }

    /// Family and order.
    pub fn family(&self) -> DiscreteFamily {
        self.family
    }

    /// The sample at `time` tokens, or the last one before; 0 outside the support and at any other scale.
    pub fn value(&self, time: f64, scale: f64) -> f64 {
        let samples = self.levels.iter().find(|(of, _)| *of == scale).map_or(&[][..], |(_, samples)| samples);
        if time >= 0.0 { samples.get(time as usize).copied().unwrap_or(0.0) } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::{Encoding, EncodingError, LagKernel, LagSign, Parameters};

    fn kernel(name: &str, parameters: &Parameters, length: usize) -> Vec<f64> {
        match Encoding::named(name, parameters) {
            Ok(Encoding::LagKernel(kernel @ LagKernel::Wavelet(_))) => kernel.table(length),
            other => panic!("{name}: {other:?}"),
        }
    }

    #[test]
    fn every_column_is_a_level_of_wavefun_at_its_shift() {
        for name in ["db2", "sym20", "coif17", "bior3.1", "rbio1.1", "dmey"] {
            let wavelet = DiscreteWavelet::named(name).unwrap();
            let table = kernel(name, &Parameters::default(), 700);
            for (column, (level, shift)) in (1..=8).flat_map(|j| (0..16).map(move |b| (j, b))).enumerate() {
                let samples = wavelet.cascade(Side::Decomposition, level).unwrap().wavelet;
                for lag in 0..700usize {
                    let expected = lag.checked_sub(shift).and_then(|at| samples.get(at)).copied().unwrap_or(0.0);
                    assert_eq!(table[lag * 128 + column], expected, "{name} level {level} shift {shift} lag {lag}");
                }
            }
        }
    }

    #[test]
    fn a_level_reaches_as_far_as_its_filter_and_no_farther() {
        // The only discrete wavelet that extrapolates in the source, rbio1.1, has two taps, so that its largest
        // level ends within the 512 tokens of training; that of 4 taps does not.
        let reach = |name: &str| {
            let table = kernel(name, &Parameters::default(), 4096);
            (0..4096).rev().find(|lag| table[lag * 128..][..128].iter().any(|p| *p != 0.0)).unwrap()
        };
        assert_eq!((reach("rbio1.1"), reach("db1")), (256 + 15, 256 + 15));
        assert!(reach("db2") > 700 && reach("bior1.3") > 1000);
    }

    #[test]
    fn under_the_other_signs_a_wavelet_of_the_past_alone_is_cut_off() {
        let signed = |sign| kernel("db2", &Parameters { sign: Some(sign), ..Default::default() }, 64);
        // Samples run from the shift on: mirrored they run towards the query, and end there.
        let mirrored = signed(LagSign::Mirrored);
        assert!(mirrored[16 * 128..].iter().all(|p| *p == 0.0) && mirrored.iter().any(|p| *p != 0.0));
        assert!(signed(LagSign::KeyMinusQuery).iter().all(|p| *p == 0.0));
    }

    #[test]
    fn a_scale_that_is_no_level_and_a_name_that_is_no_family_are_refused() {
        for scale in [1.0, 3.0, 131_072.0, 0.5] {
            let parameters = Parameters { scales: Some(vec![scale; 8]), ..Default::default() };
            let refused = Encoding::named("db2", &parameters);
            assert!(matches!(refused, Err(EncodingError::Wavelet(WaveletError::OutOfRange { .. }))), "{scale}");
        }
        let unknown = Encoding::named("db39", &Parameters::default()).unwrap_err();
        assert!(unknown.to_string().contains("db3"), "{unknown}");
        assert_eq!(Encoding::discrete_names().count(), 105);
    }
}
