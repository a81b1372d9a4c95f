//! `ResnetBlock2D`, `Downsample2D` and `Upsample2D`, shared by the UNet and `AutoencoderKL`.

use burn::tensor::Tensor;

use super::layers::{Conv2d, GroupNorm, Linear};
use super::planes::Planes;
use super::weights::Reader;
use crate::Result;
use crate::ops::{self, Conv, backward};

/// Group normalisation settings of a network.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Norm {
    pub groups: usize,
    pub eps: f64,
}

/// x + conv(silu(norm(conv(silu(norm(x))) + time))), with a 1x1 convolution on the short way when
/// the number of channels changes.
#[derive(Debug)]
pub(crate) struct ResnetBlock {
    norm1: GroupNorm,
    conv1: Conv2d,
    time_emb_proj: Option<Linear>,
    norm2: GroupNorm,
    conv2: Conv2d,
    conv_shortcut: Option<Conv2d>,
}

impl ResnetBlock {
    /// `time` is the width of the time embedding; the autoencoder has none.
    pub fn load(
        w: &Reader,
        input: usize,
        output: usize,
        time: Option<usize>,
        norm: Norm,
    ) -> Result<Self> {
        let mut conv1 = Conv2d::load(&w.at("conv1"), input, output, 3, Conv::same(3))?;
        let time_emb_proj = match time {
            Some(width) => {
                // What the projection gives is the convolution's bias.
                let mut project = Linear::load(&w.at("time_emb_proj"), width, output)?;
                if let Some(bias) = conv1.take_bias() {
                    project.add_bias(bias);
                }
                Some(project)
            }
            None => None,
        };
        let conv_shortcut = if input == output {
            None
        } else {
            let w = w.at("conv_shortcut");
            Some(Conv2d::load(&w, input, output, 1, Conv::same(1))?)
        };
        Ok(Self {
            norm1: GroupNorm::load(&w.at("norm1"), input, norm.groups, norm.eps)?,
            conv1,
            time_emb_proj,
            norm2: GroupNorm::load(&w.at("norm2"), output, norm.groups, norm.eps)?,
            conv2: Conv2d::load(&w.at("conv2"), output, output, 3, Conv::same(3))?,
            conv_shortcut,
        })
    }

    /// `x` `[B, in, H, W]`; `time` `[B, width]` is silu(time embedding), the same for all blocks.
    pub fn forward(&self, x: Tensor<4>, time: Option<&Tensor<2>>) -> Tensor<4> {
        let h = self.hidden(x.clone(), time);
        self.forward_from(x, h)
    }

    /// [`Self::forward`] of a block without time on maps of any size.
    pub fn forward_planes(&self, x: &Planes) -> Planes {
        let h = self.norm1.forward_planes(x, true);
        let h = self.conv1.forward_planes(&h, None, None, None);
        let h = self.norm2.forward_planes(&h, true);
        let short = self.conv_shortcut.as_ref();
        let short = short.map(|conv| conv.forward_planes(x, None, None, None));
        let short = short.as_ref().unwrap_or(x);
        self.conv2.forward_planes(&h, Some(short), None, None)
    }

    /// What the second normalisation gets.
    pub fn hidden(&self, x: Tensor<4>, time: Option<&Tensor<2>>) -> Tensor<4> {
        let h = self.norm1.forward_silu(x);
        let bias = match (&self.time_emb_proj, time) {
            (Some(project), Some(time)) => Some(project.forward_rows(time.clone())),
            _ => None,
        };
        self.conv1.forward_fused(h, bias, None, None)
    }

    /// [`Self::forward`] for a known [`Self::hidden`] `h`.
    pub fn forward_from(&self, x: Tensor<4>, h: Tensor<4>) -> Tensor<4> {
        let x = match &self.conv_shortcut {
            Some(conv) => conv.forward(x),
            None => x,
        };
        let h = self.norm2.forward_silu(h);
        self.conv2.forward_fused(h, None, Some(x), None)
    }

    /// The vector-Jacobian product with respect to `x` for the cotangent `g` of the result; `h` is
    /// [`Self::hidden`] at `x`.
    pub fn backward(&self, x: Tensor<4>, h: Tensor<4>, g: Tensor<4>) -> Tensor<4> {
        let [_, _, height, width] = x.dims();
        let size = [height, width];
        let gh = self.conv2.backward(g.clone(), size);
        let gh = self.norm2.backward_silu(h, gh);
        let gx = self.norm1.backward_silu(x, self.conv1.backward(gh, size));
        let short = match &self.conv_shortcut {
            Some(conv) => conv.backward(g, size),
            None => g,
        };
        ops::add(short, gx)
    }
}

/// A 3x3 convolution with stride 2.
#[derive(Debug)]
pub(crate) struct Downsample {
    conv: Conv2d,
}

impl Downsample {
    /// `padding` is diffusers' `downsample_padding`: 1 on all sides, or 0, which stands for one
    /// row at the bottom and one column at the right.
    pub fn load(w: &Reader, channels: usize, padding: usize) -> Result<Self> {
        let padding = if padding == 0 {
            [0, 1, 0, 1]
        } else {
            [padding; 4]
        };
        let conv = Conv { stride: 2, padding };
        Ok(Self {
            conv: Conv2d::load(&w.at("conv"), channels, channels, 3, conv)?,
        })
    }

    pub fn forward(&self, x: Tensor<4>) -> Tensor<4> {
        self.conv.forward(x)
    }

    pub fn forward_planes(&self, x: &Planes) -> Planes {
        self.conv.forward_planes(x, None, None, None)
    }

    /// The vector-Jacobian product for an input of `size` (height, width).
    pub fn backward(&self, g: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
        self.conv.backward(g, size)
    }
}

/// Nearest-neighbour upsampling, then a 3x3 convolution.
#[derive(Debug)]
pub(crate) struct Upsample {
    conv: Conv2d,
}

impl Upsample {
    pub fn load(w: &Reader, channels: usize) -> Result<Self> {
        Ok(Self {
            conv: Conv2d::load(&w.at("conv"), channels, channels, 3, Conv::same(3))?,
        })
    }

    /// To `size` (height, width).
    pub fn forward(&self, x: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
        self.conv.forward_upsampled(x, size)
    }

    /// The vector-Jacobian product for an input of `size` (height, width).
    pub fn backward(&self, g: Tensor<4>, size: [usize; 2]) -> Tensor<4> {
        let [_, _, h, w] = g.dims();
        backward::upsample_nearest(self.conv.backward(g, [h, w]), size)
    }

    /// To twice the size.
    pub fn forward_double(&self, x: &Planes) -> Planes {
        let [_, _, h, w] = x.dims();
        let size = Some([2 * h, 2 * w]);
        self.conv.forward_planes(x, None, None, size)
    }
}
