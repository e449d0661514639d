use std::fmt;
use std::str::FromStr;

use super::{Boundary, Sample, SignalError};

/// What a signal is beyond its ends under a discrete wavelet transform: the modes of PyWavelets by their names.
///
/// Written out for `x = a b c d`, with the signal between the bars:
///
/// | mode | extension |
/// |---|---|
/// | `zero` | `0 0 \| a b c d \| 0 0` |
/// | `constant` | `a a \| a b c d \| d d` |
/// | `symmetric` | `b a \| a b c d \| d c`, of period `2n` |
/// | `antisymmetric` | `-b -a \| a b c d \| -d -c`, of period `2n` |
/// | `reflect` | `c b \| a b c d \| c b`, of period `2n - 2` |
/// | `antireflect` | `2a-c 2a-b \| a b c d \| 2d-c 2d-b`, and so on, each `2n - 2` samples higher by `2(d - a)` |
/// | `periodic` | `c d \| a b c d \| a b` |
/// | `smooth` | the line through `a b`, and the line through `c d` |
/// | `periodization` | `periodic`, of an odd number of samples with the last one twice; as few coefficients as can be |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Extension {
    /// Zeros.
    Zero,
    /// The end values.
    Constant,
    /// Mirrored half a sample beyond each end.
    Symmetric,
    /// The same with the sign changed.
    Antisymmetric,
    /// Mirrored at the end samples.
    Reflect,
    /// Mirrored at the end samples in both directions, so that the slope goes on.
    Antireflect,
    /// The signal again.
    Periodic,
    /// Straight lines.
    Smooth,
    /// The signal again, on a circle that is halved exactly.
    Periodization,
}

impl Extension {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 9] = [
        Self::Zero,
        Self::Constant,
        Self::Symmetric,
        Self::Antisymmetric,
        Self::Reflect,
        Self::Antireflect,
        Self::Periodic,
        Self::Smooth,
        Self::Periodization,
    ];

    /// The name that PyWavelets gives it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Zero => "zero",
            Self::Constant => "constant",
            Self::Symmetric => "symmetric",
            Self::Antisymmetric => "antisymmetric",
            Self::Reflect => "reflect",
            Self::Antireflect => "antireflect",
            Self::Periodic => "periodic",
            Self::Smooth => "smooth",
            Self::Periodization => "periodization",
        }
    }

    /// The extended signal at any integer; `signal` must not be empty.
    pub(super) fn at<T: Sample>(self, signal: &[T], t: i64) -> T {
        let n = signal.len() as i64;
        let x = |t: i64| signal[t as usize];
        let two = T::one() + T::one();
        if (0..n).contains(&t) {
            return x(t);
        }
        let (first, last) = (x(0), x(n - 1));
        match self {
            Self::Zero => T::zero(),
            Self::Constant => x(t.clamp(0, n - 1)),
            Self::Symmetric | Self::Antisymmetric => {
                let place = t.rem_euclid(2 * n);
                let value = x(place.min(2 * n - 1 - place));
                if self == Self::Antisymmetric && place >= n { -value } else { value }
            }
            // A single sample has no neighbour to mirror or to draw a line through.
            Self::Reflect | Self::Antireflect | Self::Smooth if n == 1 => first,
            Self::Reflect => {
                let place = t.rem_euclid(2 * n - 2);
                x(place.min(2 * n - 2 - place))
            }
            Self::Antireflect => {
                let (turns, place) = (t.div_euclid(2 * n - 2), t.rem_euclid(2 * n - 2));
                let value = if place < n { x(place) } else { two * last - x(2 * n - 2 - place) };
                value + T::of(2.0 * turns as f64) * (last - first)
            }
            Self::Smooth if t < 0 => first + T::of(-t as f64) * (first - x(1)),
            Self::Smooth => last + T::of((t - n + 1) as f64) * (last - x(n - 2)),
            Self::Periodic => x(t.rem_euclid(n)),
            Self::Periodization => x(t.rem_euclid(n + n % 2).min(n - 1)),
        }
    }
}

/// The mode that continues a signal as this boundary of the continuous transform does; a circle is halved exactly.
impl From<Boundary> for Extension {
    fn from(boundary: Boundary) -> Self {
        match boundary {
            Boundary::Zero => Self::Zero,
            Boundary::Constant => Self::Constant,
            Boundary::Periodic => Self::Periodization,
            Boundary::Reflect => Self::Symmetric,
        }
    }
}

impl FromStr for Extension {
    type Err = SignalError;

    fn from_str(name: &str) -> Result<Self, SignalError> {
        Self::ALL
            .into_iter()
            .find(|mode| mode.name() == name)
            .ok_or_else(|| SignalError::Extension { name: name.to_owned(), known: Self::ALL.map(Self::name).join(" ") })
    }
}

impl fmt::Display for Extension {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
