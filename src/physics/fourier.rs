//! Undersampled Fourier measurements, as in magnetic resonance imaging.

use rustfft::num_complex::Complex64;

use super::fft::Fft2;
use super::filter::{PICTURE_POWER, ROUNDING};
use super::operator::{
    Operator, ProxPath, check_gamma, check_measurement, check_noise, check_pair, check_picture,
    check_picture_dims,
};
use super::row_mask::row_mask;
use super::transpose::transpose;
use crate::{HostTensor, Result};

/// y = M F x in every channel: F is the orthonormal discrete Fourier transform, M keeps the rows
/// (vertical frequencies) that a mask names.
///
/// Measurement channel 2 c holds the real part of channel c, 2 c + 1 the imaginary part; frequency
/// zero comes first. Pictures are real, so A^T y = Re F^* M y, and A^T A is the circular convolution
/// of transfer S(k) = (m(k) + m(-k)) / 2.
pub(super) struct Fourier {
    name: String,
    shape: [usize; 3],
    fft: Fft2,
    /// One value per vertical frequency, 1 = measured.
    rows: Vec<bool>,
}

impl Fourier {
    /// `acceleration` at least 1, `centre` in 0 to 1.
    pub(super) fn new(
        name: String,
        shape: [usize; 3],
        acceleration: f64,
        centre: f64,
        seed: u64,
    ) -> Self {
        Self {
            name,
            shape,
            fft: Fft2::new(shape[1], shape[2]),
            rows: row_mask(shape[1], acceleration, centre, seed),
        }
    }

    /// True at measured entries of a spectrum in the transposed layout of [`Fft2`].
    fn measured(&self, i: usize) -> bool {
        self.rows[i % self.shape[1]]
    }

    /// The entry of the opposite frequency.
    fn opposite(&self, i: usize) -> usize {
        let [_, h, w] = self.shape;
        (w - i / h) % w * h + (h - i % h) % h
    }

    /// S.
    fn transfer(&self, i: usize) -> f64 {
        let m = |i| if self.measured(i) { 0.5 } else { 0.0 };
        m(i) + m(self.opposite(i))
    }

    /// M F of a plane, transposed.
    fn spectrum(&self, plane: &[f32]) -> Vec<Complex64> {
        let scale = 1.0 / (self.fft.len() as f64).sqrt();
        let plane = plane.iter().map(|v| Complex64::from(f64::from(*v)));
        let mut out = self.fft.forward(plane.collect());
        for (i, v) in out.iter_mut().enumerate() {
            *v *= if self.measured(i) { scale } else { 0.0 };
        }
        out
    }

    /// M of the two planes of a channel's measurement, transposed.
    fn read(&self, planes: &[f32]) -> Vec<Complex64> {
        let [_, h, w] = self.shape;
        let (re, im) = planes.split_at(h * w);
        let natural: Vec<Complex64> = (re.iter().zip(im))
            .map(|(a, b)| Complex64::new(f64::from(*a), f64::from(*b)))
            .collect();
        let mut out = transpose(&natural, h, w);
        for (i, v) in out.iter_mut().enumerate() {
            if !self.measured(i) {
                // Whatever stands there, even not-a-number, is not looked at.
                *v = Complex64::default();
            }
        }
        out
    }

    /// The part of a spectrum that belongs to a real picture: the spectrum of A^T y.
    fn hermitian(&self, y: &[Complex64]) -> Vec<Complex64> {
        (0..y.len())
            .map(|i| (y[i] + y[self.opposite(i)].conj()) * 0.5)
            .collect()
    }

    /// F^* of the spectrum of a real picture.
    fn picture(&self, spectrum: Vec<Complex64>) -> impl Iterator<Item = f32> {
        let scale = (self.fft.len() as f64).sqrt();
        (self.fft.inverse(spectrum).into_iter()).map(move |v| (v.re * scale) as f32)
    }

    /// A picture from the Hermitian spectra of all channels of `y`, through `f`.
    fn restore(
        &self,
        y: &HostTensor,
        f: impl Fn(usize, Complex64) -> Complex64,
    ) -> Result<HostTensor> {
        let b = check_measurement(self, y)?;
        let [c, h, w] = self.shape;
        let data = (y.data().chunks(2 * h * w))
            .flat_map(|planes| {
                let mut s = self.hermitian(&self.read(planes));
                s.iter_mut().enumerate().for_each(|(i, v)| *v = f(i, *v));
                self.picture(s)
            })
            .collect();
        HostTensor::new([b, c, h, w], data)
    }
}

impl Operator for Fourier {
    fn name(&self) -> &str {
        &self.name
    }

    fn picture_shape(&self) -> [usize; 3] {
        self.shape
    }

    fn measurement_shape(&self, picture: [usize; 4]) -> Result<[usize; 4]> {
        let [b, c, h, w] = picture;
        check_picture_dims(self, picture)?;
        Ok([b, 2 * c, h, w])
    }

    fn forward(&self, x: &HostTensor) -> Result<HostTensor> {
        let b = check_picture(self, x)?;
        let [c, h, w] = self.shape;
        let mut data = Vec::with_capacity(2 * x.len());
        for plane in x.data().chunks(h * w) {
            let spectrum = transpose(&self.spectrum(plane), w, h);
            data.extend(spectrum.iter().map(|v| v.re as f32));
            data.extend(spectrum.iter().map(|v| v.im as f32));
        }
        HostTensor::new([b, 2 * c, h, w], data)
    }

    fn adjoint(&self, y: &HostTensor) -> Result<HostTensor> {
        self.restore(y, |_, v| v)
    }

    /// Wiener's filter s / (S + sigma^2 / P) on the spectrum s of A^T y, with the 1/f^2 power spectrum P
    /// of photographs: a frequency whose opposite alone was measured is not lost.
    fn pseudo_inverse(&self, y: &HostTensor, noise: f32) -> Result<HostTensor> {
        let variance = check_noise(noise)?.powi(2) + ROUNDING.powi(2);
        let frequency = self.fft.squared_frequency();
        self.restore(y, |i, v| match self.transfer(i) {
            0.0 => v,
            s => v / (s + variance * frequency[i] / PICTURE_POWER),
        })
    }

    fn prox_path<'a>(
        &'a self,
        z: &'a HostTensor,
        y: &'a HostTensor,
    ) -> Result<Box<dyn ProxPath + 'a>> {
        check_pair(self, z, y)?;
        let [_, h, w] = self.shape;
        let residual = (z.data().chunks(h * w).zip(y.data().chunks(2 * h * w)))
            .map(|(z, y)| {
                let mut r = self.read(y);
                (r.iter_mut().zip(self.spectrum(z))).for_each(|(r, v)| *r -= v);
                r
            })
            .collect();
        Ok(Box::new(FourierPath {
            op: self,
            z,
            residual,
        }))
    }

    /// Real and imaginary part of every measured frequency count.
    fn measured_entries(&self, measurement: [usize; 4]) -> usize {
        let [b, c, _, w] = measurement;
        b * c * w * self.rows.iter().filter(|r| **r).count()
    }

    fn keep_measured(&self, y: &HostTensor) -> Result<HostTensor> {
        check_measurement(self, y)?;
        let [_, h, w] = self.shape;
        let mut out = y.clone();
        for (i, row) in out.data_mut().chunks_mut(w).enumerate() {
            if !self.rows[i % h] {
                row.fill(0.0);
            }
        }
        Ok(out)
    }

    /// The zero-filled reconstruction, A^T y.
    fn measurement_picture(&self, y: &HostTensor) -> Result<HostTensor> {
        Ok(self.adjoint(y)?.clamp(-1.0, 1.0))
    }

    /// A x of the visitor's picture.
    fn measurement_from_picture(&self, picture: &HostTensor) -> Result<HostTensor> {
        self.forward(picture)
    }
}

/// With r = y - A z and s its Hermitian part: prox = z + F^* [gamma s / (1 + gamma S)], which leaves
/// r - gamma s / (1 + gamma S) at the measured entries.
struct FourierPath<'a> {
    op: &'a Fourier,
    z: &'a HostTensor,
    residual: Vec<Vec<Complex64>>,
}

impl FourierPath<'_> {
    fn step(&self, r: &[Complex64], gamma: f64) -> Vec<Complex64> {
        let mut step = self.op.hermitian(r);
        for (i, v) in step.iter_mut().enumerate() {
            *v *= gamma / (1.0 + gamma * self.op.transfer(i));
        }
        step
    }
}

impl ProxPath for FourierPath<'_> {
    fn prox(&self, gamma: f64) -> Result<HostTensor> {
        check_gamma(gamma)?;
        let mut x = self.z.clone();
        for (r, x) in (self.residual.iter()).zip(x.data_mut().chunks_mut(self.op.fft.len())) {
            let step = self.op.picture(self.step(r, gamma));
            x.iter_mut().zip(step).for_each(|(x, s)| *x += s);
        }
        Ok(x)
    }

    fn residual_norm(&self, gamma: f64) -> Result<f64> {
        check_gamma(gamma)?;
        let sum: f64 = (self.residual.iter())
            .map(|r| {
                let step = self.step(r, gamma);
                (0..r.len())
                    .filter(|i| self.op.measured(*i))
                    .map(|i| (r[i] - step[i]).norm_sqr())
                    .sum::<f64>()
            })
            .sum();
        Ok(sum.sqrt())
    }
}
