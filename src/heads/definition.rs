use std::borrow::Cow;

use serde::Serialize;

use super::Signal;

/// What a metric is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// One head.
    Head,
    /// The heads of one layer together.
    Layer,
    /// All heads of the model.
    Model,
}

/// One metric: what it is called, how it is computed, and what it means.
///
/// An analysis carries the definitions of all its metrics, once, so that tables and pages read names,
/// units and words from there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Definition {
    /// A head, a layer or the model.
    pub level: Level,
    /// The signal that it is taken from.
    pub signal: Signal,
    /// Its name, unique within the level and the signal.
    pub metric: Cow<'static, str>,
    /// The family that it belongs to: `M1` to `M11`, or empty.
    pub family: &'static str,
    /// The unit of the value: `1`, `token`, `radian/token`.
    pub unit: &'static str,
    /// The smallest and the largest value; `None` where there is no such bound.
    pub range: [Option<f64>; 2],
    /// A title in plain words.
    pub title: Cow<'static, str>,
    /// What it means, in one sentence.
    pub meaning: &'static str,
    /// How it is computed.
    pub formula: &'static str,
    /// What it is for signals that are known.
    pub known: Known,
}

/// The value of a metric for four kinds of signal, as a formula; `None` where there is no closed form.
///
/// `N` is the number of lags, `a` the scale and `b` the centre of the first three, whose tails are
/// negligible at the ends: the Ricker wavelet `(1 - u²) e^{-u²/2}`, `u = (D - b)/a`; the atom of a
/// short-time Fourier transform `e^{-u²/2} cos(ω₀ (D - b))` with `a ω₀` so large that its mean is
/// negligible; the Gaussian `e^{-u²/2}`; and independent values of mean 0 and one variance, of which the
/// expected power is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Known {
    /// Of a Ricker wavelet.
    pub wavelet: Option<&'static str>,
    /// Of an atom of a short-time Fourier transform.
    pub stft_atom: Option<&'static str>,
    /// Of a Gaussian, a low-pass kernel.
    pub low_pass: Option<&'static str>,
    /// Of white noise.
    pub white_noise: Option<&'static str>,
}

impl Definition {
    /// A metric of a head with a name, a unit and a title; without bounds, formula or known values.
    pub(super) fn of(
        signal: Signal,
        metric: impl Into<Cow<'static, str>>,
        unit: &'static str,
        title: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self {
            level: Level::Head,
            signal,
            metric: metric.into(),
            family: "",
            unit,
            range: [None; 2],
            title: title.into(),
            meaning: "",
            formula: "",
            known: Known::default(),
        }
    }

    /// The same of the heads of a layer or of the model together.
    pub(super) fn at(self, level: Level) -> Self {
        Self { level, ..self }
    }

    /// The same in this family.
    pub(super) fn family(self, family: &'static str) -> Self {
        Self { family, ..self }
    }

    /// The same with these bounds.
    pub(super) fn range(self, lowest: impl Into<Option<f64>>, highest: impl Into<Option<f64>>) -> Self {
        Self { range: [lowest.into(), highest.into()], ..self }
    }

    /// The same with a formula and what it means.
    pub(super) fn meaning(self, formula: &'static str, meaning: &'static str) -> Self {
        Self { formula, meaning, ..self }
    }

    /// The same with the values of a Ricker wavelet, an atom of a short-time Fourier transform, a Gaussian and
    /// white noise; an empty word stands for no closed form.
    pub(super) fn known(self, [wavelet, stft_atom, low_pass, white_noise]: [&'static str; 4]) -> Self {
        let closed = |words: &'static str| (!words.is_empty()).then_some(words);
        let known = Known {
            wavelet: closed(wavelet),
            stft_atom: closed(stft_atom),
            low_pass: closed(low_pass),
            white_noise: closed(white_noise),
        };
        Self { known, ..self }
    }
}
