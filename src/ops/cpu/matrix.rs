//! Weights on the CPU, and what follows a product.
//!
//! Packed weights are dequantised for each operation and dropped after it: a packed Stable Diffusion
//! fits the 4 GiB of a wasm memory, where its weights in f32 do not. That takes some 4 % of the embedded
//! UNet's time in 8 bits, more of a network whose feature maps are small for its weights.

use burn::tensor::{DType, Shape};
use burn_flex::{FlexTensor, Layout};

use super::functions::activate;
use super::{tensor, values};
use crate::ops::{Form, Fused};
use crate::pack::{Precision, matrix::decode, matrix::row_bytes};

/// The same values as another type of the same size.
pub fn reinterpret(x: &FlexTensor, dtype: DType) -> FlexTensor {
    FlexTensor::from_arc(x.data_arc(), x.layout().clone(), dtype)
}

/// The weight as a matrix `[rows, columns]` in f32.
pub fn matrix(words: &FlexTensor, scales: &FlexTensor, form: Form) -> FlexTensor {
    rows(words, scales, form, 0, form.rows())
}

/// `count` rows of it from `first` on.
pub fn rows(
    words: &FlexTensor,
    scales: &FlexTensor,
    form: Form,
    first: usize,
    count: usize,
) -> FlexTensor {
    let cols = form.cols();
    if form.precision == Precision::F32 {
        let layout = Layout::contiguous(Shape::from(vec![form.rows(), cols]));
        let all = FlexTensor::from_arc(words.data_arc(), layout, DType::F32);
        return all.narrow(0, first, count);
    }
    let [row, row_scales] = row_bytes(cols, form.precision);
    let part = |x: &FlexTensor, row: usize| x.bytes()[first * row..][..count * row].to_vec();
    let values = part(words, row);
    let scales = if row_scales > 0 {
        part(scales, row_scales)
    } else {
        Vec::new()
    };
    let mut out = Vec::with_capacity(count * cols + crate::pack::block::BLOCK);
    decode(&values, &scales, cols, form.precision, &mut out);
    tensor(vec![count, cols], out)
}

/// Finishes `y`, rows of `inner` values that share a bias: a row is one channel of one of the
/// batch, and `channels` rows make one of the batch.
pub fn finish_rows(
    y: &mut [f32],
    inner: usize,
    channels: usize,
    b: &FlexTensor,
    residual: &FlexTensor,
    fused: Fused,
) {
    if fused.bias > 0 {
        let b = values(b);
        for (i, row) in y.chunks_exact_mut(inner).enumerate() {
            let at = if fused.bias > 1 { i } else { i % channels };
            row.iter_mut().for_each(|v| *v += b[at]);
        }
    }
    finish(y, residual, fused);
}

/// Adds the residual and applies the activation.
pub fn finish(y: &mut [f32], residual: &FlexTensor, fused: Fused) {
    if fused.residual {
        let residual = values(residual);
        y.iter_mut().zip(residual.iter()).for_each(|(y, r)| *y += r);
    }
    if let Some(f) = fused.activation {
        activate(y, f);
    }
}
