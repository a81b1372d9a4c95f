//! `Transformer2DModel` and its layers. Each `backward` is the vector-Jacobian product of `forward`
//! with respect to the feature map or tokens and to the text, `g` being the cotangent of the result.
//! The former costs a good part of the work, and is left out unless `need_x`.

use burn::tensor::Tensor;

use crate::Result;
use crate::models::layers::{GroupNorm, LayerNorm, Linear};
use crate::models::weights::Reader;
use crate::ops::{self, backward};

/// Sizes of a transformer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    pub channels: usize,
    pub heads: usize,
    pub layers: usize,
    /// Width of the text embedding.
    pub text: usize,
    /// The first attention of each layer attends to the text too.
    pub only_cross_attention: bool,
    pub groups: usize,
}

/// x + project(layers(project(norm(x)))), with pixels as tokens.
#[derive(Debug)]
pub(super) struct Transformer {
    norm: GroupNorm,
    // Linear layers or 1x1 convolutions in the checkpoint, which are the same on tokens.
    proj_in: Linear,
    transformer_blocks: Vec<Layer>,
    proj_out: Linear,
}

impl Transformer {
    pub fn load(w: &Reader, s: Shape) -> Result<Self> {
        let blocks = w.at("transformer_blocks");
        Ok(Self {
            norm: GroupNorm::load(&w.at("norm"), s.channels, s.groups, 1e-6)?,
            proj_in: Linear::load(&w.at("proj_in"), s.channels, s.channels)?,
            transformer_blocks: (0..s.layers)
                .map(|i| Layer::load(&blocks.at(i), s))
                .collect::<Result<_>>()?,
            proj_out: Linear::load(&w.at("proj_out"), s.channels, s.channels)?,
        })
    }

    /// `x` `[B, C, H, W]`, `text` `[B, N, text]`.
    pub fn forward(&self, x: Tensor<4>, text: &Tensor<3>) -> Tensor<4> {
        let [_, _, height, width] = x.dims();
        let mut h = self.tokens(x.clone());
        for layer in &self.transformer_blocks {
            h = layer.forward(h, text);
        }
        ops::add(x, ops::from_tokens(self.proj_out.forward(h), height, width))
    }

    /// What the first layer gets.
    fn tokens(&self, x: Tensor<4>) -> Tensor<3> {
        let tokens = ops::to_tokens(self.norm.forward(x));
        self.proj_in.forward(tokens)
    }

    /// `None` for the text when there is no layer.
    pub fn backward(
        &self,
        x: Tensor<4>,
        text: &Tensor<3>,
        g: Tensor<4>,
        need_x: bool,
    ) -> (Option<Tensor<4>>, Option<Tensor<3>>) {
        let [_, _, height, width] = x.dims();
        let mut h = self.tokens(x.clone());
        let mut inputs = Vec::with_capacity(self.transformer_blocks.len());
        for (i, layer) in self.transformer_blocks.iter().enumerate() {
            inputs.push(h.clone());
            if i + 1 < self.transformer_blocks.len() {
                h = layer.forward(h, text);
            }
        }
        let mut gh = Some(self.proj_out.backward(ops::to_tokens(g.clone())));
        let mut g_text = None;
        for (i, layer) in self.transformer_blocks.iter().enumerate().rev() {
            let (Some(g), Some(h)) = (gh.take(), inputs.pop()) else {
                break;
            };
            let (gx, gt) = layer.backward(h, text, g, need_x || i > 0);
            gh = gx;
            g_text = accumulate(g_text, gt);
        }
        let gx = gh.filter(|_| need_x).map(|gh| {
            let gt = ops::from_tokens(self.proj_in.backward(gh), height, width);
            ops::add(g, self.norm.backward(x, gt))
        });
        (gx, g_text)
    }
}

/// The sum of what there is so far and `g`.
pub(super) fn accumulate(sum: Option<Tensor<3>>, g: Tensor<3>) -> Option<Tensor<3>> {
    Some(match sum {
        Some(sum) => ops::add(sum, g),
        None => g,
    })
}

/// `BasicTransformerBlock`: self-attention, attention to the text, feed-forward, each pre-norm and
/// residual.
#[derive(Debug)]
struct Layer {
    norm1: LayerNorm,
    attn1: Attention,
    norm2: LayerNorm,
    attn2: Attention,
    norm3: LayerNorm,
    feed_in: Linear,
    feed_out: Linear,
    only_cross_attention: bool,
}

impl Layer {
    fn load(w: &Reader, s: Shape) -> Result<Self> {
        let width = s.channels;
        let first = if s.only_cross_attention {
            s.text
        } else {
            width
        };
        let norm = |name: &str| LayerNorm::load(&w.at(name), width, 1e-5);
        let feed = w.at("ff").at("net");
        Ok(Self {
            norm1: norm("norm1")?,
            attn1: Attention::load(&w.at("attn1"), width, first, s.heads)?,
            norm2: norm("norm2")?,
            attn2: Attention::load(&w.at("attn2"), width, s.text, s.heads)?,
            norm3: norm("norm3")?,
            // GEGLU doubles the inner width of 4 times the channels.
            feed_in: Linear::load(&feed.at(0).at("proj"), width, 8 * width)?,
            feed_out: Linear::load(&feed.at(2), 4 * width, width)?,
            only_cross_attention: s.only_cross_attention,
        })
    }

    fn forward(&self, x: Tensor<3>, text: &Tensor<3>) -> Tensor<3> {
        let h = self.norm1.forward(x.clone());
        let context = if self.only_cross_attention {
            text.clone()
        } else {
            h.clone()
        };
        let x = self.attn1.forward(h, context, x);
        let h = self.norm2.forward(x.clone());
        let x = self.attn2.forward(h, text.clone(), x);
        let h = self.feed_in.forward(self.norm3.forward(x.clone()));
        self.feed_out.forward_onto(ops::geglu(h), x)
    }

    fn backward(
        &self,
        x: Tensor<3>,
        text: &Tensor<3>,
        g: Tensor<3>,
        need_x: bool,
    ) -> (Option<Tensor<3>>, Tensor<3>) {
        let own = self.norm1.forward(x.clone());
        let context = if self.only_cross_attention {
            text.clone()
        } else {
            own.clone()
        };
        let first = self.attn1.project(own, context);
        let middle = self.attn1.attend(first.clone(), x.clone());
        let asking = self.norm2.forward(middle.clone());
        let second = self.attn2.project(asking, text.clone());
        let fed = self.attn2.attend(second.clone(), middle.clone());
        let inner = self.feed_in.forward(self.norm3.forward(fed.clone()));

        let g_inner = backward::geglu(inner, self.feed_out.backward(g.clone()));
        let g_normal = self.feed_in.backward(g_inner);
        let g = ops::add(g, self.norm3.backward(fed, g_normal));

        let (g_asking, g_text) = self.attn2.backward(second, g.clone());
        if !need_x && !self.only_cross_attention {
            return (None, g_text);
        }
        let g = ops::add(g, self.norm2.backward(middle, g_asking));

        let (g_own, g_context) = self.attn1.backward(first, g.clone());
        let (g_own, g_text) = if self.only_cross_attention {
            (g_own, ops::add(g_text, g_context))
        } else {
            (ops::add(g_own, g_context), g_text)
        };
        let gx = need_x.then(|| ops::add(g, self.norm1.backward(x, g_own)));
        (gx, g_text)
    }
}

/// Multi-head attention of tokens to a context; projections of queries, keys and values have no
/// bias.
#[derive(Debug)]
struct Attention {
    to_q: Linear,
    to_k: Linear,
    to_v: Linear,
    to_out: Linear,
    heads: usize,
}

impl Attention {
    fn load(w: &Reader, width: usize, context: usize, heads: usize) -> Result<Self> {
        Ok(Self {
            to_q: Linear::load_unbiased(&w.at("to_q"), width, width)?,
            to_k: Linear::load_unbiased(&w.at("to_k"), context, width)?,
            to_v: Linear::load_unbiased(&w.at("to_v"), context, width)?,
            to_out: Linear::load(&w.at("to_out").at(0), width, width)?,
            heads,
        })
    }

    /// residual + attention of `x` to `context`.
    fn forward(&self, x: Tensor<3>, context: Tensor<3>, residual: Tensor<3>) -> Tensor<3> {
        self.attend(self.project(x, context), residual)
    }

    /// Queries, keys and values.
    fn project(&self, x: Tensor<3>, context: Tensor<3>) -> [Tensor<3>; 3] {
        let q = self.to_q.forward(x);
        let k = self.to_k.forward(context.clone());
        [q, k, self.to_v.forward(context)]
    }

    fn attend(&self, [q, k, v]: [Tensor<3>; 3], residual: Tensor<3>) -> Tensor<3> {
        let h = ops::attention(q, k, v, self.heads, false);
        self.to_out.forward_onto(h, residual)
    }

    /// With respect to the tokens and the context of [`Self::project`], which gave `[q, k, v]`, as
    /// if they were independent.
    fn backward(&self, [q, k, v]: [Tensor<3>; 3], g: Tensor<3>) -> (Tensor<3>, Tensor<3>) {
        let g = self.to_out.backward(g);
        let (gq, gk, gv) = backward::attention(q, k, v, self.heads, g);
        let g_context = ops::add(self.to_k.backward(gk), self.to_v.backward(gv));
        (self.to_q.backward(gq), g_context)
    }
}
