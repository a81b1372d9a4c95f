//! `latino pack`: a diffusers folder into a packed model.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::Result;

use super::{InitArg, RuleArg};
use crate::engine::check::check_configs;
use crate::pack::Precision;
use crate::pack::folder::{Job, Progress, pack};
use crate::pack::source::io_error;

/// Options.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Diffusers folder.
    #[arg(long)]
    from: PathBuf,
    /// Folder to make; it must not be there yet.
    #[arg(long)]
    to: PathBuf,
    /// Precision of the UNet.
    #[arg(long, default_value = "q8")]
    unet: Precision,
    /// Precision of the text encoder.
    #[arg(long, default_value = "q8")]
    text: Precision,
    /// Precision of the autoencoder.
    #[arg(long, default_value = "f16")]
    vae: Precision,
    /// LoRA safetensors to fuse into the weights; may be given again.
    #[arg(long)]
    lora: Vec<PathBuf>,
    /// Weight of each LoRA, in the same order (default: 1).
    #[arg(long)]
    lora_scale: Vec<f32>,
    /// Display name (default: the source's manifest, else its folder).
    #[arg(long)]
    name: Option<String>,
    /// Licence: an SPDX expression or a sentence (default: the source's manifest).
    #[arg(long)]
    licence: Option<String>,
    /// Where the model comes from (default: the source's manifest).
    #[arg(long)]
    source: Option<String>,
    /// Recommended number of LATINO's steps (default: the source's manifest, else 8).
    #[arg(long)]
    steps: Option<u32>,
    /// Recommended first timestep (default: the source's manifest, else the model's last).
    #[arg(long)]
    start: Option<u32>,
    /// Recommended start (default: the source's manifest, else the pseudo-inverse).
    #[arg(long)]
    init: Option<InitArg>,
    /// Recommended step size rule (default: the source's manifest, else discrepancy).
    #[arg(long)]
    rule: Option<RuleArg>,
    /// Recommended relaxation, 0 to below 1 (default: the source's manifest, else 0).
    #[arg(long)]
    relaxation: Option<f64>,
    /// Largest shard in MiB: smaller ones make a cut download of a small model lose less.
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=64))]
    shard_mib: u32,
}

const MIB: usize = 1 << 20;

/// Megabytes.
fn mb(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

/// Runs the command.
pub fn run(args: Args) -> Result<()> {
    let mut job = Job::new(args.from, args.to);
    (job.unet, job.text, job.vae) = (args.unet, args.text, args.vae);
    if args.lora_scale.len() > args.lora.len() {
        anyhow::bail!("--lora-scale is given more often than --lora");
    }
    let scales = args.lora_scale.into_iter().chain(std::iter::repeat(1.0));
    job.loras = args.lora.into_iter().zip(scales).collect();
    job.facts.name = args.name.unwrap_or(job.facts.name);
    job.facts.licence = args.licence.unwrap_or(job.facts.licence);
    job.facts.source = args.source.unwrap_or(job.facts.source);
    let r = &mut job.facts.recommended;
    r.steps = args.steps.unwrap_or(r.steps);
    r.start = args.start.or(r.start);
    r.init = args.init.map_or(r.init, Into::into);
    r.rule = args.rule.map_or(r.rule, Into::into);
    r.relaxation = args.relaxation.unwrap_or(r.relaxation);
    job.shard_bytes = args.shard_mib as usize * MIB;
    check_configs(|path| {
        let path = job.from.join(path);
        std::fs::read_to_string(&path).map_err(|e| io_error(&path, &e))
    })?;
    let mut last: Option<Instant> = None;
    let manifest = pack(&job, &mut |p: Progress| {
        // The first news after a second: a small model is done before.
        let pause = last.get_or_insert_with(Instant::now);
        if pause.elapsed() >= Duration::from_secs(1) {
            *pause = Instant::now();
            let percent = 100.0 * p.done as f64 / p.total as f64;
            eprintln!("packing {}: {percent:.0} % of all weights", p.part);
        }
    })?;
    let Some(packed) = manifest.packed else {
        anyhow::bail!("the packed model has no table");
    };
    for part in &packed.parts {
        let pieces = part.tensors.iter().flat_map(|t| &t.pieces);
        println!(
            "{}: {}, {} tensors, {:.2} MB",
            part.name,
            part.precision,
            part.tensors.len(),
            mb(pieces.map(|p| p.length).sum())
        );
    }
    println!(
        "{}: {} parameters, {} shards, {:.2} MB in all",
        job.to.display(),
        packed.parameters,
        packed.shards.len(),
        mb(packed.total_bytes)
    );
    Ok(())
}
