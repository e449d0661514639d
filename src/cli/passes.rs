use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::analyze::{Options, settings};
use super::share::Share;
use super::state::{Pace, Position, Read, Run, Saved, State};
use super::texts::Texts;
use super::{Common, Failure, progress};
use crate::heads::{self, Analysis, Coordinates, Dirichlet, Place, Recorded, Recorder, Source, Text};
use crate::model::{Checkpoint, Decoder, Devices, Position as Encoding, coordinates, probes, read_probes, record};

/// What one process is to record: a checkpoint, and the texts or a share of them.
pub(super) struct Job<'a> {
    pub(super) model: &'a Path,
    pub(super) texts: &'a [PathBuf],
    pub(super) options: &'a Options,
    pub(super) share: Option<Share>,
    pub(super) pace: Pace,
    pub(super) common: &'a Common,
}

/// What the passes over the texts have recorded: one of the checkpoint, one of each fresh initialisation, and one in
/// which no model runs, of the rows that null models draw.
pub(super) struct Passes {
    pub(super) run: Run,
    /// One for each head, layer by layer, in each pass of a model.
    pub(super) recorders: Vec<Vec<Recorder>>,
    dirichlet: Dirichlet,
}

/// The name of the sums of Dirichlet rows.
const DIRICHLET: &str = "dirichlet";

impl Passes {
    /// Nothing recorded yet.
    pub(super) fn new(run: Run) -> Result<Self, Failure> {
        let (plan, heads) = (&settings(&run)?.plan, &run.checkpoint.heads);
        let (draws, seeds, seed) = (run.protocol.draws(), run.protocol.seeds(heads, run.exchangeable_heads), run.seed);
        let layers = Coordinates::restored(&run.coordinates, plan.lags())?;
        let each = |groups: usize, draws: usize| -> Vec<Recorder> {
            let recorders = Recorder::each(heads, plan, groups, draws, seed).into_iter();
            let layers = heads.iter().zip(&layers).flat_map(|(heads, layer)| vec![layer; *heads]);
            recorders.zip(layers).map(|(recorder, layer)| recorder.with_pairs(layer)).collect()
        };
        let fresh = (0..seeds).map(|_| each(1, 0));
        let recorders = std::iter::once(each(run.listed.groups, draws)).chain(fresh).collect();
        let dirichlet = Dirichlet::new(plan, draws, seed);
        Ok(Self { run, recorders, dirichlet })
    }

    /// Takes sums that were saved of such passes; `file` is where they come from.
    pub(super) fn restore(&mut self, mut saved: BTreeMap<String, Vec<f64>>, file: &Path) -> Result<(), Failure> {
        let mut taken = |name: String| match saved.remove(&name) {
            Some(sums) => Ok(sums),
            None => Err(Failure::at(file, format!("there is no tensor {name}"))),
        };
        for (pass, recorders) in self.recorders.iter_mut().enumerate() {
            for recorder in recorders {
                let [own, shuffled, pairs, probes] = names(pass, recorder).map(&mut taken);
                recorder.restore([own?, shuffled?, pairs?, probes?]).map_err(|error| Failure::at(file, error))?;
            }
        }
        self.dirichlet.restore(taken(DIRICHLET.to_owned())?).map_err(|error| Failure::at(file, error))?;
        match saved.keys().next() {
            Some(name) => Err(Failure::at(file, format!("has a tensor {name}, which is of nothing"))),
            None => Ok(()),
        }
    }

    /// Adds the sums of other passes of the same kind.
    pub(super) fn add(&mut self, other: &Self) -> Result<(), Failure> {
        let (own, theirs) = (self.recorders.iter_mut().flatten(), other.recorders.iter().flatten());
        own.zip(theirs).try_for_each(|(recorder, other)| recorder.merge(other))?;
        Ok(self.dirichlet.merge(&other.dirichlet)?)
    }

    /// Saves all sums, by names that say whose they are.
    fn save(&self, state: &mut State, position: Position) -> Result<(), Failure> {
        let passes = self.recorders.iter().enumerate();
        let all = passes.flat_map(|(pass, all)| all.iter().map(move |recorder| (pass, recorder)));
        let vectors = all.flat_map(|(pass, recorder)| names(pass, recorder).into_iter().zip(recorder.sums()));
        state.save(position, vectors.chain([(DIRICHLET.to_owned(), self.dirichlet.sums())]).collect())
    }

    /// Number of passes.
    fn count(&self) -> usize {
        self.recorders.len() + 1
    }

    /// Whether sums that were saved here are those of all passes.
    pub(super) fn is_end(&self, position: Position) -> bool {
        position == Position { pass: self.count(), windows: 0 }
    }

    /// What was measured; `texts` are all of the list, in order.
    pub(super) fn analysis(&self, texts: Vec<Text>) -> Result<Analysis, Failure> {
        let (trained, untrained) = self.recorders.split_first().expect("there is a pass of the checkpoint");
        let recorded = Recorded { trained, untrained, dirichlet: &self.dirichlet };
        Ok(heads::analyze(&settings(&self.run)?, self.run.checkpoint.clone(), texts, recorded)?)
    }
}

/// The names of a head's sums: its own by group of texts, those of its shuffled rows by draw, those of queries and keys
/// by group, and those of probes.
fn names(pass: usize, recorder: &Recorder) -> [String; 4] {
    let of = if pass == 0 { "trained".to_owned() } else { format!("untrained.{}", pass - 1) };
    let head = recorder.identity();
    ["own", "shuffled", "pairs", "probes"].map(|kind| format!("{of}.layers.{}.heads.{}.{kind}", head.layer, head.head))
}

/// Reads the texts of a job and runs the model and its untrained copies on them, from where the same job was
/// ended before. Its sums are saved in `out` as they grow.
pub(super) fn recorded(job: &Job<'_>, out: &Path) -> Result<(Passes, State), Failure> {
    let &Job { model, options, common, share, .. } = job;
    let checkpoint = Checkpoint::open(model)?;
    let spec = checkpoint.spec();
    let window = options.window(spec.max_positions)?;
    let is_plain = |encoding: &Encoding| matches!(encoding, Encoding::None | Encoding::Rotary(_));
    let source = Source {
        name: model.display().to_string(),
        family: spec.family.to_owned(),
        layers: spec.layers.len(),
        heads: spec.layers.iter().map(|layer| layer.attention.heads).collect(),
        device: common.device.clone(),
        dtype: common.precision().to_string(),
    };
    let of = (share, options.groups());
    let mut texts = Texts::list(checkpoint.tokenizer()?, job.texts, (window, options.lags), of)?;
    let run = Run {
        schema: Run::SCHEMA.to_owned(),
        program: env!("CARGO_PKG_VERSION").to_owned(),
        checkpoint: source,
        fingerprint: checkpoint.fingerprint()?,
        coordinates: coordinates(spec, window, options.lags)?.iter().map(Arc::as_ref).map(Coordinates::saved).collect(),
        exchangeable_heads: spec.layers.iter().all(|layer| is_plain(&layer.attention.position)),
        protocol: options.clone(),
        window,
        seed: common.seed,
        listed: texts.listed().clone(),
        share,
        texts: Run::texts(&texts),
    };
    // Only now is it known that a text has as many tokens as lags were asked for.
    let mut passes = Passes::new(run.clone())?;
    // What cannot be computed is refused before anything is written.
    decoder(&checkpoint, job)?;
    let (mut state, saved) = State::open(out, run, job.pace)?;
    let mut start = Position::default();
    if let Some(Saved { position, vectors, .. }) = saved {
        passes.restore(vectors, state.file())?;
        start = position;
    }

    let (windows, heads, models) = (texts.windows(), passes.recorders[0].len(), passes.recorders.len());
    let bar = progress::bar(common, (texts.rows(windows) * heads * models) as u64, "rows");
    bar.set_position(((start.pass * texts.rows(windows) + texts.rows(start.windows)) * heads) as u64);
    bar.reset_eta();
    let probes = probes(spec, common.seed);
    for pass in start.pass..models {
        let fresh = pass.checked_sub(1).map(|draw| checkpoint.untrained(common.seed.wrapping_add(draw as u64)));
        let decoder = decoder(fresh.as_ref().unwrap_or(&checkpoint), job)?;
        bar.set_message(if pass == 0 { "trained".to_owned() } else { format!("untrained {pass} of {}", models - 1) });
        let tokens = options.batch(decoder.spec().hidden);
        let at_once = windows_at_once(&passes.recorders[pass]);
        let mut done = if pass == start.pass { start.windows } else { 0 };
        while done < windows {
            let batch = texts.batch(done, tokens, at_once)?;
            record(&decoder, &batch.windows, &batch.places, &mut passes.recorders[pass], &|rows| bar.inc(rows))?;
            done += batch.windows.len();
            if done < windows && state.is_due() {
                passes.save(&mut state, Position { pass, windows: done })?;
            }
        }
        let reads_probes = share.is_none_or(Share::is_first);
        if reads_probes && passes.recorders[pass].iter().all(|recorder| recorder.probes().is_empty()) {
            read_probes(&decoder, &probes, &mut passes.recorders[pass])?;
        }
        if state.may_save() {
            passes.save(&mut state, Position { pass: pass + 1, windows: 0 })?;
        }
    }
    if start.pass <= models {
        bar.set_message("null models");
        let done = if start.pass == models { start.windows } else { 0 };
        for (number, (place, tokens)) in places(&passes.run).into_iter().enumerate().skip(done) {
            passes.dirichlet.window(place, tokens);
            if state.is_due() {
                passes.save(&mut state, Position { pass: models, windows: number + 1 })?;
            }
        }
        // To a shard its sums are the result.
        if share.is_some() || state.may_save() {
            passes.save(&mut state, Position { pass: models + 1, windows: 0 })?;
        }
    }
    bar.finish_and_clear();
    Ok((passes, state))
}

/// The windows of a run's texts, and their lengths.
fn places(run: &Run) -> Vec<(Place, usize)> {
    let of_text = |read: &Read| {
        let text = read.place;
        let windows = read.text.windows.clone().into_iter().enumerate();
        windows.map(move |(window, tokens)| (Place { text, window }, tokens))
    };
    run.texts.iter().flat_map(of_text).collect()
}

/// What the heads of a layer may have in sums of windows that are not added yet.
const WINDOW_BYTES: usize = 1 << 28;

/// Windows that go through the model together, so that their sums are no more than that.
fn windows_at_once(recorders: &[Recorder]) -> usize {
    let of = |recorder: &Recorder| recorder.identity().layer;
    let heads = recorders.chunk_by(|one, other| of(one) == of(other)).map(<[Recorder]>::len).max().unwrap_or(1);
    let window = recorders.first().map_or(1, |recorder| heads * recorder.window_bytes());
    (WINDOW_BYTES / window).max(1)
}

fn decoder<'a>(checkpoint: &'a Checkpoint, job: &Job<'_>) -> Result<Decoder<'a>, Failure> {
    let &Job { options, common, .. } = job;
    let devices: Devices = common.device.parse()?;
    let decoder = Decoder::new(checkpoint, &devices, common.precision())?.with_budget(options.budget())?;
    Ok(if options.allow_extrapolation { decoder.allow_extrapolation() } else { decoder })
}
