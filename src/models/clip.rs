//! CLIP's text encoder (Radford et al., 2021), as in transformers' `CLIPTextModel`: a causal
//! pre-norm transformer. Its last hidden state, after the final layer norm, conditions the UNet.
//! Stable Diffusion 2 uses the last layer but one: its checkpoint holds 23 of the 24 layers, so
//! there is nothing to do here.

use burn::tensor::{Device, Tensor};

use super::config::Config;
use super::layers::{LayerNorm, Linear};
use super::weights::{Reader, Weights};
use crate::ops::{self, Activation, Weight};
use crate::pack::diffusers::UNUSED;
use crate::{Error, Result};

/// `text_encoder/config.json`.
#[derive(Debug, Clone, PartialEq)]
pub struct ClipTextConfig {
    /// Number of tokens known.
    pub vocab_size: usize,
    /// Width of the hidden state.
    pub hidden_size: usize,
    /// Width inside the feed-forward layers.
    pub intermediate_size: usize,
    /// Number of layers.
    pub num_hidden_layers: usize,
    /// Number of attention heads.
    pub num_attention_heads: usize,
    /// Longest prompt in tokens, start and end included.
    pub max_position_embeddings: usize,
    /// `quick_gelu` or `gelu`.
    pub hidden_act: Activation,
    /// Epsilon of the layer norms.
    pub layer_norm_eps: f64,
}

impl ClipTextConfig {
    /// Reads `config.json`. Fails with [`Error::Model`] naming the key that is not supported.
    pub fn parse(json: &str) -> Result<Self> {
        let mut c = Config::parse("text_encoder/config.json", json)?;
        c.fixed("model_type", &["clip_text_model"])?;
        c.ignore(&[
            "architectures",
            "attention_dropout",
            "bos_token_id",
            "chunk_size_feed_forward",
            "dropout",
            "dtype",
            // End and padding only select the pooled output, which is not used.
            "eos_token_id",
            "initializer_factor",
            "initializer_range",
            "id2label",
            "label2id",
            "pad_token_id",
            "projection_dim",
            "return_dict",
            "tie_word_embeddings",
            "torch_dtype",
            "transformers_version",
        ]);
        let act: String = c.take("hidden_act", "quick_gelu".into())?;
        let hidden_act = match act.as_str() {
            "quick_gelu" => Activation::QuickGelu,
            "gelu" => Activation::Gelu,
            _ => {
                let why = "supported: \"quick_gelu\", \"gelu\"";
                return Err(c.unsupported("hidden_act", &act.into(), why));
            }
        };
        let config = Self {
            vocab_size: c.take("vocab_size", 49408)?,
            hidden_size: c.take("hidden_size", 512)?,
            intermediate_size: c.take("intermediate_size", 2048)?,
            num_hidden_layers: c.take("num_hidden_layers", 12)?,
            num_attention_heads: c.take("num_attention_heads", 8)?,
            max_position_embeddings: c.take("max_position_embeddings", 77)?,
            hidden_act,
            layer_norm_eps: c.take("layer_norm_eps", 1e-5)?,
        };
        let heads = config.num_attention_heads;
        c.check(
            heads > 0 && config.hidden_size.is_multiple_of(heads),
            "num_attention_heads",
            heads,
            "it must divide hidden_size",
        )?;
        c.finish()?;
        Ok(config)
    }
}

/// The text encoder.
#[derive(Debug)]
pub struct ClipTextModel {
    config: ClipTextConfig,
    token_embedding: Weight,
    position_embedding: Weight,
    layers: Vec<Layer>,
    final_layer_norm: LayerNorm,
    parameters: u64,
}

impl ClipTextModel {
    /// Takes `config.json` (text `json`) and the weights, whose names may or may not begin with
    /// `text_model.`. Fails with [`Error::Model`] when the configuration is not supported or the
    /// weights do not fit it.
    pub fn load(json: &str, weights: &Weights, device: &Device) -> Result<Self> {
        let config = ClipTextConfig::parse(json)?;
        let mut w = weights.reader(device);
        if w.has("text_model.embeddings.token_embedding.weight") {
            w = w.at("text_model");
        }
        let width = config.hidden_size;
        let e = w.at("embeddings");
        let token_embedding = e
            .at("token_embedding")
            .matrix("weight", [config.vocab_size, width])?;
        let position_embedding = e
            .at("position_embedding")
            .matrix("weight", [config.max_position_embeddings, width])?;
        let layers = w.at("encoder").at("layers");
        let layers = (0..config.num_hidden_layers)
            .map(|i| Layer::load(&layers.at(i), &config))
            .collect::<Result<_>>()?;
        let final_layer_norm =
            LayerNorm::load(&w.at("final_layer_norm"), width, config.layer_norm_eps)?;
        // The projection serves only the pooled output.
        weights.finish(&UNUSED)?;
        Ok(Self {
            token_embedding,
            position_embedding,
            layers,
            final_layer_norm,
            parameters: weights.parameters(),
            config,
        })
    }

    /// The last hidden state `[batch, N, hidden_size]` of the token ids `ids`, row-major
    /// `[batch, N]`. Fails with [`Error::Invalid`] when N is not 1 to `max_position_embeddings`
    /// or an id is not below `vocab_size`.
    pub fn forward(&self, ids: &[u32], batch: usize) -> Result<Tensor<3>> {
        let max = self.config.max_position_embeddings;
        if batch == 0
            || !ids.len().is_multiple_of(batch)
            || !(1..=max).contains(&(ids.len() / batch))
        {
            return Err(Error::invalid(format!(
                "{} tokens in {batch} prompt(s): each prompt must have 1 to {max}, all alike",
                ids.len()
            )));
        }
        let vocabulary = self.config.vocab_size;
        if let Some(id) = ids.iter().find(|id| **id as usize >= vocabulary) {
            return Err(Error::invalid(format!(
                "token {id} is unknown to the text encoder, which has {vocabulary}: tokenizer and \
                 text encoder do not belong together"
            )));
        }
        let n = ids.len() / batch;
        let positions: Vec<u32> = (0..n as u32).collect();
        let positions = ops::embedding(&self.position_embedding, &positions, 1);
        let positions = positions.reshape([n, self.config.hidden_size]);
        let x = ops::embedding(&self.token_embedding, ids, batch);
        let mut x = ops::add_positions(x, positions);
        for layer in &self.layers {
            x = layer.forward(x);
        }
        Ok(self.final_layer_norm.forward(x))
    }

    /// The configuration.
    pub fn config(&self) -> &ClipTextConfig {
        &self.config
    }

    /// Number of parameters.
    pub fn parameters(&self) -> u64 {
        self.parameters
    }
}

/// x + attention(norm(x)), then x + mlp(norm(x)).
#[derive(Debug)]
struct Layer {
    layer_norm1: LayerNorm,
    q_proj: Linear,
    k_proj: Linear,
    v_proj: Linear,
    out_proj: Linear,
    layer_norm2: LayerNorm,
    fc1: Linear,
    fc2: Linear,
    heads: usize,
    act: Activation,
}

impl Layer {
    fn load(w: &Reader, config: &ClipTextConfig) -> Result<Self> {
        let (width, inner) = (config.hidden_size, config.intermediate_size);
        let attention = w.at("self_attn");
        let projection = |name: &str| Linear::load(&attention.at(name), width, width);
        let norm = |name: &str| LayerNorm::load(&w.at(name), width, config.layer_norm_eps);
        Ok(Self {
            layer_norm1: norm("layer_norm1")?,
            q_proj: projection("q_proj")?,
            k_proj: projection("k_proj")?,
            v_proj: projection("v_proj")?,
            out_proj: projection("out_proj")?,
            layer_norm2: norm("layer_norm2")?,
            fc1: Linear::load(&w.at("mlp").at("fc1"), width, inner)?,
            fc2: Linear::load(&w.at("mlp").at("fc2"), inner, width)?,
            heads: config.num_attention_heads,
            act: config.hidden_act,
        })
    }

    fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        let h = self.layer_norm1.forward(x.clone());
        let q = self.q_proj.forward(h.clone());
        let k = self.k_proj.forward(h.clone());
        let v = self.v_proj.forward(h);
        let h = ops::attention(q, k, v, self.heads, true);
        let x = self.out_proj.forward_onto(h, x);
        let h = self.layer_norm2.forward(x.clone());
        let h = self.fc1.forward_then(h, self.act);
        self.fc2.forward_onto(h, x)
    }
}
