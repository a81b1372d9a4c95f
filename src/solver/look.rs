//! A look inside a step: what its parts make, for those who explain the method.

use serde::{Deserialize, Serialize};

use crate::HostTensor;

/// The parts of a step of [`super::latino`], in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stage {
    /// E(x): the picture's latent. Before the first step, that of the initial picture.
    Encode,
    /// z_t = sqrt(alpha_bar_t) E(x) + sqrt(1 - alpha_bar_t) n.
    Noise,
    /// z_0, the clean latent that the network predicts from z_t: the consistency step.
    Consistency,
    /// clip(D(z_0)): what the prior says.
    Decode,
    /// The prox: the picture near it that agrees with the measurement.
    Prox,
}

/// What a part of a step has made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Look<'a> {
    /// Which part.
    pub stage: Stage,
    /// 1 to `steps`; 0 for the encoding of the initial picture.
    pub step: usize,
    /// Steps in all.
    pub steps: usize,
    /// The timestep t.
    pub timestep: usize,
    /// A latent `[B, C, h, w]` up to [`Stage::Consistency`], then a picture `[B, 3, H, W]` in [-1, 1].
    pub made: &'a HostTensor,
}

impl<'a> Look<'a> {
    /// What a part has made, with its step, the steps in all, and its timestep.
    pub(super) fn at(stage: Stage, place: (usize, usize, usize), made: &'a HostTensor) -> Self {
        let (step, steps, timestep) = place;
        Self {
            stage,
            step,
            steps,
            timestep,
            made,
        }
    }
}
