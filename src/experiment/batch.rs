use std::ops::Range;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The windows of a text in the order in which training reads them, as a function of seed and step
/// alone: there is no state to save.
///
/// An epoch cuts the text into windows that follow one another, from an offset of its own below the
/// length of a window, and reads each once, in an order of its own; both are drawn from the seed and the
/// epoch's number. A step takes the next `batch` windows. Runs of one seed read the same windows in the
/// same order, whatever their encoding.
#[derive(Debug)]
pub(super) struct Windows {
    tokens: usize,
    length: usize,
    batch: usize,
    seed: u64,
    /// The epoch that was drawn last.
    epoch: Option<Epoch>,
}

#[derive(Debug)]
struct Epoch {
    number: u64,
    offset: usize,
    order: Vec<u32>,
}

impl Windows {
    /// Windows of a text with at least twice as many tokens as a window.
    pub(super) fn new(tokens: usize, length: usize, batch: usize, seed: u64) -> Self {
        Self { tokens, length, batch, seed, epoch: None }
    }

    /// The windows of a step, from 0; each has a token after it, the last target.
    pub(super) fn of_step(&mut self, step: usize) -> Vec<Range<usize>> {
        (step * self.batch..(step + 1) * self.batch).map(|number| self.window(number)).collect()
    }

    fn window(&mut self, number: usize) -> Range<usize> {
        // The offset is below a length, and there is one token after the last window.
        let per_epoch = (self.tokens - self.length) / self.length;
        let wanted = (number / per_epoch) as u64;
        let epoch = match self.epoch.take() {
            Some(epoch) if epoch.number == wanted => epoch,
            _ => Epoch::draw(self.seed, wanted, self.length, per_epoch),
        };
        let start = epoch.offset + epoch.order[number % per_epoch] as usize * self.length;
        self.epoch = Some(epoch);
        start..start + self.length
    }
}

impl Epoch {
    fn draw(seed: u64, number: u64, length: usize, windows: usize) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(number);
        let mut below = |limit: usize| below(&mut random, limit);
        let offset = below(length);
        let mut order: Vec<u32> = (0..windows as u32).collect();
        for last in (1..windows).rev() {
            order.swap(last, below(last + 1));
        }
        Self { number, offset, order }
    }
}

/// A number below `limit`, each as likely as another up to `limit / 2⁶⁴`.
pub(super) fn below(random: &mut ChaCha8Rng, limit: usize) -> usize {
    ((u128::from(random.next_u64()) * limit as u128) >> 64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_epoch_reads_every_window_once_and_no_token_after_the_text() {
        let mut windows = Windows::new(1000, 10, 9, 3);
        // 99 windows in an epoch, 11 steps.
        let mut starts: Vec<usize> =
            (0..11).flat_map(|step| windows.of_step(step)).map(|window| window.start).collect();
        starts.sort_unstable();
        assert!(starts.windows(2).all(|pair| pair[1] - pair[0] == 10));
        assert!(starts[98] + 10 < 1000);
    }

    #[test]
    fn a_step_is_the_same_whatever_came_before_it() {
        let mut all = Windows::new(5000, 16, 7, 1);
        let in_turn: Vec<_> = (0..120).map(|step| all.of_step(step)).collect();
        for step in [119, 0, 44, 43, 45] {
            assert_eq!(Windows::new(5000, 16, 7, 1).of_step(step), in_turn[step]);
        }
        assert_ne!(Windows::new(5000, 16, 7, 2).of_step(0), in_turn[0]);
    }

    #[test]
    fn the_shortest_text_has_one_window() {
        let mut windows = Windows::new(20, 10, 3, 0);
        for window in windows.of_step(5) {
            assert!(window.end < 20);
        }
    }
}
