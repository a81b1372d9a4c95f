//! `latino compare`: a table of solvers on the same measurements.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::{DeviceArg, InitArg, RuleArg, SolverArg, report};
use crate::engine::Pipeline;
use crate::engine::files::Folder;
use crate::engine::job::{Restoration, Setup, SolverSettings};
use crate::image::png::read_png;
use crate::noise::NoiseModel;
use crate::protocol::{Initialisation, Metrics, ProSettings, Solver, StepRule};

/// Options.
#[derive(Debug, clap::Args)]
#[command(args_override_self = true)]
pub struct Args {
    /// Model folder.
    #[arg(long)]
    model: PathBuf,
    /// JSON list of pictures, each with `file` (PNG, relative to the list) and `prompt`.
    #[arg(long)]
    pictures: PathBuf,
    /// Only the first so many pictures.
    #[arg(long)]
    limit: Option<usize>,
    /// Task and noise, as SPEC@NOISE; may be repeated.
    #[arg(long = "task", required = true)]
    tasks: Vec<String>,
    /// Columns: degraded, or a solver, with /wrong for the wrong prompt and /mean for the mean of
    /// --samples posterior samples.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "degraded,pseudo-inverse,tv,latino"
    )]
    columns: Vec<Column>,
    /// The wrong prompt.
    #[arg(long, default_value = "")]
    wrong_prompt: String,
    /// Measurements of each picture.
    #[arg(long, default_value_t = 1)]
    seeds: u64,
    /// Network evaluations of one LATINO run (default: what the model recommends, else 8).
    #[arg(long)]
    steps: Option<usize>,
    /// First timestep (default: what the model recommends, else its last).
    #[arg(long)]
    start: Option<usize>,
    /// Where to start (default: what the model recommends, else the pseudo-inverse).
    #[arg(long)]
    init: Option<InitArg>,
    /// Guidance scale, for models with a guidance embedding.
    #[arg(long, default_value_t = 1.0)]
    guidance: f32,
    /// Step size rule (default: what the model recommends, else discrepancy).
    #[arg(long)]
    rule: Option<RuleArg>,
    /// Share of the last picture that every prior step keeps, 0 to below 1 (default: what the model recommends, else 0 as published).
    #[arg(long)]
    relaxation: Option<f64>,
    /// Posterior samples of the columns with /mean.
    #[arg(long, default_value_t = 8)]
    samples: usize,
    /// LATINO-PRO: the gradient's expectation over the chain's noise instead of a draw.
    #[arg(long)]
    expected: bool,
    /// LATINO-PRO: the last run goes on from where the chains ended, as published.
    #[arg(long)]
    published: bool,
    /// One line per task and column, with data consistency, network evaluations and seconds.
    #[arg(long)]
    details: bool,
    /// Where to compute.
    #[arg(long, default_value = "cpu")]
    device: DeviceArg,
    /// Print JSON instead of Markdown.
    #[arg(long)]
    json: bool,
}

/// One column of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Column {
    /// `None`: the measurement itself, enlarged by bicubic interpolation when it is smaller.
    solver: Option<Solver>,
    wrong: bool,
    mean: bool,
}

impl FromStr for Column {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split('/');
        let name = parts.next().unwrap_or_default();
        let (mut wrong, mut mean) = (false, false);
        for part in parts {
            match part {
                "wrong" => wrong = true,
                "mean" => mean = true,
                other => return Err(format!("\"{other}\" is neither wrong nor mean")),
            }
        }
        let solver = match name {
            "degraded" => None,
            name => Some(SolverArg::from_str(name, false)?.into()),
        };
        Ok(Self {
            solver,
            wrong,
            mean,
        })
    }
}

/// A picture of the list; other keys are ignored.
#[derive(Debug, Deserialize)]
struct Picture {
    file: PathBuf,
    prompt: String,
}

/// Means over pictures and seeds.
#[derive(Debug, Clone, Default, Serialize)]
struct Cell {
    psnr: f64,
    ssim: f64,
    residual: f64,
    evaluations: f64,
    seconds: f64,
    #[serde(skip)]
    count: f64,
}

impl Cell {
    fn add(&mut self, metrics: &Metrics, evaluations: u32, seconds: f64) {
        self.psnr += metrics.psnr.unwrap_or(f64::NAN);
        self.ssim += metrics.ssim.unwrap_or(f64::NAN);
        self.residual += metrics.residual;
        self.evaluations += f64::from(evaluations);
        self.seconds += seconds;
        self.count += 1.0;
    }

    fn mean(&self) -> Self {
        let n = self.count;
        Self {
            psnr: self.psnr / n,
            ssim: self.ssim / n,
            residual: self.residual / n,
            evaluations: self.evaluations / n,
            seconds: self.seconds / n,
            count: n,
        }
    }
}

fn task_and_noise(text: &str) -> Result<(String, NoiseModel)> {
    let (task, noise) = text
        .rsplit_once('@')
        .with_context(|| format!("--task {text}: expected SPEC@NOISE, such as denoising@0.5"))?;
    Ok((task.into(), noise.parse()?))
}

/// Runs the command.
pub async fn run(args: Args) -> Result<()> {
    let list =
        std::fs::read(&args.pictures).with_context(|| args.pictures.display().to_string())?;
    let pictures: Vec<Picture> = serde_json::from_slice(&list)
        .with_context(|| format!("{} is not a list of pictures", args.pictures.display()))?;
    let folder = args.pictures.parent().unwrap_or(Path::new("."));
    let pictures = &pictures[..args.limit.unwrap_or(usize::MAX).min(pictures.len())];
    let tasks: Vec<_> = args
        .tasks
        .iter()
        .map(|t| task_and_noise(t))
        .collect::<Result<_>>()?;
    if pictures.is_empty() || args.seeds == 0 || args.samples < 2 {
        bail!("there is nothing to compare: no pictures, no seeds, or fewer than two samples");
    }
    let compute = args.device.open()?;
    let pipeline = Pipeline::load(&Folder(args.model.clone()), &compute.device).await?;
    let mut rows = Vec::new();
    for (task, noise) in &tasks {
        let mut cells = vec![Cell::default(); args.columns.len()];
        for picture in pictures {
            let truth = read_png(folder.join(&picture.file))?;
            for seed in 0..args.seeds {
                let restoration = Restoration::new(Setup {
                    picture: truth.clone(),
                    measured: false,
                    mask: None,
                    kernel: None,
                    task: task.clone(),
                    noise: *noise,
                    seed,
                })?;
                for (column, cell) in args.columns.iter().zip(&mut cells) {
                    measure(&args, &restoration, picture, *column, &pipeline, cell).await?;
                }
            }
            eprintln!("{task}: {} is done", picture.file.display());
        }
        rows.push((
            task,
            noise,
            cells.iter().map(Cell::mean).collect::<Vec<_>>(),
        ));
    }
    let names: Vec<String> = args.columns.iter().map(|c| name(*c)).collect();
    let text = if args.json {
        let rows: Vec<_> = rows
            .iter()
            .map(|(task, noise, cells)| {
                let columns: BTreeMap<_, _> = names.iter().zip(cells).collect();
                serde_json::json!({ "task": task, "noise": noise.to_string(), "columns": columns })
            })
            .collect();
        let report = serde_json::json!({
            "pictures": pictures.len(), "seeds": args.seeds, "samples": args.samples,
            "device": compute.report.name, "rows": rows,
        });
        serde_json::to_string_pretty(&report)?
    } else {
        // Not in the table, which others read.
        eprintln!(
            "means over {} pictures, {} measurements of each",
            pictures.len(),
            args.seeds
        );
        table(&names, &rows, args.details)
    };
    report::print(&text)
}

/// One task's cells.
type Row<'a> = (&'a String, &'a NoiseModel, Vec<Cell>);

/// The Markdown table: PSNR in dB / SSIM, or with `details` everything, a line per column.
fn table(names: &[String], rows: &[Row], details: bool) -> String {
    if details {
        let mut text = String::from(
            "| task | noise | solver | PSNR | SSIM | residual | evaluations | seconds |\n|---|---|---|---|---|---|---|---|",
        );
        for (task, noise, cells) in rows {
            for (name, c) in names.iter().zip(cells) {
                text += &format!(
                    "\n| `{task}` | {noise} | {name} | {:.2} | {:.3} | {:.4} | {:.0} | {:.1} |",
                    c.psnr, c.ssim, c.residual, c.evaluations, c.seconds
                );
            }
        }
        return text;
    }
    let mut text = format!("| task | noise | {} |\n", names.join(" | "));
    text += &"|---".repeat(names.len() + 2);
    text += "|";
    for (task, noise, cells) in rows {
        let values: Vec<_> = cells
            .iter()
            .map(|c| format!("{:.2} / {:.3}", c.psnr, c.ssim))
            .collect();
        text += &format!("\n| `{task}` | {noise} | {} |", values.join(" | "));
    }
    text
}

fn name(column: Column) -> String {
    let solver = column.solver.map_or("degraded", |s| match s {
        Solver::Latino => "LATINO",
        Solver::LatinoPro => "LATINO-PRO",
        Solver::DiffPir => "DiffPIR",
        Solver::Tv => "TV",
        Solver::Tikhonov => "Tikhonov",
        Solver::PseudoInverse => "pseudo-inverse",
    });
    let wrong = if column.wrong { ", wrong prompt" } else { "" };
    let mean = if column.mean { ", mean of samples" } else { "" };
    format!("{solver}{wrong}{mean}")
}

async fn measure(
    args: &Args,
    restoration: &Restoration,
    picture: &Picture,
    column: Column,
    pipeline: &Pipeline,
    cell: &mut Cell,
) -> Result<()> {
    let Some(solver) = column.solver else {
        let seen = restoration.bicubic()?;
        cell.add(&restoration.metrics(&seen), 0, 0.0);
        return Ok(());
    };
    let recommended = &pipeline.report().recommended;
    let prompt = if column.wrong {
        &args.wrong_prompt
    } else {
        &picture.prompt
    };
    let settings = SolverSettings {
        solver,
        prompt: prompt.clone(),
        steps: args.steps.unwrap_or(recommended.steps as usize),
        start: args.start.or(recommended.start.map(|t| t as usize)),
        init: args.init.map_or(recommended.init, Initialisation::from),
        guidance: args.guidance,
        rule: args.rule.map_or(recommended.rule, StepRule::from),
        relaxation: args.relaxation.unwrap_or(recommended.relaxation),
        pro: ProSettings {
            expected: args.expected,
            published: args.published,
            ..ProSettings::default()
        },
        ..SolverSettings::default()
    };
    let begun = Instant::now();
    let samples = if column.mean && settings.needs_model() {
        args.samples
    } else {
        1
    };
    let mut log = report::Log::new(begun);
    let outcome = restoration
        .run(&settings, samples, pipeline, &mut log)
        .await?;
    let metrics = match (&outcome.spread, outcome.samples.first()) {
        (Some(spread), _) => spread.mean_metrics,
        (None, Some(only)) => only.metrics,
        (None, None) => bail!("no sample came back"),
    };
    cell.add(
        &metrics,
        outcome.evaluations(),
        begun.elapsed().as_secs_f64(),
    );
    Ok(())
}
