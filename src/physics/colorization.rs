//! Colorization: y is the luma of x.

use super::operator::{
    Operator, ProxPath, check_measurement, check_noise, check_pair, check_picture,
    check_picture_dims, grey_or_forward,
};
use super::rows::RowPath;
use crate::{Error, HostTensor, Result};

/// Luma weights of ITU-R BT.601 for red, green, blue. Their sum is 1, so grey pictures keep their value.
const LUMA: [f64; 3] = [0.299, 0.587, 0.114];

/// A A^T: the sum of the squared weights.
const GRAM: [f64; 1] = [LUMA[0] * LUMA[0] + LUMA[1] * LUMA[1] + LUMA[2] * LUMA[2]];

/// y = 0.299 R + 0.587 G + 0.114 B, one channel.
pub(super) struct Colorization {
    shape: [usize; 3],
}

impl Colorization {
    /// Fails with [`Error::Shape`] unless the picture has three channels.
    pub(super) fn new(shape: [usize; 3]) -> Result<Self> {
        if shape[0] != 3 {
            return Err(Error::shape(format!(
                "colorization needs pictures of 3 channels, found {}",
                shape[0]
            )));
        }
        Ok(Self { shape })
    }
}

impl Operator for Colorization {
    fn name(&self) -> &str {
        "colorization"
    }

    fn picture_shape(&self) -> [usize; 3] {
        self.shape
    }

    fn measurement_shape(&self, picture: [usize; 4]) -> Result<[usize; 4]> {
        let b = check_picture_dims(self, picture)?;
        Ok([b, 1, self.shape[1], self.shape[2]])
    }

    fn forward(&self, x: &HostTensor) -> Result<HostTensor> {
        let b = check_picture(self, x)?;
        let [_, h, w] = self.shape;
        let n = h * w;
        let luma = |i: usize| {
            let pixel = i / n * 3 * n + i % n;
            let at = |c: usize| LUMA[c] * f64::from(x.data()[pixel + c * n]);
            (at(0) + at(1) + at(2)) as f32
        };
        HostTensor::new([b, 1, h, w], (0..b * n).map(luma).collect())
    }

    fn adjoint(&self, y: &HostTensor) -> Result<HostTensor> {
        let b = check_measurement(self, y)?;
        let [c, h, w] = self.shape;
        let n = h * w;
        let at = |i: usize| (LUMA[i / n % 3] * f64::from(y.data()[i / (3 * n) * n + i % n])) as f32;
        HostTensor::new([b, c, h, w], (0..b * 3 * n).map(at).collect())
    }

    /// The grey picture of luma y.
    fn pseudo_inverse(&self, y: &HostTensor, noise: f32) -> Result<HostTensor> {
        let b = check_measurement(self, y)?;
        check_noise(noise)?;
        let [c, h, w] = self.shape;
        let n = h * w;
        let at = |i: usize| y.data()[i / (3 * n) * n + i % n];
        HostTensor::new([b, c, h, w], (0..b * 3 * n).map(at).collect())
    }

    fn prox_path<'a>(
        &'a self,
        z: &'a HostTensor,
        y: &'a HostTensor,
    ) -> Result<Box<dyn ProxPath + 'a>> {
        check_pair(self, z, y)?;
        Ok(Box::new(RowPath::new(self, z, y, &GRAM)?))
    }

    /// The luma of a picture of 3 channels; a picture of 1 channel is taken as it is.
    fn measurement_from_picture(&self, picture: &HostTensor) -> Result<HostTensor> {
        grey_or_forward(self, picture)
    }
}
