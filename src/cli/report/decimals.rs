/// Columns of decimal numbers, to as many digits as are printed, in three bytes each: `mantissa · 10^exponent`,
/// the low and the high byte of all mantissas of a column and then all exponents, which deflate well.
#[derive(Debug, Default)]
pub(super) struct Decimals {
    pub(super) bytes: Vec<u8>,
}

/// Significant digits of what is measured; a mantissa has 16 bits.
pub(super) const MEASURED: usize = 4;
/// Significant digits of what it is compared with.
pub(super) const COMPARED: usize = 3;

/// The mantissa of a number that is not there.
const MISSING: i16 = i16::MIN;

impl Decimals {
    /// Appends a column of so many significant digits. What is not finite, or smaller than 1e-124, is not there or 0.
    pub(super) fn push(&mut self, digits: usize, column: &[Option<f64>]) {
        let parts: Vec<(i16, i8)> = column.iter().map(|value| decimal(*value, digits)).collect();
        self.bytes.extend(parts.iter().map(|(mantissa, _)| mantissa.to_le_bytes()[0]));
        self.bytes.extend(parts.iter().map(|(mantissa, _)| mantissa.to_le_bytes()[1]));
        self.bytes.extend(parts.iter().map(|(_, exponent)| exponent.to_le_bytes()[0]));
    }
}

/// The nearest decimal number of so many digits.
fn decimal(value: Option<f64>, count: usize) -> (i16, i8) {
    let Some(value) = value.filter(|value| value.is_finite()) else { return (MISSING, 0) };
    // Rust's own conversion is correctly rounded: "-1.235e-7".
    let text = format!("{value:.*e}", count - 1);
    let (digits, exponent) = text.split_once('e').expect("there is an exponent");
    let mantissa: i16 = digits.replace('.', "").parse().expect("they fit");
    let exponent = exponent.parse::<i32>().expect("it is whole") + 1 - count as i32;
    match i8::try_from(exponent) {
        Ok(exponent) if mantissa != 0 => (mantissa, exponent),
        Ok(_) => (0, 0),
        Err(_) if exponent < 0 => (0, 0),
        Err(_) => (MISSING, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_keeps_the_digits_that_are_printed() {
        let cases = [
            (Some(0.0), (0, 0)),
            (Some(1.0), (1000, -3)),
            (Some(-0.000_123_46), (-1235, -7)),
            (Some(99_996.0), (1000, 2)),
            (Some(1e-300), (0, 0)),
            (Some(1e300), (MISSING, 0)),
            (Some(f64::NAN), (MISSING, 0)),
            (None, (MISSING, 0)),
        ];
        for (value, parts) in cases {
            assert_eq!(decimal(value, MEASURED), parts, "{value:?}");
        }
        assert_eq!(decimal(Some(-0.000_123_46), COMPARED), (-123, -6));
    }

    #[test]
    fn a_column_is_three_planes() {
        let mut columns = Decimals::default();
        columns.push(MEASURED, &[Some(1.0), Some(-2.0)]);
        let ([a, b], [c, d]) = (1000i16.to_le_bytes(), (-2000i16).to_le_bytes());
        assert_eq!(columns.bytes, [a, c, b, d, 253, 253]);
    }
}
