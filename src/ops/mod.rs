//! The network operations that the models are made of, on burn tensors of any device.
//!
//! Weights keep PyTorch's layouts: linear `[out, in]`, convolution `[out, in, kh, kw]`.
//! Token sequences are `[batch, tokens, width]`, feature maps `[batch, channel, height, width]`.
//! Shapes are the models' promise; these functions panic on a mismatch, as burn does.

use burn::tensor::{Int, Tensor, TensorData, activation, module, ops::ConvOptions};

/// Pointwise activations, named as in diffusers and transformers configs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Activation {
    /// x sigmoid(x), also called swish.
    Silu,
    /// x Phi(x), exact (erf) form.
    Gelu,
    /// x sigmoid(1.702 x).
    QuickGelu,
    /// max(x, 0).
    Relu,
}

/// Stride and zero padding of a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conv {
    /// Stride in both directions.
    pub stride: usize,
    /// Zero padding: top, bottom, left, right.
    pub padding: [usize; 4],
}

impl Conv {
    /// Stride 1 and the padding that keeps the size, for an odd square kernel of side `k`.
    pub const fn same(k: usize) -> Self {
        let p = k / 2;
        Self {
            stride: 1,
            padding: [p, p, p, p],
        }
    }
}

/// y = x W^T + b for `x` `[B, N, in]`, `w` `[out, in]`, `b` `[out]`.
pub fn linear(x: Tensor<3>, w: &Tensor<2>, b: Option<&Tensor<1>>) -> Tensor<3> {
    module::linear(x, w.clone().transpose(), b.cloned())
}

/// Cross-correlation of `x` `[B, in, H, W]` with `w` `[out, in, kh, kw]`, plus `b` `[out]`.
pub fn conv2d(x: Tensor<4>, w: &Tensor<4>, b: Option<&Tensor<1>>, conv: Conv) -> Tensor<4> {
    let [top, bottom, left, right] = conv.padding;
    let (x, padding) = if top == bottom && left == right {
        (x, [top, left])
    } else {
        (x.pad((left, right, top, bottom), 0.0), [0, 0])
    };
    let options = ConvOptions::new([conv.stride, conv.stride], padding, [1, 1], 1);
    module::conv2d(x, w.clone(), b.cloned(), options)
}

/// softmax(q k^T / sqrt(d)) v per head; `q` `[B, N, heads * d]`, `k` and `v` `[B, M, heads * d]`.
/// With `causal`, token i sees tokens 0..=i.
pub fn attention(
    q: Tensor<3>,
    k: Tensor<3>,
    v: Tensor<3>,
    heads: usize,
    causal: bool,
) -> Tensor<3> {
    let [b, n, width] = q.dims();
    let split = |x: Tensor<3>| {
        let [b, m, _] = x.dims();
        x.reshape([b, m, heads, width / heads]).swap_dims(1, 2)
    };
    let scale = 1.0 / ((width / heads) as f64).sqrt();
    let scores = split(q).matmul(split(k).transpose()) * scale;
    let scores = if causal {
        let m = scores.dims()[3];
        let mask: Vec<f32> = (0..n * m)
            .map(|i| if i % m > i / m { -1e30 } else { 0.0 })
            .collect();
        let mask = Tensor::<2>::from_data(TensorData::new(mask, [n, m]), &scores.device());
        scores + mask.unsqueeze()
    } else {
        scores
    };
    activation::softmax(scores, 3)
        .matmul(split(v))
        .swap_dims(1, 2)
        .reshape([b, n, width])
}

/// Group normalisation over `groups` channel groups, scale `w` and shift `b` per channel,
/// followed by SiLU when `silu`.
pub fn group_norm(
    x: Tensor<4>,
    groups: usize,
    w: &Tensor<1>,
    b: &Tensor<1>,
    eps: f64,
    silu: bool,
) -> Tensor<4> {
    let [n, c, h, width] = x.dims();
    let x = x.reshape([n, groups, c / groups * h * width]);
    let mean = x.clone().mean_dim(2);
    let centred = x - mean;
    let var = centred.clone().powi_scalar(2).mean_dim(2);
    let x = (centred / (var + eps).sqrt()).reshape([n, c, h, width]);
    let y = x * w.clone().reshape([1, c, 1, 1]) + b.clone().reshape([1, c, 1, 1]);
    if silu { activate(y, Activation::Silu) } else { y }
}

/// Layer normalisation over the last dimension.
pub fn layer_norm(x: Tensor<3>, w: &Tensor<1>, b: &Tensor<1>, eps: f64) -> Tensor<3> {
    let mean = x.clone().mean_dim(2);
    let centred = x - mean;
    let var = centred.clone().powi_scalar(2).mean_dim(2);
    centred / (var + eps).sqrt() * w.clone().unsqueeze() + b.clone().unsqueeze()
}

/// GEGLU: splits `[B, N, 2 d]` into a and g and returns a gelu(g) `[B, N, d]`.
pub fn geglu(x: Tensor<3>) -> Tensor<3> {
    let d = x.dims()[2] / 2;
    let gate = activate(x.clone().narrow(2, d, d), Activation::Gelu);
    x.narrow(2, 0, d) * gate
}

/// A pointwise activation.
pub fn activate<const D: usize>(x: Tensor<D>, f: Activation) -> Tensor<D> {
    match f {
        Activation::Silu => activation::silu(x),
        Activation::Gelu => activation::gelu(x),
        Activation::QuickGelu => x.clone() * activation::sigmoid(x * 1.702),
        Activation::Relu => activation::relu(x),
    }
}

/// a + b, both of one shape.
pub fn add<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> Tensor<D> {
    a + b
}

/// Adds `t` `[B, C]` to every pixel of `x` `[B, C, H, W]`.
pub fn add_channels(x: Tensor<4>, t: Tensor<2>) -> Tensor<4> {
    let [b, c] = t.dims();
    x + t.reshape([b, c, 1, 1])
}

/// Adds the position embeddings `p` `[N, width]` to `x` `[B, N, width]`.
pub fn add_positions(x: Tensor<3>, p: Tensor<2>) -> Tensor<3> {
    x + p.unsqueeze()
}

/// `3 tanh(x / 3)`, the soft clamp in front of the tiny autoencoder's decoder.
pub fn soft_clamp3(x: Tensor<4>) -> Tensor<4> {
    (x * (1.0 / 3.0)).tanh() * 3.0
}

/// scale * x + shift, value by value.
pub fn affine<const D: usize>(x: Tensor<D>, scale: f64, shift: f64) -> Tensor<D> {
    x * scale + shift
}

/// Nearest-neighbour upsampling to `size` (height, width), PyTorch's index rule floor(i * in / out).
pub fn upsample_nearest(x: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
    let [b, c, h, w] = x.dims();
    if size == [2 * h, 2 * w] {
        return x
            .reshape([b * c, h, 1, w, 1])
            .repeat_dim(2, 2)
            .repeat_dim(4, 2)
            .reshape([b, c, 2 * h, 2 * w]);
    }
    let index = |n: usize, m: usize| -> Vec<i32> { (0..m).map(|i| (i * n / m) as i32).collect() };
    let device = x.device();
    let rows = Tensor::<1, Int>::from_data(TensorData::new(index(h, size[0]), [size[0]]), &device);
    let cols = Tensor::<1, Int>::from_data(TensorData::new(index(w, size[1]), [size[1]]), &device);
    x.select(2, rows).select(3, cols)
}

/// Concatenates feature maps along the channels.
pub fn concat_channels(a: Tensor<4>, b: Tensor<4>) -> Tensor<4> {
    Tensor::cat(vec![a, b], 1)
}

/// `[B, C, H, W]` to tokens `[B, H W, C]`.
pub fn to_tokens(x: Tensor<4>) -> Tensor<3> {
    let [b, c, h, w] = x.dims();
    x.reshape([b, c, h * w]).swap_dims(1, 2)
}

/// Tokens `[B, H W, C]` back to `[B, C, H, W]`.
pub fn from_tokens(x: Tensor<3>, height: usize, width: usize) -> Tensor<4> {
    let [b, _, c] = x.dims();
    x.swap_dims(1, 2).reshape([b, c, height, width])
}

/// Rows of `table` `[V, width]` at `ids` (row-major `[B, N]`, each below V), as `[B, N, width]`.
pub fn embedding(table: &Tensor<2>, ids: &[u32], batch: usize) -> Tensor<3> {
    let width = table.dims()[1];
    let n = ids.len();
    let ids: Vec<i32> = ids.iter().map(|i| *i as i32).collect();
    let ids = Tensor::<1, Int>::from_data(TensorData::new(ids, [n]), &table.device());
    table.clone().select(0, ids).reshape([batch, n / batch, width])
}
