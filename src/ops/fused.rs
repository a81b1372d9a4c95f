//! Linear layers and convolutions together with what follows them: bias, a sum with another tensor,
//! an activation, in this order. One kernel instead of up to four saves as many passes over a
//! feature map.

use burn::backend::Dispatch;
use burn::tensor::Tensor;

use super::extension::NetOps;
use super::{Activation, Conv, Weight, product, trace};

/// What is done to each value of a product before it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Fused {
    /// Rows of the bias `[rows, out]`: 0 for none, 1 for all of the batch alike, or one for each.
    pub bias: usize,
    /// Whether the residual is added.
    pub residual: bool,
    /// Applied last.
    pub activation: Option<Activation>,
}

/// A convolution and what it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConvCall {
    /// Stride and padding.
    pub conv: Conv,
    /// The input is first upsampled to this size (height, width), as
    /// [`super::upsample_nearest`] does, but on the fly.
    pub up: Option<[usize; 2]>,
    /// Only a part of the channels.
    pub part: Option<Part>,
}

/// A part of a convolution's channels: the first one and how many, coming in and going out. The
/// input has only those, and so has the result; weight and bias are whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part {
    /// Coming in.
    pub input: [usize; 2],
    /// Going out.
    pub output: [usize; 2],
}

impl ConvCall {
    /// All channels of the input as it is.
    pub const fn new(conv: Conv) -> Self {
        Self {
            conv,
            up: None,
            part: None,
        }
    }

    /// The channels in question of a weight with `out` and `input` of them.
    pub fn channels(&self, out: usize, input: usize) -> Part {
        self.part.unwrap_or(Part {
            input: [0, input],
            output: [0, out],
        })
    }

    /// The size (height, width) of the map that is convolved, for an input of `size`.
    pub fn seen(&self, size: [usize; 2]) -> [usize; 2] {
        self.up.unwrap_or(size)
    }

    /// The size of the result for an input of `size` and a kernel of `kernel` (height, width).
    pub fn output(&self, size: [usize; 2], kernel: [usize; 2]) -> [usize; 2] {
        let [h, w] = self.seen(size);
        let [top, bottom, left, right] = self.conv.padding;
        [
            (h + top + bottom - kernel[0]) / self.conv.stride + 1,
            (w + left + right - kernel[1]) / self.conv.stride + 1,
        ]
    }
}

/// activation(x W^T + b + residual) for `x` `[B, N, in]`, `w` `[out, in]`, `b` `[out]`, `residual`
/// `[B, N, out]`; see [`super::linear`].
pub fn linear_fused(
    x: Tensor<3>,
    w: &Weight,
    b: Option<&Tensor<1>>,
    residual: Option<Tensor<3>>,
    activation: Option<Activation>,
) -> Tensor<3> {
    let (words, scales, form) = w.parts();
    trace::work(|| 2.0 * product(&x.dims()) * form.rows() as f64);
    let fused = Fused {
        bias: usize::from(b.is_some()),
        residual: residual.is_some(),
        activation,
    };
    let x = x.into_dispatch();
    let b = b.map_or_else(|| x.clone(), |b| b.clone().into_dispatch());
    let residual = residual.map_or_else(|| x.clone(), Tensor::into_dispatch);
    Tensor::from_dispatch(Dispatch::net_linear(
        x, words, scales, form, b, residual, fused,
    ))
}

/// activation(conv(x) + b + residual) for `x` `[B, in, H, W]`, `w` `[out, in, kh, kw]`, `b`
/// `[1, out]` or `[B, out]`, `residual` like the result; see [`super::conv2d`].
pub fn conv2d_fused(
    x: Tensor<4>,
    w: &Weight,
    b: Option<Tensor<2>>,
    residual: Option<Tensor<4>>,
    activation: Option<Activation>,
    call: ConvCall,
) -> Tensor<4> {
    let (words, scales, form) = w.parts();
    let fused = Fused {
        bias: b.as_ref().map_or(0, |b| b.dims()[0]),
        residual: residual.is_some(),
        activation,
    };
    let x = x.into_dispatch();
    let b = b.map_or_else(|| x.clone(), Tensor::into_dispatch);
    let residual = residual.map_or_else(|| x.clone(), Tensor::into_dispatch);
    let y: Tensor<4> = Tensor::from_dispatch(Dispatch::net_conv2d(
        x,
        words,
        scales,
        form,
        b,
        residual,
        (fused, call),
    ));
    let part = call.channels(form.shape[0], form.shape[1]);
    let terms = part.input[1] * form.taps();
    trace::work(|| 2.0 * product(&y.dims()) * terms as f64);
    y
}
