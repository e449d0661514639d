use serde::Serialize;

use super::Sample;

/// What the signal is beyond its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Boundary {
    /// Zero. Nothing wraps around, at any scale.
    #[default]
    Zero,
    /// `x(t + n) = x(t)`, for ever: the wavelet meets the signal as often as it is long.
    Periodic,
    /// Mirrored half a sample beyond each end, `.. x1 x0 | x0 x1 .. x(n-1) | x(n-1) ..`, again and
    /// again: a signal of period `2n`, which never ends.
    Reflect,
    /// The end values, for ever: `x(t) = x(0)` for `t < 0` and `x(n-1)` for `t ≥ n`.
    Constant,
}

impl Boundary {
    /// One period of the endless signal, exactly. Where it has none, the signal itself.
    pub(super) fn period<T: Sample>(self, signal: &[T]) -> Vec<f64> {
        let forth = signal.iter().map(|x| x.wide());
        match self {
            Self::Zero | Self::Periodic | Self::Constant => forth.collect(),
            Self::Reflect => forth.clone().chain(forth.rev()).collect(),
        }
    }

    /// After how many samples the endless signal repeats itself, if it does.
    pub(super) fn repeats_after(self, length: usize) -> Option<usize> {
        match self {
            Self::Zero | Self::Constant => None,
            Self::Periodic => Some(length),
            Self::Reflect => Some(2 * length),
        }
    }

    /// Fills `out` with the endless signal from sample `first` on, times a factor; with zeros where it is constant:
    /// what constants add is known without them ([`super::edge::Edges`]).
    pub(super) fn extend<T: Sample>(self, signal: &[T], factor: T, first: i64, out: &mut [T]) {
        let n = signal.len() as i64;
        let mut at = 0;
        while at < out.len() {
            let t = first + at as i64;
            let (left, rest) = (out.len() - at, &mut out[at..]);
            // Runs in which the signal goes one way: from where in it, how far, and whether backwards.
            let (place, run, backwards) = match self {
                Self::Zero | Self::Constant if t < 0 || t >= n => {
                    let run = if t < 0 { left.min(-t as usize) } else { left };
                    rest[..run].fill(T::zero());
                    at += run;
                    continue;
                }
                Self::Zero | Self::Constant => (t, n - t, false),
                Self::Periodic => (t.rem_euclid(n), n - t.rem_euclid(n), false),
                Self::Reflect => {
                    let place = t.rem_euclid(2 * n);
                    if place < n { (place, n - place, false) } else { (2 * n - 1 - place, 2 * n - place, true) }
                }
            };
            let (place, run) = (place as usize, left.min(run as usize));
            if backwards {
                let source = signal[place + 1 - run..=place].iter().rev();
                rest.iter_mut().zip(source).for_each(|(out, &x)| *out = x * factor);
            } else {
                rest.iter_mut().zip(&signal[place..place + run]).for_each(|(out, &x)| *out = x * factor);
            }
            at += run;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sample_of_the_endless_signal_is_where_its_definition_says() {
        let signal = [1.0, 2.0, 3.0, 4.0, 5.0];
        let n = signal.len() as i64;
        for boundary in [Boundary::Zero, Boundary::Periodic, Boundary::Reflect, Boundary::Constant] {
            let period = boundary.period(&signal);
            for first in -23..23 {
                let mut out = [f64::NAN; 17];
                boundary.extend(&signal, 2.0, first, &mut out);
                for (i, out) in out.iter().enumerate() {
                    let t = first + i as i64;
                    let expected = match boundary {
                        Boundary::Zero | Boundary::Constant if !(0..n).contains(&t) => 0.0,
                        _ => period[t.rem_euclid(period.len() as i64) as usize],
                    };
                    assert_eq!(*out, 2.0 * expected, "{boundary:?} from {first} at {i}");
                }
            }
        }
    }
}
