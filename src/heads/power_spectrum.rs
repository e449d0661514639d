//! Stand-in.
#[derive(Debug, Clone)]
pub(super) struct PowerSpectrum {
    input: Vec<f64>,
    out: Vec<f64>,
    cos: Vec<f64>,
    sin: Vec<f64>,
}
impl PowerSpectrum {
    pub(super) fn new(n: usize) -> Self {
        let t = |k: usize| std::f64::consts::TAU * k as f64 / n as f64;
        Self {
            input: vec![],
            out: vec![0.0; n / 2 + 1],
            cos: (0..n).map(|k| t(k).cos()).collect(),
            sin: (0..n).map(|k| t(k).sin()).collect(),
        }
    }
    pub(super) fn of(&mut self, x: impl Iterator<Item = f64>) -> &[f64] {
        self.input.clear();
        self.input.extend(x);
        let n = self.input.len();
        for (k, o) in self.out.iter_mut().enumerate() {
            let (mut re, mut im) = (0.0, 0.0);
            for (t, x) in self.input.iter().enumerate() {
                re += x * self.cos[k * t % n];
                im += x * self.sin[k * t % n];
            }
            *o = re * re + im * im;
        }
        &self.out
    }
}
