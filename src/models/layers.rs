//! Parameters of the elementary layers, with the operations that use them.

use burn::tensor::Tensor;

use super::weights::Reader;
use crate::Result;
use crate::ops::{self, Conv};

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
}
