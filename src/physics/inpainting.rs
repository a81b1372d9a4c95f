//! Inpainting: pixels are missing, or dimmed by a soft mask.

use super::fill::fill;
use super::operator::{
    Operator, ProxPath, check_measurement, check_noise, check_pair, check_picture,
    check_picture_dims,
};
use super::rows::RowPath;
use crate::{Error, HostTensor, Result};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};

/// y = m x, pixel by pixel, with a mask m in [0, 1] that all channels share. 0 = missing.
pub(super) struct Inpainting {
    name: String,
    shape: [usize; 3],
    mask: Vec<f32>,
    gram: Vec<f64>,
}

impl Inpainting {
    /// `mask` holds one plane of values in [0, 1].
    /// Fails with [`Error::Invalid`] when a value lies outside, or when nothing at all is known.
    pub(super) fn new(name: String, shape: [usize; 3], mask: Vec<f32>) -> Result<Self> {
        if let Some(bad) = mask.iter().find(|m| !(0.0..=1.0).contains(*m)) {
            return Err(Error::invalid(format!(
                "the inpainting mask holds {bad}; its values must lie in 0 to 1"
            )));
        }
        if mask.iter().all(|m| *m == 0.0) {
            return Err(Error::invalid(
                "the inpainting mask leaves no pixel of the picture; paint a smaller area",
            ));
        }
        let gram = mask.iter().map(|m| f64::from(*m).powi(2)).collect();
        Ok(Self {
            name,
            shape,
            mask,
            gram,
        })
    }

    fn masked(&self, x: &HostTensor) -> HostTensor {
        let mut out = x.clone();
        for plane in out.data_mut().chunks_mut(self.mask.len()) {
            for (v, m) in plane.iter_mut().zip(&self.mask) {
                // Whatever stands in a hole, even not-a-number, is not looked at.
                *v = if *m == 0.0 { 0.0 } else { *v * m };
            }
        }
        out
    }
}

/// A centred box without its pixels; `missing` is its share of the picture's area.
pub(super) fn box_mask(height: usize, width: usize, missing: f64) -> Vec<f32> {
    let side = |n: usize| ((n as f64 * missing.sqrt()).round() as usize).clamp(1, n);
    let (h, w) = (side(height), side(width));
    let (top, left) = ((height - h) / 2, (width - w) / 2);
    (0..height * width)
        .map(|i| {
            let (y, x) = (i / width, i % width);
            let inside = (top..top + h).contains(&y) && (left..left + w).contains(&x);
            if inside { 0.0 } else { 1.0 }
        })
        .collect()
}

/// Each pixel is missing with probability `missing`, independently (ChaCha8 seeded with `seed`).
pub(super) fn random_mask(height: usize, width: usize, missing: f64, seed: u64) -> Vec<f32> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let threshold = missing * 2f64.powi(32);
    (0..height * width)
        .map(|_| {
            if f64::from(rng.next_u32()) < threshold {
                0.0
            } else {
                1.0
            }
        })
        .collect()
}

impl Operator for Inpainting {
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
        Ok(self.masked(x))
    }

    fn adjoint(&self, y: &HostTensor) -> Result<HostTensor> {
        check_measurement(self, y)?;
        Ok(self.masked(y))
    }

    /// A smooth fill f of the holes, and elsewhere (m y + e f) / (m^2 + e), e being the noise variance
    /// relative to that of pictures.
    fn pseudo_inverse(&self, y: &HostTensor, noise: f32) -> Result<HostTensor> {
        check_measurement(self, y)?;
        let e = (check_noise(noise)?.powi(2) / 0.25).max(1e-6);
        let weights: Vec<f64> = self.gram.iter().map(|d| d / (d + e)).collect();
        let mut out = HostTensor::zeros(y.shape());
        for (plane, source) in
            (out.data_mut().chunks_mut(self.mask.len())).zip(y.data().chunks(self.mask.len()))
        {
            let values: Vec<f64> = (source.iter().zip(&self.mask))
                .map(|(y, m)| {
                    if *m > 0.0 {
                        f64::from(*y) / f64::from(*m)
                    } else {
                        0.0
                    }
                })
                .collect();
            let filled = fill(&values, &weights, self.shape[1], self.shape[2]);
            for (i, v) in plane.iter_mut().enumerate() {
                *v = (weights[i] * values[i] + (1.0 - weights[i]) * filled[i]) as f32;
            }
        }
        Ok(out)
    }

    fn prox_path<'a>(
        &'a self,
        z: &'a HostTensor,
        y: &'a HostTensor,
    ) -> Result<Box<dyn ProxPath + 'a>> {
        check_pair(self, z, y)?;
        Ok(Box::new(RowPath::new(
            self,
            z,
            &self.keep_measured(y)?,
            &self.gram,
        )?))
    }

    fn measured_entries(&self, measurement: [usize; 4]) -> usize {
        let [b, c, _, _] = measurement;
        b * c * self.mask.iter().filter(|m| **m > 0.0).count()
    }

    fn keep_measured(&self, y: &HostTensor) -> Result<HostTensor> {
        check_measurement(self, y)?;
        let mut out = y.clone();
        for plane in out.data_mut().chunks_mut(self.mask.len()) {
            for (v, m) in plane.iter_mut().zip(&self.mask) {
                if *m == 0.0 {
                    *v = 0.0;
                }
            }
        }
        Ok(out)
    }

    /// The visitor's picture, dimmed by the mask as the measurement is.
    fn measurement_from_picture(&self, picture: &HostTensor) -> Result<HostTensor> {
        self.forward(picture)
    }
}
