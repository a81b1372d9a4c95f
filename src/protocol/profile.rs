//! Where the time goes: what a profile of the loaded model found.

use serde::{Deserialize, Serialize};

/// A profile of all networks of a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Profile {
    /// Side of the square picture, in pixels.
    pub side: u32,
    /// Every time is the median of so many runs.
    pub repeat: u32,
    /// Seconds between two readings of the clock that differ: browsers round to 0.1 ms or more.
    /// Times below it read 0 as often as not.
    pub tick: f64,
    /// Text encoder, UNet, encoder, decoder.
    pub networks: Vec<NetworkProfile>,
    /// The device's memory; `None` on the CPU.
    pub memory: Option<MemoryProfile>,
    /// Rate of the best large matrix product on the device, in FLOP/s, when it was measured.
    pub ceiling: Option<f64>,
}

/// One network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NetworkProfile {
    /// "text", "unet", "encode" or "decode".
    pub name: String,
    /// Seconds of the first run, in which kernels are compiled.
    pub first: f64,
    /// Seconds of a run as in use: inputs in, no waiting inside, result back.
    pub seconds: f64,
    /// Multiplications and additions of linear layers, convolutions and attention in a run.
    pub flops: f64,
    /// Kernel launches in a run; 0 on the CPU.
    pub dispatches: u32,
    /// Its blocks, in order. Their times include waiting for the device after each, so that their sum
    /// is more than `seconds`.
    pub blocks: Vec<BlockProfile>,
    /// Which kernel variants ran, and how often in a run.
    pub kernels: Vec<KernelCount>,
}

/// One block of a network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BlockProfile {
    /// Its name, such as "down_blocks.0".
    pub name: String,
    /// Seconds, the wait for the device included.
    pub seconds: f64,
    /// As in [`NetworkProfile::flops`].
    pub flops: f64,
    /// Kernel launches; 0 on the CPU.
    pub dispatches: u32,
}

/// Launches of one kernel variant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelCount {
    /// The variant: operation, tile, precision.
    pub kernel: String,
    /// Launches in a run.
    pub count: u32,
}

/// What the device's pools hold after the profile; pools do not shrink, so `reserved` is the peak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryProfile {
    /// Bytes reserved.
    pub reserved: u64,
    /// Bytes in use: mostly the weights.
    pub in_use: u64,
}
