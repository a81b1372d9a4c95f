//! A forward operator as the solver sees it.

use crate::physics::{Operator, TaskSpec};
use crate::solver::{Likelihood, ResidualCurve, TaskKind};
use crate::{HostTensor, Result};

/// The likelihood of a measurement under a task's operator.
pub struct TaskLikelihood<'a> {
    /// The task: picks the row of the published step-size table.
    pub spec: &'a TaskSpec,
    /// Its operator.
    pub operator: &'a dyn Operator,
}

impl Likelihood for TaskLikelihood<'_> {
    fn forward(&self, x: &HostTensor) -> Result<HostTensor> {
        self.operator.forward(x)
    }

    fn adjoint(&self, y: &HostTensor) -> Result<HostTensor> {
        self.operator.adjoint(y)
    }

    fn pseudo_inverse(&self, y: &HostTensor, noise: f32) -> Result<HostTensor> {
        self.operator.pseudo_inverse(y, noise)
    }

    fn prox(&self, z: &HostTensor, y: &HostTensor, gamma: f64) -> Result<HostTensor> {
        self.operator.prox(z, y, gamma)
    }

    fn residual_norm_after_prox(&self, z: &HostTensor, y: &HostTensor, gamma: f64) -> Result<f64> {
        self.operator.residual_norm_after_prox(z, y, gamma)
    }

    fn residual_norm(&self, x: &HostTensor, y: &HostTensor) -> Result<f64> {
        self.operator.residual_norm(x, y)
    }

    fn residual_curve<'a>(
        &'a self,
        z: &'a HostTensor,
        y: &'a HostTensor,
    ) -> Result<ResidualCurve<'a>> {
        let path = self.operator.prox_path(z, y)?;
        Ok(Box::new(move |gamma| path.residual_norm(gamma)))
    }

    fn measured_entries(&self, y: &HostTensor) -> usize {
        y.dims4()
            .map_or(y.len(), |d| self.operator.measured_entries(d))
    }

    fn task_kind(&self) -> TaskKind {
        match self.spec {
            TaskSpec::GaussianBlur { sigma, .. } => TaskKind::GaussianBlur { sigma: *sigma },
            TaskSpec::MotionBlur { .. } => TaskKind::MotionBlur,
            TaskSpec::SuperResolution { factor, .. } => {
                TaskKind::SuperResolution { factor: *factor }
            }
            TaskSpec::Inpainting { .. } => TaskKind::Inpainting,
            _ => TaskKind::Other,
        }
    }
}
