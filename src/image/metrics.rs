//! Full-reference quality.

use crate::{Error, HostTensor, Result};

/// Peak signal to noise ratio in dB of two batches of pictures in [-1, 1]: 10 log10(1 / MSE), where
/// MSE is of the pictures scaled to [0, 1]. Infinite for equal pictures. Fails when shapes differ.
pub fn psnr(a: &HostTensor, b: &HostTensor) -> Result<f64> {
    let error = a.clone().zip(b, |a, b| (a - b) / 2.0)?.norm();
    let mse = error * error / a.len().max(1) as f64;
    Ok(-10.0 * mse.log10())
}

/// Side and standard deviation of SSIM's Gaussian window.
const WINDOW: usize = 11;
const SIGMA: f64 = 1.5;

/// Structural similarity (Wang, Bovik, Sheikh, Simoncelli 2004) of two batches in [-1, 1], averaged
/// over channels and pictures: 11x11 Gaussian window of standard deviation 1.5, K1 = 0.01, K2 = 0.03,
/// population covariances, pictures scaled to [0, 1], mean over the windows that fit the picture.
/// scikit-image gives the same for `gaussian_weights=True, use_sample_covariance=False,
/// data_range=1`. Fails when shapes differ or a side is below 11.
pub fn ssim(a: &HostTensor, b: &HostTensor) -> Result<f64> {
    let [n, c, h, w] = a.dims4()?;
    b.expect_shape("second picture", a.shape())?;
    if h < WINDOW || w < WINDOW {
        return Err(Error::shape(format!(
            "SSIM needs sides of at least {WINDOW} pixels, not {h}x{w}"
        )));
    }
    let unit = |x: &HostTensor| -> Vec<f64> {
        x.data().iter().map(|v| (f64::from(*v) + 1.0) / 2.0).collect()
    };
    let (a, b) = (unit(a), unit(b));
    let product = |x: &[f64], y: &[f64]| -> Vec<f64> { x.iter().zip(y).map(|(x, y)| x * y).collect() };
    let (c1, c2) = (0.01_f64.powi(2), 0.03_f64.powi(2));
    let mut total = 0.0;
    for (x, y) in a.chunks_exact(h * w).zip(b.chunks_exact(h * w)) {
        let mean = |v: &[f64]| blur_valid(v, h, w);
        let (mx, my) = (mean(x), mean(y));
        let (xx, yy, xy) = (mean(&product(x, x)), mean(&product(y, y)), mean(&product(x, y)));
        let sum: f64 = (0..mx.len())
            .map(|i| {
                let (p, q) = (mx[i], my[i]);
                let (vx, vy, cov) = (xx[i] - p * p, yy[i] - q * q, xy[i] - p * q);
                (2.0 * p * q + c1) * (2.0 * cov + c2)
                    / ((p * p + q * q + c1) * (vx + vy + c2))
            })
            .sum();
        total += sum / mx.len() as f64;
    }
    Ok(total / (n * c) as f64)
}

/// Separable Gaussian window at every position where it fits.
fn blur_valid(x: &[f64], h: usize, w: usize) -> Vec<f64> {
    let taps: Vec<f64> = (0..WINDOW)
        .map(|i| {
            let d = i as f64 - (WINDOW / 2) as f64;
            (-d * d / (2.0 * SIGMA * SIGMA)).exp()
        })
        .collect();
    let norm: f64 = taps.iter().sum();
    let (oh, ow) = (h - WINDOW + 1, w - WINDOW + 1);
    let rows: Vec<f64> = (0..h * ow)
        .map(|i| {
            let at = (i / ow) * w + i % ow;
            taps.iter().zip(&x[at..]).map(|(t, v)| t * v).sum::<f64>() / norm
        })
        .collect();
    (0..oh * ow)
        .map(|i| {
            let column = rows[i..].iter().step_by(ow);
            taps.iter().zip(column).map(|(t, v)| t * v).sum::<f64>() / norm
        })
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn ramp(h: usize, w: usize, f: impl Fn(usize, usize) -> f32) -> HostTensor {
        let data = (0..h * w).map(|i| f(i / w, i % w)).collect();
        HostTensor::new([1, 1, h, w], data).unwrap()
    }

    #[test]
    fn psnr_of_a_known_error() {
        let a = HostTensor::zeros([1, 3, 4, 4]);
        let b = HostTensor::full([1, 3, 4, 4], 0.2);
        // 0.1 in [0, 1] units: 20 dB.
        assert!((psnr(&a, &b).unwrap() - 20.0).abs() < 1e-5);
        assert_eq!(psnr(&a, &a).unwrap(), f64::INFINITY);
        assert!(psnr(&a, &HostTensor::zeros([1])).is_err());
    }

    #[test]
    fn ssim_is_scikit_images() {
        // a = ((7y + 13x) % 32) / 32, b = a + ((3y + 5x) % 8) / 40, both as float64, 24x20:
        // structural_similarity(a, b, data_range=1, gaussian_weights=True,
        //   use_sample_covariance=False), scikit-image 0.26.
        let a = |y: usize, x: usize| ((7 * y + 13 * x) % 32) as f32 / 32.0;
        let b = |y: usize, x: usize| a(y, x) + ((3 * y + 5 * x) % 8) as f32 / 40.0;
        let to = |f: &dyn Fn(usize, usize) -> f32| ramp(24, 20, |y, x| 2.0 * f(y, x) - 1.0);
        let value = ssim(&to(&a), &to(&b)).unwrap();
        assert!((value - SKIMAGE).abs() < 1e-5, "{value}");
        assert!((ssim(&to(&a), &to(&a)).unwrap() - 1.0).abs() < 1e-12);
        assert!(ssim(&ramp(8, 8, |_, _| 0.0), &ramp(8, 8, |_, _| 0.0)).is_err());
    }

    const SKIMAGE: f64 = 0.967660126;
}
