//! `AutoencoderTiny` (TAESD, Bohan, 2023): residual convolutions without normalisation or
//! attention.

mod watched;

use burn::tensor::{Device, Tensor};
use serde_json::json;

use super::autoencoder::check_input;
use super::config::Config;
use super::layers::Conv2d;
use super::planes::Planes;
use super::weights::{Reader, Weights};
use crate::ops::{self, Activation, Conv};
use crate::{Error, Result};

/// `vae/config.json` of an `AutoencoderTiny`. diffusers lets the width differ by level, but such a
/// network does not fit together: its level-changing convolutions keep the width.
#[derive(Debug, Clone, PartialEq)]
pub struct AutoencoderTinyConfig {
    /// Channels of the picture that is encoded.
    pub in_channels: usize,
    /// Channels of the decoded picture.
    pub out_channels: usize,
    /// Channels in the encoder.
    pub encoder_width: usize,
    /// Channels in the decoder.
    pub decoder_width: usize,
    /// Residual blocks of the encoder by level, largest size first.
    pub num_encoder_blocks: Vec<usize>,
    /// Residual blocks of the decoder by level, smallest size first.
    pub num_decoder_blocks: Vec<usize>,
    /// Activation inside the blocks.
    pub act_fn: Activation,
    /// Channels of the latent.
    pub latent_channels: usize,
    /// Scaled latent per unscaled latent.
    pub scaling_factor: f64,
    /// Subtracted from the unscaled latent before scaling.
    pub shift_factor: f64,
}

impl AutoencoderTinyConfig {
    /// Reads `config.json`. Fails with [`Error::Model`] naming the key that is not supported.
    pub fn parse(json: &str) -> Result<Self> {
        let mut c = Config::parse("vae/config.json", json)?;
        c.fixed("_class_name", &["AutoencoderTiny"])?;
        c.fixed("upsample_fn", &["nearest"])?;
        // The encoder always halves.
        c.fixed("upsampling_scaling_factor", &[2])?;
        c.ignore(&[
            // Written for information; the next two keys are what counts.
            "block_out_channels",
            // Only for storing latents as bytes.
            "latent_magnitude",
            "latent_shift",
            // Everything is computed in f32.
            "force_upcast",
        ]);
        let mut side = |blocks_key: &str, default: [usize; 4], width_key: &str| {
            let blocks: Vec<usize> = c.take(blocks_key, default.to_vec())?;
            let widths: Vec<usize> = c.take(width_key, vec![64; 4])?;
            let width = widths.first().copied().unwrap_or(0);
            c.check(
                width > 0 && widths.iter().all(|w| *w == width),
                width_key,
                json!(widths),
                "all must be equal and not 0",
            )?;
            c.check(
                blocks.len() == widths.len(),
                blocks_key,
                json!(blocks),
                &format!("there must be as many as {width_key}, {}", widths.len()),
            )?;
            Ok::<_, Error>((blocks, width))
        };
        let (num_encoder_blocks, encoder_width) = side(
            "num_encoder_blocks",
            [1, 3, 3, 3],
            "encoder_block_out_channels",
        )?;
        let (num_decoder_blocks, decoder_width) = side(
            "num_decoder_blocks",
            [3, 3, 3, 1],
            "decoder_block_out_channels",
        )?;
        c.check(
            num_encoder_blocks.len() == num_decoder_blocks.len(),
            "num_decoder_blocks",
            json!(num_decoder_blocks),
            "encoder and decoder must have the same number of levels",
        )?;
        c.check_levels("num_encoder_blocks", num_encoder_blocks.len())?;
        let act: String = c.take("act_fn", "relu".into())?;
        let act_fn = match act.as_str() {
            "relu" => Activation::Relu,
            "silu" | "swish" => Activation::Silu,
            "gelu" => Activation::Gelu,
            _ => {
                let why = "supported: \"relu\", \"silu\", \"swish\", \"gelu\"";
                return Err(c.unsupported("act_fn", &act.into(), why));
            }
        };
        let config = Self {
            in_channels: c.take("in_channels", 3)?,
            out_channels: c.take("out_channels", 3)?,
            encoder_width,
            decoder_width,
            num_encoder_blocks,
            num_decoder_blocks,
            act_fn,
            latent_channels: c.take("latent_channels", 4)?,
            scaling_factor: c.positive("scaling_factor", 1.0)?,
            shift_factor: c.take("shift_factor", None)?.unwrap_or(0.0),
        };
        c.finish()?;
        Ok(config)
    }

    /// Pixels per latent pixel along a side.
    pub fn downsample_factor(&self) -> usize {
        1 << (self.num_encoder_blocks.len() - 1)
    }
}

/// The tiny autoencoder.
#[derive(Debug)]
pub struct AutoencoderTiny {
    config: AutoencoderTinyConfig,
    encoder: Vec<Layer>,
    decoder: Vec<Layer>,
    parameters: u64,
}

impl AutoencoderTiny {
    /// Takes `config.json` (text `json`) and the weights. Fails with [`Error::Model`] when the
    /// configuration is not supported or the weights do not fit it.
    pub fn load(json: &str, weights: &Weights, device: &Device) -> Result<Self> {
        let config = AutoencoderTinyConfig::parse(json)?;
        let w = weights.reader(device);
        let encoder = encoder(w.at("encoder").at("layers"), &config)?;
        let decoder = decoder(w.at("decoder").at("layers"), &config)?;
        weights.finish(&[])?;
        Ok(Self {
            encoder,
            decoder,
            parameters: weights.parameters(),
            config,
        })
    }

    /// The unscaled latent `[B, latent_channels, H / f, W / f]` of a picture `[B, in_channels, H,
    /// W]` in [-1, 1]. Fails with [`Error::Shape`] when H or W is not a multiple of f.
    pub fn encode(&self, picture: Tensor<4>) -> Result<Tensor<4>> {
        let factor = self.config.downsample_factor();
        check_input("picture", &picture, self.config.in_channels, factor)?;
        // The layers see pictures in [0, 1].
        Ok(run(&self.encoder, ops::affine(picture, 0.5, 0.5)))
    }

    /// The picture `[B, out_channels, f h, f w]`, about [-1, 1], of an unscaled latent `[B,
    /// latent_channels, h, w]`. Fails with [`Error::Shape`] when the channels are wrong.
    pub fn decode(&self, latent: Tensor<4>) -> Result<Tensor<4>> {
        check_input("latent", &latent, self.config.latent_channels, 1)?;
        let picture = run(&self.decoder, ops::soft_clamp3(latent));
        Ok(ops::affine(picture, 2.0, -1.0))
    }

    /// The configuration.
    pub fn config(&self) -> &AutoencoderTinyConfig {
        &self.config
    }

    /// Number of parameters.
    pub fn parameters(&self) -> u64 {
        self.parameters
    }
}

/// One entry of the checkpoint's `layers` list.
#[derive(Debug)]
enum Layer {
    Conv(Box<Conv2d>),
    Activation(Activation),
    Block(Box<Block>),
    /// To twice the size, nearest neighbour.
    Upsample,
}

fn run(layers: &[Layer], x: Tensor<4>) -> Tensor<4> {
    let mut x = Planes::from(x);
    let mut double = false;
    for layer in layers {
        x = match layer {
            // A convolution follows, which does it on the fly.
            Layer::Upsample => {
                double = true;
                continue;
            }
            Layer::Conv(conv) if double => {
                double = false;
                let [_, _, h, w] = x.dims();
                conv.forward_planes(&x, None, None, Some([2 * h, 2 * w]))
            }
            Layer::Conv(conv) => conv.forward_planes(&x, None, None, None),
            Layer::Activation(f) => {
                let parts = x.parts().iter().map(|x| ops::activate(x.clone(), *f));
                Planes::new(parts.collect())
            }
            Layer::Block(block) => block.forward(&x),
        };
    }
    x.whole()
}

/// A convolution, then for each level its blocks, with a halving convolution between levels.
fn encoder(w: Reader, config: &AutoencoderTinyConfig) -> Result<Vec<Layer>> {
    let width = config.encoder_width;
    let same = Conv::same(3);
    let mut layers: Vec<Layer> = Vec::new();
    for (i, blocks) in config.num_encoder_blocks.iter().enumerate() {
        let at = w.at(layers.len());
        let conv = if i == 0 {
            Conv2d::load(&at, config.in_channels, width, 3, same)?
        } else {
            let halve = Conv { stride: 2, ..same };
            Conv2d::load_unbiased(&at, width, width, 3, halve)?
        };
        layers.push(Layer::Conv(conv.into()));
        for _ in 0..*blocks {
            let block = Block::load(&w.at(layers.len()), width, config.act_fn)?;
            layers.push(Layer::Block(block.into()));
        }
    }
    let last = Conv2d::load(&w.at(layers.len()), width, config.latent_channels, 3, same)?;
    layers.push(Layer::Conv(last.into()));
    Ok(layers)
}

/// A convolution and an activation, then for each level its blocks, with doubling and a
/// convolution between levels.
fn decoder(w: Reader, config: &AutoencoderTinyConfig) -> Result<Vec<Layer>> {
    let width = config.decoder_width;
    let same = Conv::same(3);
    let first = Conv2d::load(&w.at(0), config.latent_channels, width, 3, same)?;
    let mut layers = vec![Layer::Conv(first.into()), Layer::Activation(config.act_fn)];
    let last = config.num_decoder_blocks.len() - 1;
    for (i, blocks) in config.num_decoder_blocks.iter().enumerate() {
        for _ in 0..*blocks {
            let block = Block::load(&w.at(layers.len()), width, config.act_fn)?;
            layers.push(Layer::Block(block.into()));
        }
        if i < last {
            layers.push(Layer::Upsample);
        }
        let at = w.at(layers.len());
        let conv = if i < last {
            Conv2d::load_unbiased(&at, width, width, 3, same)?
        } else {
            Conv2d::load(&at, width, config.out_channels, 3, same)?
        };
        layers.push(Layer::Conv(conv.into()));
    }
    Ok(layers)
}

/// relu(x + conv(act(conv(act(conv(x)))))).
#[derive(Debug)]
struct Block {
    convs: [Conv2d; 3],
    act: Activation,
}

impl Block {
    fn load(w: &Reader, width: usize, act: Activation) -> Result<Self> {
        // The activations take the odd places.
        let conv = |i: usize| Conv2d::load(&w.at("conv").at(i), width, width, 3, Conv::same(3));
        Ok(Self {
            convs: [conv(0)?, conv(2)?, conv(4)?],
            act,
        })
    }

    fn forward(&self, x: &Planes) -> Planes {
        let [first, second, third] = &self.convs;
        let h = first.forward_planes(x, None, Some(self.act), None);
        let h = second.forward_planes(&h, None, Some(self.act), None);
        // The last activation is ReLU whatever `act_fn` says.
        third.forward_planes(&h, Some(x), Some(Activation::Relu), None)
    }
}
