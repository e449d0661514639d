#![allow(unsafe_code)]

use candle_core::cuda_backend::CudaDevice;
use candle_core::{DType, Device, Result, Tensor};

use super::program::{Argument, Kernel, Program, address, unwritten};
use crate::model::reduce::{Reduction, lags};
use crate::model::spec::{AttentionSpec, Mask, Position};

const ATTENTION: Program =
    Program { name: "attention", source: concat!(include_str!("tile.cuh"), include_str!("attention.cu")) };
const ATTENTION_SINGLE: Program = Program {
    name: "attention_single",
    source: concat!(include_str!("tile.cuh"), include_str!("attention_single.cu")),
};
const DIAGONALS: Program =
    Program { name: "diagonals", source: concat!(include_str!("tile.cuh"), include_str!("diagonals.cu")) };
const SPECTRUM: Program =
    Program { name: "spectrum", source: concat!(include_str!("fourier.cuh"), include_str!("spectrum.cu")) };

/// Queries, and keys, of a tile of `diagonals.cu`.
const TILE: usize = 128;
/// Rows that one block of `spectrum.cu` adds.
const SPECTRUM_ROWS: usize = 64;
/// Bytes of probabilities by lag that are kept for their spectra at once, if one head does not need more.
const SPECTRUM_BYTES: usize = 512 << 20;

/// Attention without scores or probabilities in memory.
pub(in crate::model) struct Attended<'a> {
    query: Aligned,
    key: Aligned,
    spec: &'a AttentionSpec,
    device: CudaDevice,
    /// The slope of each head of ALiBi.
    slopes: Option<Tensor>,
    /// The logarithm to base 2 of each row's sum of exponentials, `[texts, heads, tokens]`.
    log_sums: Tensor,
    /// Probabilities times values, `[texts, tokens, heads, head_dim]` in the type of the queries.
    pub(in crate::model) mixed: Tensor,
}

/// Sums by lag, by row, and of power spectra, in `f64`: the tensors of [`Reduced`](crate::model::Reduced).
pub(in crate::model) struct Sums {
    pub(in crate::model) lags: Tensor,
    pub(in crate::model) rows: Tensor,
    pub(in crate::model) power: Option<Tensor>,
}

/// `[texts, heads, tokens, head_dim]` with whatever strides, of which each 16 bytes can be read at once.
pub(super) struct Aligned {
    pub(super) tensor: Tensor,
    /// Of texts, tokens and heads.
    pub(super) strides: [i32; 3],
}

impl Aligned {
    pub(super) fn new(tensor: &Tensor) -> Result<Self> {
        let piece = if tensor.dtype() == DType::F32 { 1 } else { 8 };
        let stride = tensor.stride();
        let fits = stride[3] == 1
            && stride[..3].iter().chain([&tensor.layout().start_offset()]).all(|offset| offset % piece == 0);
        let tensor = if fits { tensor.clone() } else { tensor.force_contiguous()? };
        let stride = |axis: usize| i32::try_from(tensor.stride()[axis]).map_err(candle_core::Error::wrap);
        let strides = [stride(0)?, stride(2)?, stride(1)?];
        Ok(Self { tensor, strides })
    }

    pub(super) fn address(&self) -> Result<Argument> {
        Ok(Argument::Address(address(&self.tensor)?))
    }

    pub(super) fn strides(&self) -> [Argument; 3] {
        self.strides.map(Argument::Int)
    }
}

impl<'a> Attended<'a> {
    /// Attends with queries `[texts, heads, tokens, head_dim]` and keys and values `[texts, kv_heads,
    /// tokens, head_dim]`, neither scaled, of any strides; none where the kernels do not cover the
    /// type, the device or the head.
    pub(in crate::model) fn new(
        query: &Tensor,
        key: &Tensor,
        value: &Tensor,
        spec: &'a AttentionSpec,
    ) -> Result<Option<Self>> {
        let Device::Cuda(device) = query.device() else { return Ok(None) };
        let (texts, heads, tokens, dim) = query.dims4()?;
        let covered = match query.dtype() {
            DType::BF16 | DType::F16 => dim % 8 == 0 && dim <= 256,
            DType::F32 => dim <= 256,
            _ => false,
        };
        // The second and third side of a grid are at most 65535.
        if !covered || texts > 65_535 || heads > 65_535 || tokens > 1 << 20 {
            return Ok(None);
        }
        let slopes = match &spec.position {
            Position::None | Position::Rotary(_) => None,
            Position::Alibi(slopes) => Some(Tensor::new(slopes.as_slice(), query.device())?.to_dtype(DType::F32)?),
            // No function of the lag.
            Position::RoundedAlibi { .. } => return Ok(None),
        };
        // SAFETY: the kernel writes every element of both.
        let (mixed, log_sums) = unsafe {
            (
                unwritten((texts, tokens, heads, dim), query.dtype(), device)?,
                unwritten((texts, heads, tokens), DType::F32, device)?,
            )
        };
        let value = Aligned::new(value)?;
        let attended = Self {
            query: Aligned::new(query)?,
            key: Aligned::new(key)?,
            spec,
            device: device.clone(),
            slopes,
            log_sums,
            mixed,
        };
        // As in attention.cu and attention_single.cu.
        let single = query.dtype() == DType::F32;
        let (program, rows, threads, shared) = match dim {
            _ if single => (ATTENTION_SINGLE, 64, 256, 4 * (3 * 64 * (dim + 1) + 64 * 65)),
            ..=64 => (ATTENTION, 128, 128, (128 + 4 * 64) * attended.row_bytes()),
            _ => (ATTENTION, 128, 256, (128 + 4 * 64) * attended.row_bytes()),
        };
        let mut arguments = vec![attended.query.address()?, attended.key.address()?, value.address()?];
        arguments
            .extend([Argument::Address(address(&attended.mixed)?), Argument::Address(address(&attended.log_sums)?)]);
        arguments.push(attended.slopes_address()?);
        arguments.extend([attended.query.strides(), attended.key.strides(), value.strides()].concat());
        arguments.extend(attended.shape());
        let kernel = attended.kernel(&program, "attend", false)?;
        let grid = [heads as u32, tokens.div_ceil(rows) as u32, texts as u32];
        // SAFETY: a block writes the outputs of its rows below `tokens`, of its head and its text; rows
        // from `tokens` on are neither read nor written.
        unsafe { kernel.launch(grid, threads, shared as u32, &arguments)? };
        Ok(Some(attended))
    }

    /// The sums over the rows of each text and head.
    pub(in crate::model) fn reduce(&self, reduction: Reduction) -> Result<Sums> {
        let (texts, heads, tokens, _) = self.query.tensor.dims4()?;
        let device = &self.device;
        let lags = lags(self.spec.mask, tokens);
        // Tiles on a walk are cut into at most four parts, of at least four tiles.
        let tiles = tokens.div_ceil(TILE);
        let parts = tiles.div_ceil(4).clamp(1, 4);
        let reach = match self.spec.mask {
            Mask::Window(width) => width.min(tokens),
            Mask::Causal | Mask::Full => tokens,
        };
        let last_walk = (reach - 1).div_ceil(TILE).min(tiles - 1);
        let first_walk = if self.spec.mask == Mask::Full { 1 - tiles as i32 } else { 0 };
        let walks = (last_walk as i32 - first_walk + 1) as usize;

        let spectra = reduction.spectrum.map(|lags| Spectra { lags, rows: reduction.spectrum_rows(tokens), reach });
        let with_rows = spectra.as_ref().filter(|spectra| !spectra.rows.is_empty());
        let group = with_rows.map_or(heads, |spectra| {
            (SPECTRUM_BYTES / (4 * texts * spectra.rows.len() * spectra.lags)).clamp(1, heads)
        });
        // SAFETY: `gather` writes every element of the first two, and `gather_powers` of the third
        // unless there is no row.
        let (by_lag, by_row) = unsafe {
            (
                unwritten((texts, heads, 3, lags.len()), DType::F64, device)?,
                unwritten((texts, heads, 2), DType::F64, device)?,
            )
        };
        let power = match &spectra {
            Some(spectra) => {
                let shape = (texts, heads, spectra.lags / 2 + 1);
                Some(Tensor::zeros(shape, DType::F64, self.query.tensor.device())?)
            }
            None => None,
        };
        let diagonals = self.kernel(&DIAGONALS, "diagonals", with_rows.is_some())?;
        let gather = self.kernel(&DIAGONALS, "gather", with_rows.is_some())?;
        let tiles = if self.single() { 2 * TILE * 33 * 4 } else { 2 * TILE * self.row_bytes() };
        let shared = tiles + TILE * (TILE + 8) * 4 + TILE * 4;
        let score_scale = if self.spec.softcap.is_some() { 1.0 } else { self.spec.scale as f32 };
        for first_head in (0..heads).step_by(group) {
            let group = group.min(heads - first_head);
            let blocks = walks * parts;
            // SAFETY: every block of `diagonals` writes its part of the first two, also where it has
            // no tile; the third is written where `spectrum` reads it.
            let (partial_lags, partial_rows, rows) = unsafe {
                let rows = match with_rows {
                    Some(spectra) => {
                        Some(unwritten((texts, group, spectra.rows.len(), spectra.lags), DType::F32, device)?)
                    }
                    None => None,
                };
                let lags = unwritten((texts, group, blocks, 6 * TILE), DType::F32, device)?;
                (lags, unwritten((texts, group, blocks, 2), DType::F32, device)?, rows)
            };
            let partial = [Argument::Address(address(&partial_lags)?), Argument::Address(address(&partial_rows)?)];
            let mut arguments =
                vec![self.query.address()?, self.key.address()?, Argument::Address(address(&self.log_sums)?)];
            arguments.push(self.slopes_address()?);
            arguments.extend(partial);
            arguments.push(Argument::Address(rows.as_ref().map_or(Ok(0), address)?));
            arguments.extend([self.query.strides(), self.key.strides()].concat());
            arguments.extend(self.shape());
            let (spectrum_row, spectrum_lags) =
                with_rows.map_or((tokens, 0), |spectra| (spectra.rows.start, spectra.lags));
            let first_row = reduction.rows(tokens).start;
            arguments.extend([first_head, first_row].map(int));
            arguments.push(Argument::Int(first_walk));
            arguments.extend([parts, spectrum_row, spectrum_lags].map(int));
            let grid = [group as u32, blocks as u32, texts as u32];
            // SAFETY: a block writes its own place of the partial sums, and of `rows` the lags below
            // `spectrum_lags` of the rows from `spectrum_row` to `tokens`.
            unsafe { diagonals.launch(grid, 256, shared as u32, &arguments)? };

            let mut arguments = partial.to_vec();
            arguments.extend([Argument::Address(address(&by_lag)?), Argument::Address(address(&by_row)?)]);
            arguments.extend(self.reach());
            arguments.push(Argument::Int(lags.start as i32));
            arguments.extend([lags.len(), heads, first_head].map(int));
            arguments.push(Argument::Int(first_walk));
            arguments.extend([walks, parts].map(int));
            arguments.push(Argument::Float(score_scale));
            let grid = [(lags.len() + 1).div_ceil(256) as u32, group as u32, texts as u32];
            // SAFETY: a thread writes one lag of one head, or the sums of its rows, and reads what
            // `diagonals` has written.
            unsafe { gather.launch(grid, 256, 0, &arguments)? };
            if let (Some(spectra), Some(rows), Some(power)) = (with_rows, &rows, &power) {
                spectra.add(device, rows, power, first_head)?;
            }
        }
        Ok(Sums { lags: by_lag, rows: by_row, power })
    }

    fn kernel(&self, program: &Program, function: &str, spectra: bool) -> Result<Kernel> {
        let dim = self.query.tensor.dim(3)?;
        let mut definitions: Vec<(&str, &dyn std::fmt::Display)> = vec![("HEAD_DIM", &dim)];
        let flag = |on: bool| -> &dyn std::fmt::Display { if on { &1 } else { &0 } };
        definitions.extend([
            ("SINGLE", flag(self.single())),
            ("HALF", flag(self.query.tensor.dtype() == DType::F16)),
            ("ALIBI", flag(self.slopes.is_some())),
            ("SOFT_CAP", flag(self.spec.softcap.is_some())),
            ("SPECTRA", flag(spectra)),
        ]);
        program.kernel(&self.device, function, &definitions)
    }

    fn single(&self) -> bool {
        self.query.tensor.dtype() == DType::F32
    }

    /// Bytes of a row of queries, keys or values in shared memory: `HEAD_STRIDE` in tile.cuh.
    fn row_bytes(&self) -> usize {
        2 * (self.spec.head_dim.next_multiple_of(16) + 8)
    }

    fn slopes_address(&self) -> Result<Argument> {
        Ok(Argument::Address(self.slopes.as_ref().map_or(Ok(0), address)?))
    }

    /// The lags that a query sees, from and to.
    fn reach(&self) -> [Argument; 2] {
        // Beyond every lag, and far enough from the ends of the type to be added to.
        const FAR: i32 = 1 << 30;
        let (low, high) = match self.spec.mask {
            Mask::Causal => (0, FAR),
            Mask::Window(width) => (0, i32::try_from(width).unwrap_or(FAR).min(FAR)),
            Mask::Full => (-FAR, FAR),
        };
        [low, high].map(Argument::Int)
    }

    /// What the kernels of queries and keys are told alike: reach, tokens, heads, queries for each key
    /// head, scale and cap.
    fn shape(&self) -> [Argument; 7] {
        let [low, high] = self.reach();
        let AttentionSpec { heads, kv_heads, .. } = *self.spec;
        let tokens = self.log_sums.dims()[2];
        let float = |x: f64| Argument::Float(x as f32);
        let cap = self.spec.softcap.unwrap_or_default();
        [low, high, int(tokens), int(heads), int(heads / kv_heads), float(self.spec.scale), float(cap)]
    }
}

/// Which row spectra.
struct Spectra {
    lags: usize,
    rows: std::ops::Range<usize>,
    /// Lags from this one on have no probability.
    reach: usize,
}

impl Spectra {
    /// Writes the sums for the heads of `rows`, `[texts, heads, rows, lags]`, from `first_head` on.
    fn add(&self, device: &CudaDevice, rows: &Tensor, power: &Tensor, first_head: usize) -> Result<()> {
        let (texts, group, count, lags) = rows.dims4()?;
        // As in spectrum.cu.
        let threads = lags / if lags <= 4096 { 8 } else { 16 };
        let together = if threads >= 256 { 1 } else { (256 / threads).min(SPECTRUM_ROWS / 2) };
        let blocks = count.div_ceil(SPECTRUM_ROWS);
        // SAFETY: every block of `spectrum` writes its own sums.
        let powers = unsafe { unwritten((texts, group, blocks, lags), DType::F32, device)? };
        let definitions: [(&str, &dyn std::fmt::Display); 2] = [("REAL", &"float"), ("LAGS", &lags)];
        let spectrum = SPECTRUM.kernel(device, "spectrum", &definitions)?;
        let gather = SPECTRUM.kernel(device, "gather_powers", &definitions)?;
        let arguments = [
            Argument::Address(address(rows)?),
            Argument::Address(address(&powers)?),
            int(count),
            int(lags.min(self.reach)),
        ];
        let shared = together * 2 * (lags + lags / 8) * 4;
        // SAFETY: a block reads rows below `count` of its series and writes its place of `powers`.
        unsafe {
            let grid = [blocks as u32, (texts * group) as u32, 1];
            spectrum.launch(grid, (threads * together) as u32, shared as u32, &arguments)?;
        }
        let arguments = [
            Argument::Address(address(&powers)?),
            Argument::Address(address(power)?),
            int(blocks),
            int(power.dim(1)?),
            int(first_head),
        ];
        let grid = [(lags / 2 + 1).div_ceil(256) as u32, group as u32, texts as u32];
        // SAFETY: a thread writes one bin of one head, below `lags/2 + 1`, and reads what `spectrum` wrote.
        unsafe { gather.launch(grid, 256, 0, &arguments) }
    }
}

fn int(value: usize) -> Argument {
    Argument::Int(value as i32)
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::encoding::alibi_slopes;
    use crate::model::reduce::{BlockReducer, HeadSums, Reduced};
    use crate::model::softmax::visible_softmax;
    use crate::numeric::gamma;

    /// `2^-24`.
    const U: f64 = 1.0 / (1u64 << 24) as f64;

    /// Exponentials below `2^-126` are zero.
    const FLUSHED: f64 = f32::MIN_POSITIVE as f64;

    /// One attention on random numbers, and what is summed of it.
    #[derive(Debug, Clone)]
    struct Case {
        texts: usize,
        tokens: usize,
        spec: AttentionSpec,
        reduction: Reduction,
        dtype: DType,
        /// Whether heads are the second axis in memory, too.
        heads_first: bool,
        seed: u64,
    }

    impl Case {
        /// A case in which everything is drawn but the number of coordinates.
        fn draw(head_dim: usize, dtype: DType, seed: u64) -> Self {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let kv_heads = rng.random_range(1..4usize);
            let heads = kv_heads * rng.random_range(1..4usize);
            let tokens = rng.random_range(130..420usize);
            let mask = match rng.random_range(0..3u32) {
                0 => Mask::Causal,
                1 => Mask::Window(rng.random_range(2..tokens - 1)),
                _ => Mask::Full,
            };
            let position = if rng.random::<bool>() { Position::Alibi(alibi_slopes(heads)) } else { Position::None };
            let spec = AttentionSpec {
                heads,
                kv_heads,
                head_dim,
                scale: (head_dim as f64).sqrt().recip(),
                softcap: rng.random::<bool>().then_some(3.0),
                mask,
                position,
                clip: None,
                qk_norm: None,
                qkv_bias: false,
                output_bias: false,
            };
            let spectrum = rng.random::<bool>().then(|| 8 << rng.random_range(0..5u32));
            let reduction = Reduction { first_row: rng.random_range(0..100usize), spectrum };
            Self { texts: rng.random_range(1..3usize), tokens, spec, reduction, dtype, heads_first: rng.random(), seed }
        }

        /// Queries, keys and values that the type of the case holds exactly, `[texts, heads, tokens,
        /// head_dim]` in `f64`.
        fn inputs(&self) -> [Tensor; 3] {
            let mut rng = ChaCha8Rng::seed_from_u64(self.seed + 1);
            [self.spec.heads, self.spec.kv_heads, self.spec.kv_heads].map(|heads| {
                let shape = (self.texts, heads, self.tokens, self.spec.head_dim);
                let values: Vec<f64> =
                    (0..shape.0 * shape.1 * shape.2 * shape.3).map(|_| rng.random_range(-3.0..3.0)).collect();
                let exact = Tensor::from_vec(values, shape, &Device::Cpu).unwrap().to_dtype(self.dtype).unwrap();
                exact.to_dtype(DType::F64).unwrap()
            })
        }

        /// What the kernels give: mixed values `[texts, heads, tokens, head_dim]` and the sums.
        fn observed(&self, device: &Device) -> (Vec<f64>, Vec<HeadSums>) {
            let [query, key, value] = self.inputs().map(|x| {
                let x = x.to_dtype(self.dtype).unwrap();
                let x = if self.heads_first { x } else { x.transpose(1, 2).unwrap().contiguous().unwrap() };
                let x = x.to_device(device).unwrap();
                if self.heads_first { x } else { x.transpose(1, 2).unwrap() }
            });
            let attended = Attended::new(&query, &key, &value, &self.spec).unwrap().expect("the kernels cover this");
            let sums = || {
                let Sums { lags, rows, power } = attended.reduce(self.reduction).unwrap();
                self.reduced(lags, rows, power)
            };
            let first = sums();
            assert_eq!(first, sums(), "the same inputs give the same bytes");
            let mixed = attended.mixed.transpose(1, 2).unwrap().to_dtype(DType::F64).unwrap();
            (mixed.flatten_all().unwrap().to_vec1().unwrap(), first)
        }

        fn reduced(&self, lags: Tensor, rows: Tensor, power: Option<Tensor>) -> Vec<HeadSums> {
            let (texts, tokens) = ((0..self.texts).collect(), self.tokens);
            let (reduction, mask) = (self.reduction, self.spec.mask);
            Reduced { layer: 0, texts, tokens, reduction, mask, lags, rows, power }.sums().unwrap()
        }

        /// The same by the CPU in `f64`, and what the bounds need.
        fn expected(&self) -> Expected {
            let Self { texts, tokens, spec, .. } = self;
            let [query, key, value] = self.inputs();
            let shared = spec.heads / spec.kv_heads;
            // Query head h reads key-value head h / shared.
            let repeat = |x: &Tensor| {
                let shape = (*texts, spec.kv_heads, shared, *tokens, spec.head_dim);
                let x = x.unsqueeze(2).unwrap().expand(shape).unwrap().contiguous().unwrap();
                x.reshape((*texts, spec.heads, *tokens, spec.head_dim)).unwrap()
            };
            let (key, value) = (repeat(&key), repeat(&value));
            let product = |q: &Tensor, k: &Tensor| (q.matmul(&k.t().unwrap()).unwrap() * spec.scale).unwrap();
            let mut scores = product(&query, &key);
            if let Some(cap) = spec.softcap {
                scores = ((scores / cap).unwrap().tanh().unwrap() * cap).unwrap();
            }
            let slopes = match &spec.position {
                Position::Alibi(slopes) => Some(slopes.as_slice()),
                _ => None,
            };
            let p = visible_softmax(&scores, 0, spec.mask, slopes).unwrap();
            let numbers: Vec<usize> = (0..*texts).collect();
            let mut reducer = BlockReducer::new(self.reduction, spec.mask, &numbers, spec.heads, *tokens);
            reducer.add(0..spec.heads, 0..*tokens, &scores, &p).unwrap();
            let reduced = reducer.finish(0, &numbers).unwrap();
            let values = |x: Tensor| x.flatten_all().unwrap().to_vec1::<f64>().unwrap();
            let largest = |x: Tensor| values(x).into_iter().fold(0.0, f64::max);
            Expected {
                mixed: values(p.matmul(&value).unwrap()),
                mixed_size: values(p.matmul(&value.abs().unwrap()).unwrap()),
                value: largest(value.abs().unwrap()),
                sums: reduced.sums().unwrap(),
                pairs: reduced.lags().map(|lag| reduced.pairs(lag) as f64).collect(),
                product: largest(product(&query.abs().unwrap(), &key.abs().unwrap())),
                slope: slopes.map_or(0.0, |slopes| slopes.iter().copied().fold(0.0, f64::max)),
            }
        }
    }

    struct Expected {
        mixed: Vec<f64>,
        /// `Σ p |v|`.
        mixed_size: Vec<f64>,
        value: f64,
        sums: Vec<HeadSums>,
        pairs: Vec<f64>,
        /// The largest `scale · Σ |q| |k|`.
        product: f64,
        slope: f64,
    }

    /// The largest error in units of its bound, of mixed values, of sums by lag and row, and of spectra.
    ///
    /// A product of two 11-bit numbers is exact in `f32`. Tensor cores add with truncation to at least
    /// 23 bits, twice the error of rounding, and align the terms of a group first: `γ` with `4u` covers
    /// both, and the products in `f32`. The cap is a handful of operations on numbers below `c`. A
    /// score, biased and in units of `log 2`, is rounded three times, and so is its row's log-sum; `ex2`
    /// and `lg2` are within `2^-22`. So a probability has the relative error
    /// `ε = 2 δz + γ_{L+64} + 2^-20`, with the sum of the row in any order. Sums by lag add at most
    /// `L/32 + 64` numbers in `f32`, of which `γ_{L+300}` is a bound.
    fn excess(case: &Case, observed: &(Vec<f64>, Vec<HeadSums>), expected: &Expected) -> [f64; 3] {
        let (length, dim) = (case.tokens, case.spec.head_dim);
        let cap = case.spec.softcap;
        let score = cap.unwrap_or(expected.product);
        let score_error = gamma(dim + 2, 4.0 * U) * expected.product + cap.unwrap_or(0.0) * 16.0 * U + 4.0 * U * score;
        let biased_error = score_error + 8.0 * U * (score + expected.slope * length as f64);
        let epsilon = 2.0 * biased_error + gamma(length + 64, 2.0 * U) + (-20f64).exp2();
        let adding = gamma(length + 300, U);

        // Probabilities meet the values rounded to the inputs' type, or below its normal numbers
        // to a multiple of 2^-24; the result is rounded once more.
        let (rounding, least) = match case.dtype {
            DType::BF16 => ((-8f64).exp2(), 0.0),
            DType::F16 => ((-11f64).exp2(), (-25f64).exp2()),
            _ => (U, 0.0),
        };
        let relative = rounding + epsilon + gamma(length + 64, 4.0 * U);
        let mut worst = [0.0f64; 3];
        let mut see = |which: usize, observed: f64, expected: f64, bound: f64| {
            let apart = (observed - expected).abs();
            // Not a number is infinitely far.
            let ratio = if apart <= bound { if apart == 0.0 { 0.0 } else { apart / bound } } else { f64::INFINITY };
            worst[which] = worst[which].max(ratio);
        };
        for ((got, want), size) in observed.0.iter().zip(&expected.mixed).zip(&expected.mixed_size) {
            let bound = relative * (1.0 + rounding) * size
                + rounding * want.abs()
                + 2.0 * least * length as f64 * expected.value;
            see(0, *got, *want, bound);
        }
        assert_eq!(observed.1.len(), expected.sums.len());
        for (got, want) in observed.1.iter().zip(&expected.sums) {
            assert_eq!((got.text, got.head), (want.text, want.head));
            for (at, pairs) in expected.pairs.iter().enumerate() {
                see(
                    1,
                    got.probability[at],
                    want.probability[at],
                    (epsilon + adding) * want.probability[at] + pairs * FLUSHED,
                );
                see(1, got.score[at], want.score[at], pairs * (score_error + (adding + 4.0 * U) * score));
                let square = 2.0 * score * score_error + score_error * score_error + (adding + 8.0 * U) * score * score;
                see(1, got.score_square[at], want.score_square[at], pairs * square);
            }
            let rows = case.reduction.rows(length).len() as f64;
            // Of a probability below 2^-126 the part of the entropy is below that times 88.
            let flushed = rows * length as f64 * 88.0 * FLUSHED;
            see(1, got.entropy, want.entropy, 2.0 * epsilon * (want.entropy + rows) + adding * want.entropy + flushed);
            see(1, got.sink, want.sink, (epsilon + adding) * want.sink + rows * FLUSHED);
            // The lags of a row have the mass m, and no bin of its transform is larger. It is off by m ε,
            // and by m η √N from the transform, with η below 16 u for each of its log N stages. Two rows
            // go through one transform, and (m + m')² ≤ 2 (m² + m'²); the sum of m² is N times bin 0.
            let lags = case.reduction.spectrum.unwrap_or(1) as f64;
            let bin = epsilon + 16.0 * U * lags.log2() * lags.sqrt();
            let zero = want.power.first().copied().unwrap_or_default();
            for (got, want) in got.power.iter().zip(&want.power) {
                let near = 2.0 * zero * (2.0 * bin + bin * bin) + rows * FLUSHED;
                see(2, *got, *want, near + adding * want);
            }
        }
        worst
    }

    fn all_within_their_bounds(dtype: DType, dims: &[usize]) {
        let device = Device::new_cuda(0).expect("these tests need a GPU");
        for (number, &dim) in dims.iter().enumerate() {
            let case = Case::draw(dim, dtype, 100 * number as u64 + dim as u64);
            let observed = case.observed(&device);
            let worst = excess(&case, &observed, &case.expected());
            assert!(worst.iter().all(|ratio| *ratio <= 1.0), "{worst:?} of the bounds: {case:?}");
            // Controls: scores a sixteenth too large, and only the later half of the rows.
            let mut other = case.clone();
            other.spec.scale *= 17.0 / 16.0;
            let worst = excess(&other, &observed, &other.expected());
            assert!(worst[0] > 1.0 && worst[1] > 1.0, "{worst:?}: {other:?}");
            let mut other = case.clone();
            let start = case.reduction.first_row.max(case.reduction.spectrum.unwrap_or(1) - 1);
            other.reduction.first_row = (start + case.tokens).div_ceil(2);
            let worst = excess(&other, &observed, &other.expected());
            assert!(worst[1] > 1.0, "{worst:?}: {other:?}");
            assert!(worst[2] > 1.0 || case.reduction.spectrum.is_none(), "{worst:?}: {other:?}");
        }
    }

    #[test]
    fn bf16_is_within_its_bounds_of_f64() {
        all_within_their_bounds(DType::BF16, &[32, 64, 64, 80, 96, 128, 256]);
    }

    #[test]
    fn f16_is_within_its_bounds_of_f64() {
        all_within_their_bounds(DType::F16, &[40, 64, 112, 160, 192]);
    }

    #[test]
    fn f32_is_within_its_bounds_of_f64() {
        all_within_their_bounds(DType::F32, &[50, 64, 128, 256]);
    }

    #[test]
    fn long_texts_and_every_length_of_spectrum() {
        let device = Device::new_cuda(0).expect("these tests need a GPU");
        for (tokens, lags) in [(1, 8), (7, 8), (1030, 512), (1100, 1024), (2100, 2048)] {
            let mut case = Case::draw(64, DType::BF16, 7);
            (case.texts, case.tokens) = (1, tokens);
            (case.spec.heads, case.spec.kv_heads) = (2, 1);
            (case.spec.mask, case.spec.position) = (Mask::Causal, Position::None);
            case.reduction = Reduction { first_row: 0, spectrum: Some(lags) };
            let worst = excess(&case, &case.observed(&device), &case.expected());
            assert!(worst.iter().all(|ratio| *ratio <= 1.0), "{worst:?} of the bounds: {case:?}");
        }
    }
}
