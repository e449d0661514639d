use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{ExperimentError, Preset};
use crate::encoding::{Encoding, Parameters};

/// What one decoder of a comparison differs in from the others: an encoding by its name, with what
/// follows the name.
///
/// | written | means |
/// |---|---|
/// | `NAME` | the encoding that `ropelet encoding` knows by this name |
/// | `NAME-5e5` | with this base of the frequencies |
/// | `NAME:8x16` | a lag kernel with scales `2^0..2^7` and 16 shifts of each |
/// | `NAME:2..9x16` | the same with scales `2^2..2^9` |
///
/// What is not written is as [`Encoding::named`] says: a wavelet kernel has scales `2^0..2^7` and as many
/// shifts of each as fill the head; a rotation turns coordinates `i` and `i + d/2` together, as Llama's does.
#[derive(Debug, Clone, PartialEq)]
pub struct Variant {
    name: String,
    encoding: String,
    base: Option<f64>,
    grid: Option<Grid>,
}

/// Scales `2^first..2^last` and a number of shifts of each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Grid {
    first: u32,
    last: u32,
    shifts: usize,
}

impl Grid {
    fn scales(self) -> Vec<f64> {
        (self.first..=self.last).map(|exponent| 2_f64.powi(exponent as i32)).collect()
    }

    /// `8x16` or `2..9x16`.
    fn read(text: &str) -> Option<Self> {
        let (scales, shifts) = text.split_once('x')?;
        let (first, last) = match scales.split_once("..") {
            Some((first, last)) => (first.parse().ok()?, last.parse().ok()?),
            None => (0, scales.parse::<u32>().ok()?.checked_sub(1)?),
        };
        let grid = Self { first, last, shifts: shifts.parse().ok()? };
        // 2^127 is the paper's largest, and beyond 2^1023 there is no number.
        (grid.first <= grid.last && grid.last < 1023 && grid.shifts > 0).then_some(grid)
    }
}

impl Variant {
    /// What the comparison of the paper and its successors is about.
    pub const ALL: [&'static str; 12] = [
        "nope",
        "rope",
        "rope-5e5",
        "sinusoidal-relative",
        "alibi",
        "ricker",
        "gaussian",
        "haar",
        "morlet",
        "hope",
        "t5",
        "fmrope",
    ];

    /// As it was written.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The encoding, without what follows its name.
    pub(super) fn encoding_name(&self) -> &str {
        &self.encoding
    }

    /// The base of the frequencies, where one was written.
    pub(super) fn base(&self) -> Option<f64> {
        self.base
    }

    /// The name as a folder can have it.
    pub fn folder(&self) -> String {
        self.name.replace(':', "-")
    }

    /// The encoding for decoders of a preset, with what is learned of it drawn by the seed.
    ///
    /// # Errors
    /// No such encoding, or not one that fits the heads.
    pub fn encoding(&self, preset: &Preset, seed: u64) -> Result<Encoding, ExperimentError> {
        let mut parameters = Parameters {
            dim: preset.shape.head_dim,
            heads: preset.shape.heads,
            hidden: Some(preset.shape.hidden),
            length: preset.lengths.iter().copied().max().unwrap_or(0).max(preset.recipe.train_length),
            train_length: preset.recipe.train_length,
            seed,
            base: self.base,
            ..Parameters::default()
        };
        if let Some(grid) = self.grid {
            parameters.scales = Some(grid.scales());
            parameters.shifts = Some(grid.shifts);
        }
        let named = Encoding::named(&self.encoding, &parameters);
        named.map_err(|error| ExperimentError::Variant { name: self.name.clone(), reason: error.to_string() })
    }
}

impl FromStr for Variant {
    type Err = ExperimentError;

    fn from_str(written: &str) -> Result<Self, ExperimentError> {
        let fail = |reason: &str| ExperimentError::Variant { name: written.to_owned(), reason: reason.to_owned() };
        let (stem, grid) = match written.split_once(':') {
            Some((stem, grid)) => {
                let expected = "expected a grid of scales and shifts after the colon, such as 8x16 or 2..9x16";
                (stem, Some(Grid::read(grid).ok_or_else(|| fail(expected))?))
            }
            None => (written, None),
        };
        // A name may have hyphens and digits of its own; a base begins with a digit after the last hyphen.
        let (encoding, base) = match stem.rsplit_once('-') {
            Some((encoding, base)) if base.starts_with(|c: char| c.is_ascii_digit()) => {
                let base: f64 = base.parse().map_err(|_| fail("expected a number after the last hyphen"))?;
                (encoding, Some(base))
            }
            _ => (stem, None),
        };
        Ok(Self { name: written.to_owned(), encoding: encoding.to_owned(), base, grid })
    }
}

impl fmt::Display for Variant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::LagKernel;

    fn preset() -> Preset {
        Preset::named("mini").unwrap()
    }

    #[test]
    fn every_encoding_of_the_comparison_fits_every_preset() {
        for preset in Preset::NAMES.map(|name| Preset::named(name).unwrap()) {
            for name in Variant::ALL {
                name.parse::<Variant>().unwrap().encoding(&preset, 0).unwrap();
            }
        }
    }

    #[test]
    fn a_base_and_a_grid_are_read_after_the_name() {
        let of = |name: &str| name.parse::<Variant>().unwrap().encoding(&preset(), 0).unwrap();
        let Encoding::Rotation(rotary) = of("rope-5e5") else { panic!() };
        assert_eq!(rotary.base(), 5e5);
        for (name, first, last) in
            [("ricker:2..9x8", 4.0, 512.0), ("ricker:8x8", 1.0, 128.0), ("haar:0..0x64", 1.0, 1.0)]
        {
            let Encoding::LagKernel(LagKernel::Wavelet(kernel)) = of(name) else { panic!() };
            let (least, most) = (kernel.atoms()[0].scale, kernel.atoms()[63].scale);
            assert_eq!((least, most, kernel.atoms().len()), (first, last, 64), "{name}");
        }
        assert_eq!(of("ricker"), of("ricker:8x8"));
        assert_eq!("ricker:2..9x8".parse::<Variant>().unwrap().folder(), "ricker-2..9x8");
    }

    #[test]
    fn what_is_no_variant_is_refused() {
        for name in ["ricker:8", "ricker:x8", "ricker:0x8", "ricker:9..2x8", "ricker:8x0", "ricker:2000x1", "rope-5z"] {
            assert!(name.parse::<Variant>().is_err(), "{name}");
        }
        for name in ["ricker:8x7", "rope:8x8", "alibi-5e5", "", "none"] {
            let variant: Variant = name.parse().unwrap();
            assert!(variant.encoding(&preset(), 0).is_err(), "{name}");
        }
    }
}
