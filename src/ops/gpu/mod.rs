//! The WebGPU path: every operation is one hand-written WGSL kernel.
//!
//! burn's own kernels are not used, since its 3x3 convolution, matrix product and attention are slow
//! in a browser and its planes and autotuning unsafe there. Nothing here needs subgroups, and `f16` is used
//! only where the adapter has it.
//! Kernel sources are text with the inner loops unrolled by [`tile`]; sizes travel in a uniform,
//! so that one pipeline serves all shapes of an operation. Weights are read packed ([`matrix`]).

mod attention;
mod backward;
mod conv;
mod epilogue;
mod expand;
mod launch;
mod linear;
mod matrix;
mod norm;
mod operands;
pub(super) mod pace;
mod pointwise;
mod tile;
pub(super) mod validate;

use burn::tensor::DType;
use burn_cubecl::{CubeBackend, tensor::CubeTensor};

use self::epilogue::Epilogue;
use self::matrix::Matrix;
use super::{Activation, ConvCall, Form, Fused, extension::NetOps};

impl NetOps for CubeBackend {
    fn net_bits(mut x: CubeTensor) -> CubeTensor {
        x.dtype = DType::I32;
        x
    }

    fn net_linear(
        x: CubeTensor,
        words: CubeTensor,
        scales: CubeTensor,
        form: Form,
        b: CubeTensor,
        residual: CubeTensor,
        fused: Fused,
    ) -> CubeTensor {
        let w = Matrix::new(words, scales, form);
        linear::linear(&x, &w, &Epilogue::new(b, residual, fused))
    }

    fn net_conv2d(
        x: CubeTensor,
        words: CubeTensor,
        scales: CubeTensor,
        form: Form,
        b: CubeTensor,
        residual: CubeTensor,
        (fused, call): (Fused, ConvCall),
    ) -> CubeTensor {
        let w = Matrix::new(words, scales, form);
        conv::conv2d(&x, &w, call, &Epilogue::new(b, residual, fused))
    }

    fn net_attention(
        q: CubeTensor,
        k: CubeTensor,
        v: CubeTensor,
        heads: usize,
        causal: bool,
    ) -> CubeTensor {
        attention::attention(q, k, v, heads, causal)
    }

    fn net_group_norm(
        x: CubeTensor,
        w: CubeTensor,
        b: CubeTensor,
        groups: usize,
        eps: f32,
        silu: bool,
    ) -> CubeTensor {
        norm::group_norm(x, w, b, groups, eps, silu)
    }

    fn net_layer_norm(x: CubeTensor, w: CubeTensor, b: CubeTensor, eps: f32) -> CubeTensor {
        norm::layer_norm(x, w, b, eps)
    }

    fn net_geglu(x: CubeTensor) -> CubeTensor {
        pointwise::geglu(x)
    }

    fn net_activate(x: CubeTensor, f: Activation) -> CubeTensor {
        pointwise::activate(x, f)
    }

    fn net_add(a: CubeTensor, b: CubeTensor, inner: usize) -> CubeTensor {
        pointwise::add(a, b, inner)
    }

    fn net_soft_clamp3(x: CubeTensor) -> CubeTensor {
        pointwise::soft_clamp3(x)
    }

    fn net_affine(x: CubeTensor, scale: f32, shift: f32) -> CubeTensor {
        pointwise::affine(x, scale, shift)
    }

    fn net_upsample(x: CubeTensor, height: usize, width: usize) -> CubeTensor {
        pointwise::upsample(x, height, width)
    }

    fn net_concat(a: CubeTensor, b: CubeTensor) -> CubeTensor {
        pointwise::concat(a, b)
    }

    fn net_transpose(x: CubeTensor) -> CubeTensor {
        pointwise::transpose(x)
    }

    fn net_embedding(
        words: CubeTensor,
        scales: CubeTensor,
        form: Form,
        ids: CubeTensor,
    ) -> CubeTensor {
        pointwise::embedding(&Matrix::new(words, scales, form), &ids)
    }

    fn net_take_channels(x: CubeTensor, start: usize, len: usize) -> CubeTensor {
        pointwise::take_channels(x, start, len)
    }
}
