//! Operators that are diagonal in the Fourier domain: circular convolution.

use rustfft::num_complex::Complex64;

use super::fft::{Fft2, Real, pack, unpack};
use super::kernels::Kernel;
use super::operator::{
    Operator, ProxPath, check_gamma, check_measurement, check_noise, check_pair, check_picture,
    check_picture_dims,
};
use crate::{HostTensor, Result};

/// Deviation of the rounding of pictures in [-1, 1] to 8 bits; no picture is more exact.
pub(super) const ROUNDING: f64 = 2.0 / 255.0 * 0.288_675;

/// Power of photographs in [-1, 1] per (cycles / pixel)^-2: with the usual 1/f^2 spectrum this gives
/// a deviation of 0.5 at 512 x 512.
pub(super) const PICTURE_POWER: f64 = 0.007;

/// y = F^-1 diag(H) F x in every channel; H is the transfer function of a real kernel.
pub(super) struct Filter {
    name: String,
    shape: [usize; 3],
    fft: Fft2,
    /// H, in the transposed layout of [`Fft2`].
    transfer: Vec<Complex64>,
}

impl Filter {
    /// Circular convolution with `kernel`, of pictures of `shape` `[C, H, W]`.
    pub(super) fn convolution(name: String, shape: [usize; 3], kernel: &Kernel) -> Self {
        let fft = Fft2::new(shape[1], shape[2]);
        let grid = kernel.wrapped(shape[1], shape[2]);
        let transfer = fft.forward(grid.into_iter().map(Complex64::from).collect());
        Self {
            name,
            shape,
            fft,
            transfer,
        }
    }

    /// Spectra of the planes of `x`, two planes per spectrum.
    fn spectra(&self, x: &[f32]) -> Vec<Vec<Complex64>> {
        let n = self.fft.len();
        (x.chunks(2 * n))
            .map(|pair| {
                let (a, b) = pair.split_at(n);
                self.fft.forward(pack(a, b))
            })
            .collect()
    }

    /// Applies a filter that is real in space, given as a function of spectrum index and value,
    /// to planes side by side.
    fn apply<T: Real>(&self, x: &[T], f: impl Fn(usize, Complex64) -> Complex64) -> Vec<T> {
        let mut out = x.to_vec();
        let n = self.fft.len();
        for out in out.chunks_mut(2 * n) {
            let (a, b) = out.split_at(n);
            let mut spectrum = self.fft.forward(pack(a, b));
            for (i, v) in spectrum.iter_mut().enumerate() {
                *v = f(i, *v);
            }
            unpack(&self.fft.inverse(spectrum), out);
        }
        out
    }

    /// A x of planes side by side.
    pub(super) fn convolve<T: Real>(&self, x: &[T]) -> Vec<T> {
        self.apply(x, |i, v| self.transfer[i] * v)
    }

    /// A^T y of planes side by side.
    pub(super) fn correlate<T: Real>(&self, y: &[T]) -> Vec<T> {
        self.apply(y, |i, v| self.transfer[i].conj() * v)
    }

    /// The spectrum of y - A z, from which every step size follows.
    pub(super) fn residual(&self, z: &[f32], y: &[f32]) -> Residual<'_> {
        let mut spectra = self.spectra(y);
        for (r, z) in spectra.iter_mut().zip(self.spectra(z)) {
            for ((r, z), h) in r.iter_mut().zip(z).zip(&self.transfer) {
                *r -= h * z;
            }
        }
        Residual {
            filter: self,
            spectra,
        }
    }
}

impl Operator for Filter {
    fn name(&self) -> &str {
        &self.name
    }

    fn picture_shape(&self) -> [usize; 3] {
        self.shape
    }

    fn measurement_shape(&self, picture: [usize; 4]) -> Result<[usize; 4]> {
        check_picture_dims(self, picture)?;
        Ok(picture)
    }

    fn forward(&self, x: &HostTensor) -> Result<HostTensor> {
        check_picture(self, x)?;
        HostTensor::new(x.shape(), self.convolve(x.data()))
    }

    fn adjoint(&self, y: &HostTensor) -> Result<HostTensor> {
        check_measurement(self, y)?;
        HostTensor::new(y.shape(), self.correlate(y.data()))
    }

    /// Wiener's filter conj(H) / (|H|^2 + sigma^2 / S) with the 1/f^2 power spectrum S of photographs.
    fn pseudo_inverse(&self, y: &HostTensor, noise: f32) -> Result<HostTensor> {
        check_measurement(self, y)?;
        let variance = check_noise(noise)?.powi(2) + ROUNDING.powi(2);
        let frequency = self.fft.squared_frequency();
        let restored = self.apply(y.data(), |i, v| {
            let h = self.transfer[i];
            v * h.conj() / (h.norm_sqr() + variance * frequency[i] / PICTURE_POWER)
        });
        HostTensor::new(y.shape(), restored)
    }

    fn prox_path<'a>(
        &'a self,
        z: &'a HostTensor,
        y: &'a HostTensor,
    ) -> Result<Box<dyn ProxPath + 'a>> {
        check_pair(self, z, y)?;
        Ok(Box::new(FilterPath {
            z,
            residual: self.residual(z.data(), y.data()),
        }))
    }
}

/// R, the spectra of y - A z: prox = z + F^-1[gamma conj(H) R / (1 + gamma |H|^2)],
/// which leaves the residual R / (1 + gamma |H|^2).
pub(super) struct Residual<'a> {
    filter: &'a Filter,
    spectra: Vec<Vec<Complex64>>,
}

impl Residual<'_> {
    /// prox - z of planes side by side, `values` in number.
    pub(super) fn step(&self, gamma: f64, values: usize) -> Vec<f32> {
        let mut out = vec![0.0; values];
        let filter = self.filter;
        for (r, out) in self
            .spectra
            .iter()
            .zip(out.chunks_mut(2 * filter.fft.len()))
        {
            let spectrum = (r.iter().zip(&filter.transfer))
                .map(|(r, h)| r * h.conj() * (gamma / (1.0 + gamma * h.norm_sqr())))
                .collect();
            unpack(&filter.fft.inverse(spectrum), out);
        }
        out
    }

    /// |A prox - y|.
    pub(super) fn norm(&self, gamma: f64) -> f64 {
        // Parseval; the cross terms of two packed planes cancel between k and -k.
        let sum: f64 = (self.spectra.iter())
            .flat_map(|r| r.iter().zip(&self.filter.transfer))
            .map(|(r, h)| r.norm_sqr() / (1.0 + gamma * h.norm_sqr()).powi(2))
            .sum();
        (sum / self.filter.fft.len() as f64).sqrt()
    }
}

struct FilterPath<'a> {
    z: &'a HostTensor,
    residual: Residual<'a>,
}

impl ProxPath for FilterPath<'_> {
    fn prox(&self, gamma: f64) -> Result<HostTensor> {
        check_gamma(gamma)?;
        let mut x = self.z.clone();
        let step = self.residual.step(gamma, x.len());
        (x.data_mut().iter_mut().zip(step)).for_each(|(x, s)| *x += s);
        Ok(x)
    }

    fn residual_norm(&self, gamma: f64) -> Result<f64> {
        check_gamma(gamma)?;
        Ok(self.residual.norm(gamma))
    }
}
