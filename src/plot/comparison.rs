use super::axis::Axis;
use super::null_models::{NULL_COLOURS, null_title};
use super::panel::{Canvas, Frame};
use super::theme::{BLUE, FAINT_INK, TICK_SIZE};
use crate::heads::{Definition, PerNull, Signal, Trajectory};

/// What is drawn, by signal and name: a position and a width in lags, what is left without frequency 0, what a
/// wavelet would have of octaves, the spread of what the softmax saw, and the sink.
const SHOWN: [(Signal, &str); 6] = [
    (Signal::Profile, "mean_lag"),
    (Signal::Profile, "low_band_without_dc"),
    (Signal::Rows, "spectral_entropy"),
    (Signal::Profile, "octave_slope"),
    (Signal::Scores, "uncertainty_product"),
    (Signal::Head, "sink_mass"),
];

/// Six metrics over checkpoints: the median over heads with its interval, and what the null models give.
pub fn comparison(names: &[String], trajectories: &[Trajectory], definitions: &[Definition]) -> String {
    let shown: Vec<&Trajectory> = SHOWN
        .iter()
        .filter_map(|(signal, metric)| trajectories.iter().find(|t| t.signal == *signal && t.metric == *metric))
        .collect();
    let lines = shown.len().div_ceil(3).max(1);
    let key = 250.0 * lines as f64 + 20.0;
    let height = key + 17.0 * names.len().max(NULL_COLOURS.len() + 1) as f64 + 16.0;
    Canvas::draw(
        (800.0, height),
        "comparison",
        "Metrics of heads over checkpoints",
        "Medians over the heads of each checkpoint, in the order given, with the middle 95 % over resamples of the \
         texts as upright bars; thin lines are the medians of the null models' means.",
        |canvas| {
            for (place, trajectory) in shown.iter().enumerate() {
                let (column, line) = ((place % 3) as f64, (place / 3) as f64);
                let frame = Frame(78.0 + 262.0 * column, 40.0 + 250.0 * line, 172.0, 160.0);
                draw_panel(canvas, frame, trajectory, definitions);
            }
            let main = ("median of heads".to_owned(), BLUE);
            let nulls = PerNull::<()>::NAMES
                .iter()
                .zip(NULL_COLOURS)
                .map(|(null, colour)| (null_title(null).to_owned(), colour));
            canvas.key_column((78.0, key), std::iter::once(main).chain(nulls));
            for (stage, name) in names.iter().enumerate() {
                let at = (340.0, key + 17.0 * stage as f64);
                canvas.text(
                    at,
                    &format!("{}  {}", stage + 1, shortened(name)),
                    TICK_SIZE,
                    FAINT_INK,
                    super::panel::Anchor::Right,
                );
            }
        },
    )
}

fn draw_panel(canvas: &Canvas<'_>, frame: Frame, trajectory: &Trajectory, definitions: &[Definition]) {
    let Trajectory { signal, metric, unit, points, .. } = trajectory;
    let own = points.iter().flat_map(|point| point.median.into_iter().chain(point.interval.into_iter().flatten()));
    let of_nulls = points.iter().flat_map(|point| point.nulls.each().map(|(_, null)| null.median)).flatten();
    let (mut low, mut high) =
        own.chain(of_nulls).fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
    if low > high {
        (low, high) = (0.0, 1.0);
    }
    let room = 0.06 * (high - low).max(1e-3);
    let stages = points.len() as f64;
    let x = Axis::linear("checkpoint", (0.6, stages + 0.4), points.len());
    let x = x.ticked((1..=points.len()).map(|stage| (stage as f64, stage.to_string())));
    let unit = if *unit == "1" { "no unit".to_owned() } else { format!("{unit}s") };
    let y = Axis::linear(format!("{signal} ({unit})"), (low - room, high + room), 5);
    let panel = canvas.panel(frame, x, y);
    let definition = definitions.iter().find(|known| known.signal == *signal && known.metric == *metric);
    panel.title(&shortened(definition.map_or(metric, |known| &known.title)));
    let at = |stage: usize| stage as f64 + 1.0;
    for (null, colour) in NULL_COLOURS.into_iter().enumerate() {
        let line = points.iter().filter_map(|point| Some((at(point.stage), point.nulls.each()[null].1.median?)));
        let line: Vec<_> = line.collect();
        panel.thin_line(line.iter().copied(), colour);
        panel.marks(line, colour, 1.6);
    }
    let medians: Vec<_> = points.iter().filter_map(|point| Some((at(point.stage), point.median?))).collect();
    panel.line(medians.iter().copied(), BLUE);
    for point in points {
        if let Some([low, high]) = point.interval {
            panel.line([(at(point.stage), low), (at(point.stage), high)], BLUE);
        }
    }
    panel.marks(medians, BLUE, 3.2);
}

/// As much of a name as there is room for.
fn shortened(name: &str) -> String {
    const ROOM: usize = 30;
    if name.chars().count() <= ROOM { name.to_owned() } else { name.chars().take(ROOM - 1).chain(['…']).collect() }
}
