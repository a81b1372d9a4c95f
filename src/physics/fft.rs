//! Two-dimensional discrete Fourier transforms of any size, in double precision.

use super::transpose::transpose;
use std::sync::Arc;

use rustfft::{Fft, FftPlanner, num_complex::Complex64};

/// Forward and inverse transforms of `height` x `width` planes. Spectra are kept *transposed*
/// (`width` rows of `height`), which saves two transpositions per round trip and does not matter
/// to pointwise products.
pub(super) struct Fft2 {
    height: usize,
    width: usize,
    rows: [Arc<dyn Fft<f64>>; 2],
    columns: [Arc<dyn Fft<f64>>; 2],
}

impl Fft2 {
    pub(super) fn new(height: usize, width: usize) -> Self {
        let mut planner = FftPlanner::new();
        Self {
            height,
            width,
            rows: [
                planner.plan_fft_forward(width),
                planner.plan_fft_inverse(width),
            ],
            columns: [
                planner.plan_fft_forward(height),
                planner.plan_fft_inverse(height),
            ],
        }
    }

    /// Number of values in a plane.
    pub(super) fn len(&self) -> usize {
        self.height * self.width
    }

    /// The spectrum, transposed, of a row-major plane.
    pub(super) fn forward(&self, mut plane: Vec<Complex64>) -> Vec<Complex64> {
        self.rows[0].process(&mut plane);
        let mut spectrum = transpose(&plane, self.height, self.width);
        self.columns[0].process(&mut spectrum);
        spectrum
    }

    /// The plane, row-major, of a transposed spectrum; includes the factor 1 / (height width).
    pub(super) fn inverse(&self, mut spectrum: Vec<Complex64>) -> Vec<Complex64> {
        self.columns[1].process(&mut spectrum);
        let mut plane = transpose(&spectrum, self.width, self.height);
        self.rows[1].process(&mut plane);
        let scale = 1.0 / self.len() as f64;
        plane.iter_mut().for_each(|v| *v *= scale);
        plane
    }

    /// Squared frequency in (cycles / pixel)^2 of every spectrum entry, in the transposed layout.
    pub(super) fn squared_frequency(&self) -> Vec<f64> {
        let signed = |i: usize, n: usize| i.min(n - i) as f64 / n as f64;
        (0..self.len())
            .map(|i| {
                let fx = signed(i / self.height, self.width);
                let fy = signed(i % self.height, self.height);
                fx * fx + fy * fy
            })
            .collect()
    }
}

/// Real numbers of either precision.
pub(super) trait Real: Copy {
    fn widen(self) -> f64;
    fn narrow(v: f64) -> Self;
}

impl Real for f32 {
    fn widen(self) -> f64 {
        f64::from(self)
    }
    fn narrow(v: f64) -> Self {
        v as f32
    }
}

impl Real for f64 {
    fn widen(self) -> f64 {
        self
    }
    fn narrow(v: f64) -> Self {
        v
    }
}

/// Two real planes as one complex plane, `a + i b` (b = 0 when empty). A real filter acts on
/// both at once, so a transform serves two channels.
pub(super) fn pack<T: Real>(a: &[T], b: &[T]) -> Vec<Complex64> {
    (a.iter().enumerate())
        .map(|(i, a)| Complex64::new(a.widen(), b.get(i).map_or(0.0, |b| b.widen())))
        .collect()
}

/// Undoes [`pack`] into one or two planes of `out`.
pub(super) fn unpack<T: Real>(packed: &[Complex64], out: &mut [T]) {
    let (a, b) = out.split_at_mut(packed.len());
    for (a, v) in a.iter_mut().zip(packed) {
        *a = T::narrow(v.re);
    }
    for (b, v) in b.iter_mut().zip(packed) {
        *b = T::narrow(v.im);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_the_definition_and_inverts() {
        let (h, w) = (3, 5);
        let plane: Vec<Complex64> = (0..h * w)
            .map(|i| Complex64::new((i * i % 7) as f64, (i % 4) as f64))
            .collect();
        let fft = Fft2::new(h, w);
        let spectrum = fft.forward(plane.clone());
        for ky in 0..h {
            for kx in 0..w {
                let direct: Complex64 = (0..h * w)
                    .map(|i| {
                        let phase =
                            (ky * (i / w)) as f64 / h as f64 + (kx * (i % w)) as f64 / w as f64;
                        plane[i] * Complex64::from_polar(1.0, -std::f64::consts::TAU * phase)
                    })
                    .sum();
                assert!((direct - spectrum[kx * h + ky]).norm() < 1e-10);
            }
        }
        for (a, b) in fft.inverse(spectrum).iter().zip(&plane) {
            assert!((a - b).norm() < 1e-12);
        }
    }
}
