//! Sums of attention against the elements that they are the sums of.

#![cfg(feature = "model")]

use std::error::Error;
use std::f64::consts::TAU;

use ropelet::model::{
    Block, Checkpoint, Decoder, Device, HeadSums, Precision, Reduced, Reduction, Select, Sink, Site, Tap,
};
use ropelet::numeric::gamma;

const LAYER: usize = 3;
const REDUCTION: Reduction = Reduction { first_row: 5, spectrum: Some(16) };

/// Text, head, query, scores, probabilities.
type Row = (usize, usize, usize, Vec<f64>, Vec<f64>);

/// The sums as the decoder gives them, and every element of scores and probabilities beside them.
#[derive(Default)]
struct Both {
    reduced: Vec<Reduced>,
    scores: Vec<f64>,
    /// By query, from the blocks themselves.
    rows: Vec<Row>,
}

impl Sink for Both {
    fn want(&self, site: Site) -> Option<Select> {
        (site.layer == Some(LAYER) && matches!(site.tap, Tap::Scores | Tap::Attention)).then(Select::all)
    }

    fn put(&mut self, block: &Block<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        let values = block.to_vec::<f64>()?;
        if block.site.tap == Tap::Scores {
            self.scores = values;
            return Ok(());
        }
        for ((text, head, p), (_, _, s)) in block.planes(&values).zip(block.planes(&self.scores)) {
            let rows = p.chunks_exact(block.columns).zip(s.chunks_exact(block.columns));
            for (query, (p, s)) in block.rows.clone().zip(rows) {
                self.rows.push((text, head, query, s[..=query].to_vec(), p[..=query].to_vec()));
            }
        }
        Ok(())
    }

    fn reduce(&self, layer: usize) -> Option<Reduction> {
        (layer == LAYER).then_some(REDUCTION)
    }

    fn put_reduced(&mut self, reduced: Reduced) -> Result<(), Box<dyn Error + Send + Sync>> {
        self.reduced.push(reduced);
        Ok(())
    }
}

/// The definitions, with a transform by its sum.
fn by_definition(rows: &[Row], text: usize, head: usize, tokens: usize) -> HeadSums {
    let lags = REDUCTION.spectrum.unwrap();
    let mut sums = HeadSums {
        text,
        head,
        probability: vec![0.0; tokens],
        score: vec![0.0; tokens],
        score_square: vec![0.0; tokens],
        entropy: 0.0,
        sink: 0.0,
        power: vec![0.0; lags / 2 + 1],
    };
    for (_, _, query, s, p) in rows.iter().filter(|row| (row.0, row.1) == (text, head) && row.2 >= REDUCTION.first_row)
    {
        for lag in 0..=*query {
            let (s, p) = (s[query - lag], p[query - lag]);
            sums.probability[lag] += p;
            sums.score[lag] += s;
            sums.score_square[lag] += s * s;
            sums.entropy -= p * p.ln();
        }
        sums.sink += p[0];
        if *query < lags - 1 {
            continue;
        }
        for (k, power) in sums.power.iter_mut().enumerate() {
            let turn = |lag: usize| TAU * (k * lag % lags) as f64 / lags as f64;
            let re: f64 = (0..lags).map(|lag| p[query - lag] * turn(lag).cos()).sum();
            let im: f64 = (0..lags).map(|lag| p[query - lag] * turn(lag).sin()).sum();
            *power += (re * re + im * im) / lags as f64;
        }
    }
    sums
}

/// The largest difference in units of its bound.
fn excess(observed: &HeadSums, expected: &HeadSums, score: f64) -> f64 {
    let u = f64::EPSILON / 2.0;
    let pairs = |a: &[f64], b: &[f64], bound: f64| {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).fold(0.0f64, |worst, (a, b)| worst.max((a - b).abs() / bound))
    };
    // At most 150 rows, of at most 150 terms p ln p of at most 1/e, in two orders; a transform of
    // 16 lags of sum at most 1 and its square, each within gamma of a few dozen operations.
    let n = 2.0 * gamma(150, u);
    [
        pairs(&observed.probability, &expected.probability, n * 150.0),
        pairs(&observed.score, &expected.score, n * 150.0 * score),
        pairs(&observed.score_square, &expected.score_square, n * 150.0 * score * score),
        pairs(&[observed.entropy], &[expected.entropy], 2.0 * gamma(150 * 150, u) * 150.0 * 150f64.ln()),
        pairs(&[observed.sink], &[expected.sink], n * 150.0),
        pairs(&observed.power, &expected.power, 2.0 * gamma(150 + 64, u) * 150.0 / 16.0),
    ]
    .into_iter()
    .fold(0.0, f64::max)
}

#[test]
fn sums_are_those_of_the_elements() {
    let checkpoint = Checkpoint::open("tests/data/llama").unwrap();
    let decoder = Decoder::new(&checkpoint, &Device::CPU, Precision::F64).unwrap();
    let text = |seed: u32, length: u32| (0..length).map(|at| (17 * at * at + seed) % 4096).collect::<Vec<u32>>();
    let texts = [text(1, 150), text(2, 40), text(3, 150), text(4, 10)];
    let mut both = Both::default();
    decoder.run(&texts, &mut both).unwrap();
    let score = both.rows.iter().flat_map(|row| &row.3).fold(0.0f64, |most, s| most.max(s.abs()));
    let mut seen = 0;
    for reduced in &both.reduced {
        assert_eq!((reduced.layer, reduced.lags()), (LAYER, 0..reduced.tokens as isize));
        for observed in reduced.sums().unwrap() {
            let expected = by_definition(&both.rows, observed.text, observed.head, reduced.tokens);
            assert!(excess(&observed, &expected, score) <= 1.0, "{} {}", observed.text, observed.head);
            // Controls: another head, and the same sums with one row left out.
            let other = by_definition(&both.rows, observed.text, (observed.head + 1) % 4, reduced.tokens);
            assert!(excess(&observed, &other, score) > 1.0);
            let last = (observed.text, observed.head, reduced.tokens - 1);
            let fewer: Vec<_> = both.rows.iter().filter(|row| (row.0, row.1, row.2) != last).cloned().collect();
            let fewer = by_definition(&fewer, observed.text, observed.head, reduced.tokens);
            assert!(excess(&observed, &fewer, score) > 1.0);
            // Rows sum to one, and each has a lag between 0 and its query.
            let rows = reduced.reduction.rows(reduced.tokens).len() as f64;
            assert!((observed.probability.iter().sum::<f64>() - rows).abs() < 1e-11);
            let (first, second) = observed.lag_moments(reduced.lags());
            assert!(first > 0.0 && second >= first);
            assert_eq!(reduced.pairs(0) as f64, rows);
            assert_eq!(reduced.pairs(reduced.tokens as isize - 1), 1);
            seen += 1;
        }
    }
    assert_eq!(seen, 4 * 4);
}

#[test]
fn spectra_of_other_lengths_are_refused() {
    struct Asking;
    impl Sink for Asking {
        fn want(&self, _: Site) -> Option<Select> {
            None
        }
        fn put(&mut self, _: &Block<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
            Ok(())
        }
        fn reduce(&self, _: usize) -> Option<Reduction> {
            Some(Reduction { first_row: 0, spectrum: Some(48) })
        }
    }
    let checkpoint = Checkpoint::open("tests/data/llama").unwrap();
    let decoder = Decoder::new(&checkpoint, &Device::CPU, Precision::F32).unwrap();
    let error = decoder.run(&[vec![1, 2, 3]], &mut Asking).unwrap_err().to_string();
    assert!(error.contains("48") && error.contains("power of two"), "{error}");
}
