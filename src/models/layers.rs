//! Parameters of the elementary layers, with the operations that use them. Each `backward` is the
//! vector-Jacobian product of `forward` with respect to the input, `g` being the cotangent of the
//! output; the weights are constants.

use burn::tensor::Tensor;

use super::planes::Planes;
use super::weights::Reader;
use crate::Result;
use crate::ops::{self, Activation, Conv, ConvCall, Part, Weight, backward};

/// y = x W^T + b on token sequences.
#[derive(Debug)]
pub(crate) struct Linear {
    weight: Weight,
    bias: Option<Tensor<1>>,
}

impl Linear {
    /// With a bias.
    pub fn load(w: &Reader, input: usize, output: usize) -> Result<Self> {
        Ok(Self {
            weight: w.matrix("weight", [output, input])?,
            bias: Some(w.tensor("bias", [output])?),
        })
    }

    /// Without a bias.
    pub fn load_unbiased(w: &Reader, input: usize, output: usize) -> Result<Self> {
        Ok(Self {
            weight: w.matrix("weight", [output, input])?,
            bias: None,
        })
    }

    /// `[B, N, in]` to `[B, N, out]`.
    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        ops::linear(x, &self.weight, self.bias.as_ref())
    }

    /// activation(forward(x)).
    pub fn forward_then(&self, x: Tensor<3>, f: Activation) -> Tensor<3> {
        ops::linear_fused(x, &self.weight, self.bias.as_ref(), None, Some(f))
    }

    /// residual + forward(x).
    pub fn forward_onto(&self, x: Tensor<3>, residual: Tensor<3>) -> Tensor<3> {
        ops::linear_fused(x, &self.weight, self.bias.as_ref(), Some(residual), None)
    }

    /// Adds `b` `[out]` to the bias from now on.
    pub fn add_bias(&mut self, b: Tensor<1>) {
        self.bias = Some(match self.bias.take() {
            Some(bias) => ops::add(bias, b),
            None => b,
        });
    }

    /// `[B, N, out]` to `[B, N, in]`.
    pub fn backward(&self, g: Tensor<3>) -> Tensor<3> {
        backward::linear(g, &self.weight)
    }

    /// `[B, in]` to `[B, out]`.
    pub fn forward_rows(&self, x: Tensor<2>) -> Tensor<2> {
        let [b, n] = x.dims();
        let y = self.forward(x.reshape([1, b, n]));
        let out = y.dims()[2];
        y.reshape([b, out])
    }
}

/// A convolution with a square kernel.
#[derive(Debug)]
pub(crate) struct Conv2d {
    weight: Weight,
    bias: Option<Tensor<1>>,
    conv: Conv,
}

impl Conv2d {
    /// Kernel side `k` with a bias.
    pub fn load(w: &Reader, input: usize, output: usize, k: usize, conv: Conv) -> Result<Self> {
        Ok(Self {
            bias: Some(w.tensor("bias", [output])?),
            ..Self::load_unbiased(w, input, output, k, conv)?
        })
    }

    /// Kernel side `k` without a bias.
    pub fn load_unbiased(
        w: &Reader,
        input: usize,
        output: usize,
        k: usize,
        conv: Conv,
    ) -> Result<Self> {
        Ok(Self {
            weight: w.kernels("weight", [output, input, k, k])?,
            bias: None,
            conv,
        })
    }

    /// `[B, in, H, W]` to `[B, out, H', W']`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        ops::conv2d(x, &self.weight, self.bias.as_ref(), self.conv)
    }

    /// activation(forward(x) + residual); `bias` `[B, out]` stands in for the layer's own.
    pub fn forward_fused(
        &self,
        x: Tensor<4>,
        bias: Option<Tensor<2>>,
        residual: Option<Tensor<4>>,
        activation: Option<Activation>,
    ) -> Tensor<4> {
        let call = ConvCall::new(self.conv);
        let own = || self.bias.clone().map(Tensor::unsqueeze);
        let bias = bias.or_else(own);
        ops::conv2d_fused(x, &self.weight, bias, residual, activation, call)
    }

    /// [`Self::forward`] of `x` upsampled to `size` (height, width).
    pub fn forward_upsampled(&self, x: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
        let call = ConvCall {
            up: Some(size),
            ..ConvCall::new(self.conv)
        };
        let bias = self.bias.clone().map(Tensor::unsqueeze);
        ops::conv2d_fused(x, &self.weight, bias, None, None, call)
    }

    /// activation(forward(x) + residual), with `x` upsampled to `up` (height, width) first, on maps of
    /// any size.
    pub fn forward_planes(
        &self,
        x: &Planes,
        residual: Option<&Planes>,
        activation: Option<Activation>,
        up: Option<[usize; 2]>,
    ) -> Planes {
        let call = ConvCall {
            up,
            ..ConvCall::new(self.conv)
        };
        let [batch, _, h, w] = x.dims();
        let [out, _, kh, kw] = self.weight.form().shape;
        let [oh, ow] = call.output([h, w], [kh, kw]);
        let count = Planes::count([batch, out, oh, ow]);
        let (each, last) = (out / count, x.parts().len() - 1);
        let part = |i: usize| {
            // The sum over the parts of the input goes from one to the next as a residual.
            let mut sum = residual.and_then(|r| r.part(i, count));
            let mut first = 0;
            for (j, x) in x.parts().iter().enumerate() {
                let input = x.dims()[1];
                let part = Part {
                    input: [first, input],
                    output: [i * each, each],
                };
                first += input;
                let bias = self.bias.clone().filter(|_| j == 0);
                let f = activation.filter(|_| j == last);
                let call = ConvCall {
                    part: Some(part),
                    ..call
                };
                let bias = bias.map(Tensor::unsqueeze);
                let y = ops::conv2d_fused(x.clone(), &self.weight, bias, sum.take(), f, call);
                sum = Some(y);
            }
            sum
        };
        Planes::new((0..count).filter_map(part).collect())
    }

    /// Gives the bias away: from now on the layer has none.
    pub fn take_bias(&mut self) -> Option<Tensor<1>> {
        self.bias.take()
    }

    /// `[B, out, H', W']` to `[B, in, H, W]`, `size` being the input's `[H, W]`.
    pub fn backward(&self, g: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
        backward::conv2d(g, &self.weight, self.conv, size)
    }
}

/// Group normalisation with learned scale and shift.
#[derive(Debug)]
pub(crate) struct GroupNorm {
    weight: Tensor<1>,
    bias: Tensor<1>,
    groups: usize,
    eps: f64,
}

impl GroupNorm {
    pub fn load(w: &Reader, channels: usize, groups: usize, eps: f64) -> Result<Self> {
        Ok(Self {
            weight: w.tensor("weight", [channels])?,
            bias: w.tensor("bias", [channels])?,
            groups,
            eps,
        })
    }

    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        ops::group_norm(x, self.groups, &self.weight, &self.bias, self.eps, false)
    }

    /// Normalisation followed by SiLU.
    pub fn forward_silu(&self, x: Tensor<4>) -> Tensor<4> {
        ops::group_norm(x, self.groups, &self.weight, &self.bias, self.eps, true)
    }

    /// [`Self::forward_silu`], or without `silu` [`Self::forward`], on maps of any size.
    pub fn forward_planes(&self, x: &Planes, silu: bool) -> Planes {
        let count = x.parts().len();
        if !self.groups.is_multiple_of(count) {
            // Parts that cut groups in two.
            return self.forward_planes(&x.clone().whole().into(), silu);
        }
        let part = |(i, x): (usize, &Tensor<4>)| {
            let c = x.dims()[1];
            let own = |v: &Tensor<1>| -> Tensor<1> {
                let all = v.clone().reshape([1, c * count, 1, 1]);
                ops::take_channels(all, i * c, c).reshape([c])
            };
            let (w, b) = if count == 1 {
                (self.weight.clone(), self.bias.clone())
            } else {
                (own(&self.weight), own(&self.bias))
            };
            ops::group_norm(x.clone(), self.groups / count, &w, &b, self.eps, silu)
        };
        Planes::new(x.parts().iter().enumerate().map(part).collect())
    }

    /// Of [`Self::forward`] at `x`.
    pub fn backward(&self, x: Tensor<4>, g: Tensor<4>) -> Tensor<4> {
        let (w, b) = (&self.weight, &self.bias);
        backward::group_norm(x, self.groups, w, b, self.eps, false, g)
    }

    /// Of [`Self::forward_silu`] at `x`.
    pub fn backward_silu(&self, x: Tensor<4>, g: Tensor<4>) -> Tensor<4> {
        let (w, b) = (&self.weight, &self.bias);
        backward::group_norm(x, self.groups, w, b, self.eps, true, g)
    }
}

/// Layer normalisation with learned scale and shift.
#[derive(Debug)]
pub(crate) struct LayerNorm {
    weight: Tensor<1>,
    bias: Tensor<1>,
    eps: f64,
}

impl LayerNorm {
    pub fn load(w: &Reader, width: usize, eps: f64) -> Result<Self> {
        Ok(Self {
            weight: w.tensor("weight", [width])?,
            bias: w.tensor("bias", [width])?,
            eps,
        })
    }

    pub fn forward(&self, x: Tensor<3>) -> Tensor<3> {
        ops::layer_norm(x, &self.weight, &self.bias, self.eps)
    }

    /// At `x`.
    pub fn backward(&self, x: Tensor<3>, g: Tensor<3>) -> Tensor<3> {
        backward::layer_norm(x, &self.weight, self.eps, g)
    }
}
