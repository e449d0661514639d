/// Which piece of which text a window is: the same whatever else is read, and in which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The place of the text in the list of all texts, from 0.
    pub text: usize,
    /// Which window of that text, from 0.
    pub window: usize,
}

impl Place {
    /// The group that its text belongs to.
    pub fn group(self, groups: usize) -> usize {
        self.text % groups
    }

    /// One number for both, by which what is drawn at random for a window is keyed.
    pub(super) fn key(self) -> u64 {
        (self.text as u64) << 32 | self.window as u64
    }
}
