//! `latino restore`: a picture in, restored pictures and a report out.

use std::io::Write;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde_json::{Value, json};

use super::DeviceArg;
use crate::HostTensor;
use crate::engine::Pipeline;
use crate::engine::files::Folder;
use crate::engine::job::{JobEvent, Restoration, Setup, SolverSettings};
use crate::image::png::{read_mask, read_png, write_png};
use crate::protocol::{Initialisation, Metrics, OutputStage, StepRule};
use crate::solver::{LatinoOptions, Observer, ReEncoding, StepReport};

/// Which solver.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Solver {
    #[default]
    Latino,
    LatinoPro,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Init {
    #[default]
    PseudoInverse,
    Adjoint,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Output {
    #[default]
    Prox,
    Decoded,
    BeforeProx,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Rule {
    #[default]
    Discrepancy,
    Published,
    MomentMatching,
}

/// Options.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Model folder.
    #[arg(long)]
    model: PathBuf,
    /// PNG: the truth to degrade, or with --measured the degraded picture.
    #[arg(long)]
    image: PathBuf,
    /// Forward operator, such as gaussian-blur:sigma=3.
    #[arg(long)]
    task: String,
    /// Noise standard deviation for pictures in [0, 1].
    #[arg(long)]
    noise: f32,
    /// Prompt, used verbatim.
    #[arg(long)]
    prompt: String,
    /// The picture is already degraded.
    #[arg(long)]
    measured: bool,
    /// Inpainting mask: white = known.
    #[arg(long)]
    mask: Option<PathBuf>,
    /// Blur kernel as a grey picture, for blur:kernel=given.
    #[arg(long)]
    kernel: Option<PathBuf>,
    /// Solver.
    #[arg(long, default_value = "latino")]
    solver: Solver,
    /// Network evaluations, 1 to 50.
    #[arg(long, default_value_t = 8)]
    steps: usize,
    /// First timestep of the chain; the model's last one when not given. A lower one keeps more of
    /// the initial picture.
    #[arg(long)]
    start: Option<usize>,
    /// Seed of all random numbers.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Posterior samples.
    #[arg(long, default_value_t = 1)]
    samples: usize,
    /// Folder for the results.
    #[arg(long)]
    out: PathBuf,
    /// Where to compute.
    #[arg(long, default_value = "cpu")]
    device: DeviceArg,
    /// Start: pseudo-inverse, or adjoint as published.
    #[arg(long, default_value = "pseudo-inverse")]
    init: Init,
    /// Result: after the last prox, decoded as published, or before the last prox.
    #[arg(long, default_value = "prox")]
    output: Output,
    /// Step size rule.
    #[arg(long, default_value = "discrepancy")]
    rule: Rule,
    /// Target of the discrepancy rule, as a multiple of the noise energy.
    #[arg(long, default_value_t = 1.0)]
    rho: f64,
    /// Encode only what the prox changed (one more encoder call a step).
    #[arg(long)]
    corrected: bool,
    /// Share of fresh noise (DiffPIR's zeta); 1 is LATINO.
    #[arg(long, default_value_t = 1.0)]
    zeta: f64,
    /// Guidance scale, for models with a guidance embedding.
    #[arg(long, default_value_t = 1.0)]
    guidance: f32,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
}

/// Collects the steps for the report and warns of a prompt that was cut.
struct Log {
    steps: Vec<Value>,
    last: Instant,
}

impl Observer<JobEvent> for Log {
    fn notify(&mut self, event: JobEvent) {
        let seconds = self.last.elapsed().as_secs_f64();
        self.last = Instant::now();
        match event {
            JobEvent::Started { dropped, .. } => {
                if dropped > 0 {
                    eprintln!(
                        "warning: the prompt is too long; its last {dropped} tokens are not used"
                    );
                }
            }
            JobEvent::Step(StepReport {
                step,
                timestep,
                data,
                ..
            }) => {
                for d in data {
                    self.steps.push(json!({
                        "step": step, "timestep": timestep, "residual_before": d.residual_before,
                        "residual_after": d.residual_after, "gamma": d.gamma, "seconds": seconds,
                    }));
                }
            }
        }
    }

    async fn checkpoint(&mut self) -> crate::Result<()> {
        Ok(())
    }
}

fn report(m: &Metrics) -> Value {
    json!({ "psnr": m.psnr, "ssim": m.ssim, "residual": m.residual })
}

/// Mean of several pictures of one shape.
fn mean(pictures: &[HostTensor]) -> Result<Option<HostTensor>> {
    let Some((first, rest)) = pictures.split_first() else {
        return Ok(None);
    };
    let mut sum = first.clone();
    for p in rest {
        sum = sum.zip(p, |a, b| a + b)?;
    }
    let n = pictures.len() as f32;
    Ok(Some(sum.map(|v| v / n)))
}

/// Runs the command.
pub async fn run(args: Args) -> Result<()> {
    if args.solver == Solver::LatinoPro {
        bail!("--solver latino-pro is not in this version yet; use --solver latino");
    }
    if args.samples == 0 {
        bail!("--samples must be at least 1");
    }
    let begun = Instant::now();
    let setup = Setup {
        picture: read_png(&args.image)?,
        measured: args.measured,
        mask: args.mask.as_deref().map(read_mask).transpose()?,
        kernel: args.kernel.as_deref().map(read_mask).transpose()?,
        task: args.task.clone(),
        noise: args.noise,
        seed: args.seed,
    };
    let restoration = Restoration::new(setup)?;
    let compute = args.device.open()?;
    let pipeline = Pipeline::load(&Folder(args.model), &compute.device).await?;
    let loaded = begun.elapsed().as_secs_f64();
    let settings = SolverSettings {
        prompt: args.prompt,
        steps: args.steps,
        start: args.start,
        init: match args.init {
            Init::PseudoInverse => Initialisation::PseudoInverse,
            Init::Adjoint => Initialisation::Adjoint,
        },
        output: match args.output {
            Output::Prox => OutputStage::Prox,
            Output::Decoded => OutputStage::Decoded,
            Output::BeforeProx => OutputStage::BeforeProx,
        },
        rule: match args.rule {
            Rule::Discrepancy => StepRule::Discrepancy,
            Rule::Published => StepRule::Published,
            Rule::MomentMatching => StepRule::MomentMatching,
        },
        rho: args.rho,
        guidance: args.guidance,
        options: LatinoOptions {
            re_encoding: if args.corrected {
                ReEncoding::Corrected
            } else {
                ReEncoding::Direct
            },
            fresh_noise: args.zeta,
            ..LatinoOptions::default()
        },
    };
    std::fs::create_dir_all(&args.out).with_context(|| args.out.display().to_string())?;
    write_png(
        args.out.join("measurement.png"),
        &restoration.measurement_picture()?,
    )?;
    write_png(args.out.join("baseline.png"), restoration.baseline())?;
    let (mut pictures, mut samples) = (Vec::new(), Vec::new());
    for k in 0..args.samples {
        let start = Instant::now();
        let mut log = Log {
            steps: Vec::new(),
            last: start,
        };
        let done = restoration
            .run_with(&settings, k as u64, &pipeline, &mut log)
            .await?;
        let name = if args.samples == 1 {
            "restored.png".to_owned()
        } else {
            format!("restored-{k}.png")
        };
        write_png(args.out.join(&name), &done.tensor)?;
        samples.push(json!({
            "file": name, "seed": args.seed.wrapping_add(k as u64), "metrics": report(&done.metrics),
            "evaluations": done.evaluations, "seconds": start.elapsed().as_secs_f64(), "steps": log.steps,
        }));
        pictures.push(done.tensor);
    }
    let mut summary = json!({
        "task": args.task, "noise": args.noise, "device": compute.report.name,
        "model": pipeline.report().name, "load_seconds": loaded,
        "baseline": report(&restoration.baseline_metrics()),
        "bicubic": report(&restoration.metrics(&restoration.bicubic()?)), "samples": samples,
    });
    if args.samples > 1
        && let Some(mean) = mean(&pictures)?
    {
        write_png(args.out.join("mean.png"), &mean)?;
        summary["mean"] = report(&restoration.metrics(&mean));
    }
    let text = serde_json::to_string_pretty(&summary)?;
    std::fs::write(args.out.join("report.json"), &text)?;
    if args.json {
        writeln!(std::io::stdout(), "{text}")?;
    } else {
        let show = |v: &Value| {
            v.as_f64()
                .map_or("unknown".into(), |p| format!("{p:.2} dB"))
        };
        writeln!(
            std::io::stdout(),
            "PSNR {} without a prior, {} restored; written to {}",
            show(&summary["baseline"]["psnr"]),
            show(&summary["samples"][0]["metrics"]["psnr"]),
            args.out.display()
        )?;
    }
    Ok(())
}
