//! `AutoencoderKL`, the variational autoencoder of Stable Diffusion (Rombach et al., 2022).
//!
//! Only the posterior mean is computed from an encoding; the variance is dropped.

mod watched;

use burn::tensor::{Device, Tensor};
use serde_json::{Value, json};

use super::autoencoder::check_input;
use super::config::Config;
use super::layers::{Conv2d, GroupNorm, Linear};
use super::planes::Planes;
use super::resnet::{Downsample, Norm, ResnetBlock, Upsample};
use super::weights::{Reader, Weights};
use crate::Result;
use crate::ops::{self, Conv};

/// Epsilon of all group normalisations; diffusers fixes it.
const EPS: f64 = 1e-6;

/// `vae/config.json` of an `AutoencoderKL`.
#[derive(Debug, Clone, PartialEq)]
pub struct AutoencoderKlConfig {
    /// Channels of the picture that is encoded.
    pub in_channels: usize,
    /// Channels of the decoded picture.
    pub out_channels: usize,
    /// Channels by level, from the largest size to the smallest.
    pub block_out_channels: Vec<usize>,
    /// Residual blocks in an encoder level; decoder levels have one more.
    pub layers_per_block: usize,
    /// Channels of the latent.
    pub latent_channels: usize,
    /// Channel groups of the group normalisations.
    pub norm_num_groups: usize,
    /// Scaled latent per unscaled latent.
    pub scaling_factor: f64,
    /// Subtracted from the unscaled latent before scaling.
    pub shift_factor: f64,
    /// Whether a 1x1 convolution follows the encoder.
    pub use_quant_conv: bool,
    /// Whether a 1x1 convolution precedes the decoder.
    pub use_post_quant_conv: bool,
    /// Whether the innermost level has self-attention.
    pub mid_block_add_attention: bool,
}

impl AutoencoderKlConfig {
    /// Reads `config.json`. Fails with [`crate::Error::Model`] naming the key that is not supported.
    pub fn parse(json: &str) -> Result<Self> {
        let mut c = Config::parse("vae/config.json", json)?;
        c.fixed("_class_name", &["AutoencoderKL"])?;
        c.fixed("act_fn", &["silu", "swish"])?;
        c.fixed("latents_mean", &[Value::Null])?;
        c.fixed("latents_std", &[Value::Null])?;
        c.ignore(&[
            // Only for tiling.
            "sample_size",
            // Everything is computed in f32.
            "force_upcast",
        ]);
        let block_out_channels: Vec<usize> = c.take("block_out_channels", vec![64])?;
        let n = block_out_channels.len();
        for (key, kind) in [
            ("down_block_types", "DownEncoderBlock2D"),
            ("up_block_types", "UpDecoderBlock2D"),
        ] {
            let types: Vec<String> = c.take(key, vec![kind.to_owned()])?;
            c.check(
                types.len() == n && types.iter().all(|t| t == kind),
                key,
                json!(types),
                &format!("supported: \"{kind}\", as many as block_out_channels, {n}"),
            )?;
        }
        let config = Self {
            in_channels: c.take("in_channels", 3)?,
            out_channels: c.take("out_channels", 3)?,
            layers_per_block: c.take("layers_per_block", 1)?,
            latent_channels: c.take("latent_channels", 4)?,
            norm_num_groups: c.take("norm_num_groups", 32)?,
            scaling_factor: c.positive("scaling_factor", 0.18215)?,
            shift_factor: c.take("shift_factor", None)?.unwrap_or(0.0),
            use_quant_conv: c.take("use_quant_conv", true)?,
            use_post_quant_conv: c.take("use_post_quant_conv", true)?,
            mid_block_add_attention: c.take("mid_block_add_attention", true)?,
            block_out_channels,
        };
        let channels = &config.block_out_channels;
        c.check_levels("block_out_channels", n)?;
        let groups = config.norm_num_groups;
        let fits = |c: &usize| groups > 0 && *c > 0 && c.is_multiple_of(groups);
        c.check(
            channels.iter().all(fits),
            "norm_num_groups",
            groups,
            "it must divide all block_out_channels",
        )?;
        c.finish()?;
        Ok(config)
    }

    /// Pixels per latent pixel along a side.
    pub fn downsample_factor(&self) -> usize {
        1 << (self.block_out_channels.len() - 1)
    }

    fn norm(&self) -> Norm {
        Norm {
            groups: self.norm_num_groups,
            eps: EPS,
        }
    }
}

/// The variational autoencoder.
#[derive(Debug)]
pub struct AutoencoderKl {
    config: AutoencoderKlConfig,
    encoder: Encoder,
    quant_conv: Option<Conv2d>,
    post_quant_conv: Option<Conv2d>,
    decoder: Decoder,
    parameters: u64,
}

impl AutoencoderKl {
    /// Takes `config.json` (text `json`) and the weights. Fails with [`crate::Error::Model`] when the
    /// configuration is not supported or the weights do not fit it.
    pub fn load(json: &str, weights: &Weights, device: &Device) -> Result<Self> {
        let config = AutoencoderKlConfig::parse(json)?;
        let w = weights.reader(device);
        let pointwise = |wanted: bool, name: &str, channels: usize| {
            let load = || Conv2d::load(&w.at(name), channels, channels, 1, Conv::same(1));
            wanted.then(load).transpose()
        };
        let z = config.latent_channels;
        let encoder = Encoder::load(&w.at("encoder"), &config)?;
        let quant_conv = pointwise(config.use_quant_conv, "quant_conv", 2 * z)?;
        let post_quant_conv = pointwise(config.use_post_quant_conv, "post_quant_conv", z)?;
        let decoder = Decoder::load(&w.at("decoder"), &config)?;
        weights.finish(&[])?;
        Ok(Self {
            encoder,
            quant_conv,
            post_quant_conv,
            decoder,
            parameters: weights.parameters(),
            config,
        })
    }

    /// The unscaled posterior mean `[B, latent_channels, H / f, W / f]` of a picture `[B,
    /// in_channels, H, W]` in [-1, 1]. Fails with [`crate::Error::Shape`] when H or W is not a multiple
    /// of f.
    pub fn encode(&self, picture: Tensor<4>) -> Result<Tensor<4>> {
        let factor = self.config.downsample_factor();
        check_input("picture", &picture, self.config.in_channels, factor)?;
        let moments = self.encoder.forward(picture);
        let moments = match &self.quant_conv {
            Some(conv) => conv.forward(moments),
            None => moments,
        };
        // The second half is the log variance.
        Ok(ops::take_channels(moments, 0, self.config.latent_channels))
    }

    /// The picture `[B, out_channels, f h, f w]`, about [-1, 1], of an unscaled latent `[B,
    /// latent_channels, h, w]`. Fails with [`crate::Error::Shape`] when the channels are wrong.
    pub fn decode(&self, latent: Tensor<4>) -> Result<Tensor<4>> {
        check_input("latent", &latent, self.config.latent_channels, 1)?;
        let latent = match &self.post_quant_conv {
            Some(conv) => conv.forward(latent),
            None => latent,
        };
        Ok(self.decoder.forward(latent))
    }

    /// The configuration.
    pub fn config(&self) -> &AutoencoderKlConfig {
        &self.config
    }

    /// Number of parameters.
    pub fn parameters(&self) -> u64 {
        self.parameters
    }
}

#[derive(Debug)]
struct Encoder {
    conv_in: Conv2d,
    down_blocks: Vec<(Vec<ResnetBlock>, Option<Downsample>)>,
    mid_block: MidBlock,
    conv_norm_out: GroupNorm,
    conv_out: Conv2d,
}

impl Encoder {
    fn load(w: &Reader, config: &AutoencoderKlConfig) -> Result<Self> {
        let channels = &config.block_out_channels;
        let (first, last) = (channels[0], channels[channels.len() - 1]);
        let block = |i: usize| {
            let w = w.at("down_blocks").at(i);
            let input = channels[i.saturating_sub(1)];
            let resnets = resnets(&w, config, config.layers_per_block, input, channels[i])?;
            let more = i + 1 < channels.len();
            let downsample = || Downsample::load(&w.at("downsamplers").at(0), channels[i], 0);
            Ok((resnets, more.then(downsample).transpose()?))
        };
        let moments = 2 * config.latent_channels;
        let same = Conv::same(3);
        Ok(Self {
            conv_in: Conv2d::load(&w.at("conv_in"), config.in_channels, first, 3, same)?,
            down_blocks: (0..channels.len()).map(block).collect::<Result<_>>()?,
            mid_block: MidBlock::load(&w.at("mid_block"), config)?,
            conv_norm_out: group_norm(&w.at("conv_norm_out"), config, last)?,
            conv_out: Conv2d::load(&w.at("conv_out"), last, moments, 3, same)?,
        })
    }

    fn forward(&self, picture: Tensor<4>) -> Tensor<4> {
        let picture = Planes::from(picture);
        let mut x = self.conv_in.forward_planes(&picture, None, None, None);
        for (resnets, downsampler) in &self.down_blocks {
            x = resnets.iter().fold(x, |x, r| r.forward_planes(&x));
            if let Some(downsampler) = downsampler {
                x = downsampler.forward_planes(&x);
            }
        }
        let x = self.mid_block.forward(x.whole());
        self.conv_out.forward(self.conv_norm_out.forward_silu(x))
    }
}

#[derive(Debug)]
struct Decoder {
    conv_in: Conv2d,
    mid_block: MidBlock,
    up_blocks: Vec<(Vec<ResnetBlock>, Option<Upsample>)>,
    conv_norm_out: GroupNorm,
    conv_out: Conv2d,
}

impl Decoder {
    fn load(w: &Reader, config: &AutoencoderKlConfig) -> Result<Self> {
        let channels = &config.block_out_channels;
        let deepest = channels.len() - 1;
        let (first, last) = (channels[0], channels[deepest]);
        // Up block i works at the level of the down block `deepest - i`.
        let block = |i: usize| {
            let w = w.at("up_blocks").at(i);
            let level = deepest - i;
            let input = channels[(level + 1).min(deepest)];
            let layers = config.layers_per_block + 1;
            let resnets = resnets(&w, config, layers, input, channels[level])?;
            let upsample = || Upsample::load(&w.at("upsamplers").at(0), channels[level]);
            Ok((resnets, (level > 0).then(upsample).transpose()?))
        };
        let same = Conv::same(3);
        Ok(Self {
            conv_in: Conv2d::load(&w.at("conv_in"), config.latent_channels, last, 3, same)?,
            mid_block: MidBlock::load(&w.at("mid_block"), config)?,
            up_blocks: (0..channels.len()).map(block).collect::<Result<_>>()?,
            conv_norm_out: group_norm(&w.at("conv_norm_out"), config, first)?,
            conv_out: Conv2d::load(&w.at("conv_out"), first, config.out_channels, 3, same)?,
        })
    }

    fn forward(&self, latent: Tensor<4>) -> Tensor<4> {
        let x = self.mid_block.forward(self.conv_in.forward(latent));
        let mut x = Planes::from(x);
        for (resnets, upsampler) in &self.up_blocks {
            x = resnets.iter().fold(x, |x, r| r.forward_planes(&x));
            if let Some(upsampler) = upsampler {
                x = upsampler.forward_double(&x);
            }
        }
        let x = self.conv_norm_out.forward_planes(&x, true);
        self.conv_out.forward_planes(&x, None, None, None).whole()
    }
}

/// `count` residual blocks; the first one changes the channels from `input` to `output`.
fn resnets(
    w: &Reader,
    config: &AutoencoderKlConfig,
    count: usize,
    input: usize,
    output: usize,
) -> Result<Vec<ResnetBlock>> {
    let block = |j: usize| {
        let input = if j == 0 { input } else { output };
        ResnetBlock::load(&w.at("resnets").at(j), input, output, None, config.norm())
    };
    (0..count).map(block).collect()
}

fn group_norm(w: &Reader, config: &AutoencoderKlConfig, channels: usize) -> Result<GroupNorm> {
    GroupNorm::load(w, channels, config.norm_num_groups, EPS)
}

/// Residual block, attention, residual block.
#[derive(Debug)]
struct MidBlock {
    resnets: Vec<ResnetBlock>,
    attention: Option<Attention>,
}

impl MidBlock {
    fn load(w: &Reader, config: &AutoencoderKlConfig) -> Result<Self> {
        let channels = config.block_out_channels[config.block_out_channels.len() - 1];
        let attention = || Attention::load(&w.at("attentions").at(0), config, channels);
        Ok(Self {
            resnets: resnets(w, config, 2, channels, channels)?,
            attention: config.mid_block_add_attention.then(attention).transpose()?,
        })
    }

    fn forward(&self, mut x: Tensor<4>) -> Tensor<4> {
        for (i, resnet) in self.resnets.iter().enumerate() {
            if let (1, Some(attention)) = (i, &self.attention) {
                x = attention.forward(x);
            }
            x = resnet.forward(x, None);
        }
        x
    }
}

/// x + out(attention(norm(x))) between pixels, with one head.
#[derive(Debug)]
struct Attention {
    group_norm: GroupNorm,
    to_q: Linear,
    to_k: Linear,
    to_v: Linear,
    to_out: Linear,
}

impl Attention {
    /// Takes the names of today and those of checkpoints from before diffusers 0.15, such as
    /// Stable Diffusion 1.5.
    fn load(w: &Reader, config: &AutoencoderKlConfig, channels: usize) -> Result<Self> {
        let [q, k, v, out] = if w.has("query.weight") {
            ["query", "key", "value", "proj_attn"]
        } else {
            ["to_q", "to_k", "to_v", "to_out.0"]
        };
        let projection = |name: &str| Linear::load(&w.at(name), channels, channels);
        Ok(Self {
            group_norm: group_norm(&w.at("group_norm"), config, channels)?,
            to_q: projection(q)?,
            to_k: projection(k)?,
            to_v: projection(v)?,
            to_out: projection(out)?,
        })
    }

    fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        let [_, _, height, width] = x.dims();
        let h = ops::to_tokens(self.group_norm.forward(x.clone()));
        let q = self.to_q.forward(h.clone());
        let k = self.to_k.forward(h.clone());
        let v = self.to_v.forward(h);
        let h = self.to_out.forward(ops::attention(q, k, v, 1, false));
        ops::add(x, ops::from_tokens(h, height, width))
    }
}
