//! The parts of one step that turn what the prior says into a sample near the posterior: the
//! proximal data step, the way back to the latent space, and the noise.

use super::{
    Codec, DataStep, Likelihood, Observer, Problem, ReEncoding, StepRule, guard,
    step_rule::Situation,
};
use crate::{Error, HostTensor, Result, schedule::LcmScheduler};

/// The picture that a chain starts from, in [-1, 1]; see [`super::Initialisation`].
pub(super) fn initial_picture<L: Likelihood>(
    problem: &Problem<'_, L>,
    how: &super::Initialisation,
) -> Result<HostTensor> {
    let start = match how {
        super::Initialisation::PseudoInverse => problem
            .likelihood
            .pseudo_inverse(problem.y, 2.0 * problem.sigma as f32)?,
        super::Initialisation::Adjoint => problem.likelihood.adjoint(problem.y)?,
        super::Initialisation::Picture(picture) => picture.clone(),
    };
    Ok(guard::finite(start, "initialisation", "before step 1")?.clamp(-1.0, 1.0))
}

/// Fails unless the noise level and the measurement are numbers that a solver can use.
pub(super) fn check_problem<L>(problem: &Problem<'_, L>) -> Result<()> {
    if !(problem.sigma >= 0.0 && problem.sigma.is_finite()) {
        return Err(Error::invalid(format!(
            "the noise level is {}; it must be 0 or more",
            problem.sigma
        )));
    }
    if !problem.y.is_finite() {
        return Err(Error::invalid(
            "the measurement has values that are not finite",
        ));
    }
    Ok(())
}

/// `(1 - kept) x + kept last`; `x` itself without a last picture.
pub(super) fn relaxed(x: HostTensor, last: Option<&HostTensor>, kept: f64) -> Result<HostTensor> {
    match last.filter(|_| kept > 0.0) {
        Some(last) => {
            let kept = kept as f32;
            x.zip(last, |x, last| (1.0 - kept) * x + kept * last)
        }
        None => Ok(x),
    }
}

/// The prox, picture by picture: each has its own residual, hence its own gamma, `weight` times what the rule says.
pub(super) fn data_step<L: Likelihood>(
    problem: &Problem<'_, L>,
    rule: StepRule,
    weight: f64,
    before: &HostTensor,
    at: Situation,
    place: &str,
) -> Result<(HostTensor, Vec<DataStep>)> {
    let pictures = split(before)?;
    let measurements = split(problem.y)?;
    if pictures.len() != measurements.len() {
        return Err(Error::shape(format!(
            "{} pictures for {} measurements",
            pictures.len(),
            measurements.len()
        )));
    }
    let likelihood = problem.likelihood;
    let mut after = Vec::with_capacity(before.len());
    let mut reports = Vec::with_capacity(pictures.len());
    for (x, y) in pictures.iter().zip(&measurements) {
        // To root mean squares in [0, 1] units, half of the [-1, 1] ones.
        let scale = 0.5 / (likelihood.measured_entries(y).max(1) as f64).sqrt();
        let norm = likelihood.residual_norm(x, y)?;
        let gamma = weight * rule.gamma(likelihood, x, y, norm, at)?;
        let (x, norm_after) = if gamma > 0.0 {
            let x = guard::finite(likelihood.prox(x, y, gamma)?, "proximal step", place)?
                .clamp(-1.0, 1.0);
            let norm = likelihood.residual_norm(&x, y)?;
            (x, norm)
        } else {
            (x.clone(), norm)
        };
        reports.push(DataStep {
            gamma,
            residual_before: norm * scale,
            residual_after: norm_after * scale,
        });
        after.extend(x.into_data());
    }
    Ok((HostTensor::new(before.shape(), after)?, reports))
}

pub(super) async fn re_encode<P: Codec, E>(
    prior: &P,
    how: ReEncoding,
    z0: &HostTensor,
    before: &HostTensor,
    after: &HostTensor,
    place: &str,
    observer: &mut impl Observer<E>,
) -> Result<HostTensor> {
    observer.checkpoint().await?;
    let encoded = guard::finite(prior.encode(after).await?, "encoder", place)?;
    match how {
        ReEncoding::Direct => Ok(encoded),
        ReEncoding::Corrected => {
            observer.checkpoint().await?;
            let round_trip = guard::finite(prior.encode(before).await?, "encoder", place)?;
            let change = encoded.zip(&round_trip, |a, b| a - b)?;
            z0.clone().zip(&change, |z, d| z + d)
        }
    }
}

/// `sqrt(1 - zeta) eps + sqrt(zeta) n`, with eps the noise in `z` around `clean` at `t`.
pub(super) fn mix_noise(
    scheduler: &LcmScheduler,
    zeta: f64,
    z: &HostTensor,
    clean: &HostTensor,
    t: usize,
    fresh: HostTensor,
) -> Result<HostTensor> {
    if zeta == 1.0 {
        return Ok(fresh);
    }
    let alpha_bar = scheduler.alpha_bar(t)?;
    let (a, b) = (alpha_bar.sqrt() as f32, (1.0 - alpha_bar).sqrt() as f32);
    let eps = z.clone().zip(clean, |z, x| (z - a * x) / b)?;
    let (keep, renew) = ((1.0 - zeta).sqrt() as f32, zeta.sqrt() as f32);
    eps.zip(&fresh, |e, n| keep * e + renew * n)
}

/// The batch as tensors with a batch of one.
fn split(batch: &HostTensor) -> Result<Vec<HostTensor>> {
    let mut shape = batch.shape().to_vec();
    match shape.first_mut() {
        Some(n) if *n > 0 => *n = 1,
        _ => return Err(Error::shape("a batch without pictures")),
    }
    let size = shape.iter().product::<usize>();
    if size == 0 {
        return Err(Error::shape(format!("an empty tensor {:?}", batch.shape())));
    }
    batch
        .data()
        .chunks(size)
        .map(|chunk| HostTensor::new(shape.clone(), chunk.to_vec()))
        .collect()
}
