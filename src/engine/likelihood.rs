//! Which row of the published step-size table a task takes.

use crate::physics::TaskSpec;
use crate::solver::TaskKind;

/// The row of the published table for `spec`.
pub fn task_kind(spec: &TaskSpec) -> TaskKind {
    match spec {
        TaskSpec::GaussianBlur { sigma, .. } => TaskKind::GaussianBlur { sigma: *sigma },
        TaskSpec::MotionBlur { .. } | TaskSpec::RandomMotionBlur { .. } => TaskKind::MotionBlur,
        TaskSpec::SuperResolution { factor, .. } => TaskKind::SuperResolution { factor: *factor },
        TaskSpec::Inpainting { .. } => TaskKind::Inpainting,
        _ => TaskKind::Other,
    }
}
