use std::fmt;
use std::str::FromStr;

use super::{
    AnalyticDerivativeOfGaussian, AnalyticMorlet, DerivativeOfGaussian, FrequencyBSpline, Gaussian, Haar, HaarLike,
    Morlet, Morse, MotherWavelet, Part, Paul, Ricker, WaveletError,
};

/// The mother wavelets by the names that the program uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Family {
    /// [`Haar`].
    Haar,
    /// [`Ricker`].
    Ricker,
    /// [`Morlet::corrected`]; parameter `omega0`, by default 6.
    Morlet,
    /// [`Morlet::uncorrected`]; parameter `omega0`, by default 6.
    MorletUncorrected,
    /// [`AnalyticMorlet::corrected`]; parameter `omega0`, by default 6.
    AnalyticMorlet,
    /// [`AnalyticMorlet::uncorrected`]; parameter `omega0`, by default 6.
    AnalyticMorletUncorrected,
    /// [`Gaussian`].
    Gaussian,
    /// [`DerivativeOfGaussian`]; parameter `order`, by default 2.
    Dog,
    /// [`AnalyticDerivativeOfGaussian`]; parameter `order`, by default 2.
    AnalyticDog,
    /// [`Paul`]; parameter `order`, by default 4.
    Paul,
    /// [`Morse`]; parameters `order` (its `beta`, by default 20) and `gamma` (by default 3).
    Morse,
    /// [`FrequencyBSpline::shannon`]; parameters `bandwidth` (by default 1.5) and `centre` (by default 1).
    Shannon,
    /// [`FrequencyBSpline`]; parameters `order` (by default 2), `bandwidth` (1.5) and `centre` (1).
    Fbsp,
    /// [`HaarLike`], `psi`; parameter `cycles`, by default 1.
    HaarLike,
    /// [`HaarLike`], `psi'`; parameter `cycles`, by default 1.
    HaarLikePrime,
}

/// Parameters of a wavelet by name; those left out take the defaults of [`Family`].
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Parameters {
    /// Carrier of the Morlet wavelets, in radians per unit time.
    pub omega0: Option<f64>,
    /// Order of `dog`, `analytic-dog`, `paul` and `fbsp` (a whole number), or `beta` of `morse`.
    pub order: Option<f64>,
    /// Family parameter of `morse`.
    pub gamma: Option<f64>,
    /// Width of the band of `shannon` and `fbsp`, in cycles per unit time.
    pub bandwidth: Option<f64>,
    /// Middle of that band, in cycles per unit time.
    pub centre: Option<f64>,
    /// `K` in `f = 2 K π frac t` of the Haar-like pair.
    pub cycles: Option<u32>,
}

impl Family {
    /// Every family, in the order of the documentation.
    pub const ALL: [Self; 15] = [
        Self::Haar,
        Self::Ricker,
        Self::Morlet,
        Self::MorletUncorrected,
        Self::AnalyticMorlet,
        Self::AnalyticMorletUncorrected,
        Self::Gaussian,
        Self::Dog,
        Self::AnalyticDog,
        Self::Paul,
        Self::Morse,
        Self::Shannon,
        Self::Fbsp,
        Self::HaarLike,
        Self::HaarLikePrime,
    ];

    /// The name in the program's spelling.
    pub fn name(self) -> &'static str {
        match self {
            Self::Haar => "haar",
            Self::Ricker => "ricker",
            Self::Morlet => "morlet",
            Self::MorletUncorrected => "morlet-uncorrected",
            Self::AnalyticMorlet => "analytic-morlet",
            Self::AnalyticMorletUncorrected => "analytic-morlet-uncorrected",
            Self::Gaussian => "gaussian",
            Self::Dog => "dog",
            Self::AnalyticDog => "analytic-dog",
            Self::Paul => "paul",
            Self::Morse => "morse",
            Self::Shannon => "shannon",
            Self::Fbsp => "fbsp",
            Self::HaarLike => "haar-like",
            Self::HaarLikePrime => "haar-like-prime",
        }
    }

    /// The names of the parameters that the family takes.
    pub fn takes(self) -> &'static [&'static str] {
        match self {
            Self::Haar | Self::Ricker | Self::Gaussian => &[],
            Self::Morlet | Self::MorletUncorrected | Self::AnalyticMorlet | Self::AnalyticMorletUncorrected => {
                &["omega0"]
            }
            Self::Dog | Self::AnalyticDog | Self::Paul => &["order"],
            Self::Morse => &["order", "gamma"],
            Self::Shannon => &["bandwidth", "centre"],
            Self::Fbsp => &["order", "bandwidth", "centre"],
            Self::HaarLike | Self::HaarLikePrime => &["cycles"],
        }
    }

    /// The wavelet of this family with these parameters.
    ///
    /// # Errors
    /// [`WaveletError::DoesNotApply`] for a parameter that the family does not take,
    /// [`WaveletError::OutOfRange`] for a value that it cannot take.
    pub fn build(self, parameters: &Parameters) -> Result<Box<dyn MotherWavelet>, WaveletError> {
        let given = [
            ("omega0", parameters.omega0.is_some()),
            ("order", parameters.order.is_some()),
            ("gamma", parameters.gamma.is_some()),
            ("bandwidth", parameters.bandwidth.is_some()),
            ("centre", parameters.centre.is_some()),
            ("cycles", parameters.cycles.is_some()),
        ];
        let (wavelet, takes) = (self.name(), self.takes());
        if let Some((parameter, _)) = given.into_iter().find(|(name, given)| *given && !takes.contains(name)) {
            let takes =
                if takes.is_empty() { "has no parameters".into() } else { format!("takes {}", takes.join(", ")) };
            return Err(WaveletError::DoesNotApply { wavelet, parameter, takes });
        }
        let order = |default: f64| parameters.order.unwrap_or(default);
        let omega0 = parameters.omega0.unwrap_or(6.0);
        let cycles = parameters.cycles.unwrap_or(1);
        let (bandwidth, centre) = (parameters.bandwidth.unwrap_or(1.5), parameters.centre.unwrap_or(1.0));
        Ok(match self {
            Self::Haar => Box::new(Haar),
            Self::Ricker => Box::new(Ricker),
            Self::Morlet => Box::new(Morlet::corrected(omega0)?),
            Self::MorletUncorrected => Box::new(Morlet::uncorrected(omega0)?),
            Self::AnalyticMorlet => Box::new(AnalyticMorlet::corrected(omega0)?),
            Self::AnalyticMorletUncorrected => Box::new(AnalyticMorlet::uncorrected(omega0)?),
            Self::Gaussian => Box::new(Gaussian),
            Self::AnalyticDog => Box::new(AnalyticDerivativeOfGaussian::new(whole(wavelet, order(2.0))?)?),
            Self::Shannon => Box::new(FrequencyBSpline::shannon(bandwidth, centre)?),
            Self::Fbsp => Box::new(FrequencyBSpline::new(whole(wavelet, order(2.0))?, bandwidth, centre)?),
            Self::Dog => Box::new(DerivativeOfGaussian::new(whole(wavelet, order(2.0))?)?),
            Self::Paul => Box::new(Paul::new(whole(wavelet, order(4.0))?)?),
            Self::Morse => Box::new(Morse::new(order(20.0), parameters.gamma.unwrap_or(3.0))?),
            Self::HaarLike => Box::new(HaarLike::new(cycles, Part::Psi)?),
            Self::HaarLikePrime => Box::new(HaarLike::new(cycles, Part::PsiPrime)?),
        })
    }
}

/// The order as the whole number that it must be.
fn whole(wavelet: &'static str, order: f64) -> Result<u32, WaveletError> {
    if order.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&order) {
        Ok(order as u32)
    } else {
        Err(WaveletError::OutOfRange {
            wavelet,
            parameter: "order",
            value: order,
            expected: "a whole number, 1 or more",
        })
    }
}

/// The wavelet of this name with these parameters.
///
/// # Errors
/// [`WaveletError::UnknownName`], which lists the names, and those of [`Family::build`].
///
/// # Example
/// ```
/// use ropelet::wavelet::{Parameters, by_name};
///
/// let paul = by_name("paul", &Parameters { order: Some(4.0), ..Default::default() })?;
/// assert_eq!(paul.admissibility().c_psi(), Some(std::f64::consts::FRAC_PI_2));
/// assert!(by_name("haar", &Parameters { order: Some(4.0), ..Default::default() }).is_err());
/// # Ok::<(), ropelet::wavelet::WaveletError>(())
/// ```
pub fn by_name(name: &str, parameters: &Parameters) -> Result<Box<dyn MotherWavelet>, WaveletError> {
    name.parse::<Family>()?.build(parameters)
}

impl FromStr for Family {
    type Err = WaveletError;

    fn from_str(name: &str) -> Result<Self, WaveletError> {
        Self::ALL.into_iter().find(|family| family.name() == name).ok_or_else(|| WaveletError::UnknownName {
            name: name.to_owned(),
            known: Self::ALL.map(Self::name).join(" "),
        })
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
