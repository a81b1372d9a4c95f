//! One measurement under several prompts: how much of the result they decide.

use super::{JobEvent, Outcome, Restoration, SolverSettings};
use crate::engine::Pipeline;
use crate::solver::Observer;
use crate::uncertainty::{PromptEffect, prompt_effect};
use crate::{Error, HostTensor, Result};

/// Most prompts that are compared.
const MOST: usize = 8;

/// Restorations under several prompts.
#[derive(Debug, Clone)]
pub struct PromptComparison {
    /// The samples under each prompt, the same seeds for all.
    pub outcomes: Vec<Outcome>,
    /// What the prompts explain of the samples' variance, and where.
    pub effect: PromptEffect,
}

impl PromptComparison {
    /// Network evaluations, all prompts together.
    pub fn evaluations(&self) -> u32 {
        self.outcomes.iter().map(Outcome::evaluations).sum()
    }

    /// Deviation between the prompts and within one at every pixel, root mean square over the channels,
    /// row-major, for pictures in [0, 1].
    pub fn maps(&self) -> Result<(Vec<f32>, Vec<f32>)> {
        Ok((map(&self.effect.between)?, map(&self.effect.within)?))
    }
}

/// Root mean square over the channels of `[C, H, W]`, halved: from [-1, 1] units to [0, 1] ones.
fn map(deviation: &HostTensor) -> Result<Vec<f32>> {
    let [c, h, w] = *deviation.shape() else {
        return Err(Error::shape(format!(
            "the deviation is {:?}, expected [C, H, W]",
            deviation.shape()
        )));
    };
    let at = |i: usize| {
        let square = |k: usize| deviation.data()[k * h * w + i].powi(2);
        ((0..c).map(square).sum::<f32>() / c as f32).sqrt() / 2.0
    };
    Ok((0..h * w).map(at).collect())
}

/// Several runs reported as one: the first `Started` with all evaluations to come, every evaluation as
/// progress, nothing else.
struct Together<'a, O> {
    inner: &'a mut O,
    done: usize,
    total: usize,
    started: bool,
    /// Tokens of the present prompt that did not fit.
    dropped: usize,
}

impl<O: Observer<JobEvent>> Observer<JobEvent> for Together<'_, O> {
    fn notify(&mut self, event: JobEvent) {
        match event {
            JobEvent::Started {
                steps: _,
                measurement,
                baseline,
                metrics,
                dropped,
            } => {
                self.dropped = dropped;
                if !std::mem::replace(&mut self.started, true) {
                    self.inner.notify(JobEvent::Started {
                        steps: self.total as u32,
                        measurement,
                        baseline,
                        metrics,
                        // Each prompt tells of its own.
                        dropped: 0,
                    });
                }
            }
            JobEvent::Step(_) | JobEvent::Progress { .. } => {
                self.done += 1;
                self.inner.notify(JobEvent::Progress {
                    done: self.done,
                    total: self.total,
                });
            }
            JobEvent::Iteration { .. } | JobEvent::Sample { .. } | JobEvent::Prompt { .. } => {}
        }
    }

    async fn checkpoint(&mut self) -> Result<()> {
        self.inner.checkpoint().await
    }
}

impl Restoration {
    /// Restores `samples` times under each of `prompts` with the same seeds, as [`Restoration::run`] does
    /// under the settings' own, and says how much the prompts explain.
    ///
    /// # Errors
    /// [`Error::Invalid`] unless there are 2 to 8 different prompts, two samples or more, and a solver that
    /// asks a model; and as the solvers do.
    pub async fn compare_prompts(
        &self,
        settings: &SolverSettings,
        samples: usize,
        prompts: &[String],
        pipeline: &Pipeline,
        observer: &mut impl Observer<JobEvent>,
    ) -> Result<PromptComparison> {
        check(settings, samples, prompts)?;
        let settings = &settings.fitted(pipeline.scheduler(), self.spec.starts_from_noise());
        let each = settings.evaluations() + (samples - 1) * settings.steps;
        let mut together = Together {
            inner: observer,
            done: 0,
            total: each * prompts.len(),
            started: false,
            dropped: 0,
        };
        let mut outcomes = Vec::new();
        for (k, prompt) in prompts.iter().enumerate() {
            let settings = SolverSettings {
                prompt: prompt.clone(),
                ..settings.clone()
            };
            let outcome = self
                .run(&settings, samples, pipeline, &mut together)
                .await?;
            if let Some(mean) = outcome.mean() {
                let dropped = together.dropped;
                together.inner.notify(JobEvent::Prompt {
                    prompt: k as u32,
                    outcome: Box::new(outcome.clone()),
                    mean,
                    dropped,
                });
            }
            outcomes.push(outcome);
        }
        let sets: Vec<_> = (outcomes.iter())
            .filter_map(|o| o.spread.as_ref().map(|s| &s.samples))
            .collect();
        let effect = prompt_effect(&sets)?;
        Ok(PromptComparison { outcomes, effect })
    }
}

fn check(settings: &SolverSettings, samples: usize, prompts: &[String]) -> Result<()> {
    if !settings.needs_model() {
        return Err(Error::invalid(
            "this solver takes no prompt: choose one that asks the model to compare prompts",
        ));
    }
    if !(2..=MOST).contains(&prompts.len()) {
        return Err(Error::invalid(format!(
            "{} prompts: 2 to {MOST} can be compared",
            prompts.len()
        )));
    }
    let twice = (prompts.iter().enumerate()).find(|(i, p)| prompts[..*i].contains(p));
    if let Some((_, prompt)) = twice {
        return Err(Error::invalid(format!(
            "the prompt {prompt:?} is there twice: give different ones"
        )));
    }
    if samples < 2 {
        return Err(Error::invalid(
            "the effect of prompts needs at least two samples of each",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_cannot_be_compared_is_refused() {
        let settings = SolverSettings::default();
        let own = |texts: &[&str]| texts.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        assert!(check(&settings, 2, &own(&["a cat", "a dog"])).is_ok());
        for (samples, prompts, wanted) in [
            (2, own(&["a cat"]), "2 to 8"),
            (2, own(&["a cat", "a dog", "a cat"]), "twice"),
            (1, own(&["a cat", "a dog"]), "two samples"),
        ] {
            let message = check(&settings, samples, &prompts).unwrap_err().to_string();
            assert!(message.contains(wanted), "{message}");
        }
        let without = SolverSettings {
            solver: crate::protocol::Solver::Tv,
            ..settings
        };
        assert!(check(&without, 2, &own(&["a cat", "a dog"])).is_err());
    }

    #[test]
    fn maps_are_in_unit_range() {
        let x = HostTensor::new([3, 1, 2], vec![0.6, 0.0, 0.6, 0.0, 0.6, 0.3]).unwrap();
        let m = map(&x).unwrap();
        assert!((m[0] - 0.3).abs() < 1e-6 && (m[1] - 0.15 / 3f32.sqrt()).abs() < 1e-6);
    }
}
