/// An axis of a panel: its quantity with unit, range, scale and ticks.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    label: String,
    range: (f64, f64),
    logarithmic: bool,
    ticks: Vec<(f64, String)>,
}

impl Axis {
    /// A linear axis with about `ticks` ticks at round numbers.
    pub(super) fn linear(label: impl Into<String>, range: (f64, f64), ticks: usize) -> Self {
        Self { label: label.into(), range, logarithmic: false, ticks: round_ticks(range, ticks) }
    }

    /// An axis by octaves, ticked at powers of two.
    pub(super) fn octaves(label: impl Into<String>, range: (f64, f64)) -> Self {
        let exponents = (range.0.log2() - 1e-9).ceil() as i32..=(range.1.log2() + 1e-9).floor() as i32;
        let ticks = exponents.map(|e| (f64::from(e).exp2(), power_of_two(e))).collect();
        Self { label: label.into(), range, logarithmic: true, ticks }
    }

    /// An axis by decades, ticked at powers of ten.
    pub(super) fn decades(label: impl Into<String>, range: (f64, f64)) -> Self {
        let (from, to) = ((range.0.log10() - 1e-9).ceil() as i32, (range.1.log10() + 1e-9).floor() as i32);
        let every = ((to - from) / 6 + 1) as usize;
        let ticks = (from..=to).step_by(every).map(|e| (10f64.powi(e), power_of_ten(e))).collect();
        Self { label: label.into(), range, logarithmic: true, ticks }
    }

    /// Lags `0..length` by octaves. Lag 0 has a place because the axis is that of `Δ + 1`, which
    /// [`lag_place`] gives.
    pub(super) fn lags(length: usize) -> Self {
        let octaves = (0..).map(|octave| 1usize << octave).take_while(|lag| *lag < length);
        let ticks = std::iter::once(0).chain(octaves).map(|lag| (lag_place(lag as f64), lag.to_string()));
        Self::octaves("lag Δ (tokens)", (1.0, length as f64)).ticked(ticks)
    }

    /// The same axis with these ticks instead.
    pub(super) fn ticked(self, ticks: impl IntoIterator<Item = (f64, String)>) -> Self {
        Self { ticks: ticks.into_iter().collect(), ..self }
    }

    /// The same axis the other way round.
    pub(super) fn reversed(self) -> Self {
        Self { range: (self.range.1, self.range.0), ..self }
    }

    /// The same axis with its ticks but without their labels, for panels that share them.
    pub(super) fn unlabelled(mut self) -> Self {
        self.ticks.iter_mut().for_each(|(_, label)| label.clear());
        Self { label: String::new(), ..self }
    }

    pub(super) fn label(&self) -> &str {
        &self.label
    }

    pub(super) fn range(&self) -> (f64, f64) {
        self.range
    }

    /// The range on the drawing: logarithms on a logarithmic axis.
    pub(super) fn drawn_range(&self) -> std::ops::Range<f64> {
        self.drawn(self.range.0)..self.drawn(self.range.1)
    }

    pub(super) fn drawn(&self, value: f64) -> f64 {
        if self.logarithmic { value.log2() } else { value }
    }

    /// Ticks within the range, as position and text.
    pub(super) fn ticks(&self) -> impl Iterator<Item = (f64, &str)> {
        let (from, to) = (self.range.0.min(self.range.1), self.range.0.max(self.range.1));
        let slack = 1e-9 * (to - from);
        self.ticks
            .iter()
            .filter(move |(at, _)| (from - slack..=to + slack).contains(at))
            .map(|(at, label)| (*at, label.as_str()))
    }
}

/// Where a lag stands on the axis of [`Axis::lags`].
pub(super) fn lag_place(lag: f64) -> f64 {
    lag + 1.0
}

/// Multiples of 1, 2 or 5 times a power of ten.
fn round_ticks(range: (f64, f64), about: usize) -> Vec<(f64, String)> {
    let (from, to) = (range.0.min(range.1), range.0.max(range.1));
    let raw = (to - from) / about.max(1) as f64;
    let exponent = raw.log10().floor();
    let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * 10f64.powf(exponent)).into_iter().find(|step| *step >= 0.75 * raw);
    let step = step.unwrap_or(raw);
    let decimals = (-(step * 1.001).log10().floor()).max(0.0) as usize;
    let (first, last) = ((from / step - 1e-9).ceil() as i64, (to / step + 1e-9).floor() as i64);
    (first..=last).map(|i| (i as f64 * step, number(i as f64 * step, decimals))).collect()
}

/// A number with this many decimals and a typographic minus.
pub(super) fn number(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let is_zero = text.bytes().all(|byte| byte == b'0' || byte == b'.');
    if value < 0.0 && !is_zero { format!("−{text}") } else { text }
}

/// A number as `m × 10ᵉ` with two significant digits, or `0`.
pub(super) fn scientific(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let text = format!("{:.1e}", value.abs());
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let sign = if value < 0.0 { "−" } else { "" };
    format!("{sign}{mantissa} × {}", power_of_ten(exponent.parse().unwrap_or(0)))
}

fn power_of_two(exponent: i32) -> String {
    if exponent >= 0 { format!("{}", 1u64 << exponent.min(63)) } else { format!("1/{}", 1u64 << (-exponent).min(63)) }
}

fn power_of_ten(exponent: i32) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    match exponent {
        0 => "1".to_owned(),
        1 => "10".to_owned(),
        _ => {
            let raised = exponent.to_string();
            let raised = raised.chars().map(|c| c.to_digit(10).map_or('⁻', |digit| DIGITS[digit as usize]));
            format!("10{}", raised.collect::<String>())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round_and_inside() {
        assert_eq!(labels(&Axis::linear("", (-0.3, 1.0), 4)), ["0.0", "0.5", "1.0"]);
        assert_eq!(labels(&Axis::linear("", (-2.0, 2.0), 4)), ["−2", "−1", "0", "1", "2"]);
        assert_eq!(labels(&Axis::linear("", (1.0, 0.0), 2)), ["0.0", "0.5", "1.0"]);
        assert_eq!(labels(&Axis::octaves("", (0.5, 8.0))), ["1/2", "1", "2", "4", "8"]);
        assert_eq!(labels(&Axis::decades("", (1e-3, 1e1))), ["10⁻³", "10⁻²", "10⁻¹", "1", "10"]);
    }

    #[test]
    fn numbers_have_a_typographic_minus_and_no_negative_zero() {
        assert_eq!(number(-0.25, 2), "−0.25");
        assert_eq!(number(-1e-9, 2), "0.00");
        assert_eq!(scientific(-5.55e-17), "−5.6 × 10⁻¹⁷");
        assert_eq!(scientific(0.0), "0");
    }
}
