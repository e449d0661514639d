use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use clap::builder::PossibleValue;
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::output::{print, print_json, write_file};
use super::tensors::{self, Named, Rounded};
use super::{Common, Dtype, Failure, Outcome, npy};
use crate::encoding::{Encoding, EncodingError, LagKernel, LagSign, Learned, Parameters, Rotary, Table, dyadic_scales};
use crate::numeric::Pairing;
use crate::rope::YarnRamp;

const SCHEMA: &str = "ropelet.encoding/1";

/// Show or save the table of a positional encoding
///
/// Rotations: rope linear ntk dynamic-ntk yarn longrope llama3 hope fmrope p-rope clipped-rope xpos.
/// Score biases: alibi t5 kerple kerple-power fire. Lag kernels: shaw transformer-xl
/// sinusoidal-relative ricker gaussian morlet haar dog, and discrete
/// wavelets db1..db38 sym2..sym20 coif1..coif17 bior1.1..bior6.8 rbio1.1..rbio6.8 dmey. Additive: sinusoidal learned. And nope.
/// docs/encodings.md has the formulas. A flag that an encoding does not take is an error.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Which encoding
    #[arg(value_name = "NAME")]
    name: String,
    /// Coordinates of a head; of the vectors of additive encodings
    #[arg(long, value_name = "D", default_value_t = 128)]
    dim: usize,
    /// Number of positions or lags; the length of the sequence for dynamic-ntk, longrope and xpos
    #[arg(long, value_name = "L", default_value_t = 512)]
    length: usize,
    /// Number of attention heads
    #[arg(long, value_name = "H", default_value_t = 8)]
    heads: usize,
    /// Tokens of a training sequence, for hope and fmrope
    #[arg(long, value_name = "L", default_value_t = 512)]
    train_length: usize,
    /// Base of the frequencies [default: 10000; llama3: 500000]
    #[arg(long, value_name = "B", allow_negative_numbers = true)]
    base: Option<f64>,
    /// How many coordinates turn [default: all]
    #[arg(long, value_name = "D")]
    rotary_dim: Option<usize>,
    /// How many times longer the context becomes [default: 4; llama3: 8]
    #[arg(long, value_name = "S", allow_negative_numbers = true)]
    factor: Option<f64>,
    /// The length that a scaled model was trained on [default: 4096; llama3: 8192]
    #[arg(long, value_name = "L")]
    original_length: Option<usize>,
    /// The share of the pairs that p-rope turns [default: 0.75]
    #[arg(long, value_name = "P", allow_negative_numbers = true)]
    fraction: Option<f64>,
    /// How many slow pairs clipped-rope tapers [default: 20]
    #[arg(long, value_name = "N")]
    taper: Option<usize>,
    /// The ramp of yarn: linear in the index of the pair, as its code, or in its turns, as its paper [default: index]
    #[arg(long, value_name = "RAMP", value_parser = ["index", "turns"])]
    ramp: Option<String>,
    /// Divisors of longrope up to its original length, one per pair [default: 1]
    #[arg(long, value_name = "X,...", value_delimiter = ',', allow_negative_numbers = true)]
    short_factor: Option<Vec<f64>>,
    /// Divisors of longrope beyond it, one per pair [default: the factor]
    #[arg(long, value_name = "X,...", value_delimiter = ',', allow_negative_numbers = true)]
    long_factor: Option<Vec<f64>>,
    /// Which coordinates form a pair; where sine and cosine lie [default: half-split; sinusoidal: interleaved]
    #[arg(long, value_enum)]
    pairing: Option<Pairing>,
    /// Scales of a wavelet kernel: how many powers of two from 1
    /// (of discrete wavelets, a range such as 2^1..2^8), a range 2^A..2^B, or a list A,B,.. [default: 8]
    #[arg(long, value_name = "SCALES", value_parser = parse_scales)]
    scales: Option<Scales>,
    /// Shifts of each scale, 0, 1, .. [default: as many as fill the head]
    #[arg(long, value_name = "N")]
    shifts: Option<usize>,
    /// Which way the time of a lag kernel runs [default: mirrored for wavelets, query-minus-key otherwise]
    #[arg(long, value_enum)]
    sign: Option<LagSign>,
    /// Order of dog [default: 2]
    #[arg(long, value_name = "N")]
    order: Option<u32>,
    /// Largest lag that shaw tells apart [default: 16]
    #[arg(long, value_name = "K")]
    clip: Option<usize>,
    /// Number of buckets of t5 [default: 32]
    #[arg(long, value_name = "N")]
    buckets: Option<usize>,
    /// The lag from which t5 has one bucket for all [default: 128]
    #[arg(long, value_name = "D")]
    max_distance: Option<usize>,
    /// Where the table goes: F.npy, or F.safetensors with all that belongs to it; float64 unless --dtype f32
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// A list of scales; a type of its own, since a flag with a `Vec` takes its values one by one.
#[derive(Debug, Clone)]
struct Scales(Vec<f64>);

fn parse_scales(text: &str) -> Result<Scales, String> {
    let wrong = || "expected how many, a range such as 2^0..2^7, or a list such as 1,2,4".to_owned();
    if let Some((first, last)) = text.split_once("..") {
        let exponent = |power: &str| power.strip_prefix("2^").and_then(|exponent| exponent.parse::<i32>().ok());
        return match (exponent(first), exponent(last)) {
            (Some(first), Some(last)) if first <= last && first >= -1000 && last <= 1000 => {
                Ok(Scales(dyadic_scales(first, (last - first) as usize + 1)))
            }
            _ => Err(wrong()),
        };
    }
    if let Ok(count) = text.parse::<usize>() {
        return if (1..=1000).contains(&count) {
            Ok(Scales(dyadic_scales(0, count)))
        } else {
            Err("expected 1 to 1000 scales".into())
        };
    }
    let list = text.split(',').map(|scale| scale.trim().parse().map_err(|_| wrong())).collect::<Result<_, _>>()?;
    Ok(Scales(list))
}

impl ValueEnum for Pairing {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(pairing_name(*self)))
    }
}

fn pairing_name(pairing: Pairing) -> &'static str {
    match pairing {
        Pairing::Interleaved => "interleaved",
        Pairing::HalfSplit => "half-split",
    }
}

impl ValueEnum for LagSign {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.name()))
    }
}

impl Arguments {
    fn parameters(&self, seed: u64) -> Parameters {
        Parameters {
            dim: self.dim,
            length: self.length,
            heads: self.heads,
            hidden: None,
            train_length: self.train_length,
            seed,
            base: self.base,
            rotary_dim: self.rotary_dim,
            factor: self.factor,
            original_length: self.original_length,
            fraction: self.fraction,
            taper: self.taper,
            ramp: self.ramp.as_deref().map(|ramp| match ramp {
                "turns" => YarnRamp::Turns,
                _ => YarnRamp::Index { truncate: true },
            }),
            short_factor: self.short_factor.clone(),
            long_factor: self.long_factor.clone(),
            pairing: self.pairing,
            scales: self.scales.clone().map(|scales| scales.0),
            shifts: self.shifts,
            sign: self.sign,
            order: self.order,
            clip: self.clip,
            buckets: self.buckets,
            max_distance: self.max_distance,
        }
    }
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Outcome, Failure> {
    let parameters = arguments.parameters(common.seed);
    let encoding = Encoding::named(&arguments.name, &parameters).map_err(|error| match error {
        // The library speaks of parameters; what was typed is a flag.
        EncodingError::DoesNotApply { .. } => Failure::new(format!("--{error}")),
        other => other.into(),
    })?;
    let shown = Shown { arguments, encoding: &encoding, used: used(&encoding, &parameters) };
    if let Some(out) = &arguments.out {
        shown.save(out, common.dtype)?;
    }
    match (common.json, &arguments.out) {
        (true, _) => print_json(&shown.object()?)?,
        (false, None) => print(&shown.text()?)?,
        (false, Some(out)) => print(&format!("{}: {}", out.display(), shown.shape()?))?,
    }
    Ok(Outcome::Success)
}

/// An encoding, and what was asked about it.
struct Shown<'a> {
    arguments: &'a Arguments,
    encoding: &'a Encoding,
    used: Map<String, Value>,
}

/// What an encoding is made of, by the names of the flags: asked for, or by default.
fn used(encoding: &Encoding, parameters: &Parameters) -> Map<String, Value> {
    let mut used = Map::new();
    let mut put = |name: &str, value: Value| drop(used.insert(name.to_owned(), value));
    match encoding {
        Encoding::None => {}
        Encoding::Rotation(rotary) => {
            put("dim", json!(rotary.head_dim()));
            put("base", json!(rotary.base()));
            put("rotary_dim", json!(rotary.rotary_dim()));
            put("pairing", json!(pairing_name(rotary.pairing())));
            put("scaling", json!(rotary.scaling()));
        }
        Encoding::ScoreBias(bias) => put("heads", json!(bias.heads())),
        Encoding::LagKernel(kernel) => {
            put("dim", json!(kernel.width()));
            match kernel {
                LagKernel::Wavelet(kernel) => {
                    put("sign", json!(kernel.sign().name()));
                    put("scales", json!(kernel.atoms().iter().map(|atom| atom.scale).collect::<Vec<_>>()));
                    put("shifts", json!(kernel.atoms().iter().map(|atom| atom.shift).collect::<Vec<_>>()));
                }
                LagKernel::Sinusoidal { sinusoids, sign } => {
                    put("sign", json!(sign.name()));
                    put("pairing", json!(pairing_name(sinusoids.layout())));
                }
                LagKernel::TransformerXl(xl, sign) => {
                    put("heads", json!(xl.heads()));
                    put("sign", json!(sign.name()));
                    put("pairing", json!(pairing_name(xl.sinusoids().layout())));
                }
                LagKernel::Shaw(shaw) => put("clip", json!(shaw.clip())),
            }
        }
        Encoding::Additive(vectors) => put("dim", json!(vectors.dim())),
    }
    put("length", json!(parameters.length));
    if !encoding.learned().is_empty() {
        put("seed", json!(parameters.seed));
    }
    used
}

impl Shown<'_> {
    fn table(&self) -> Result<Option<Table>, Failure> {
        Ok(self.encoding.table(self.arguments.length)?)
    }

    /// The object of `--json`.
    fn object(&self) -> Result<Value, Failure> {
        let mut object = json!({
            "schema": SCHEMA,
            "name": self.arguments.name,
            "kind": self.encoding.kind(),
            "parameters": self.used,
        });
        let mut put = |name: &str, value: Value| object[name] = value;
        let rows = |table: &Table| -> Value { table.values.chunks(table.columns.max(1)).collect() };
        match self.encoding {
            Encoding::Rotation(rotary) => {
                let frequencies = rotary.frequencies(self.arguments.length)?;
                put("inv_freq", json!(frequencies.inv_freq()));
                put("attention_factor", json!(frequencies.attention_factor()));
                if let Some(decay) = rotary.decay() {
                    put("decay", json!({ "zeta": decay.zeta(rotary.rotary_dim()), "span": decay.span }));
                }
            }
            encoding => {
                if let (Some(name), Some(table)) = (table_name(encoding), self.table()?) {
                    put(name, rows(&table));
                }
            }
        }
        let learned: Vec<Value> = self
            .encoding
            .learned()
            .iter()
            .map(|part| json!({ "name": part.name, "shape": part.shape, "per_layer": part.per_layer }))
            .collect();
        put("learned", learned.into());
        Ok(object)
    }

    /// Writes the table, and to a safetensors file all that belongs to it.
    fn save(&self, out: &Path, dtype: Option<Dtype>) -> Result<(), Failure> {
        match dtype {
            None | Some(Dtype::F64) => self.save_as::<f64>(out),
            Some(Dtype::F32) => self.save_as::<f32>(out),
            Some(_) => Err(Failure::new("--dtype: tables are written as f64 or f32")),
        }
    }

    fn save_as<T: Rounded>(&self, out: &Path) -> Result<(), Failure> {
        let Some(table) = self.table()? else {
            return Err(Failure::new(format!("{} has no table that could be written", self.arguments.name)));
        };
        match out.extension().and_then(|extension| extension.to_str()) {
            Some("npy") => write_file(out, |out| {
                npy::write_header::<T>(out, &[table.rows, table.columns])?;
                table.values.iter().try_for_each(|value| T::round(*value).write(out))
            }),
            Some("safetensors") => {
                let tables = self.tensors(table)?;
                let metadata = BTreeMap::from([
                    ("schema", SCHEMA.to_owned()),
                    ("encoding", self.arguments.name.clone()),
                    ("kind", self.encoding.kind().to_owned()),
                    ("parameters", serde_json::to_string(&self.used)?),
                ]);
                write_file(out, |out| tensors::write::<T>(out, &tables, &metadata))
            }
            _ => Err(Failure::at(out, "has another ending than .npy or .safetensors")),
        }
    }

    /// What a safetensors file holds: the table, what is needed beside it, and initial values.
    fn tensors(&self, table: Table) -> Result<Vec<Named>, Failure> {
        let shape = vec![table.rows, table.columns];
        let named = |name: &str, shape: &[usize], values: &[f64]| Named {
            name: name.to_owned(),
            shape: shape.to_vec(),
            values: values.to_vec(),
        };
        let mut tensors = match self.encoding {
            Encoding::Rotation(rotary) => rotation_tensors(rotary, self.arguments.length, &named)?,
            encoding => vec![named(table_name(encoding).unwrap_or_default(), &shape, &table.values)],
        };
        if let Encoding::LagKernel(LagKernel::Shaw(shaw)) = self.encoding {
            let rows = (0..table.rows).map(|lag| shaw.row(lag) * shaw.dim());
            let values: Vec<f64> = rows.flat_map(|row| &shaw.values()[row..row + shaw.dim()]).copied().collect();
            tensors.push(named("value_kernel", &shape, &values));
        }
        let learned = self.encoding.learned();
        tensors.extend(
            learned.iter().map(|Learned { name, shape, values, .. }| named(&format!("learned.{name}"), shape, values)),
        );
        Ok(tensors)
    }

    /// In words, what a file holds.
    fn shape(&self) -> Result<String, Failure> {
        let Some(table) = self.table()? else { return Ok("no table".into()) };
        let axes = match self.encoding {
            Encoding::None => "",
            Encoding::Rotation(_) => "angles in radians, [positions, pairs]",
            Encoding::ScoreBias(_) => "bias, [heads, lags]",
            Encoding::LagKernel(_) => "kernel, [lags, dim]",
            Encoding::Additive(_) => "vectors, [positions, dim]",
        };
        Ok(format!("{axes}, [{}, {}]", table.rows, table.columns))
    }

    /// A short table for people.
    fn text(&self) -> Result<String, Failure> {
        let name = &self.arguments.name;
        let summary = Encoding::summary(name).unwrap_or_default();
        let mut text = format!("{name}: {summary} ({})\n", self.encoding.kind().replace('_', " "));
        for (name, value) in &self.used {
            let _ = writeln!(text, "  {name:<12} {}", brief(value));
        }
        for part in self.encoding.learned() {
            let each = if part.per_layer { ", one per layer" } else { "" };
            let _ = writeln!(text, "  learned      {} {:?}{each}", part.name, part.shape);
        }
        if let Encoding::Rotation(rotary) = self.encoding {
            let frequencies = rotary.frequencies(self.arguments.length)?;
            let _ = writeln!(
                text,
                "\n{:>5} {:>14} {:>14}   attention factor {}",
                "pair",
                "theta",
                "tokens a turn",
                frequencies.attention_factor()
            );
            for pair in some(frequencies.pairs()) {
                let theta = frequencies.inv_freq()[pair];
                let turn = if theta == 0.0 { "none".into() } else { format!("{:.2}", std::f64::consts::TAU / theta) };
                let _ = writeln!(text, "{pair:>5} {theta:>14.6e} {turn:>14}");
            }
        } else if let Some(table) = self.table()? {
            // Biases have lags along their rows, kernels and vectors down their columns.
            let by_column = matches!(self.encoding, Encoding::ScoreBias(_));
            let (lines, columns) = if by_column { (table.columns, table.rows) } else { (table.rows, table.columns) };
            let shown: Vec<usize> = some(columns);
            let (of_line, of_column) = match self.encoding {
                Encoding::ScoreBias(_) => ("lag", "head"),
                Encoding::LagKernel(_) => ("lag", "dim"),
                _ => ("position", "dim"),
            };
            let _ = write!(text, "\n{of_line:>8}");
            for column in &shown {
                let label = match self.encoding {
                    Encoding::LagKernel(LagKernel::Wavelet(kernel)) => {
                        let atom = kernel.atoms()[*column];
                        format!("a{} b{}", atom.scale, atom.shift)
                    }
                    _ => format!("{of_column} {column}"),
                };
                let _ = write!(text, " {label:>11}");
            }
            text.push('\n');
            let lines: Vec<usize> =
                (0..lines).filter(|line| line.is_power_of_two() || *line == 0 || line + 1 == lines).collect();
            for line in lines {
                let _ = write!(text, "{line:>8}");
                for column in &shown {
                    let at = if by_column { column * table.columns + line } else { line * table.columns + column };
                    let _ = write!(text, " {:>11.6}", table.values[at]);
                }
                text.push('\n');
            }
        }
        Ok(text.trim_end().to_owned())
    }
}

/// A value on one line, without the middle of a list.
fn brief(value: &Value) -> String {
    match value {
        Value::Array(items) if items.len() > 4 => {
            format!("{} .. {} ({} numbers)", items[0], items[items.len() - 1], items.len())
        }
        Value::Object(fields) => {
            let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name} {}", brief(value))).collect();
            fields.join(", ")
        }
        Value::String(word) => word.clone(),
        other => other.to_string(),
    }
}

/// The name of the table in JSON and in files.
fn table_name(encoding: &Encoding) -> Option<&'static str> {
    match encoding {
        Encoding::None => None,
        Encoding::Rotation(_) => Some("angles"),
        Encoding::ScoreBias(_) => Some("bias"),
        Encoding::LagKernel(_) => Some("kernel"),
        Encoding::Additive(_) => Some("vectors"),
    }
}

/// Frequencies, and the cosines and sines that a model multiplies with, the attention factor and the
/// decay of xPos included: its queries and keys have tables of their own.
fn rotation_tensors(
    rotary: &Rotary,
    length: usize,
    named: &impl Fn(&str, &[usize], &[f64]) -> Named,
) -> Result<Vec<Named>, Failure> {
    let frequencies = rotary.frequencies(length)?;
    let positions: Vec<f64> = (0..length).map(|m| m as f64).collect();
    let (cos, sin) = frequencies.cos_sin::<f64>(&positions);
    let shape = [length, frequencies.pairs()];
    let mut tensors = vec![named("inv_freq", &[frequencies.pairs()], frequencies.inv_freq())];
    if rotary.decay().is_none() {
        tensors.extend([named("cos", &shape, &cos), named("sin", &shape, &sin)]);
        return Ok(tensors);
    }
    let factors: Vec<(f64, f64)> = positions.iter().flat_map(|m| rotary.factors(*m, length)).collect();
    let (query, key): (Vec<f64>, Vec<f64>) = factors.into_iter().unzip();
    for (side, factors) in [("query", query), ("key", key)] {
        for (name, table) in [("cos", &cos), ("sin", &sin)] {
            let scaled: Vec<f64> = table.iter().zip(&factors).map(|(value, factor)| value * factor).collect();
            tensors.push(named(&format!("{side}_{name}"), &shape, &scaled));
        }
    }
    Ok(tensors)
}

/// At most eight of these, the first and the last among them.
fn some(count: usize) -> Vec<usize> {
    let mut some: Vec<usize> = (0..8).map(|i| i * count.saturating_sub(1) / 7).collect();
    some.dedup();
    some
}
