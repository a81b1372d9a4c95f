//! Text to picture by multistep consistency sampling.

use super::{NoiseSource, Observer, Prior};
use crate::schedule::LcmScheduler;
use crate::{Error, HostTensor, Result};

/// Samples pictures of shape `[B, 3, H, W]` from the prior: start from noise, at every timestep
/// predict the clean latent, add fresh noise for the next. Source: Luo et al., "Latent Consistency
/// Models", 2023, algorithm 3. Noises are drawn as the start, then one after every step but the last.
/// The result is clamped to [-1, 1].
pub async fn generate(
    prior: &impl Prior,
    scheduler: &LcmScheduler,
    picture: [usize; 4],
    timesteps: &[usize],
    noise: &mut impl NoiseSource,
    observer: &mut impl Observer<usize>,
) -> Result<HostTensor> {
    scheduler.check_timesteps(timesteps)?;
    let shape = prior.latent_shape(picture)?;
    let mut z = noise.standard_normal(&shape)?;
    for (k, &t) in timesteps.iter().enumerate() {
        let output = prior.predict(&z, t).await?;
        if !output.is_finite() {
            return Err(Error::BadOutput(format!(
                "the UNet returned values that are not finite in step {}",
                k + 1
            )));
        }
        let (skip, out) = scheduler.boundary_scalings(t);
        let clean = scheduler.predict_x0(&z, &output, t)?;
        let denoised = clean.zip(&z, |x0, z| out as f32 * x0 + skip as f32 * z)?;
        z = match timesteps.get(k + 1) {
            Some(&next) => scheduler.add_noise(&denoised, &noise.standard_normal(&shape)?, next)?,
            None => denoised,
        };
        observer.notify(k + 1);
        observer.checkpoint().await?;
    }
    Ok(prior.decode(&z).await?.clamp(-1.0, 1.0))
}
