//! Several posterior samples that go through the networks together.

use std::ops::Range;

use super::events::JobEvent;
use super::{Finished, Restoration, SolverSettings};
use crate::engine::Pipeline;
use crate::solver::{
    Initialisation, Likelihood, NoiseStream, Observer, Problem, SeededNoise, StackedNoise,
    StepReport, latino,
};
use crate::{HostTensor, Result, protocol};

/// Pixels that go through the networks at a time on a GPU when the batch is chosen automatically: that many keep
/// a Stable-Diffusion-class UNet's activations within a few hundred megabytes.
const PIXELS: usize = 2 * 512 * 512;
/// More samples in a batch gain nothing.
const MOST: usize = 8;

/// The batch that is taken when none is asked for: on a GPU as many samples of `height` x `width` pixels as its
/// memory surely has room for; on the CPU one, so that each can be looked at as soon as it is there.
pub(super) fn automatic(gpu: bool, height: usize, width: usize) -> usize {
    if !gpu {
        return 1;
    }
    (PIXELS / (height * width).max(1)).clamp(1, MOST)
}

/// Reports the steps of a batch as if its samples had been run one after the other: the first one's at once, the
/// others' kept for their turn.
struct Split<'a, O> {
    observer: &'a mut O,
    later: Vec<Vec<StepReport>>,
}

/// The reports of a batch's pictures.
fn split(report: &StepReport) -> Result<Vec<StepReport>> {
    let pictures = |batch: &HostTensor| -> Result<Vec<HostTensor>> {
        let [_, c, h, w] = batch.dims4()?;
        let chunks = batch.data().chunks(c * h * w);
        chunks
            .map(|p| HostTensor::new([1, c, h, w], p.to_vec()))
            .collect()
    };
    let (before, after) = (pictures(&report.before)?, pictures(&report.after)?);
    Ok((before.into_iter().zip(after).zip(&report.data))
        .map(|((before, after), data)| StepReport {
            before,
            after,
            data: vec![*data],
            ..*report
        })
        .collect())
}

impl<O: Observer<JobEvent>> Observer<StepReport> for Split<'_, O> {
    fn notify(&mut self, report: StepReport) {
        // The solver has made these pictures itself: they have four dimensions.
        let mut reports = split(&report).unwrap_or_default().into_iter();
        if let Some(first) = reports.next() {
            self.observer.notify(JobEvent::Step(first));
        }
        for (later, report) in self.later.iter_mut().zip(reports) {
            later.push(report);
        }
    }

    async fn checkpoint(&mut self) -> Result<()> {
        self.observer.checkpoint().await
    }
}

/// `x` `[1, ...]` so many times.
fn repeated(x: &HostTensor, times: usize) -> Result<HostTensor> {
    let mut shape = x.shape().to_vec();
    shape[0] = times;
    HostTensor::new(shape, x.data().repeat(times))
}

impl Restoration {
    /// The samples `numbers` (from 0) of LATINO or DiffPIR, with the noises of seed + number, all in one batch.
    /// Each equals the sample run alone but for rounding. `done` is called with each in order, after its
    /// steps were reported.
    #[allow(clippy::too_many_arguments)]
    pub(super) async fn run_batch<O: Observer<JobEvent>>(
        &self,
        settings: &SolverSettings,
        numbers: Range<usize>,
        pipeline: &Pipeline,
        embedding: &HostTensor,
        start: Option<HostTensor>,
        observer: &mut O,
        mut done: impl FnMut(&mut O, Finished),
    ) -> Result<()> {
        let count = numbers.len();
        let likelihood = self.likelihood()?;
        let start = match (start, settings.init) {
            (Some(picture), _) => picture,
            (None, protocol::Initialisation::Adjoint) => likelihood.adjoint(&self.measurement)?,
            (None, _) => {
                likelihood.pseudo_inverse(&self.measurement, 2.0 * likelihood.sigma() as f32)?
            }
        };
        let y = repeated(&self.measurement, count)?;
        let problem = Problem {
            likelihood: &likelihood,
            y: &y,
            sigma: likelihood.sigma(),
        };
        let scheduler = pipeline.scheduler();
        let mut options = settings.latino(scheduler, self.spec.starts_from_noise(), None)?;
        options.initialisation = Initialisation::Picture(repeated(&start, count)?);
        let seeds = numbers.map(|k| self.seed.wrapping_add(k as u64));
        let mut noise =
            StackedNoise::new(seeds.map(|seed| SeededNoise::new(seed, NoiseStream::Solver)));
        let prior = pipeline.condition(embedding, settings.guidance)?;
        let prior = prior.hybrid(settings.hybrid);
        let mut split = Split {
            observer,
            later: vec![Vec::new(); count - 1],
        };
        let result = latino(&prior, scheduler, problem, &options, &mut noise, &mut split).await?;
        let (observer, later) = (split.observer, split.later);
        let [_, c, h, w] = result.picture.dims4()?;
        let pictures = result.picture.data().chunks(c * h * w);
        let steps = std::iter::once(Vec::new()).chain(later);
        for (picture, steps) in pictures.zip(steps) {
            for step in steps {
                observer.notify(JobEvent::Step(step));
            }
            let picture = HostTensor::new([1, c, h, w], picture.to_vec())?;
            let finished = self.finished(picture, result.evaluations, None)?;
            done(observer, finished);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_fit_the_memory() {
        assert_eq!(automatic(false, 64, 64), 1);
        assert_eq!(automatic(true, 128, 128), MOST);
        assert_eq!(automatic(true, 512, 512), 2);
        assert_eq!(automatic(true, 2048, 2048), 1);
    }
}
