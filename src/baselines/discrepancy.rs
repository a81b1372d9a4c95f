//! Morozov's discrepancy principle (Morozov 1966).

use super::Weight;
use crate::physics::{Operator, ProxPath};
use crate::solver::{MAX_GAMMA, NoiseSource, NoiseStream, SeededNoise};
use crate::{Error, HostTensor, Result};

/// Deviation of the rounding of pictures in [-1, 1] to 8 bits; no measurement is more exact.
const ROUNDING: f64 = 2.0 / 255.0 * 0.288_675;

/// Variance of pictures in [-1, 1].
const PICTURE_VARIANCE: f64 = 0.25;

/// The |A x - y| that the truth has, sqrt(rho m) sigma_n; but at least sqrt(m u + 3 sqrt(2 m u)) sigma_n, where
/// u is the share of white noise's energy that A x cannot follow with an x as large as pictures are. That
/// part of |A x - y|^2 / sigma_n^2 has mean m u and deviation sqrt(2 m u) whatever x is. m counts the measured
/// entries.
pub(super) fn radius(
    operator: &dyn Operator,
    y: &HostTensor,
    m: usize,
    sigma_n: f64,
    weight: Weight,
) -> Result<f64> {
    let rho = match weight {
        Weight::Discrepancy { rho } => rho,
        Weight::Fixed(_) => 1.0,
    };
    let m = m as f64;
    let [c, h, w] = operator.picture_shape();
    let flat = HostTensor::zeros([1, c, h, w]);
    let white = SeededNoise::new(0, NoiseStream::Solver).normal(y.shape())?;
    let path = operator.prox_path(&flat, &white)?;
    let sigma_n = sigma_n.max(ROUNDING);
    let gamma = PICTURE_VARIANCE / sigma_n.powi(2);
    let share = path.residual_norm(gamma)? / path.residual_norm(0.0)?.max(f64::MIN_POSITIVE);
    let stuck = m * share.powi(2);
    let square = (rho * m).max(stuck + 3.0 * (2.0 * stuck).sqrt());
    Ok(square.sqrt() * sigma_n)
}

/// The gamma at which `path` meets |A x - y| = `delta`, so that its prox is the projection onto the set of
/// pictures at least that close to the data; 0 inside. At most [`MAX_GAMMA`]: where the data cannot be
/// met, the projection onto what comes closest.
///
/// Secant steps on 1 / residual, which is linear in gamma when A A^T is a multiple of the identity (the
/// root-finder of trust regions: Hebden 1973, Moré 1978), inside a bracket. `guess` is the last gamma.
pub(super) fn projection(path: &dyn ProxPath, delta: f64, guess: f64) -> Result<f64> {
    let value = |gamma: f64| -> Result<f64> {
        let norm = path.residual_norm(gamma)?;
        if norm.is_finite() {
            return Ok(1.0 / norm.max(1e-150) - 1.0 / delta);
        }
        Err(Error::BadOutput(
            "the residual of the data term is not finite".into(),
        ))
    };
    let accepted = 1e-4 / delta;
    let (mut low, mut at_low) = (0.0, value(0.0)?);
    if at_low >= 0.0 {
        return Ok(0.0);
    }
    let (mut high, mut at_high) = (f64::INFINITY, f64::INFINITY);
    let mut gamma = if guess > 0.0 { guess } else { 1.0 };
    for _ in 0..40 {
        let now = value(gamma)?;
        if now.abs() <= accepted {
            break;
        }
        // The secant through this point and the nearer known one; 1 / residual is concave, so that from
        // the left it falls short by little.
        let (g0, v0) = if now < 0.0 && at_high.is_finite() {
            (high, at_high)
        } else {
            (low, at_low)
        };
        let secant = gamma - now * (gamma - g0) / (now - v0);
        if now < 0.0 {
            if gamma >= MAX_GAMMA {
                return Ok(MAX_GAMMA);
            }
            (low, at_low) = (gamma, now);
        } else {
            (high, at_high) = (gamma, now);
        }
        gamma = if high.is_infinite() {
            // Nothing known above: go on, by a decade at most.
            let secant = if secant > low { secant } else { low * 10.0 };
            secant.clamp(low * 1.01, low * 10.0).min(MAX_GAMMA)
        } else if secant > low && secant < high {
            secant
        } else {
            (low + high) / 2.0
        };
    }
    Ok(gamma)
}

/// v - sigma proj(v / sigma), the projection onto the ball of radius `delta` around `centre`.
pub(super) fn ball(
    v: HostTensor,
    sigma: f32,
    centre: &HostTensor,
    delta: f64,
) -> Result<HostTensor> {
    let off = v.zip(centre, |v, c| v - sigma * c)?;
    let length = off.norm();
    let keep = (1.0 - f64::from(sigma) * delta / length.max(f64::MIN_POSITIVE)).max(0.0) as f32;
    Ok(off.map(|v| keep * v))
}

/// The t in [1e-8, 1e8] at which the increasing `residual` meets `delta`, to 1 %, from `start`:
/// decades until it is bracketed, then regula falsi (Illinois) on logarithms.
/// The nearer end when it lies beyond.
pub(super) async fn increasing(
    mut residual: impl AsyncFnMut(f64) -> Result<f64>,
    delta: f64,
    start: f64,
) -> Result<f64> {
    let mut excess = async |log: f64| -> Result<f64> {
        Ok((residual(log.exp()).await?.max(1e-150) / delta).ln())
    };
    let bound = 1e8f64.ln();
    let mut x = start.ln();
    let first = excess(x).await?;
    let step = if first > 0.0 { -1.0 } else { 1.0 } * 10f64.ln();
    let (mut a, mut fa) = (x, first);
    let (mut b, mut fb);
    loop {
        if fa.abs() < 0.01 {
            return Ok(a.exp());
        }
        x = (a + step).clamp(-bound, bound);
        if x == a {
            return Ok(x.exp());
        }
        (b, fb) = (x, excess(x).await?);
        if fa * fb <= 0.0 {
            break;
        }
        (a, fa) = (b, fb);
    }
    for _ in 0..10 {
        if fb.abs() < 0.01 {
            break;
        }
        x = (a * fb - b * fa) / (fb - fa);
        let fx = excess(x).await?;
        if fx * fb < 0.0 {
            (a, fa) = (b, fb);
        } else {
            fa /= 2.0;
        }
        (b, fb) = (x, fx);
    }
    Ok(b.exp())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use pollster::block_on;
    use std::cell::Cell;

    /// A spectrum over eight decades, or one value.
    struct Spectrum(Vec<f64>, Cell<usize>);

    impl ProxPath for Spectrum {
        fn prox(&self, _: f64) -> Result<HostTensor> {
            Ok(HostTensor::zeros([1]))
        }
        fn residual_norm(&self, gamma: f64) -> Result<f64> {
            self.1.set(self.1.get() + 1);
            let sum: f64 = self.0.iter().map(|s| (1.0 + gamma * s).powi(-2)).sum();
            Ok(sum.sqrt())
        }
    }

    #[test]
    fn projections_meet_the_radius_in_few_evaluations() {
        let decades: Vec<f64> = (0..80).map(|i| 10f64.powf(-f64::from(i) / 10.0)).collect();
        for (spectrum, most) in [(vec![0.25; 80], 8), (decades, 40)] {
            let path = Spectrum(spectrum, Cell::new(0));
            for delta in [8.5, 5.0, 1.0, 0.5] {
                for guess in [0.0, 1e-3, 1e5] {
                    path.1.set(0);
                    let gamma = projection(&path, delta, guess).unwrap();
                    let calls = path.1.get();
                    let got = path.residual_norm(gamma).unwrap();
                    let reachable = path.residual_norm(MAX_GAMMA).unwrap();
                    let ratio = got / delta.max(reachable);
                    assert!((ratio - 1.0).abs() < 2e-3, "{delta} {guess}: {ratio}");
                    assert!(calls <= most + 2, "{delta} {guess}: {calls}");
                }
            }
            assert_eq!(projection(&path, 9.0, 1.0).unwrap(), 0.0);
        }
    }

    #[test]
    fn the_radius_is_morozovs_unless_the_operator_cannot_follow() {
        for (task, low, high) in [
            ("denoising", 0.9999, 1.0001),
            ("super-resolution:factor=8", 0.9999, 1.0001),
            ("inpainting:random=0.5", 0.9999, 1.0001),
            ("gaussian-blur:sigma=1", 0.9999, 1.0001),
            ("gaussian-blur:sigma=8", 1.005, 1.05),
        ] {
            let extras = crate::physics::Extras::default();
            let op = crate::physics::build(&task.parse().unwrap(), [3, 64, 64], &extras).unwrap();
            let y = op.forward(&HostTensor::zeros([1, 3, 64, 64])).unwrap();
            let m = op.measured_entries(y.dims4().unwrap());
            let got = radius(op.as_ref(), &y, m, 0.1, Weight::Discrepancy { rho: 1.0 }).unwrap();
            let ratio = got / ((m as f64).sqrt() * 0.1);
            assert!((low..high).contains(&ratio), "{task}: {ratio}");
        }
    }

    #[test]
    fn increasing_residuals_are_met_from_either_side() {
        for start in [1e-4, 1.0, 1e3] {
            let t = block_on(increasing(async |t| Ok(t / (1.0 + t)), 0.3, start)).unwrap();
            assert!((t / (1.0 + t) / 0.3 - 1.0).abs() < 0.011, "{t}");
        }
        let end = block_on(increasing(async |_| Ok(0.1), 0.3, 1.0)).unwrap();
        assert!((end / 1e8 - 1.0).abs() < 1e-6);
    }
}
