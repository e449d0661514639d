use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::attention::FirstTokens;
use super::{claims, measured};
use crate::heads::{Analysis, Head};
use crate::plot::figures;
use crate::theorem::Report;

/// What the page is made of.
pub(super) struct Contents<'a> {
    pub(super) verification: &'a Report,
    pub(super) analysis: &'a Analysis,
    /// The heads that are shown one by one, each with why.
    pub(super) shown: &'a [(&'a Head, &'static str)],
    pub(super) attention: &'a FirstTokens,
    /// The command that was typed.
    pub(super) command: &'a str,
    pub(super) seed: u64,
}

/// The whole report as one HTML document that loads nothing.
pub(super) fn page(contents: &Contents<'_>) -> String {
    let Contents { verification, analysis, command, seed, .. } = contents;
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "ropelet: is RoPE a wavelet transform, are attention heads wavelets?" }
                style { (PreEscaped(include_str!("style.css"))) }
            }
            body {
                header {
                    h1 { "Is RoPE a wavelet transform? Are attention heads wavelets?" }
                    p.lead {
                        "What is proved, what is refuted, and what the heads of " code { (analysis.checkpoint.name) }
                        " measure beside null models."
                    }
                    nav aria-label="Contents" {
                        ol {
                            @for (anchor, title) in CHAPTERS { li { a href={ "#" (anchor) } { (title) } } }
                        }
                    }
                }
                main {
                    (chapter(0)) (claims::answers(verification)) (measured::answers(analysis))
                    (chapter(1)) (claims::table(verification))
                    (chapter(2)) (documentation_figures())
                    (chapter(3)) (measured::sources(analysis)) (measured::summary(analysis))
                    (chapter(4)) (measured::maps(analysis))
                    (chapter(5)) (measured::heads(analysis, contents.shown, contents.attention))
                    (chapter(6)) (measured::method(analysis))
                    (chapter(7)) (claims::proofs(verification)) (claims::references())
                }
                footer {
                    p {
                        "Made by ropelet " (env!("CARGO_PKG_VERSION")) " with seed " (seed) ": " code { (command) }
                    }
                    p { "The same command on the same device gives the same bytes." }
                }
            }
        }
    };
    document.into_string()
}

const CHAPTERS: [(&str, &str); 8] = [
    ("answer", "The answer in short"),
    ("statements", "The statements"),
    ("figures", "The statements in pictures"),
    ("heads", "The heads, all together"),
    ("maps", "The heads, layer by layer"),
    ("extremes", "The best and the worst heads"),
    ("method", "Method and limits"),
    ("proofs", "Proofs"),
];

fn chapter(number: usize) -> Markup {
    let (anchor, title) = CHAPTERS[number];
    html! { h2 id=(anchor) { (title) } }
}

fn documentation_figures() -> Markup {
    html! {
        @for figure in figures() {
            figure.wide-figure {
                (drawing(&figure.svg()))
                figcaption {
                    strong { (figure.title) ". " } (figure.caption) " "
                    @for id in figure.statements { (claims::link(id)) " " }
                }
            }
        }
    }
}

/// An SVG document as part of the page.
pub(super) fn drawing(svg: &str) -> Markup {
    html! { div.drawing { (PreEscaped(svg)) } }
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
