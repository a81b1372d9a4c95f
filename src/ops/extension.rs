//! The custom operations as a burn backend extension: one trait, implemented for the
//! CPU (`flex`, see [`super::cpu`]) and for WebGPU (`cube`, see [`super::gpu`]).
//!
//! Arguments are contiguous f32 tensors with the shapes given in [`super`].

use burn::backend::{
    Backend, backend_extension,
    tensor::{FloatTensor, IntTensor},
};

use super::weight::Form;
use super::{Activation, ConvCall, Fused};

/// Network operations below the tensor API; see the functions of [`super`] for the formulas.
#[backend_extension(Cube, Flex)]
pub trait NetOps: Backend {
    /// The bits of f32 values as integers; nothing is copied.
    fn net_bits(x: FloatTensor<Self>) -> IntTensor<Self>;
    /// [`super::linear`]. The weight is `words` and `scales` as `form` says; `b` and `residual`
    /// count as `fused` says (extensions take no optional tensors).
    fn net_linear(
        x: FloatTensor<Self>,
        words: IntTensor<Self>,
        scales: IntTensor<Self>,
        form: Form,
        b: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        fused: Fused,
    ) -> FloatTensor<Self>;
    /// [`super::conv2d`]; arguments as for [`Self::net_linear`].
    fn net_conv2d(
        x: FloatTensor<Self>,
        words: IntTensor<Self>,
        scales: IntTensor<Self>,
        form: Form,
        b: FloatTensor<Self>,
        residual: FloatTensor<Self>,
        how: (Fused, ConvCall),
    ) -> FloatTensor<Self>;
    /// [`super::attention`].
    fn net_attention(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        heads: usize,
        causal: bool,
    ) -> FloatTensor<Self>;
    /// [`super::group_norm`].
    fn net_group_norm(
        x: FloatTensor<Self>,
        w: FloatTensor<Self>,
        b: FloatTensor<Self>,
        groups: usize,
        eps: f32,
        silu: bool,
    ) -> FloatTensor<Self>;
    /// [`super::layer_norm`].
    fn net_layer_norm(
        x: FloatTensor<Self>,
        w: FloatTensor<Self>,
        b: FloatTensor<Self>,
        eps: f32,
    ) -> FloatTensor<Self>;
    /// [`super::geglu`].
    fn net_geglu(x: FloatTensor<Self>) -> FloatTensor<Self>;
    /// [`super::activate`].
    fn net_activate(x: FloatTensor<Self>, f: Activation) -> FloatTensor<Self>;
    /// a + b, where b repeats: entry i takes b[(i / inner) % len(b)].
    fn net_add(a: FloatTensor<Self>, b: FloatTensor<Self>, inner: usize) -> FloatTensor<Self>;
    /// [`super::soft_clamp3`].
    fn net_soft_clamp3(x: FloatTensor<Self>) -> FloatTensor<Self>;
    /// [`super::affine`].
    fn net_affine(x: FloatTensor<Self>, scale: f32, shift: f32) -> FloatTensor<Self>;
    /// [`super::upsample_nearest`].
    fn net_upsample(x: FloatTensor<Self>, height: usize, width: usize) -> FloatTensor<Self>;
    /// [`super::concat_channels`].
    fn net_concat(a: FloatTensor<Self>, b: FloatTensor<Self>) -> FloatTensor<Self>;
    /// Swaps the last two dimensions of `[B, R, C]`, copying.
    fn net_transpose(x: FloatTensor<Self>) -> FloatTensor<Self>;
    /// Rows, at `ids`, of the table that `words` and `scales` are.
    fn net_embedding(
        words: IntTensor<Self>,
        scales: IntTensor<Self>,
        form: Form,
        ids: IntTensor<Self>,
    ) -> FloatTensor<Self>;
    /// Channels `start..start + len` of `[B, C, ...]`.
    fn net_take_channels(x: FloatTensor<Self>, start: usize, len: usize) -> FloatTensor<Self>;
}

/// Vector-Jacobian products below the tensor API; see [`super::backward`] for the formulas.
/// `g` is the cotangent of the forward operation's result.
#[backend_extension(Cube, Flex)]
pub trait NetBackwardOps: Backend {
    /// [`super::backward::linear`].
    fn net_linear_backward(
        g: FloatTensor<Self>,
        words: IntTensor<Self>,
        scales: IntTensor<Self>,
        form: Form,
    ) -> FloatTensor<Self>;
    /// The convolution of `g` with the kernel turned by 180 degrees and its channels swapped.
    fn net_conv2d_turned(
        g: FloatTensor<Self>,
        words: IntTensor<Self>,
        scales: IntTensor<Self>,
        form: Form,
        padding: [usize; 4],
    ) -> FloatTensor<Self>;
    /// Pixel (y, x) of `[B, C, H, W]` goes to (stride y + top, stride x + left) of a map of zeros
    /// of the given size; what falls outside is dropped.
    fn net_dilate(
        x: FloatTensor<Self>,
        stride: usize,
        top: i32,
        left: i32,
        height: usize,
        width: usize,
    ) -> FloatTensor<Self>;
    /// [`super::backward::attention`].
    fn net_attention_backward(
        q: FloatTensor<Self>,
        k: FloatTensor<Self>,
        v: FloatTensor<Self>,
        g: FloatTensor<Self>,
        heads: usize,
    ) -> (FloatTensor<Self>, FloatTensor<Self>, FloatTensor<Self>);
    /// [`super::backward::group_norm`].
    fn net_group_norm_backward(
        x: FloatTensor<Self>,
        w: FloatTensor<Self>,
        b: FloatTensor<Self>,
        g: FloatTensor<Self>,
        groups: usize,
        eps: f32,
        silu: bool,
    ) -> FloatTensor<Self>;
    /// [`super::backward::layer_norm`].
    fn net_layer_norm_backward(
        x: FloatTensor<Self>,
        w: FloatTensor<Self>,
        g: FloatTensor<Self>,
        eps: f32,
    ) -> FloatTensor<Self>;
    /// [`super::backward::geglu`].
    fn net_geglu_backward(x: FloatTensor<Self>, g: FloatTensor<Self>) -> FloatTensor<Self>;
    /// [`super::backward::activate`].
    fn net_activate_backward(
        x: FloatTensor<Self>,
        g: FloatTensor<Self>,
        f: Activation,
    ) -> FloatTensor<Self>;
    /// [`super::backward::upsample_nearest`].
    fn net_upsample_backward(
        g: FloatTensor<Self>,
        height: usize,
        width: usize,
    ) -> FloatTensor<Self>;
}
