//! Vector-Jacobian products of the operations with respect to their inputs: for y = f(x) and a
//! cotangent `g` of y's shape, each function returns g^T dy/dx, of x's shape.
//!
//! Weights are constants here. Nothing but inputs is needed: what a product needs of the forward
//! pass (moments, softmax) is computed again. Sums need no function: the cotangent of a sum is the
//! cotangent of each term. [`super::to_tokens`] and [`super::from_tokens`] are each other's
//! products, [`super::take_channels`] gives those of a concatenation.

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::extension::NetBackwardOps;
use super::{Activation, Conv, Weight};

/// g W, for y = x W^T + b; `g` `[B, N, out]`, `w` `[out, in]`, result `[B, N, in]`.
pub fn linear(g: Tensor<3>, w: &Weight) -> Tensor<3> {
    let (words, scales, form) = w.parts();
    Tensor::from_dispatch(Dispatch::net_linear_backward(
        g.into_dispatch(),
        words,
        scales,
        form,
    ))
}

/// For y = [`super::conv2d`]`(x, w, _, conv)` with x `[B, in, size]` (height, width): the correlation of
/// `g`, spread by the stride, with the kernel turned by 180 degrees and its channels swapped.
pub fn conv2d(g: Tensor<4>, w: &Weight, conv: Conv, size: [usize; 2]) -> Tensor<4> {
    let (words, scales, form) = w.parts();
    let reach = form.shape[2] - 1;
    let (g, padding) = if conv.stride == 1 && conv.padding.iter().all(|p| *p <= reach) {
        (g.into_dispatch(), conv.padding.map(|p| reach - p))
    } else {
        let [top, _, left, _] = conv.padding.map(|p| reach as i32 - p as i32);
        let [h, w] = size.map(|s| s + reach);
        let spread = Dispatch::net_dilate(g.into_dispatch(), conv.stride, top, left, h, w);
        (spread, [0; 4])
    };
    Tensor::from_dispatch(Dispatch::net_conv2d_turned(g, words, scales, form, padding))
}

/// For y = [`super::attention`]`(q, k, v, heads, false)`: the products for q, k and v. With
/// P = softmax(q k^T / sqrt(d)) and dP = g v^T, dv = P^T g and, for the scores,
/// dS = P (dP - rowsum(P dP)). The GPU stores two numbers a query and head, not P (Dao et al.,
/// FlashAttention, 2022).
pub fn attention(
    q: Tensor<3>,
    k: Tensor<3>,
    v: Tensor<3>,
    heads: usize,
    g: Tensor<3>,
) -> (Tensor<3>, Tensor<3>, Tensor<3>) {
    let (q, k, v) = Dispatch::net_attention_backward(
        q.into_dispatch(),
        k.into_dispatch(),
        v.into_dispatch(),
        g.into_dispatch(),
        heads,
    );
    (
        Tensor::from_dispatch(q),
        Tensor::from_dispatch(k),
        Tensor::from_dispatch(v),
    )
}

/// For y = [`super::group_norm`]`(x, groups, w, b, eps, silu)`: with x' the normalised values and
/// d the cotangent of x', (d - mean(d) - x' mean(d x')) / deviation.
pub fn group_norm(
    x: Tensor<4>,
    groups: usize,
    w: &Tensor<1>,
    b: &Tensor<1>,
    eps: f64,
    silu: bool,
    g: Tensor<4>,
) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::net_group_norm_backward(
        x.into_dispatch(),
        w.clone().into_dispatch(),
        b.clone().into_dispatch(),
        g.into_dispatch(),
        groups,
        eps as f32,
        silu,
    ))
}

/// For y = [`super::layer_norm`]`(x, w, _, eps)`; formula as for [`group_norm`].
pub fn layer_norm(x: Tensor<3>, w: &Tensor<1>, eps: f64, g: Tensor<3>) -> Tensor<3> {
    Tensor::from_dispatch(Dispatch::net_layer_norm_backward(
        x.into_dispatch(),
        w.clone().into_dispatch(),
        g.into_dispatch(),
        eps as f32,
    ))
}

/// For y = [`super::geglu`]`(x)`; x `[B, N, 2 d]`, `g` `[B, N, d]`.
pub fn geglu(x: Tensor<3>, g: Tensor<3>) -> Tensor<3> {
    Tensor::from_dispatch(Dispatch::net_geglu_backward(
        x.into_dispatch(),
        g.into_dispatch(),
    ))
}

/// For y = [`super::activate`]`(x, f)`. ReLU's slope at 0 is 0.
pub fn activate<const D: usize>(x: Tensor<D>, f: Activation, g: Tensor<D>) -> Tensor<D> {
    Tensor::from_dispatch(Dispatch::net_activate_backward(
        x.into_dispatch(),
        g.into_dispatch(),
        f,
    ))
}

/// For y = [`super::upsample_nearest`]`(x, _)` with x of `size` (height, width): each pixel gets
/// the sum over its copies.
pub fn upsample_nearest(g: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
    Tensor::from_dispatch(Dispatch::net_upsample_backward(
        g.into_dispatch(),
        size[0],
        size[1],
    ))
}
