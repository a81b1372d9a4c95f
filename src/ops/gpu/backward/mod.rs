//! Vector-Jacobian products on WebGPU.

mod attention;
mod heads;
mod norm;
mod pointwise;

use burn_cubecl::{CubeBackend, tensor::CubeTensor};

use super::matrix::Matrix;
use super::{conv, linear};
use crate::ops::{Activation, Conv, ConvCall, Form, extension::NetBackwardOps};

impl NetBackwardOps for CubeBackend {
    fn net_linear_backward(
        g: CubeTensor,
        words: CubeTensor,
        scales: CubeTensor,
        form: Form,
    ) -> CubeTensor {
        linear::backward(&g, &Matrix::new(words, scales, form))
    }

    fn net_conv2d_turned(
        g: CubeTensor,
        words: CubeTensor,
        scales: CubeTensor,
        form: Form,
        padding: [usize; 4],
    ) -> CubeTensor {
        let conv = Conv { stride: 1, padding };
        let w = Matrix::new(words, scales, form);
        conv::turned(&g, &w, ConvCall::new(conv))
    }

    fn net_dilate(
        x: CubeTensor,
        stride: usize,
        top: i32,
        left: i32,
        height: usize,
        width: usize,
    ) -> CubeTensor {
        pointwise::dilate(x, stride, [top, left], [height, width])
    }

    fn net_attention_backward(
        q: CubeTensor,
        k: CubeTensor,
        v: CubeTensor,
        g: CubeTensor,
        heads: usize,
    ) -> (CubeTensor, CubeTensor, CubeTensor) {
        attention::attention(q, k, v, g, heads)
    }

    fn net_group_norm_backward(
        x: CubeTensor,
        w: CubeTensor,
        b: CubeTensor,
        g: CubeTensor,
        groups: usize,
        eps: f32,
        silu: bool,
    ) -> CubeTensor {
        norm::group_norm(x, w, silu.then_some(b), g, groups, eps)
    }

    fn net_layer_norm_backward(
        x: CubeTensor,
        w: CubeTensor,
        g: CubeTensor,
        eps: f32,
    ) -> CubeTensor {
        norm::layer_norm(x, w, g, eps)
    }

    fn net_geglu_backward(x: CubeTensor, g: CubeTensor) -> CubeTensor {
        pointwise::geglu(x, g)
    }

    fn net_activate_backward(x: CubeTensor, g: CubeTensor, f: Activation) -> CubeTensor {
        pointwise::activate(x, g, f)
    }

    fn net_upsample_backward(g: CubeTensor, height: usize, width: usize) -> CubeTensor {
        pointwise::upsample(g, [height, width])
    }
}
