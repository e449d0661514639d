use std::collections::BTreeMap;

use maud::{Markup, html};

use super::document::{Document, Measurement};
use super::embedded::Part;
use super::page::{number, number_or_dash, wide};
use super::summary::{Outside, Summary};
use super::words::{NULLS, Null};
use crate::wavelet::{MotherWavelet, Ricker};

/// By which number heads are called good or bad wavelets: the joint spread in lag and frequency.
pub(super) const RANK: (&str, &str) = ("scores", "uncertainty_product");

/// The metrics of the summary and of the table that is there without scripts.
const METRICS: [(&str, &str); 9] = [
    RANK,
    ("profile", "mean_lag"),
    ("head", "sink_mass"),
    ("rows", "dc_fraction"),
    ("rows", "low_band"),
    ("rows", "low_band_without_dc"),
    ("rows", "spectral_entropy_without_dc"),
    ("rows", "selectivity_without_dc"),
    ("profile", "octave_slope"),
];

/// What the heads say, in plain words, with the claim beside.
pub(super) fn answers(document: &Document) -> Markup {
    html! {
        (bands(document))
        (localisation(document))
        (constant_q(document))
        (kinds(document))
    }
}

fn bands(document: &Document) -> Markup {
    let band = |name| document.summary(("rows", name));
    let bands = [band("low_band"), band("middle_band"), band("high_band")];
    let [Some(low), Some(middle), Some(high)] = &bands else { return html! {} };
    let under = |null: &str| {
        let share = |band: &Summary<'_>| band.outside(null).mean.map_or_else(|| "–".to_owned(), percent);
        format!("{}, {} and {}", share(low), share(middle), share(high))
    };
    html! {
        div.answer {
            h3 { "Do heads divide the spectrum into bands?" }
            p.claim { "Claimed: 60 to 80 % of the power is low, 15 to 25 % in the middle, 5 to 15 % high." }
            p {
                "Rows of pure chance have " (under("dirichlet")) ", so that such a split by itself is no sign of learning. \
                 The median head here has " (percent(low.median())) ", " (percent(middle.median())) " and "
                (percent(high.median())) "; before training the means are " (under("untrained")) ". In its low share, "
                (differing(low, "untrained")) "; " (in_the_middle(low, "untrained")) "."
            }
        }
    }
}

fn localisation(document: &Document) -> Markup {
    let Some(rank) = document.summary(RANK) else { return html! {} };
    let ricker = Ricker.uncertainty_product();
    html! {
        div.answer {
            h3 { "Are heads localised in lag and frequency at once?" }
            p.claim { "Claimed: heads reach a near-optimal balance of position and frequency." }
            p {
                "Rows of attention have a mean and cannot be wavelets, so this is asked of the mean scores less their mean. \
                 The median head has Δx·Δω = " (number(rank.median())) " (" (number(rank.lowest())) " to "
                (number(rank.highest())) "). The Ricker wavelet has " (number(ricker)) ", and no function on the line \
                 less than 1/2. " @if rank.lowest() > 2.0 * ricker { "No head comes near. " }
                "Of " (document.heads.len()) " heads, " (differing(&rank, "untrained")) "; "
                (differing(&rank, "shuffled")) "; " (differing(&rank, "alibi")) ". "
                (capitalised(&in_the_middle(&rank, "untrained"))) "."
            }
        }
    }
}

fn constant_q(document: &Document) -> Markup {
    let is = |m: &&Measurement| m.signal == RANK.0 && m.metric == "constant_q_slope";
    let Some((slope, value)) = document.model.metrics.iter().find(is).and_then(|m| Some((m, m.value?))) else {
        return html! {};
    };
    let [untrained, shuffled] = ["untrained", "shuffled"].map(|null| slope.against(null));
    html! {
        div.answer {
            h3 { "Do heads of higher frequency have wider bands, as wavelets do?" }
            p.claim { "Claimed: heads analyse text at several scales, as a wavelet transform does." }
            p {
                "The bandwidth of the mean scores grows as the centre frequency to the power " (number(value))
                (interval(slope)) ". Wavelets of one shape have 1, a short-time Fourier transform has 0. Before training it is "
                (number_or_dash(untrained.mean)) " ± " (number_or_dash(untrained.sd)) " (p = " (number_or_dash(untrained.p))
                "), with keys shuffled " (number_or_dash(shuffled.mean)) " ± " (number_or_dash(shuffled.sd)) " (p = "
                (number_or_dash(shuffled.p)) ")."
            }
        }
    }
}

fn kinds(document: &Document) -> Markup {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for label in document.heads.iter().flat_map(|head| &head.labels) {
        *counts.entry(label).or_default() += 1;
    }
    let without = document.heads.iter().filter(|head| head.labels.is_empty()).count();
    html! {
        @if !counts.is_empty() {
            div.answer {
                h3 { "What are the heads for?" }
                p {
                    "By their published scores: "
                    @for (label, count) in &counts { (count) " " (label) ", " }
                    (without) " of " (document.heads.len()) " none of these. A head may have several labels, and a label \
                     says what a head does on a probe, not why."
                }
            }
        }
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

/// How many heads differ from a null model, and which way.
fn differing(summary: &Summary<'_>, null: &str) -> String {
    let Outside { below, above, of, .. } = summary.outside(null);
    let title = NULLS.iter().find(|known| known.name == null).map_or(null, |known| known.title);
    format!("{below} of {of} lie below and {above} above “{title}” (q < 0.05)")
}

/// The head in the middle, with its interval and its place in a null model.
fn in_the_middle(summary: &Summary<'_>, null: &str) -> String {
    let (head, measurement) = summary.middle();
    let compared = measurement.against(null);
    format!(
        "the head in the middle, L{}H{}, has {}{}, against {} ± {} (p = {})",
        head.layer,
        head.head,
        number_or_dash(measurement.value),
        interval(measurement),
        number_or_dash(compared.mean),
        number_or_dash(compared.sd),
        number_or_dash(compared.p),
    )
}

fn interval(measurement: &Measurement) -> String {
    measurement
        .interval
        .map_or_else(String::new, |[low, high]| format!(" (95 % interval {} to {})", number(low), number(high)))
}

fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// What was analysed.
pub(super) fn sources(parts: &[Part<'_>]) -> Markup {
    html! {
        @for Part { label, document, .. } in parts {
            @let checkpoint = &document.checkpoint;
            @let rows = document.heads.iter().map(|head| head.rows).max().unwrap_or(0);
            p {
                "Checkpoint " bdi { code { (checkpoint.name) } } @if parts.len() > 1 { ", here " bdi { (label) } }
                ": family " (checkpoint.family) ", " (checkpoint.layers) " layers, " (document.heads.len())
                " heads, run on " (checkpoint.device) " in " (checkpoint.dtype) ". Every mean is over " (rows)
                " rows of attention in each head, from these texts:"
            }
            (wide(&format!("Texts that {label} read"), html! {
                table {
                    thead {
                        tr {
                            th scope="col" { "Text" } th.number scope="col" { "Tokens" }
                            th.number scope="col" { "Windows" } th.number scope="col" { "Rows per head" }
                        }
                    }
                    tbody {
                        @for text in document.texts.iter().filter(|text| text.rows > 0).take(LISTED) {
                            tr {
                                th scope="row" { bdi { (text.name) } } td.number { (text.tokens) }
                                td.number { (text.windows.len()) } td.number { (text.rows) }
                            }
                        }
                    }
                }
            }))
            @let more = document.texts.iter().filter(|text| text.rows > 0).count().saturating_sub(LISTED);
            @if more > 0 { p { "and " (more) " more, which " code { "analysis.json" } " lists." } }
        }
    }
}

/// So many texts are listed; a corpus may have thousands.
const LISTED: usize = 50;

/// The metrics over all heads, beside their null models.
pub(super) fn summary(document: &Document) -> Markup {
    html! {
        p {
            "Median over the heads, with the smallest and the largest; then, for each null model, its mean and how many \
             heads differ from it with q < 0.05: below (−) and above (+). q is p adjusted for all heads of the model by the \
             method of Benjamini and Hochberg."
        }
        (wide("Metrics over all heads", html! {
            table {
                thead {
                    tr {
                        th scope="col" { "Metric" } th.number scope="col" { "Median" } th.number scope="col" { "Range" }
                        @for Null { name, .. } in &NULLS { th.number scope="col" { (name) } }
                    }
                }
                tbody {
                    @for summary in METRICS.iter().filter_map(|metric| document.summary(*metric)) {
                        tr {
                            th.words scope="row" {
                                (summary.definition.title) (unit(&summary.definition.unit)) br;
                                span.faint { (summary.definition.meaning) }
                            }
                            td.number { (number(summary.median())) }
                            td.number { (number(summary.lowest())) " to " (number(summary.highest())) }
                            @for Null { name, .. } in &NULLS {
                                @let outside = summary.outside(name);
                                td.number {
                                    (number_or_dash(outside.mean)) br; span.faint { "−" (outside.below) " +" (outside.above) }
                                }
                            }
                        }
                    }
                }
            }
        }))
    }
}

fn unit(unit: &str) -> String {
    if unit == "1" { String::new() } else { format!(" ({unit}s)") }
}

/// Some metrics of every head, for readers without scripts.
pub(super) fn every_head(parts: &[Part<'_>]) -> Markup {
    html! {
        p { "The map, the curves and all metrics of each head need JavaScript. Without it, this is what the heads measure:" }
        @for Part { label, document, .. } in parts {
            @let summaries: Vec<_> = METRICS.iter().filter_map(|metric| Some((metric, document.summary(*metric)?))).collect();
            (wide(&format!("Heads of {label}"), html! {
                table {
                    caption { "Heads of " bdi { (label) } ": value and 95 % interval, and z against untrained weights" }
                    thead {
                        tr {
                            th scope="col" { "Layer" } th scope="col" { "Head" } th scope="col" { "Labels" }
                            @for (_, summary) in &summaries {
                                th.number scope="col" { (summary.definition.title) (unit(&summary.definition.unit)) }
                            }
                        }
                    }
                    tbody {
                        @for head in &document.heads {
                            tr {
                                th scope="row" { (head.layer) } th scope="row" { (head.head) } td { (head.labels.join(", ")) }
                                @for (metric, _) in &summaries {
                                    td.number { @if let Some(measurement) = head.measurement(**metric) { (cell(measurement)) } }
                                }
                            }
                        }
                    }
                }
            }))
        }
    }
}

fn cell(measurement: &Measurement) -> Markup {
    html! {
        (number_or_dash(measurement.value))
        @if let Some([low, high]) = measurement.interval { " [" (number(low)) ", " (number(high)) "]" }
        br; span.faint { "z " (number_or_dash(measurement.against("untrained").z)) }
    }
}

/// How it was done, and what it does not show.
pub(super) fn method(document: &Document) -> Markup {
    let protocol = &document.protocol;
    let texts = document.texts.iter().filter(|text| text.rows > 0).count();
    html! {
        p {
            "The texts are cut into windows of at most " (protocol.window) " tokens, and the model reads each. For every \
             head and every query with more than " (protocol.lags) " keys, the " (protocol.lags) " nearest probabilities \
             and scores are taken, ordered by lag. Their mean is the lag profile; the mean of their squared Fourier \
             transforms, without padding, is the spectrum. A continuous wavelet transform of either is the \
             scalogram. Frequencies are in cycles per token, and shares of power are sums over both signs of frequency."
        }
        p { "No number stands alone. Each is compared with the same number of five null models:" }
        dl {
            @for Null { name, title, meaning } in &NULLS {
                dt { strong { (name) } ": " (title) }
                dd {
                    (meaning)
                    @if *name == "untrained" { " " (protocol.untrained_seeds) " initialisations." }
                    @if ["shuffled", "dirichlet", "sink"].contains(name) { " " (protocol.draws) " draws." }
                }
            }
        }
        p {
            "z is the distance from the null model's mean in its standard deviations, p the share of draws that lie as far \
             out, two-sided, and q is p adjusted for all heads by the method of Benjamini and Hochberg. With few draws p \
             cannot be small: it is at least one over the number of draws plus one. Intervals are over texts: the middle \
             95 % of a bootstrap; there is none for fewer than three groups of texts."
        }
        h3 { "What this does not show" }
        ul {
            li {
                "Each checkpoint read " (texts) " text" @if texts != 1 { "s" } ". Nothing here is about other \
                 models, sizes or languages."
            }
            li { "Means over queries show what a head does at a lag on average. What it does for one content is lost." }
            li {
                "Only the nearest " (protocol.lags) " lags are seen. Attention beyond them, most of all on the first \
                 token, appears in the sink mass and in the metrics of complete rows."
            }
            li {
                "Spreads, and with them Δx·Δω, grow with the number of lags that is looked at. They can be compared \
                 within this page, and with other numbers only for the same " (protocol.lags) " lags."
            }
            li { "A head that looks like a wavelet, or does not, says nothing about what the head is for." }
            li {
                "That a statement agrees with its bound on the cases tried is evidence for the code. The proof is \
                 what holds for all cases."
            }
        }
        p {
            "All metrics of all heads are in " code { "heads.parquet" } ", all curves and scalograms in "
            code { "analysis.json" } ", beside this page."
        }
    }
}
