use maud::{Markup, PreEscaped, html};

use super::super::typeset::{Links, markdown};
use super::page::{number_or_dash, wide};
use crate::theorem::{BIBLIOGRAPHY, Control, Outcome, Report, Standing, Statement, Verdict, catalogue};

/// Proofs and bibliography are on the same page.
const LINKS: Links = Links { statement: |id| format!("#{id}"), references: "#references" };

/// What is claimed, and what became of it, in plain words.
pub(super) fn answers(report: &Report) -> Markup {
    let expected = report.statements.iter().filter(|outcome| outcome.expected).count();
    let controls = report.statements.iter().filter(|outcome| outcome.control == Control::Rejected).count();
    let count = |verdict| report.statements.iter().filter(|outcome| outcome.verdict == verdict).count();
    html! {
        p {
            "Oka et al. (ICLR 2025) read the rotation of RoPE as a wavelet transform with a Haar-like wavelet. Ruscio \
             et al. (ACL 2025) say that trained attention heads behave like wavelets. This page referees both."
        }
        p {
            strong { (expected) " of " (report.statements.len()) " statements came out as expected" }
            ": " (count(Verdict::Agrees)) " hold, " (count(Verdict::Refuted)) " are refuted, each with a witness, and "
            (count(Verdict::Undecided)) " are undecided. " (controls) " of " (report.statements.len())
            " checks could tell their statement from a variant of the opposite truth."
        }
        @if !report.ok {
            div.contradiction role="alert" {
                p { strong { "A finding contradicts what is known. " } "Until it is explained, trust nothing below." }
                ul {
                    @for outcome in report.statements.iter().filter(|outcome| !outcome.expected) {
                        li { (link(outcome.id)) ": " (standing(outcome.standing)) ", found: " (verdict(outcome.verdict)) }
                    }
                }
            }
        }
        @for Answer { question, answer, ids } in ANSWERS {
            div.answer {
                h3 { (question) }
                p { (answer) }
                p.faint {
                    @for outcome in report.statements.iter().filter(|outcome| ids.contains(&outcome.id)) {
                        (link(outcome.id)) " " (verdict(outcome.verdict)) " "
                    }
                }
            }
        }
    }
}

struct Answer {
    question: &'static str,
    answer: &'static str,
    ids: &'static [&'static str],
}

const ANSWERS: &[Answer] = &[
    Answer {
        question: "Is RoPE's rotation a matrix of wavelet samples?",
        answer: "Yes, as an identity. For every even head size, every real position and every table of frequencies, \
                 the rotation consists of samples of one Haar-like pair ψ, ψ′ at integer points, to the last few bits.",
        ids: &["haar-type-matrix-equals-rope", "published-form-equals-rope"],
    },
    Answer {
        question: "Does that set RoPE apart?",
        answer: "No. Every matrix whose rows have two neighbouring entries is a wavelet transform in this sense: a \
                 zero-mean ψ can be drawn through any such numbers. What is special about RoPE is that it is a \
                 rotation.",
        ids: &["every-two-banded-matrix-is-a-wavelet-transform", "haar-type-matrix-is-orthogonal"],
    },
    Answer {
        question: "Are the rows that are used wavelets?",
        answer: "No. The continuous ψ and ψ′ have mean zero. The sampled rows, which are all that ever meets a query, \
                 sum to √2 cos(φ ± π/4): zero only at isolated angles, and never for both rows of a block.",
        ids: &["haar-like-pair-has-zero-mean", "sampled-rows-have-zero-mean", "sampled-gains-lie-on-a-circle"],
    },
    Answer {
        question: "Can a row of attention be a wavelet?",
        answer: "No. Its weights are positive and sum to 1, so that its spectrum is largest at frequency 0, where a \
                 wavelet's vanishes. The same holds for the windows that ALiBi makes of the lag. Scores, and \
                 differences of heads, can have mean zero.",
        ids: &[
            "attention-rows-have-zero-mean",
            "nonnegative-weights-peak-at-frequency-zero",
            "alibi-windows-have-zero-mean",
        ],
    },
    Answer {
        question: "Do band shares, selectivity and entropies show wavelets?",
        answer: "Not as published. Shuffled weights have the published band shares; selectivity is a function of how \
                 unequal the weights are, in whatever order; the two entropies obey no uncertainty relation under the \
                 published window, and where they do, rows of no content have the same negative correlation; a \
                 frame error of 1e-7 is rounding.",
        ids: &[
            "shuffled-rows-split-as-they-vary",
            "published-band-shares-lie-beyond-noise",
            "selectivity-is-one-over-the-squared-variation",
            "published-entropies-reach-ln-n",
            "entropies-of-row-and-root-spectrum-reach-ln-n",
            "negative-entropy-correlation-needs-learning",
            "filter-banks-give-back-every-signal",
        ],
    },
    Answer {
        question: "Is RoPE ever the Haar transform?",
        answer: "Only block by block, at an eighth of a turn, and at no integer position for the first block.",
        ids: &["rope-is-haar-only-at-an-eighth-turn", "haar-never-occurs-at-an-integer-position"],
    },
    Answer {
        question: "Does it hold for the models in use?",
        answer: "For those that pair neighbouring coordinates. Llama and GPT-NeoX, as Hugging Face runs them, pair \
                 coordinate i with i + d/2: each row has its two entries d/2 apart, and samples no function of \
                 width 2.",
        ids: &["half-split-rows-are-contiguous", "half-split-is-interleaved-permuted"],
    },
    Answer {
        question: "Are the functions proposed as positional encodings wavelets?",
        answer: "Haar and Ricker are. The Gaussian, which does best at the longest length of the paper's own comparison, \
                 and the Morlet function without its correction have a mean, and no admissibility constant.",
        ids: &[
            "ricker-constant-is-two-pi",
            "haar-constant-is-two-ln-two",
            "gaussian-is-admissible",
            "uncorrected-morlet-is-admissible",
            "fixed-carrier-morlet-has-zero-mean",
        ],
    },
    Answer {
        question: "Are the tables made of them wavelets?",
        answer: "Not as a decoder sees them. Over all integers a sampled Ricker function keeps its mean of zero, over the \
                 lags of the past it sums to one half at every scale. Haar at scale 1 is a single tap. Beyond 582 tokens \
                 the published table is blank, and its 128 atoms span some 29 directions.",
        ids: &[
            "ricker-samples-sum-to-their-aliases",
            "causal-ricker-sums-to-half-its-centre",
            "haar-kernel-at-scale-one-has-zero-mean",
            "ricker-kernel-ends-at-its-reach",
            "ricker-kernel-has-numerical-rank-29",
            "equal-amplitudes-cover-frequencies-evenly",
        ],
    },
];

/// Every statement with its verdict, linked to its proof.
pub(super) fn table(report: &Report) -> Markup {
    html! {
        p {
            "A statement has a standing, which says what is known, and a check, which must come out accordingly on a \
             grid of cases and on random ones. " em { "Error" } " is the largest one observed, " em { "bound" }
            " what rounding and truncation explain, as derived in the proof. The control is a false variant of a true \
             statement, or a true one of a false: it must come out the other way."
        }
        (wide("Statements and verdicts", html! {
            table.statements {
                thead {
                    tr {
                        th scope="col" { "Statement" } th scope="col" { "Standing" } th scope="col" { "Verdict" }
                        th.number scope="col" { "Error" } th.number scope="col" { "Bound" }
                        th.number scope="col" { "Error / bound" } th scope="col" { "Control" }
                    }
                }
                tbody {
                    @for outcome in &report.statements {
                        tr.has-witness[outcome.witness.is_some()] {
                            td { (link(outcome.id)) br; (outcome.title) }
                            td data-label="Standing" { (standing(outcome.standing)) }
                            td data-label="Verdict" {
                                (verdict(outcome.verdict)) @if !outcome.expected { " (not expected)" }
                            }
                            td.number data-label="Error" { (number_or_dash(outcome.error)) }
                            td.number data-label="Bound" { (number_or_dash(outcome.bound)) }
                            td.number data-label="Error / bound" { (number_or_dash(outcome.ratio)) }
                            td data-label="Control" { (control(outcome.control)) }
                        }
                        @if let Some(witness) = &outcome.witness {
                            tr.witness { td colspan="7" { "Witness: " (witness) } }
                        }
                    }
                }
            }
        }))
    }
}

/// The proof page of every statement.
pub(super) fn proofs(report: &Report) -> Markup {
    html! {
        @for outcome in &report.statements {
            @for statement in catalogue().iter().filter(|statement| statement.id == outcome.id) {
                (proof(statement, outcome))
            }
        }
    }
}

fn proof(statement: &Statement, outcome: &Outcome) -> Markup {
    html! {
        article.proof id=(statement.id) {
            (PreEscaped(markdown(statement.proof, &LINKS)))
            p.faint {
                "Standing: " (standing(statement.standing)) ". Checked: " (verdict(outcome.verdict)) ", error "
                (number_or_dash(outcome.error)) " against a bound of " (number_or_dash(outcome.bound))
                ". Control: " (statement.control_is) ", " (control(outcome.control)) ". Sources: "
                @for (place, source) in statement.sources.iter().enumerate() {
                    @if place > 0 { "; " }
                    a href="#references" { (source.key) } ", " (source.place)
                }
                ". Code: "
                @for (place, code) in statement.code.iter().enumerate() {
                    @if place > 0 { ", " }
                    code { (code) }
                }
                "."
            }
        }
    }
}

/// The literature, as BibTeX.
pub(super) fn references() -> Markup {
    html! {
        h3 id="references" { "References" }
        pre data-scroll="" role="region" aria-label="References as BibTeX" tabindex="0" { code { (BIBLIOGRAPHY) } }
    }
}

/// A link to a statement's proof.
pub(super) fn link(id: &str) -> Markup {
    html! { a href={ "#" (id) } { (id) } }
}

fn verdict(verdict: Verdict) -> Markup {
    html! { span.verdict.(verdict.name()) { (verdict.name()) } }
}

fn standing(standing: Standing) -> String {
    standing.name().replace('-', " ")
}

fn control(control: Control) -> &'static str {
    match control {
        Control::Rejected => "rejected",
        Control::Accepted => "accepted",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theorem::{Settings, verify};

    #[test]
    fn every_answer_rests_on_statements_of_the_catalogue() {
        for id in ANSWERS.iter().flat_map(|answer| answer.ids) {
            assert!(catalogue().iter().any(|statement| statement.id == *id), "{id}");
        }
    }

    #[test]
    fn a_contradiction_is_said_first() {
        let mut report = verify(&catalogue()[..1], Settings { cases: 0, largest_dim: 8, ..Settings::default() });
        assert!(report.ok && !answers(&report).into_string().contains("contradicts"));
        report.statements[0].expected = false;
        report.ok = false;
        let page = answers(&report).into_string();
        assert!(page.contains("contradicts") && page.contains("0 of 1 statements"), "{page}");
        assert!(table(&report).into_string().contains("not expected"));
    }
}
