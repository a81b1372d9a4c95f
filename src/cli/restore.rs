//! `latino restore`: a picture in, restored pictures and a report out.

use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde_json::{Value, json};

use super::report::{Log, metrics, print, write_effect, write_spread};
use super::tensors::{self, Tensors};
use super::{DeviceArg, InitArg, RuleArg, SolverArg};
use crate::HostTensor;
use crate::engine::Pipeline;
use crate::engine::files::Folder;
use crate::engine::job::{Restoration, Setup, SolverSettings};
use crate::image::png::{read_mask, read_png, write_png};
use crate::noise::{NoiseModel, estimate_noise};
use crate::protocol::{Initialisation, OutputStage, ProSettings, StepRule};
use crate::schedule::Distillation;
use crate::solver::{PublishedForm, PublishedTable, ReEncoding};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Output {
    #[default]
    Prox,
    Decoded,
    BeforeProx,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TableArg {
    /// Stable Diffusion 1.5 with LCM-LoRA.
    Sd15,
    /// SDXL with DMD2.
    Sdxl,
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
    /// The timesteps to visit, decreasing, such as 999,749,499,249; or "dmd2" for the published list of 4 or 8
    /// --steps of SDXL with DMD2. Overrides --start; not LATINO-PRO's chains.
    #[arg(long, conflicts_with = "start")]
    timesteps: Option<String>,
    /// Seed of all random numbers.
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Posterior samples.
    #[arg(long, default_value_t = 1)]
    samples: usize,
    /// Posterior samples that go through the networks together (default: as memory allows on a GPU, 1 on
    /// the CPU).
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=64))]
    batch: Option<u32>,
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
    /// PNG of the restored picture's size to start from, instead of --init.
    #[arg(long, conflicts_with = "init")]
    init_picture: Option<PathBuf>,
    /// Result: after the last prox, decoded as published, or before the last prox.
    #[arg(long, default_value = "prox")]
    output: Output,
    /// Step size rule (default: what the model recommends, else discrepancy).
    #[arg(long)]
    rule: Option<RuleArg>,
    /// Share of the last picture that every prior step keeps, 0 to below 1 (default: what the model recommends, else 0 as published).
    #[arg(long)]
    relaxation: Option<f64>,
    /// Published rule: which table LATINO takes (LATINO-PRO has its own).
    #[arg(long, default_value = "sd15")]
    table: TableArg,
    /// Published rule: the constants as they are, not resolution-free.
    #[arg(long)]
    original: bool,
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
    /// LATINO-PRO: iterations before the step size decays.
    #[arg(long, default_value_t = ProSettings::default().constant_iterations)]
    constant_iterations: u32,
    /// LATINO-PRO: factor per iteration after that.
    #[arg(long, default_value_t = ProSettings::default().decay)]
    decay: f64,
    /// LATINO-PRO: radius of the ball around the first embedding, per token.
    #[arg(long, default_value_t = ProSettings::default().radius)]
    radius: f64,
    /// LATINO-PRO: tokens from the start that never move.
    #[arg(long, default_value_t = ProSettings::default().frozen)]
    frozen: u32,
    /// LATINO-PRO: the gradient's expectation over the chain's noise instead of a draw.
    #[arg(long)]
    expected: bool,
    /// LATINO-PRO: the last run goes on from where the chains ended, as published, instead of starting
    /// where LATINO does.
    #[arg(long)]
    published: bool,
    /// LATINO-PRO: go on from the embedding.safetensors of an earlier run under the same prompt.
    #[arg(long)]
    resume: Option<PathBuf>,
    /// Hybrid codec: the model's quick autoencoder (its vae_quick folder) inside the chain, its own at the
    /// end.
    #[arg(long)]
    hybrid: bool,
    /// Hybrid codec with the autoencoder of another model folder, made for the same latents.
    #[arg(long)]
    quick_vae: Option<PathBuf>,
    /// Share of fresh noise (DiffPIR's zeta; default 0.1 for diff-pir, 1 for LATINO).
    #[arg(long)]
    zeta: Option<f64>,
    /// Guidance scale, for models with a guidance embedding.
    #[arg(long, default_value_t = 1.0)]
    guidance: f32,
    /// Print the report as JSON.
    #[arg(long)]
    json: bool,
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

/// The list of --timesteps.
fn timesteps(text: &str, steps: usize) -> Result<Vec<usize>> {
    if text == "dmd2" {
        return Ok(Distillation::SdxlDmd2.timesteps(steps)?);
    }
    let numbers = text.split(',').map(|t| t.trim().parse::<usize>());
    numbers
        .collect::<Result<_, _>>()
        .with_context(|| format!("--timesteps {text}: expected numbers with commas, or dmd2"))
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
    let hybrid = args.hybrid || args.quick_vae.is_some();
    if let Some(folder) = args.quick_vae {
        pipeline = pipeline.with_quick_autoencoder(&Folder(folder)).await?;
    }
    let loaded = begun.elapsed().as_secs_f64();
    let recommended = pipeline.report().recommended.clone();
    let steps = args.steps.unwrap_or(recommended.steps as usize);
    let list = args.timesteps.as_deref().map(|t| timesteps(t, steps));
    let list = list.transpose()?;
    let settings = SolverSettings {
        solver: args.solver.into(),
        prompt: args.prompt,
        steps: list.as_ref().map_or(steps, Vec::len),
        timesteps: list,
        init_picture: args.init_picture.as_deref().map(read_png).transpose()?,
        start: args.start.or(recommended.start.map(|t| t as usize)),
        init: args.init.map_or(recommended.init, Initialisation::from),
        output: match args.output {
            Output::Prox => OutputStage::Prox,
            Output::Decoded => OutputStage::Decoded,
            Output::BeforeProx => OutputStage::BeforeProx,
        },
        rule: args.rule.map_or(recommended.rule, StepRule::from),
        relaxation: args.relaxation.unwrap_or(recommended.relaxation),
        table: match args.table {
            TableArg::Sd15 => PublishedTable::Sd15Lcm,
            TableArg::Sdxl => PublishedTable::SdxlDmd2,
        },
        form: match args.original {
            true => PublishedForm::Original,
            false => PublishedForm::ResolutionFree,
        },
        rho: args.rho,
        guidance: args.guidance,
        re_encoding: if args.corrected {
            ReEncoding::Corrected
        } else {
            ReEncoding::Direct
        },
        fresh_noise: args.zeta.unwrap_or(1.0),
        zeta: args.zeta.unwrap_or(SolverSettings::default().zeta),
        pro: ProSettings {
            iterations: args.iterations,
            chain_steps: args.chain_steps,
            step: args.step_size,
            radius: args.radius,
            frozen: args.frozen,
            expected: args.expected,
            published: args.published,
            constant_iterations: args.constant_iterations,
            decay: args.decay,
        },
        resume: match &args.resume {
            Some(path) => Some(Tensors::read(path)?.get("embedding")?.data().to_vec()),
            None => None,
        },
        batch: args.batch.map(|b| b as usize),
        hybrid,
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
            "file": name, "seed": args.seed.wrapping_add(k as u64), "metrics": metrics(&done.metrics),
            "evaluations": done.evaluations, "seconds": seconds, "steps": steps,
        }));
    }
    let mut summary = json!({
        "task": args.task, "noise": noise.to_string(), "device": compute.report.name,
        "solver": settings.solver, "model": pipeline.report().name, "load_seconds": loaded,
        "baseline": metrics(&restoration.baseline_metrics()),
        "bicubic": metrics(&restoration.metrics(&restoration.bicubic()?)), "samples": samples,
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
        let mut quiet = Log::new(Instant::now());
        let effect = restoration
            .prompt_effect(&settings, &outcome, &args.also, &pipeline, &mut quiet)
            .await?;
        write_effect(&args.out, &effect)?;
        let mut prompts = vec![settings.prompt];
        prompts.extend(args.also);
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
