//! Long sums, of the lengths that Stable Diffusion 1.5 has, on both devices against f64. The bound on the
//! relative error in the Euclidean norm is 2e-6: single precision is 6e-8, and the rounding errors of
//! a sum of n terms grow like the square root of n at worst as they are added here.

use burn::tensor::{Device, Tensor};
use latino_web::ops::{self, Conv};

use super::{read, t, values, w};

const BOUND: f64 = 2e-6;

async fn check<const D: usize>(
    name: &str,
    gpu: &Device,
    expected: &[f64],
    f: impl Fn(&Device) -> Tensor<D>,
) {
    for (device, which) in [(&Device::flex(), "CPU"), (gpu, "GPU")] {
        let found = read(f(device)).await;
        assert_eq!(found.len(), expected.len(), "{name}");
        let pairs = found.iter().zip(expected);
        let error: f64 = pairs.map(|(a, b)| (f64::from(*a) - b).powi(2)).sum();
        let norm: f64 = expected.iter().map(|b| b * b).sum();
        let error = (error / norm).sqrt();
        println!("{name}, {which}: relative error {error:.1e}");
        // Not `error > bound`: that lets NaN pass.
        assert!(
            error <= BOUND,
            "{name}, {which}: relative error {error:.1e}"
        );
    }
}

fn doubles(n: usize, seed: u32) -> Vec<f64> {
    values(n, seed).iter().map(|v| f64::from(*v)).collect()
}

pub async fn all(gpu: &Device) {
    conv(gpu).await;
    linear(gpu).await;
    attention(gpu, 8, 4096, 40).await;
    attention(gpu, 4, 4096, 512).await;
    group_norm(gpu).await;
}

/// 1280 input channels: sums of 11520 products.
async fn conv(gpu: &Device) {
    let (c_in, c_out, side) = (1280, 8, 4);
    let (x, k) = (doubles(c_in * side * side, 1), doubles(c_out * c_in * 9, 2));
    let mut expected = Vec::new();
    for o in 0..c_out {
        for y in 0..side {
            for x0 in 0..side {
                let mut sum = 0.0;
                for c in 0..c_in {
                    for tap in 0..9 {
                        let (iy, ix) = (y + tap / 3, x0 + tap % 3);
                        if (1..=side).contains(&iy) && (1..=side).contains(&ix) {
                            sum += x[(c * side + iy - 1) * side + ix - 1]
                                * k[(o * c_in + c) * 9 + tap];
                        }
                    }
                }
                expected.push(sum);
            }
        }
    }
    check("conv of 1280 channels", gpu, &expected, |d| {
        let kernel = w([c_out, c_in, 3, 3], 2, d);
        ops::conv2d(t([1, c_in, side, side], 1, d), &kernel, None, Conv::same(3))
    })
    .await;
}

/// The widest layer: back from the feed-forward part.
async fn linear(gpu: &Device) {
    let (m, k, n) = (6, 5120, 12);
    let (x, weight) = (doubles(m * k, 1), doubles(n * k, 2));
    let mut expected = Vec::new();
    for row in x.chunks_exact(k) {
        for column in weight.chunks_exact(k) {
            expected.push(row.iter().zip(column).map(|(a, b)| a * b).sum());
        }
    }
    check("linear from 5120", gpu, &expected, |d| {
        ops::linear(t([1, m, k], 1, d), &w([n, k], 2, d), None)
    })
    .await;
}

/// Attention to the tokens of a 64 x 64 latent, at the width of a head of the UNet's and of the
/// autoencoder's.
async fn attention(gpu: &Device, n: usize, m: usize, width: usize) {
    let (q, k, v) = (
        doubles(n * width, 1),
        doubles(m * width, 2),
        doubles(m * width, 3),
    );
    let scale = 1.0 / (width as f64).sqrt();
    let mut expected = Vec::new();
    for q in q.chunks_exact(width) {
        let dot = |k: &[f64]| q.iter().zip(k).map(|(a, b)| a * b).sum::<f64>() * scale;
        let scores: Vec<f64> = k.chunks_exact(width).map(|k| dot(k).exp()).collect();
        let total: f64 = scores.iter().sum();
        for c in 0..width {
            let sum: f64 = (0..m).map(|j| scores[j] * v[j * width + c]).sum();
            expected.push(sum / total);
        }
    }
    check(
        &format!("attention to 4096 keys of {width}"),
        gpu,
        &expected,
        |d| {
            let [k, v] = [2, 3].map(|seed| t([1, m, width], seed, d));
            ops::attention(t([1, n, width], 1, d), k, v, 1, false)
        },
    )
    .await;
}

/// 320 channels of 64 x 64 in 32 groups.
async fn group_norm(gpu: &Device) {
    let (c, plane) = (320, 64 * 64);
    let x = doubles(c * plane, 1);
    let (weight, bias) = (doubles(c, 2), doubles(c, 3));
    let mut expected = Vec::new();
    for (i, group) in x.chunks_exact(10 * plane).enumerate() {
        let n = group.len() as f64;
        let mean = group.iter().sum::<f64>() / n;
        let var = group.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n;
        for (j, v) in group.iter().enumerate() {
            let c = i * 10 + j / plane;
            let v = (v - mean) / (var + 1e-5).sqrt() * weight[c] + bias[c];
            expected.push(v / (1.0 + (-v).exp()));
        }
    }
    check("group norm of 320 x 64 x 64", gpu, &expected, |d| {
        let [w, b] = [2, 3].map(|seed| t([c], seed, d));
        ops::group_norm(t([1, c, 64, 64], 1, d), 32, &w, &b, 1e-5, true)
    })
    .await;
}
