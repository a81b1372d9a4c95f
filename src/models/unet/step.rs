//! The UNet as a list of steps, each from feature map to feature map, with the skip connections
//! on a stack. The forward pass and the way back both walk along it, so a caller can stop between
//! steps, and on the way back only a step's own activations exist.

use burn::tensor::Tensor;

use super::Conditioning;
use super::blocks::Stage;
use super::transformer::accumulate;
use crate::models::resnet::{Downsample, Upsample};
use crate::ops;

/// What a stage does with the stack of skips.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Skip {
    /// Leaves its result there.
    Leave,
    /// Takes the top one as more input channels.
    Take,
    /// Nothing.
    None,
}

/// A part of the UNet.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step<'a> {
    Stage(&'a Stage, Skip),
    /// Leaves its result on the stack too.
    Down(&'a Downsample),
    /// To the size of the next skip, which differs from twice the size where downsampling
    /// rounded up.
    Up(&'a Upsample),
}

/// The state between two steps.
#[derive(Debug, Clone)]
pub(super) struct Walk {
    pub x: Tensor<4>,
    pub skips: Vec<Tensor<4>>,
}

/// What a step got: the feature map, and the skip it took.
#[derive(Debug, Clone)]
pub(super) struct Input {
    x: Tensor<4>,
    skip: Option<Tensor<4>>,
}

/// The cotangents of a [`Walk`]'s tensors, and of the text as far as collected.
#[derive(Debug, Clone)]
pub(super) struct Cotangents {
    pub x: Tensor<4>,
    pub skips: Vec<Tensor<4>>,
    pub text: Option<Tensor<3>>,
}

impl Input {
    fn joined(self) -> Tensor<4> {
        match self.skip {
            Some(skip) => ops::concat_channels(self.x, skip),
            None => self.x,
        }
    }
}

impl Step<'_> {
    /// Whether the text enters here.
    pub fn attends(self) -> bool {
        matches!(self, Self::Stage(stage, _) if stage.attends())
    }

    /// Takes the step; returns what it started from.
    pub fn forward(self, walk: &mut Walk, c: &Conditioning) -> Input {
        let skip = match self {
            Self::Stage(_, Skip::Take) => walk.skips.pop(),
            _ => None,
        };
        let x = walk.x.clone();
        let input = Input { x, skip };
        match self {
            Self::Stage(stage, skip) => {
                walk.x = stage.forward(input.clone().joined(), c);
                if skip == Skip::Leave {
                    walk.skips.push(walk.x.clone());
                }
            }
            Self::Down(downsampler) => {
                walk.x = downsampler.forward(input.x.clone());
                walk.skips.push(walk.x.clone());
            }
            Self::Up(upsampler) => {
                if let Some(next) = walk.skips.last() {
                    let [_, _, h, w] = next.dims();
                    walk.x = upsampler.forward(input.x.clone(), [h, w]);
                }
            }
        }
        input
    }

    /// The step back: turns the cotangents of the state after into those of the state before.
    /// Unless `need_x`, only those of the text are of use afterwards.
    pub fn backward(self, input: Input, c: &Conditioning, g: &mut Cotangents, need_x: bool) {
        let [_, channels, h, w] = input.x.dims();
        if let Self::Stage(_, Skip::Leave) | Self::Down(_) = self
            && let Some(skip) = g.skips.pop()
        {
            g.x = ops::add(g.x.clone(), skip);
        }
        match self {
            Self::Stage(stage, _) => {
                let taken = input.skip.as_ref().map(|skip| skip.dims()[1]);
                let (gx, g_text) = stage.backward(input.joined(), c, g.x.clone(), need_x);
                if let Some(g_text) = g_text {
                    g.text = accumulate(g.text.take(), g_text);
                }
                match (gx, taken) {
                    (Some(gx), Some(taken)) => {
                        g.skips
                            .push(ops::take_channels(gx.clone(), channels, taken));
                        g.x = ops::take_channels(gx, 0, channels);
                    }
                    (Some(gx), None) => g.x = gx,
                    (None, _) => (),
                }
            }
            Self::Down(downsampler) => g.x = downsampler.backward(g.x.clone(), [h, w]),
            Self::Up(upsampler) => g.x = upsampler.backward(g.x.clone(), [h, w]),
        }
    }
}
