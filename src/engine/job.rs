//! One restoration, from a picture and settings to a result with its quality.

use super::{Pipeline, likelihood::TaskLikelihood};
use crate::image::{self, bicubic_shifted, psnr, ssim};
use crate::physics::{Extras, Operator, TaskSpec, build};
use crate::protocol::{Event, Initialisation, Metrics, OutputStage, RestoreJob, Rgba, StepRule};
use crate::schedule::lcm_timesteps;
use crate::solver::{
    self, LatinoOptions, NoiseSource, NoiseStream, Observer, Problem, PublishedModel, SeededNoise,
    StepReport, latino,
};
use crate::{Error, HostTensor, Result};

/// Side limit of a picture, in pixels: above, a browser's memory would not do.
const MAX_SIDE: usize = 2048;

/// A restoration's settings and its picture, in host tensors.
#[derive(Debug, Clone)]
pub struct Setup {
    /// `[1, 3, H, W]` in [-1, 1]: the truth, or the measurement when `measured`.
    pub picture: HostTensor,
    /// Whether `picture` is already degraded.
    pub measured: bool,
    /// Inpainting mask `[1, 1, H, W]` in [0, 1], 1 = known.
    pub mask: Option<HostTensor>,
    /// Blur kernel `[1, 1, h, w]`.
    pub kernel: Option<HostTensor>,
    /// The task SPEC.
    pub task: String,
    /// Noise standard deviation for pictures in [0, 1].
    pub noise: f32,
    /// Seed of the measurement noise and the solver.
    pub seed: u64,
}

impl Setup {
    /// From a page's job.
    pub fn from_job(job: &RestoreJob) -> Result<Self> {
        Ok(Self {
            picture: image::from_rgba8(&job.picture)?,
            measured: job.measured,
            mask: job.mask.as_ref().map(image::mask_from_rgba8).transpose()?,
            kernel: None,
            task: job.task.clone(),
            noise: job.noise,
            seed: u64::from(job.seed),
        })
    }
}

/// What a job reports on the way.
#[derive(Debug, Clone)]
pub enum JobEvent {
    /// The measurement is ready and the solver starts.
    Started {
        /// Steps to come.
        steps: u32,
        /// The measurement as a picture.
        measurement: Rgba,
        /// The pseudo-inverse.
        baseline: Rgba,
        /// Its quality.
        metrics: Metrics,
        /// Tokens that did not fit.
        dropped: usize,
    },
    /// One step is done.
    Step(StepReport),
}

impl JobEvent {
    /// The protocol's event for job `id`; `seconds` is the time since the event before.
    pub fn into_event(self, id: u32, seconds: f64) -> Event {
        match self {
            Self::Started {
                steps,
                measurement,
                baseline,
                metrics,
                dropped,
            } => Event::Started {
                id,
                steps,
                measurement,
                baseline,
                baseline_metrics: metrics,
                dropped_tokens: (dropped > 0).then_some(dropped as u32),
            },
            Self::Step(s) => Event::Step {
                id,
                step: s.step as u32,
                timestep: s.timestep as u32,
                before: image::to_rgba8(&s.before),
                after: image::to_rgba8(&s.after),
                residual_before: s.data.first().map_or(f64::NAN, |d| d.residual_before),
                residual_after: s.data.first().map_or(f64::NAN, |d| d.residual_after),
                gamma: s.data.first().map_or(f64::NAN, |d| d.gamma),
                seconds,
            },
        }
    }
}

/// A measurement and everything known about it, ready for a solver.
pub struct Restoration {
    spec: TaskSpec,
    operator: Box<dyn Operator>,
    truth: Option<HostTensor>,
    measurement: HostTensor,
    baseline: HostTensor,
    noise: f32,
    seed: u64,
}

/// A finished job.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The restored picture for canvases.
    pub picture: Rgba,
    /// The restored picture `[1, 3, H, W]`.
    pub tensor: HostTensor,
    /// Its quality.
    pub metrics: Metrics,
    /// Network evaluations.
    pub evaluations: u32,
}

/// How the solver is to run; see [`RestoreJob`].
#[derive(Debug, Clone)]
pub struct SolverSettings {
    /// Prompt, verbatim.
    pub prompt: String,
    /// Network evaluations.
    pub steps: usize,
    /// First timestep; the model's last one when `None`. A lower one keeps more of the
    /// initial picture.
    pub start: Option<usize>,
    /// Where to start.
    pub init: Initialisation,
    /// What to return.
    pub output: OutputStage,
    /// Step size rule.
    pub rule: StepRule,
    /// Target of the discrepancy rule as a multiple of the noise energy.
    pub rho: f64,
    /// Guidance scale for models with a guidance embedding.
    pub guidance: f32,
    /// The solver's remaining options.
    pub options: LatinoOptions,
}

impl SolverSettings {
    /// From a page's job.
    pub fn from_job(job: &RestoreJob) -> Self {
        Self {
            prompt: job.prompt.clone(),
            steps: job.steps as usize,
            start: None,
            init: job.init,
            output: job.output,
            rule: job.rule,
            rho: 1.0,
            guidance: 1.0,
            options: LatinoOptions::default(),
        }
    }
}

impl Restoration {
    /// Builds the operator and the measurement of a page's job.
    pub fn prepare(job: &RestoreJob) -> Result<Self> {
        Self::new(Setup::from_job(job)?)
    }

    /// Builds the operator, simulates the measurement unless the picture is one, and computes the
    /// baseline. Fails when the SPEC, the noise level or the sizes do not fit.
    pub fn new(setup: Setup) -> Result<Self> {
        if !(0.0..=2.0).contains(&setup.noise) {
            return Err(Error::invalid(format!(
                "the noise level is {}; it must lie between 0 and 2 (for pictures in [0, 1])",
                setup.noise
            )));
        }
        let [_, c, h, w] = setup.picture.dims4()?;
        let spec: TaskSpec = setup.task.parse()?;
        let scale = if setup.measured { spec.factor() } else { 1 };
        let shape = [c, h * scale, w * scale];
        image::check_size(shape[2], shape[1], MAX_SIDE)?;
        let extras = Extras {
            mask: setup.mask,
            kernel: setup.kernel,
        };
        let operator = build(&spec, shape, &extras)?;
        // Noise is stated for pictures in [0, 1]; ours span [-1, 1].
        let sigma = 2.0 * setup.noise;
        let (truth, measurement) = if setup.measured {
            (None, operator.measurement_from_picture(&setup.picture)?)
        } else {
            let clean = operator.forward(&setup.picture)?;
            let noise =
                SeededNoise::new(setup.seed, NoiseStream::Measurement).normal(clean.shape())?;
            let y = clean.zip(&noise, |y, n| y + sigma * n)?;
            (Some(setup.picture), operator.keep_measured(&y)?)
        };
        let baseline = operator
            .pseudo_inverse(&measurement, sigma)?
            .clamp(-1.0, 1.0);
        Ok(Self {
            spec,
            operator,
            truth,
            measurement,
            baseline,
            noise: setup.noise,
            seed: setup.seed,
        })
    }

    /// The measurement as a picture.
    pub fn measurement_picture(&self) -> Result<HostTensor> {
        self.operator.measurement_picture(&self.measurement)
    }

    /// The pseudo-inverse, clamped.
    pub fn baseline(&self) -> &HostTensor {
        &self.baseline
    }

    /// The measurement as common software would show it at the picture's size: enlarged by bicubic
    /// interpolation when it is smaller, as it is otherwise.
    pub fn bicubic(&self) -> Result<HostTensor> {
        let picture = self.measurement_picture()?;
        let ([_, c, h, w], [_, _, height, width]) = (picture.dims4()?, self.baseline.dims4()?);
        let grown = if (h, w) == (height, width) {
            picture
        } else {
            bicubic_shifted(&picture, height, width, self.spec.grid_shift())?.clamp(-1.0, 1.0)
        };
        if c == 3 {
            return Ok(grown);
        }
        HostTensor::new([1, 3, height, width], grown.data().repeat(3))
    }

    /// The measurement for canvases; the baseline when the operator has no picture of it.
    pub fn measurement_rgba(&self) -> Rgba {
        image::to_rgba8(
            &self
                .measurement_picture()
                .unwrap_or_else(|_| self.baseline.clone()),
        )
    }

    /// The baseline for canvases.
    pub fn baseline_rgba(&self) -> Rgba {
        image::to_rgba8(&self.baseline)
    }

    /// Quality of the baseline.
    pub fn baseline_metrics(&self) -> Metrics {
        self.metrics(&self.baseline)
    }

    /// Quality of `x`: against the truth when it is known, and against the measurement.
    pub fn metrics(&self, x: &HostTensor) -> Metrics {
        let m = self
            .measurement
            .dims4()
            .map(|d| self.operator.measured_entries(d));
        let residual = self
            .operator
            .residual_norm(x, &self.measurement)
            .ok()
            .zip(m.ok())
            .map_or(f64::NAN, |(norm, m)| norm / 2.0 / (m.max(1) as f64).sqrt());
        Metrics {
            psnr: self.truth.as_ref().and_then(|t| psnr(x, t).ok()),
            ssim: self.truth.as_ref().and_then(|t| ssim(x, t).ok()),
            residual,
        }
    }

    /// Restores with LATINO. `sample` tells posterior samples of one measurement apart: sample k
    /// uses the solver noise of seed + k.
    pub async fn run_with(
        &self,
        settings: &SolverSettings,
        sample: u64,
        pipeline: &Pipeline,
        observer: &mut impl Observer<JobEvent>,
    ) -> Result<Finished> {
        let [_, _, h, w] = self.baseline.dims4()?;
        let multiple = pipeline.report().picture_multiple as usize;
        if h % multiple != 0 || w % multiple != 0 {
            return Err(Error::Picture(format!(
                "{w}x{h} pixels: this model needs sides that are multiples of {multiple}; crop or scale the picture"
            )));
        }
        let timesteps = lcm_timesteps(
            pipeline.scheduler().config(),
            settings.steps,
            settings.start,
        )?;
        let (encoding, embedding) = pipeline.embed(&settings.prompt).await?;
        observer.notify(JobEvent::Started {
            steps: timesteps.len() as u32,
            measurement: self.measurement_rgba(),
            baseline: self.baseline_rgba(),
            metrics: self.baseline_metrics(),
            dropped: encoding.dropped,
        });
        observer.checkpoint().await?;
        let prior = pipeline.condition(&embedding, settings.guidance)?;
        let options = LatinoOptions {
            timesteps,
            initialisation: settings.init,
            output: settings.output,
            rule: match settings.rule {
                StepRule::Discrepancy => solver::StepRule::Discrepancy { rho: settings.rho },
                StepRule::MomentMatching => solver::StepRule::MomentMatching,
                StepRule::Published => solver::StepRule::Published {
                    model: PublishedModel::default(),
                    renoise: true,
                },
            },
            ..settings.options.clone()
        };
        let mut noise = SeededNoise::new(self.seed.wrapping_add(sample), NoiseStream::Solver);
        let likelihood = TaskLikelihood {
            spec: &self.spec,
            operator: self.operator.as_ref(),
        };
        let problem = Problem {
            likelihood: &likelihood,
            y: &self.measurement,
            sigma: f64::from(self.noise),
        };
        let result = latino(
            &prior,
            pipeline.scheduler(),
            problem,
            &options,
            &mut noise,
            &mut Steps(observer),
        )
        .await?;
        image::check_picture(&result.picture)?;
        Ok(Finished {
            picture: image::to_rgba8(&result.picture),
            metrics: self.metrics(&result.picture),
            tensor: result.picture,
            evaluations: result.evaluations as u32,
        })
    }

    /// Runs a page's job.
    pub async fn run(
        &self,
        job: &RestoreJob,
        pipeline: &Pipeline,
        observer: &mut impl Observer<JobEvent>,
    ) -> Result<Finished> {
        self.run_with(&SolverSettings::from_job(job), 0, pipeline, observer)
            .await
    }
}

/// Passes the solver's reports on as the job's.
struct Steps<'a, O>(&'a mut O);

impl<O: Observer<JobEvent>> Observer<StepReport> for Steps<'_, O> {
    fn notify(&mut self, report: StepReport) {
        self.0.notify(JobEvent::Step(report));
    }

    async fn checkpoint(&mut self) -> Result<()> {
        self.0.checkpoint().await
    }
}
