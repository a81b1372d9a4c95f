//! Picture quality against a reference.

use crate::{Error, HostTensor, Result};

/// Peak signal to noise ratio in dB of pictures in [-1, 1], as if scaled to [0, 1] with peak 1:
/// -10 log10(mean((a - b)^2) / 4). Infinite for equal pictures. Fails when shapes differ.
pub fn psnr(a: &HostTensor, b: &HostTensor) -> Result<f64> {
    b.expect_shape("the reference picture", a.shape())?;
    let sum: f64 = (a.data().iter().zip(b.data()))
        .map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2))
        .sum();
    Ok(-10.0 * (sum / 4.0 / a.len() as f64).log10())
}

/// Side of SSIM's window.
const WINDOW: usize = 11;

/// Structural similarity (Wang, Bovik, Sheikh, Simoncelli 2004) of pictures `[B, C, H, W]` in [-1, 1],
/// as if scaled to [0, 1]: Gaussian window 11 x 11 of deviation 1.5, K1 = 0.01, K2 = 0.03, data range 1,
/// population (co)variances, mean over all windows inside the picture, all channels alike. Equals
/// scikit-image's `structural_similarity` with `gaussian_weights=True, use_sample_covariance=False`.
///
/// Fails when shapes differ or a side is below 11 pixels.
pub fn ssim(a: &HostTensor, b: &HostTensor) -> Result<f64> {
    b.expect_shape("the reference picture", a.shape())?;
    let [_, _, h, w] = a.dims4()?;
    if h < WINDOW || w < WINDOW {
        return Err(Error::Picture(format!(
            "{w}x{h} pixels: SSIM needs at least {WINDOW} a side"
        )));
    }
    let (mut sum, mut count) = (0.0, 0usize);
    for (a, b) in a.data().chunks(h * w).zip(b.data().chunks(h * w)) {
        let unit =
            |p: &[f32]| -> Vec<f64> { p.iter().map(|v| (f64::from(*v) + 1.0) / 2.0).collect() };
        let (a, b) = (unit(a), unit(b));
        let mean =
            |f: &dyn Fn(usize) -> f64| window_means(&(0..h * w).map(f).collect::<Vec<_>>(), w);
        let (ma, mb) = (mean(&|i| a[i]), mean(&|i| b[i]));
        let (aa, bb, ab) = (
            mean(&|i| a[i] * a[i]),
            mean(&|i| b[i] * b[i]),
            mean(&|i| a[i] * b[i]),
        );
        let (c1, c2) = (1e-4, 9e-4);
        for i in 0..ma.len() {
            let (m2, product) = (ma[i] * ma[i] + mb[i] * mb[i], ma[i] * mb[i]);
            sum += (2.0 * product + c1) * (2.0 * (ab[i] - product) + c2)
                / ((m2 + c1) * (aa[i] + bb[i] - m2 + c2));
        }
        count += ma.len();
    }
    Ok(sum / count as f64)
}

/// Gaussian-weighted means of every window that lies inside the plane.
fn window_means(plane: &[f64], width: usize) -> Vec<f64> {
    let mut taps = [0.0; WINDOW];
    for (i, t) in taps.iter_mut().enumerate() {
        *t = (-(i as f64 - 5.0).powi(2) / 4.5).exp();
    }
    let total: f64 = taps.iter().sum();
    taps.iter_mut().for_each(|t| *t /= total);
    let inner = width + 1 - WINDOW;
    let narrow: Vec<f64> = (plane.chunks(width))
        .flat_map(|row| row.windows(WINDOW))
        .map(|window| window.iter().zip(&taps).map(|(v, t)| v * t).sum())
        .collect();
    (0..narrow.len() - (WINDOW - 1) * inner)
        .map(|i| {
            taps.iter()
                .enumerate()
                .map(|(k, t)| t * narrow[i + k * inner])
                .sum()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn pair() -> (HostTensor, HostTensor) {
        let a: Vec<f32> = (0..3 * 20 * 17)
            .map(|i| ((i * 37 % 101) as f32) / 50.5 - 1.0)
            .collect();
        let b: Vec<f32> = (0..3 * 20 * 17)
            .map(|i| (a[i] * 0.7 + ((i * 53 % 89) as f32) / 200.0 - 0.2).clamp(-1.0, 1.0))
            .collect();
        (
            HostTensor::new([1, 3, 20, 17], a).unwrap(),
            HostTensor::new([1, 3, 20, 17], b).unwrap(),
        )
    }

    /// Expected values: scikit-image 0.26, `structural_similarity(gaussian_weights=True,
    /// use_sample_covariance=False, data_range=1, channel_axis=0)` and `peak_signal_noise_ratio`
    /// of the same arrays as (a + 1) / 2 in float64.
    #[test]
    fn matches_scikit_image() {
        let (a, b) = pair();
        assert!(
            (ssim(&a, &b).unwrap() - SSIM).abs() < 1e-6,
            "{}",
            ssim(&a, &b).unwrap()
        );
        assert!(
            (psnr(&a, &b).unwrap() - PSNR).abs() < 1e-4,
            "{}",
            psnr(&a, &b).unwrap()
        );
    }
    const SSIM: f64 = 0.910317129;
    const PSNR: f64 = 19.289956;

    #[test]
    fn equal_pictures_are_perfect_and_sizes_are_checked() {
        let (a, _) = pair();
        assert_eq!(psnr(&a, &a).unwrap(), f64::INFINITY);
        assert!((ssim(&a, &a).unwrap() - 1.0).abs() < 1e-12);
        let shifted = a.clone().map(|v| v + 0.2);
        assert!((psnr(&a, &shifted).unwrap() - 20.0).abs() < 1e-4);
        let small = HostTensor::zeros([1, 1, 10, 20]);
        assert!(ssim(&small, &small).is_err() && psnr(&a, &small).is_err());
    }
}
