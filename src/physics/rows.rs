//! The exact proximal step of operators whose A A^T is diagonal.

use super::operator::{Operator, ProxPath, check_gamma};
use crate::{HostTensor, Result};

/// With D = A A^T diagonal, Woodbury's identity gives
/// prox = z + A^T [gamma (I + gamma D)^-1 r] with r = y - A z, and leaves the residual (I + gamma D)^-1 r.
pub(super) struct RowPath<'a> {
    op: &'a dyn Operator,
    z: &'a HostTensor,
    residual: HostTensor,
    gram: &'a [f64],
}

impl<'a> RowPath<'a> {
    /// `gram` is the diagonal of A A^T: one value for all entries, or one plane that all share.
    /// Entries where it is zero count as not measured.
    pub(super) fn new(
        op: &'a dyn Operator,
        z: &'a HostTensor,
        y: &HostTensor,
        gram: &'a [f64],
    ) -> Result<Self> {
        let residual = y.clone().zip(&op.forward(z)?, |y, az| y - az)?;
        Ok(Self {
            op,
            z,
            residual,
            gram,
        })
    }

    fn gram(&self, i: usize) -> f64 {
        self.gram[i % self.gram.len()]
    }
}

impl ProxPath for RowPath<'_> {
    fn prox(&self, gamma: f64) -> Result<HostTensor> {
        check_gamma(gamma)?;
        let mut step = self.residual.clone();
        for (i, r) in step.data_mut().iter_mut().enumerate() {
            *r = (gamma * f64::from(*r) / (1.0 + gamma * self.gram(i))) as f32;
        }
        // Where D = 0 the residual is arbitrary, but A^T is zero there too.
        self.z.clone().zip(&self.op.adjoint(&step)?, |z, s| z + s)
    }

    fn residual_norm(&self, gamma: f64) -> Result<f64> {
        check_gamma(gamma)?;
        let sum: f64 = (self.residual.data().iter().enumerate())
            .filter(|(i, _)| self.gram(*i) > 0.0)
            .map(|(i, r)| (f64::from(*r) / (1.0 + gamma * self.gram(i))).powi(2))
            .sum();
        Ok(sum.sqrt())
    }
}
