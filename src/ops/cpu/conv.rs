//! Convolution on the CPU: by [`winograd`] where that pays, else the kernel's matrix
//! `[out, in K K]` times the patches `[in K K, pixels]` of some rows of pixels.

use burn_flex::FlexTensor;

use super::finish::finish_rows;
use super::product::{Columns, product};
use super::rows::Rows;
use super::{dims, tensor, values, window, winograd};
use crate::ops::{ConvCall, Fused};

/// Values of patches in memory at once. In wasm the weight is decoded anew for each such part.
const PATCHES: usize = 1 << 20;

/// What is convolved.
#[derive(Debug, Clone, Copy)]
pub struct Geometry {
    /// Side of the kernel (height, width).
    pub kernel: [usize; 2],
    pub call: ConvCall,
}

/// `w` `[out, in kh kw]`.
pub fn conv2d(
    x: &FlexTensor,
    w: &Rows,
    geometry: Geometry,
    b: &FlexTensor,
    residual: &FlexTensor,
    fused: Fused,
) -> FlexTensor {
    let (d, c_out) = (dims(x), w.shape()[0]);
    let size = [d[2], d[3]];
    let [oh, ow] = geometry.call.output(size, geometry.kernel);
    let data = values(x);
    let small = geometry.kernel == [3, 3] && geometry.call.conv.stride == 1;
    let mut out = if small && winograd::pays(d[0], [c_out, d[1]], [oh, ow]) {
        winograd::conv3x3(&data, size, w, &geometry.call)
    } else {
        by_patches(&data, d[1], size, w, geometry)
    };
    finish_rows(&mut out, oh * ow, c_out, b, residual, fused);
    tensor(vec![d[0], c_out, oh, ow], out)
}

/// The convolution's products, without bias, of a batch `x` of `[in, height, width]`, `size` the last two.
fn by_patches(x: &[f32], c_in: usize, size: [usize; 2], w: &Rows, geometry: Geometry) -> Vec<f32> {
    let c_out = w.shape()[0];
    let [oh, ow] = geometry.call.output(size, geometry.kernel);
    let terms = c_in * geometry.kernel[0] * geometry.kernel[1];
    let at_once = (PATCHES / (terms * ow)).clamp(1, oh);
    let pictures = x.chunks_exact(c_in * size[0] * size[1]);
    let mut out = vec![0.0; pictures.len() * c_out * oh * ow];
    for (picture, out) in pictures.zip(out.chunks_exact_mut(c_out * oh * ow)) {
        for first in (0..oh).step_by(at_once) {
            let count = at_once.min(oh - first);
            let patches = patches(picture, size, geometry, [first, count, ow]);
            let product = product(w, patches);
            let product = values(&product);
            let parts = product.chunks_exact(count * ow);
            for (part, out) in parts.zip(out.chunks_exact_mut(oh * ow)) {
                out[first * ow..][..count * ow].copy_from_slice(part);
            }
        }
    }
    out
}

/// `[in kh kw, count ow]`: for each input channel and tap what the output rows
/// `first..first + count` of `ow` values see there.
fn patches(
    picture: &[f32],
    size: [usize; 2],
    geometry: Geometry,
    [first, count, ow]: [usize; 3],
) -> Columns {
    let [kh, kw] = geometry.kernel;
    let stride = geometry.call.conv.stride;
    let plane = size[0] * size[1];
    let mut out = Columns::zeros(picture.len() / plane * kh * kw, count * ow);
    let width = (ow - 1) * stride + kw;
    let mut seen = vec![0.0; ((count - 1) * stride + kh) * width];
    let mut line = vec![0.0; ow];
    for (channel, plane) in picture.chunks_exact(plane).enumerate() {
        window::fill(
            &mut seen,
            width,
            first * stride,
            plane,
            size,
            &geometry.call,
        );
        for tap in 0..kh * kw {
            for y in 0..count {
                let row = &seen[(y * stride + tap / kw) * width + tap % kw..];
                let row = if stride == 1 {
                    &row[..ow]
                } else {
                    let values = line.iter_mut().zip(row.iter().step_by(stride));
                    values.for_each(|(to, v)| *to = *v);
                    &line
                };
                out.put(channel * kh * kw + tap, y * ow, row);
            }
        }
    }
    out
}
