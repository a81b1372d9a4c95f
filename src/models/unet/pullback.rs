//! The gradient with respect to the text embedding, by hand-written reverse mode.
//!
//! The forward pass keeps each step's input only; the way back computes a step again before going
//! through it (checkpointing; Griewank and Walther, Evaluating Derivatives, 2008, chapter 12). It
//! ends at the first step that sees the text.

use burn::tensor::Tensor;

use super::step::{Cotangents, Input, Step, Walk};
use super::{Conditioning, UNet2DConditionModel};
use crate::ops;
use crate::{Error, Result};

/// A finished forward pass of the UNet, ready to carry a cotangent of its prediction back.
#[derive(Debug, Clone)]
pub struct Pullback<'a> {
    unet: &'a UNet2DConditionModel,
    conditioning: Conditioning,
    /// From the first step that attends to the text.
    tape: Vec<(Step<'a>, Input)>,
    /// The last step's result.
    features: Tensor<4>,
}

impl<'a> Pullback<'a> {
    /// Takes all steps from `walk`.
    pub(super) fn record(
        unet: &'a UNet2DConditionModel,
        mut walk: Walk,
        conditioning: Conditioning,
    ) -> Self {
        let mut tape = Vec::new();
        for step in unet.steps() {
            let input = step.forward(&mut walk, &conditioning);
            if step.attends() || !tape.is_empty() {
                tape.push((step, input));
            }
        }
        Self {
            unet,
            conditioning,
            tape,
            features: walk.x,
        }
    }

    pub(super) fn features(&self) -> Tensor<4> {
        self.features.clone()
    }

    /// J^T `seed` `[B, N, cross_attention_dim]` for the Jacobian J of the prediction with respect
    /// to the text embedding, where `seed` `[B, out_channels, h, w]` is a cotangent of the
    /// prediction: the gradient of sum(seed * prediction). Fails with [`Error::Shape`] when `seed`
    /// is not of the prediction's shape.
    pub fn context(self, seed: Tensor<4>) -> Result<Tensor<3>> {
        Ok(self.begin(seed)?.finish())
    }

    /// [`Self::context`] in steps of the caller's choice.
    pub fn begin(self, seed: Tensor<4>) -> Result<Backward<'a>> {
        let [b, _, h, w] = self.features.dims();
        let expected = [b, self.unet.config.out_channels, h, w];
        if seed.dims() != expected {
            return Err(Error::shape(format!(
                "cotangent of the UNet's prediction is {:?}, expected {expected:?}",
                seed.dims()
            )));
        }
        let x = self.unet.head_backward(self.features, seed);
        Ok(Backward {
            conditioning: self.conditioning,
            tape: self.tape,
            cotangents: Cotangents {
                x,
                skips: Vec::new(),
                text: None,
            },
        })
    }
}

/// The way back, at some step. Each step's work is submitted to the device at once, so a caller
/// that must not fill the device's queue waits between steps.
#[derive(Debug)]
pub struct Backward<'a> {
    conditioning: Conditioning,
    tape: Vec<(Step<'a>, Input)>,
    cotangents: Cotangents,
}

impl Backward<'_> {
    /// Number of steps left: about 20 at the start for Stable Diffusion.
    pub fn remaining(&self) -> usize {
        self.tape.len()
    }

    /// Goes one step back; false when there was none left.
    pub fn step(&mut self) -> bool {
        let Some((step, input)) = self.tape.pop() else {
            return false;
        };
        let need_x = !self.tape.is_empty();
        step.backward(input, &self.conditioning, &mut self.cotangents, need_x);
        true
    }

    /// Goes the rest of the way; returns the gradient `[B, N, cross_attention_dim]`.
    pub fn finish(mut self) -> Tensor<3> {
        while self.step() {}
        let text = self.conditioning.text;
        // A UNet whose steps never look at the text does not depend on it.
        self.cotangents
            .text
            .unwrap_or_else(|| ops::affine(text, 0.0, 0.0))
    }
}
