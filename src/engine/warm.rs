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
    /// Compiles and checks the kernels of the model on a GPU; on the CPU there is nothing to do.
    /// `packed` tells the precision of each part; diffusers folders are taken to be in half precision.
    /// Fails with [`Error::Device`] naming a kernel that the device refuses, and like the networks'
    /// `load`.
    pub async fn warm_up(&self, packed: Option<&Packed>, device: &Device) -> Result<()> {
        if !crate::ops::on_gpu(device) {
            return Ok(());
        }
        let weights = |part: &str| {
            let precision = packed.and_then(|p| p.part(part).ok());
            Weights::planned(part, precision.map_or(Precision::F16, |p| p.precision))
        };
        let plan = Plan::new();
        let text = ClipTextModel::load(&self.text, &weights("text_encoder"), device)?;
        let tokens = vec![0; text.config().max_position_embeddings];
        let context = text.forward(&tokens, 1)?;
        let plan = checked(plan).await?;

        let unet = UNet2DConditionModel::load(&self.unet, &weights("unet"), device)?;
        let side = unet.config().sample_size.unwrap_or(64);
        let sample = nothing([1, unet.config().in_channels, side, side], device);
        let guidance = unet.guidance(1.0, 1, device);
        unet.forward(sample, &[1.0], context, guidance)?;
        let plan = checked(plan).await?;

        let vae = Autoencoder::load(&self.vae, &weights("vae"), device)?;
        let pixels = side * vae.downsample_factor();
        vae.encode(nothing([1, 3, pixels, pixels], device))?;
        vae.decode(nothing([1, vae.latent_channels(), side, side], device))?;
        checked(plan).await?;
        Ok(())
    }
}

/// Waits for the pipelines planned so far, and goes on planning. Others may use the device meanwhile.
async fn checked(plan: Plan) -> Result<Plan> {
    drop(plan);
    // Natively creating a pipeline checks it.
    if cfg!(target_arch = "wasm32") {
        check_kernels().await.map_err(Error::device)?;
    }
    Ok(Plan::new())
}

fn nothing(shape: [usize; 4], device: &Device) -> Tensor<4> {
    let zeros = vec![0f32; shape.iter().product()];
    Tensor::from_data(TensorData::new(zeros, shape), device)
}
