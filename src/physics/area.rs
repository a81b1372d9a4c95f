//! Super-resolution whose low-resolution pixels are the means of square blocks.

use super::interpolate::interpolate;
use super::operator::{
    Operator, ProxPath, check_measurement, check_noise, check_pair, check_picture,
    check_picture_dims,
};
use super::rows::RowPath;
use crate::{HostTensor, Result};

/// y = means over `factor` x `factor` blocks; A A^T = I / factor^2.
pub(super) struct Area {
    name: String,
    shape: [usize; 3],
    factor: usize,
    gram: [f64; 1],
}

impl Area {
    /// H and W of `shape` are multiples of `factor`.
    pub(super) fn new(name: String, shape: [usize; 3], factor: usize) -> Self {
        Self {
            name,
            shape,
            factor,
            gram: [1.0 / (factor * factor) as f64],
        }
    }
}

impl Operator for Area {
    fn name(&self) -> &str {
        &self.name
    }

    fn picture_shape(&self) -> [usize; 3] {
        self.shape
    }

    fn measurement_shape(&self, picture: [usize; 4]) -> Result<[usize; 4]> {
        let b = check_picture_dims(self, picture)?;
        let [c, h, w] = self.shape;
        Ok([b, c, h / self.factor, w / self.factor])
    }

    fn forward(&self, x: &HostTensor) -> Result<HostTensor> {
        let b = check_picture(self, x)?;
        let [c, h, w] = self.shape;
        let (f, width) = (self.factor, w / self.factor);
        let mut sums = vec![0.0f64; b * c * (h / f) * width];
        for (row, values) in x.data().chunks_exact(w).enumerate() {
            // Blocks never straddle planes, since H is a multiple of the factor.
            let out = &mut sums[row / f * width..][..width];
            for (sum, block) in out.iter_mut().zip(values.chunks_exact(f)) {
                *sum += block.iter().map(|v| f64::from(*v)).sum::<f64>();
            }
        }
        let data = sums.iter().map(|s| (s * self.gram[0]) as f32).collect();
        HostTensor::new([b, c, h / f, width], data)
    }

    fn adjoint(&self, y: &HostTensor) -> Result<HostTensor> {
        let b = check_measurement(self, y)?;
        let [c, h, w] = self.shape;
        let (f, scale) = (self.factor, self.gram[0] as f32);
        let at = |i: usize| y.data()[i / w / f * (w / f) + i % w / f] * scale;
        HostTensor::new([b, c, h, w], (0..b * c * h * w).map(at).collect())
    }

    /// Bicubic interpolation through the block centres.
    fn pseudo_inverse(&self, y: &HostTensor, noise: f32) -> Result<HostTensor> {
        check_measurement(self, y)?;
        check_noise(noise)?;
        let offset = (self.factor as f64 - 1.0) / 2.0;
        interpolate(y, self.shape, self.factor, offset)
    }

    fn prox_path<'a>(
        &'a self,
        z: &'a HostTensor,
        y: &'a HostTensor,
    ) -> Result<Box<dyn ProxPath + 'a>> {
        check_pair(self, z, y)?;
        Ok(Box::new(RowPath::new(self, z, y, &self.gram)?))
    }
}
