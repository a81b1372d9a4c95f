//! Times blocks by waiting for the device after each, and what the clock can tell apart.

use burn::tensor::Device;

use super::{barrier, median};
use crate::Result;
use crate::models::watch::Watch;
use crate::ops::trace;
use crate::protocol::BlockProfile;

/// Steps of the clock that are looked at.
const STEPS: usize = 8;
/// Readings after which a clock that stands still is left alone.
const READINGS: usize = 100_000;

/// The smallest step of `clock`, in its unit; 0 if it never moves.
pub(super) fn tick(clock: impl Fn() -> f64) -> f64 {
    let mut last = clock();
    let steps = (0..READINGS).map(|_| {
        let now = clock();
        now - std::mem::replace(&mut last, now)
    });
    let smallest = steps.filter(|s| *s > 0.0).take(STEPS).reduce(f64::min);
    smallest.unwrap_or(0.0)
}

/// Collects a block's times over several runs.
pub(super) struct Stopwatch<'a, C> {
    device: &'a Device,
    clock: C,
    last: f64,
    /// The block of the run that ends next.
    at: usize,
    blocks: Vec<(BlockProfile, Vec<f64>)>,
}

impl<'a, C: Fn() -> f64> Stopwatch<'a, C> {
    pub fn new(device: &'a Device, clock: C) -> Self {
        Self {
            device,
            clock,
            last: 0.0,
            at: 0,
            blocks: Vec::new(),
        }
    }

    /// A run begins.
    pub async fn start(&mut self) -> Result<()> {
        barrier(self.device).await?;
        trace::take();
        self.at = 0;
        self.last = (self.clock)();
        Ok(())
    }

    /// The blocks in order, with the medians of their times.
    pub fn blocks(self) -> Vec<BlockProfile> {
        let blocks = self.blocks.into_iter();
        let finish = |(mut block, mut times): (BlockProfile, Vec<f64>)| {
            block.seconds = median(&mut times);
            block
        };
        blocks.map(finish).collect()
    }
}

impl<C: Fn() -> f64> Watch for Stopwatch<'_, C> {
    async fn done(&mut self, name: &str) -> Result<()> {
        let seen = trace::take();
        barrier(self.device).await?;
        let now = (self.clock)();
        if self.at == self.blocks.len() {
            let block = BlockProfile {
                name: name.into(),
                seconds: 0.0,
                flops: seen.flops,
                dispatches: seen.dispatches(),
            };
            self.blocks.push((block, Vec::new()));
        }
        self.blocks[self.at].1.push(now - self.last);
        self.at += 1;
        // What the wait itself took belongs to the block before.
        self.last = (self.clock)();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::tick;

    #[test]
    fn a_clock_is_as_fine_as_its_smallest_step() {
        let readings = Cell::new(0u32);
        let coarse = || {
            readings.set(readings.get() + 1);
            f64::from(readings.get() / 100) * 0.25
        };
        assert_eq!(tick(coarse), 0.25);
        assert_eq!(tick(|| 1.0), 0.0, "one that stands still is left alone");
    }
}
