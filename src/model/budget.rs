use std::fmt;
use std::str::FromStr;

/// How much memory weights may take at any time: those that stay between runs, the layer in use, and
/// the one that is read ahead.
///
/// Weights count in the type in which the model computes. With several devices each has an equal
/// share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Budget {
    /// One layer at a time, and nothing between runs.
    #[default]
    Least,
    /// This many bytes. What fits stays: layers from the first on, then the output head, then the
    /// embedding.
    Bytes(u64),
    /// Everything stays once it has been read.
    All,
}

/// Text that is no [`Budget`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a size; expected a number with B, kB, MB, GB, TB, KiB, MiB, GiB or TiB, such as 1.5GiB, or `all`"
)]
pub struct NotASize(String);

/// Units of [`Budget`]s as text, those with a longer name before their endings.
const UNITS: [(&str, u64); 10] = [
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
    ("kB", 1_000),
    ("KB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("B", 1),
];

impl FromStr for Budget {
    type Err = NotASize;

    /// `all`, or a size such as `1500000000`, `1500MB` or `1.5GiB`; a fraction of a byte is dropped.
    fn from_str(text: &str) -> Result<Self, NotASize> {
        let fail = || NotASize(text.to_owned());
        if text == "all" {
            return Ok(Self::All);
        }
        let unit = UNITS.into_iter().find_map(|(name, bytes)| Some((text.strip_suffix(name)?, bytes)));
        let (number, unit) = unit.unwrap_or((text, 1));
        let number = number.trim_end();
        if !number.bytes().all(|c| c.is_ascii_digit() || c == b'.') {
            return Err(fail());
        }
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let whole: u64 = whole.parse().map_err(|_| fail())?;
        let fraction: f64 = format!("0.{fraction}").parse().map_err(|_| fail())?;
        let bytes = whole.checked_mul(unit).and_then(|bytes| bytes.checked_add((fraction * unit as f64) as u64));
        Ok(Self::Bytes(bytes.ok_or_else(fail)?))
    }
}

/// A number of bytes as people read it, `1.5 GiB`, rounded to the nearest tenth.
pub(super) struct Size(pub(super) u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = UNITS[..4].iter().rev().find(|(_, bytes)| self.0 >= *bytes);
        match unit {
            Some((name, bytes)) => write!(f, "{:.1} {name}", self.0 as f64 / *bytes as f64),
            None => write!(f, "{} B", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_with_their_units() {
        for (text, bytes) in [
            ("0", 0),
            ("1500000000", 1_500_000_000),
            ("12B", 12),
            ("1.5kB", 1_500),
            ("2 MB", 2_000_000),
            ("1.5GiB", 3 << 29),
            ("2GiB", 2 << 30),
            ("16TiB", 16 << 40),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(text.parse(), Ok(Budget::Bytes(bytes)), "{text}");
        }
        assert_eq!("all".parse(), Ok(Budget::All));
    }

    #[test]
    fn what_is_no_size_is_refused() {
        for text in [
            "",
            "GiB",
            "-1GiB",
            "1e9",
            "1.5.2GB",
            "2 gib",
            "2GiBs",
            "inf",
            ".5GB",
            "18446744073709551616",
            "17000000TiB",
        ] {
            assert_eq!(text.parse::<Budget>(), Err(NotASize(text.to_owned())));
        }
    }

    #[test]
    fn sizes_are_shown_in_the_largest_unit_that_they_reach() {
        assert_eq!(Size(1023).to_string(), "1023 B");
        assert_eq!(Size(1 << 20).to_string(), "1.0 MiB");
        assert_eq!(Size(3 << 29).to_string(), "1.5 GiB");
    }
}
