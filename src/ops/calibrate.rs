//! Which tiles are fastest on this adapter, by the clock. Each class of operations has a problem of its
//! size, on which some tiles are tried until the time is up; nothing is guessed from names.

use burn::tensor::{Device, Tensor, TensorData};

use super::tune::{
    ConvTile, DirectConv, DirectLinear, LinearTile, StagedConv, StagedLinear, Tiles, set_tiles,
    tiles,
};
use super::{Conv, Weight, conv2d, linear, take_channels};
use crate::Result;
use crate::pack::Precision;
use crate::pack::matrix::{Encoded, row_bytes};

/// Changes whenever kernels or candidates do: calibrations of other revisions say nothing.
pub const REVISION: u32 = 4;

const fn direct([tc, tx, ty, workgroup]: [usize; 4]) -> ConvTile {
    ConvTile::Direct(DirectConv {
        tc,
        tx,
        ty,
        workgroup,
    })
}

const fn staged([tc, tx, lanes]: [usize; 3]) -> ConvTile {
    ConvTile::Staged(StagedConv { tc, tx, lanes })
}

const fn direct_linear([tm, tn, workgroup]: [usize; 3]) -> LinearTile {
    LinearTile::Direct(DirectLinear { tm, tn, workgroup })
}

const fn staged_linear([tm, tn, lanes, depth]: [usize; 4]) -> LinearTile {
    LinearTile::Staged(StagedLinear {
        tm,
        tn,
        lanes,
        depth,
    })
}

/// Of each class, the likeliest first.
const CONV: [&[ConvTile]; 3] = [
    &[
        direct([8, 4, 4, 32]),
        staged([8, 4, 16]),
        direct([8, 4, 2, 64]),
        staged([4, 4, 4]),
    ],
    &[
        direct([8, 4, 4, 32]),
        staged([8, 8, 64]),
        staged([8, 8, 16]),
        direct([8, 4, 2, 64]),
    ],
    &[
        direct([8, 4, 4, 32]),
        staged([16, 8, 64]),
        staged([8, 8, 64]),
        direct([8, 4, 2, 64]),
    ],
];

/// Of each class, the likeliest first.
const LINEAR: [&[LinearTile]; 3] = [
    &[
        direct_linear([8, 8, 32]),
        staged_linear([4, 4, 8, 16]),
        direct_linear([4, 8, 64]),
        staged_linear([8, 4, 8, 16]),
    ],
    &[
        direct_linear([8, 16, 32]),
        staged_linear([8, 8, 8, 16]),
        direct_linear([8, 8, 64]),
        staged_linear([4, 8, 8, 16]),
    ],
    &[
        direct_linear([8, 16, 32]),
        staged_linear([8, 8, 8, 16]),
        direct_linear([8, 8, 64]),
        staged_linear([8, 8, 16, 16]),
    ],
];

/// Whatever a calibration may choose: each tile of convolutions and of linear layers.
pub fn candidates() -> (Vec<ConvTile>, Vec<LinearTile>) {
    (CONV.concat(), LINEAR.concat())
}

/// The problems: input channels, side, output channels.
const MAPS: [[usize; 3]; 3] = [[128, 8, 256], [32, 64, 32], [8, 128, 32]];
/// Terms of the sum, rows, columns.
const MATRICES: [[usize; 3]; 3] = [[256, 64, 256], [128, 1024, 128], [64, 4096, 128]];

/// A run shorter than this says nothing: the problem is made deeper then.
const SHORT: f64 = 0.002;
/// How much deeper, and how many runs are timed together.
const DEEPER: usize = 32;
const RUNS: usize = 8;

/// Tries tiles for at most about `budget` seconds of the clock `now` (in seconds), puts the
/// fastest in use and returns them. What there was no time for stays as it was. Fails with
/// [`crate::Error::Device`] when the device refuses work.
pub async fn calibrate(device: &Device, now: impl Fn() -> f64, budget: f64) -> Result<Tiles> {
    let before = tiles();
    let trial = Trial {
        device,
        now: &now,
        end: now() + budget,
    };
    let found = trial.all(before).await;
    set_tiles(*found.as_ref().unwrap_or(&before));
    found
}

struct Trial<'a> {
    device: &'a Device,
    now: &'a dyn Fn() -> f64,
    end: f64,
}

impl Trial<'_> {
    async fn all(&self, before: Tiles) -> Result<Tiles> {
        let mut found = before;
        // The large ones matter most.
        for class in [2, 1, 0] {
            let [c_in, side, c_out] = MAPS[class];
            let best = self
                .fastest(CONV[class], c_in, |candidate, depth| {
                    let tiles = Tiles {
                        conv: [candidate; 3],
                        ..found
                    };
                    set_tiles(tiles);
                    Map::new(self.device, depth, side, c_out)
                })
                .await?;
            if let Some((candidate, seconds, depth)) = best {
                found.conv[class] = candidate;
                if class == 2 {
                    let work = 9 * depth * side * side * c_out;
                    found.speed = work as f64 / seconds;
                }
            }
            let [k, m, n] = MATRICES[class];
            let best = self
                .fastest(LINEAR[class], k, |candidate, depth| {
                    let tiles = Tiles {
                        linear: [candidate; 3],
                        ..found
                    };
                    set_tiles(tiles);
                    Matrix::new(self.device, depth, m, n)
                })
                .await?;
            if let Some((candidate, ..)) = best {
                found.linear[class] = candidate;
            }
        }
        Ok(found)
    }

    /// The fastest of `candidates`, its seconds a run, and the depth of the problem that was timed;
    /// `None` when there was no time for two.
    async fn fastest<C: Copy, P: Problem>(
        &self,
        candidates: &[C],
        depth: usize,
        problem: impl Fn(C, usize) -> P,
    ) -> Result<Option<(C, f64, usize)>> {
        let mut depth = depth;
        let mut runs = 1;
        let mut best: Option<(C, f64)> = None;
        for (i, candidate) in candidates.iter().enumerate() {
            if (self.now)() > self.end {
                break;
            }
            // The first run compiles.
            let mut p = problem(*candidate, depth);
            p.wait().await?;
            let mut seconds = self.time(&p, runs).await?;
            if i == 0 && seconds < SHORT {
                depth *= DEEPER;
                runs = RUNS;
                p = problem(*candidate, depth);
                p.wait().await?;
                seconds = self.time(&p, runs).await?;
            }
            if best.is_none_or(|(_, s)| seconds < s) {
                best = Some((*candidate, seconds));
            }
        }
        Ok(best.map(|(c, s)| (c, s, depth)))
    }

    async fn time(&self, p: &impl Problem, runs: usize) -> Result<f64> {
        let begun = (self.now)();
        for _ in 1..runs {
            p.run();
        }
        p.wait().await?;
        Ok(((self.now)() - begun) / runs as f64)
    }
}

/// Something to time.
trait Problem {
    /// Sends it to the device; returns a little of the result.
    fn run(&self) -> Tensor<4>;

    /// Runs it and waits.
    async fn wait(&self) -> Result<()> {
        let read = self.run().into_data_async().await;
        read.map(|_| ())
            .map_err(|e| crate::Error::device(format!("the device could not be timed: {e}")))
    }
}

struct Map {
    x: Tensor<4>,
    w: Weight,
}

impl Map {
    fn new(device: &Device, c_in: usize, side: usize, c_out: usize) -> Self {
        Self {
            x: zeros([1, c_in, side, side], device),
            w: weight([c_out, c_in, 3, 3], device),
        }
    }
}

impl Problem for Map {
    fn run(&self) -> Tensor<4> {
        take_channels(conv2d(self.x.clone(), &self.w, None, Conv::same(3)), 0, 1)
    }
}

struct Matrix {
    x: Tensor<3>,
    w: Weight,
}

impl Matrix {
    fn new(device: &Device, k: usize, m: usize, n: usize) -> Self {
        Self {
            x: zeros([1, m, k], device),
            w: weight([n, k, 1, 1], device),
        }
    }
}

impl Problem for Matrix {
    fn run(&self) -> Tensor<4> {
        let y = linear(self.x.clone(), &self.w, None);
        let [_, m, n] = y.dims();
        take_channels(y.reshape([1, m, n, 1]), 0, 1)
    }
}

fn zeros<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    let values = vec![0f32; shape.iter().product()];
    Tensor::from_data(TensorData::new(values, shape), device)
}

/// Zeros in 8 bits, as the page's models have them.
fn weight(shape: [usize; 4], device: &Device) -> Weight {
    let [values, scales] = row_bytes(shape[1] * shape[2] * shape[3], Precision::Q8);
    let zeros = Encoded {
        values: vec![0; shape[0] * values],
        scales: vec![0; shape[0] * scales],
    };
    Weight::from_packed(zeros, shape, Precision::Q8, device)
}
