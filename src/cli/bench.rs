//! `latino bench`: where the time goes, and how much of the device's rate is used.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use serde_json::json;

use super::DeviceArg;
use super::report::print;
use crate::engine::files::{Folder, Rounded};
use crate::engine::job::{Restoration, Setup, SolverSettings};
use crate::engine::profile::{Profiling, Wanted, profile};
use crate::engine::{Compute, Pipeline};
use crate::noise::NoiseModel;
use crate::pack::Precision;
use crate::protocol::{NetworkProfile, Profile};
use crate::solver::{Observer, Silent};
use crate::{Error, HostTensor};

/// Options.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Model folder.
    #[arg(long)]
    model: PathBuf,
    /// Where to compute.
    #[arg(long, default_value = "cpu")]
    device: DeviceArg,
    /// Precision of the weights, for a diffusers folder. A packed model has precisions of its own.
    #[arg(long, default_value = "f32")]
    weights: Precision,
    /// Runs of each network that the medians are of, 1 to 100.
    #[arg(long, default_value_t = 3)]
    repeat: u32,
    /// Side of the picture in pixels (default: the model's own).
    #[arg(long)]
    size: Option<usize>,
    /// Time a whole LATINO restoration of so many steps, too.
    #[arg(long)]
    latino: Option<usize>,
    /// Print the profile as JSON.
    #[arg(long)]
    json: bool,
}

/// Says on standard error which network is being measured.
struct Progress;

impl Observer<Profiling> for Progress {
    fn notify(&mut self, Profiling(network): Profiling) {
        eprintln!("measuring {network}");
    }

    async fn checkpoint(&mut self) -> crate::Result<()> {
        Ok(())
    }
}

/// Runs the command.
pub async fn run(args: Args) -> Result<()> {
    let begun = Instant::now();
    let compute = args.device.open()?;
    let files = Rounded::new(Folder(args.model), args.weights)?;
    let pipeline = Pipeline::load(&files, &compute.device).await?;
    let loaded = begun.elapsed().as_secs_f64();
    let wanted = Wanted {
        side: args.size,
        repeat: args.repeat,
        ceiling: true,
    };
    let clock = || begun.elapsed().as_secs_f64();
    let profile = profile(&pipeline, wanted, clock, &mut Progress).await?;
    let chain = match args.latino {
        Some(steps) => Some((
            steps,
            restore(&pipeline, profile.side as usize, steps).await?,
        )),
        None => None,
    };
    if args.json {
        let mut report = json!({
            "model": pipeline.report().name, "device": compute.report.name, "gpu": compute.report.gpu,
            "weights": args.weights, "load_seconds": loaded, "profile": profile,
        });
        if let Some((steps, seconds)) = chain {
            report["latino"] = json!({ "steps": steps, "seconds": seconds });
        }
        return print(&serde_json::to_string_pretty(&report)?);
    }
    print(&text(&pipeline, &compute, loaded, &profile))?;
    if let Some((steps, seconds)) = chain {
        print(&format!("\nLATINO, {steps} steps: {seconds:.2} s"))?;
    }
    Ok(())
}

/// Seconds of a LATINO restoration of a made-up picture, blurred and with noise. What random weights
/// make of it may be refused as a picture; the time is the same.
async fn restore(pipeline: &Pipeline, side: usize, steps: usize) -> Result<f64> {
    let values = (0..3 * side * side).map(|i| (i as f32 * 0.013).sin());
    let restoration = Restoration::new(Setup {
        picture: HostTensor::new(vec![1, 3, side, side], values.collect())?,
        measured: false,
        mask: None,
        kernel: None,
        task: "gaussian-blur:sigma=3".into(),
        noise: NoiseModel::Gaussian { sigma: 0.02 },
        seed: 0,
    })?;
    let settings = SolverSettings {
        prompt: "a picture".into(),
        steps,
        ..SolverSettings::default()
    };
    let begun = Instant::now();
    match restoration.run(&settings, 1, pipeline, &mut Silent).await {
        Ok(_) => {}
        Err(Error::BadOutput(why)) => eprintln!("warning: no picture came out: {why}"),
        Err(e) => return Err(e.into()),
    }
    Ok(begun.elapsed().as_secs_f64())
}

/// The share of the ceiling that a network reaches, in per cent.
fn share(n: &NetworkProfile, ceiling: Option<f64>) -> String {
    ceiling.map_or_else(String::new, |c| {
        format!("{:.0} %", 100.0 * n.flops / n.seconds / c)
    })
}

/// The profile as Markdown tables.
fn text(pipeline: &Pipeline, compute: &Compute, loaded: f64, p: &Profile) -> String {
    let (name, device, side) = (&pipeline.report().name, &compute.report.name, p.side);
    let mut lines = vec![format!(
        "{name} on {device}, loaded in {loaded:.2} s; {side} x {side} pixels, medians of {} runs",
        p.repeat
    )];
    if let Some(ceiling) = p.ceiling {
        lines.push(format!(
            "best large matrix product: {:.2} GFLOP/s",
            ceiling / 1e9
        ));
    }
    if let Some(m) = p.memory {
        lines.push(format!(
            "device memory: {:.1} MiB reserved, {:.1} MiB in use",
            m.reserved as f64 / 1048576.0,
            m.in_use as f64 / 1048576.0
        ));
    }
    let head = "\n| network | ms | first ms | GFLOP | GFLOP/s | of the best product | dispatches |";
    lines.extend([head.into(), "|---|---|---|---|---|---|---|".into()]);
    for n in &p.networks {
        lines.push(format!(
            "| {} | {:.2} | {:.1} | {:.3} | {:.2} | {} | {} |",
            n.name,
            1e3 * n.seconds,
            1e3 * n.first,
            n.flops / 1e9,
            n.flops / n.seconds / 1e9,
            share(n, p.ceiling),
            n.dispatches
        ));
    }
    let head = "\n| block (the wait for the device included) | ms | GFLOP | GFLOP/s | dispatches |";
    lines.extend([head.into(), "|---|---|---|---|---|".into()]);
    for n in &p.networks {
        for b in &n.blocks {
            lines.push(format!(
                "| {}: {} | {:.2} | {:.3} | {:.2} | {} |",
                n.name,
                b.name,
                1e3 * b.seconds,
                b.flops / 1e9,
                b.flops / b.seconds / 1e9,
                b.dispatches
            ));
        }
    }
    if p.networks.iter().any(|n| !n.kernels.is_empty()) {
        let head = "\n| network | kernel variant | launches |";
        lines.extend([head.into(), "|---|---|---|".into()]);
    }
    for n in &p.networks {
        for k in &n.kernels {
            lines.push(format!("| {} | {} | {} |", n.name, k.kernel, k.count));
        }
    }
    lines.join("\n")
}
