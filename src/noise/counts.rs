//! The exact proximal step of photon counts where A is diagonal.

use super::NoiseModel;
use crate::{HostTensor, Result};

/// The shift s and the peak of the Poisson law that `model` stands for, if it counts photons.
/// Read-out noise is taken in by Snyder's shifted Poisson law (Snyder, Hammoud and White 1993):
/// peak v + s ~ Poisson(peak u + s) with s = (peak sigma)^2 has the right mean and variance.
pub(super) fn law(model: &NoiseModel) -> Option<(f64, f64)> {
    match *model {
        NoiseModel::Poisson { peak } => Some((peak, 0.0)),
        NoiseModel::PoissonGaussian { peak, sigma } => Some((peak, (peak * sigma).powi(2))),
        _ => None,
    }
}

/// argmin over x of gamma sigma_n^2 sum_i (lambda_i - n_i log lambda_i) + 1/2 |x - z|^2 with rates
/// lambda_i = peak (a_i x_i + 1) / 2 + s and counts n_i = max(peak (y_i + 1) / 2 + s, 0), entry by
/// entry the positive root of
///
/// ```text
/// lambda^2 + lambda (g b^2 - d - b z) - g b^2 n = 0,   b = a peak / 2, d = peak / 2 + s, g = gamma sigma_n^2
/// ```
///
/// Near lambda = n this is the variance-weighted quadratic: the curvatures agree. `a` is the diagonal
/// of A, one picture; entries where it is zero keep z. `sigma` is the model's effective level.
pub(super) fn prox(
    (peak, shift): (f64, f64),
    sigma: f64,
    a: &[f64],
    z: &HostTensor,
    y: &HostTensor,
    gamma: f64,
) -> Result<HostTensor> {
    y.expect_shape("the measurement", z.shape())?;
    let g = gamma * 4.0 * sigma * sigma;
    let d = peak / 2.0 + shift;
    let mut x = z.clone();
    for (i, (x, y)) in x.data_mut().iter_mut().zip(y.data()).enumerate() {
        let b = a[i % a.len()] * peak / 2.0;
        if b == 0.0 {
            continue;
        }
        let n = (peak * (f64::from(*y) + 1.0) / 2.0 + shift).max(0.0);
        let half = (g * b * b - d - b * f64::from(*x)) / 2.0;
        let product = g * b * b * n;
        let root = (half * half + product).sqrt();
        // Of the two forms of the positive root, the one without cancellation.
        let rate = if half > 0.0 {
            product / (half + root)
        } else {
            root - half
        };
        *x = ((rate - d) / b) as f32;
    }
    Ok(x)
}
