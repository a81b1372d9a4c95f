//! The step size gamma of the proximal step.

use crate::physics::{Operator, ProxPath};
use crate::{HostTensor, Result};

/// Range of gamma that the discrepancy rule searches.
const GAMMA: (f64, f64) = (1e-6, 1e8);

/// How gamma is chosen, once a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StepRule {
    /// Morozov's discrepancy principle: the smallest gamma for which
    /// |A prox(u) - y|^2 = `rho` m sigma^2; none when u already meets it.
    Discrepancy {
        /// The target, in units of the expected noise energy. 1: as much residual as noise.
        rho: f64,
    },
    /// gamma = delta (1 - alpha_bar_t) / sigma^2 with delta = c RMSE, RMSE being the root mean square
    /// of A u + n - y with fresh measurement noise n (expected value): the published rule for 512x512
    /// and 1024x1024 pictures in a form that does not depend on the size.
    Published,
    /// The same gamma at every step.
    Fixed(f64),
}

impl Default for StepRule {
    fn default() -> Self {
        Self::Discrepancy { rho: 1.0 }
    }
}

/// Constants c of the published rule for the SDXL and, where it differs, as named: large t, small t,
/// and the t above which the first holds. Super-resolution's constants grow with the pixels lost.
fn published_constants(task: &str) -> (f64, f64, usize) {
    let parameter = |key: &str| {
        task.split([':', ','])
            .find_map(|p| p.strip_prefix(key)?.strip_prefix('=')?.parse::<f64>().ok())
    };
    if task.starts_with("gaussian-blur") {
        return match parameter("sigma") {
            Some(s) if s >= 10.0 => (1.24, 0.53, 400),
            _ => (0.887, 0.355, 400),
        };
    }
    if task.starts_with("motion-blur") {
        return (0.709, 0.355, 400);
    }
    if task.starts_with("super-resolution") {
        return match parameter("factor") {
            Some(f) if f >= 32.0 => (8.3, 16.6, 300),
            _ => (33.3, 22.2, 300),
        };
    }
    (0.0, 0.0, 0)
}

impl StepRule {
    /// gamma for the step from `u` (residual norm `residual` = |A u - y| over `entries` values) at
    /// timestep `t`, where `sigma` is the noise in [-1, 1] units. 0 means: no proximal step.
    pub(super) fn gamma(
        &self,
        operator: &dyn Operator,
        path: &dyn ProxPath,
        residual: f64,
        entries: usize,
        sigma: f64,
        (t, alpha_bar): (usize, f64),
    ) -> Result<f64> {
        let noise_energy = entries as f64 * sigma * sigma;
        match *self {
            Self::Fixed(gamma) => Ok(gamma),
            Self::Discrepancy { rho } => discrepancy(path, residual, (rho * noise_energy).sqrt()),
            Self::Published => {
                if sigma == 0.0 {
                    return Ok(GAMMA.1);
                }
                let task = operator.name();
                let rmse = ((residual * residual + noise_energy / 4.0) / entries.max(1) as f64).sqrt();
                let delta = if task.starts_with("inpainting") {
                    if t > 500 { 1.0 } else { 0.5 }
                } else {
                    match published_constants(task) {
                        (_, _, 0) if t > 200 => 0.01,
                        (_, _, 0) => 1.0,
                        (large, small, switch) => rmse * if t > switch { large } else { small },
                    }
                };
                Ok(delta * (1.0 - alpha_bar) / (sigma * sigma))
            }
        }
    }
}

/// Illinois regula falsi on log gamma for residual_norm(gamma) = target.
fn discrepancy(path: &dyn ProxPath, residual: f64, target: f64) -> Result<f64> {
    if residual <= target {
        return Ok(0.0);
    }
    let value = |log_gamma: f64| -> Result<f64> {
        let r = path.residual_norm(log_gamma.exp())?;
        // In logarithms the curve is close to straight. The floor keeps a zero residual finite.
        Ok((r.max(1e-30) / target.max(1e-30)).ln())
    };
    let (mut a, mut b) = (GAMMA.0.ln(), GAMMA.1.ln());
    let (mut fa, mut fb) = (value(a)?, value(b)?);
    if fa <= 0.0 {
        return Ok(GAMMA.0);
    }
    if fb >= 0.0 {
        return Ok(GAMMA.1);
    }
    let mut side = 0;
    for _ in 0..28 {
        let c = (a * fb - b * fa) / (fb - fa);
        let fc = value(c)?;
        if fc.abs() < 2e-3 {
            return Ok(c.exp());
        }
        if fc > 0.0 {
            (a, fa) = (c, fc);
            if side == 1 {
                fb /= 2.0;
            }
            side = 1;
        } else {
            (b, fb) = (c, fc);
            if side == -1 {
                fa /= 2.0;
            }
            side = -1;
        }
    }
    Ok(((a + b) / 2.0).exp())
}

/// Root mean square of a residual of norm `norm` over `entries` values, for pictures in [0, 1].
pub(super) fn rms(norm: f64, entries: usize) -> f64 {
    norm / 2.0 / (entries.max(1) as f64).sqrt()
}

/// |A x - y| over the measured entries.
pub(super) fn residual(operator: &dyn Operator, x: &HostTensor, y: &HostTensor) -> Result<f64> {
    operator.residual_norm(x, y)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Denoising from distance 10: the residual after the prox is 10 / (1 + gamma).
    struct Identity;
    impl ProxPath for Identity {
        fn prox(&self, _gamma: f64) -> Result<HostTensor> {
            Ok(HostTensor::zeros([1]))
        }
        fn residual_norm(&self, gamma: f64) -> Result<f64> {
            Ok(10.0 / (1.0 + gamma))
        }
    }

    #[test]
    fn discrepancy_meets_its_target() {
        for target in [9.9, 5.0, 0.1, 1e-4] {
            let gamma = discrepancy(&Identity, 10.0, target).unwrap();
            let reached = 10.0 / (1.0 + gamma);
            assert!((reached / target - 1.0).abs() < 5e-3, "{target}: {reached}");
        }
        assert_eq!(discrepancy(&Identity, 10.0, 11.0).unwrap(), 0.0);
        assert_eq!(discrepancy(&Identity, 10.0, 0.0).unwrap(), GAMMA.1);
    }

    #[test]
    fn published_constants_follow_the_task() {
        assert_eq!(published_constants("gaussian-blur:sigma=3").0, 0.887);
        assert_eq!(published_constants("gaussian-blur:sigma=12").0, 1.24);
        assert_eq!(published_constants("super-resolution:factor=32,kernel=bicubic").0, 8.3);
        assert_eq!(published_constants("denoising").2, 0);
    }
}
