//! A [`Pipeline`] as the prior of the solvers.

use burn::tensor::Tensor;

use super::transfer::{download, upload};
use super::{Pipeline, codec};
use crate::models::unet::Pullback;
use crate::solver::{Codec, Prior, PromptPrior};
use crate::{HostTensor, Result};

/// A [`Pipeline`] under one prompt: the prior p(x | c).
#[derive(Debug)]
pub struct Conditioned<'a> {
    pipeline: &'a Pipeline,
    context: Tensor<3>,
    embedding: HostTensor,
    guidance: f32,
    hybrid: bool,
}

impl<'a> Conditioned<'a> {
    /// See [`Pipeline::condition`].
    pub(super) fn new(
        pipeline: &'a Pipeline,
        embedding: &HostTensor,
        guidance: f32,
    ) -> Result<Self> {
        Ok(Self {
            pipeline,
            context: upload(embedding, &pipeline.device)?,
            embedding: embedding.clone(),
            guidance,
            hybrid: false,
        })
    }

    /// With the hybrid codec, or without it; see [`Prompted::hybrid`].
    pub fn hybrid(self, hybrid: bool) -> Self {
        Self { hybrid, ..self }
    }
}

/// The codec of a `$prior`, which has the fields `pipeline` and `hybrid`.
macro_rules! codec_of {
    ($prior:ty) => {
        impl Codec for $prior {
            fn latent_shape(&self, picture: [usize; 4]) -> Result<[usize; 4]> {
                self.pipeline.autoencoders.latent_shape(picture)
            }
            async fn encode(&self, picture: &HostTensor) -> Result<HostTensor> {
                self.latent_shape(picture.dims4()?)?;
                let ae = self.pipeline.autoencoders.inside(self.hybrid);
                codec::encode(ae, picture, &self.pipeline.device).await
            }
            async fn decode(&self, latent: &HostTensor) -> Result<HostTensor> {
                let ae = self.pipeline.autoencoders.inside(self.hybrid);
                codec::decode(ae, latent, &self.pipeline.device).await
            }
            async fn decode_last(&self, latent: &HostTensor) -> Result<HostTensor> {
                let ae = self.pipeline.autoencoders.full();
                codec::decode(ae, latent, &self.pipeline.device).await
            }
        }
    };
}

codec_of!(Conditioned<'_>);
codec_of!(Prompted<'_>);

impl Prior for Conditioned<'_> {
    async fn predict(&self, z: &HostTensor, t: usize) -> Result<HostTensor> {
        let batch = z.dims4()?[0];
        let unet = &self.pipeline.unet;
        let context = if batch == 1 {
            self.context.clone()
        } else {
            let mut shape = self.embedding.shape().to_vec();
            shape[0] = batch;
            let rows = HostTensor::new(shape, self.embedding.data().repeat(batch))?;
            upload(&rows, &self.pipeline.device)?
        };
        let cond = unet.guidance(self.guidance, batch, &self.pipeline.device);
        let z = upload(z, &self.pipeline.device)?;
        download(unet.forward(z, &[t as f32], context, cond)?).await
    }
}

/// A [`Pipeline`] as a prior whose prompt embedding is an argument.
#[derive(Debug, Clone, Copy)]
pub struct Prompted<'a> {
    pipeline: &'a Pipeline,
    guidance: f32,
    hybrid: bool,
}

impl<'a> Prompted<'a> {
    /// `guidance` as in [`Pipeline::condition`].
    pub fn new(pipeline: &'a Pipeline, guidance: f32) -> Self {
        Self {
            pipeline,
            guidance,
            hybrid: false,
        }
    }

    /// With the hybrid codec: the model's quick autoencoder, where it has one, encodes and decodes inside
    /// a chain, and the full one decodes the picture that a run ends with.
    pub fn hybrid(self, hybrid: bool) -> Self {
        Self { hybrid, ..self }
    }
}

impl PromptPrior for Prompted<'_> {
    type Pullback<'b>
        = Pullback<'b>
    where
        Self: 'b;

    async fn predict_at(&self, z: &HostTensor, t: usize, c: &HostTensor) -> Result<HostTensor> {
        let prior = self.pipeline.condition(c, self.guidance)?;
        prior.predict(z, t).await
    }

    async fn predict_with_pullback(
        &self,
        z: &HostTensor,
        t: usize,
        c: &HostTensor,
    ) -> Result<(HostTensor, Pullback<'_>)> {
        let (unet, device) = (&self.pipeline.unet, &self.pipeline.device);
        let batch = z.dims4()?[0];
        let cond = unet.guidance(self.guidance, batch, device);
        let z = upload(z, device)?;
        let (output, pullback) = unet.forward_vjp(z, &[t as f32], upload(c, device)?, cond)?;
        Ok((download(output).await?, pullback))
    }

    async fn pull_back<'b>(
        &'b self,
        pullback: Self::Pullback<'b>,
        seed: &HostTensor,
    ) -> Result<HostTensor> {
        download(pullback.context(upload(seed, &self.pipeline.device)?)?).await
    }
}
