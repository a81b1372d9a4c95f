//! Convolution on the CPU: the kernel's matrix `[out, in K K]` times the patches `[in K K, pixels]` of
//! some rows of pixels, so that the product is a part of the result as it lies in memory. Rows of
//! patches are mostly copies of rows of pixels.

use burn_flex::{FlexTensor, ops::matmul::matmul};

use super::{dims, matrix::finish_rows, tensor, values};
use crate::ops::{ConvCall, Fused};

/// Values of patches in memory at once: they should stay in the second-level cache with the
/// matrix product's own blocks, but be wide enough for it.
const PATCHES: usize = 1 << 20;

/// What is convolved.
#[derive(Debug, Clone, Copy)]
pub struct Geometry {
    /// Side of the kernel (height, width).
    pub kernel: [usize; 2],
    pub call: ConvCall,
}

/// `w` `[out, in kh kw]` in f32.
pub fn conv2d(
    x: &FlexTensor,
    w: &FlexTensor,
    geometry: Geometry,
    b: &FlexTensor,
    residual: &FlexTensor,
    fused: Fused,
) -> FlexTensor {
    let (d, c_out) = (dims(x), dims(w)[0]);
    let (c_in, plane) = (d[1], d[2] * d[3]);
    let [oh, ow] = geometry.call.output([d[2], d[3]], geometry.kernel);
    let rows = c_in * geometry.kernel[0] * geometry.kernel[1];
    let data = values(x);
    let plain = geometry.kernel == [1, 1] && oh * ow == plane && geometry.call.up.is_none();
    let lines = if plain {
        oh
    } else {
        (PATCHES / (rows * ow)).clamp(1, oh)
    };
    let mut out = vec![0.0; d[0] * c_out * oh * ow];
    let pictures = data.chunks_exact(c_in * plane);
    for (picture, out) in pictures.zip(out.chunks_exact_mut(c_out * oh * ow)) {
        for first in (0..oh).step_by(lines) {
            let count = lines.min(oh - first);
            let patches = if plain {
                picture.to_vec()
            } else {
                patches(picture, [c_in, d[2], d[3]], geometry, first, count, ow)
            };
            let product = matmul(w.clone(), tensor(vec![rows, count * ow], patches));
            let product = values(&product);
            let parts = product.chunks_exact(count * ow);
            for (part, out) in parts.zip(out.chunks_exact_mut(oh * ow)) {
                out[first * ow..][..count * ow].copy_from_slice(part);
            }
        }
    }
    finish_rows(&mut out, oh * ow, c_out, b, residual, fused);
    tensor(vec![d[0], c_out, oh, ow], out)
}

/// `[in kh kw, count ow]`: for each input channel and tap what the output rows
/// `first..first + count` see there.
fn patches(
    picture: &[f32],
    [c_in, h, w]: [usize; 3],
    geometry: Geometry,
    first: usize,
    count: usize,
    ow: usize,
) -> Vec<f32> {
    let [kh, kw] = geometry.kernel;
    let [vh, vw] = geometry.call.seen([h, w]);
    let [top, _, left, _] = geometry.call.conv.padding;
    let stride = geometry.call.conv.stride;
    let mut out = vec![0.0; c_in * kh * kw * count * ow];
    let mut rows = out.chunks_exact_mut(ow);
    // The outputs whose tap `k` lies inside: from .. to.
    let inside = |k: usize, pad: usize, size: usize, outputs: usize| {
        let from = pad.saturating_sub(k).div_ceil(stride);
        let to = (size + pad).saturating_sub(k).div_ceil(stride).min(outputs);
        (from, to.max(from))
    };
    for plane in picture.chunks_exact(h * w) {
        for ky in 0..kh {
            for kx in 0..kw {
                let (from, to) = inside(kx, left, vw, ow);
                for y in first..first + count {
                    let Some(row) = rows.next() else { return out };
                    let at = y * stride + ky;
                    if at < top || at - top >= vh || from == to {
                        continue;
                    }
                    let source = &plane[((at - top) * h / vh) * w..][..w];
                    let start = from * stride + kx - left;
                    if stride == 1 && vw == w {
                        row[from..to].copy_from_slice(&source[start..start + to - from]);
                    } else {
                        for (i, v) in row[from..to].iter_mut().enumerate() {
                            *v = source[(start + i * stride) * w / vw];
                        }
                    }
                }
            }
        }
    }
    out
}
