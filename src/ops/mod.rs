//! The network operations that the models are made of, on burn tensors of any device.
//!
//! Weights keep PyTorch's layouts: linear `[out, in]`, convolution `[out, in, kh, kw]`.
//! Token sequences are `[batch, tokens, width]`, feature maps `[batch, channel, height, width]`.
//! Shapes are the models' promise; these functions panic on a mismatch, as burn does.

pub mod backward;
pub mod calibrate;
mod cpu;
mod extension;
mod fused;
mod gpu;
pub mod limit;
pub mod trace;
pub mod tune;
mod weight;

use burn::backend::{Dispatch, DispatchDevice};
use burn::tensor::{Device, Int, Tensor, TensorData};
use cubecl::wgpu::wgpu;

use extension::NetOps;
pub use fused::{ConvCall, Fused, Part, conv2d_fused, linear_fused};
pub use gpu::validate::{Plan, check as check_kernels, texts as kernel_texts};
pub use weight::{Form, Weight};

/// Whether operations on `device` are the GPU's.
pub fn on_gpu(device: &Device) -> bool {
    !matches!(device.as_dispatch(), DispatchDevice::Flex(_))
}

/// Tells that this device is in use from now on, and what it offers: [`check_kernels`] asks its compiler.
pub fn opened(device: &wgpu::Device) {
    let limits = device.limits();
    let largest = limits
        .max_storage_buffer_binding_size
        .min(limits.max_buffer_size);
    limit::set_largest_tensor(usize::try_from(largest).unwrap_or(usize::MAX));
    limit::set_halves(device.features().contains(wgpu::Features::SHADER_F16));
    gpu::validate::use_device(device.clone());
}

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

/// The product of sizes.
fn product(sizes: &[usize]) -> f64 {
    sizes.iter().map(|n| *n as f64).product()
}

/// y = x W^T + b for `x` `[B, N, in]`, `w` `[out, in]`, `b` `[out]`.
pub fn linear(x: Tensor<3>, w: &Weight, b: Option<&Tensor<1>>) -> Tensor<3> {
    linear_fused(x, w, b, None, None)
}

/// Cross-correlation of `x` `[B, in, H, W]` with `w` `[out, in, kh, kw]`, plus `b` `[out]`.
pub fn conv2d(x: Tensor<4>, w: &Weight, b: Option<&Tensor<1>>, conv: Conv) -> Tensor<4> {
    let call = ConvCall::new(conv);
    conv2d_fused(x, w, b.cloned().map(Tensor::unsqueeze), None, None, call)
}

/// softmax(q k^T / sqrt(d)) v per head; `q` `[B, N, heads * d]`, `k` and `v` `[B, M, heads * d]`.
/// With `causal`, token i sees tokens 0..=i. The score matrix is never stored on the GPU.
pub fn attention(
    q: Tensor<3>,
    k: Tensor<3>,
    v: Tensor<3>,
    heads: usize,
    causal: bool,
) -> Tensor<3> {
    trace::work(|| product(&q.dims()) * 4.0 * k.dims()[1] as f64);
    Tensor::from_dispatch(Dispatch::net_attention(
        q.into_dispatch(),
        k.into_dispatch(),
        v.into_dispatch(),
        heads,
        causal,
    ))
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
    Tensor::from_dispatch(Dispatch::net_group_norm(
        x.into_dispatch(),
        w.clone().into_dispatch(),
        b.clone().into_dispatch(),
        groups,
        eps as f32,
        silu,
    ))
}

/// Layer normalisation over the last dimension.
pub fn layer_norm(x: Tensor<3>, w: &Tensor<1>, b: &Tensor<1>, eps: f64) -> Tensor<3> {
    Tensor::from_dispatch(Dispatch::net_layer_norm(
        x.into_dispatch(),
        w.clone().into_dispatch(),
        b.clone().into_dispatch(),
        eps as f32,
    ))
}

/// GEGLU: splits `[B, N, 2 d]` into a and g and returns a gelu(g) `[B, N, d]`.
pub fn geglu(x: Tensor<3>) -> Tensor<3> {
    Tensor::from_dispatch(Dispatch::net_geglu(x.into_dispatch()))
}

/// A pointwise activation.
pub fn activate<const D: usize>(x: Tensor<D>, f: Activation) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::net_activate(x.into_dispatch(), f))
}

/// a + b, both of one shape.
pub fn add<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::net_add(a.into_dispatch(), b.into_dispatch(), 1))
}

/// Adds `t` `[B, C]` to every pixel of `x` `[B, C, H, W]`.
pub fn add_channels(x: Tensor<4>, t: Tensor<2>) -> Tensor<4> {
    let [_, _, h, w] = x.dims();
    Tensor::from_dispatch(Dispatch::net_add(
        x.into_dispatch(),
        t.into_dispatch(),
        h * w,
    ))
}

/// Adds the position embeddings `p` `[N, width]` to `x` `[B, N, width]`.
pub fn add_positions(x: Tensor<3>, p: Tensor<2>) -> Tensor<3> {
    Tensor::from_dispatch(Dispatch::net_add(x.into_dispatch(), p.into_dispatch(), 1))
}

/// `3 tanh(x / 3)`, the soft clamp in front of the tiny autoencoder's decoder.
pub fn soft_clamp3(x: Tensor<4>) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::net_soft_clamp3(x.into_dispatch()))
}

/// scale * x + shift, value by value.
pub fn affine<const D: usize>(x: Tensor<D>, scale: f64, shift: f64) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::net_affine(
        x.into_dispatch(),
        scale as f32,
        shift as f32,
    ))
}

/// Nearest-neighbour upsampling to `size` (height, width), PyTorch's index rule floor(i * in / out).
pub fn upsample_nearest(x: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::net_upsample(x.into_dispatch(), size[0], size[1]))
}

/// Concatenates feature maps along the channels.
pub fn concat_channels(a: Tensor<4>, b: Tensor<4>) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::net_concat(a.into_dispatch(), b.into_dispatch()))
}

/// Channels `start..start + len` of `x` `[B, C, H, W]`.
pub fn take_channels(x: Tensor<4>, start: usize, len: usize) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::net_take_channels(x.into_dispatch(), start, len))
}

/// `[B, C, H, W]` to tokens `[B, H W, C]`.
pub fn to_tokens(x: Tensor<4>) -> Tensor<3> {
    let [b, c, h, w] = x.dims();
    let x: Tensor<3> = x.reshape([b, c, h * w]);
    Tensor::from_dispatch(Dispatch::net_transpose(x.into_dispatch()))
}

/// Tokens `[B, H W, C]` back to `[B, C, H, W]`.
pub fn from_tokens(x: Tensor<3>, height: usize, width: usize) -> Tensor<4> {
    let [b, _, c] = x.dims();
    let x: Tensor<3> = Tensor::from_dispatch(Dispatch::net_transpose(x.into_dispatch()));
    x.reshape([b, c, height, width])
}

/// Rows of `table` `[V, width]` at `ids` (row-major `[B, N]`, each below V), as `[B, N, width]`.
pub fn embedding(table: &Weight, ids: &[u32], batch: usize) -> Tensor<3> {
    let n = ids.len();
    let device = table.device();
    let ids: Vec<i32> = ids.iter().map(|i| *i as i32).collect();
    let ids = Tensor::<1, Int>::from_data(TensorData::new(ids, [n]), &device);
    let (words, scales, form) = table.parts();
    let rows: Tensor<2> = Tensor::from_dispatch(Dispatch::net_embedding(
        words,
        scales,
        form,
        ids.into_dispatch(),
    ));
    rows.reshape([batch, n / batch, form.cols()])
}
