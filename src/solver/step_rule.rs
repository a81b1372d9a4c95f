//! The data step: how large gamma is, and the prox with it.

use super::{
    Likelihood, NoiseSource, NoiseStream, PublishedForm, PublishedTable, SeededNoise,
    published::ResidualSize, published_delta,
};
use crate::{Error, HostTensor, Result};

/// Smallest gamma that [`StepRule::Discrepancy`] tries.
pub const MIN_GAMMA: f64 = 1e-6;
/// Largest gamma that any rule uses; stands for "fit the data exactly".
pub const MAX_GAMMA: f64 = 1e8;
/// The most evaluations of the residual that [`StepRule::Discrepancy`] spends.
const MAX_EVALUATIONS: usize = 30;
/// Factor by which the upper end of the interval grows.
const GROWTH: f64 = 30.0;
/// Accepted error of log(residual norm).
const TOLERANCE: f64 = 2e-3;

/// How the step size gamma of `prox(z) = argmin gamma/2 |A x - y|^2 + 1/2 |x - z|^2` is chosen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum StepRule {
    /// Morozov's discrepancy principle: the smallest gamma with
    /// `|A prox(z) - y|^2 = rho m sigma_n^2`, in [[`MIN_GAMMA`], [`MAX_GAMMA`]]. A z that is already
    /// that close is left alone (gamma = 0). Without noise gamma is [`MAX_GAMMA`].
    Discrepancy {
        /// Target as a multiple of the expected squared noise norm, positive. 1 is the principle;
        /// less trusts the data more.
        rho: f64,
    },
    /// A published table: `gamma = delta (1 - alpha_bar_t) / sigma_n^2`, see [`published_delta`].
    Published {
        /// Which one.
        table: PublishedTable,
        /// As it is, or resolution-free.
        form: PublishedForm,
        /// The published code measures the residual of A x with fresh noise of standard deviation
        /// sigma added (in [-1, 1] units, where the measurement's own noise is 2 sigma). True takes
        /// that noise's expectation, RMSE^2 + sigma^2, so that nothing random is drawn; with m
        /// entries it differs from a draw by a factor 1 + O(1 / sqrt(m)).
        renoise: bool,
    },
    /// Moment matching (empirical Bayes): with x = z + d, d of variance e^2, as the prior around z, the
    /// residual r = A z - y satisfies `E |r|^2 = g m e^2 + m sigma_n^2`, g the mean squared gain of A on d;
    /// the e^2 that makes it so gives the posterior mode's `gamma = e^2 / sigma_n^2`. For d white, g is
    /// tr(A A^T) / m; for d of what the residual shows, mostly smooth, which a blur passes far better,
    /// it is `(|A^T r|^2 - sigma_n^2 tr(A A^T)) / (|r|^2 - m sigma_n^2)`. The truth lies between: g is their
    /// geometric mean. (They agree where all singular values are equal.) The nearer z is to the data, the less it
    /// is moved. Where the discrepancy rule stops at the noise level, which an optimal linear
    /// estimate undercuts, this one weighs the data as the error of z deserves.
    MomentMatching,
    /// One gamma for every step, in [0, [`MAX_GAMMA`]].
    Fixed(f64),
}

impl Default for StepRule {
    fn default() -> Self {
        Self::Discrepancy { rho: 1.0 }
    }
}

/// What the data step did to one picture. Residuals are root mean squares of A x - y over the
/// measured entries, in [0, 1] units: the noise level sigma is what they should be near.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DataStep {
    /// Step size used; 0 when the prox was skipped.
    pub gamma: f64,
    /// Residual before the prox.
    pub residual_before: f64,
    /// Residual after the prox and after clamping to [-1, 1].
    pub residual_after: f64,
}

/// Where a chain stands when it asks for a data step.
#[derive(Debug, Clone, Copy)]
pub(super) struct Situation {
    /// Timestep.
    pub t: usize,
    /// alpha_bar at `t`.
    pub alpha_bar: f64,
    /// Noise level in [-1, 1] units.
    pub sigma_n: f64,
}

impl StepRule {
    /// Fails with [`Error::Invalid`] on a number out of range.
    pub fn check(&self) -> Result<()> {
        match self {
            Self::Discrepancy { rho } if !(*rho > 0.0 && rho.is_finite()) => Err(Error::invalid(
                format!("the discrepancy factor rho is {rho}; it must be positive"),
            )),
            Self::Fixed(gamma) if !(0.0..=MAX_GAMMA).contains(gamma) => Err(Error::invalid(
                format!("the step size gamma is {gamma}; it must be 0 to {MAX_GAMMA:e}"),
            )),
            _ => Ok(()),
        }
    }

    /// gamma for one picture `z` `[1, C, H, W]` whose residual norm against `y` is `norm`, with
    /// `m` measured entries.
    pub(super) fn gamma<L: Likelihood>(
        &self,
        likelihood: &L,
        z: &HostTensor,
        y: &HostTensor,
        norm: f64,
        at: Situation,
    ) -> Result<f64> {
        let m = likelihood.measured_entries(y) as f64;
        match *self {
            Self::Fixed(gamma) => Ok(gamma),
            Self::MomentMatching => {
                let noise = m * at.sigma_n * at.sigma_n;
                let excess = norm * norm - noise;
                if excess <= 0.0 {
                    return Ok(0.0);
                }
                let gain = gain(likelihood, z, y, m, at.sigma_n)?;
                // An operator that sees nothing gives no reason to move.
                let gamma = excess / (gain * noise);
                Ok(if gamma.is_nan() {
                    0.0
                } else {
                    gamma.min(MAX_GAMMA)
                })
            }
            Self::Published {
                table,
                form,
                renoise,
            } => {
                let fresh = if renoise { at.sigma_n / 2.0 } else { 0.0 };
                let rmse = (norm * norm / m.max(1.0) + fresh * fresh).sqrt();
                let size = ResidualSize {
                    rmse,
                    entries: m as usize,
                };
                let task = likelihood.task_kind();
                let delta = published_delta(table, form, task, at.t, size, at.sigma_n);
                let gamma = delta * (1.0 - at.alpha_bar) / (at.sigma_n * at.sigma_n);
                // 0 / 0 only without noise and without residual, where any gamma does.
                Ok(if gamma.is_nan() {
                    MAX_GAMMA
                } else {
                    gamma.min(MAX_GAMMA)
                })
            }
            Self::Discrepancy { rho } => {
                let target = (rho * m).sqrt() * at.sigma_n;
                if norm <= target {
                    return Ok(0.0);
                }
                if target == 0.0 {
                    return Ok(MAX_GAMMA);
                }
                let curve = likelihood.residual_curve(z, y)?;
                discrepancy(curve, target)
            }
        }
    }
}

/// tr(A A^T) by one random probe (Hutchinson 1990), always the same one: E |A^T n|^2 for n ~ N(0, I).
fn trace<L: Likelihood>(likelihood: &L, y: &HostTensor) -> Result<f64> {
    let probe = SeededNoise::new(0, NoiseStream::Probe).normal(y.shape())?;
    Ok(likelihood.adjoint(&probe)?.norm().powi(2))
}

/// The mean squared gain of A on the error of `z`; see [`StepRule::MomentMatching`].
fn gain<L: Likelihood>(
    likelihood: &L,
    z: &HostTensor,
    y: &HostTensor,
    m: f64,
    sigma_n: f64,
) -> Result<f64> {
    let r = likelihood.forward(z)?.zip(y, |a, y| a - y)?;
    let (through, size) = (likelihood.adjoint(&r)?.norm().powi(2), r.norm().powi(2));
    let variance = sigma_n * sigma_n;
    let trace = trace(likelihood, y)?;
    let above = through - variance * trace;
    let below = size - variance * m;
    // Where noise is all there is to see, its own gain has to do.
    let seen = if above > 0.0 && below > 0.0 {
        above / below
    } else {
        through / size
    };
    Ok((seen * trace / m).sqrt())
}

/// The gamma at which the decreasing `residual` meets `target`: the Illinois variant of regula
/// falsi (Dowell and Jarratt 1971) on log residual against log gamma. An end of the interval when
/// the target lies beyond it.
fn discrepancy(residual: impl Fn(f64) -> Result<f64>, target: f64) -> Result<f64> {
    let excess = |log_gamma: f64| -> Result<f64> {
        let norm = residual(log_gamma.exp())?;
        if !norm.is_finite() {
            return Err(Error::BadOutput(format!(
                "the residual after the proximal step is not finite at gamma = {:e}",
                log_gamma.exp()
            )));
        }
        // A residual of exactly zero is as good as a tiny one, and has a logarithm.
        Ok((norm.max(f64::MIN_POSITIVE) / target).ln())
    };
    let mut low = MIN_GAMMA.ln();
    let mut above = excess(low)?;
    if above <= TOLERANCE {
        return Ok(MIN_GAMMA);
    }
    // Upwards from 1, near most answers: huge gammas are dear where the prox is iterative.
    let (mut high, last) = (0.0, MAX_GAMMA.ln());
    let mut below = excess(high)?;
    while below > 0.0 && high < last {
        (low, above) = (high, below);
        high = (high + GROWTH.ln()).min(last);
        below = excess(high)?;
    }
    if below >= -TOLERANCE {
        return Ok(high.exp().min(MAX_GAMMA));
    }
    // Which end was kept last; the Illinois rule halves its value when it is kept again.
    let mut kept = 0;
    let mut x = high;
    for _ in 2..MAX_EVALUATIONS {
        x = (low * below - high * above) / (below - above);
        let value = excess(x)?;
        if value.abs() <= TOLERANCE {
            break;
        }
        if value > 0.0 {
            (low, above) = (x, value);
            if kept == 1 {
                below /= 2.0;
            }
            kept = 1;
        } else {
            (high, below) = (x, value);
            if kept == -1 {
                above /= 2.0;
            }
            kept = -1;
        }
    }
    Ok(x.exp())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use std::cell::Cell;

    use super::super::mock::Diagonal;
    use super::*;
    use crate::solver::TaskKind;

    const AT: Situation = Situation {
        t: 499,
        alpha_bar: 0.277670,
        sigma_n: 0.02,
    };

    fn gamma(rule: StepRule, a: f32, z: f32, y: f32, at: Situation) -> f64 {
        let likelihood = Diagonal::scale(a);
        let (z, y) = (
            HostTensor::full([1, 3, 4, 4], z),
            HostTensor::full([1, 3, 4, 4], y),
        );
        let norm = likelihood.residual_norm(&z, &y).unwrap();
        rule.gamma(&likelihood, &z, &y, norm, at).unwrap()
    }

    /// With A = a I the residual after the prox is |a z - y| / (1 + gamma a^2).
    #[test]
    fn discrepancy_solves_the_scalar_equation() {
        for (a, z, y, rho) in [
            (1.0, 0.5, -0.3, 1.0),
            (0.1, 0.9, 0.0, 1.0),
            (2.0, 0.0, 0.7, 0.25),
            (0.01, 1.0, 0.1, 2.0),
        ] {
            let rule = StepRule::Discrepancy { rho };
            let got = gamma(rule, a, z, y, AT);
            let residual = f64::from((a * z - y).abs());
            let a2 = f64::from(a * a);
            let expected = (residual / (rho.sqrt() * AT.sigma_n) - 1.0) / a2;
            let ratio = (1.0 + got * a2) / (1.0 + expected * a2);
            assert!((ratio - 1.0).abs() < 3e-3, "{got} {expected}");
        }
    }

    /// With A = a I and a true error of z the rule finds the optimal linear estimate's weight.
    #[test]
    fn moment_matching_finds_the_error_of_z() {
        let (a, e, sigma_n) = (0.7f32, 0.3f32, 0.5f64);
        let likelihood = Diagonal::scale(a);
        let shape = [1, 3, 64, 64];
        let mut noise = SeededNoise::new(5, NoiseStream::Solver);
        let z = noise.normal(&shape).unwrap();
        let x = z
            .clone()
            .zip(&noise.normal(&shape).unwrap(), |z, n| z + e * n)
            .unwrap();
        let w = noise.normal(&shape).unwrap();
        let y = x.zip(&w, |x, n| a * x + sigma_n as f32 * n).unwrap();
        let at = Situation { sigma_n, ..AT };
        let norm = likelihood.residual_norm(&z, &y).unwrap();
        let got = StepRule::MomentMatching
            .gamma(&likelihood, &z, &y, norm, at)
            .unwrap();
        let expected = f64::from(e * e) / (sigma_n * sigma_n);
        assert!((got / expected - 1.0).abs() < 0.15, "{got} {expected}");
        // At the noise level z is left alone, and without noise the data rule.
        assert_eq!(gamma(StepRule::MomentMatching, 1.0, 0.5, 0.49, AT), 0.0);
        let exact = Situation { sigma_n: 0.0, ..AT };
        assert_eq!(
            gamma(StepRule::MomentMatching, 1.0, 0.5, 0.4, exact),
            MAX_GAMMA
        );
    }

    #[test]
    fn discrepancy_at_its_limits() {
        let rule = StepRule::default();
        // Already close enough.
        assert_eq!(gamma(rule, 1.0, 0.5, 0.49, AT), 0.0);
        // No noise.
        let exact = Situation { sigma_n: 0.0, ..AT };
        assert_eq!(gamma(rule, 1.0, 0.5, 0.4, exact), MAX_GAMMA);
        assert_eq!(gamma(rule, 1.0, 0.5, 0.5, exact), 0.0);
        // An operator that sees nothing cannot reach the target.
        assert_eq!(gamma(rule, 0.0, 0.5, 0.4, AT), MAX_GAMMA);
    }

    #[test]
    fn discrepancy_is_frugal_on_hard_spectra() {
        // Residual of an operator whose squared singular values span eight decades.
        let spectrum: Vec<f64> = (0..80).map(|i| 10f64.powf(-f64::from(i) / 10.0)).collect();
        let calls = Cell::new(0);
        for target in [8.5, 5.0, 1.0, 0.1, 1e-2, 1e-5] {
            calls.set(0);
            let residual = |g: f64| {
                calls.set(calls.get() + 1);
                Ok(spectrum
                    .iter()
                    .map(|s| (1.0 + g * s).powi(-2))
                    .sum::<f64>()
                    .sqrt())
            };
            let gamma = discrepancy(residual, target).unwrap();
            let got = residual(gamma).unwrap();
            let reachable = residual(MAX_GAMMA).unwrap();
            assert!(
                (got / target.max(reachable)).ln().abs() < 3e-3,
                "{target}: {got}"
            );
            assert!(calls.get() <= MAX_EVALUATIONS + 2, "{}", calls.get());
        }
    }

    #[test]
    fn a_residual_that_is_not_finite_is_reported() {
        assert!(matches!(
            discrepancy(|_| Ok(f64::NAN), 1.0),
            Err(Error::BadOutput(_))
        ));
    }

    #[test]
    fn published_and_fixed() {
        let published = |renoise| StepRule::Published {
            table: PublishedTable::Sd15Lcm,
            form: PublishedForm::ResolutionFree,
            renoise,
        };
        let size = ResidualSize {
            rmse: 0.1,
            entries: 48,
        };
        let (table, form) = (PublishedTable::Sd15Lcm, PublishedForm::ResolutionFree);
        let delta = published_delta(table, form, TaskKind::Other, 499, size, 0.02);
        let expected = delta * (1.0 - AT.alpha_bar) / 4e-4;
        assert!((gamma(published(false), 1.0, 0.5, 0.4, AT) / expected - 1.0).abs() < 1e-6);
        let exact = Situation { sigma_n: 0.0, ..AT };
        assert_eq!(gamma(published(true), 1.0, 0.5, 0.4, exact), MAX_GAMMA);
        assert_eq!(gamma(StepRule::Fixed(3.0), 1.0, 0.5, 0.4, AT), 3.0);
        for bad in [
            StepRule::Fixed(f64::NAN),
            StepRule::Fixed(-1.0),
            StepRule::Discrepancy { rho: 0.0 },
        ] {
            assert!(matches!(bad.check(), Err(Error::Invalid(_))));
        }
    }

    #[test]
    fn renoising_is_the_expectation_of_the_published_draw() {
        let (m, residual, sigma) = (40_000, 0.013, 0.01);
        let noise = SeededNoise::new(3, NoiseStream::Solver)
            .normal(&[m])
            .unwrap();
        let drawn = noise.map(|n| residual + sigma * n).norm() / (m as f64).sqrt();
        let expected = f64::from(residual * residual + sigma * sigma).sqrt();
        assert!((drawn / expected - 1.0).abs() < 0.02);
    }
}
