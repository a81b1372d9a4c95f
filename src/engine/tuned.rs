//! The kernels' tiles on this adapter: remembered ones, or else measured ones.

use std::collections::BTreeMap;

use crate::Result;
use crate::engine::Compute;
use crate::ops::calibrate::{REVISION, calibrate};
use crate::ops::tune::{Tiles, set_tiles};

/// The longest that a calibration may take, in seconds.
const BUDGET: f64 = 1.0;

/// Calibrations of adapters, as hosts keep them: JSON text.
#[derive(Debug, Default)]
pub struct Memory(BTreeMap<String, Tiles>);

impl Memory {
    /// What [`Self::text`] gave; anything else is as good as nothing.
    pub fn parse(text: &str) -> Self {
        Self(serde_json::from_str(text).unwrap_or_default())
    }

    /// To be kept.
    pub fn text(&self) -> String {
        // Numbers and strings always have a text.
        serde_json::to_string(&self.0).unwrap_or_default()
    }

    /// Puts the tiles of the device's adapter in use, which are measured, in at most a second by the
    /// clock `now` (in seconds), unless they are remembered; true when there is something new to
    /// keep. On the CPU there is nothing to do. Fails as [`calibrate`] does.
    pub async fn tune(&mut self, compute: &Compute, now: impl Fn() -> f64) -> Result<bool> {
        if !compute.report.gpu {
            return Ok(false);
        }
        let key = format!("{} / {REVISION}", compute.report.name);
        if let Some(tiles) = self.0.get(&key) {
            set_tiles(*tiles);
            return Ok(false);
        }
        let tiles = calibrate(&compute.device, now, BUDGET).await?;
        log::info!("kernels of {key}: {tiles:?}");
        self.0.insert(key, tiles);
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn calibrations_come_back() {
        let mut memory = Memory::parse("not JSON");
        assert!(memory.0.is_empty());
        memory.0.insert("an adapter / 1".into(), Tiles::DEFAULT);
        assert_eq!(Memory::parse(&memory.text()).0, memory.0);
    }

    #[test]
    fn the_cpu_is_not_tuned() {
        let compute = Compute::cpu("");
        let mut memory = Memory::default();
        let tuned = memory.tune(&compute, || 0.0);
        assert!(!pollster::block_on(tuned).unwrap());
    }
}
