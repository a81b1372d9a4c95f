//! The operations of the forward pass.

use burn::tensor::Device;
use latino_web::ops::{self, Activation, Conv};

use super::{same, t, w};

pub async fn all(gpu: &Device) {
    for (b, n, k, m) in [
        (1, 1, 4, 1),
        (2, 7, 20, 13),
        (1, 64, 320, 96),
        (1, 77, 33, 5),
        (3, 130, 64, 67),
    ] {
        same(&format!("linear {b}x{n}x{k} to {m}"), gpu, |d| {
            ops::linear(t([b, n, k], 1, d), &w([m, k], 2, d), Some(&t([m], 3, d)))
        })
        .await;
    }
    same("linear without bias", gpu, |d| {
        ops::linear(t([2, 256, 128], 1, d), &w([128, 128], 2, d), None)
    })
    .await;

    let same3 = Conv::same(3);
    let down = Conv {
        stride: 2,
        padding: [1, 1, 1, 1],
    };
    let asymmetric = Conv {
        stride: 2,
        padding: [0, 1, 0, 1],
    };
    for (shape, out, side, conv) in [
        ([1, 4, 16, 16], 64, 3, same3),
        ([2, 3, 13, 17], 5, 3, same3),
        ([1, 32, 24, 40], 48, 3, down),
        ([1, 8, 7, 9], 9, 3, down),
        ([1, 8, 16, 10], 16, 3, asymmetric),
        ([2, 24, 5, 3], 8, 1, Conv::same(1)),
        ([1, 32, 64, 64], 32, 3, same3),
        ([1, 6, 2, 2], 4, 3, same3),
    ] {
        same(
            &format!("conv {shape:?} to {out}, {side}x{side}, {conv:?}"),
            gpu,
            |d| {
                let w = w([out, shape[1], side, side], 2, d);
                ops::conv2d(t(shape, 1, d), &w, Some(&t([out], 3, d)), conv)
            },
        )
        .await;
    }
    same("conv without bias", gpu, |d| {
        ops::conv2d(
            t([1, 16, 16, 16], 1, d),
            &w([16, 16, 3, 3], 2, d),
            None,
            same3,
        )
    })
    .await;
    same("conv with a long sum", gpu, |d| {
        ops::conv2d(
            t([1, 1280, 4, 4], 1, d),
            &w([8, 1280, 3, 3], 2, d),
            None,
            same3,
        )
    })
    .await;

    for (b, n, m, heads, width, causal) in [
        (1, 64, 64, 8, 128, false),
        (2, 15, 24, 4, 32, false),
        (1, 24, 24, 4, 256, true),
        (1, 9, 9, 3, 15, true),
        (1, 33, 7, 1, 160, false),
        (1, 70, 45, 1, 512, false),
        (2, 33, 33, 1, 200, true),
        (1, 19, 40, 1, 163, false),
    ] {
        same(
            &format!("attention {n}x{m}, {heads} heads of {}", width / heads),
            gpu,
            |d| {
                // Large scores exercise the running maximum.
                let q = ops::affine(t([b, n, width], 1, d), 8.0, 0.0);
                ops::attention(
                    q,
                    t([b, m, width], 2, d),
                    t([b, m, width], 3, d),
                    heads,
                    causal,
                )
            },
        )
        .await;
    }

    for (shape, groups) in [
        ([2, 32, 16, 16], 16),
        ([1, 12, 5, 7], 3),
        ([1, 64, 24, 40], 32),
    ] {
        for silu in [false, true] {
            same(&format!("group norm {shape:?}, silu {silu}"), gpu, |d| {
                // A mean far from zero exposes cancellation.
                let x = ops::affine(t(shape, 1, d), 1.0, 30.0);
                let c = shape[1];
                ops::group_norm(x, groups, &t([c], 2, d), &t([c], 3, d), 1e-5, silu)
            })
            .await;
        }
    }
    same("layer norm", gpu, |d| {
        ops::layer_norm(t([2, 9, 100], 1, d), &t([100], 2, d), &t([100], 3, d), 1e-5)
    })
    .await;
    same("geglu", gpu, |d| {
        ops::geglu(ops::affine(t([2, 5, 48], 1, d), 4.0, 0.0))
    })
    .await;
    for f in [
        Activation::Silu,
        Activation::Gelu,
        Activation::QuickGelu,
        Activation::Relu,
    ] {
        same(&format!("{f:?}"), gpu, |d| {
            ops::activate(ops::affine(t([3, 501], 1, d), 20.0, 0.0), f)
        })
        .await;
    }
    same("add", gpu, |d| {
        ops::add(t([2, 3, 5], 1, d), t([2, 3, 5], 2, d))
    })
    .await;
    same("add channels", gpu, |d| {
        ops::add_channels(t([2, 3, 5, 7], 1, d), t([2, 3], 2, d))
    })
    .await;
    same("add positions", gpu, |d| {
        ops::add_positions(t([2, 3, 5], 1, d), t([3, 5], 2, d))
    })
    .await;
    same("soft clamp", gpu, |d| {
        ops::soft_clamp3(ops::affine(t([1, 4, 5, 7], 1, d), 9.0, 0.5))
    })
    .await;
    same("upsample x2", gpu, |d| {
        ops::upsample_nearest(t([2, 3, 5, 7], 1, d), [10, 14])
    })
    .await;
    same("upsample to an odd size", gpu, |d| {
        ops::upsample_nearest(t([1, 3, 5, 7], 1, d), [9, 13])
    })
    .await;
    same("concat", gpu, |d| {
        ops::concat_channels(t([2, 3, 5, 7], 1, d), t([2, 4, 5, 7], 2, d))
    })
    .await;
    same("take channels", gpu, |d| {
        ops::take_channels(t([2, 7, 5, 3], 1, d), 2, 3)
    })
    .await;
    same("tokens", gpu, |d| ops::to_tokens(t([2, 7, 5, 3], 1, d))).await;
    same("from tokens", gpu, |d| {
        ops::from_tokens(t([2, 15, 7], 1, d), 5, 3)
    })
    .await;
    same("embedding", gpu, |d| {
        ops::embedding(&w([11, 6], 1, d), &[3, 0, 10, 10], 2)
    })
    .await;
}
