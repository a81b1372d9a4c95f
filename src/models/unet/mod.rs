//! `UNet2DConditionModel`: predicts noise (or v, or the clean latent) from a noisy latent, the
//! timestep and the text.

mod blocks;
mod config;
mod pullback;
mod step;
mod time;
mod transformer;
mod watched;

use burn::tensor::{Device, Tensor, TensorData};

use self::blocks::{DownBlock, MidBlock, UpBlock};
pub use self::config::{BlockType, UNetConfig};
pub use self::pullback::{Backward, Pullback};
use self::step::{Step, Walk};
use self::time::TimeEmbedding;
pub use self::time::{guidance_embedding, timestep_embedding};
use super::layers::{Conv2d, GroupNorm};
use super::resnet::Norm;
use super::weights::Weights;
use crate::ops::{self, Activation, Conv};
use crate::{Error, Result};

/// What every block is conditioned on.
#[derive(Debug, Clone)]
struct Conditioning {
    /// silu(time embedding) `[B, width]`: each residual block applies SiLU to it first, so it is
    /// done once.
    time: Tensor<2>,
    /// Text `[B, N, cross_attention_dim]`.
    text: Tensor<3>,
}

/// The UNet.
#[derive(Debug)]
pub struct UNet2DConditionModel {
    config: UNetConfig,
    time: TimeEmbedding,
    conv_in: Conv2d,
    down_blocks: Vec<DownBlock>,
    mid_block: MidBlock,
    up_blocks: Vec<UpBlock>,
    conv_norm_out: GroupNorm,
    conv_out: Conv2d,
    parameters: u64,
}

impl UNet2DConditionModel {
    /// Takes `config.json` (text `json`) and the weights. Fails with [`Error::Model`] when the
    /// configuration is not supported or the weights do not fit it.
    pub fn load(json: &str, weights: &Weights, device: &Device) -> Result<Self> {
        let config = UNetConfig::parse(json)?;
        let w = weights.reader(device);
        let channels = &config.block_out_channels;
        let first = channels[0];
        let norm = Norm {
            groups: config.norm_num_groups,
            eps: config.norm_eps,
        };
        let (k_in, k_out) = (config.conv_in_kernel, config.conv_out_kernel);
        let time = TimeEmbedding::load(&w.at("time_embedding"), &config)?;
        let conv_in = w.at("conv_in");
        let conv_in = Conv2d::load(&conv_in, config.in_channels, first, k_in, Conv::same(k_in))?;
        let down_blocks = (0..channels.len())
            .map(|i| DownBlock::load(&w.at("down_blocks").at(i), &config, i))
            .collect::<Result<_>>()?;
        let mid_block = MidBlock::load(&w.at("mid_block"), &config)?;
        let up_blocks = (0..channels.len())
            .map(|i| UpBlock::load(&w.at("up_blocks").at(i), &config, i))
            .collect::<Result<_>>()?;
        let conv_norm_out = GroupNorm::load(&w.at("conv_norm_out"), first, norm.groups, norm.eps)?;
        let out = w.at("conv_out");
        let conv_out = Conv2d::load(&out, first, config.out_channels, k_out, Conv::same(k_out))?;
        weights.finish(&[])?;
        Ok(Self {
            time,
            conv_in,
            down_blocks,
            mid_block,
            up_blocks,
            conv_norm_out,
            conv_out,
            parameters: weights.parameters(),
            config,
        })
    }

    /// The prediction `[B, out_channels, h, w]` for latents `sample` `[B, in_channels, h, w]` of
    /// any size, `timesteps` (one, or one each), text `context` `[B, N, cross_attention_dim]` and,
    /// for models with a guidance embedding, `timestep_cond` `[B, time_cond_proj_dim]` (left out:
    /// no guidance term, as in diffusers). Fails with [`Error::Shape`] when these do not fit.
    pub fn forward(
        &self,
        sample: Tensor<4>,
        timesteps: &[f32],
        context: Tensor<3>,
        timestep_cond: Option<Tensor<2>>,
    ) -> Result<Tensor<4>> {
        let (mut walk, c) = self.start(sample, timesteps, context, timestep_cond)?;
        for step in self.steps() {
            step.forward(&mut walk, &c);
        }
        Ok(self.head(walk.x))
    }

    /// [`Self::forward`], and the means to carry a cotangent of the prediction back to `context`.
    /// Holds the inputs of all blocks until the [`Pullback`] is used or dropped.
    pub fn forward_vjp(
        &self,
        sample: Tensor<4>,
        timesteps: &[f32],
        context: Tensor<3>,
        timestep_cond: Option<Tensor<2>>,
    ) -> Result<(Tensor<4>, Pullback<'_>)> {
        let (walk, c) = self.start(sample, timesteps, context, timestep_cond)?;
        let pullback = Pullback::record(self, walk, c);
        Ok((self.head(pullback.features()), pullback))
    }

    /// Checks the inputs and computes what the first step gets.
    fn start(
        &self,
        sample: Tensor<4>,
        timesteps: &[f32],
        context: Tensor<3>,
        timestep_cond: Option<Tensor<2>>,
    ) -> Result<(Walk, Conditioning)> {
        self.check(&sample, timesteps, &context, timestep_cond.as_ref())?;
        let batch = sample.dims()[0];
        let time = self.time.forward(timesteps, batch, timestep_cond);
        let conditioning = Conditioning {
            time: ops::activate(time, Activation::Silu),
            text: context,
        };
        let sample = if self.config.center_input_sample {
            ops::affine(sample, 2.0, -1.0)
        } else {
            sample
        };
        let x = self.conv_in.forward(sample);
        let skips = vec![x.clone()];
        Ok((Walk { x, skips }, conditioning))
    }

    /// All blocks, step by step.
    fn steps(&self) -> impl Iterator<Item = Step<'_>> {
        let down = self.down_blocks.iter().flat_map(DownBlock::steps);
        let up = self.up_blocks.iter().flat_map(UpBlock::steps);
        down.chain(self.mid_block.steps()).chain(up)
    }

    /// The prediction from the last block's result.
    fn head(&self, x: Tensor<4>) -> Tensor<4> {
        self.conv_out.forward(self.conv_norm_out.forward_silu(x))
    }

    /// The vector-Jacobian product of [`Self::head`] at `x`.
    fn head_backward(&self, x: Tensor<4>, g: Tensor<4>) -> Tensor<4> {
        let [_, _, h, w] = x.dims();
        self.conv_norm_out
            .backward_silu(x, self.conv_out.backward(g, [h, w]))
    }

    /// The `timestep_cond` for guidance scale `scale` (1: none): `None` when the model takes no
    /// such input. Source: Latent Consistency Models (Luo et al., 2023), where w = scale - 1.
    pub fn guidance(&self, scale: f32, batch: usize, device: &Device) -> Option<Tensor<2>> {
        let dim = self.config.time_cond_proj_dim?;
        let values = guidance_embedding(scale - 1.0, dim).repeat(batch);
        Some(Tensor::from_data(
            TensorData::new(values, [batch, dim]),
            device,
        ))
    }

    /// The configuration.
    pub fn config(&self) -> &UNetConfig {
        &self.config
    }

    /// Number of parameters.
    pub fn parameters(&self) -> u64 {
        self.parameters
    }

    fn check(
        &self,
        sample: &Tensor<4>,
        timesteps: &[f32],
        context: &Tensor<3>,
        cond: Option<&Tensor<2>>,
    ) -> Result<()> {
        let [b, c, h, w] = sample.dims();
        if c != self.config.in_channels || b * h * w == 0 {
            return Err(Error::shape(format!(
                "UNet input is {:?}, expected [B, {}, h, w]",
                sample.dims(),
                self.config.in_channels
            )));
        }
        if timesteps.len() != 1 && timesteps.len() != b {
            return Err(Error::shape(format!(
                "{} timesteps for a batch of {b}",
                timesteps.len()
            )));
        }
        for (i, width) in self.config.cross_attention_dim.iter().enumerate() {
            let [cb, n, cw] = context.dims();
            if self.config.attends(i) && (cb != b || n == 0 || cw != *width) {
                return Err(Error::shape(format!(
                    "text embedding is {:?}, but the UNet expects [{b}, N, {width}]",
                    context.dims()
                )));
            }
        }
        match (cond.map(Tensor::dims), self.config.time_cond_proj_dim) {
            (None, _) => Ok(()),
            (Some(dims), Some(width)) if dims == [b, width] => Ok(()),
            (Some(dims), Some(width)) => Err(Error::shape(format!(
                "guidance embedding is {dims:?}, expected [{b}, {width}]"
            ))),
            (Some(_), None) => Err(Error::shape("this UNet takes no guidance embedding")),
        }
    }
}
