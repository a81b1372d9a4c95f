//! What a solver asks of the measurement model.

use crate::{HostTensor, Result};

/// Residual norm as a function of gamma.
pub type ResidualCurve<'a> = Box<dyn Fn(f64) -> Result<f64> + 'a>;

/// The likelihood of y = A x + w, w ~ N(0, sigma_n^2), for pictures x `[B, C, H, W]` in [-1, 1] and
/// measurements y with the batch in dimension 0.
pub trait Likelihood {
    /// A x.
    fn forward(&self, x: &HostTensor) -> Result<HostTensor>;

    /// A^T y.
    fn adjoint(&self, y: &HostTensor) -> Result<HostTensor>;

    /// A regularised inverse of `y`, picture-sized; `noise` is sigma_n, in [-1, 1] units.
    fn pseudo_inverse(&self, y: &HostTensor, noise: f32) -> Result<HostTensor>;

    /// argmin over x of gamma/2 |A x - y|^2 + 1/2 |x - z|^2.
    fn prox(&self, z: &HostTensor, y: &HostTensor, gamma: f64) -> Result<HostTensor>;

    /// |A prox(z, y, gamma) - y| over the measured entries.
    fn residual_norm_after_prox(&self, z: &HostTensor, y: &HostTensor, gamma: f64) -> Result<f64>;

    /// |A x - y| over the measured entries.
    fn residual_norm(&self, x: &HostTensor, y: &HostTensor) -> Result<f64> {
        Ok(self.forward(x)?.zip(y, |a, b| a - b)?.norm())
    }

    /// [`Likelihood::residual_norm_after_prox`] as a function of gamma, for operators that can
    /// share work between many values.
    fn residual_curve<'a>(
        &'a self,
        z: &'a HostTensor,
        y: &'a HostTensor,
    ) -> Result<ResidualCurve<'a>> {
        Ok(Box::new(move |gamma| {
            self.residual_norm_after_prox(z, y, gamma)
        }))
    }

    /// The number m of entries of `y` that were measured, so that E |w|^2 = m sigma_n^2.
    /// Entries behind a mask do not count.
    fn measured_entries(&self, y: &HostTensor) -> usize {
        y.len()
    }

    /// The row of the published step size table that applies.
    fn task_kind(&self) -> TaskKind;
}

/// The tasks that the published step size table tells apart.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum TaskKind {
    /// Gaussian blur.
    GaussianBlur {
        /// Standard deviation of the kernel in pixels.
        sigma: f64,
    },
    /// Motion blur.
    MotionBlur,
    /// Super-resolution.
    SuperResolution {
        /// Factor per side.
        factor: usize,
    },
    /// Inpainting.
    Inpainting,
    /// Anything else.
    Other,
}
