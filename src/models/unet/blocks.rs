//! Down, mid and up blocks. Each is one call from feature map to feature map, so a caller can run,
//! repeat or recompute the UNet block by block.

use burn::tensor::Tensor;

use super::transformer::{Shape, Transformer};
use super::{BlockType, Conditioning, UNetConfig};
use crate::Result;
use crate::models::resnet::{Downsample, Norm, ResnetBlock, Upsample};
use crate::models::weights::Reader;
use crate::ops;

/// A residual block, and the transformer after it, if any.
#[derive(Debug)]
struct Stage {
    resnet: ResnetBlock,
    attention: Option<Transformer>,
}

impl Stage {
    fn forward(&self, x: Tensor<4>, c: &Conditioning) -> Tensor<4> {
        let x = self.resnet.forward(x, Some(&c.time));
        match &self.attention {
            Some(attention) => attention.forward(x, &c.text),
            None => x,
        }
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

    /// Leaves the result of every stage on `skips`, for the up blocks.
    pub fn forward(
        &self,
        mut x: Tensor<4>,
        c: &Conditioning,
        skips: &mut Vec<Tensor<4>>,
    ) -> Tensor<4> {
        for stage in &self.stages {
            x = stage.forward(x, c);
            skips.push(x.clone());
        }
        if let Some(downsampler) = &self.downsampler {
            x = downsampler.forward(x);
            skips.push(x.clone());
        }
        x
    }
}

/// `UNetMidBlock2DCrossAttn`.
#[derive(Debug)]
pub(super) struct MidBlock {
    first: Stage,
    last: ResnetBlock,
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
        Ok(Self {
            first: Stage {
                resnet: resnet(0)?,
                attention: Some(attention),
            },
            last: resnet(1)?,
        })
    }

    pub fn forward(&self, x: Tensor<4>, c: &Conditioning) -> Tensor<4> {
        let x = self.first.forward(x, c);
        self.last.forward(x, Some(&c.time))
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

    /// Takes one skip for each stage from `skips` and upsamples to the size of the next one, which
    /// differs from twice the size where downsampling rounded up.
    pub fn forward(
        &self,
        mut x: Tensor<4>,
        c: &Conditioning,
        skips: &mut Vec<Tensor<4>>,
    ) -> Tensor<4> {
        for stage in &self.stages {
            if let Some(skip) = skips.pop() {
                x = ops::concat_channels(x, skip);
            }
            x = stage.forward(x, c);
        }
        if let (Some(upsampler), Some(next)) = (&self.upsampler, skips.last()) {
            let [_, _, h, w] = next.dims();
            x = upsampler.forward(x, [h, w]);
        }
        x
    }
}
