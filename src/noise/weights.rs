//! How far every entry of a measurement is to be trusted.

use super::NoiseModel;
use crate::physics::Operator;
use crate::{HostTensor, Result};

/// Half width of the window in which the intensity behind an entry is estimated.
const RADIUS: usize = 2;

/// The least intensity that variances are computed for: bounds the ratio of the weights.
const DARKEST: f64 = 0.01;

/// The least intensity for speckle, where weights go with its square.
const DARKEST_SPECKLE: f64 = 0.03;

/// Values closer than this to -1 or 1 are saturated: half a step of 8 bits.
const SATURATED: f32 = 1.0 - 1.0 / 255.0;

/// Weights w_i = sigma_n^2 / var_i of the entries of `y` `[B, C', H', W']` (holes zeroed); zero where
/// the entry carries no information. sigma_n is the model's effective one, so that
/// E sum w_i (A x - y)_i^2 = (number of nonzero weights) sigma_n^2 at the truth.
///
/// The intensity u_i that the variance depends on is the mean over the other measured entries in a
/// 5 x 5 window: it is independent of the noise at i, so that the residual is not biased by weights
/// that know it (as Neyman's chi-square is). With the N neighbours' count S, (S + 1) / N has
/// E[1 / ((S + 1) / N)] = (1 - exp(-N lambda)) / lambda, unbiased but for the blackest windows; for
/// speckle E[1 / u^2] is corrected to second order, 1 + 3 sigma^2 / N.
/// Intensities below 0.01 (speckle: 0.03) count as that; there the weights are too small, never
/// too large.
pub(super) fn weights(
    model: &NoiseModel,
    operator: &dyn Operator,
    y: &HostTensor,
) -> Result<HostTensor> {
    let known = operator.keep_measured(&HostTensor::full(y.shape(), 1.0))?;
    let [_, _, h, w] = y.dims4()?;
    let sigma2 = model.effective_sigma().powi(2);
    let weight: Box<dyn Fn(f64, f64) -> f64> = match *model {
        NoiseModel::Gaussian { .. } => return Ok(known),
        NoiseModel::SaltPepper { .. } => {
            return known.zip(y, |k, y| if y.abs() >= SATURATED { 0.0 } else { k });
        }
        NoiseModel::Poisson { peak } => {
            Box::new(move |u, n| sigma2 * peak / (u + 1.0 / (n * peak)).max(DARKEST))
        }
        NoiseModel::PoissonGaussian { peak, sigma } => Box::new(move |u, n| {
            sigma2 / ((u + 1.0 / (n * peak)).max(DARKEST) / peak + sigma * sigma)
        }),
        NoiseModel::Speckle { sigma } => Box::new(move |u, n| {
            let spread = 1.0 + 3.0 * sigma * sigma / n;
            0.25 / (u.max(DARKEST_SPECKLE).powi(2) * spread)
        }),
    };
    let mut out = known.clone();
    for ((out, known), y) in (out.data_mut().chunks_mut(h * w))
        .zip(known.data().chunks(h * w))
        .zip(y.data().chunks(h * w))
    {
        let count: Vec<f64> = known.iter().map(|k| f64::from(*k)).collect();
        let value: Vec<f64> = (y.iter().zip(&count))
            .map(|(y, k)| k * (f64::from(*y) + 1.0) / 2.0)
            .collect();
        let total = count.iter().sum::<f64>().max(1.0);
        let overall = value.iter().sum::<f64>() / total;
        let (sums, counts) = (window_sums(&value, h, w), window_sums(&count, h, w));
        for i in (0..h * w).filter(|i| count[*i] > 0.0) {
            let n = (counts[i] - count[i]).round();
            // An entry without measured neighbours has the mean of them all.
            out[i] = if n > 0.0 {
                weight((sums[i] - value[i]) / n, n)
            } else {
                weight(overall, total)
            } as f32;
        }
    }
    Ok(out)
}

/// `y` with the entries of weight zero that are not holes filled in: the mean of the trusted entries
/// in the smallest window (half width 1, 2, 4, ...) that has any. A start for solvers, no restoration.
pub(super) fn filled(
    y: &HostTensor,
    weights: &HostTensor,
    known: &HostTensor,
) -> Result<HostTensor> {
    let [_, _, h, w] = y.dims4()?;
    let mut out = y.clone();
    for (((out, y), trust), known) in (out.data_mut().chunks_mut(h * w))
        .zip(y.data().chunks(h * w))
        .zip(weights.data().chunks(h * w))
        .zip(known.data().chunks(h * w))
    {
        for i in (0..h * w).filter(|i| trust[*i] == 0.0 && known[*i] > 0.0) {
            let (row, column) = (i / w, i % w);
            let mut radius = 1;
            out[i] = loop {
                let (mut sum, mut n) = (0.0, 0);
                for r in row.saturating_sub(radius)..(row + radius + 1).min(h) {
                    for c in column.saturating_sub(radius)..(column + radius + 1).min(w) {
                        if trust[r * w + c] > 0.0 {
                            sum += f64::from(y[r * w + c]);
                            n += 1;
                        }
                    }
                }
                if n > 0 {
                    break (sum / f64::from(n)) as f32;
                }
                if radius >= h.max(w) {
                    break 0.0;
                }
                radius *= 2;
            };
        }
    }
    Ok(out)
}

/// Sums over the windows of half width [`RADIUS`] inside the plane.
fn window_sums(plane: &[f64], h: usize, w: usize) -> Vec<f64> {
    let line = |i: usize, n: usize| i.saturating_sub(RADIUS)..(i + RADIUS + 1).min(n);
    let mut wide = vec![0.0; h * w];
    for (row, out) in plane.chunks(w).zip(wide.chunks_mut(w)) {
        for (x, out) in out.iter_mut().enumerate() {
            *out = row[line(x, w)].iter().sum();
        }
    }
    let mut out = vec![0.0; h * w];
    for (y, out) in out.chunks_mut(w).enumerate() {
        for r in line(y, h) {
            let row = &wide[r * w..][..w];
            out.iter_mut().zip(row).for_each(|(o, v)| *o += v);
        }
    }
    out
}
