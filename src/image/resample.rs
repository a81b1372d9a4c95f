//! Bicubic resampling as common image software does it.

use crate::{HostTensor, Result};

/// Keys' cubic kernel with a = -0.5.
fn keys(x: f64) -> f64 {
    let x = x.abs();
    if x < 1.0 {
        (1.5 * x - 2.5) * x * x + 1.0
    } else if x < 2.0 {
        ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    } else {
        0.0
    }
}

/// For every output sample its first input sample and weights, which sum to 1. Sample centres are
/// aligned as (i + 0.5) n / m; when shrinking the kernel is widened against aliasing.
fn taps(n: usize, m: usize) -> Vec<(usize, Vec<f64>)> {
    let ratio = n as f64 / m as f64;
    let stretch = ratio.max(1.0);
    (0..m)
        .map(|i| {
            let centre = (i as f64 + 0.5) * ratio - 0.5;
            let first = (centre - 2.0 * stretch).ceil().max(0.0) as usize;
            let last = ((centre + 2.0 * stretch).floor() as usize).min(n - 1);
            let weights: Vec<f64> = (first..=last)
                .map(|j| keys((j as f64 - centre) / stretch))
                .collect();
            let sum: f64 = weights.iter().sum();
            (first, weights.iter().map(|w| w / sum).collect())
        })
        .collect()
}

/// Resamples `[B, C, H, W]` to `height` x `width`. Source: Keys, "Cubic convolution interpolation for
/// digital image processing", 1981. May overshoot [-1, 1] at edges.
pub fn bicubic(x: &HostTensor, height: usize, width: usize) -> Result<HostTensor> {
    let [b, c, h, w] = x.dims4()?;
    let (rows, cols) = (taps(h, height), taps(w, width));
    let mut out = Vec::with_capacity(b * c * height * width);
    for plane in x.data().chunks_exact(h * w) {
        let wide: Vec<f64> = plane
            .chunks_exact(w)
            .flat_map(|row| {
                cols.iter().map(|(first, weights)| {
                    let inputs = row[*first..].iter();
                    weights.iter().zip(inputs).map(|(t, v)| t * f64::from(*v)).sum::<f64>()
                })
            })
            .collect();
        for (first, weights) in &rows {
            out.extend((0..width).map(|x| {
                let sum: f64 = weights
                    .iter()
                    .enumerate()
                    .map(|(k, t)| t * wide[(first + k) * width + x])
                    .sum();
                sum as f32
            }));
        }
    }
    HostTensor::new([b, c, height, width], out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn keeps_constants_and_ramps() {
        let flat = HostTensor::full([1, 2, 5, 7], 0.25);
        for (h, w) in [(5, 7), (10, 21), (2, 3)] {
            let y = bicubic(&flat, h, w).unwrap();
            assert!(y.data().iter().all(|v| (v - 0.25).abs() < 1e-6));
        }
        // Keys' kernel reproduces linear functions away from the border.
        let ramp = HostTensor::new([1, 1, 1, 16], (0..16).map(|i| i as f32).collect()).unwrap();
        let y = bicubic(&ramp, 1, 32).unwrap();
        for i in 8..24 {
            let expected = (i as f32 + 0.5) / 2.0 - 0.5;
            assert!((y.data()[i] - expected).abs() < 1e-5);
        }
    }
}
