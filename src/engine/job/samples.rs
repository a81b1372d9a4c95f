//! Several posterior samples of one measurement, and what they say together.

use super::{Finished, JobEvent, Restoration, SolverSettings, batch};
use crate::engine::Pipeline;
use crate::image;
use crate::protocol::{
    CalibrationReport, Component, Coverage, Metrics, RestoreJob, Rgba, Solver, Uncertainty,
};
use crate::solver::Observer;
use crate::uncertainty::{Calibration, CalibrationRow, PromptEffect, Samples, prompt_effect};
use crate::{Error, HostTensor, Result};

/// Nominal level of the credible interval that is shown.
const LEVEL: f64 = 0.9;

/// Nominal levels of the calibration chart.
const LEVELS: [f64; 9] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, LEVEL];

/// Principal components shown.
const COMPONENTS: usize = 3;

/// The samples of a job.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// All samples, in order; at least one.
    pub samples: Vec<Finished>,
    /// What they say together, from two on.
    pub spread: Option<Spread>,
}

/// What several samples say together.
#[derive(Debug, Clone)]
pub struct Spread {
    /// The samples.
    pub samples: Samples,
    /// Their mean `[1, 3, H, W]`.
    pub mean: HostTensor,
    /// Its quality.
    pub mean_metrics: Metrics,
    /// How they relate to the truth, when it is known.
    pub calibration: Option<Calibration>,
    /// Their coverage at many levels, likewise; else empty.
    pub coverage: Vec<CalibrationRow>,
}

impl Outcome {
    /// Network evaluations, all samples together.
    pub fn evaluations(&self) -> u32 {
        self.samples.iter().map(|s| s.evaluations).sum()
    }

    /// The samples' mean and its quality; a single sample's own.
    pub fn mean(&self) -> Option<(Rgba, Metrics)> {
        match (&self.spread, self.samples.first()) {
            (Some(s), _) => Some((image::to_rgba8(&s.mean), s.mean_metrics)),
            (None, only) => only.map(|s| (s.picture.clone(), s.metrics)),
        }
    }
}

/// Tells of sample `number` (from 0) of `samples`.
fn notify_sample(
    observer: &mut impl Observer<JobEvent>,
    number: usize,
    samples: usize,
    finished: &Finished,
) {
    observer.notify(JobEvent::Sample {
        sample: number as u32 + 1,
        samples: samples as u32,
        finished: Box::new(finished.clone()),
    });
}

impl Restoration {
    /// Restores `samples` times, with the solver noise of seed, seed + 1, and so on. LATINO-PRO
    /// fits its prompt once; the other samples are LATINO's under that prompt. Solvers that draw no
    /// noise run once.
    ///
    /// Fails with [`Error::Invalid`] on no samples, and as the solvers do.
    pub async fn run(
        &self,
        settings: &SolverSettings,
        samples: usize,
        pipeline: &Pipeline,
        observer: &mut impl Observer<JobEvent>,
    ) -> Result<Outcome> {
        if samples == 0 {
            return Err(Error::invalid("the number of samples must be at least 1"));
        }
        if !settings.needs_model() {
            observer.notify(self.started(0, 0));
            observer.checkpoint().await?;
            let done = self.run_baseline(settings.solver, observer).await?;
            return self.outcome(vec![done]);
        }
        let settings = &settings.fitted(pipeline.scheduler(), self.spec.starts_from_noise());
        let (encoding, mut embedding) = pipeline.embed(&settings.prompt).await?;
        let total = settings.evaluations() + (samples - 1) * settings.steps;
        observer.notify(self.started(total, encoding.dropped));
        observer.checkpoint().await?;
        self.check_multiple(pipeline)?;
        // The same for all samples.
        let start = self.start(settings, observer).await?;
        let mut settings = settings.clone();
        let mut done: Vec<Finished> = Vec::new();
        let report = |observer: &mut _, done: &mut Vec<Finished>, finished: Finished| {
            if samples > 1 {
                notify_sample(observer, done.len(), samples, &finished);
            }
            done.push(finished);
        };
        if settings.solver == Solver::LatinoPro {
            let found = self
                .run_sample(&settings, 0, pipeline, &embedding, start.clone(), observer)
                .await?;
            if let Some(fitted) = &found.embedding {
                embedding = fitted.clone();
            }
            report(observer, &mut done, found);
            settings.solver = Solver::Latino;
        }
        let batch = self.batch(&settings, pipeline)?;
        while done.len() < samples {
            let (first, left) = (done.len(), samples - done.len());
            if batch.min(left) == 1 {
                let number = first as u64;
                let finished = self
                    .run_sample(
                        &settings,
                        number,
                        pipeline,
                        &embedding,
                        start.clone(),
                        observer,
                    )
                    .await?;
                report(observer, &mut done, finished);
                continue;
            }
            let numbers = first..first + batch.min(left);
            self.run_batch(
                &settings,
                numbers,
                pipeline,
                &embedding,
                start.clone(),
                observer,
                |observer, finished| report(observer, &mut done, finished),
            )
            .await?;
        }
        self.outcome(done)
    }

    /// How many samples go through the networks together.
    fn batch(&self, settings: &SolverSettings, pipeline: &Pipeline) -> Result<usize> {
        let [_, _, h, w] = self.baseline.dims4()?;
        Ok(match settings.batch {
            Some(batch) => batch.max(1),
            None => batch::automatic(pipeline.on_gpu(), h, w),
        })
    }

    /// How much the prompt decided: `own`, the outcome of [`Restoration::run`] under the settings'
    /// prompt, compared with as many samples under each of `others`. The solver's noises are the same for
    /// all prompts.
    ///
    /// Fails with [`Error::Invalid`] without other prompts or with a single sample, and as the solvers do.
    pub async fn prompt_effect(
        &self,
        settings: &SolverSettings,
        own: &Outcome,
        others: &[String],
        pipeline: &Pipeline,
        observer: &mut impl Observer<JobEvent>,
    ) -> Result<PromptEffect> {
        let samples = |outcome: &Outcome| {
            let spread = outcome.spread.as_ref().map(|s| s.samples.clone());
            spread.ok_or_else(|| {
                Error::invalid("the effect of prompts needs at least two samples of each")
            })
        };
        let mut sets = vec![samples(own)?];
        for prompt in others {
            let settings = SolverSettings {
                prompt: prompt.clone(),
                ..settings.clone()
            };
            let outcome = self
                .run(&settings, own.samples.len(), pipeline, observer)
                .await?;
            sets.push(samples(&outcome)?);
        }
        prompt_effect(&sets.iter().collect::<Vec<_>>())
    }

    /// Runs a page's job.
    pub async fn run_job(
        &self,
        job: &RestoreJob,
        pipeline: &Pipeline,
        observer: &mut impl Observer<JobEvent>,
    ) -> Result<Outcome> {
        let settings = SolverSettings::from_job(job);
        self.run(&settings, job.samples as usize, pipeline, observer)
            .await
    }

    fn outcome(&self, samples: Vec<Finished>) -> Result<Outcome> {
        if samples.len() < 2 {
            return Ok(Outcome {
                samples,
                spread: None,
            });
        }
        let [_, c, h, w] = self.baseline.dims4()?;
        let mut set = Samples::new([c, h, w])?;
        for sample in &samples {
            set.push(&sample.tensor)?;
        }
        let mean = HostTensor::new([1, c, h, w], set.mean()?.into_data())?;
        let (calibration, coverage) = match self.truth() {
            Some(truth) => {
                let truth = HostTensor::new([c, h, w], truth.data().to_vec())?;
                let rows = set.calibration(&truth, &LEVELS)?.rows;
                (Some(set.calibration(&truth, &[0.5, 0.8, LEVEL])?), rows)
            }
            None => (None, Vec::new()),
        };
        let spread = Spread {
            mean_metrics: self.metrics(&mean),
            mean,
            calibration,
            coverage,
            samples: set,
        };
        Ok(Outcome {
            samples,
            spread: Some(spread),
        })
    }
}

/// Mean over the channels of `[C, H, W]`, to [0, 1] units.
fn grey(x: &HostTensor, channels: usize) -> Vec<f32> {
    let n = x.len() / channels;
    (0..n)
        .map(|i| {
            let sum: f32 = (0..channels).map(|c| x.data()[c * n + i]).sum();
            (sum / channels as f32 + 1.0) / 2.0
        })
        .collect()
}

impl Spread {
    /// For the page.
    pub fn report(&self) -> Result<Uncertainty> {
        let set = &self.samples;
        let [c, h, w] = set.shape();
        let (low, high) = set.interval(LEVEL)?;
        let calibration = self.calibration.as_ref().map(|c| CalibrationReport {
            rows: (self.coverage.iter())
                .map(|r| Coverage {
                    nominal: r.nominal,
                    attainable: r.attainable,
                    empirical: r.empirical,
                })
                .collect(),
            error_to_spread: c.error_to_spread,
        });
        let components = set
            .components(COMPONENTS)?
            .into_iter()
            .map(|part| {
                let reach = 2.0 * part.variance.sqrt() as f32;
                let along = |sign: f32| -> Result<_> {
                    let direction = HostTensor::new([1, c, h, w], part.direction.data().to_vec())?;
                    let x = self.mean.clone();
                    let x = x.zip(&direction, |m, d| m + sign * reach * d)?;
                    Ok(image::to_rgba8(&x.clamp(-1.0, 1.0)))
                };
                Ok(Component {
                    share: part.share,
                    low: along(-1.0)?,
                    high: along(1.0)?,
                })
            })
            .collect::<Result<_>>()?;
        let map = set.deviation_map()?;
        Ok(Uncertainty {
            samples: set.len() as u32,
            mean: image::to_rgba8(&self.mean),
            mean_metrics: self.mean_metrics,
            // Deviations, not pictures: half of the [-1, 1] ones.
            deviation: map.into_data().into_iter().map(|v| v / 2.0).collect(),
            low: grey(&low, c),
            high: grey(&high, c),
            level: LEVEL,
            calibration,
            attainable: LEVEL.min(set.widest_level()),
            components,
        })
    }
}
