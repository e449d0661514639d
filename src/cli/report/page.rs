use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest, Sha256};

use super::super::Failure;
use super::embedded::{Part, embedded};
use super::{claims, measured};
use crate::plot::figures;
use crate::theorem::Report;

/// What the page is made of.
pub(super) struct Contents<'a> {
    pub(super) verification: &'a Report,
    /// The checkpoints, one or more; the first is shown when the page opens.
    pub(super) parts: &'a [Part<'a>],
    /// The command that was typed.
    pub(super) command: &'a str,
    pub(super) seed: u64,
}

/// The style of the page.
const STYLE: &str =
    concat!(include_str!("page/theme.css"), include_str!("page/page.css"), include_str!("page/explorer.css"));

/// The program of the page: one module, of which each file is a part.
const SCRIPT: &str = concat!(
    include_str!("page/format.js"),
    include_str!("page/data.js"),
    include_str!("page/state.js"),
    include_str!("page/colour.js"),
    include_str!("page/map.js"),
    include_str!("page/table.js"),
    include_str!("page/chart.js"),
    include_str!("page/picture.js"),
    include_str!("page/head.js"),
    include_str!("page/levels.js"),
    include_str!("page/start.js"),
);

/// What a browser may do with the page: run this one script, draw, and load nothing.
///
/// Should a name from a checkpoint ever get into the page as markup, a script in it would not have this hash.
fn policy() -> String {
    let hash = BASE64_STANDARD.encode(Sha256::digest(SCRIPT));
    format!(
        "default-src 'none'; script-src 'sha256-{hash}'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    )
}

/// The whole report as one HTML document that loads nothing.
pub(super) fn page(contents: &Contents<'_>) -> Result<String, Failure> {
    let Contents { verification, parts, command, seed } = *contents;
    let first = parts[0].document;
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(policy());
                title { "ropelet: is RoPE a wavelet transform, are attention heads wavelets?" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                a.skip href="#answer" { "Skip to the answers" }
                header {
                    button #theme type="button" hidden="hidden" { "Colours: auto" }
                    h1 { "Is RoPE a wavelet transform? Are attention heads wavelets?" }
                    p.lead {
                        "What is proved, what is refuted, and what the heads of "
                        @for (i, part) in parts.iter().enumerate() {
                            @if i > 0 { ", " } bdi { code { (part.label) } }
                        }
                        " measure beside null models."
                    }
                    nav aria-label="Contents" {
                        ol {
                            @for (anchor, title) in CHAPTERS { li { a href={ "#" (anchor) } { (title) } } }
                        }
                    }
                }
                main {
                    (chapter(0, html! { (claims::answers(verification)) (measured::answers(first)) }))
                    (chapter(1, html! { (explorer()) noscript { (measured::every_head(parts)) } (measured::sources(parts)) }))
                    (chapter(2, levels()))
                    (chapter(3, measured::summary(first)))
                    (chapter(4, claims::table(verification)))
                    (chapter(5, documentation_figures()))
                    (chapter(6, measured::method(first)))
                    (chapter(7, html! { (claims::proofs(verification)) (claims::references()) }))
                }
                footer {
                    p {
                        "Made by ropelet " (env!("CARGO_PKG_VERSION")) " with seed " (seed) ": " bdi { code { (command) } }
                    }
                    p { "The same command on the same device gives the same bytes." }
                }
                (embedded(parts)?)
                script type="module" { (PreEscaped(SCRIPT)) }
            }
        }
    };
    Ok(document.into_string())
}

const CHAPTERS: [(&str, &str); 8] = [
    ("answer", "The answer in short"),
    ("heads", "The heads, one by one"),
    ("levels", "Layers and the model"),
    ("summary", "The heads, all together"),
    ("statements", "The statements"),
    ("figures", "The statements in pictures"),
    ("method", "Method and limits"),
    ("proofs", "Proofs"),
];

fn chapter(number: usize, contents: Markup) -> Markup {
    let (anchor, title) = CHAPTERS[number];
    let heading = format!("{anchor}-title");
    html! {
        section id=(anchor) aria-labelledby=(heading) { h2 id=(heading) { (title) } (contents) }
    }
}

/// The controls, the map, the table and the panel of a head, which the script fills in and shows.
fn explorer() -> Markup {
    html! {
        div #explorer hidden="hidden" {
            p {
                "Choose what is measured and against which null model. In the map, arrow keys move and Enter opens a head; \
                 so does a click. Layer 0, where the input is, is at the bottom."
            }
            div.controls role="group" aria-label="What is shown" {
                span.controls #checkpoint-controls hidden="hidden" {
                    label { "Checkpoint" select #checkpoint {} }
                    label { "Beside it" select #other {} }
                }
                label { "Signal" select #signal {} }
                label { "Metric" select #metric {} }
                label { "Colour" select #shown {} }
                label { "Null model" select #against {} }
            }
            p.faint #meaning {}
            p.faint #null-meaning {}
            div.controls role="group" aria-label="Filter of map and table" {
                label { "Filter (such as L3, L3H2 or a label)" input #filter type="search" autocomplete="off" spellcheck="false"; }
                label { "Label" select #label {} }
                label.tick { input #significant type="checkbox"; "only q < 0.05" }
            }
            div #maps {}
            p #readout { "Point at a head, or move to it with the arrow keys, to read its numbers." }
            div #legend {}
            section #head hidden="hidden" aria-labelledby="head-title" {
                h3 #head-title tabindex="-1" { "Head" }
                div #head-labels {}
                div.controls {
                    button #head-previous type="button" { "Previous head" }
                    button #head-next type="button" { "Next head" }
                    button #head-close type="button" { "Close" }
                }
                fieldset { legend { "Null models in the figures" } div #head-bands {} }
                div.controls {
                    label.tick { input #logarithmic type="checkbox"; "logarithmic lags" }
                    label.tick { input #all-nulls type="checkbox"; "all null models in the table" }
                }
                div.panels #head-figures {}
                h4 { "Metrics of this head" }
                (wide("Metrics of this head", html! { table #head-metrics {} }))
            }
            h3 #table-title { "Table of heads" }
            p { "A heading sorts by its column, and once more the other way round. A head opens from its number." }
            (wide("Table of heads", html! { table #head-table aria-labelledby="table-title" {} }))
            div.pager {
                button #previous type="button" { "Previous page" }
                button #next type="button" { "Next page" }
                span #count role="status" {}
            }
        }
    }
}

/// What belongs to many heads together; filled in by the script.
fn levels() -> Markup {
    html! {
        noscript { p { "The metrics of layers and of the model are in " code { "analysis.json" } "." } }
        p #levels-none hidden="hidden" { "This analysis has no metrics of layers or of the model." }
        div #layer-part hidden="hidden" {
            h3 { "Layer by layer" }
            div.controls { label { "Metric of a layer" select #layer-metric {} } }
            div #layer-figure {}
        }
        div #band-part hidden="hidden" {
            h3 { "Bands of the heads" }
            div #band-figure {}
        }
        div #model-part hidden="hidden" {
            h3 { "The model" }
            (wide("Metrics of the model", html! { table #model-table {} }))
        }
    }
}

/// What may be wider than the page, in a place of its own that scrolls.
pub(super) fn wide(name: &str, contents: Markup) -> Markup {
    html! { div.wide data-scroll="" role="region" aria-label=(name) tabindex="0" { (contents) } }
}

fn documentation_figures() -> Markup {
    html! {
        @for figure in figures() {
            figure.wide-figure {
                div.drawing data-scroll="" role="region" aria-label=(figure.title) tabindex="0" { (PreEscaped(figure.svg())) }
                figcaption {
                    strong { (figure.title) ". " } (figure.caption) " "
                    @for id in figure.statements { (claims::link(id)) " " }
                }
            }
        }
    }
}

/// A number to three digits.
pub(super) fn number(value: f64) -> String {
    let size = value.abs();
    let text = match size {
        0.0 => "0".to_owned(),
        _ if size.is_nan() => return "–".to_owned(),
        _ if size.is_infinite() => "∞".to_owned(),
        _ if !(1e-3..1e6).contains(&size) => format!("{size:.1e}").replace('-', "−"),
        _ => {
            // The digits are counted after rounding: 0.9996 is 1.00.
            let exponent = format!("{size:.2e}").rsplit('e').next().and_then(|text| text.parse::<i32>().ok());
            format!("{size:.*}", (2 - exponent.unwrap_or(0)).max(0) as usize)
        }
    };
    if value < 0.0 { format!("−{text}") } else { text }
}

/// The same, or a dash where there is none.
pub(super) fn number_or_dash(value: Option<f64>) -> String {
    value.map_or_else(|| "–".to_owned(), number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_the_script_or_the_style_can_end_its_element() {
        for text in [SCRIPT, STYLE] {
            let text = text.to_lowercase();
            assert!(!text.contains("</s") && !text.contains("<!--") && !text.contains("<script"));
        }
        assert!(!SCRIPT.contains("innerHTML") && !SCRIPT.contains("eval("), "text is text");
    }

    #[test]
    fn numbers_keep_three_digits() {
        let cases =
            [(0.0, "0"), (0.5, "0.500"), (-12.345, "−12.3"), (1234.5, "1234"), (2.2e-16, "2.2e−16"), (0.9996, "1.00")];
        for (value, text) in cases {
            assert_eq!(number(value), text);
        }
        assert_eq!(number_or_dash(None), "–");
        assert_eq!(number_or_dash(Some(f64::INFINITY)), "∞");
    }
}
