//! `unet/config.json`.

use serde_json::{Value, json};

use crate::Result;
use crate::models::config::{Config, OneOrMany};

/// The kinds of down and up blocks, by whether they attend to the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockType {
    /// `DownBlock2D`, `UpBlock2D`: residual blocks only.
    Plain,
    /// `CrossAttnDownBlock2D`, `CrossAttnUpBlock2D`: a transformer after each residual block.
    CrossAttention,
}

/// The fields of diffusers' `UNet2DConditionModel` that change its computation; lists have one
/// value for each down block.
#[derive(Debug, Clone, PartialEq)]
pub struct UNetConfig {
    /// Side of the latents trained on; `None` when not stated or not square.
    pub sample_size: Option<usize>,
    /// Channels of the latent.
    pub in_channels: usize,
    /// Channels of the prediction.
    pub out_channels: usize,
    /// Maps the input x to 2 x - 1.
    pub center_input_sample: bool,
    /// Timestep embedding is cosines, then sines, instead of the reverse.
    pub flip_sin_to_cos: bool,
    /// Subtracted from the number of frequencies in the timestep embedding.
    pub freq_shift: f64,
    /// Down blocks, from the largest size to the smallest.
    pub down_block_types: Vec<BlockType>,
    /// Up blocks, from the smallest size to the largest.
    pub up_block_types: Vec<BlockType>,
    /// Whether the blocks' self-attention attends to the text instead.
    pub only_cross_attention: Vec<bool>,
    /// Channels.
    pub block_out_channels: Vec<usize>,
    /// Residual blocks in a down block; up blocks have one more.
    pub layers_per_block: Vec<usize>,
    /// 1, or 0 for padding at the bottom and the right only.
    pub downsample_padding: usize,
    /// Channel groups of the group normalisations.
    pub norm_num_groups: usize,
    /// Epsilon of the residual blocks' group normalisations.
    pub norm_eps: f64,
    /// Width of the text embedding.
    pub cross_attention_dim: Vec<usize>,
    /// Layers of each transformer.
    pub transformer_layers_per_block: Vec<usize>,
    /// Number of heads. The file calls it `attention_head_dim`, a misnomer that diffusers keeps
    /// for compatibility, unless it has `num_attention_heads`.
    pub num_attention_heads: Vec<usize>,
    /// Whether the transformers' projections are linear layers; 1x1 convolutions compute the same.
    pub use_linear_projection: bool,
    /// Width of the time embedding; 4 times the first block's channels when not stated.
    pub time_embedding_dim: usize,
    /// Width of the guidance embedding (latent consistency models).
    pub time_cond_proj_dim: Option<usize>,
    /// Side of the first convolution's kernel, odd.
    pub conv_in_kernel: usize,
    /// Side of the last convolution's kernel, odd.
    pub conv_out_kernel: usize,
}

impl UNetConfig {
    /// Reads `config.json`. Fails with [`crate::Error::Model`] naming the key that is not supported.
    pub fn parse(json: &str) -> Result<Self> {
        let mut c = Config::parse("unet/config.json", json)?;
        c.fixed("_class_name", &["UNet2DConditionModel"])?;
        fixed_keys(&mut c)?;
        let block_out_channels: Vec<usize> =
            c.take("block_out_channels", vec![320, 640, 1280, 1280])?;
        let n = block_out_channels.len();
        c.check_levels("block_out_channels", n)?;
        let down = ["DownBlock2D", "CrossAttnDownBlock2D"];
        let up = ["UpBlock2D", "CrossAttnUpBlock2D"];
        let default = |plain_last: bool| {
            let mut types = vec![BlockType::CrossAttention; 4];
            types[if plain_last { 3 } else { 0 }] = BlockType::Plain;
            types
        };
        let down_block_types = block_types(&mut c, "down_block_types", n, down, default(true))?;
        let up_block_types = block_types(&mut c, "up_block_types", n, up, default(false))?;

        let head_dim: OneOrMany<usize> = c.take("attention_head_dim", OneOrMany::One(8))?;
        let heads: Option<OneOrMany<usize>> = c.take("num_attention_heads", None)?;
        let num_attention_heads = expand(&c, "attention_head_dim", heads.unwrap_or(head_dim), n)?;
        let mut list = |key: &str, default: usize| {
            let value = c.take(key, OneOrMany::One(default))?;
            expand(&c, key, value, n)
        };
        let layers_per_block = list("layers_per_block", 2)?;
        let cross_attention_dim = list("cross_attention_dim", 1280)?;
        let transformer_layers_per_block = list("transformer_layers_per_block", 1)?;
        let only: OneOrMany<bool> = c.take("only_cross_attention", OneOrMany::One(false))?;
        let only_cross_attention = expand(&c, "only_cross_attention", only, n)?;
        let time_embedding_dim: Option<usize> = c.take("time_embedding_dim", None)?;
        let sample_size: Value = c.take("sample_size", Value::Null)?;

        let config = Self {
            sample_size: sample_size.as_u64().map(|s| s as usize),
            in_channels: c.take("in_channels", 4)?,
            out_channels: c.take("out_channels", 4)?,
            center_input_sample: c.take("center_input_sample", false)?,
            flip_sin_to_cos: c.take("flip_sin_to_cos", true)?,
            freq_shift: c.take("freq_shift", 0.0)?,
            down_block_types,
            up_block_types,
            only_cross_attention,
            layers_per_block,
            downsample_padding: c.take("downsample_padding", 1)?,
            norm_num_groups: c.take("norm_num_groups", 32)?,
            norm_eps: c.take("norm_eps", 1e-5)?,
            cross_attention_dim,
            transformer_layers_per_block,
            num_attention_heads,
            use_linear_projection: c.take("use_linear_projection", false)?,
            time_embedding_dim: time_embedding_dim.unwrap_or(4 * block_out_channels[0]),
            time_cond_proj_dim: c.take("time_cond_proj_dim", None)?,
            conv_in_kernel: c.take("conv_in_kernel", 3)?,
            conv_out_kernel: c.take("conv_out_kernel", 3)?,
            block_out_channels,
        };
        config.validate(&c)?;
        c.finish()?;
        Ok(config)
    }

    /// How many times smaller than the latent the innermost feature map is.
    pub fn downsample_factor(&self) -> usize {
        1 << (self.block_out_channels.len() - 1)
    }

    /// Whether anything at level `i` (0: largest size) attends to the text.
    pub(crate) fn attends(&self, i: usize) -> bool {
        let last = self.block_out_channels.len() - 1;
        i == last
            || self.down_block_types[i] == BlockType::CrossAttention
            || self.up_block_types[last - i] == BlockType::CrossAttention
    }

    fn validate(&self, c: &Config) -> Result<()> {
        let groups = self.norm_num_groups;
        let fits =
            |channels: &usize| groups > 0 && *channels > 0 && channels.is_multiple_of(groups);
        c.check(
            self.block_out_channels.iter().all(fits),
            "norm_num_groups",
            groups,
            "it must divide all block_out_channels",
        )?;
        let heads = &self.num_attention_heads;
        let divides = |(h, c): (&usize, &usize)| *h > 0 && c.is_multiple_of(*h);
        let split = heads.iter().zip(&self.block_out_channels);
        let attends = |i: usize| self.attends(i);
        c.check(
            split.enumerate().all(|(i, hc)| !attends(i) || divides(hc)),
            "attention_head_dim",
            heads.clone(),
            "it is the number of heads and must divide block_out_channels",
        )?;
        c.check(
            self.block_out_channels[0] >= 4 && self.block_out_channels[0].is_multiple_of(2),
            "block_out_channels",
            self.block_out_channels.clone(),
            "the first must be even",
        )?;
        c.check(
            self.layers_per_block.iter().all(|n| *n > 0),
            "layers_per_block",
            self.layers_per_block.clone(),
            "every level needs at least one",
        )?;
        for (key, kernel) in [
            ("conv_in_kernel", self.conv_in_kernel),
            ("conv_out_kernel", self.conv_out_kernel),
        ] {
            c.check(kernel % 2 == 1, key, kernel, "must be odd")?;
        }
        let padding = self.downsample_padding;
        c.check(
            padding <= 1,
            "downsample_padding",
            padding,
            "supported: 0, 1",
        )?;
        let cond = self.time_cond_proj_dim.unwrap_or(4);
        c.check(cond >= 4, "time_cond_proj_dim", cond, "at least 4")
    }
}

/// Requires the values that the network implements where diffusers offers a choice.
fn fixed_keys(c: &mut Config) -> Result<()> {
    c.fixed("act_fn", &["silu", "swish"])?;
    c.fixed("mid_block_type", &["UNetMidBlock2DCrossAttn"])?;
    c.fixed("attention_type", &["default"])?;
    c.fixed("resnet_time_scale_shift", &["default"])?;
    c.fixed("time_embedding_type", &["positional"])?;
    c.fixed("mid_block_scale_factor", &[1])?;
    c.fixed("resnet_out_scale_factor", &[1])?;
    c.fixed("dual_cross_attention", &[false])?;
    c.fixed("resnet_skip_time_act", &[false])?;
    c.fixed("class_embeddings_concat", &[false])?;
    for key in [
        "addition_embed_type",
        "class_embed_type",
        "cross_attention_norm",
        "encoder_hid_dim",
        "encoder_hid_dim_type",
        "num_class_embeds",
        "reverse_transformer_layers_per_block",
        "time_embedding_act_fn",
        "timestep_post_act",
    ] {
        c.fixed(key, &[Value::Null])?;
    }
    c.ignore(&[
        // Belong to embeddings that are required to be absent.
        "addition_embed_type_num_heads",
        "addition_time_embed_dim",
        "projection_class_embeddings_input_dim",
        // Only other kinds of mid block read it.
        "mid_block_only_cross_attention",
        "dropout",
        // Everything is computed in f32.
        "upcast_attention",
    ]);
    Ok(())
}

fn expand<T: Clone>(c: &Config, key: &str, value: OneOrMany<T>, n: usize) -> Result<Vec<T>>
where
    Value: From<Vec<T>>,
{
    let shown = match &value {
        OneOrMany::One(v) => vec![v.clone()],
        OneOrMany::Many(v) => v.clone(),
    };
    let error = || c.unsupported(key, &shown.into(), &format!("{n} values are needed"));
    value.expand(n).ok_or_else(error)
}

fn block_types(
    c: &mut Config,
    key: &str,
    n: usize,
    [plain, attention]: [&str; 2],
    default: Vec<BlockType>,
) -> Result<Vec<BlockType>> {
    let names: Option<Vec<String>> = c.take(key, None)?;
    let types = match &names {
        None => default,
        Some(names) => names
            .iter()
            .map(|name| match name.as_str() {
                name if name == plain => Ok(BlockType::Plain),
                name if name == attention => Ok(BlockType::CrossAttention),
                name => {
                    let why = format!("supported: \"{plain}\", \"{attention}\"");
                    Err(c.unsupported(key, &name.into(), &why))
                }
            })
            .collect::<Result<_>>()?,
    };
    let shown = json!(names);
    let why = format!("there must be as many as block_out_channels, {n}");
    c.check(types.len() == n, key, shown, &why)?;
    Ok(types)
}
