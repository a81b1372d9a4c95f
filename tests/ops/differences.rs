//! The CPU path's vector-Jacobian products, every entry, against finite differences.

use burn::tensor::{Device, Tensor, TensorData};
use latino_web::ops::{self, Activation, Conv, backward};

use super::{read, t, values, w};

/// Rounding leaves about 1e-7 / STEP, truncation about STEP^4 of a derivative's size.
const STEP: f32 = 0.03;

/// Compares `vjp(x, g)` with the gradient of sum(g * f(x)) by the five-point rule.
async fn check<const D: usize, const E: usize>(
    name: &str,
    x: Tensor<D>,
    f: impl Fn(Tensor<D>) -> Tensor<E>,
    vjp: impl Fn(Tensor<D>, Tensor<E>) -> Tensor<D>,
) {
    let device = Device::flex();
    let shape = x.dims();
    let y = f(x.clone());
    let weights = values(y.dims().iter().product(), 99);
    let g = Tensor::from_data(TensorData::new(weights.clone(), y.dims()), &device);
    let gradient = vjp(x.clone(), g);
    assert_eq!(gradient.dims(), shape, "{name}");
    let (gradient, x) = (read(gradient).await, read(x).await);
    let (mut error, mut norm) = (0.0, 0.0);
    for i in 0..x.len() {
        let mut slope = 0.0;
        for (steps, weight) in [(1.0, 8.0), (-1.0, -8.0), (2.0, -1.0), (-2.0, 1.0)] {
            let mut moved = x.clone();
            moved[i] += steps * STEP;
            let moved = Tensor::from_data(TensorData::new(moved, shape), &device);
            let y = read(f(moved)).await;
            let pairs = y.iter().zip(&weights);
            let value: f64 = pairs.map(|(y, g)| f64::from(*y) * f64::from(*g)).sum();
            slope += weight * value;
        }
        slope /= 12.0 * f64::from(STEP);
        error += (f64::from(gradient[i]) - slope).powi(2);
        norm += slope.powi(2);
    }
    let error = (error / norm).sqrt();
    println!("{name}: relative error {error:.1e}");
    // Not `error > tolerance`: that lets NaN pass.
    assert!(error <= 2e-4, "{name}: relative error {error:.1e}");
}

#[test]
fn products_match_finite_differences() {
    pollster::block_on(all());
}

async fn all() {
    let d = &Device::flex();

    let w = w([5, 6], 2, d);
    check(
        "linear",
        t([2, 3, 6], 1, d),
        |x| ops::linear(x, &w, None),
        |_, g| backward::linear(g, &w),
    )
    .await;

    for (size, side, conv) in [
        ([5, 6], 3, Conv::same(3)),
        ([6, 5], 5, Conv::same(5)),
        ([4, 3], 1, Conv::same(1)),
        (
            [6, 5],
            3,
            Conv {
                stride: 1,
                padding: [0, 1, 2, 3],
            },
        ),
        (
            [5, 6],
            3,
            Conv {
                stride: 2,
                padding: [1; 4],
            },
        ),
        (
            [6, 5],
            3,
            Conv {
                stride: 2,
                padding: [0, 1, 0, 1],
            },
        ),
        (
            [6, 5],
            1,
            Conv {
                stride: 2,
                padding: [1, 0, 2, 1],
            },
        ),
    ] {
        let w = super::w([4, 3, side, side], 2, d);
        check(
            &format!("conv {size:?}, {side}x{side}, {conv:?}"),
            t([2, 3, size[0], size[1]], 1, d),
            |x| ops::conv2d(x, &w, None, conv),
            |_, g| backward::conv2d(g, &w, conv, size),
        )
        .await;
    }

    let (q, k, v): (Tensor<3>, Tensor<3>, Tensor<3>) =
        (t([2, 5, 6], 1, d), t([2, 4, 6], 2, d), t([2, 4, 6], 3, d));
    let attend = |q: &Tensor<3>, k: &Tensor<3>, v: &Tensor<3>| {
        ops::attention(q.clone(), k.clone(), v.clone(), 2, false)
    };
    let back = |q: &Tensor<3>, k: &Tensor<3>, v: &Tensor<3>, g| {
        backward::attention(q.clone(), k.clone(), v.clone(), 2, g)
    };
    check(
        "attention, q",
        q.clone(),
        |q| attend(&q, &k, &v),
        |q, g| back(&q, &k, &v, g).0,
    )
    .await;
    check(
        "attention, k",
        k.clone(),
        |k| attend(&q, &k, &v),
        |k, g| back(&q, &k, &v, g).1,
    )
    .await;
    check(
        "attention, v",
        v.clone(),
        |v| attend(&q, &k, &v),
        |v, g| back(&q, &k, &v, g).2,
    )
    .await;

    let (w, b) = (t([6], 2, d), t([6], 3, d));
    for silu in [false, true] {
        check(
            &format!("group norm, silu {silu}"),
            ops::affine(t([2, 6, 3, 4], 1, d), 2.0, 1.0),
            |x| ops::group_norm(x, 3, &w, &b, 1e-5, silu),
            |x, g| backward::group_norm(x, 3, &w, &b, 1e-5, silu, g),
        )
        .await;
    }
    check(
        "layer norm",
        ops::affine(t([2, 3, 6], 1, d), 2.0, 1.0),
        |x| ops::layer_norm(x, &w, &b, 1e-5),
        |x, g| backward::layer_norm(x, &w, 1e-5, g),
    )
    .await;
    check(
        "geglu",
        ops::affine(t([2, 3, 10], 1, d), 2.0, 0.0),
        ops::geglu,
        backward::geglu,
    )
    .await;
    for f in [Activation::Silu, Activation::Gelu, Activation::QuickGelu] {
        check(
            &format!("{f:?}"),
            ops::affine(t([3, 25], 1, d), 3.0, 0.0),
            |x| ops::activate(x, f),
            |x, g| backward::activate(x, f, g),
        )
        .await;
    }
    // No step crosses the kink.
    let away: Vec<f32> = values(50, 1).iter().map(|v| v + v.signum() * 0.1).collect();
    check(
        "ReLU",
        Tensor::<2>::from_data(TensorData::new(away, [2, 25]), d),
        |x| ops::activate(x, Activation::Relu),
        |x, g| backward::activate(x, Activation::Relu, g),
    )
    .await;
    for to in [[6, 8], [7, 5], [5, 11]] {
        check(
            &format!("upsample to {to:?}"),
            t([1, 2, 3, 4], 1, d),
            |x| ops::upsample_nearest(x, to),
            |_, g| backward::upsample_nearest(g, [3, 4]),
        )
        .await;
    }
}
