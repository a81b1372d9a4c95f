//! Making a model's pipelines before its weights are there: the networks are walked through with
//! stand-ins for weights, at the sizes that they will have, and every kernel on the way is checked and
//! compiled, while the weights are on their way.

use burn::tensor::{Device, Tensor, TensorData};

use crate::models::{Autoencoder, ClipTextModel, UNet2DConditionModel, Weights};
use crate::ops::{Plan, check_kernels};
use crate::pack::{Packed, Precision};
use crate::{Error, Result};

/// The `config.json` of the parts of a model.
#[derive(Debug)]
pub struct Configs {
    pub text: String,
    pub unet: String,
    pub vae: String,
}

impl Configs {
    /// Checks and compiles the kernels of the model on a GPU; on the CPU there is nothing to do.
    /// `packed` tells the precision of each part; diffusers folders are taken to be in half precision.
    /// Fails with [`Error::Device`] naming a kernel that the device refuses, and like the networks'
    /// `load`.
    pub async fn warm_up(&self, packed: Option<&Packed>, device: &Device) -> Result<()> {
        if !crate::ops::on_gpu(device) {
            return Ok(());
        }
        // Natively creating a pipeline checks it.
        if cfg!(target_arch = "wasm32") {
            let plan = Plan::list();
            self.walk(packed, device)?;
            drop(plan);
            check_kernels().await.map_err(Error::device)?;
        }
        let _plan = Plan::compile();
        self.walk(packed, device)
    }

    fn walk(&self, packed: Option<&Packed>, device: &Device) -> Result<()> {
        let weights = |part: &str| {
            let precision = packed.and_then(|p| p.part(part).ok());
            Weights::planned(part, precision.map_or(Precision::F16, |p| p.precision))
        };
        let text = ClipTextModel::load(&self.text, &weights("text_encoder"), device)?;
        let unet = UNet2DConditionModel::load(&self.unet, &weights("unet"), device)?;
        let vae = Autoencoder::load(&self.vae, &weights("vae"), device)?;
        let tokens = vec![0; text.config().max_position_embeddings];
        let context = text.forward(&tokens, 1)?;
        let (config, factor) = (unet.config(), vae.downsample_factor());
        let side = config.sample_size.unwrap_or(64);
        let sample = nothing([1, config.in_channels, side, side], device);
        let guidance = unet.guidance(1.0, 1, device);
        unet.forward(sample, &[1.0], context, guidance)?;
        vae.encode(nothing([1, 3, side * factor, side * factor], device))?;
        vae.decode(nothing([1, vae.latent_channels(), side, side], device))?;
        Ok(())
    }
}

fn nothing(shape: [usize; 4], device: &Device) -> Tensor<4> {
    let zeros = vec![0f32; shape.iter().product()];
    Tensor::from_data(TensorData::new(zeros, shape), device)
}
