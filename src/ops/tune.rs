//! Shapes of the work of one workgroup and thread on a GPU, and which are in use. What is fastest differs
//! from adapter to adapter, and is measured ([`super::calibrate`]).

use std::sync::{PoisonError, RwLock};

use serde::{Deserialize, Serialize};

/// Threads in a workgroup.
pub(crate) const WORKGROUP: usize = 64;

/// A convolution's work: a thread computes `tc` channels (a multiple of 4) of `tx` pixels in a row;
/// `lanes` threads of a workgroup have pixels of their own, the others more channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct ConvTile {
    /// Channels of a thread.
    pub tc: usize,
    /// Pixels of a thread.
    pub tx: usize,
    /// Threads of a workgroup with pixels of their own; divides 64.
    pub lanes: usize,
}

impl ConvTile {
    /// Channels of a workgroup.
    pub const fn channels(self) -> usize {
        self.tc * WORKGROUP / self.lanes
    }

    /// Workgroups for an output `[batch, channels, size]`.
    pub fn groups(self, batch: usize, channels: usize, size: [usize; 2]) -> usize {
        let tiles = size[0] * size[1].div_ceil(self.tx);
        batch * tiles.div_ceil(self.lanes) * channels.div_ceil(self.channels())
    }
}

/// A linear layer's work: a thread computes `tm` rows by `tn` columns (a multiple of 4); `lanes`
/// threads of a workgroup have rows of their own, the others more columns. `depth` (a multiple of
/// 4) of the sum is staged at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct LinearTile {
    /// Rows of a thread.
    pub tm: usize,
    /// Columns of a thread.
    pub tn: usize,
    /// Threads of a workgroup with rows of their own; divides 64.
    pub lanes: usize,
    /// Terms of the sum staged at once.
    pub depth: usize,
}

impl LinearTile {
    /// Rows of a workgroup.
    pub const fn rows(self) -> usize {
        self.tm * self.lanes
    }

    /// Columns of a workgroup.
    pub const fn columns(self) -> usize {
        self.tn * WORKGROUP / self.lanes
    }

    /// Workgroups for `m` rows and `n` columns.
    pub fn groups(self, m: usize, n: usize) -> usize {
        m.div_ceil(self.rows()) * n.div_ceil(self.columns())
    }
}

/// The tiles in use, for operations with few, some and many results; see [`class`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Tiles {
    /// Of convolutions.
    pub conv: [ConvTile; 3],
    /// Of linear layers.
    pub linear: [LinearTile; 3],
    /// Multiply-additions per second in a convolution with many results.
    pub speed: f64,
}

impl Tiles {
    /// Before anything is measured.
    pub const DEFAULT: Self = Self {
        conv: [
            ConvTile {
                tc: 4,
                tx: 4,
                lanes: 16,
            },
            ConvTile {
                tc: 8,
                tx: 4,
                lanes: 64,
            },
            ConvTile {
                tc: 8,
                tx: 8,
                lanes: 64,
            },
        ],
        linear: [
            LinearTile {
                tm: 4,
                tn: 4,
                lanes: 8,
                depth: 16,
            },
            LinearTile {
                tm: 4,
                tn: 8,
                lanes: 8,
                depth: 16,
            },
            LinearTile {
                tm: 8,
                tn: 8,
                lanes: 8,
                depth: 16,
            },
        ],
        speed: 5e8,
    };
}

static TILES: RwLock<Tiles> = RwLock::new(Tiles::DEFAULT);

/// The tiles in use.
pub fn tiles() -> Tiles {
    *TILES.read().unwrap_or_else(PoisonError::into_inner)
}

/// From now on kernels use these.
pub fn set_tiles(tiles: Tiles) {
    super::gpu::pace::set_speed(tiles.speed);
    *TILES.write().unwrap_or_else(PoisonError::into_inner) = tiles;
}

/// Which of the three classes an operation with so many results is in.
pub const fn class(results: usize) -> usize {
    match results {
        0..32_768 => 0,
        32_768..524_288 => 1,
        _ => 2,
    }
}
