//! Denoising: A is the identity.

use super::operator::{
    Operator, ProxPath, check_measurement, check_noise, check_pair, check_picture,
    check_picture_dims,
};
use super::rows::RowPath;
use crate::{HostTensor, Result};

/// y = x + w.
pub(super) struct Denoising {
    shape: [usize; 3],
}

impl Denoising {
    pub(super) fn new(shape: [usize; 3]) -> Self {
        Self { shape }
    }
}

impl Operator for Denoising {
    fn name(&self) -> &str {
        "denoising"
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
        Ok(x.clone())
    }

    fn adjoint(&self, y: &HostTensor) -> Result<HostTensor> {
        check_measurement(self, y)?;
        Ok(y.clone())
    }

    /// The noisy picture itself.
    fn pseudo_inverse(&self, y: &HostTensor, noise: f32) -> Result<HostTensor> {
        check_noise(noise)?;
        self.adjoint(y)
    }

    fn prox_path<'a>(
        &'a self,
        z: &'a HostTensor,
        y: &'a HostTensor,
    ) -> Result<Box<dyn ProxPath + 'a>> {
        check_pair(self, z, y)?;
        Ok(Box::new(RowPath::new(self, z, y, &[1.0])?))
    }
}
