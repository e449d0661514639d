use std::path::{Path, PathBuf};

use serde::Serialize;

use super::analyze::{Files, settings, write_folder};
use super::passes::{Job, recorded};
use super::table::{Column, parquet};
use super::{Common, Failure, Outcome, output};
use crate::heads::{Definition, Medians, NullPoint, PerNull, Point, Source, Text, Trajectory};

/// What `ropelet analyze A B C --compare` writes beside the files of each checkpoint.
#[derive(Serialize)]
struct Compared {
    schema: &'static str,
    /// In the order given.
    checkpoints: Vec<Stage>,
    /// The definitions of the metrics.
    metrics: Vec<Definition>,
    trajectories: Vec<Trajectory>,
}

#[derive(Serialize)]
struct Stage {
    /// The folder of its own files, in that of the comparison.
    folder: String,
    checkpoint: Source,
    texts: Vec<Text>,
}

/// Measures checkpoints one after the other, each into a folder of its own, and puts their medians side by side.
pub(super) fn run(models: &[PathBuf], job: &Job<'_>, out: &Path, files: Files) -> Result<Outcome, Failure> {
    let folders = folders(models)?;
    let (mut stages, mut medians, mut metrics, mut states) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for (model, folder) in models.iter().zip(folders) {
        let (passes, state) = recorded(&Job { model, ..*job }, &out.join(&folder))?;
        let analysis = passes.analysis(passes.run.all_texts())?;
        write_folder(&analysis, &out.join(&folder), files)?;
        medians.push(Medians::of(&settings(&passes.run)?, &analysis, &passes.recorders[0]));
        stages.push(Stage { folder, checkpoint: analysis.checkpoint, texts: analysis.texts });
        metrics = analysis.metrics;
        // Until all is done, a run that is killed has these to go on from.
        states.push(state);
    }
    let compared =
        Compared { schema: "ropelet.compare/1", checkpoints: stages, trajectories: Trajectory::all(&medians), metrics };
    output::write_folder(out, &encoded(&compared)?)?;
    states.into_iter().try_for_each(|state| state.remove())?;
    answer(&compared, out, job.common)?;
    Ok(Outcome::Success)
}

fn answer(compared: &Compared, out: &Path, common: &Common) -> Result<(), Failure> {
    if common.json {
        return output::print_json(compared);
    }
    let Compared { checkpoints, trajectories, .. } = compared;
    let metrics = trajectories.len();
    let file = out.join("compare.json");
    output::print(&format!("{} checkpoints, {metrics} metrics: {}", checkpoints.len(), file.display()))
}

fn encoded(compared: &Compared) -> Result<Vec<(&'static str, Vec<u8>)>, Failure> {
    #[allow(unused_mut)]
    let mut files = vec![("compare.json", serde_json::to_vec(compared)?), ("compare.parquet", table(compared)?)];
    #[cfg(feature = "plot")]
    {
        let names: Vec<String> = compared.checkpoints.iter().map(|stage| stage.folder.clone()).collect();
        let figure = crate::plot::comparison(&names, &compared.trajectories, &compared.metrics);
        files.push(("compare.svg", figure.into_bytes()));
    }
    Ok(files)
}

/// A row for each metric and stage.
fn table(compared: &Compared) -> Result<Vec<u8>, Failure> {
    let rows: Vec<(&Trajectory, &Point)> =
        compared.trajectories.iter().flat_map(|t| t.points.iter().map(move |point| (t, point))).collect();
    let text = |of: &dyn Fn(&Trajectory, &Point) -> String| {
        Column::Text(rows.iter().map(|(trajectory, point)| of(trajectory, point)).collect())
    };
    let number = |of: &dyn Fn(&Trajectory, &Point) -> Option<f64>| {
        Column::Double(rows.iter().map(|(trajectory, point)| of(trajectory, point)).collect())
    };
    let mut columns = vec![
        ("stage".to_owned(), Column::Int32(rows.iter().map(|(_, point)| point.stage as i32).collect())),
        ("checkpoint".to_owned(), text(&|_, point| compared.checkpoints[point.stage].folder.clone())),
        ("signal".to_owned(), text(&|trajectory, _| trajectory.signal.to_string())),
        ("metric".to_owned(), text(&|trajectory, _| trajectory.metric.to_string())),
        ("unit".to_owned(), text(&|trajectory, _| trajectory.unit.to_owned())),
        ("heads".to_owned(), Column::Int32(rows.iter().map(|(_, point)| point.heads as i32).collect())),
        ("median".to_owned(), number(&|_, point| point.median)),
        ("low".to_owned(), number(&|_, point| point.interval.map(|[low, _]| low))),
        ("high".to_owned(), number(&|_, point| point.interval.map(|[_, high]| high))),
    ];
    // From the stage before.
    let change = |trajectory: &Trajectory, point: &Point| {
        point.stage.checked_sub(1).map(|step| trajectory.changes[step].clone())
    };
    let interval =
        |trajectory: &Trajectory, point: &Point| change(trajectory, point).and_then(|change| change.interval);
    columns.extend([
        (
            "change".to_owned(),
            number(&|trajectory, point| change(trajectory, point).and_then(|change| change.difference)),
        ),
        ("change_low".to_owned(), number(&|trajectory, point| interval(trajectory, point).map(|[low, _]| low))),
        ("change_high".to_owned(), number(&|trajectory, point| interval(trajectory, point).map(|[_, high]| high))),
    ]);
    for (place, null) in PerNull::<()>::NAMES.into_iter().enumerate() {
        let of = |point: &Point| -> NullPoint { *point.nulls.each()[place].1 };
        columns.push((format!("{null}_median"), number(&|_, point| of(point).median)));
        columns.push((format!("{null}_z"), number(&|_, point| of(point).z)));
    }
    let checkpoints: Vec<&Source> = compared.checkpoints.iter().map(|stage| &stage.checkpoint).collect();
    let metadata = [("schema", compared.schema.to_owned()), ("checkpoints", serde_json::to_string(&checkpoints)?)];
    Ok(parquet(&columns, &metadata)?)
}

/// A folder for each checkpoint: the ends of their paths, as much of them as tells all apart.
fn folders(models: &[PathBuf]) -> Result<Vec<String>, Failure> {
    let named = |components: usize| -> Vec<String> {
        let name = |model: &PathBuf| {
            let names = model.components().filter_map(|component| match component {
                std::path::Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
                _ => None,
            });
            let names: Vec<String> = names.collect();
            names[names.len().saturating_sub(components)..].join("-")
        };
        models.iter().map(name).collect()
    };
    let distinct = |names: &Vec<String>| {
        let mut sorted = names.clone();
        sorted.sort();
        sorted.dedup();
        sorted.len() == names.len() && sorted.iter().all(|name| !name.is_empty())
    };
    let longest = models.iter().map(|model| model.components().count()).max().unwrap_or(1);
    let found = (1..=longest).map(named).find(distinct);
    found.ok_or_else(|| Failure::new("--compare: two of the checkpoints are the same, or one has no name"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_named_by_what_tells_the_checkpoints_apart() {
        let of = |paths: &[&str]| folders(&paths.iter().map(PathBuf::from).collect::<Vec<_>>());
        assert_eq!(of(&["/a/x", "b/y/"]).unwrap(), ["x", "y"]);
        assert_eq!(
            of(&["runs/rope/checkpoint", "runs/alibi/checkpoint"]).unwrap(),
            ["rope-checkpoint", "alibi-checkpoint"]
        );
        assert!(of(&["a/x", "a/x"]).is_err());
        assert!(of(&["..", "a"]).is_err());
    }
}
