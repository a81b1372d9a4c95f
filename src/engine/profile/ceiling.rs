//! What a device can do: the rate of large matrix products with this project's own kernel.

use burn::tensor::{Device, Tensor, TensorData};

use super::barrier;
use crate::Result;
use crate::ops;

/// Sides of the square products, in order.
const SIDES: [usize; 5] = [256, 512, 1024, 2048, 4096];
/// A product that would take longer, in seconds, is left out.
const PATIENCE: f64 = 2.0;
/// Runs of each side; the fastest counts.
const RUNS: usize = 3;

/// The highest rate of y = x W^T in f32 over square matrices of 256 to 4096 (as far as they take
/// no more than two seconds each), in FLOP/s. `clock` gives seconds.
pub async fn matmul_ceiling(device: &Device, clock: impl Fn() -> f64) -> Result<f64> {
    let mut best = 0.0f64;
    for n in SIDES {
        let flops = 2.0 * (n as f64).powi(3);
        if best > 0.0 && flops / best > PATIENCE {
            break;
        }
        let values = (0..n * n)
            .map(|i| (i as f32 * 0.7).sin())
            .collect::<Vec<_>>();
        let x: Tensor<3> = Tensor::from_data(TensorData::new(values.clone(), [1, n, n]), device);
        let w: Tensor<2> = Tensor::from_data(TensorData::new(values, [n, n]), device);
        let w = w.into();
        // The first run compiles the kernel.
        for run in 0..=RUNS {
            barrier(device).await?;
            let begun = clock();
            let y = ops::linear(x.clone(), &w, None);
            barrier(device).await?;
            let seconds = clock() - begun;
            drop(y);
            if run > 0 && seconds > 0.0 {
                best = best.max(flops / seconds);
            }
        }
    }
    Ok(best)
}
