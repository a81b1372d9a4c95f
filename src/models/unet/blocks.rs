//! Down, mid and up blocks. Each lists its [`Step`]s, which the UNet runs one after the other.

use burn::tensor::Tensor;

use super::step::{Skip, Step};
use super::transformer::{Shape, Transformer};
use super::{BlockType, Conditioning, UNetConfig};
use crate::Result;
use crate::models::resnet::{Downsample, Norm, ResnetBlock, Upsample};
use crate::models::weights::Reader;

/// A residual block, and the transformer after it, if any.
#[derive(Debug)]
pub(super) struct Stage {
    resnet: ResnetBlock,
    attention: Option<Transformer>,
}

impl Stage {
    pub fn forward(&self, x: Tensor<4>, c: &Conditioning) -> Tensor<4> {
        let x = self.resnet.forward(x, Some(&c.time));
        match &self.attention {
            Some(attention) => attention.forward(x, &c.text),
            None => x,
        }
    }

    /// Whether the text enters here.
    pub fn attends(&self) -> bool {
        self.attention.is_some()
    }

    /// The vector-Jacobian product for the cotangent `g` of the result: with respect to `x`, if
    /// `need_x`, and to the text, if it enters here. Computes what it needs of [`Self::forward`]
    /// again.
    pub fn backward(
        &self,
        x: Tensor<4>,
        c: &Conditioning,
        g: Tensor<4>,
        need_x: bool,
    ) -> (Option<Tensor<4>>, Option<Tensor<3>>) {
        let h = self.resnet.hidden(x.clone(), Some(&c.time));
        let (g, g_text) = match &self.attention {
            Some(attention) => {
                let y = self.resnet.forward_from(x.clone(), h.clone());
                attention.backward(y, &c.text, g, need_x)
            }
            None => (Some(g), None),
        };
        let gx = g.filter(|_| need_x);
        let gx = gx.map(|g| self.resnet.backward(x, h, g));
        (gx, g_text)
    }
}

/// Loads stage `j` of a block at level `i` (0: largest size) of the UNet.
fn stage(
    w: &Reader,
    config: &UNetConfig,
    kind: BlockType,
    i: usize,
    j: usize,
    input: usize,
) -> Result<Stage> {
    let channels = config.block_out_channels[i];
    let attention = match kind {
        BlockType::Plain => None,
        BlockType::CrossAttention => {
            let only = config.only_cross_attention[i];
            let w = w.at("attentions").at(j);
            Some(Transformer::load(&w, shape(config, i, only))?)
        }
    };
    let time = Some(config.time_embedding_dim);
    let w = w.at("resnets").at(j);
    Ok(Stage {
        resnet: ResnetBlock::load(&w, input, channels, time, norm(config))?,
        attention,
    })
}

fn norm(config: &UNetConfig) -> Norm {
    Norm {
        groups: config.norm_num_groups,
        eps: config.norm_eps,
    }
}

fn shape(config: &UNetConfig, i: usize, only_cross_attention: bool) -> Shape {
    Shape {
        channels: config.block_out_channels[i],
        heads: config.num_attention_heads[i],
        layers: config.transformer_layers_per_block[i],
        text: config.cross_attention_dim[i],
        only_cross_attention,
        groups: config.norm_num_groups,
    }
}

/// `DownBlock2D` or `CrossAttnDownBlock2D`.
#[derive(Debug)]
pub(super) struct DownBlock {
    stages: Vec<Stage>,
    downsampler: Option<Downsample>,
}

impl DownBlock {
    pub fn load(w: &Reader, config: &UNetConfig, i: usize) -> Result<Self> {
        let channels = &config.block_out_channels;
        let kind = config.down_block_types[i];
        let stages = (0..config.layers_per_block[i])
            .map(|j| {
                let input = channels[if j == 0 { i.saturating_sub(1) } else { i }];
                stage(w, config, kind, i, j, input)
            })
            .collect::<Result<_>>()?;
        let downsampler = if i + 1 < channels.len() {
            let w = w.at("downsamplers").at(0);
            let padding = config.downsample_padding;
            Some(Downsample::load(&w, channels[i], padding)?)
        } else {
            None
        };
        Ok(Self {
            stages,
            downsampler,
        })
    }

    /// Every step leaves its result for the up blocks.
    pub fn steps(&self) -> impl Iterator<Item = Step<'_>> {
        let stages = self.stages.iter();
        let stages = stages.map(|stage| Step::Stage(stage, Skip::Leave));
        stages.chain(self.downsampler.as_ref().map(Step::Down))
    }
}

/// `UNetMidBlock2DCrossAttn`.
#[derive(Debug)]
pub(super) struct MidBlock {
    stages: [Stage; 2],
}

impl MidBlock {
    pub fn load(w: &Reader, config: &UNetConfig) -> Result<Self> {
        let i = config.block_out_channels.len() - 1;
        let channels = config.block_out_channels[i];
        let resnet = |j: usize| {
            let w = w.at("resnets").at(j);
            let time = Some(config.time_embedding_dim);
            ResnetBlock::load(&w, channels, channels, time, norm(config))
        };
        let attention = Transformer::load(&w.at("attentions").at(0), shape(config, i, false))?;
        let stage = |resnet, attention| Stage { resnet, attention };
        Ok(Self {
            stages: [stage(resnet(0)?, Some(attention)), stage(resnet(1)?, None)],
        })
    }

    /// Apart from the skips.
    pub fn steps(&self) -> impl Iterator<Item = Step<'_>> {
        let stages = self.stages.iter();
        stages.map(|stage| Step::Stage(stage, Skip::None))
    }
}

/// `UpBlock2D` or `CrossAttnUpBlock2D`.
#[derive(Debug)]
pub(super) struct UpBlock {
    stages: Vec<Stage>,
    upsampler: Option<Upsample>,
}

impl UpBlock {
    /// Up block `i` works at the level of the down block `last - i`.
    pub fn load(w: &Reader, config: &UNetConfig, i: usize) -> Result<Self> {
        let channels = &config.block_out_channels;
        let last = channels.len() - 1;
        let level = last - i;
        let kind = config.up_block_types[i];
        let layers = config.layers_per_block[level] + 1;
        let stages = (0..layers)
            .map(|j| {
                let from_below = if j == 0 {
                    channels[(level + 1).min(last)]
                } else {
                    channels[level]
                };
                // The last skip of a level comes from the downsampler one level up.
                let skip = if j + 1 == layers {
                    channels[level.saturating_sub(1)]
                } else {
                    channels[level]
                };
                stage(w, config, kind, level, j, from_below + skip)
            })
            .collect::<Result<_>>()?;
        let upsampler = if level > 0 {
            Some(Upsample::load(&w.at("upsamplers").at(0), channels[level])?)
        } else {
            None
        };
        Ok(Self { stages, upsampler })
    }

    /// Every stage takes a skip.
    pub fn steps(&self) -> impl Iterator<Item = Step<'_>> {
        let stages = self.stages.iter();
        let stages = stages.map(|stage| Step::Stage(stage, Skip::Take));
        stages.chain(self.upsampler.as_ref().map(Step::Up))
    }
}
