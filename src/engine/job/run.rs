//! One sample with one solver.

use super::events::{self, JobEvent};
use super::{Restoration, SolverSettings};
use crate::baselines::{self, Baseline, BaselineOptions};
use crate::engine::{Pipeline, prior::Prompted};
use crate::image;
use crate::protocol::{Initialisation, Metrics, Rgba, Solver};
use crate::solver::{NoiseStream, Observer, Problem, SeededNoise, latino, latino_pro};
use crate::{Error, HostTensor, Result};

/// A finished sample.
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
    /// The prompt embedding that LATINO-PRO found, `[1, N, width]`.
    pub embedding: Option<HostTensor>,
}

impl Restoration {
    /// Fails unless the model takes pictures of this size.
    pub(super) fn check_multiple(&self, pipeline: &Pipeline) -> Result<()> {
        let [_, _, h, w] = self.baseline.dims4()?;
        let multiple = pipeline.report().picture_multiple as usize;
        if h.is_multiple_of(multiple) && w.is_multiple_of(multiple) {
            return Ok(());
        }
        Err(Error::Picture(format!(
            "{w}x{h} pixels: this model needs sides that are multiples of {multiple}; crop or scale the picture"
        )))
    }

    /// What `Started` says, for `runs` runs of the solver.
    pub(super) fn started(&self, steps: usize, dropped: usize) -> JobEvent {
        JobEvent::Started {
            steps: steps as u32,
            measurement: self.measurement_rgba(),
            baseline: self.baseline_rgba(),
            metrics: self.baseline_metrics(),
            dropped,
        }
    }

    /// Restores without a model; fails for solvers that need one.
    pub async fn run_baseline(
        &self,
        solver: Solver,
        observer: &mut impl Observer<JobEvent>,
    ) -> Result<Finished> {
        let baseline = match solver {
            Solver::Tv => Baseline::TotalVariation,
            Solver::Tikhonov => Baseline::Tikhonov,
            Solver::PseudoInverse => Baseline::PseudoInverse,
            Solver::Latino | Solver::LatinoPro | Solver::DiffPir => {
                return Err(Error::model("this solver needs a model"));
            }
        };
        let picture = self.baseline_picture(baseline, observer).await?;
        self.finished(picture, 0, None)
    }

    async fn baseline_picture(
        &self,
        baseline: Baseline,
        observer: &mut impl Observer<JobEvent>,
    ) -> Result<HostTensor> {
        baselines::solve_with_noise(
            baseline,
            self.operator.as_ref(),
            &self.measurement,
            &self.noise,
            &BaselineOptions::default(),
            &mut events::Baseline(observer),
        )
        .await
    }

    /// The picture that a run starts from, where it is given or another solver has to make it.
    pub(super) async fn start(
        &self,
        settings: &SolverSettings,
        observer: &mut impl Observer<JobEvent>,
    ) -> Result<Option<HostTensor>> {
        if let Some(picture) = &settings.init_picture {
            picture.expect_shape("picture to start from", self.baseline.shape())?;
            return Ok(Some(picture.clone()));
        }
        match settings.init {
            Initialisation::TotalVariation => {
                if let Some(known) = self.total_variation.get() {
                    return Ok(Some(known.clone()));
                }
                let picture = self.baseline_picture(Baseline::TotalVariation, observer);
                let found = picture.await?;
                Ok(Some(self.total_variation.get_or_init(|| found).clone()))
            }
            Initialisation::PseudoInverse | Initialisation::Adjoint => Ok(None),
        }
    }

    /// One sample from a model: the solver's noise is that of seed + `sample`. `embedding` is the
    /// prompt's; LATINO-PRO starts from it. `start` is [`Restoration::start`]'s.
    pub(super) async fn run_sample(
        &self,
        settings: &SolverSettings,
        sample: u64,
        pipeline: &Pipeline,
        embedding: &HostTensor,
        start: Option<HostTensor>,
        observer: &mut impl Observer<JobEvent>,
    ) -> Result<Finished> {
        let scheduler = pipeline.scheduler();
        let likelihood = self.likelihood()?;
        let problem = Problem {
            likelihood: &likelihood,
            y: &self.measurement,
            sigma: likelihood.sigma(),
        };
        let holes = self.spec.starts_from_noise();
        let mut noise = SeededNoise::new(self.seed.wrapping_add(sample), NoiseStream::Solver);
        if settings.hybrid && !pipeline.report().hybrid {
            return Err(Error::model(
                "this model brings no quick autoencoder (vae_quick) for the hybrid codec",
            ));
        }
        if settings.solver == Solver::LatinoPro {
            let mut options = settings.latino_pro(scheduler, holes, start)?;
            options.resume = match &settings.resume {
                Some(values) => Some(HostTensor::new(embedding.shape(), values.clone())?),
                None => None,
            };
            let prompt = pipeline.tokenizer().encode(&settings.prompt);
            let words = pipeline.prompt_words(&prompt, &options.frozen, observer);
            let words = words.await?;
            let prior = Prompted::new(pipeline, settings.guidance).hybrid(settings.hybrid);
            let found = latino_pro(
                &prior,
                scheduler,
                problem,
                embedding,
                &options,
                &mut noise,
                &mut events::ProSolver { observer, words },
            )
            .await?;
            let result = found.restoration;
            return self.finished(result.picture, result.evaluations, Some(found.embedding));
        }
        let options = settings.latino(scheduler, holes, start)?;
        let prior = pipeline.condition(embedding, settings.guidance)?;
        let prior = prior.hybrid(settings.hybrid);
        let result = latino(
            &prior,
            scheduler,
            problem,
            &options,
            &mut noise,
            &mut events::Solver(observer),
        )
        .await?;
        self.finished(result.picture, result.evaluations, None)
    }

    pub(super) fn finished(
        &self,
        picture: HostTensor,
        evaluations: usize,
        embedding: Option<HostTensor>,
    ) -> Result<Finished> {
        image::check_picture(&picture)?;
        Ok(Finished {
            picture: image::to_rgba8(&picture),
            metrics: self.metrics(&picture),
            tensor: picture,
            evaluations: evaluations as u32,
            embedding,
        })
    }
}
