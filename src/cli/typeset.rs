//! Markdown with formulas in TeX as HTML with MathML, for the page of `report` and for the book of the theory.

use math_core::{LatexToMathML, MathCoreConfig, MathDisplay};
use maud::{PreEscaped, html};
use pulldown_cmark::{CowStr, Event, HeadingLevel, Options, Parser, Tag, TagEnd};

use crate::theorem::statement;

/// Where the links of a text lead on the page that it is put on.
pub(super) struct Links {
    /// The address of a statement.
    pub(super) statement: fn(&str) -> String,
    /// The address of the bibliography.
    pub(super) references: &'static str,
}

/// A text as HTML: two levels deeper, links to statements where they are named, and nothing that could load
/// anything.
pub(super) fn markdown(source: &str, links: &Links) -> String {
    let events = Parser::new_ext(source, Options::ENABLE_TABLES | Options::ENABLE_MATH);
    let events = events.filter_map(|event| match event {
        Event::Start(Tag::Heading { level, .. }) => {
            Some(Event::Start(Tag::Heading { level: deeper(level), id: None, classes: vec![], attrs: vec![] }))
        }
        Event::End(TagEnd::Heading(level)) => Some(Event::End(TagEnd::Heading(deeper(level)))),
        Event::Start(Tag::Link { link_type, dest_url, title, id }) => {
            Some(Event::Start(Tag::Link { link_type, dest_url: within(dest_url, links), title, id }))
        }
        Event::Start(Tag::Image { .. }) | Event::End(TagEnd::Image) => None,
        Event::Code(id) if statement(&id).is_ok() => {
            let link = html! { a href=((links.statement)(&id)) { (id) } };
            Some(Event::InlineHtml(link.into_string().into()))
        }
        Event::InlineMath(formula) => Some(typeset(&formula, MathDisplay::Inline)),
        Event::DisplayMath(formula) => Some(typeset(&formula, MathDisplay::Block)),
        Event::Html(text) | Event::InlineHtml(text) => Some(Event::Text(text)),
        other => Some(other),
    });
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, events);
    html
}

/// A formula in TeX as MathML, or as it is written where it cannot be read.
fn typeset(formula: &str, display: MathDisplay) -> Event<'static> {
    let converter = LatexToMathML::new(MathCoreConfig::default()).expect("no macro is defined");
    match converter.convert_with_local_state(formula, display) {
        Ok(result) => {
            let formula = PreEscaped(beside_primes(&result.mathml));
            let html = match display {
                MathDisplay::Inline => formula,
                MathDisplay::Block => html! { span.formula data-scroll="" { (formula) } },
            };
            Event::InlineHtml(html.into_string().into())
        }
        Err(_) => Event::Code(formula.to_owned().into()),
    }
}

/// Sets the prime of a letter beside it rather than as its exponent, where Chromium draws a dot.
fn beside_primes(mathml: &str) -> String {
    const PRIME: &str = "<mo>′</mo></msup>";
    let mut parts = mathml.split(PRIME).peekable();
    let mut out = String::new();
    while let Some(part) = parts.next() {
        let letter = part.rsplit_once("<msup>").filter(|(_, base)| {
            base.strip_prefix("<mi>").is_some_and(|base| base.find("</mi>") == base.len().checked_sub("</mi>".len()))
        });
        match (parts.peek(), letter) {
            (Some(_), Some((before, letter))) => {
                out += &format!("{before}{letter}<mo lspace=\"0\" rspace=\"0\">′</mo>")
            }
            (Some(_), None) => out += &format!("{part}{PRIME}"),
            (None, _) => out += part,
        }
    }
    out
}

fn deeper(level: HeadingLevel) -> HeadingLevel {
    match level {
        HeadingLevel::H1 => HeadingLevel::H3,
        _ => HeadingLevel::H4,
    }
}

/// Where a link of a proof page leads on this page.
fn within<'a>(target: CowStr<'a>, links: &Links) -> CowStr<'a> {
    let file = target.rsplit('/').next().unwrap_or_default();
    let id = file.strip_suffix(".md").filter(|id| statement(id).is_ok());
    match id {
        Some(id) => (links.statement)(id).into(),
        None if target.starts_with("http") => target,
        None => links.references.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theorem::catalogue;

    const LINKS: Links = Links { statement: |id| format!("#{id}"), references: "#references" };

    #[test]
    fn every_formula_of_every_proof_is_typeset() {
        for statement in catalogue() {
            let html = markdown(statement.proof, &LINKS);
            assert!(!html.contains('$') && !html.contains('\\'), "{}:\n{html}", statement.id);
        }
        assert!(markdown("$\\psi'(t) < f''$", &LINKS).contains("<mi>ψ</mi><mo lspace=\"0\" rspace=\"0\">′</mo>"));
        assert!(matches!(typeset(r"\frac{1}", MathDisplay::Inline), Event::Code(_)));
    }

    #[test]
    fn a_proof_page_cannot_load_or_inject_anything() {
        let html =
            markdown("# T\n\n![x](http://a/b.png) <script>alert(1)</script>\n\n[r](../docs/references.bib)", &LINKS);
        assert!(html.contains("<h3>T</h3>") && html.contains("#references"));
        assert!(!html.contains("<img") && !html.contains("<script"), "{html}");
    }
}
