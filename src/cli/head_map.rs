use std::env;
use std::fmt::Write;

use console::Term;

use super::shown::shown;
use crate::heads::{Analysis, Head, Signal};
use crate::wavelet::{MotherWavelet, Ricker};

/// By which number heads are called wavelet-like: the smaller, the better a head is localised in lag and frequency
/// at once.
const CRITERION: (Signal, &str) = (Signal::Scores, "uncertainty_product");

/// How many heads are listed from either end.
const LISTED: usize = 10;

/// From the smallest fifth of the values to the largest.
const SHADES: [char; 5] = ['█', '▓', '▒', '░', '·'];

/// Viridis in the 256 colours of terminals, for the same fifths.
const COLOURS: [u8; 5] = [226, 114, 37, 61, 54];

/// A head without a value.
const MISSING: char = '?';

/// What the map is printed on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paper {
    /// Columns.
    width: usize,
    /// Whether colours are understood and wanted.
    coloured: bool,
}

impl Paper {
    /// Standard output: as wide as it is, or 80 columns; colours on a terminal, unless `NO_COLOR` is set.
    pub(super) fn stdout() -> Self {
        let terminal = Term::stdout();
        let no_colour = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let width = terminal.size_checked().map_or(80, |(_, columns)| usize::from(columns));
        Self {
            width,
            coloured: terminal.is_term() && !no_colour && env::var_os("TERM").is_none_or(|term| term != "dumb"),
        }
    }
}

/// The heads by layer as a map, and those that are most and least like a wavelet.
pub(super) fn overview(analysis: &Analysis, paper: Paper) -> String {
    let (signal, metric) = CRITERION;
    let ranked = analysis.ranked(signal, metric);
    if ranked.is_empty() {
        return String::new();
    }
    let values: Vec<(usize, usize, f64)> = ranked.iter().map(|(head, value)| (head.layer, head.head, *value)).collect();
    let heads: Vec<(usize, usize)> = analysis.heads.iter().map(|head| (head.layer, head.head)).collect();
    let mut out = String::from("\nΔx·Δω of the mean scores, by layer and head; the smaller, the more wavelet-like\n");
    out += &map(&heads, &values, paper);
    let line = |(head, value): &(&Head, f64)| line(head, *value);
    let count = LISTED.min(ranked.len());
    let _ = writeln!(
        out,
        "\nMost wavelet-like: smallest Δx·Δω (the Ricker wavelet has {:.2}), z and q against untrained weights",
        Ricker.uncertainty_product()
    );
    ranked[..count].iter().for_each(|entry| out += &line(entry));
    let rest = &ranked[count..];
    if !rest.is_empty() {
        out += "\nLeast wavelet-like: largest Δx·Δω\n";
        rest.iter().rev().take(LISTED).for_each(|entry| out += &line(entry));
    }
    out.truncate(out.trim_end().len());
    out
}

/// One head: its value, its place in the null model, its labels.
fn line(head: &Head, value: f64) -> String {
    let (signal, metric) = CRITERION;
    let null = head.measurement(signal, metric).map(|measurement| measurement.nulls.untrained).unwrap_or_default();
    let number =
        |name: &str, value: Option<f64>| value.map_or_else(String::new, |value| format!("  {name} {value:6.2}"));
    let labels: Vec<String> = head.labels.iter().map(|label| shown(&label.to_string())).collect();
    let name = format!("L{}H{}", head.layer, head.head);
    let line = format!("  {name:8} {value:8.2}{}{}  {}", number("z", null.z), number("q", null.q), labels.join(", "));
    format!("{}\n", line.trim_end())
}

/// A cell for each head, the last layer at the top, and the values that the shades stand for. `values` ascend.
///
/// A layer with more heads than columns goes on in the next line.
fn map(heads: &[(usize, usize)], values: &[(usize, usize, f64)], paper: Paper) -> String {
    let layers = heads.iter().map(|(layer, _)| layer + 1).max().unwrap_or(0);
    let widest = heads.iter().map(|(_, head)| head + 1).max().unwrap_or(0);
    let margin = layers.saturating_sub(1).to_string().len() + 3;
    let room = paper.width.saturating_sub(margin).max(8);
    let cell = if 2 * widest <= room { 2 } else { 1 };
    let columns = room / cell;
    let fifth = |place: usize| place * SHADES.len() / values.len();
    let shade = |at: (usize, usize)| match values.iter().position(|(layer, head, _)| (*layer, *head) == at) {
        Some(place) => painted(fifth(place), cell, paper),
        None if heads.contains(&at) => MISSING.to_string().repeat(cell),
        None => " ".repeat(cell),
    };
    let mut out = String::new();
    for layer in (0..layers).rev() {
        for start in (0..widest).step_by(columns) {
            let name = if start == 0 { format!("L{layer}") } else { String::new() };
            let cells: String = (start..widest.min(start + columns)).map(|head| shade((layer, head))).collect();
            let _ = writeln!(out, "{name:>margin$} {}", cells.trim_end(), margin = margin - 1);
        }
    }
    let mut line = String::new();
    for (place, _) in SHADES.iter().enumerate() {
        let of: Vec<f64> = (0..values.len()).filter(|i| fifth(*i) == place).map(|i| values[i].2).collect();
        let (Some(low), Some(high)) = (of.first(), of.last()) else { continue };
        line += &format!("  {} {low:.2}–{high:.2}", painted(place, 1, paper));
    }
    let _ = writeln!(out, "{}", line.trim_start());
    out
}

/// The shade of a fifth, so many columns wide.
fn painted(fifth: usize, width: usize, paper: Paper) -> String {
    let cells = SHADES[fifth].to_string().repeat(width);
    if paper.coloured { format!("\u{1b}[38;5;{}m{cells}\u{1b}[0m", COLOURS[fifth]) } else { cells }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Paper = Paper { width: 80, coloured: false };

    #[test]
    fn the_smallest_value_is_darkest_and_layer_0_is_at_the_bottom() {
        let heads = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 0)];
        let values = [(1, 0, 0.5), (0, 1, 1.0), (2, 0, 2.0), (0, 0, 3.0)];
        let map = map(&heads, &values, PLAIN);
        let lines: Vec<&str> = map.lines().collect();
        assert_eq!(lines[..3], [" L2 ▒▒", " L1 ██??", " L0 ░░▓▓"]);
        assert_eq!(lines[3], "█ 0.50–0.50  ▓ 1.00–1.00  ▒ 2.00–2.00  ░ 3.00–3.00");
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        let heads: Vec<(usize, usize)> = (0..3).flat_map(|layer| (0..64).map(move |head| (layer, head))).collect();
        let values: Vec<(usize, usize, f64)> = heads.iter().enumerate().map(|(i, (l, h))| (*l, *h, i as f64)).collect();
        for width in [20, 40, 80, 200] {
            let map = map(&heads, &values, Paper { width, coloured: false });
            let lines: Vec<&str> = map.lines().collect();
            assert!(lines[..lines.len() - 1].iter().all(|line| line.chars().count() <= width), "{width}:\n{map}");
        }
    }

    #[test]
    fn colours_are_for_terminals_alone() {
        let values = [(0, 0, 1.0)];
        assert!(!map(&[(0, 0)], &values, PLAIN).contains('\u{1b}'));
        let coloured = map(&[(0, 0)], &values, Paper { coloured: true, ..PLAIN });
        assert!(coloured.contains("\u{1b}[38;5;226m██\u{1b}[0m"), "{coloured:?}");
    }
}
