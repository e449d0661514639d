#![allow(unsafe_code)]

use candle_core::cuda_backend::CudaDevice;
use candle_core::{DType, Device, Result, Tensor, bail};

use super::program::{Argument, Kernel, Program, address};
use crate::heads::{SinkRule, Window};

const ROWS: Program = Program { name: "rows", source: concat!(include_str!("fourier.cuh"), include_str!("rows.cu")) };
/// Blocks of threads that share the rows of a head; each has sums of its own, which are added in this order.
const PARTS: usize = 8;
/// Queries of one launch: the longest row of a launch says how much memory its blocks take.
const QUERIES: usize = 256;
/// Bytes of the sums of parts that there are at once, if one head does not need more.
const PART_BYTES: usize = 1 << 30;
/// Bytes of shared memory that leave room for two blocks on a multiprocessor, and that there are.
const SHARED: [usize; 2] = [112 << 10, 227 << 10];
/// Threads of the largest block.
const THREADS: usize = 512;

/// Sums over the rows of heads, and over their shuffles, made on a device: what
/// [`Window::add_sums`](crate::heads::Window::add_sums) takes.
///
/// Permutations are those of the processor, and so are the sums but for the order of their terms: everything is in `f64`
/// after the probabilities and scores.
pub(in crate::model) struct RowSums {
    device: CudaDevice,
    dtype: DType,
    lags: usize,
    removed: bool,
    draws: usize,
    heads: usize,
    taper: Option<Tensor>,
    slopes: Option<Tensor>,
    keys: Tensor,
    /// `[pairs, 1 + draws, sums]` and `[pairs, 1 + draws, lags]`.
    sums: Tensor,
    last: Tensor,
}

impl RowSums {
    /// Sums that start at zero, for the windows of texts of so many tokens, text by text and head by head, and rows in the
    /// type and on the device of `like`; none where there is no kernel, or a block of threads cannot hold such rows.
    ///
    /// `slopes` are those of ALiBi, for each head.
    pub(in crate::model) fn new(
        windows: &[&mut Window],
        slopes: Option<&[f64]>,
        heads: usize,
        tokens: usize,
        like: &Tensor,
    ) -> Result<Option<Self>> {
        let (dtype, device) = (like.dtype(), like.device());
        let (Device::Cuda(cuda), Some(window)) = (device, windows.first()) else { return Ok(None) };
        let (plan, draws) = (window.plan(), window.draws());
        let (lags, keys): (_, Vec<_>) = (plan.lags(), windows.iter().map(|window| window.generator_key()).collect());
        let is_covered = matches!(dtype, DType::F32 | DType::F64) && tokens < 1 << 16 && keys.len() < 1 << 16;
        if !is_covered || Together::new(lags, tokens, dtype).is_none() {
            return Ok(None);
        }
        let upload = |values: &[f64]| Tensor::new(values, device);
        let taper = Some(plan.taper_window()).filter(|window| !window.is_empty());
        let shape = (keys.len(), 1 + draws, plan.layout().full.end);
        Ok(Some(Self {
            device: cuda.clone(),
            dtype,
            lags,
            removed: plan.sink() == SinkRule::Removed,
            draws,
            heads,
            taper: taper.map(upload).transpose()?,
            slopes: slopes.map(upload).transpose()?,
            keys: Tensor::from_slice(keys.as_flattened(), (keys.len(), 7), device)?,
            sums: Tensor::zeros(shape, DType::F64, device)?,
            last: Tensor::zeros((keys.len(), 1 + draws, lags), DType::F64, device)?,
        }))
    }

    /// Adds the rows of consecutive queries from `first` on, `[texts, heads, queries, keys]` from key 0 on.
    pub(in crate::model) fn add(&self, first: usize, scores: &Tensor, probabilities: &Tensor) -> Result<()> {
        let (texts, heads, rows, columns) = scores.dims4()?;
        let (pairs, end) = (texts * heads, first + rows);
        if probabilities.dims() != scores.dims() || pairs != self.keys.dim(0)? || heads != self.heads || columns < end {
            bail!("rows of {:?}, sums of {pairs} heads", scores.dims());
        }
        let [scores, probabilities] = [scores, probabilities].map(|x| x.reshape((pairs, rows, columns))?.contiguous());
        let (scores, probabilities) = (scores?, probabilities?);
        // As in rows.cu.
        let width = 3 + 4 * self.lags + self.lags.ilog2() as usize;
        let together = (PART_BYTES / (8 * PARTS * (1 + self.draws) * width)).clamp(1, pairs);
        // A slope belongs to a head, whatever the text.
        let together = if self.slopes.is_some() { together.div_ceil(heads) * heads } else { together };
        for from in (0..pairs).step_by(together) {
            let some = together.min(pairs - from);
            let parts = Tensor::zeros((some, PARTS, 1 + self.draws, width), DType::F64, scores.device())?;
            let part = |tensor: &Tensor| tensor.narrow(0, from, some);
            let pieces = [part(&probabilities)?, part(&scores)?];
            let mut start = first;
            while start < end {
                let is_near = start >= self.lags;
                let stop = if is_near { end } else { end.min(self.lags) }.min(start + QUERIES);
                self.launch(&pieces, [start, stop], first, &part(&self.keys)?, &parts, &part(&self.last)?)?;
                start = stop;
            }
            let to = part(&self.sums)?;
            let arguments = [address(&parts)?, address(&to)?].map(Argument::Address);
            let arguments = [arguments[0], arguments[1], int(PARTS)];
            let grid = [self.sums.dim(2)?.div_ceil(128) as u32, 1 + self.draws as u32, some as u32];
            // SAFETY: a thread adds to one number of `to`, below the number of its sums, those of all parts.
            unsafe { self.kernel("gather", 2)?.launch(grid, 128, 0, &arguments)? };
        }
        Ok(())
    }

    /// Adds the rows of the queries from `start` to `stop`, on one side of the lags.
    fn launch(
        &self,
        [probabilities, scores]: &[Tensor; 2],
        [start, stop]: [usize; 2],
        first: usize,
        keys: &Tensor,
        parts: &Tensor,
        last: &Tensor,
    ) -> Result<()> {
        let (pairs, rows, columns) = scores.dims3()?;
        let Some(together) = Together::new(self.lags, stop, self.dtype) else {
            bail!("rows of {stop} keys are too long")
        };
        let optional = |tensor: &Option<Tensor>| tensor.as_ref().map_or(Ok(0), address).map(Argument::Address);
        let is_near = start >= self.lags;
        let mut arguments = vec![Argument::Address(address(probabilities)?), Argument::Address(address(scores)?)];
        if is_near {
            arguments.extend([optional(&self.slopes)?, optional(&self.taper)?]);
        }
        arguments.extend([address(keys)?, address(parts)?].map(Argument::Address));
        if !is_near {
            arguments.push(Argument::Address(address(last)?));
        }
        arguments.extend([first, rows, columns].map(int));
        if is_near {
            arguments.push(int(self.heads));
        }
        arguments.extend([start, stop, together.stride, self.draws, usize::from(self.removed)].map(int));
        let kernel = self.kernel(if is_near { "near" } else { "complete" }, together.rows)?;
        let grid = [PARTS as u32, pairs as u32, 1];
        // SAFETY: a block reads the rows of one pair, of queries from `start` to `stop`, which are among those from `first` on,
        // and of each the keys up to its query; it writes the sums of its own part, and at most one row of `last`.
        unsafe { kernel.launch(grid, together.threads as u32, together.bytes as u32, &arguments) }
    }

    fn kernel(&self, function: &str, rows: usize) -> Result<Kernel> {
        let item = if self.dtype == DType::F64 { "double" } else { "float" };
        let definitions: [(&str, &dyn std::fmt::Display); 4] =
            [("REAL", &"double"), ("ITEM", &item), ("LAGS", &self.lags), ("ROWS", &rows)];
        ROWS.kernel(&self.device, function, &definitions)
    }

    /// The sums so far, `[pairs][1 + draws][sums]`, and the rows of query `lags - 1`, `[pairs][1 + draws][lags]`, zeros where
    /// there is none.
    pub(in crate::model) fn values(&self) -> Result<(Vec<f64>, Vec<f64>)> {
        Ok((self.sums.flatten_all()?.to_vec1()?, self.last.flatten_all()?.to_vec1()?))
    }
}

/// How many rows a block of threads holds, and what it takes for them: as in rows.cu.
struct Together {
    rows: usize,
    threads: usize,
    stride: usize,
    bytes: usize,
}

impl Together {
    /// For rows of so many keys; none where not even two fit.
    fn new(lags: usize, keys: usize, dtype: DType) -> Option<Self> {
        let of = |rows: usize| {
            let (pairs, of_one) = (rows / 2, lags / 8);
            let threads = (of_one * pairs).max(32);
            let spare = usize::from(of_one * pairs < 32);
            let transforms = ((pairs + spare) * 2 * (lags + lags / 8)).max(rows * threads);
            // Odd, so that the same place of all rows is in different banks.
            let stride = keys.max(lags) | 1;
            let items = rows * stride * 2 * dtype.size_in_bytes();
            Self { rows, threads, stride, bytes: 8 * transforms + 2 * rows * (lags + 8) + items }
        };
        let fits = |limit: usize| {
            move |together: &Self| together.threads <= THREADS && together.bytes + SHARED_BESIDE <= limit
        };
        let sizes = [8, 4, 2];
        SHARED.iter().find_map(|&limit| sizes.into_iter().map(of).find(fits(limit)))
    }
}

/// Bytes of shared memory that a kernel declares itself, at most.
const SHARED_BESIDE: usize = 4 << 10;

fn int(value: usize) -> Argument {
    Argument::Int(value as i32)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::heads::{Place, Plan, Recorder, Taper};
    use crate::numeric::{Real, gamma};

    /// Rows of two heads in two windows.
    struct Case {
        plan: Arc<Plan>,
        tokens: usize,
        draws: usize,
        dtype: DType,
        slopes: Option<[f64; 2]>,
        seed: u64,
    }

    impl Case {
        fn new(lags: usize, sink: SinkRule, tokens: usize, draws: usize, dtype: DType) -> Self {
            let taper = if lags % 3 == 1 { Taper::Hann } else { Taper::None };
            let plan = Arc::new(Plan::new(lags, sink, taper).unwrap());
            Self { plan, tokens, draws, dtype, slopes: None, seed: 7 }
        }

        /// Probabilities and scores, `[4][tokens][tokens]`, numbers of the type itself.
        fn rows(&self) -> [Vec<f64>; 2] {
            let tokens = self.tokens;
            let mut rng = ChaCha8Rng::seed_from_u64(tokens as u64);
            let scores: Vec<f64> =
                (0..4 * tokens * tokens).map(|_| f64::from(rng.random_range(-4.0_f32..4.0))).collect();
            let of_row = |(row, scores): (usize, &[f64])| -> Vec<f64> {
                let query = row % tokens;
                // Some rows are nothing but their sink.
                let alone = query % 13 == 5;
                let sum: f64 = scores[..=query].iter().map(|s| s.exp()).sum();
                let p = |key: usize| match key {
                    0 if alone => 1.0,
                    _ if alone || key > query => 0.0,
                    _ => f64::from((scores[key].exp() / sum) as f32),
                };
                (0..tokens).map(p).collect()
            };
            let probabilities = scores.chunks_exact(tokens).enumerate().flat_map(of_row).collect();
            [probabilities, scores]
        }

        fn recorders(&self) -> Vec<Recorder> {
            Recorder::each(&[2], &self.plan, 2, self.draws, self.seed)
        }

        const PLACES: [Place; 2] = [Place { text: 0, window: 3 }, Place { text: 5, window: 0 }];

        /// What the processor records.
        fn expected(&self) -> Vec<Recorder> {
            let ([probabilities, scores], tokens) = (self.rows(), self.tokens);
            let mut recorders = self.recorders();
            for (pair, (p, s)) in
                probabilities.chunks_exact(tokens * tokens).zip(scores.chunks_exact(tokens * tokens)).enumerate()
            {
                let mut window = recorders[pair % 2].window(Self::PLACES[pair / 2]);
                for (query, (p, s)) in p.chunks_exact(tokens).zip(s.chunks_exact(tokens)).enumerate() {
                    let slope = self.slopes.map_or(0.0, |slopes| slopes[pair % 2]);
                    let biased: Vec<f64> =
                        (0..=query).map(|key| s[key] + slope * (key as f64 - query as f64)).collect();
                    window.row(&p[..=query], &biased);
                }
                recorders[pair % 2].add(window);
            }
            recorders
        }

        /// What the device adds up, in pieces of this many queries.
        fn found(&self, piece: usize) -> Vec<Recorder> {
            let gpu = Device::new_cuda(0).unwrap();
            let tokens = self.tokens;
            let [probabilities, scores] = self.rows().map(|rows| {
                let rows = Tensor::from_vec(rows, (2, 2, tokens, tokens), &Device::Cpu).unwrap();
                rows.to_dtype(self.dtype).unwrap().to_device(&gpu).unwrap()
            });
            let mut recorders = self.recorders();
            let mut windows: Vec<Window> =
                (0..4).map(|pair| recorders[pair % 2].window(Self::PLACES[pair / 2])).collect();
            let borrowed: Vec<&mut Window> = windows.iter_mut().collect();
            let slopes = self.slopes.as_ref().map(<[f64; 2]>::as_slice);
            let sums = RowSums::new(&borrowed, slopes, 2, tokens, &scores).unwrap().expect("it is covered");
            for first in (0..tokens).step_by(piece) {
                let some = piece.min(tokens - first);
                // Of a block, as of attention, the keys after its last query are not there.
                let part = |x: &Tensor| x.narrow(2, first, some).unwrap().narrow(3, 0, first + some).unwrap();
                sums.add(first, &part(&scores), &part(&probabilities)).unwrap();
            }
            let (sums, last) = sums.values().unwrap();
            let parts = sums.chunks_exact(sums.len() / 4).zip(last.chunks_exact(last.len() / 4));
            for ((pair, mut window), (sums, last)) in windows.into_iter().enumerate().zip(parts) {
                window.add_sums(sums, last);
                recorders[pair % 2].add(window);
            }
            recorders
        }

        /// The largest difference of sums of the rows, and of their shuffles, in units of its bound.
        ///
        /// Terms are those of the processor but for the order in which they are added. A sum over the rows of both
        /// windows is off by `γ` of their number and of a row's sum, of the sum of its terms' sizes; squares, of spectra and
        /// of octaves, by that of `log N` stages with 16 roundoffs each, of the energy of all.
        fn worst(&self, found: &[Recorder], expected: &[Recorder]) -> [f64; 2] {
            let layout = self.plan.layout();
            let (rows, lags) = (2.0 * self.tokens as f64, self.plan.lags());
            let stages = 32 * self.plan.octaves() + 2 * self.tokens + lags;
            let relative = gamma(stages, f64::UNIT_ROUNDOFF);
            let largest_score = 4.0 + self.slopes.map_or(0.0, |slopes| slopes[0].abs() * self.tokens as f64);
            let rounded = if self.slopes.is_some() { f32::UNIT_ROUNDOFF } else { 0.0 };
            let mut worst = [0.0_f64; 2];
            for (found, expected) in found.iter().zip(expected) {
                let ([own, shuffled, ..], [own_expected, shuffled_expected, ..]) = (found.sums(), expected.sums());
                for (which, (found, expected)) in
                    [(own, own_expected), (shuffled, shuffled_expected)].into_iter().enumerate()
                {
                    assert_eq!(found.len(), expected.len());
                    let width = layout.width();
                    for (found, expected) in found.chunks_exact(width).zip(expected.chunks_exact(width)) {
                        for (range, size) in [
                            (&layout.rows, 0.0),
                            (&layout.complete, 0.0),
                            (&layout.sink, rows),
                            (&layout.profile, rows),
                            (&layout.scores, rows * largest_score * (1.0 + rounded / relative)),
                            // A row's squares add up to at most 1, and those of its spectrum, too.
                            (&layout.power, rows),
                            (&layout.haar, rows),
                            (&layout.full, rows),
                        ] {
                            for (found, expected) in found[range.clone()].iter().zip(&expected[range.clone()]) {
                                let apart = (found - expected).abs();
                                // Not a number is infinitely far.
                                let share = match relative * size {
                                    _ if apart == 0.0 => 0.0,
                                    bound if apart <= bound => apart / bound,
                                    _ => f64::INFINITY,
                                };
                                worst[which] = worst[which].max(share);
                            }
                        }
                        if self.plan.sink() == SinkRule::Kept {
                            // Rows that are as they were have the same metrics.
                            let same = layout.row_values.start..layout.row_counts.end;
                            assert!(which > 0 || found[same.clone()] == expected[same]);
                        }
                    }
                }
            }
            worst
        }
    }

    #[test]
    fn rows_and_their_shuffles_add_up_as_on_the_processor() {
        for (lags, tokens, draws) in
            [(8, 40, 3), (16, 40, 3), (32, 70, 2), (64, 300, 3), (256, 700, 2), (2048, 2100, 1)]
        {
            for sink in [SinkRule::Kept, SinkRule::Removed] {
                for dtype in [DType::F32, DType::F64] {
                    let mut case = Case::new(lags, sink, tokens, draws, dtype);
                    if lags == 64 && dtype == DType::F32 {
                        case.slopes = Some([0.5, 0.125]);
                    }
                    let expected = case.expected();
                    let worst = case.worst(&case.found(256.max(lags)), &expected);
                    assert!(worst.iter().all(|share| *share <= 1.0), "{lags} {sink:?} {dtype:?}: {worst:?}");
                    // The control: other permutations.
                    case.seed += 1;
                    let worst = case.worst(&case.found(tokens), &expected);
                    assert!(worst[0] <= 1.0 && worst[1] > 1.0, "{lags} {sink:?} {dtype:?}: {worst:?}");
                }
            }
        }
    }

    #[test]
    fn a_word_that_is_drawn_again_is_the_same_on_both_sides() {
        // Of 60 million words about five are among those that 2^32 has too many of.
        let case = Case::new(256, SinkRule::Kept, 1100, 64, DType::F32);
        let worst = case.worst(&case.found(1024), &case.expected());
        assert!(worst.iter().all(|share| *share <= 1.0), "{worst:?}");
    }

    #[test]
    fn rows_that_do_not_fit_are_left_to_the_processor() {
        assert!(Together::new(256, 1024, DType::F32).is_some());
        assert!(Together::new(4096, 8192, DType::F32).is_some());
        assert!(Together::new(256, 16_384, DType::F32).is_none() && Together::new(8192, 8192, DType::F32).is_none());
    }
}
