//! `latino forward`: one network, tensors in and out.

use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::ValueEnum;

use super::DeviceArg;
use super::tensors::{Tensors, write};
use crate::engine::files::{Folder, Rounded};
use crate::engine::load::{load_autoencoder, load_text, load_unet};
use crate::engine::transfer::{download, upload};
use crate::pack::Precision;

/// A network of the pipeline.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Part {
    /// `input_ids` to `last_hidden_state`.
    Text,
    /// `sample`, `timestep`, `encoder_hidden_states`, optional `timestep_cond` to `sample`.
    Unet,
    /// `image` to `latent` (mean, unscaled).
    Encode,
    /// `latent` (unscaled) to `image`.
    Decode,
}

/// Options.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Model folder.
    #[arg(long)]
    model: PathBuf,
    /// Which network.
    #[arg(long)]
    part: Part,
    /// Input safetensors.
    #[arg(long)]
    inputs: PathBuf,
    /// Output safetensors.
    #[arg(long)]
    outputs: PathBuf,
    /// Precision that the weights of a diffusers folder are rounded to, as packing rounds them. A
    /// packed model has precisions of its own.
    #[arg(long, default_value = "f32")]
    weights: Precision,
    /// Where to compute.
    #[arg(long, default_value = "cpu")]
    device: DeviceArg,
}

/// Runs the command.
pub async fn run(args: Args) -> Result<()> {
    let device = args.device.open()?.device;
    let files = Rounded::new(Folder(args.model), args.weights)?;
    let inputs = Tensors::read(&args.inputs)?;
    let (name, out) = match args.part {
        Part::Text => {
            let ids = inputs.get("input_ids")?;
            let [batch, _] = *ids.shape() else {
                bail!("input_ids is {:?}, expected [batch, tokens]", ids.shape())
            };
            let text = load_text(&files, &device).await?;
            let ids: Vec<u32> = ids.data().iter().map(|v| *v as u32).collect();
            (
                "last_hidden_state",
                download(text.forward(&ids, batch)?).await?,
            )
        }
        Part::Unet => {
            let unet = load_unet(&files, &device).await?;
            let cond = inputs
                .optional("timestep_cond")
                .map(|c| upload(c, &device))
                .transpose()?;
            let out = unet.forward(
                upload(inputs.get("sample")?, &device)?,
                inputs.get("timestep")?.data(),
                upload(inputs.get("encoder_hidden_states")?, &device)?,
                cond,
            )?;
            ("sample", download(out).await?)
        }
        Part::Encode => {
            let ae = load_autoencoder(&files, &device).await?;
            (
                "latent",
                download(ae.encode(upload(inputs.get("image")?, &device)?)?).await?,
            )
        }
        Part::Decode => {
            let ae = load_autoencoder(&files, &device).await?;
            (
                "image",
                download(ae.decode(upload(inputs.get("latent")?, &device)?)?).await?,
            )
        }
    };
    write(&args.outputs, name, &out)
}
