//! Packed weights in every precision, on both devices, against the same weights dequantised to single
//! precision on the CPU.

use burn::tensor::{Device, Tensor, TensorData};
use latino_web::ops::limit::{halves, set_halves};
use latino_web::ops::{self, Activation, Conv, ConvCall, Weight, backward};
use latino_web::pack::Precision;
use latino_web::pack::decode::decode;
use latino_web::pack::matrix::Encoded;

use super::{compare, t, values};

const PRECISIONS: [Precision; 4] = [Precision::F32, Precision::F16, Precision::Q8, Precision::Q4];

/// Weights of small blocks among them, whose scales are subnormal halves.
fn rows(shape: [usize; 4], precision: Precision) -> Encoded {
    let cols = shape[1] * shape[2] * shape[3];
    let mut v = values(shape[0] * cols, 7);
    for small in v.chunks_mut(32).step_by(3) {
        small.iter_mut().for_each(|v| *v *= 1e-3);
    }
    let mut encoded = Encoded::default();
    encoded.push_rows(&v, cols, precision).unwrap();
    encoded
}

fn packed(shape: [usize; 4], precision: Precision, device: &Device) -> Weight {
    Weight::from_packed(rows(shape, precision), shape, precision, device)
}

/// The same in single precision on the CPU.
fn plain(shape: [usize; 4], precision: Precision) -> Weight {
    let e = rows(shape, precision);
    let mut v = Vec::new();
    let cols = shape[1] * shape[2] * shape[3];
    decode(&e.values, &e.scales, cols, precision, &mut v);
    let data = TensorData::new(v, shape);
    Tensor::<4>::from_data(data, &Device::flex()).into()
}

async fn check<const D: usize>(
    name: &str,
    gpu: &Device,
    shape: [usize; 4],
    f: impl Fn(&Device, &Weight) -> Tensor<D>,
) {
    let offered = halves();
    for precision in PRECISIONS {
        let cpu = Device::flex();
        let expected = f(&cpu, &plain(shape, precision));
        for device in [&cpu, gpu] {
            let found = f(device, &packed(shape, precision, device));
            compare(&format!("{name}, {precision}"), expected.clone(), found).await;
        }
        if precision == Precision::F16 && offered {
            set_halves(false);
            let found = f(gpu, &packed(shape, precision, gpu));
            set_halves(true);
            compare(&format!("{name}, {precision} by hand"), expected, found).await;
        }
    }
}

pub async fn all(gpu: &Device) {
    for (b, n, k, m) in [
        (1, 1, 64, 20),
        (2, 7, 36, 13),
        (1, 77, 33, 5),
        (1, 130, 320, 67),
    ] {
        check(
            &format!("linear {b}x{n}x{k} to {m}"),
            gpu,
            [m, k, 1, 1],
            |d, w| ops::linear(t([b, n, k], 1, d), w, Some(&t([m], 3, d))),
        )
        .await;
        let name = format!("linear backward {b}x{n}x{k} to {m}");
        check(&name, gpu, [m, k, 1, 1], |d, w| {
            backward::linear(t([b, n, m], 1, d), w)
        })
        .await;
    }
    let stride = |stride, padding| Conv { stride, padding };
    for (batch, c_in, size, c_out, side, conv) in [
        (1, 32, [16, 16], 16, 3, Conv::same(3)),
        (2, 5, [13, 17], 7, 3, Conv::same(3)),
        (2, 33, [9, 12], 12, 3, stride(2, [1; 4])),
        (1, 12, [8, 10], 5, 3, stride(2, [0, 1, 0, 1])),
        (1, 40, [11, 6], 20, 1, Conv::same(1)),
        (1, 70, [32, 33], 40, 3, Conv::same(3)),
    ] {
        let [h, w] = size;
        let name = format!("conv {batch}x{c_in}x{size:?} to {c_out}, {side}x{side}, {conv:?}");
        let shape = [c_out, c_in, side, side];
        check(&name, gpu, shape, |d, weight| {
            let b = t([c_out], 3, d);
            ops::conv2d(t([batch, c_in, h, w], 1, d), weight, Some(&b), conv)
        })
        .await;
        let [oh, ow] = ConvCall::new(conv).output(size, [side, side]);
        check(&format!("{name}, backward"), gpu, shape, |d, weight| {
            backward::conv2d(t([batch, c_out, oh, ow], 1, d), weight, conv, size)
        })
        .await;
    }
    check("embedding", gpu, [11, 37, 1, 1], |_, w| {
        ops::embedding(w, &[3, 0, 10, 10], 2)
    })
    .await;
    fused(gpu).await;
}

/// Bias, residual, activation and upsampling in one kernel against the same one after the other.
async fn fused(gpu: &Device) {
    let f = Activation::Silu;
    for activation in [None, Some(f), Some(Activation::Relu)] {
        let apply = |y: Tensor<4>| activation.map_or(y.clone(), |f| ops::activate(y, f));
        for batch in [1, 3] {
            let shape = [9, 20, 3, 3];
            let call = ConvCall {
                up: Some([11, 14]),
                ..ConvCall::new(Conv::same(3))
            };
            let x = |d: &Device| t([batch, 20, 6, 7], 1, d);
            let bias = |d: &Device| t([batch, 9], 3, d);
            let residual = |d: &Device| t([batch, 9, 11, 14], 4, d);
            let cpu = Device::flex();
            let up = ops::upsample_nearest(x(&cpu), [11, 14]);
            let y = ops::conv2d(up, &plain(shape, Precision::Q8), None, Conv::same(3));
            let y = ops::add_channels(y, bias(&cpu));
            let expected = apply(ops::add(y, residual(&cpu)));
            for d in [&cpu, gpu] {
                let w = packed(shape, Precision::Q8, d);
                let (b, r) = (Some(bias(d)), Some(residual(d)));
                let found = ops::conv2d_fused(x(d), &w, b, r, activation, call);
                let name = format!("fused conv, batch {batch}, {activation:?}");
                compare(&name, expected.clone(), found).await;
            }
        }
        let shape = [24, 36, 1, 1];
        let cpu = Device::flex();
        let y = ops::linear(t([2, 5, 36], 1, &cpu), &plain(shape, Precision::Q4), None);
        let y = ops::add(y, t([2, 5, 24], 4, &cpu));
        let expected = activation.map_or(y.clone(), |f| ops::activate(y, f));
        for d in [&cpu, gpu] {
            let w = packed(shape, Precision::Q4, d);
            let r = Some(t([2, 5, 24], 4, d));
            let found = ops::linear_fused(t([2, 5, 36], 1, d), &w, None, r, activation);
            compare(
                &format!("fused linear, {activation:?}"),
                expected.clone(),
                found,
            )
            .await;
        }
    }
}
