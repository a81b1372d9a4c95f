//! Parameters of the elementary layers, with the operations that use them. Each `backward` is the
//! vector-Jacobian product of `forward` with respect to the input, `g` being the cotangent of the
//! output; the weights are constants.

use burn::tensor::Tensor;

use super::weights::Reader;
use crate::Result;
use crate::ops::{self, Conv, backward};

/// y = x W^T + b on token sequences.
#[derive(Debug)]
pub(crate) struct Linear {
    weight: Tensor<2>,
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
    weight: Tensor<4>,
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
            weight: w.tensor("weight", [output, input, k, k])?,
            bias: None,
            conv,
        })
    }

    /// `[B, in, H, W]` to `[B, out, H', W']`.
    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        ops::conv2d(x, &self.weight, self.bias.as_ref(), self.conv)
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
