//! `latino generate`: a picture from a prompt.

use std::path::PathBuf;

use anyhow::Result;

use super::DeviceArg;
use crate::engine::Pipeline;
use crate::engine::files::Folder;
use crate::image::check_picture;
use crate::image::png::write_png;
use crate::solver::{NoiseStream, SeededNoise, Silent, generate};

/// Options.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Model folder.
    #[arg(long)]
    model: PathBuf,
    /// Prompt, used verbatim.
    #[arg(long)]
    prompt: String,
    /// Network evaluations, 1 to 50.
    #[arg(long, default_value_t = 4)]
    steps: usize,
    /// Seed of all random numbers.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The PNG to write.
    #[arg(long)]
    out: PathBuf,
    /// Guidance scale, for models with a guidance embedding.
    #[arg(long, default_value_t = 1.0)]
    guidance: f32,
    /// Where to compute.
    #[arg(long, default_value = "cpu")]
    device: DeviceArg,
}

/// Runs the command.
pub async fn run(args: Args) -> Result<()> {
    let compute = args.device.open()?;
    let pipeline = Pipeline::load(&Folder(args.model), &compute.device).await?;
    let (encoding, embedding) = pipeline.embed(&args.prompt).await?;
    if encoding.dropped > 0 {
        eprintln!(
            "warning: the prompt is too long; its last {} tokens are not used",
            encoding.dropped
        );
    }
    let prior = pipeline.condition(&embedding, args.guidance)?;
    let side = pipeline.report().picture_size as usize;
    let timesteps = pipeline.scheduler().timesteps(args.steps)?;
    let mut noise = SeededNoise::new(args.seed, NoiseStream::Solver);
    let picture = generate(
        &prior,
        pipeline.scheduler(),
        [1, 3, side, side],
        &timesteps,
        &mut noise,
        &mut Silent,
    )
    .await?;
    check_picture(&picture)?;
    Ok(write_png(&args.out, &picture)?)
}
