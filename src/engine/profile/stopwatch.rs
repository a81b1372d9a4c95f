//! Times blocks by waiting for the device after each.

use burn::tensor::Device;

use super::{barrier, median};
use crate::Result;
use crate::models::watch::Watch;
use crate::ops::trace;
use crate::protocol::BlockProfile;

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
