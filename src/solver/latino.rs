//! LATINO: a plug-and-play Langevin scheme with a latent consistency model as prior.
//!
//! Source: Spagnoletti, Prost, Almansa, Papadakis, Pereyra, "LATINO-PRO: LAtent consisTency INverse
//! sOlver with PRompt Optimization", ICCV 2025, arXiv 2503.12615, and its published code. A step is
//!
//! 1. z_t = sqrt(alpha_bar_t) E(x) + sqrt(1 - alpha_bar_t) n: encode, add noise;
//! 2. u = D(G(z_t, t, c)): one consistency step, decode;
//! 3. x = prox of gamma/2 |A x - y|^2 at u: agree with the measurement.

use super::step_rule::{residual, rms};
use super::{NoiseSource, Observer, Prior, StepRule};
use crate::physics::Operator;
use crate::protocol::{Initialisation, OutputStage};
use crate::schedule::LcmScheduler;
use crate::{Error, HostTensor, Result};

/// Settings of [`latino`].
#[derive(Debug, Clone, PartialEq)]
pub struct LatinoOptions {
    /// Timesteps, falling; one network evaluation each.
    pub timesteps: Vec<usize>,
    /// Where to start.
    pub initialisation: Initialisation,
    /// What to return.
    pub output: OutputStage,
    /// Step size rule.
    pub rule: StepRule,
}

/// What happened in one step.
#[derive(Debug, Clone, PartialEq)]
pub struct StepReport {
    /// 1 to `steps`.
    pub step: usize,
    /// Number of steps.
    pub steps: usize,
    /// Timestep.
    pub t: usize,
    /// The decoded picture before the prox, in [-1, 1].
    pub before: HostTensor,
    /// The picture after the prox, clamped to [-1, 1].
    pub after: HostTensor,
    /// Root mean square of A x - y before the prox, for pictures in [0, 1].
    pub residual_before: f64,
    /// The same after the prox.
    pub residual_after: f64,
    /// Step size; 0 when the prox was skipped.
    pub gamma: f64,
}

/// A restoration.
#[derive(Debug, Clone, PartialEq)]
pub struct Restored {
    /// The picture `[B, 3, H, W]` in [-1, 1].
    pub picture: HostTensor,
    /// Network evaluations used.
    pub evaluations: usize,
}

fn finite(x: HostTensor, what: &str, step: usize) -> Result<HostTensor> {
    if x.is_finite() {
        return Ok(x);
    }
    Err(Error::BadOutput(format!(
        "{what} returned values that are not finite in step {step}; nothing is shown. The other device may do better"
    )))
}

/// Restores a picture from `y` `[B, C', H', W']` in [-1, 1] units with noise of standard deviation
/// `sigma` in the same units (twice that of pictures in [0, 1]).
///
/// Noises are drawn in this order: one for the start, then one after every step but the last, each of
/// the latent's shape. Fails with [`Error::BadOutput`] when a network returns values that are not
/// finite, [`Error::Cancelled`] when the observer says so.
#[allow(clippy::too_many_arguments)]
pub async fn latino(
    prior: &impl Prior,
    scheduler: &LcmScheduler,
    operator: &dyn Operator,
    y: &HostTensor,
    sigma: f32,
    options: &LatinoOptions,
    noise: &mut impl NoiseSource,
    observer: &mut impl Observer<StepReport>,
) -> Result<Restored> {
    scheduler.check_timesteps(&options.timesteps)?;
    let steps = options.timesteps.len();
    let start = match options.initialisation {
        Initialisation::PseudoInverse => operator.pseudo_inverse(y, sigma)?,
        Initialisation::Adjoint => operator.adjoint(y)?,
    };
    let mut x = start.clamp(-1.0, 1.0);
    let shape = prior.latent_shape(x.dims4()?)?;
    let entries = operator.measured_entries(y.dims4()?);

    for (k, &t) in options.timesteps.iter().enumerate() {
        let step = k + 1;
        let z0 = finite(prior.encode(&x).await?, "the encoder", step)?;
        observer.checkpoint().await?;
        let z = scheduler.add_noise(&z0, &noise.standard_normal(&shape)?, t)?;
        let output = finite(prior.predict(&z, t).await?, "the UNet", step)?;
        observer.checkpoint().await?;
        let clean = scheduler.predict_x0(&z, &output, t)?;
        let u = finite(prior.decode(&clean).await?, "the decoder", step)?.clamp(-1.0, 1.0);
        observer.checkpoint().await?;

        let before = residual(operator, &u, y)?;
        let path = operator.prox_path(&u, y)?;
        let at = (t, scheduler.alpha_bar(t)?);
        let gamma = options
            .rule
            .gamma(operator, path.as_ref(), before, entries, f64::from(sigma), at)?;
        x = if gamma > 0.0 {
            path.prox(gamma)?.clamp(-1.0, 1.0)
        } else {
            u.clone()
        };
        drop(path);
        let report = StepReport {
            step,
            steps,
            t,
            residual_before: rms(before, entries),
            residual_after: rms(residual(operator, &x, y)?, entries),
            gamma,
            after: x.clone(),
            before: u,
        };
        observer.notify(report);
        observer.checkpoint().await?;
    }
    if options.output == OutputStage::Decoded {
        let z = finite(prior.encode(&x).await?, "the encoder", steps)?;
        x = finite(prior.decode(&z).await?, "the decoder", steps)?.clamp(-1.0, 1.0);
    }
    Ok(Restored {
        picture: x,
        evaluations: steps,
    })
}
