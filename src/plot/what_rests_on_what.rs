use super::Figure;
use super::panel::{Anchor, Canvas};
use super::theme::{BLUE, FAINT_INK, GREEN, INK, LABEL_SIZE, ORANGE, TICK_SIZE, VERMILLION};
use crate::theorem::{Statement, Status, Topic, catalogue};
use plotters::style::RGBColor;

pub(super) const FIGURE: Figure = Figure {
    id: "what-rests-on-what",
    title: "What rests on what",
    caption: "Every statement of the catalogue, by chapter, coloured by how it was settled. An arc joins a statement \
              with one that its proof uses, in the colour of the one that uses it; most rest on nothing but their own \
              proof.",
    statements: &["haar-type-matrix-equals-rope"],
    size: (720.0, 1064.0),
    draw,
};

const LINE: f64 = 15.5;
const TOP: f64 = 62.0;
const GAP: f64 = 11.0;
const DOTS: f64 = 420.0;

fn draw(canvas: &Canvas<'_>) {
    let mut y = TOP;
    let mut places: Vec<(&Statement, f64)> = Vec::new();
    for topic in Topic::ALL {
        let from = y;
        for statement in topic.statements() {
            places.push((statement, y));
            y += LINE;
        }
        let name = heading(topic);
        canvas.upright_text((38.0, (from + y - LINE) / 2.0), name);
        canvas.bracket(46.0, from - 5.0, y - LINE + 5.0);
        y += GAP;
    }
    let place = |id: &str| places.iter().find(|(statement, _)| statement.id == id).map(|(_, y)| *y);
    for (statement, y) in &places {
        for used in statement.depends_on() {
            if let Some(to) = place(used.id) {
                canvas.arc((DOTS, *y), to, width(*y, to), colour(statement.status()));
            }
        }
    }
    for (statement, y) in &places {
        canvas.text((DOTS - 9.0, *y), statement.id, TICK_SIZE, INK, Anchor::Left);
        canvas.dot((DOTS, *y), colour(statement.status()));
    }
    let entries = Status::ALL.map(|status| {
        let count = catalogue().iter().filter(|statement| statement.status() == status).count();
        (format!("{} ({count})", status.name()), colour(status))
    });
    let entries = entries.into_iter().filter(|(name, _)| !name.starts_with("open (0)"));
    let rows: Vec<_> = entries.collect();
    for (index, (name, colour)) in rows.iter().enumerate() {
        let at = (66.0 + 168.0 * index as f64, 24.0);
        canvas.dot(at, *colour);
        canvas.text((at.0 + 9.0, at.1), name, LABEL_SIZE, FAINT_INK, Anchor::Right);
    }
}

/// How far an arc bends: less than in proportion, so that the longest stays on the sheet.
fn width(from: f64, to: f64) -> f64 {
    12.0 + 8.6 * (from - to).abs().sqrt()
}

/// The chapter in a word or two, as it stands beside its statements.
fn heading(topic: Topic) -> &'static str {
    match topic {
        Topic::Matrix => "matrix of samples",
        Topic::Phase => "phase",
        Topic::SampledRows => "rows",
        Topic::AttentionRows => "attention rows",
        Topic::HaarBlock => "Haar",
        Topic::Admissibility => "admissibility",
        Topic::LagKernels => "lag kernels",
        Topic::Scalings => "scalings",
    }
}

fn colour(status: Status) -> RGBColor {
    match status {
        Status::ProvedByMachine => BLUE,
        Status::ProvedOnPaper => GREEN,
        Status::RefutedByMachine => VERMILLION,
        Status::RefutedOnPaper => ORANGE,
        Status::Open => FAINT_INK,
    }
}
