//! One axis of a filtered, decimated picture as a sparse matrix.

use super::choices::{Downsampling, Grid};
use super::eigen::{Eigen, Square};
use crate::image::keys;

/// Index of a signal of length n continued by reflection that does not repeat the border.
fn reflect(i: i64, n: usize) -> usize {
    if n == 1 {
        return 0;
    }
    let period = 2 * (n as i64 - 1);
    let i = i.rem_euclid(period);
    i.min(period - i) as usize
}

/// Where sample 0 sits, in pixels from the first one; sample j sits `factor` j further.
pub(super) fn offset(kernel: Downsampling, grid: Grid, factor: usize) -> f64 {
    match (kernel, grid) {
        (Downsampling::Decimation, _) => ((factor - 1) / 2) as f64,
        (_, Grid::Published) => -0.5,
        (_, Grid::Centred) => (factor as f64 - 1.0) / 2.0,
    }
}

/// The sparse m x n matrix A of one axis, and the eigenbasis of A A^T.
pub(super) struct Axis {
    /// Per sample: pixels and their weights, which sum to 1.
    pub(super) rows: Vec<Vec<(usize, f64)>>,
    length: usize,
    pub(super) eigen: Eigen,
}

impl Axis {
    /// `length` is a multiple of `factor`. A pixel's weight is the kernel at its distance from the
    /// sample, times a constant; see [`Grid`] for the borders.
    pub(super) fn new(length: usize, factor: usize, kernel: Downsampling, grid: Grid) -> Self {
        let f = factor as f64;
        let (reach, weight): (f64, Box<dyn Fn(f64) -> f64>) = match kernel {
            Downsampling::Bicubic => (2.0 * f, Box::new(move |d| keys(d / f))),
            // Both ends of a block count, the middle of the next pixel does not.
            Downsampling::Area => ((f - 1.0) / 2.0, Box::new(|_| 1.0)),
            Downsampling::Gaussian { sigma } => (
                (sigma / 0.3 + 1.0).floor() + 0.5,
                Box::new(move |d| (-0.5 * (d / sigma).powi(2)).exp()),
            ),
            Downsampling::Decimation => (0.0, Box::new(|_| 1.0)),
        };
        let m = length / factor;
        let first = offset(kernel, grid, factor);
        let rows: Vec<Vec<(usize, f64)>> = (0..m)
            .map(|j| {
                let centre = first + f * j as f64;
                let (low, high) = (
                    (centre - reach).ceil() as i64,
                    (centre + reach).floor() as i64,
                );
                let mut row: Vec<(usize, f64)> = (low..=high)
                    .filter(|i| grid == Grid::Published || (0..length as i64).contains(i))
                    .map(|i| (reflect(i, length), weight(i as f64 - centre)))
                    .collect();
                let sum: f64 = row.iter().map(|(_, t)| t).sum();
                row.iter_mut().for_each(|(_, t)| *t /= sum);
                row.sort_by_key(|(i, _)| *i);
                row.dedup_by(|b, a| {
                    a.0 == b.0 && {
                        a.1 += b.1;
                        true
                    }
                });
                row
            })
            .collect();
        let mut gram = vec![0.0; m * m];
        for j in 0..m {
            let mut dense = vec![0.0; length];
            rows[j].iter().for_each(|(i, t)| dense[*i] = *t);
            for k in 0..m {
                gram[j * m + k] = rows[k].iter().map(|(i, t)| t * dense[*i]).sum();
            }
        }
        Self {
            rows,
            length,
            eigen: Eigen::new(Square { n: m, a: gram }),
        }
    }

    /// A times a plane `length` x `columns`.
    pub(super) fn down(&self, plane: &[f64], columns: usize) -> Vec<f64> {
        let mut out = vec![0.0; self.rows.len() * columns];
        for (row, out) in self.rows.iter().zip(out.chunks_mut(columns)) {
            for (i, t) in row {
                let source = &plane[i * columns..][..columns];
                out.iter_mut().zip(source).for_each(|(o, v)| *o += t * v);
            }
        }
        out
    }

    /// A^T times a plane `length / f` x `columns`.
    pub(super) fn up(&self, plane: &[f64], columns: usize) -> Vec<f64> {
        let mut out = vec![0.0; self.length * columns];
        for (row, source) in self.rows.iter().zip(plane.chunks(columns)) {
            for (i, t) in row {
                let out = &mut out[i * columns..][..columns];
                out.iter_mut().zip(source).for_each(|(o, v)| *o += t * v);
            }
        }
        out
    }
}
