//! `analyze --protocol ruscio`: the published metrics of heads beside the published table and the null models.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::super::texts::Texts;
use super::super::{Common, Failure, Outcome, output, progress};
use super::DEFAULT_LENGTH;
use crate::heads::{
    Alignment, Boundaries, Measure, Measured, Over, Padding, QueryRow, Removal, Ruscio, RuscioProtocol, Sequence,
    Shortened, SinkRule, Source, Study,
};
use crate::model::{Checkpoint, Decoder, Devices, Position, whole_rows};

/// What the paper leaves open.
#[derive(Debug, Args)]
#[command(next_help_heading = "With --protocol ruscio")]
pub(super) struct Options {
    /// Which row of attention is a head's signal [default: last]
    #[arg(long, value_name = "ROW")]
    row: Option<Row>,
    /// Points of the spectrum: `pow2`, the next power of two, or so many times the length [default: pow2]
    #[arg(long, value_name = "N|pow2", value_parser = padding)]
    padding: Option<Padding>,
    /// What is shortened for the scale sensitivity: the text, which is read anew, or the row [default: text]
    #[arg(long, value_name = "WHAT")]
    shorten: Option<Shorten>,
    /// Which tokens are left: the first ones or evenly spaced ones [default: prefix]
    #[arg(long, value_name = "HOW")]
    removal: Option<Removed>,
    /// How coefficients of different numbers are compared: the longer ones cut, the shorter ones padded with
    /// zeros or stretched [default: cut]
    #[arg(long, value_name = "HOW")]
    align: Option<Align>,
    /// What the correlation of entropies runs over [default: sequences]
    #[arg(long, value_name = "OVER")]
    rho_over: Option<RhoOver>,
    /// What a row is beyond its ends in the wavelet transform [default: symmetric]
    #[arg(long, value_name = "HOW")]
    extension: Option<Extension>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Row {
    Last,
    Mean,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Shorten {
    Text,
    Signal,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Removed {
    Prefix,
    Stride,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Align {
    Cut,
    Pad,
    Stretch,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RhoOver {
    Sequences,
    Heads,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Extension {
    Symmetric,
    Zero,
}

fn padding(word: &str) -> Result<Padding, String> {
    match (word, word.parse()) {
        ("pow2", _) => Ok(Padding::PowerOfTwo),
        (_, Ok(times @ 1..=64)) => Ok(Padding::Times(times)),
        _ => Err("expected pow2, or 1 to 64".to_owned()),
    }
}

impl Options {
    /// The name of an option that was given.
    pub(super) fn given(&self) -> Option<&'static str> {
        let Self { row, padding, shorten, removal, align, rho_over, extension } = self;
        [
            ("--row", row.is_some()),
            ("--padding", padding.is_some()),
            ("--shorten", shorten.is_some()),
            ("--removal", removal.is_some()),
            ("--align", align.is_some()),
            ("--rho-over", rho_over.is_some()),
            ("--extension", extension.is_some()),
        ]
        .into_iter()
        .find_map(|(name, given)| given.then_some(name))
    }

    fn protocol(&self, sink: SinkRule) -> RuscioProtocol {
        RuscioProtocol {
            row: match self.row {
                None | Some(Row::Last) => QueryRow::Last,
                Some(Row::Mean) => QueryRow::Mean,
            },
            sink,
            padding: self.padding.unwrap_or_default(),
            shortened: match self.shorten {
                None | Some(Shorten::Text) => Shortened::Text,
                Some(Shorten::Signal) => Shortened::Signal,
            },
            removal: match self.removal {
                None | Some(Removed::Prefix) => Removal::Prefix,
                Some(Removed::Stride) => Removal::Stride,
            },
            alignment: match self.align {
                None | Some(Align::Cut) => Alignment::Cut,
                Some(Align::Pad) => Alignment::Pad,
                Some(Align::Stretch) => Alignment::Stretch,
            },
            boundaries: match self.extension {
                None | Some(Extension::Symmetric) => Boundaries::Symmetric,
                Some(Extension::Zero) => Boundaries::Zero,
            },
            over: match self.rho_over {
                None | Some(RhoOver::Sequences) => Over::Sequences,
                Some(RhoOver::Heads) => Over::Heads,
            },
        }
    }
}

/// Tokens that go through the model together, and what the rows of their last queries may take.
const TOKENS_AT_ONCE: usize = 1 << 14;
const ROW_BYTES: usize = 1 << 27;

/// Measures, writes `ruscio.json` and prints the table.
pub(super) fn run(
    (model, texts, out): (&Path, &[PathBuf], &Path),
    (options, own): (&super::Options, &Options),
    common: &Common,
) -> Result<Outcome, Failure> {
    let measured = measure(model, texts, (options, own), common)?;
    output::write_folder(out, &[("ruscio.json", serde_json::to_vec(&measured)?)])?;
    if common.json {
        output::print_json(&measured)?;
    } else {
        output::print(table(&measured, out).trim_end())?;
    }
    Ok(Outcome::Success)
}

fn measure(
    model: &Path,
    texts: &[PathBuf],
    (options, own): (&super::Options, &Options),
    common: &Common,
) -> Result<Ruscio, Failure> {
    let checkpoint = Checkpoint::open(model)?;
    let (devices, precision) = (common.device.parse::<Devices>()?, common.precision());
    let spec = checkpoint.spec();
    let heads_of: Vec<usize> = spec.layers.iter().map(|layer| layer.attention.heads).collect();
    let longest = spec.max_positions.map_or(DEFAULT_LENGTH, |limit| limit.min(DEFAULT_LENGTH));
    let window = options.length.unwrap_or(longest);
    // The rest of a text counts as a sequence from half a window on.
    let mut texts = Texts::list(checkpoint.tokenizer()?, texts, (window, window / 2), (None, 1))?;
    let windows = texts
        .files()
        .iter()
        .flat_map(|file| file.text.windows.iter().map(|&tokens| Sequence { name: file.text.name.clone(), tokens }));
    let sequences: Vec<Sequence> = windows.collect();
    let protocol = own.protocol(options.sink.into());
    let study = |draws: usize| -> Result<Study, Failure> {
        let measure = Measure::new(protocol, sequences.iter().map(|sequence| sequence.tokens))?;
        Ok(Study::new(measure, &heads_of, draws, common.seed))
    };
    let draws = usize::from(options.draws);
    let pool = spec.layers.iter().all(|layer| matches!(layer.attention.position, Position::None | Position::Rotary(_)));
    let seeds = options.untrained.seeds(draws, &heads_of, pool) as u64;
    let bar = progress::bar(common, sequences.len() as u64 * (1 + seeds), "sequences");
    // As many sequences at once as have rows of a quarter of a GiB together, and a pass over the weights for all.
    let tokens = TOKENS_AT_ONCE.min(ROW_BYTES / (8 * heads_of.iter().sum::<usize>()));
    let mut read = |checkpoint: &Checkpoint, mut study: Study, message: String| -> Result<Study, Failure> {
        let mut decoder =
            Decoder::new(checkpoint, &devices, precision)?.with_budget(options.budget.unwrap_or_default())?;
        if options.allow_extrapolation {
            decoder = decoder.allow_extrapolation();
        }
        bar.set_message(message);
        let mut number = 0;
        while number < sequences.len() {
            let batch = texts.batch(number, tokens, usize::MAX)?.windows;
            let parts =
                batch.iter().flat_map(|text| study.parts().iter().map(|&parts| protocol.removal.kept(text, parts)));
            let by_part = whole_rows(&decoder, &parts.collect::<Vec<_>>(), protocol.row)?;
            for of_one in by_part.chunks_exact(study.parts().len()) {
                let of_head = |head: usize| of_one.iter().map(|rows| rows[head].clone()).collect();
                study.add(&(0..of_one[0].len()).map(of_head).collect::<Vec<Vec<Vec<f64>>>>());
            }
            number += batch.len();
            bar.inc(batch.len() as u64);
        }
        Ok(study)
    };
    let trained = read(&checkpoint, study(draws)?, "trained".to_owned())?;
    let mut untrained = Vec::new();
    for draw in 0..seeds {
        let fresh = checkpoint.untrained(common.seed.wrapping_add(draw));
        untrained.push(read(&fresh, study(0)?, format!("untrained {} of {seeds}", draw + 1))?);
    }
    bar.finish_and_clear();
    let source = Source {
        name: model.display().to_string(),
        family: spec.family.to_owned(),
        layers: spec.layers.len(),
        heads: heads_of,
        device: common.device.clone(),
        dtype: precision.to_string(),
    };
    Ok(trained.finish(&untrained, pool, source, sequences))
}

/// The metrics of a line, with how they are written.
const COLUMNS: [(&str, &str, Style); 9] = [
    ("S(.5)", "scale_sensitivity_half", Style::Decimals(3)),
    ("S(.25)", "scale_sensitivity_quarter", Style::Decimals(3)),
    ("rho", "entropy_correlation", Style::Decimals(3)),
    ("eps", "frame_error", Style::Power),
    ("H_s", "spectral_entropy", Style::Decimals(3)),
    ("selectivity", "selectivity", Style::Decimals(3)),
    ("low %", "low_band", Style::Percent),
    ("mid %", "middle_band", Style::Percent),
    ("high %", "high_band", Style::Percent),
];

#[derive(Debug, Clone, Copy)]
enum Style {
    Decimals(usize),
    Power,
    Percent,
}

impl Style {
    fn of(self, value: Option<f64>) -> String {
        match (self, value) {
            (_, None) => "-".to_owned(),
            (Self::Decimals(places), Some(value)) => format!("{value:.places$}"),
            (Self::Power, Some(value)) => format!("{value:.1e}"),
            (Self::Percent, Some(value)) => format!("{:.1}", 100.0 * value),
        }
    }
}

/// The published table, ours, and the null models.
fn table(measured: &Ruscio, out: &Path) -> String {
    let mut lines =
        vec![std::iter::once("").chain(COLUMNS.map(|(name, ..)| name)).map(str::to_owned).collect::<Vec<_>>()];
    for row in &measured.published {
        let [half, quarter] = row.scale_sensitivity;
        let pair = |[mean, sd]: [f64; 2]| format!("{mean:.3} ± {sd:.3}");
        let mut line = vec![row.model.to_owned(), format!("{half:.3}"), format!("{quarter:.3}")];
        line.extend([format!("{:.3}", row.entropy_correlation), format!("{:.1e}", row.frame_error)]);
        line.extend([pair(row.spectral_entropy), pair(row.selectivity)]);
        line.extend(["60-80", "15-25", "5-15"].map(str::to_owned));
        lines.push(line);
    }
    let of = |metric: &str| measured.model_measurement(metric);
    let name = Path::new(&measured.checkpoint.name).file_name().map_or("model".into(), |name| name.to_string_lossy());
    let own = COLUMNS.map(|(_, metric, style)| {
        let value = style.of(of(metric).and_then(|measured| measured.value));
        match (metric, of(metric).and_then(|measured| measured.sd)) {
            ("spectral_entropy" | "selectivity", Some(sd)) => format!("{value} ± {sd:.3}"),
            _ => value,
        }
    });
    lines.push(std::iter::once(name.into_owned()).chain(own).collect());
    for (place, null) in crate::heads::PerNull::<()>::NAMES.into_iter().enumerate() {
        let comparison = |measured: &Measured| *measured.nulls.each()[place].1;
        let cell = |(_, metric, style): (&str, &str, Style)| {
            let found = of(metric).map(comparison);
            let mean = style.of(found.and_then(|comparison| comparison.mean));
            match found.and_then(|comparison| comparison.z) {
                Some(z) if z.abs() >= 100.0 => format!("{mean} ({})", if z > 0.0 { ">+99" } else { "<-99" }),
                Some(z) => format!("{mean} ({z:+.1})"),
                None => mean,
            }
        };
        lines.push(std::iter::once(format!("  {null}")).chain(COLUMNS.map(cell)).collect());
    }
    let widths: Vec<usize> = (0..=COLUMNS.len())
        .map(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for (number, line) in lines.iter().enumerate() {
        for (column, (cell, width)) in line.iter().zip(&widths).enumerate() {
            let padding = " ".repeat(width - cell.chars().count());
            let _ = if column == 0 { write!(text, "{cell}{padding}") } else { write!(text, "  {padding}{cell}") };
        }
        text.push('\n');
        if number == measured.published.len() {
            text.push('\n');
        }
    }
    let draws = of("selectivity").map(|measured| measured.nulls.map(|comparison| comparison.draws));
    let draws =
        draws.map_or(String::new(), |draws| draws.each().map(|(null, draws)| format!("{draws} {null}")).join(", "));
    let _ = write!(
        text,
        "\nMeans over {} heads and {} sequences; ± over heads; in parentheses z against the null model's draws ({draws}).\n\
         Published: [ruscio2025]. Bands of the paper are ranges over all its models. {}",
        measured.heads.len(),
        measured.sequences.len(),
        out.join("ruscio.json").display()
    );
    text
}
