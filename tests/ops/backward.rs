//! The vector-Jacobian products.

use burn::tensor::Device;
use latino_web::ops::{self, Activation, Conv, backward};

use super::{same, t, w};

pub async fn all(gpu: &Device) {
    for (b, n, k, m) in [
        (1, 1, 4, 1),
        (2, 7, 20, 12),
        (1, 64, 96, 320),
        (1, 77, 5, 33),
        (3, 130, 67, 64),
        (1, 300, 128, 256),
    ] {
        same(&format!("linear {b}x{n}, {m} from {k}"), gpu, |d| {
            backward::linear(t([b, n, k], 1, d), &w([k, m], 2, d))
        })
        .await;
    }

    let stride = |stride, padding| Conv { stride, padding };
    for (batch, c_in, size, c_out, side, conv) in [
        (1, 64, [16, 16], 4, 3, Conv::same(3)),
        (2, 5, [13, 17], 3, 3, Conv::same(3)),
        (1, 6, [9, 8], 7, 5, Conv::same(5)),
        (1, 48, [24, 40], 32, 3, stride(2, [1; 4])),
        (1, 9, [7, 9], 8, 3, stride(2, [1; 4])),
        (1, 16, [16, 10], 16, 3, stride(2, [0, 1, 0, 1])),
        (2, 4, [5, 8], 3, 3, stride(2, [0, 1, 0, 1])),
        (2, 24, [5, 3], 8, 1, Conv::same(1)),
        (1, 3, [6, 7], 4, 1, stride(2, [1, 0, 2, 1])),
        (1, 8, [4, 4], 1280, 3, Conv::same(3)),
    ] {
        let [h, width] = size;
        let [top, bottom, left, right] = conv.padding;
        let oh = (h + top + bottom - side) / conv.stride + 1;
        let ow = (width + left + right - side) / conv.stride + 1;
        same(
            &format!("conv {size:?}, {side}x{side}, {conv:?}"),
            gpu,
            |d| {
                let kernel = w([c_out, c_in, side, side], 2, d);
                backward::conv2d(t([batch, c_out, oh, ow], 1, d), &kernel, conv, size)
            },
        )
        .await;
    }

    for (b, n, m, heads, width) in [
        (1, 64, 64, 8, 128),
        (2, 15, 24, 4, 32),
        (2, 500, 7, 2, 24),
        (1, 9, 9, 3, 15),
        (1, 33, 7, 1, 160),
    ] {
        for part in ["q", "k", "v"] {
            let name = format!("attention {n}x{m}, {heads} heads, d{part}");
            same(&name, gpu, |d| {
                let q = ops::affine(t([b, n, width], 1, d), 3.0, 0.0);
                let [k, v] = [2, 3].map(|seed| t([b, m, width], seed, d));
                let (dq, dk, dv) = backward::attention(q, k, v, heads, t([b, n, width], 4, d));
                match part {
                    "q" => dq,
                    "k" => dk,
                    _ => dv,
                }
            })
            .await;
        }
    }

    for (shape, groups) in [
        ([2, 32, 16, 16], 16),
        ([1, 12, 5, 7], 3),
        ([1, 64, 24, 40], 32),
    ] {
        for silu in [false, true] {
            same(&format!("group norm {shape:?}, silu {silu}"), gpu, |d| {
                let x = ops::affine(t(shape, 1, d), 1.0, 3.0);
                let [w, b] = [2, 3].map(|seed| t([shape[1]], seed, d));
                backward::group_norm(x, groups, &w, &b, 1e-5, silu, t(shape, 4, d))
            })
            .await;
        }
    }
    same("layer norm", gpu, |d| {
        let x = ops::affine(t([2, 9, 100], 1, d), 1.0, 3.0);
        backward::layer_norm(x, &t([100], 2, d), 1e-5, t([2, 9, 100], 3, d))
    })
    .await;
    same("geglu", gpu, |d| {
        let x = ops::affine(t([2, 5, 48], 1, d), 4.0, 0.0);
        backward::geglu(x, t([2, 5, 24], 2, d))
    })
    .await;
    for f in [
        Activation::Silu,
        Activation::Gelu,
        Activation::QuickGelu,
        Activation::Relu,
    ] {
        same(&format!("{f:?}"), gpu, |d| {
            let x = ops::affine(t([3, 501], 1, d), 20.0, 0.0);
            backward::activate(x, f, t([3, 501], 2, d))
        })
        .await;
    }
    for (from, to) in [([5, 7], [10, 14]), ([5, 7], [9, 13]), ([3, 4], [8, 11])] {
        same(&format!("upsample {from:?} to {to:?}"), gpu, |d| {
            backward::upsample_nearest(t([2, 3, to[0], to[1]], 1, d), from)
        })
        .await;
    }
}
