//! Pictures from the prior alone.

use super::{NoiseSource, Observer, Prior, guard};
use crate::{HostTensor, Result, schedule::LcmScheduler};

/// One step of [`generate`], for an observer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GenerateReport {
    /// 1 to `steps`.
    pub step: usize,
    /// Steps in all.
    pub steps: usize,
    /// The timestep t.
    pub timestep: usize,
}

/// Multi-step consistency sampling (Luo et al. 2023, algorithm 3, without guidance), as diffusers'
/// pipeline with `LCMScheduler` does it: pictures `[B, 3, H, W]` in [-1, 1] for the prompt that
/// `prior` is conditioned on.
///
/// Order of the noise drawn, all of the latent's shape: the initial latent, then one after each
/// step but the last. `observer` is asked between network calls whether to go on.
///
/// Fails with [`crate::Error::Invalid`] on bad timesteps, [`crate::Error::Cancelled`] from the
/// observer, [`crate::Error::BadOutput`] when a network gives no numbers or a constant picture, and
/// as prior and noise source do.
pub async fn generate<P: Prior>(
    prior: &P,
    scheduler: &LcmScheduler,
    picture: [usize; 4],
    timesteps: &[usize],
    noise: &mut impl NoiseSource,
    observer: &mut impl Observer<GenerateReport>,
) -> Result<HostTensor> {
    scheduler.check_timesteps(timesteps)?;
    let shape = prior.latent_shape(picture)?;
    let steps = timesteps.len();
    let mut z = noise
        .normal(&shape)?
        .map(|n| n * LcmScheduler::INIT_NOISE_SIGMA as f32);
    for (k, t) in timesteps.iter().copied().enumerate() {
        observer.checkpoint().await?;
        let place = format!("step {} of {steps}, t = {t}", k + 1);
        let output = guard::finite(prior.predict(&z, t).await?, "denoising network", &place)?;
        z = match timesteps.get(k + 1) {
            Some(next) => {
                let n = noise.normal(&shape)?;
                scheduler.step(&z, &output, t, Some((*next, &n)))?.next
            }
            None => scheduler.step(&z, &output, t, None)?.next,
        };
        observer.notify(GenerateReport {
            step: k + 1,
            steps,
            timestep: t,
        });
    }
    observer.checkpoint().await?;
    let decoded = guard::picture(prior.decode(&z).await?, "generation")?;
    decoded.expect_shape("decoded picture", &picture)?;
    Ok(decoded.clamp(-1.0, 1.0))
}
