//! JPEG's quantiser: which cell of coefficients a picture falls into.

use super::cell;
use super::cg::to_f64;
use super::jpeg_blocks::{COLOURS, COLOURS_BACK, frequency, steps, transform};
use crate::{Error, HostTensor, Result};

/// Values in 0 to 255 per unit of pictures in [-1, 1].
const LEVELS: f64 = 127.5;

/// JPEG subtracts 128, and 0 is 127.5 here: what the mean coefficient of a luma block differs by.
const MEAN_SHIFT: f64 = -0.5 * 8.0 / LEVELS;

/// The 8 x 8 cosine transform of every channel, and the colours of every frequency that it quantises.
pub(super) struct Quantiser {
    /// `[C, H, W]`, C = 1 or 3.
    pub(super) shape: [usize; 3],
    /// Half the quantiser's steps per frequency, luma and chroma, for pictures in [-1, 1].
    half: [[f64; 64]; 2],
}

impl Quantiser {
    /// `quality` 1 to 100. Fails with [`Error::Shape`], naming `name`, unless there are 1 or 3 channels
    /// and both sides are multiples of 8.
    pub(super) fn new(name: &str, shape: [usize; 3], quality: u8) -> Result<Self> {
        let [c, h, w] = shape;
        if (c != 1 && c != 3) || h % 8 != 0 || w % 8 != 0 {
            return Err(Error::shape(format!(
                "{name} needs pictures of 1 or 3 channels whose sides are multiples of 8, found {c} channels of {h} x {w}"
            )));
        }
        let half = [false, true].map(|chroma| steps(quality, chroma).map(|s| s / 2.0 / LEVELS));
        Ok(Self { shape, half })
    }

    /// The cosine transform of every channel of `x`.
    pub(super) fn transformed(&self, x: &HostTensor) -> Vec<f64> {
        let mut out = to_f64(x);
        transform(&mut out, self.shape[2], false);
        out
    }

    /// Replaces the colours of every frequency: `f` gets half the step of each, their values, and the
    /// position of the frequency within its block. Grey pictures have the first colour only.
    fn each(
        &self,
        coefficients: &mut [f64],
        grey: impl Fn(&[f64; 1], [f64; 1], usize) -> [f64; 1],
        colour: impl Fn(&[f64; 3], [f64; 3], usize) -> [f64; 3],
    ) {
        let [c, h, w] = self.shape;
        let n = h * w;
        for picture in coefficients.chunks_mut(c * n) {
            for i in 0..n {
                let k = frequency(i, w);
                let [luma, chroma] = [self.half[0][k], self.half[1][k]];
                if c == 1 {
                    [picture[i]] = grey(&[luma], [picture[i]], k);
                } else {
                    let v = [picture[i], picture[n + i], picture[2 * n + i]];
                    let v = colour(&[luma, chroma, chroma], v, k);
                    (0..3).for_each(|j| picture[j * n + i] = v[j]);
                }
            }
        }
    }

    /// Rounds the transform of a picture to what JPEG keeps.
    pub(super) fn round(&self, transformed: &mut [f64]) {
        let rounded = |c: usize, k: usize, v: f64, half: f64| {
            let shift = if c == 0 && k == 0 { MEAN_SHIFT } else { 0.0 };
            ((v + shift) / (2.0 * half)).round() * (2.0 * half) - shift
        };
        self.each(
            transformed,
            |half, v, k| [rounded(0, k, v[0], half[0])],
            |half, v, k| {
                let ycc = cell::apply(&COLOURS, &v);
                let ycc = std::array::from_fn(|c| rounded(c, k, ycc[c], half[c]));
                cell::apply(&COLOURS_BACK, &ycc)
            },
        );
    }

    /// The exact proximal step of gamma/2 |excess|^2 in the transform of a picture minus the measurement.
    pub(super) fn step(&self, difference: &mut [f64], gamma: f64) {
        self.each(
            difference,
            |half, v, _| cell::step(&[[1.0]], half, v, gamma),
            |half, v, _| cell::step(&COLOURS, half, v, gamma),
        );
    }

    /// Mixes transformed channels to Y, Cb, Cr.
    pub(super) fn mix(&self, transformed: &mut [f64]) {
        self.each(
            transformed,
            |_, v, _| v,
            |_, v, _| cell::apply(&COLOURS, &v),
        );
    }

    /// The transpose of [`Quantiser::mix`].
    pub(super) fn mix_transpose(&self, mixed: &mut [f64]) {
        let transposed: [[f64; 3]; 3] =
            std::array::from_fn(|r| std::array::from_fn(|c| COLOURS[c][r]));
        self.each(mixed, |_, v, _| v, |_, v, _| cell::apply(&transposed, &v));
    }

    /// What mixed coefficients of a picture minus the measurement exceed half a step by.
    pub(super) fn excess(&self, mixed: &mut [f64]) {
        self.each(
            mixed,
            |half, v, _| cell::excess(&v, half),
            |half, v, _| cell::excess(&v, half),
        );
    }

    /// |excess| of the transform of a picture minus the measurement.
    pub(super) fn misfit(&self, mut transformed: Vec<f64>) -> f64 {
        self.mix(&mut transformed);
        self.excess(&mut transformed);
        super::cg::norm(&transformed)
    }

    /// Mean over the entries of `f(half a step)`.
    pub(super) fn mean(&self, f: impl Fn(f64) -> f64) -> f64 {
        let block = |steps: &[f64; 64]| steps.iter().map(|h| f(*h)).sum::<f64>() / 64.0;
        let [luma, chroma] = [block(&self.half[0]), block(&self.half[1])];
        let c = self.shape[0] as f64;
        (luma + (c - 1.0) * chroma) / c
    }
}
