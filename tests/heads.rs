//! Head metrics against closed forms on synthetic heads, and the null models against theirs.

use std::sync::Arc;

use proptest::prelude::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use ropelet::heads::{
    Analysis, Comparison, Dirichlet, Head, HeadsError, Identity, Place, Plan, Recorded, Recorder, Settings, Signal,
    SinkRule, Source, Statistics, Taper, Text, analyze,
};
use ropelet::numeric::{Agreement, Bound, Real, gamma};
use ropelet::wavelet::Ricker;
use statrs::function::{
    erf::erf,
    gamma::{gamma_lr, ln_gamma},
};

const LAGS: usize = 64;
const HEAD: Identity = Identity { layer: 2, head: 1, seed: 7 };

type Metric = (Signal, &'static str);
const SINK_MASS: Metric = (Signal::Head, "sink_mass");
const WINDOW_MASS: Metric = (Signal::Head, "window_mass");
const DC_FRACTION: Metric = (Signal::Rows, "dc_fraction");
const LOW_BAND: Metric = (Signal::Rows, "low_band");
const MIDDLE_BAND: Metric = (Signal::Rows, "middle_band");
const HIGH_BAND: Metric = (Signal::Rows, "high_band");
const LOW_BAND_WITHOUT_DC: Metric = (Signal::Rows, "low_band_without_dc");
const MIDDLE_BAND_WITHOUT_DC: Metric = (Signal::Rows, "middle_band_without_dc");
const HIGH_BAND_WITHOUT_DC: Metric = (Signal::Rows, "high_band_without_dc");
const OCTAVE_SLOPE: Metric = (Signal::Profile, "octave_slope");
const SPECTRAL_ENTROPY: Metric = (Signal::Rows, "spectral_entropy");
const SPECTRAL_ENTROPY_WITHOUT_DC: Metric = (Signal::Rows, "spectral_entropy_without_dc");
const SELECTIVITY_WITHOUT_DC: Metric = (Signal::Rows, "selectivity_without_dc");
const MEAN_LAG: Metric = (Signal::Profile, "mean_lag");
const RMS_LAG: Metric = (Signal::Profile, "rms_lag");
const MEDIAN_LAG: Metric = (Signal::Profile, "median_lag");
const NINETY_PERCENT_LAG: Metric = (Signal::Profile, "ninety_percent_lag");
const LAG_SPREAD: Metric = (Signal::Scores, "lag_spread");
const UNCERTAINTY_PRODUCT: Metric = (Signal::Scores, "uncertainty_product");

/// Relative error of sums over rows and lags and of one transform of them.
fn rounding(rows: usize) -> f64 {
    gamma(rows + 8 * LAGS, f64::UNIT_ROUNDOFF)
}

#[track_caller]
fn assert_close(observed: Option<f64>, expected: f64, relative: f64) {
    let observed = observed.expect("the metric has a value");
    let size = expected.abs().max(1.0);
    let agreement = |expected: f64| Agreement::of(observed, expected, Bound::rounding(relative * size));
    assert!(agreement(expected).holds(), "{observed} is not {expected}: {:?}", agreement(expected));
    // The control: an expectation that is off by a ten thousandth.
    assert!(!agreement(expected + 1e-4 * size).holds());
}

fn plan(lags: usize) -> Arc<Plan> {
    Arc::new(Plan::new(lags, SinkRule::Kept, Taper::None).unwrap())
}

/// A head whose rows of `LAGS + 1..=window` keys are the same function of the lag.
fn recorder(window: usize, draws: usize, probability: impl Fn(usize) -> f64, score: impl Fn(usize) -> f64) -> Recorder {
    let rows = (1..=window).map(|keys| {
        let row = |f: &dyn Fn(usize) -> f64| (0..keys).rev().map(f).collect::<Vec<_>>();
        (row(&probability), row(&score))
    });
    of_rows(HEAD, draws, [rows.collect()])
}

/// A head that has seen windows of these rows, one of each text.
fn of_rows<R: AsRef<[f64]>>(head: Identity, draws: usize, windows: impl IntoIterator<Item = Vec<(R, R)>>) -> Recorder {
    with_plan(&plan(LAGS), head, draws, windows)
}

fn with_plan<R: AsRef<[f64]>>(
    plan: &Arc<Plan>,
    head: Identity,
    draws: usize,
    windows: impl IntoIterator<Item = Vec<(R, R)>>,
) -> Recorder {
    let mut recorder = Recorder::new(head, plan, 64, draws);
    for (text, rows) in windows.into_iter().enumerate() {
        let mut window = recorder.window(Place { text, window: 0 });
        rows.iter().for_each(|(probabilities, scores)| window.row(probabilities.as_ref(), scores.as_ref()));
        recorder.add(window);
    }
    recorder
}

fn analysis(
    windows: &[usize],
    draws: usize,
    pool: bool,
    trained: &[Recorder],
    untrained: &[Vec<Recorder>],
) -> Analysis {
    analysis_of(&plan(LAGS), HEAD.seed, windows, draws, pool, trained, untrained)
}

fn analysis_of(
    plan: &Arc<Plan>,
    seed: u64,
    windows: &[usize],
    draws: usize,
    pool: bool,
    trained: &[Recorder],
    untrained: &[Vec<Recorder>],
) -> Analysis {
    let settings =
        Settings { window: 512, plan: Arc::clone(plan), pool_untrained_heads: pool, seed, wavelet: Box::new(Ricker) };
    let texts = windows.iter().map(|&tokens| Text::cut("text".into(), tokens, 512, plan.lags())).collect();
    let checkpoint = Source {
        name: "synthetic".into(),
        family: "none".into(),
        layers: 1,
        heads: vec![1],
        device: "cpu".into(),
        dtype: "f64".into(),
    };
    let mut dirichlet = Dirichlet::new(plan, draws, seed);
    for (text, tokens) in windows.iter().enumerate() {
        dirichlet.window(Place { text, window: 0 }, *tokens);
    }
    analyze(&settings, checkpoint, texts, Recorded { trained, untrained, dirichlet: &dirichlet }).unwrap()
}

fn only_head(recorder: Recorder, windows: &[usize], draws: usize) -> Head {
    analysis(windows, draws, true, &[recorder], &[]).heads.remove(0)
}

fn value(head: &Head, (signal, metric): (Signal, &str)) -> Option<f64> {
    head.measurement(signal, metric).unwrap_or_else(|| panic!("no {signal} {metric}")).value
}

fn octave_share(octave: u32) -> String {
    format!("octave_share_{octave}")
}

#[test]
fn a_head_that_reads_one_lag_has_a_flat_spectrum() {
    let n = LAGS as f64;
    for lag in [0, 1, 5, 63] {
        let head = only_head(recorder(200, 2, |d| f64::from(u8::from(d == lag)), |_| 0.1), &[200], 2);
        let near = rounding(200);
        assert_close(value(&head, DC_FRACTION), 1.0 / n, near);
        assert_close(value(&head, LOW_BAND), 0.25, near);
        assert_close(value(&head, MIDDLE_BAND), 0.5, near);
        assert_close(value(&head, HIGH_BAND), 0.25, near);
        assert_close(value(&head, LOW_BAND_WITHOUT_DC), (n / 4.0 - 1.0) / (n - 1.0), near);
        assert_close(value(&head, MIDDLE_BAND_WITHOUT_DC), n / 2.0 / (n - 1.0), near);
        assert_close(value(&head, HIGH_BAND_WITHOUT_DC), n / 4.0 / (n - 1.0), near);
        assert_close(value(&head, SPECTRAL_ENTROPY), 1.0, near);
        assert_close(value(&head, SPECTRAL_ENTROPY_WITHOUT_DC), 1.0, near);
        assert_close(value(&head, SELECTIVITY_WITHOUT_DC), 2.0 / (n - 3.0), near);
        for metric in [MEAN_LAG, RMS_LAG, MEDIAN_LAG, NINETY_PERCENT_LAG] {
            assert_close(value(&head, metric), lag as f64, near);
        }
        // One detail of each octave sees the impulse: E_j = 2^{-j} at every lag.
        let total = 1.0 - 1.0 / n;
        for octave in 1..=LAGS.ilog2() {
            assert_close(
                value(&head, (Signal::Profile, &octave_share(octave))),
                (-f64::from(octave)).exp2() / total,
                near,
            );
        }
        assert_close(value(&head, OCTAVE_SLOPE), -1.0, near);
        // Scores that are equal have no spread.
        assert_eq!(value(&head, LAG_SPREAD), None);
        assert_eq!(value(&head, UNCERTAINTY_PRODUCT), None);
    }
}

#[test]
fn a_uniform_head_is_all_frequency_zero() {
    let n = LAGS as f64;
    let lengths = LAGS + 1..=300;
    let rows = (1..=300).map(|keys| (vec![1.0 / keys as f64; keys], vec![3.0; keys])).collect();
    let uniform = of_rows(HEAD, 0, [rows]);
    let rows = lengths.clone().count();
    let head = only_head(uniform, &[300], 0);
    let near = rounding(rows);
    let inverse: f64 = lengths.map(|keys| 1.0 / keys as f64).sum::<f64>() / rows as f64;
    assert_close(value(&head, SINK_MASS), inverse, near);
    assert_close(value(&head, WINDOW_MASS), n * inverse, near);
    assert_close(value(&head, DC_FRACTION), 1.0, near);
    assert_close(value(&head, LOW_BAND), 1.0, near);
    assert_close(value(&head, MIDDLE_BAND), 0.0, near);
    assert_close(value(&head, SPECTRAL_ENTROPY), 0.0, near);
    assert_close(value(&head, MEAN_LAG), (n - 1.0) / 2.0, near);
    assert_close(value(&head, RMS_LAG), ((n - 1.0) * (2.0 * n - 1.0) / 6.0).sqrt(), near);
    assert_close(value(&head, MEDIAN_LAG), n / 2.0 - 1.0, near);
    assert_close(value(&head, NINETY_PERCENT_LAG), (0.9 * n).ceil() - 1.0, near);
    // What is left without frequency 0 is rounding, and its shares would be noise.
    for metric in [
        LOW_BAND_WITHOUT_DC,
        SPECTRAL_ENTROPY_WITHOUT_DC,
        SELECTIVITY_WITHOUT_DC,
        (Signal::Profile, &octave_share(1)),
        OCTAVE_SLOPE,
    ] {
        assert_eq!(value(&head, metric), None, "{metric:?}");
    }
}

#[test]
fn an_exponential_head_has_a_lorentzian_spectrum_and_geometric_moments() {
    let (n, r) = (LAGS as f64, 0.9f64);
    let head = only_head(recorder(100, 0, |lag| (1.0 - r) * r.powi(lag as i32), |_| 0.0), &[100], 0);
    let near = rounding(100);
    let geometric = |x: f64| (1.0 - x.powf(n)) / (1.0 - x);
    assert_close(value(&head, WINDOW_MASS), (1.0 - r) * geometric(r), near);
    // Parseval: Σ P = N Σ g².
    let dc = geometric(r).powi(2) / (n * geometric(r * r));
    assert_close(value(&head, DC_FRACTION), dc, near);
    // P(k) = |(1 - r^N)/(1 - r e^{-iω})|², summed over the middle band by hand.
    let power = |k: f64| 1.0 / (1.0 + r * r - 2.0 * r * (std::f64::consts::TAU * k / n).cos());
    let (total, mut middle) = ((0..LAGS).map(|k| power(k as f64)).sum::<f64>(), power(n / 8.0) + power(3.0 * n / 8.0));
    middle += 2.0 * (LAGS / 8 + 1..3 * LAGS / 8).map(|k| power(k as f64)).sum::<f64>();
    assert_close(value(&head, MIDDLE_BAND), middle / total, near);
    assert_close(
        value(&head, SELECTIVITY_WITHOUT_DC),
        {
            let rest: f64 = (2..LAGS / 2).map(|k| 2.0 * power(k as f64)).sum::<f64>() + power(n / 2.0);
            2.0 * power(1.0) / rest
        },
        near,
    );
    let mean = r / (1.0 - r) - n * r.powf(n) / (1.0 - r.powf(n));
    assert_close(value(&head, MEAN_LAG), mean, near);
    // E_j = 2^{-j} (1 - r^h)^4/(1 - r)² Σ_m r^{2m 2^j}, h = 2^{j-1}.
    let energy = |j: u32| {
        let (h, step) = (f64::from(j - 1).exp2(), f64::from(j).exp2());
        (1.0 - r.powf(h)).powi(4) / step / (1.0 - r).powi(2) * (1.0 - r.powf(2.0 * n)) / (1.0 - r.powf(2.0 * step))
    };
    let total: f64 = (1..=LAGS.ilog2()).map(energy).sum();
    for octave in 1..=LAGS.ilog2() {
        assert_close(value(&head, (Signal::Profile, &octave_share(octave))), energy(octave) / total, near);
    }
}

#[test]
fn the_alibi_null_of_an_exponential_head_is_that_head() {
    let r = 0.9f64;
    let rows = (1..=100).map(|keys| {
        let total: f64 = (0..keys).map(|lag| r.powi(lag)).sum();
        let row: Vec<f64> = (0..keys).rev().map(|lag| r.powi(lag) / total).collect();
        let scores = row.iter().map(|p| p.ln()).collect();
        (row, scores)
    });
    let head = only_head(of_rows(HEAD, 2, [rows.collect()]), &[100], 2);
    for measurement in &head.metrics {
        let null = measurement.nulls.alibi;
        // One text has no resamples: there is the fit itself, and it has no freedom.
        assert_eq!((null.draws, null.z, measurement.interval), (1.min(null.draws), None, None));
        match (measurement.value, null.mean) {
            // A share of 1e-6 of the power has a relative error as many times larger.
            (Some(value), Some(mean)) => {
                let agreement = Agreement::of(value, mean, Bound::rounding(1e6 * rounding(100) * mean.abs().max(1.0)));
                assert!(agreement.holds(), "{} {}: {value} {mean}", measurement.signal, measurement.metric);
            }
            (value, mean) => assert_eq!(value, mean, "{} {}", measurement.signal, measurement.metric),
        }
    }
    // The control: another null has other values.
    let null = head.measurement(MEAN_LAG.0, MEAN_LAG.1).unwrap().nulls.dirichlet;
    assert!((null.mean.unwrap() - value(&head, MEAN_LAG).unwrap()).abs() > 10.0);
}

/// A head of which every signal is this curve over so many points: by lag, and by key position where there are
/// no lags. Its single complete row is `N` times the curve, which no metric of it sees.
fn all_signals(points: usize, curve: impl Fn(usize) -> f64) -> Recorder {
    let curve: Vec<f64> = (0..points).map(curve).collect();
    let mut rows: Vec<(Vec<f64>, Vec<f64>)> = (1..points).map(|keys| (vec![0.0; keys], vec![0.0; keys])).collect();
    rows.push((curve.iter().map(|x| x * points as f64).collect(), vec![0.0; points]));
    let by_lag: Vec<f64> = [0.0].into_iter().chain(curve.iter().rev().copied()).collect();
    rows.push((by_lag.clone(), by_lag));
    with_plan(&plan(points), HEAD, 0, [rows])
}

/// Every metric of such a head.
fn metrics_of(head: &Recorder) -> Vec<(Signal, String, Option<f64>)> {
    let values = head.statistics().unwrap().values(head.plan());
    let definitions = Statistics::definitions(head.plan());
    assert_eq!(values.len(), definitions.len());
    definitions.into_iter().zip(values).map(|(d, value)| (d.signal, d.metric.into_owned(), value)).collect()
}

/// Holds the metrics that `closed` knows, of every signal, against it.
#[track_caller]
fn assert_closed(head: &Recorder, truncation: f64, closed: impl Fn(Signal, &str) -> Option<f64>) -> usize {
    let mut checked = 0;
    for (signal, metric, value) in metrics_of(head) {
        if let Some(expected) = closed(signal, &metric) {
            let value = value.unwrap_or_else(|| panic!("{signal} {metric} has no value"));
            let bound = Bound { rounding: 1e3 * rounding(2) * expected.abs().max(1.0), truncation };
            let holds = |expected: f64| Agreement::of(value, expected, bound).holds();
            assert!(holds(expected), "{signal} {metric}: {value} is not {expected}, bound {bound:?}");
            // The control: an expectation that is off by a ten thousandth.
            assert!(!holds(expected + 1e-4 * expected.abs().max(1.0)), "{signal} {metric}: {bound:?}");
            checked += 1;
        }
    }
    checked
}

// Sampled curves with tails that end at 80 scales and spectra that end at e^{-39}, the closed forms being those of
// functions on the line. Sums over whole periods are then exact. A band is an integral by the trapezoidal rule with
// steps h = 2π/N, off by h²/12 times the jump of the slope at its ends; a density of width 1/a has slopes below 0.6 a².
const POINTS: usize = 1024;
const SCALE: f64 = 2.0;
const CENTRE: usize = POINTS / 2;

fn band_truncation() -> f64 {
    (std::f64::consts::TAU / POINTS as f64 * SCALE).powi(2) / 5.0
}

fn offset(lag: usize) -> f64 {
    lag as f64 - CENTRE as f64
}

#[test]
fn a_wavelet_has_the_closed_forms_of_the_registry() {
    let head = all_signals(POINTS, |lag| {
        let u = offset(lag) / SCALE;
        (1.0 - u * u) * (-u * u / 2.0).exp()
    });
    let (pi, a, n) = (std::f64::consts::PI, SCALE, POINTS as f64);
    let below = |edge: f64| gamma_lr(2.5, (pi * a * edge).powi(2));
    let digamma = 0.703_156_640_645_243_2; // ψ(5/2) = 8/3 - γ - 2 ln 2
    // Γ(3)/Γ(5/2), and the variance about it.
    let centre = 2.0 / (0.75 * pi.sqrt());
    let width = (2.5 - centre * centre).sqrt();
    let nats = n.ln() - (2.0 * pi * a).ln() + ln_gamma(2.5) + 2.5 - 2.0 * digamma;
    let checked = assert_closed(&head, band_truncation(), |_, metric| {
        Some(match metric {
            "dc_fraction" => 0.0,
            "low_band" | "low_band_without_dc" => below(0.25),
            "middle_band" | "middle_band_without_dc" => below(0.75) - below(0.25),
            "high_band" | "high_band_without_dc" => below(1.0) - below(0.75),
            "spectral_entropy" => nats / n.ln(),
            "spectral_entropy_without_dc" => nats / (n - 1.0).ln(),
            "lag_spread" => a * (7.0f64 / 6.0).sqrt(),
            "frequency_spread" => 2.5f64.sqrt() / a,
            "uncertainty_product" => (35.0f64 / 12.0).sqrt(),
            "centre_frequency" => centre / (2.0 * pi * a),
            "bandwidth" => width / (2.0 * pi * a),
            "one_sided_frequency_spread" => width / a,
            "one_sided_uncertainty_product" => (7.0f64 / 6.0).sqrt() * width,
            _ => return None,
        })
    });
    assert_eq!(checked, 5 * 4 + 4 * 5 + 4 * 3 + 1 + 5 * 3 + 4);
}

#[test]
fn an_stft_atom_has_the_closed_forms_of_the_registry() {
    // Its power at frequency 0 is e^{-a²ω₀²} = e^{-18} of its largest, and less at the Nyquist frequency.
    let (pi, a, n) = (std::f64::consts::PI, 3.0f64, POINTS as f64);
    let omega = 0.45 * pi;
    let head = all_signals(POINTS, |lag| (-0.5 * (offset(lag) / a).powi(2)).exp() * (omega * offset(lag)).cos());
    let below = |edge: f64| (erf(a * (edge - omega)) + erf(a * (edge + omega))) / 2.0;
    let nats = n.ln() - (2.0 * pi * a).ln() + 0.5 * (4.0 * pi * std::f64::consts::E).ln();
    let checked = assert_closed(&head, 2.25 * band_truncation(), |_, metric| {
        Some(match metric {
            "dc_fraction" => 0.0,
            "low_band" | "low_band_without_dc" => below(pi / 4.0),
            "middle_band" | "middle_band_without_dc" => below(3.0 * pi / 4.0) - below(pi / 4.0),
            "high_band" | "high_band_without_dc" => 1.0 - below(3.0 * pi / 4.0),
            "spectral_entropy" => nats / n.ln(),
            "spectral_entropy_without_dc" => nats / (n - 1.0).ln(),
            "lag_spread" => a / 2f64.sqrt(),
            "frequency_spread" => (omega * omega + 0.5 / (a * a)).sqrt(),
            "uncertainty_product" => (a * a * omega * omega / 2.0 + 0.25).sqrt(),
            "centre_frequency" => omega / (2.0 * pi),
            "bandwidth" => 1.0 / (2.0 * pi * 2f64.sqrt() * a),
            "one_sided_frequency_spread" => 1.0 / (2f64.sqrt() * a),
            "one_sided_uncertainty_product" => 0.5,
            _ => return None,
        })
    });
    assert_eq!(checked, 5 * 4 + 4 * 5 + 4 * 3 + 1 + 5 * 3 + 4);
}

#[test]
fn a_low_pass_kernel_has_the_closed_forms_of_the_registry() {
    let head = all_signals(POINTS, |lag| (-0.5 * (offset(lag) / SCALE).powi(2)).exp());
    let (pi, a, n) = (std::f64::consts::PI, SCALE, POINTS as f64);
    let below = |edge: f64| erf(pi * a * edge);
    let nats = n.ln() - (2.0 * pi * a).ln() + 0.5 * (pi * std::f64::consts::E).ln();
    let checked = assert_closed(&head, band_truncation(), |signal, metric| {
        // A single row is listed by key position, and its lags count from the newest.
        let b = if signal == Signal::Row { n - 1.0 - CENTRE as f64 } else { CENTRE as f64 };
        Some(match metric {
            "dc_fraction" => 2.0 * pi.sqrt() * a / n,
            "low_band" => below(0.25),
            "middle_band" => below(0.75) - below(0.25),
            "high_band" => 1.0 - below(0.75),
            "spectral_entropy" => nats / n.ln(),
            "entropic_slack" => 1.0 - std::f64::consts::LN_2,
            "mean_lag" | "mean_position" | "median_lag" | "median_position" => b,
            "rms_lag" | "rms_position" => (b * b + a * a).sqrt(),
            _ => return None,
        })
    });
    assert_eq!(checked, 4 * 5 + 3 * 3 + 3);
}

#[test]
fn white_noise_has_the_closed_forms_of_the_registry() {
    // A signal at a single point has the flat spectrum that is the expected one of white noise.
    let head = all_signals(LAGS, |lag| f64::from(u8::from(lag == 0)));
    let n = LAGS as f64;
    let width = ((n * n + 2.0) / (12.0 * n * (n - 1.0)) - (n / (4.0 * (n - 1.0))).powi(2)).sqrt();
    let checked = assert_closed(&head, 0.0, |signal, metric| {
        Some(match metric {
            "dc_fraction" => 1.0 / n,
            "low_band" | "high_band" => 0.25,
            "middle_band" => 0.5,
            "low_band_without_dc" => (n / 4.0 - 1.0) / (n - 1.0),
            "middle_band_without_dc" => n / 2.0 / (n - 1.0),
            "high_band_without_dc" => n / 4.0 / (n - 1.0),
            "spectral_entropy" | "spectral_entropy_without_dc" => 1.0,
            "selectivity_without_dc" => 2.0 / (n - 3.0),
            "octave_slope" => -1.0,
            "frequency_spread" => std::f64::consts::PI * ((n * n + 2.0) / (3.0 * n * (n - 1.0))).sqrt(),
            "centre_frequency" => n / (4.0 * (n - 1.0)),
            "bandwidth" => width,
            "one_sided_frequency_spread" => 2.0 * std::f64::consts::PI * width,
            // One point has one Haar detail of each level, and is a comb.
            "entropic_slack" => 0.0,
            _ if metric.starts_with("wavelet_entropy_haar_") => 0.0,
            _ => {
                let octave: i32 = metric.strip_prefix("octave_share_")?.parse().ok()?;
                2f64.powi(-octave) / (1.0 - 1.0 / n)
            }
        })
        .filter(|_| signal != Signal::Head)
    });
    let octaves = LAGS.ilog2() as usize;
    assert_eq!(checked, 5 * (3 + 2 + 1 + 1 + octaves) + 4 * 5 + 5 * 3 + 3 + 4 * (octaves - 1));
}

#[test]
fn a_sink_is_seen_and_does_not_enter_the_profile() {
    let rows = (1..=200).map(|keys| {
        let mut row = vec![0.0; keys];
        row[0] = 0.75;
        row[keys - 1] += 0.25;
        (row, vec![0.0; keys])
    });
    let head = of_rows(HEAD, 0, [rows.collect()]);
    let head = only_head(head, &[200], 0);
    assert_eq!(value(&head, SINK_MASS), Some(0.75));
    assert_eq!(value(&head, WINDOW_MASS), Some(0.25));
    assert_eq!(value(&head, MEAN_LAG), Some(0.0));
}

#[test]
fn the_dirichlet_null_is_the_closed_form_of_white_noise() {
    // E P(0) = N(N+1)/(n(n+1)) and E P(k) = N/(n(n+1)) for n keys, so the shares of the expected
    // power do not depend on n: DC (N+1)/2N, and 5/8, 1/4, 1/8 with frequency 0 in the low band.
    let (n, windows, draws) = (LAGS as f64, [500; 6], 32);
    let head = only_head(recorder(100, draws, |_| 0.01, |_| 0.0), &windows, draws);
    let null = |metric: Metric| head.measurement(metric.0, metric.1).unwrap().nulls.dirichlet;
    let near = |c: Comparison, expected: f64| {
        assert_eq!(c.draws, draws);
        // Five standard errors of the mean; the ratio of means is biased by 1/rows, far less.
        (c.mean.unwrap() - expected).abs() <= 5.0 * c.sd.unwrap() / (draws as f64).sqrt()
    };
    assert!(near(null(DC_FRACTION), (n + 1.0) / (2.0 * n)));
    assert!(near(null(LOW_BAND), 0.625));
    assert!(near(null(MIDDLE_BAND), 0.25));
    assert!(near(null(HIGH_BAND), 0.125));
    assert!(near(null(LOW_BAND_WITHOUT_DC), (n / 4.0 - 1.0) / (n - 1.0)));
    // The mean of so many rows is flat but for 1/sqrt(rows), which costs entropy in the square.
    assert!(null(SPECTRAL_ENTROPY_WITHOUT_DC).mean.unwrap() > 0.999);
    assert!(near(null(MEAN_LAG), (n - 1.0) / 2.0));
    // The control: what a one-sided sum makes of the same noise.
    assert!(!near(null(LOW_BAND), 0.68));
    assert!(!near(null(MIDDLE_BAND), 0.21));
}

#[test]
fn shuffled_keys_lose_the_lag_and_keep_the_weights() {
    let draws = 16;
    let r = 0.5f64;
    let head = only_head(recorder(300, draws, |lag| r.powi(lag as i32 + 1), |lag| -(lag as f64)), &[300], draws);
    let rows = 300 - LAGS;
    // A permuted key lies at any lag with the same probability, 1/keys.
    let expected: f64 =
        (LAGS + 1..=300).map(|keys| (1.0 - r.powi(keys as i32)) / keys as f64).sum::<f64>() / rows as f64;
    let profile = &head.null_curves.shuffled.lag_profile;
    // A row holds Σ w² = 1/3 in squares, so a lag's mean over all rows and draws has at most this sd.
    let sd = (1.0 / 3.0 * (LAGS + 1..=300).map(|keys| 1.0 / keys as f64).sum::<f64>()).sqrt()
        / (rows as f64 * (draws as f64).sqrt());
    assert!(profile.iter().all(|g| (g - expected).abs() < 6.0 * sd), "{expected} ± {sd}: {profile:?}");
    assert!((head.curves.lag_profile[0] - expected).abs() > 6.0 * sd);
    let mean_lag = head.measurement(MEAN_LAG.0, MEAN_LAG.1).unwrap();
    assert!(mean_lag.nulls.shuffled.z.unwrap() < -10.0, "{mean_lag:?}");
}

#[test]
fn permutations_and_dirichlet_rows_vary_as_they_must() {
    let (draws, lengths) = (200, LAGS + 1..=120);
    let rows = lengths.clone().count() as f64;
    let r = 0.8f64;
    let total = |keys: usize| (0..keys).map(|lag| r.powi(lag as i32)).sum::<f64>();
    let head = {
        let row = |keys: usize| (0..keys).rev().map(|lag| r.powi(lag as i32) / total(keys)).collect::<Vec<_>>();
        of_rows(HEAD, draws, [(1..=120).map(|keys| (row(keys), row(keys))).collect()])
    };
    let head = only_head(head, &[120], draws);
    // One weight of n, where they are permuted: mean square Σp²/n, mean 1/n.
    let squares = |keys: usize| (0..keys).map(|lag| r.powi(2 * lag as i32)).sum::<f64>() / total(keys).powi(2);
    let of_row = |f: &dyn Fn(f64, usize) -> f64| {
        (lengths.clone().map(|keys| f(keys as f64, keys)).sum::<f64>() / (rows * rows)).sqrt()
    };
    let permuted = of_row(&|n, keys| squares(keys) / n - 1.0 / (n * n));
    // A weight of the flat Dirichlet distribution is Beta(1, n - 1).
    let drawn = of_row(&|n, _| (n - 1.0) / (n * n * (n + 1.0)));
    for (spread, expected, other) in [
        (&head.null_spreads.shuffled.lag_profile, permuted, drawn),
        (&head.null_spreads.dirichlet.lag_profile, drawn, permuted),
    ] {
        let mean = (spread.iter().map(|sd| sd * sd).sum::<f64>() / LAGS as f64).sqrt();
        // A variance of 200 draws of 64 almost independent lags, five standard errors of half of it.
        let relative = 5.0 * 0.5 * (2.0 / (199.0 * 64.0f64)).sqrt() * 2.0;
        assert!((mean / expected - 1.0).abs() < relative, "{mean} {expected}");
        assert!((mean / other - 1.0).abs() > relative, "the control");
    }
    // Fewer than three texts say nothing about how far a value varies over texts.
    assert!(head.metrics.iter().all(|measurement| measurement.interval.is_none()));
}

#[test]
fn a_head_that_is_a_draw_of_a_null_has_uniform_p_values() {
    let (heads, draws, tokens) = (200, 39, 40);
    let plan = plan(8);
    let mut p = [vec![], vec![]];
    for head in 0..heads {
        // Rows that a generator of its own draws: neither that of the null model nor that of another head.
        let mut generator = ChaCha8Rng::seed_from_u64(1000 + head);
        let mut row = |keys: usize| {
            let weights: Vec<f64> = (0..keys).map(|_| -(1.0 - generator.random::<f64>()).ln()).collect();
            let total: f64 = weights.iter().sum();
            let row: Vec<f64> = weights.iter().map(|weight| weight / total).collect();
            (row, weights)
        };
        let windows = (0..2).map(|_| (1..=tokens).map(&mut row).collect::<Vec<_>>()).collect::<Vec<_>>();
        let recorder = with_plan(&plan, Identity { seed: head, ..HEAD }, draws, windows);
        let own = analysis_of(&plan, head, &[tokens; 2], draws, true, &[recorder], &[]).heads.remove(0);
        let nulls = own.measurement(Signal::Profile, "mean_lag").unwrap().nulls;
        p[0].push(nulls.shuffled.p.unwrap());
        p[1].push(nulls.dirichlet.p.unwrap());
    }
    for p in p {
        // One of 1/40, 2/40, …, 1, each as likely: Pearson's statistic over tenths has 9 degrees of freedom.
        let mut counts = [0.0; 10];
        p.iter().for_each(|p| counts[((p * 40.0).round() as usize - 1) / 4] += 1.0);
        let expected = heads as f64 / 10.0;
        let pearson: f64 = counts.iter().map(|count| (count - expected).powi(2) / expected).sum();
        assert!(pearson < 27.9, "above this once in a thousand: {counts:?}");
    }
}

#[test]
fn a_null_that_leaves_no_freedom_has_no_z() {
    // Equal weights stay where they are, whatever is permuted; the scores do not.
    let rows = || {
        let row = |keys: usize| (vec![1.0 / keys as f64; keys], (0..keys).map(|key| key as f64).collect());
        (1..=LAGS + 1).map(row).collect()
    };
    let head = of_rows(HEAD, 8, (0..20).map(|_| rows()));
    let head = only_head(head, &[LAGS + 1; 20], 8);
    for metric in [WINDOW_MASS, DC_FRACTION] {
        let shuffled = head.measurement(metric.0, metric.1).unwrap().nulls.shuffled;
        assert_eq!((shuffled.z, shuffled.p, shuffled.sd), (None, None, Some(0.0)), "{metric:?}: {shuffled:?}");
        assert!(shuffled.exact && shuffled.draws == 8);
    }
    assert!(head.measurement(LAG_SPREAD.0, LAG_SPREAD.1).unwrap().nulls.shuffled.z.is_some());
    // No untrained run, no comparison with one.
    assert_eq!(head.measurement(MEAN_LAG.0, MEAN_LAG.1).unwrap().nulls.untrained, Comparison::default());
}

#[test]
fn untrained_heads_are_pooled_over_a_layer_only_where_they_are_exchangeable() {
    let head_of = |layer: usize, head: usize, r: f64| {
        let row = |keys: usize| (0..keys).rev().map(|lag| r.powi(lag as i32)).collect::<Vec<_>>();
        let rows = (1..=LAGS + 1).map(|keys| (row(keys), row(keys))).collect();
        of_rows(Identity { layer, head, seed: 0 }, 0, [rows])
    };
    let run = |r: f64| vec![head_of(0, 0, r), head_of(0, 1, r / 2.0), head_of(1, 0, r), head_of(1, 1, r)];
    let untrained = [run(0.9), run(0.8), run(0.7)];
    let pooled = analysis(&[LAGS + 1], 0, true, &run(0.5), &untrained);
    assert_eq!(pooled.heads[0].measurement(MEAN_LAG.0, MEAN_LAG.1).unwrap().nulls.untrained.draws, 6);
    let apart = analysis(&[LAGS + 1], 0, false, &run(0.5), &untrained);
    let null = apart.heads[1].measurement(WINDOW_MASS.0, WINDOW_MASS.1).unwrap().nulls.untrained;
    assert_eq!(null.draws, 3);
    let mass = |r: f64| (1.0 - r.powi(LAGS as i32)) / (1.0 - r);
    assert_close(null.mean, (mass(0.45) + mass(0.4) + mass(0.35)) / 3.0, rounding(1));
}

#[test]
fn a_recorder_refuses_what_has_no_meaning() {
    for lags in [0, 4, 63, 100] {
        assert_eq!(Plan::new(lags, SinkRule::Kept, Taper::None).unwrap_err(), HeadsError::Lags { found: lags });
    }
    let short = of_rows(HEAD, 1, [vec![(vec![0.1; LAGS], vec![0.0; LAGS])]]);
    assert_eq!(short.statistics().unwrap_err(), HeadsError::NoRows { head: HEAD, lags: LAGS });
    let mut head = of_rows(HEAD, 1, [vec![(vec![f64::NAN; LAGS + 1], vec![0.0; LAGS + 1])]]);
    assert_eq!(head.statistics().unwrap_err(), HeadsError::NotFinite { head: HEAD });
    for other in [
        Recorder::new(Identity { head: 0, ..HEAD }, &plan(LAGS), 64, 1),
        Recorder::new(HEAD, &plan(LAGS), 8, 1),
        Recorder::new(HEAD, &plan(LAGS), 64, 2),
        Recorder::new(HEAD, &Arc::new(Plan::new(LAGS, SinkRule::Removed, Taper::None).unwrap()), 64, 1),
    ] {
        assert!(matches!(head.merge(&other), Err(HeadsError::Merge { .. })));
    }
    let [own, shuffled, pairs, probes] = head.sums().map(<[f64]>::to_vec);
    assert!(matches!(head.restore([shuffled, own, pairs, probes]), Err(HeadsError::Sums { .. })));
}

#[test]
fn texts_are_cut_into_windows_and_what_is_too_short_is_left_out() {
    let cut = |tokens| Text::cut(String::new(), tokens, 100, LAGS).windows;
    assert!(cut(64).is_empty());
    assert_eq!(cut(65), [65]);
    assert_eq!(cut(164), [100]);
    assert_eq!(cut(265), [100, 100, 65]);
    assert_eq!(Text::cut(String::new(), 265, 100, LAGS).rows, 36 + 36 + 1);
}

fn softmax(scores: &[f64]) -> Vec<f64> {
    let weights: Vec<f64> = scores.iter().map(|s| s.exp()).collect();
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|w| w / sum).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// A row of probabilities is never a wavelet: its power is largest at frequency 0.
    #[test]
    fn frequency_zero_holds_the_most_power(scores in prop::collection::vec(-20.0..20.0f64, 9..80)) {
        let head = with_plan(&plan(8), HEAD, 0, [vec![(softmax(&scores), scores)]]);
        let own = head.statistics().unwrap();
        let slack = gamma(64, f64::UNIT_ROUNDOFF) * own.spectrum[0];
        prop_assert!(own.spectrum.iter().all(|p| *p <= own.spectrum[0] + slack));
        // The control: the same of a signal with its mean removed.
        let centred: Vec<f64> = own.score_spectrum;
        prop_assert!(centred[0] <= centred[1..].iter().copied().fold(0.0, f64::max));
    }

    #[test]
    fn merging_is_recording_in_sequence(
        rows in prop::collection::vec(prop::collection::vec(-5.0..5.0f64, 9..40), 2..20),
        cut in 0..20usize,
    ) {
        let record = |range: &[Vec<f64>]| {
            let mut head = Recorder::new(HEAD, &plan(8), 3, 3);
            for scores in range {
                let text = rows.iter().position(|other| std::ptr::eq(other, scores)).unwrap();
                let mut window = head.window(Place { text, window: 0 });
                window.row(&softmax(scores), scores);
                head.add(window);
            }
            head
        };
        let cut = cut.min(rows.len());
        let whole = record(&rows);
        let mut merged = record(&rows[..cut]);
        let rest = record(&rows[cut..]);
        // What is saved and restored is what was recorded.
        let mut restored = Recorder::new(HEAD, &plan(8), 3, 3);
        restored.restore(rest.sums().map(<[f64]>::to_vec)).unwrap();
        merged.merge(&restored).unwrap();
        prop_assert_eq!(merged.rows(), whole.rows());
        let width = whole.plan().layout().width();
        for (ours, theirs) in whole.sums().into_iter().zip(merged.sums()) {
            prop_assert_eq!(ours.len(), theirs.len());
            for (one, other) in ours.chunks_exact(width).zip(theirs.chunks_exact(width)) {
                let scores = whole.plan().layout().scores.clone();
                for (at, (x, y)) in one.iter().zip(other).enumerate() {
                    // Sums of numbers that are not negative, in another order; scores are within 5 of 0.
                    let size = if scores.contains(&at) { 5.0 * rows.len() as f64 } else { x.abs() };
                    prop_assert!((x - y).abs() <= gamma(2 * rows.len() + 4, f64::UNIT_ROUNDOFF) * size, "{}", at);
                }
            }
        }
    }
}
