//! Reference solvers without a learned prior, all of one interface.
//!
//! | file | what lives there |
//! |---|---|
//! | `options` | [`Baseline`], [`BaselineOptions`] and what a run reports |
//! | `gradient` | forward differences and their adjoint |
//! | `discrepancy` | Morozov's principle: projection onto {x : \|A x - y\| <= delta} |
//! | `tikhonov` | quadratic gradient penalty, conjugate gradients |
//! | `tv` | colour total variation, primal-dual hybrid gradient |
//! | `tv_weighted` | the same for noise that is not Gaussian |
//!
//! Pictures and measurements are in [-1, 1] units, `sigma_n` too.

mod discrepancy;
mod gradient;
mod options;
#[cfg(test)]
mod tests;
mod tikhonov;
mod tv;
mod tv_weighted;

use crate::noise::{NoiseModel, NoisyLikelihood};
use crate::physics::Operator;
use crate::solver::{Likelihood, Observer, TaskKind};
use crate::{Error, HostTensor, Result};

use options::Problem;
pub use options::{Baseline, BaselineOptions, BaselineProgress, Weight};

/// Restores the pictures behind `y` `[B, C', H', W']` with a reference solver; the result is
/// `[B, C, H, W]`, clamped to [-1, 1]. `sigma_n` is the standard deviation of the measurement noise in
/// [-1, 1] units; zero stands for that of rounding to 8 bits. Pictures of a batch are solved one by
/// one, each with its own regularisation.
///
/// `observer` is told every few iterations how far the run is, and asked whether to go on.
///
/// # Errors
/// [`Error::Invalid`] on options or a noise level out of range or a measurement that is not finite,
/// [`Error::Shape`] when `y` does not fit, [`Error::BadOutput`] when the iteration diverges,
/// [`Error::Cancelled`] from the observer.
pub async fn solve(
    baseline: Baseline,
    operator: &dyn Operator,
    y: &HostTensor,
    sigma_n: f64,
    options: &BaselineOptions,
    observer: &mut impl Observer<BaselineProgress>,
) -> Result<HostTensor> {
    if !(sigma_n >= 0.0 && sigma_n.is_finite()) {
        return Err(Error::invalid(format!(
            "the noise level is {sigma_n}; it must be finite and not negative"
        )));
    }
    each(baseline, operator, y, options, observer, |y| {
        let m = operator.measured_entries(y.dims4()?);
        Ok(Problem {
            start: operator.pseudo_inverse(&y, sigma_n as f32)?,
            delta: discrepancy::radius(operator, &y, m, sigma_n, options.weight)?,
            operator,
            roots: None,
            y,
        })
    })
    .await
}

/// As [`solve`], for any [`NoiseModel`]: |A x - y| becomes the whitened residual of
/// [`NoisyLikelihood`], whose entries are weighted with their inverse variance, and the level is the
/// model's own.
///
/// # Errors
/// As [`solve`]; [`Error::Invalid`] when a setting of the model is out of range.
pub async fn solve_with_noise(
    baseline: Baseline,
    operator: &dyn Operator,
    y: &HostTensor,
    model: &NoiseModel,
    options: &BaselineOptions,
    observer: &mut impl Observer<BaselineProgress>,
) -> Result<HostTensor> {
    let sigma_n = 2.0 * model.effective_sigma();
    if let NoiseModel::Gaussian { .. } = model {
        model.check()?;
        return solve(baseline, operator, y, sigma_n, options, observer).await;
    }
    let likelihood = NoisyLikelihood::new(operator, *model, TaskKind::Other)?;
    each(baseline, operator, y, options, observer, |y| {
        let roots = likelihood.weights(&y)?.map(f32::sqrt);
        let m = likelihood.measured_entries(&y);
        Ok(Problem {
            start: likelihood.pseudo_inverse(&y, sigma_n as f32)?,
            delta: discrepancy::radius(operator, &y, m, sigma_n, options.weight)?,
            operator,
            y: y.zip(&roots, |y, r| y * r)?,
            roots: Some(roots),
        })
    })
    .await
}

/// Solves picture by picture what `problem` makes of each measurement `[1, C', H', W']`.
async fn each<'a>(
    baseline: Baseline,
    operator: &dyn Operator,
    y: &HostTensor,
    options: &BaselineOptions,
    observer: &mut impl Observer<BaselineProgress>,
    problem: impl Fn(HostTensor) -> Result<Problem<'a>>,
) -> Result<HostTensor> {
    options.check()?;
    let y = operator.keep_measured(y)?;
    if !y.is_finite() {
        return Err(Error::invalid(
            "the measurement has values that are not finite",
        ));
    }
    let [batch, mc, mh, mw] = y.dims4()?;
    let [c, h, w] = operator.picture_shape();
    let mut pictures = Vec::with_capacity(batch * c * h * w);
    for picture in y.data().chunks(mc * mh * mw) {
        let mut problem = problem(HostTensor::new([1, mc, mh, mw], picture.to_vec())?)?;
        problem.start = problem.start.clamp(-1.0, 1.0);
        let x = match baseline {
            Baseline::PseudoInverse => problem.start,
            Baseline::Tikhonov => tikhonov::solve(problem, options, observer).await?,
            Baseline::TotalVariation if problem.roots.is_some() => {
                tv_weighted::solve(problem, options, observer).await?
            }
            Baseline::TotalVariation => tv::solve(problem, options, observer).await?.x,
        };
        if !x.is_finite() {
            return Err(Error::BadOutput(format!(
                "{baseline} did not converge: the result is not finite"
            )));
        }
        pictures.extend(x.clamp(-1.0, 1.0).into_data());
    }
    HostTensor::new([batch, c, h, w], pictures)
}
