//! `latino edit`: change what a picture shows, by constrained prompt steps (docs/editing.md).

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use serde_json::json;

use super::{DeviceArg, RuleArg, report, restore};
use crate::engine::Pipeline;
use crate::engine::files::Folder;
use crate::engine::job::{self, Restoration, Setup, SolverSettings};
use crate::image::png::{read_mask, read_png, write_png};
use crate::protocol::{ProSettings, Solver, StepRule};

/// Options.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Model folder.
    #[arg(long)]
    model: PathBuf,
    /// PNG: the picture to edit.
    #[arg(long)]
    image: PathBuf,
    /// What the picture shows.
    #[arg(long)]
    from: String,
    /// What it is to show. Keep the wording up to the changed words.
    #[arg(long)]
    to: String,
    /// How far the result may differ, as a standard deviation for pictures in [0, 1].
    #[arg(long, default_value_t = 0.2)]
    tolerance: f64,
    /// Prompt steps.
    #[arg(long, default_value_t = 4)]
    iterations: u32,
    /// How far the unchanged words' tokens may move.
    #[arg(long, default_value_t = 5.0)]
    radius: f64,
    /// Timestep to start from: 999 keeps nothing of the layout, 399 almost all.
    #[arg(long, default_value_t = 599)]
    start: usize,
    /// Network evaluations of the last run.
    #[arg(long, default_value_t = 8)]
    steps: usize,
    /// PNG of the measurement that must stay explained; with --task and --noise.
    #[arg(long, requires = "task")]
    measurement: Option<PathBuf>,
    /// Forward operator of the measurement.
    #[arg(long)]
    task: Option<String>,
    /// Noise of the measurement.
    #[arg(long, default_value = "0.02")]
    noise: String,
    /// Inpainting mask of the measurement.
    #[arg(long)]
    mask: Option<PathBuf>,
    /// Seed of all random numbers.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Words of --to that must stay as they are, beside those that it changes.
    #[arg(long, default_value = "")]
    stay: String,
    /// The PNG to write.
    #[arg(long)]
    out: PathBuf,
    /// Where to compute.
    #[arg(long, default_value = "cpu")]
    device: DeviceArg,
    /// Step size rule (default: what the model recommends, else discrepancy).
    #[arg(long)]
    rule: Option<RuleArg>,
    /// Print a report as JSON.
    #[arg(long)]
    json: bool,
}

/// Runs the command.
pub async fn run(args: Args) -> Result<()> {
    let picture = read_png(&args.image)?;
    let measurement = match (&args.measurement, &args.task) {
        (None, Some(_)) => bail!("--task needs --measurement"),
        (Some(path), Some(task)) => {
            let picture = read_png(path)?;
            let noise = restore::noise(&args.noise, true, &picture)?;
            Some(Restoration::new(Setup {
                picture,
                measured: true,
                mask: args.mask.as_deref().map(read_mask).transpose()?,
                kernel: None,
                task: task.clone(),
                noise,
                seed: args.seed,
            })?)
        }
        _ => None,
    };
    let compute = args.device.open()?;
    let pipeline = Pipeline::load(&Folder(args.model), &compute.device).await?;
    let settings = SolverSettings {
        solver: Solver::LatinoPro,
        prompt: args.to.clone(),
        steps: args.steps,
        start: Some(args.start),
        rule: args
            .rule
            .map_or(pipeline.report().recommended.rule, StepRule::from),
        pro: ProSettings {
            iterations: args.iterations,
            radius: args.radius,
            expected: true,
            ..ProSettings::default()
        },
        ..SolverSettings::default()
    };
    let edit = job::Edit {
        from: args.from,
        to: args.to,
        tolerance: args.tolerance,
        stay: args.stay,
    };
    let mut log = report::Log::new(Instant::now());
    let done = job::edit(
        &picture,
        &edit,
        measurement.as_ref(),
        args.seed,
        &settings,
        &pipeline,
        &mut log,
    )
    .await?;
    write_png(&args.out, &done.tensor).with_context(|| args.out.display().to_string())?;
    if args.json {
        let report = json!({
            "evaluations": done.evaluations, "residual": done.metrics.residual, "iterations": log.iterations,
            "device": compute.report.name,
        });
        report::print(&serde_json::to_string_pretty(&report)?)?;
    }
    Ok(())
}
