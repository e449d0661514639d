use super::{Dwt, Sample, SignalError};

/// The full tree of wavelet packets of a signal: `WaveletPacket` of PyWavelets.
///
/// Node `a` is the approximation and `d` the detail of its parent, and a node's path says how it came about: `ad` is
/// the detail of the approximation. A set of nodes of which every leaf of the tree has exactly one ancestor (or is
/// one) is a basis, from which the signal comes back ([`PacketTree::synthesise`]). The rounding of a round trip over a
/// level of the tree is that of as many levels of [`Dwt::round_trip`].
///
/// ```
/// use ropelet::signal::{Boundary, Dwt, PacketOrder, PacketTree};
/// use ropelet::wavelet::DiscreteWavelet;
///
/// let dwt = Dwt::<f64>::new(&DiscreteWavelet::named("db2")?, Boundary::Periodic);
/// let signal: Vec<f64> = (0..64).map(|t| (2.1 * f64::from(t)).cos()).collect();
/// let tree = PacketTree::new(dwt, &signal, 3)?;
/// assert_eq!(tree.paths(2, PacketOrder::Frequency), ["aa", "ad", "dd", "da"]);
/// let basis = tree.best_basis();
/// let back = tree.synthesise(&basis.iter().map(String::as_str).collect::<Vec<_>>())?;
/// assert!(signal.iter().zip(back).all(|(x, y)| (x - y).abs() < 1e-13));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct PacketTree<T> {
    dwt: Dwt<T>,
    /// Level by level from the signal itself, each in the order of the paths.
    levels: Vec<Vec<Vec<T>>>,
}

/// How the nodes of one level are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PacketOrder {
    /// As their paths are in the alphabet: `aa ad da dd`.
    Natural,
    /// By the frequencies that they hold, `aa ad dd da`: a detail is mirrored in frequency, so that this is the order
    /// of Gray's code.
    Frequency,
}

impl<T: Sample> PacketTree<T> {
    /// The tree of this many levels below the signal.
    ///
    /// # Errors
    /// [`SignalError::Empty`]; [`SignalError::Packet`] for more than 24 levels.
    pub fn new(dwt: Dwt<T>, signal: &[T], levels: usize) -> Result<Self, SignalError> {
        if signal.is_empty() {
            return Err(SignalError::Empty);
        }
        if levels > 24 {
            return Err(SignalError::Packet { path: "a".repeat(levels), reason: "a tree has at most 24 levels" });
        }
        let mut all = vec![vec![signal.to_vec()]];
        for level in 0..levels {
            let next = all[level].iter().flat_map(|node| dwt.split(node)).collect();
            all.push(next);
        }
        Ok(Self { dwt, levels: all })
    }

    /// Levels below the signal.
    pub fn levels(&self) -> usize {
        self.levels.len() - 1
    }

    /// The coefficients at this path; the empty one is the signal.
    ///
    /// # Errors
    /// [`SignalError::Packet`] for a path of other letters than `a` and `d`, or longer than the tree is deep.
    pub fn node(&self, path: &str) -> Result<&[T], SignalError> {
        let (level, place) = self.place(path)?;
        Ok(&self.levels[level][place])
    }

    /// The paths of one level.
    ///
    /// # Panics
    /// When the tree has no such level.
    pub fn paths(&self, level: usize, order: PacketOrder) -> Vec<String> {
        assert!(level <= self.levels(), "the tree has {} levels", self.levels());
        let place = |rank: usize| match order {
            PacketOrder::Natural => rank,
            PacketOrder::Frequency => rank ^ (rank >> 1),
        };
        (0..1 << level).map(|rank| path(level, place(rank))).collect()
    }

    /// The signal from the nodes of a basis, in any order.
    ///
    /// # Errors
    /// [`SignalError::Packet`] where a path is not in the tree, or where one is missing, twice there, or below
    /// another.
    pub fn synthesise(&self, basis: &[&str]) -> Result<Vec<T>, SignalError> {
        let mut chosen: Vec<Vec<bool>> = self.levels.iter().map(|level| vec![false; level.len()]).collect();
        for path in basis {
            let (level, place) = self.place(path)?;
            if std::mem::replace(&mut chosen[level][place], true) {
                return Err(SignalError::Packet { path: (*path).to_owned(), reason: "is there twice" });
            }
            let above = (0..level).find(|&above| chosen[above][place >> (level - above)]);
            let below = (level + 1..=self.levels()).any(|below| {
                let width = below - level;
                chosen[below][place << width..(place + 1) << width].contains(&true)
            });
            if above.is_some() || below {
                return Err(SignalError::Packet { path: (*path).to_owned(), reason: "overlaps another of the basis" });
            }
        }
        self.joined(&chosen, 0, 0)
    }

    fn joined(&self, chosen: &[Vec<bool>], level: usize, place: usize) -> Result<Vec<T>, SignalError> {
        if chosen[level][place] {
            return Ok(self.levels[level][place].clone());
        }
        if level == self.levels() {
            return Err(SignalError::Packet { path: path(level, place), reason: "is missing from the basis" });
        }
        let [approximation, detail] = [0, 1].map(|last| self.joined(chosen, level + 1, 2 * place + last));
        Ok(self.dwt.joined(&approximation?, &detail?, self.levels[level][place].len()))
    }

    /// The basis of least entropy `-Σ p ln p`, `p = |c|²/‖x‖²`, from the root on in natural order \[coifman1992\].
    ///
    /// Entropy is additive, so that from the leaves upwards a node is kept where its own is no more than what its two
    /// children come to.
    pub fn best_basis(&self) -> Vec<String> {
        let energy: f64 = self.levels[0][0].iter().map(|x| x.wide().powi(2)).sum();
        let entropy = |node: &[T]| -> f64 {
            let term = |x: &T| {
                let p = x.wide().powi(2) / energy.max(f64::MIN_POSITIVE);
                if p > 0.0 { -p * p.ln() } else { 0.0 }
            };
            node.iter().map(term).sum()
        };
        let last = self.levels();
        let mut best: Vec<(f64, Vec<String>)> = Vec::new();
        for level in (0..=last).rev() {
            let mut below = std::mem::take(&mut best).into_iter();
            for (place, node) in self.levels[level].iter().enumerate() {
                let own = entropy(node);
                let children = below.next().zip(below.next());
                best.push(match children {
                    Some(((a, left), (d, right))) if a + d < own => (a + d, [left, right].concat()),
                    _ => (own, vec![path(level, place)]),
                });
            }
        }
        best.swap_remove(0).1
    }

    fn place(&self, path: &str) -> Result<(usize, usize), SignalError> {
        let wrong = |reason| SignalError::Packet { path: path.to_owned(), reason };
        if path.len() > self.levels() {
            return Err(wrong("is deeper than the tree"));
        }
        let step = |place: usize, letter| match letter {
            'a' => Ok(2 * place),
            'd' => Ok(2 * place + 1),
            _ => Err(wrong("has other letters than a and d")),
        };
        Ok((path.len(), path.chars().try_fold(0, step)?))
    }
}

fn path(level: usize, place: usize) -> String {
    (0..level).rev().map(|bit| if place >> bit & 1 == 1 { 'd' } else { 'a' }).collect()
}
