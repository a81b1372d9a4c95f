//! What clipping to [0, 1] leaves of noise around mid-grey.

use super::estimate::MEDIAN_ABSOLUTE;

/// The sigma for which 1/2 + sigma n, clipped to [0, 1], has the median Haar response that noise of
/// deviation `s` has without clipping; at most 2.
pub(super) fn unclip(s: f64) -> f64 {
    let (mut low, mut high) = (s.min(2.0), 2.0);
    for _ in 0..30 {
        let middle = (low + high) / 2.0;
        if clipped_response(middle) < s {
            low = middle;
        } else {
            high = middle;
        }
    }
    (low + high) / 2.0
}

/// The median of |a - b - c + d| / 2 / 0.6745 for independent a, b, c, d, each sigma n, n ~ N(0, 1),
/// clipped to [-1/2, 1/2]: the law of a on a grid, convolved with itself.
pub(super) fn clipped_response(sigma: f64) -> f64 {
    /// Grid points on either side of zero, and how far apart they are.
    const HALF: usize = 100;
    const STEP: f64 = 0.5 / HALF as f64;
    let density = |i: usize| (-((i as f64 - HALF as f64) * STEP / sigma).powi(2) / 2.0).exp();
    let mut law: Vec<f64> = (0..=2 * HALF).map(density).collect();
    // What is cut off gathers at the ends.
    let beyond: f64 = (2 * HALF + 1..=(2 * HALF).max((8.0 * sigma / STEP) as usize + HALF))
        .map(density)
        .sum();
    law[0] += beyond;
    law[2 * HALF] += beyond;
    let total: f64 = law.iter().sum();
    let convolve = |a: &[f64]| {
        let mut out = vec![0.0; 2 * a.len() - 1];
        for (i, a1) in a.iter().enumerate() {
            a.iter()
                .enumerate()
                .for_each(|(j, a2)| out[i + j] += a1 * a2);
        }
        out
    };
    let sum = convolve(&convolve(&law));
    let (zero, wanted) = (4 * HALF, total.powi(4) / 2.0);
    let (mut inside, mut i) = (sum[zero], 0);
    loop {
        let ring = if i < zero {
            2.0 * sum[zero + i + 1]
        } else {
            0.0
        };
        if inside + ring >= wanted || i + 1 >= zero {
            // Each grid point stands for half a step on either side.
            let part = ((wanted - inside) / ring.max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
            return (i as f64 + 0.5 + part) * STEP / 2.0 / MEDIAN_ABSOLUTE;
        }
        inside += ring;
        i += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unclipping_inverts_clipping() {
        for sigma in [0.05, 0.2, 0.5, 1.0] {
            let ratio: f64 = unclip(clipped_response(sigma)) / sigma;
            assert!((ratio - 1.0).abs() < 1e-4, "{ratio}");
        }
        // Without clipping the median is that of noise.
        assert!((clipped_response(0.1) / 0.1 - 1.0).abs() < 2e-3);
    }
}
