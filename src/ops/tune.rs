//! Shapes of the work of one workgroup and thread on a GPU, and which are in use. What is fastest differs
//! from adapter to adapter, and is measured ([`super::calibrate`]).

use std::fmt::{self, Display, Formatter};
use std::sync::{PoisonError, RwLock};

use serde::{Deserialize, Serialize};

/// Threads in a workgroup, where nothing else is said.
pub(crate) const WORKGROUP: usize = 64;

/// Channels or columns of a workgroup with `each` of them a thread, where `lanes` threads share them.
pub(crate) const fn per_workgroup(each: usize, lanes: usize) -> usize {
    each * WORKGROUP / lanes
}

/// A convolution whose weights are staged in workgroup memory; a workgroup has 64 threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StagedConv {
    /// Channels of a thread, a multiple of 4.
    pub tc: usize,
    /// Pixels of a thread, in a row.
    pub tx: usize,
    /// Threads of a workgroup with pixels of their own, the others having more channels; divides 64.
    pub lanes: usize,
}

/// A convolution whose threads read weights and pixels for themselves, without any barrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DirectConv {
    /// Channels of a thread.
    pub tc: usize,
    /// Columns of pixels of a thread.
    pub tx: usize,
    /// Rows of pixels of a thread.
    pub ty: usize,
    /// Threads of a workgroup.
    pub workgroup: usize,
}

/// A convolution's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ConvTile {
    /// With weights in workgroup memory.
    Staged(StagedConv),
    /// Without workgroup memory.
    Direct(DirectConv),
}

impl ConvTile {
    /// Threads of a workgroup.
    pub const fn workgroup(self) -> usize {
        match self {
            Self::Staged(_) => WORKGROUP,
            Self::Direct(tile) => tile.workgroup,
        }
    }

    /// Workgroups for an output `[batch, channels, size]`.
    pub fn groups(self, batch: usize, channels: usize, size: [usize; 2]) -> usize {
        match self {
            Self::Staged(StagedConv { tc, tx, lanes }) => {
                let tiles = size[0] * size[1].div_ceil(tx);
                batch * tiles.div_ceil(lanes) * channels.div_ceil(per_workgroup(tc, lanes))
            }
            Self::Direct(tile) => {
                let tiles = size[0].div_ceil(tile.ty) * size[1].div_ceil(tile.tx);
                (batch * tiles * channels.div_ceil(tile.tc)).div_ceil(tile.workgroup)
            }
        }
    }
}

impl Display for ConvTile {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Staged(StagedConv { tc, tx, lanes }) => write!(f, "staged {tc}x{tx}/{lanes}"),
            Self::Direct(DirectConv {
                tc,
                tx,
                ty,
                workgroup,
            }) => write!(f, "direct {tc}x{tx}x{ty}/{workgroup}"),
        }
    }
}

/// A linear layer whose weights are staged in workgroup memory; a workgroup has 64 threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct StagedLinear {
    /// Rows of a thread.
    pub tm: usize,
    /// Columns of a thread, a multiple of 4.
    pub tn: usize,
    /// Threads of a workgroup with rows of their own, the others having more columns; divides 64.
    pub lanes: usize,
    /// Terms of the sum staged at once, a multiple of 4.
    pub depth: usize,
}

/// A linear layer whose threads read weights and rows for themselves, without any barrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DirectLinear {
    /// Rows of a thread.
    pub tm: usize,
    /// Columns of a thread, a multiple of 4.
    pub tn: usize,
    /// Threads of a workgroup.
    pub workgroup: usize,
}

/// A linear layer's work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum LinearTile {
    /// With weights in workgroup memory.
    Staged(StagedLinear),
    /// Without workgroup memory.
    Direct(DirectLinear),
}

impl LinearTile {
    /// Threads of a workgroup.
    pub const fn workgroup(self) -> usize {
        match self {
            Self::Staged(_) => WORKGROUP,
            Self::Direct(tile) => tile.workgroup,
        }
    }

    /// Workgroups for `m` rows and `n` columns.
    pub fn groups(self, m: usize, n: usize) -> usize {
        match self {
            Self::Staged(StagedLinear { tm, tn, lanes, .. }) => {
                m.div_ceil(tm * lanes) * n.div_ceil(per_workgroup(tn, lanes))
            }
            Self::Direct(DirectLinear { tm, tn, workgroup }) => {
                (m.div_ceil(tm) * n.div_ceil(tn)).div_ceil(workgroup)
            }
        }
    }
}

impl Display for LinearTile {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Staged(StagedLinear {
                tm,
                tn,
                lanes,
                depth,
            }) => write!(f, "staged {tm}x{tn}/{lanes}x{depth}"),
            Self::Direct(DirectLinear { tm, tn, workgroup }) => {
                write!(f, "direct {tm}x{tn}/{workgroup}")
            }
        }
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

const WIDE: LinearTile = LinearTile::Direct(DirectLinear {
    tm: 8,
    tn: 16,
    workgroup: 32,
});

impl Tiles {
    /// Before anything is measured.
    pub const DEFAULT: Self = Self {
        // Few different ones: each is a kernel to compile.
        conv: [ConvTile::Direct(DirectConv {
            tc: 8,
            tx: 4,
            ty: 4,
            workgroup: 32,
        }); 3],
        linear: [
            LinearTile::Direct(DirectLinear {
                tm: 8,
                tn: 8,
                workgroup: 32,
            }),
            WIDE,
            WIDE,
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
