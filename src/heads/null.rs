use serde::Serialize;

/// One value for each null model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct PerNull<T> {
    /// The same configuration with freshly initialised weights, reading the same texts. Random: the
    /// weights. A draw is one seed; where the heads of a layer are exchangeable, one head of one
    /// seed.
    pub untrained: T,
    /// The head's own rows, the keys of each row permuted uniformly. Random: the permutations. A
    /// draw permutes every row anew.
    pub shuffled: T,
    /// Rows drawn from the flat Dirichlet distribution, of the lengths of the recorded rows; their
    /// scores are the logarithms. Random: the rows. A draw is as many rows as were recorded.
    pub dirichlet: T,
    /// Rows `softmax(-slope · lag)` of the recorded lengths, of the one slope, of either sign, that gives the
    /// head's own mean lag. Random: the texts; a draw is the fit to a resample of their groups, and of fewer than
    /// three groups there is one, the fit itself.
    pub alibi: T,
    /// Flat Dirichlet rows of which the head's own mean sink mass goes to key 0: `(1 - s) row + s δ_0`.
    /// Random: the rows.
    pub sink: T,
}

impl<T> PerNull<T> {
    /// The names of the null models, in the order of every table.
    pub const NAMES: [&'static str; 5] = ["untrained", "shuffled", "dirichlet", "alibi", "sink"];

    /// Applies a function to each value.
    pub fn map<U>(&self, f: impl Fn(&T) -> U) -> PerNull<U> {
        PerNull {
            untrained: f(&self.untrained),
            shuffled: f(&self.shuffled),
            dirichlet: f(&self.dirichlet),
            alibi: f(&self.alibi),
            sink: f(&self.sink),
        }
    }

    /// The values, in the order of every table.
    pub fn each_mut(&mut self) -> [&mut T; 5] {
        [&mut self.untrained, &mut self.shuffled, &mut self.dirichlet, &mut self.alibi, &mut self.sink]
    }

    /// Names and values, in the order of every table.
    pub fn each(&self) -> [(&'static str, &T); 5] {
        let values = [&self.untrained, &self.shuffled, &self.dirichlet, &self.alibi, &self.sink];
        std::array::from_fn(|i| (Self::NAMES[i], values[i]))
    }
}
