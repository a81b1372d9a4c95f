//! What follows a product: bias, residual, activation.

use burn_flex::FlexTensor;

use super::functions::activate;
use super::values;
use crate::ops::Fused;

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
