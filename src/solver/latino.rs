//! LATINO (Spagnoletti et al. 2025, "LATINO-PRO"): Langevin sampling of p(x | y) with a latent
//! consistency model as prior, split into a prior step and a proximal data step.

use serde::{Deserialize, Serialize};

use super::{
    DataStep, Likelihood, Look, NoiseSource, Observer, Prior, Stage, StepRule, guard,
    posterior::{check_problem, data_step, initial_picture, mix_noise, re_encode, relaxed},
    step_rule::Situation,
};
use crate::{Error, HostTensor, Result, schedule::LcmScheduler};

/// An inverse problem y = A x + w.
#[derive(Debug, Clone, Copy)]
pub struct Problem<'a, L> {
    /// The operator and its prox.
    pub likelihood: &'a L,
    /// The measurement, simulated or measured, in [-1, 1] units, batch in dimension 0.
    pub y: &'a HostTensor,
    /// Standard deviation of w for pictures in [0, 1].
    pub sigma: f64,
}

/// Where the chain starts.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Initialisation {
    /// clip(pseudo-inverse of y).
    #[default]
    PseudoInverse,
    /// clip(A^T y), as in the published code. For super-resolution nearly flat mid-grey.
    Adjoint,
    /// This picture, `[B, 3, H, W]` in [-1, 1]: another solver's result, or what is to be edited.
    Picture(HostTensor),
}

/// Which picture is returned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutputStage {
    /// After the last prox: closest to the data.
    #[default]
    Prox,
    /// Encoded and decoded once more, as in the published code: one more round trip of the
    /// autoencoder, which only loses detail.
    Decoded,
    /// Before the last prox: what the prior says, without the noise that an exact fit would keep.
    BeforeProx,
}

/// How the picture goes back to the latent space after the prox.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReEncoding {
    /// E(x'), as published. Every step pays for a round trip of the autoencoder.
    #[default]
    Direct,
    /// z_0 + E(x') - E(D(z_0)): only what the prox changed is encoded, so where the data are
    /// silent the latent stays what the prior said. One more encoder call a step.
    Corrected,
}

/// Options of [`latino`]. The default needs `timesteps` filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct LatinoOptions {
    /// The timesteps to visit, decreasing; one network evaluation each. For a published number of
    /// steps see [`crate::schedule::Distillation`], for fewer [`crate::schedule::subset`], for
    /// another start [`crate::schedule::lcm_timesteps`]. A lower first timestep keeps more of the
    /// initial picture.
    pub timesteps: Vec<usize>,
    /// Where to start.
    pub initialisation: Initialisation,
    /// What to return.
    pub output: OutputStage,
    /// Step size.
    pub rule: StepRule,
    /// How to re-encode.
    pub re_encoding: ReEncoding,
    /// zeta in [0, 1]: share of fresh noise in `sqrt(1 - zeta) eps + sqrt(zeta) n`, where eps is
    /// the noise that the latent already has (DiffPIR's zeta, Zhu et al. 2023). 1 is LATINO.
    pub fresh_noise: f64,
    /// kappa in [0, 1): the prior step gives `(1 - kappa alpha_bar_t) D(z_0) + kappa alpha_bar_t x_k`, with x_k the picture
    /// that was encoded. A relaxed prior step (as the relaxed denoisers of plug-and-play methods, Hurault et al. 2023), which spares what an autoencoder
    /// of little fidelity would lose; it fades as the noise grows, since a sample from noise owes x_k nothing. 0 is LATINO.
    pub relaxation: f64,
}

impl Default for LatinoOptions {
    fn default() -> Self {
        Self {
            timesteps: Vec::new(),
            initialisation: Initialisation::default(),
            output: OutputStage::default(),
            rule: StepRule::default(),
            re_encoding: ReEncoding::default(),
            fresh_noise: 1.0,
            relaxation: 0.0,
        }
    }
}

/// One step of [`latino`], for an observer.
#[derive(Debug, Clone, PartialEq)]
pub struct StepReport {
    /// 1 to `steps`.
    pub step: usize,
    /// Steps in all.
    pub steps: usize,
    /// The timestep t.
    pub timestep: usize,
    /// clip(D(z_0)), relaxed if the options say so, before the prox, `[B, C, H, W]` in [-1, 1].
    pub before: HostTensor,
    /// After the prox, clamped to [-1, 1].
    pub after: HostTensor,
    /// What the data step did to each picture of the batch.
    pub data: Vec<DataStep>,
}

/// The result of [`latino`].
#[derive(Debug, Clone, PartialEq)]
pub struct Restoration {
    /// The restored pictures, `[B, C, H, W]` in [-1, 1].
    pub picture: HostTensor,
    /// Evaluations of the latent consistency network.
    pub evaluations: usize,
}

/// Restores the pictures behind `problem.y`.
///
/// With t_1 > ... > t_N and sigma_n = 2 sigma, starting from
/// `z = sqrt(alpha_bar_1) E(clip(x_init)) + sqrt(1 - alpha_bar_1) n`, every step does
///
/// ```text
/// z_0 = x0-prediction of the network at (z, t_k)
/// x   = clip(D(z_0))
/// x'  = clip(prox(x; gamma_k))
/// z   = sqrt(alpha_bar_{k+1}) E(x') + sqrt(1 - alpha_bar_{k+1}) n      (k < N)
/// ```
///
/// With `relaxation` kappa above 0 the second line is `x = (1 - kappa alpha_bar_k) clip(D(z_0)) + kappa alpha_bar_k x_k`, with x_k the
/// initial picture, later the last x'.
///
/// The boundary scalings c_skip and c_out are not applied: they are the identity to 2e-7 at every
/// timestep used.
///
/// Order of the noise drawn, all of the latent's shape: one for the start, then one after each
/// step but the last. `observer` is asked between network calls whether to go on.
///
/// # Errors
/// [`Error::Invalid`] on options out of range, [`Error::Cancelled`] from the observer,
/// [`Error::BadOutput`] when a network gives no numbers or a constant picture, and whatever the
/// prior, the likelihood and the noise source fail with.
pub async fn latino<P: Prior, L: Likelihood>(
    prior: &P,
    scheduler: &LcmScheduler,
    problem: Problem<'_, L>,
    options: &LatinoOptions,
    noise: &mut impl NoiseSource,
    observer: &mut impl Observer<StepReport>,
) -> Result<Restoration> {
    check(scheduler, &problem, options)?;
    let start = initial_picture(&problem, &options.initialisation)?;
    let shape = prior.latent_shape(start.dims4()?)?;
    observer.checkpoint().await?;
    let latent = guard::finite(prior.encode(&start).await?, "encoder", "before step 1")?;
    latent.expect_shape("encoded picture", &shape)?;
    let from = (latent, Some(start));
    chain(prior, scheduler, problem, options, from, noise, observer).await
}

/// [`latino`] from a clean latent, and the picture that was encoded if there is one (without it the first step is not relaxed).
pub(super) async fn chain<P: Prior, L: Likelihood>(
    prior: &P,
    scheduler: &LcmScheduler,
    problem: Problem<'_, L>,
    options: &LatinoOptions,
    (latent, mut last): (HostTensor, Option<HostTensor>),
    noise: &mut impl NoiseSource,
    observer: &mut impl Observer<StepReport>,
) -> Result<Restoration> {
    check(scheduler, &problem, options)?;
    let steps = options.timesteps.len();
    let shape = latent.shape().to_vec();
    let first = options.timesteps[0];
    let place_of = |step, timestep| (step, steps, timestep);
    observer
        .look(Look::at(Stage::Encode, place_of(0, first), &latent))
        .await?;
    let mut z = scheduler.add_noise(&latent, &noise.normal(&shape)?, first)?;
    observer
        .look(Look::at(Stage::Noise, place_of(1, first), &z))
        .await?;

    for (k, t) in options.timesteps.iter().copied().enumerate() {
        let place = format!("step {} of {steps}, t = {t}", k + 1);

        observer.checkpoint().await?;
        let output = guard::finite(prior.predict(&z, t).await?, "denoising network", &place)?;
        let z0 = scheduler.predict_x0(&z, &output, t)?;
        observer
            .look(Look::at(Stage::Consistency, place_of(k + 1, t), &z0))
            .await?;

        observer.checkpoint().await?;
        let next = options.timesteps.get(k + 1);
        let decoded = match next {
            Some(_) => prior.decode(&z0).await?,
            None => prior.decode_last(&z0).await?,
        };
        let decoded = guard::picture(decoded, &place)?.clamp(-1.0, 1.0);
        let kept = options.relaxation * scheduler.alpha_bar(t)?;
        let before = relaxed(decoded.clone(), last.as_ref(), kept)?;
        observer
            .look(Look::at(Stage::Decode, place_of(k + 1, t), &before))
            .await?;
        let at = Situation {
            t,
            alpha_bar: scheduler.alpha_bar(t)?,
            sigma_n: 2.0 * problem.sigma,
        };
        let weight = observer.data_weight();
        let (after, data) = data_step(&problem, options.rule, weight, &before, at, &place)?;
        observer.notify(StepReport {
            step: k + 1,
            steps,
            timestep: t,
            before: before.clone(),
            after: after.clone(),
            data,
        });
        observer
            .look(Look::at(Stage::Prox, place_of(k + 1, t), &after))
            .await?;

        let Some(next) = next else {
            return finish(prior, options.output, before, after, steps, observer).await;
        };
        let clean = re_encode(
            prior,
            options.re_encoding,
            &z0,
            &decoded,
            &after,
            &place,
            observer,
        )
        .await?;
        observer
            .look(Look::at(Stage::Encode, place_of(k + 1, t), &clean))
            .await?;
        last = Some(after);
        let fresh = noise.normal(&shape)?;
        let mixed = mix_noise(scheduler, options.fresh_noise, &z, &clean, t, fresh)?;
        z = scheduler.add_noise(&clean, &mixed, *next)?;
        observer
            .look(Look::at(Stage::Noise, place_of(k + 2, *next), &z))
            .await?;
    }
    // The loop returns at its last timestep, and `check` refused an empty list.
    Err(Error::invalid("the list of timesteps is empty"))
}

fn check<L>(
    scheduler: &LcmScheduler,
    problem: &Problem<'_, L>,
    options: &LatinoOptions,
) -> Result<()> {
    scheduler.check_timesteps(&options.timesteps)?;
    options.rule.check()?;
    check_problem(problem)?;
    if !(0.0..=1.0).contains(&options.fresh_noise) {
        return Err(Error::invalid(format!(
            "the share of fresh noise is {}; it must be 0 to 1",
            options.fresh_noise
        )));
    }
    if !(0.0..1.0).contains(&options.relaxation) {
        return Err(Error::invalid(format!(
            "the relaxation is {}; it must be 0 or more and below 1",
            options.relaxation
        )));
    }
    Ok(())
}

async fn finish<P: Prior>(
    prior: &P,
    output: OutputStage,
    before: HostTensor,
    after: HostTensor,
    steps: usize,
    observer: &mut impl Observer<StepReport>,
) -> Result<Restoration> {
    let picture = match output {
        OutputStage::Prox => after,
        OutputStage::BeforeProx => before,
        OutputStage::Decoded => {
            observer.checkpoint().await?;
            let latent = guard::finite(prior.encode(&after).await?, "encoder", "last round trip")?;
            observer.checkpoint().await?;
            guard::picture(prior.decode_last(&latent).await?, "last round trip")?.clamp(-1.0, 1.0)
        }
    };
    Ok(Restoration {
        picture,
        evaluations: steps,
    })
}

#[cfg(test)]
#[path = "latino_tests.rs"]
mod tests;
