//! What a job reports on the way.

use super::{Finished, Outcome};
use crate::Result;
use crate::baselines::BaselineProgress;
use crate::engine::PromptWords;
use crate::image;
use crate::protocol::{Event, Metrics, Rgba, TokenReading};
use crate::solver::{Look, Observer, ProEvent, ProIteration, StepReport};

/// What a job reports on the way.
#[derive(Debug, Clone)]
pub enum JobEvent {
    /// The measurement is ready and the solver starts.
    Started {
        /// Network evaluations to come, of all samples.
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
    /// One step of LATINO is done.
    Step(StepReport),
    /// One evaluation of LATINO-PRO's iterations is done.
    Progress {
        /// Evaluations so far.
        done: usize,
        /// Evaluations in all.
        total: usize,
    },
    /// One iteration of LATINO-PRO is done.
    Iteration {
        /// What the solver reports.
        iteration: ProIteration,
        /// Its embedding in words.
        words: Vec<TokenReading>,
    },
    /// One of several samples is done.
    Sample {
        /// 1 to `samples`.
        sample: u32,
        /// Samples in all.
        samples: u32,
        /// The sample.
        finished: Box<Finished>,
    },
    /// All samples under one of several prompts are done.
    Prompt {
        /// Which prompt, from 0.
        prompt: u32,
        /// Its samples and their spread.
        outcome: Box<Outcome>,
        /// Their mean and its quality.
        mean: (Rgba, Metrics),
        /// Tokens that did not fit.
        dropped: usize,
    },
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
            Self::Progress { done, total } => Event::Progress {
                id,
                done: done as u32,
                total: total as u32,
            },
            Self::Iteration {
                iteration: i,
                words,
            } => Event::Iteration {
                id,
                iteration: i.iteration as u32,
                iterations: i.iterations as u32,
                step: i.step,
                distances: i.distances,
                residual: i.residual,
                picture: image::to_rgba8(&i.picture),
                words,
                embedding: i.embedding.into_data(),
                seconds,
            },
            Self::Sample {
                sample,
                samples,
                finished,
            } => Event::Sample {
                id,
                sample,
                samples,
                picture: finished.picture,
                metrics: finished.metrics,
            },
            Self::Prompt {
                prompt,
                outcome,
                dropped,
                mean,
            } => Event::PromptDone {
                id,
                prompt,
                metrics: outcome.samples.iter().map(|s| s.metrics).collect(),
                samples: outcome.samples.into_iter().map(|s| s.picture).collect(),
                mean: mean.0,
                mean_metrics: mean.1,
                dropped_tokens: (dropped > 0).then_some(dropped as u32),
            },
        }
    }
}

/// Lets a reference solver be cancelled; how far it is, nobody asks.
pub(super) struct Baseline<'a, O>(pub &'a mut O);

impl<O: Observer<JobEvent>> Observer<BaselineProgress> for Baseline<'_, O> {
    fn notify(&mut self, _: BaselineProgress) {}

    async fn checkpoint(&mut self) -> Result<()> {
        self.0.checkpoint().await
    }
}

/// Passes LATINO's reports on as the job's.
pub(super) struct Solver<'a, O>(pub &'a mut O);

impl<O: Observer<JobEvent>> Observer<StepReport> for Solver<'_, O> {
    fn notify(&mut self, report: StepReport) {
        self.0.notify(JobEvent::Step(report));
    }

    async fn checkpoint(&mut self) -> Result<()> {
        self.0.checkpoint().await
    }

    async fn look(&mut self, look: Look<'_>) -> Result<()> {
        self.0.look(look).await
    }

    fn data_weight(&self) -> f64 {
        self.0.data_weight()
    }
}

/// Passes LATINO-PRO's reports on as the job's, each iteration's embedding read in words.
pub(super) struct ProSolver<'a, O> {
    pub observer: &'a mut O,
    pub words: PromptWords,
}

impl<O: Observer<JobEvent>> Observer<ProEvent> for ProSolver<'_, O> {
    fn notify(&mut self, event: ProEvent) {
        self.observer.notify(match event {
            ProEvent::Progress { done, total } => JobEvent::Progress { done, total },
            ProEvent::Iteration(iteration) => JobEvent::Iteration {
                words: self.words.read(&iteration.embedding),
                iteration,
            },
            ProEvent::Step(s) => JobEvent::Step(s),
        });
    }

    async fn checkpoint(&mut self) -> Result<()> {
        self.observer.checkpoint().await
    }

    async fn look(&mut self, look: Look<'_>) -> Result<()> {
        self.observer.look(look).await
    }

    fn data_weight(&self) -> f64 {
        self.observer.data_weight()
    }
}
