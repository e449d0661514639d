use maud::{Markup, html};

use super::attention::FirstTokens;
use super::page::{drawing, number, number_or_dash};
use crate::heads::{Analysis, Head, NullSummary, PerNull, Signal};
use crate::plot;
use crate::wavelet::{MotherWavelet, Ricker};

/// By which number heads are called good or bad wavelets: the joint spread in lag and frequency.
const RANK: (Signal, &str) = (Signal::Scores, "uncertainty_product");

/// How many heads are shown from either end.
const SHOWN: usize = 2;

/// The metrics of the page.
const METRICS: [(Signal, &str); 9] = [
    RANK,
    (Signal::Profile, "mean_lag"),
    (Signal::Head, "sink_mass"),
    (Signal::Rows, "dc_fraction"),
    (Signal::Rows, "low_band"),
    (Signal::Rows, "low_band_without_dc"),
    (Signal::Rows, "spectral_entropy_without_dc"),
    (Signal::Rows, "selectivity_without_dc"),
    (Signal::Profile, "octave_slope"),
];

/// The maps of the page: a metric and the null model that it is held against.
const MAPS: [((Signal, &str), &str); 6] = [
    (RANK, "untrained"),
    (RANK, "shuffled"),
    ((Signal::Rows, "low_band"), "dirichlet"),
    ((Signal::Rows, "spectral_entropy_without_dc"), "untrained"),
    ((Signal::Profile, "mean_lag"), "untrained"),
    ((Signal::Head, "sink_mass"), "untrained"),
];

/// What the heads say, in plain words.
pub(super) fn answers(analysis: &Analysis) -> Markup {
    let ricker = Ricker.uncertainty_product();
    let bands = ["low_band", "middle_band", "high_band"].map(|band| analysis.summary(Signal::Rows, band));
    html! {
        div.answer {
            h3 { "Can a row of attention be a wavelet?" }
            p {
                "No. Its entries are not negative and sum to 1, so its mean is not zero and its spectrum is largest at \
                 frequency 0, whatever the head has learned. At most mean-removed scores, or differences of heads, can \
                 be. That is why localisation is measured on the scores below."
            }
        }
        @if let [Some(low), Some(middle), Some(high)] = &bands {
            div.answer {
                h3 { "Do heads divide the spectrum into bands?" }
                p {
                    "Published: 60 to 80 % of the power low, 15 to 25 % middle, 5 to 15 % high. Rows of pure chance have "
                    (percent_of(&low.nulls.dirichlet)) ", " (percent_of(&middle.nulls.dirichlet)) " and "
                    (percent_of(&high.nulls.dirichlet)) ", so such a split by itself is no sign of learning. The median \
                     head here has " (percent(low.median)) ", " (percent(middle.median)) " and " (percent(high.median))
                    "; its untrained counterpart " (percent_of(&low.nulls.untrained)) ", "
                    (percent_of(&middle.nulls.untrained)) " and " (percent_of(&high.nulls.untrained)) "."
                }
            }
        }
        @if let Some(rank) = analysis.summary(RANK.0, RANK.1) {
            div.answer {
                h3 { "Are heads localised in lag and frequency at once?" }
                p {
                    "The median head has Δx·Δω = " (number(rank.median)) " (" (number(rank.lowest)) " to "
                    (number(rank.highest)) "). The Ricker wavelet has " (number(ricker)) ", and no function on the line \
                     less than 1/2. " @if rank.lowest > 2.0 * ricker { "No head comes near. " }
                    "Against untrained heads of the same layer " (beyond(&rank.nulls.untrained))
                    "; against their own rows with the keys shuffled " (beyond(&rank.nulls.shuffled)) "."
                }
            }
        }
    }
}

fn percent(share: f64) -> String {
    format!("{:.0} %", 100.0 * share)
}

fn percent_of(null: &NullSummary) -> String {
    null.mean.map_or_else(|| "–".to_owned(), percent)
}

fn beyond(null: &NullSummary) -> String {
    let NullSummary { below, above, of, .. } = null;
    format!("{below} of {of} lie more than 3 standard deviations below and {above} above")
}

/// What was analysed.
pub(super) fn sources(analysis: &Analysis) -> Markup {
    let checkpoint = &analysis.checkpoint;
    let read = analysis.texts.iter().filter(|text| text.rows > 0);
    let rows = analysis.heads.first().map_or(0, |head| head.rows);
    html! {
        p {
            "Checkpoint " code { (checkpoint.name) } ": family " (checkpoint.family) ", " (checkpoint.layers)
            " layers, " (analysis.heads.len()) " heads, run on " (checkpoint.device) " in " (checkpoint.dtype)
            ". Every mean is over " (rows) " rows of attention in each head, from these texts:"
        }
        div.wide {
            table {
                thead {
                    tr {
                        th scope="col" { "Text" } th.number scope="col" { "Tokens" }
                        th.number scope="col" { "Windows" } th.number scope="col" { "Rows per head" }
                    }
                }
                tbody {
                    @for text in read {
                        tr {
                            td { (text.name) } td.number { (text.tokens) } td.number { (text.windows.len()) }
                            td.number { (text.rows) }
                        }
                    }
                }
            }
        }
    }
}

/// The metrics over all heads, beside their null models.
pub(super) fn summary(analysis: &Analysis) -> Markup {
    html! {
        p {
            "Median over the heads, with the smallest and the largest; then, for each null model, its mean and how many \
             heads lie more than 3 standard deviations below (−) and above (+) it."
        }
        div.wide {
            table {
                thead {
                    tr {
                        th scope="col" { "Metric" } th.number scope="col" { "Median" } th.number scope="col" { "Range" }
                        @for (name, ()) in PerNull::<()>::default().each() {
                            th.number scope="col" { (plot::null_title(name)) }
                        }
                    }
                }
                tbody {
                    @for (summary, definition) in METRICS.iter().filter_map(|(signal, metric)| {
                        Some((analysis.summary(*signal, metric)?, analysis.definition(*signal, metric)?))
                    }) {
                        tr {
                            td { strong { (definition.title) } (unit(definition.unit)) br; span.faint { (definition.meaning) } }
                            td.number { (number(summary.median)) }
                            td.number { (number(summary.lowest)) " to " (number(summary.highest)) }
                            @for (_, null) in summary.nulls.each() {
                                td.number { (number_or_dash(null.mean)) br; span.faint { "−" (null.below) " +" (null.above) } }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn unit(unit: &str) -> String {
    if unit == "1" { String::new() } else { format!(" ({unit}s)") }
}

/// Layer by head, value beside z-score.
pub(super) fn maps(analysis: &Analysis) -> Markup {
    html! {
        p {
            "Left the value, right how many standard deviations of the null model it lies from the null's mean. Colours \
             of the z-scores end at ±10; the numbers go on. A blank cell has no value, or a null model without freedom."
        }
        @for ((signal, metric), null) in MAPS {
            figure.wide-figure {
                (drawing(&plot::head_map(analysis, signal, metric, null)))
                figcaption { (analysis.definition(signal, metric).map_or("", |definition| definition.meaning)) }
            }
        }
    }
}

/// The heads that are localised best and worst by [`RANK`], with the words for it.
pub(super) fn extremes(analysis: &Analysis) -> Vec<(&Head, &'static str)> {
    let ranked = analysis.ranked(RANK.0, RANK.1);
    let best = SHOWN.min(ranked.len());
    let worst = SHOWN.min(ranked.len() - best);
    let smallest = ranked[..best].iter().map(|(head, _)| (*head, "among the smallest: localised best"));
    let largest = ranked[ranked.len() - worst..].iter().rev();
    smallest.chain(largest.map(|(head, _)| (*head, "among the largest: localised worst"))).collect()
}

/// Some heads one by one, in pictures and numbers.
pub(super) fn heads(analysis: &Analysis, shown: &[(&Head, &'static str)], attention: &FirstTokens) -> Markup {
    html! {
        p {
            "Best and worst by the uncertainty product Δx·Δω of the mean scores: the smaller it is, the better a head is \
             localised in lag and frequency at once. Thin lines are the means of the null models. A scalogram is shown \
             as a share of its maximum; between the white lines it hardly depends on what lies beyond the ends. The \
             attention map is that of the first " (attention.size) " tokens of " code { (attention.text) } "."
        }
        @for (head, words) in shown {
            section {
                h3 id={ "layer-" (head.layer) "-head-" (head.head) } {
                    "Layer " (head.layer) ", head " (head.head) ": Δx·Δω = "
                    (number_or_dash(head.measurement(RANK.0, RANK.1).and_then(|m| m.value))) ", " (words)
                }
                div.pictures {
                    @for svg in pictures(analysis, head, attention) { figure { (drawing(&svg)) } }
                }
                (measurements(analysis, head))
            }
        }
    }
}

fn pictures(analysis: &Analysis, head: &Head, attention: &FirstTokens) -> Vec<String> {
    let (layer, number) = (head.layer, head.head);
    vec![
        plot::score_profile(head),
        plot::lag_profile(head),
        plot::spectrum(head),
        plot::attention_map(layer, number, attention.size, &attention.maps[&(layer, number)]),
        plot::lag_scalogram(&analysis.protocol, head),
        plot::spectrum_scalogram(&analysis.protocol, head),
    ]
}

fn measurements(analysis: &Analysis, head: &Head) -> Markup {
    html! {
        div.wide {
            table {
                thead {
                    tr {
                        th scope="col" { "Metric" } th.number scope="col" { "Value" }
                        @for (name, ()) in PerNull::<()>::default().each() {
                            th.number scope="col" { "z, " (plot::null_title(name)) }
                        }
                    }
                }
                tbody {
                    @for (measurement, definition) in METRICS.iter().filter_map(|(signal, metric)| {
                        Some((head.measurement(*signal, metric)?, analysis.definition(*signal, metric)?))
                    }) {
                        tr {
                            td { (definition.title) (unit(measurement.unit)) }
                            td.number { (number_or_dash(measurement.value)) }
                            @for (_, null) in measurement.nulls.each() { td.number { (number_or_dash(null.z)) } }
                        }
                    }
                }
            }
        }
    }
}

/// How it was done, and what it does not show.
pub(super) fn method(analysis: &Analysis) -> Markup {
    let protocol = &analysis.protocol;
    let texts = analysis.texts.iter().filter(|text| text.rows > 0).count();
    html! {
        p {
            "The texts are cut into windows of at most " (protocol.window) " tokens, and the model reads each. For every \
             head and every query with at least " (protocol.lags) " keys, the " (protocol.lags) " nearest probabilities \
             and scores are taken, ordered by lag. Their mean is the lag profile; the mean of their squared Fourier \
             transforms, without taper or padding, is the spectrum. A continuous wavelet transform of either is the \
             scalogram. Frequencies are in cycles per token, and shares of power are sums over both signs of frequency."
        }
        p { "No number stands alone. Each is compared with the same number of four null models:" }
        dl {
            dt { strong { "untrained" } }
            dd {
                "the same configuration with " (protocol.untrained_seeds) " fresh initialisations, reading the same texts: \
                 what the architecture does before it has learned anything;"
            }
            dt { strong { "shuffled" } }
            dd {
                "the head's own rows, the keys of each permuted " (protocol.draws) " times: what its values do without \
                 their order;"
            }
            dt { strong { "Dirichlet" } }
            dd { (protocol.draws) " sets of random rows that sum to 1: what the softmax alone does;" }
            dt { strong { "ALiBi" } }
            dd {
                (protocol.draws) " exponential windows of the lag: what plain locality does. Nothing in it is random, so \
                 its standard deviation is that of the family of windows."
            }
        }
        p {
            "A z-score is the distance from the null model's mean in its standard deviations. It describes, and is not \
             a test: with this many heads, metrics and nulls some large ones come by chance, and the draws are few."
        }
        h3 { "What this does not show" }
        ul {
            li {
                "It is one checkpoint and " (texts) " text" @if texts != 1 { "s" } ". Nothing here is about other \
                 models, sizes or languages."
            }
            li { "Means over queries show what a head does at a lag on average. What it does for one content is lost." }
            li {
                "Only the nearest " (protocol.lags) " lags are seen. Attention beyond them, most of all on the first \
                 token, appears in the sink mass and nowhere else."
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
