//! `latino restore`: a picture in, restored pictures and a report out.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde_json::{Value, json};

use super::tensors::{self, Tensors};
use super::{DeviceArg, InitArg, RuleArg, SolverArg};
use crate::HostTensor;
use crate::engine::Pipeline;
use crate::engine::files::Folder;
use crate::engine::job::{JobEvent, Restoration, Setup, SolverSettings, Spread};
use crate::image::png::{read_mask, read_png, write_png};
use crate::noise::{NoiseModel, estimate_noise};
use crate::protocol::{Initialisation, Metrics, OutputStage, ProSettings, StepRule};
use crate::solver::{Observer, ReEncoding, StepReport};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Output {
    #[default]
    Prox,
    Decoded,
    BeforeProx,
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
    /// Noise: the standard deviation of Gaussian noise for pictures in [0, 1], or a model such as
    /// poisson:peak=30, or "estimate" with --measured.
    #[arg(long)]
    noise: String,
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
    solver: SolverArg,
    /// Network evaluations, 1 to 50 (default: what the model recommends, else 8).
    #[arg(long)]
    steps: Option<usize>,
    /// First timestep of the chain (default: what the model recommends, else its last). A lower
    /// one keeps more of the initial picture. Inpainting always starts at the model's last.
    #[arg(long)]
    start: Option<usize>,
    /// Seed of all random numbers.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Posterior samples.
    #[arg(long, default_value_t = 1)]
    samples: usize,
    /// Other prompts, each run with the same seeds: how much does the prompt decide? Needs --samples 2
    /// or more; may be repeated.
    #[arg(long = "also-prompt")]
    also: Vec<String>,
    /// Folder for the results.
    #[arg(long)]
    out: PathBuf,
    /// Where to compute.
    #[arg(long, default_value = "cpu")]
    device: DeviceArg,
    /// Where to start (default: what the model recommends, else the pseudo-inverse).
    #[arg(long)]
    init: Option<InitArg>,
    /// Result: after the last prox, decoded as published, or before the last prox.
    #[arg(long, default_value = "prox")]
    output: Output,
    /// Step size rule (default: what the model recommends, else discrepancy).
    #[arg(long)]
    rule: Option<RuleArg>,
    /// Target of the discrepancy rule, as a multiple of the noise energy.
    #[arg(long, default_value_t = 1.0)]
    rho: f64,
    /// Encode only what the prox changed (one more encoder call a step).
    #[arg(long)]
    corrected: bool,
    /// LATINO-PRO: outer iterations.
    #[arg(long, default_value_t = ProSettings::default().iterations)]
    iterations: u32,
    /// LATINO-PRO: timesteps of the chain in each iteration.
    #[arg(long, default_value_t = ProSettings::default().chain_steps)]
    chain_steps: u32,
    /// LATINO-PRO: step size.
    #[arg(long, default_value_t = ProSettings::default().step)]
    step_size: f64,
    /// LATINO-PRO: radius of the ball around the first embedding, per token.
    #[arg(long, default_value_t = ProSettings::default().radius)]
    radius: f64,
    /// LATINO-PRO: tokens from the start that never move.
    #[arg(long, default_value_t = ProSettings::default().frozen)]
    frozen: u32,
    /// LATINO-PRO: the gradient's expectation over the chain's noise instead of a draw.
    #[arg(long)]
    expected: bool,
    /// LATINO-PRO: go on from the embedding.safetensors of an earlier run under the same prompt.
    #[arg(long)]
    resume: Option<PathBuf>,
    /// Model folder whose autoencoder (made for the same latents) is used inside the chain; the
    /// model's own decodes the end.
    #[arg(long)]
    quick_vae: Option<PathBuf>,
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
pub(super) struct Log {
    steps: Vec<Value>,
    pub(super) iterations: Vec<Value>,
    /// The steps of the samples that are done, when there are several.
    samples: Vec<Vec<Value>>,
    last: Instant,
}

impl Log {
    /// Nothing yet; time counts from `now`.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            steps: Vec::new(),
            iterations: Vec::new(),
            samples: Vec::new(),
            last: now,
        }
    }
}

/// Prints to standard output; a closed pipe is an error, not a crash.
pub(super) fn print(text: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
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
            JobEvent::Iteration(i) => self.iterations.push(json!({
                "iteration": i.iteration, "step": i.step, "residual": i.residual, "distances": i.distances,
                "seconds": seconds,
            })),
            JobEvent::Sample { .. } => {
                self.samples.push(std::mem::take(&mut self.steps));
            }
            JobEvent::Progress { .. } => {}
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

/// A map `[1, H, W]` in [0, 1] units as a picture, its largest value white.
fn map_picture(map: &HostTensor) -> Result<HostTensor> {
    let largest = map.data().iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    let [1, h, w] = *map.shape() else {
        bail!("the map is {:?}", map.shape());
    };
    let grey = map.clone().map(|v| 2.0 * v / largest - 1.0);
    Ok(HostTensor::new([1, 3, h, w], grey.data().repeat(3))?)
}

/// Writes what several samples say together and returns its part of the report.
fn write_spread(out: &Path, spread: &Spread) -> Result<Value> {
    write_png(out.join("mean.png"), &spread.mean)?;
    let deviation = spread.samples.deviation_map()?;
    write_png(out.join("deviation.png"), &map_picture(&deviation)?)?;
    let largest = deviation.data().iter().copied().fold(0.0, f32::max);
    let calibration = spread.calibration.as_ref().map(|c| {
        let rows = c.rows.iter().map(
            |r| json!({ "nominal": r.nominal, "attainable": r.attainable, "empirical": r.empirical }),
        );
        json!({
            "rows": rows.collect::<Vec<_>>(), "z_deviation": c.z_deviation, "z_mean": c.z_mean,
            "error_to_spread": c.error_to_spread,
        })
    });
    let shares = spread.samples.components(5)?;
    Ok(json!({
        "mean": report(&spread.mean_metrics),
        // Half of the [-1, 1] units; white in deviation.png.
        "largest_deviation": f64::from(largest) / 2.0,
        "calibration": calibration,
        "component_shares": shares.iter().map(|c| c.share).collect::<Vec<_>>(),
    }))
}

/// The noise as the visitor states it, or estimated from the degraded picture.
pub(super) fn noise(text: &str, measured: bool, picture: &HostTensor) -> Result<NoiseModel> {
    if text != "estimate" {
        return Ok(text.parse()?);
    }
    if !measured {
        bail!("--noise estimate needs --measured: a simulated measurement has the noise you say");
    }
    let estimate = estimate_noise(picture)?;
    eprintln!("estimated noise: sigma = {:.4}", estimate.sigma);
    if let Some(caution) = estimate.caution() {
        eprintln!("warning: {caution}");
    }
    Ok(NoiseModel::Gaussian {
        sigma: estimate.sigma,
    })
}

/// Runs the command.
pub async fn run(args: Args) -> Result<()> {
    if args.samples == 0 {
        bail!("--samples must be at least 1");
    }
    let begun = Instant::now();
    let picture = read_png(&args.image)?;
    let noise = noise(&args.noise, args.measured, &picture)?;
    let restoration = Restoration::new(Setup {
        picture,
        measured: args.measured,
        mask: args.mask.as_deref().map(read_mask).transpose()?,
        kernel: args.kernel.as_deref().map(read_mask).transpose()?,
        task: args.task.clone(),
        noise,
        seed: args.seed,
    })?;
    let compute = args.device.open()?;
    let mut pipeline = Pipeline::load(&Folder(args.model), &compute.device).await?;
    if let Some(folder) = args.quick_vae {
        pipeline = pipeline.with_quick_autoencoder(&Folder(folder)).await?;
    }
    let loaded = begun.elapsed().as_secs_f64();
    let recommended = pipeline.report().recommended.clone();
    let settings = SolverSettings {
        solver: args.solver.into(),
        prompt: args.prompt,
        steps: args.steps.unwrap_or(recommended.steps as usize),
        start: args.start.or(recommended.start.map(|t| t as usize)),
        init: args.init.map_or(recommended.init, Initialisation::from),
        output: match args.output {
            Output::Prox => OutputStage::Prox,
            Output::Decoded => OutputStage::Decoded,
            Output::BeforeProx => OutputStage::BeforeProx,
        },
        rule: args.rule.map_or(recommended.rule, StepRule::from),
        rho: args.rho,
        guidance: args.guidance,
        re_encoding: if args.corrected {
            ReEncoding::Corrected
        } else {
            ReEncoding::Direct
        },
        fresh_noise: args.zeta,
        pro: ProSettings {
            iterations: args.iterations,
            chain_steps: args.chain_steps,
            step: args.step_size,
            radius: args.radius,
            frozen: args.frozen,
            expected: args.expected,
        },
        resume: match &args.resume {
            Some(path) => Some(Tensors::read(path)?.get("embedding")?.data().to_vec()),
            None => None,
        },
    };
    std::fs::create_dir_all(&args.out).with_context(|| args.out.display().to_string())?;
    write_png(
        args.out.join("measurement.png"),
        &restoration.measurement_picture()?,
    )?;
    write_png(args.out.join("baseline.png"), restoration.baseline())?;
    let start = Instant::now();
    let mut log = Log::new(start);
    let outcome = restoration
        .run(&settings, args.samples, &pipeline, &mut log)
        .await?;
    let seconds = start.elapsed().as_secs_f64() / args.samples as f64;
    if args.samples == 1 {
        log.samples.push(log.steps);
    }
    if let Some(embedding) = outcome.samples.first().and_then(|s| s.embedding.as_ref()) {
        tensors::write(
            &args.out.join("embedding.safetensors"),
            "embedding",
            embedding,
        )?;
    }
    let mut samples = Vec::new();
    for (k, (done, steps)) in outcome.samples.iter().zip(log.samples).enumerate() {
        let name = if args.samples == 1 {
            "restored.png".to_owned()
        } else {
            format!("restored-{k}.png")
        };
        write_png(args.out.join(&name), &done.tensor)?;
        samples.push(json!({
            "file": name, "seed": args.seed.wrapping_add(k as u64), "metrics": report(&done.metrics),
            "evaluations": done.evaluations, "seconds": seconds, "steps": steps,
        }));
    }
    let mut summary = json!({
        "task": args.task, "noise": noise.to_string(), "device": compute.report.name,
        "solver": settings.solver, "model": pipeline.report().name, "load_seconds": loaded,
        "baseline": report(&restoration.baseline_metrics()),
        "bicubic": report(&restoration.metrics(&restoration.bicubic()?)), "samples": samples,
    });
    if !log.iterations.is_empty() {
        summary["iterations"] = log.iterations.into();
    }
    if let Some(spread) = &outcome.spread {
        let spread = write_spread(&args.out, spread)?;
        summary["mean"] = spread["mean"].clone();
        summary["uncertainty"] = spread;
    }
    if !args.also.is_empty() {
        let mut prompts = vec![settings.prompt.clone()];
        prompts.extend(args.also);
        let mut quiet = Log::new(Instant::now());
        let effect = restoration
            .prompt_effect(&settings, &prompts, args.samples, &pipeline, &mut quiet)
            .await?;
        let [c, h, w] = *effect.between.shape() else {
            bail!("the map is {:?}", effect.between.shape());
        };
        let grey = (0..h * w).map(|i| {
            let square = |ch: usize| effect.between.data()[ch * h * w + i].powi(2);
            ((0..c).map(square).sum::<f32>() / c as f32).sqrt()
        });
        let map = HostTensor::new([1, h, w], grey.collect())?;
        write_png(args.out.join("prompt-effect.png"), &map_picture(&map)?)?;
        summary["prompt_effect"] = json!({ "prompts": prompts, "share": effect.share });
    }
    let text = serde_json::to_string_pretty(&summary)?;
    std::fs::write(args.out.join("report.json"), &text)?;
    if args.json {
        print(&text)?;
    } else {
        let show = |v: &Value| {
            v.as_f64()
                .map_or("unknown".into(), |p| format!("{p:.2} dB"))
        };
        print(&format!(
            "PSNR {} without a prior, {} restored; written to {}",
            show(&summary["baseline"]["psnr"]),
            show(&summary["samples"][0]["metrics"]["psnr"]),
            args.out.display()
        ))?;
    }
    Ok(())
}
