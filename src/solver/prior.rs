//! What a solver needs from the world: a generative prior, and someone who watches.

use super::Look;
use crate::{HostTensor, Result};

/// An autoencoder between pictures `[B, 3, H, W]` in [-1, 1] and *scaled* latents
/// `[B, C, H / f, W / f]` (diffusers: `scaling_factor * (latent - shift_factor)`).
#[allow(async_fn_in_trait)]
pub trait Codec {
    /// Latent shape `[B, C, h, w]` of a picture of shape `[B, 3, H, W]`.
    /// Fails when H or W is not a multiple of the downsampling factor.
    fn latent_shape(&self, picture: [usize; 4]) -> Result<[usize; 4]>;

    /// Posterior mean of the encoder, scaled.
    async fn encode(&self, picture: &HostTensor) -> Result<HostTensor>;

    /// The decoded picture, not clamped.
    async fn decode(&self, latent: &HostTensor) -> Result<HostTensor>;

    /// [`Codec::decode`] for the picture that a run ends with: a better and slower decoder, where
    /// there is one.
    async fn decode_last(&self, latent: &HostTensor) -> Result<HostTensor> {
        self.decode(latent).await
    }
}

/// A latent consistency model, conditioned on a prompt.
#[allow(async_fn_in_trait)]
pub trait Prior: Codec {
    /// The network's raw output at scaled latents `z` `[B, C, h, w]` and timestep `t` in 0..1000:
    /// epsilon, v or the clean sample, as the scheduler's `prediction_type` says. One network evaluation.
    async fn predict(&self, z: &HostTensor, t: usize) -> Result<HostTensor>;
}

/// A latent consistency model whose prompt embedding c `[1, N, width]` is an argument, with the
/// vector-Jacobian product of its output with respect to c.
#[allow(async_fn_in_trait)]
pub trait PromptPrior: Codec {
    /// What [`PromptPrior::pull_back`] needs of a forward pass.
    type Pullback<'a>
    where
        Self: 'a;

    /// [`Prior::predict`] under the embedding `c`.
    async fn predict_at(&self, z: &HostTensor, t: usize, c: &HostTensor) -> Result<HostTensor>;

    /// [`PromptPrior::predict_at`], and what is needed to differentiate it.
    async fn predict_with_pullback(
        &self,
        z: &HostTensor,
        t: usize,
        c: &HostTensor,
    ) -> Result<(HostTensor, Self::Pullback<'_>)>;

    /// J^T v for J the Jacobian of the output with respect to c, and v `seed` of the output's
    /// shape; of the shape of c.
    async fn pull_back<'a>(
        &'a self,
        pullback: Self::Pullback<'a>,
        seed: &HostTensor,
    ) -> Result<HostTensor>;
}

/// Watches a long computation and may stop it.
#[allow(async_fn_in_trait)]
pub trait Observer<Event> {
    /// Called at every event, in order.
    fn notify(&mut self, event: Event);

    /// Called between network calls. Gives the host a turn (in a worker: lets messages in) and
    /// fails with [`crate::Error::Cancelled`] when the computation should stop.
    async fn checkpoint(&mut self) -> Result<()>;

    /// Called with what every part of a step of [`super::latino`] has made. May wait, and fails as
    /// [`Observer::checkpoint`] does.
    async fn look(&mut self, _look: Look<'_>) -> Result<()> {
        Ok(())
    }

    /// Factor on the step size of the next data step; 1 is the rule's own choice.
    fn data_weight(&self) -> f64 {
        1.0
    }
}

/// An observer that ignores everything and never cancels.
#[derive(Debug, Default, Clone, Copy)]
pub struct Silent;

impl<Event> Observer<Event> for Silent {
    fn notify(&mut self, _event: Event) {}
    async fn checkpoint(&mut self) -> Result<()> {
        Ok(())
    }
}
