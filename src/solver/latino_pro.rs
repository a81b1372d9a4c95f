//! LATINO-PRO (Spagnoletti et al. 2025): LATINO whose prompt embedding is fitted to the measurement.
//!
//! Maximises the marginal likelihood c -> p(y | c) by a stochastic approximation projected gradient
//! (SAPG). By Fisher's identity its gradient is the posterior mean of grad_c log p(x | c), which the
//! latent Markov chain of LATINO gives step by step:
//!
//! ```text
//! log p(z_{t'} | z_t, c) = -|z_{t'} - sqrt(alpha_bar') z_0(c)|^2 / (2 (1 - alpha_bar')) + const,
//! z_0(c) = x0-prediction of the network at (z_t, t, c).
//! ```

use super::latino::chain;
use super::{
    Codec, LatinoOptions, Likelihood, Look, NoiseSource, Observer, Prior, Problem, PromptPrior,
    Restoration, StepReport, guard,
    posterior::{check_problem, data_step, initial_picture, re_encode},
    prompt_ascent::PromptAscent,
    step_rule::Situation,
};
use crate::{Error, HostTensor, Result, schedule::LcmScheduler};

/// Which direction the gradient of one step takes; see [`ProOptions::direction`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// `z_{t'} - sqrt(alpha_bar') z_0`, as published. Mostly the noise that was added on the way.
    #[default]
    Published,
    /// Its expectation over that noise, `sqrt(alpha_bar') (z_0 after the prox - z_0)`
    /// (Rao-Blackwell): the same mean direction with far less variance.
    Expected,
}

/// Where LATINO-PRO's last run starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LastStart {
    /// From the last latent of the chains, as published.
    #[default]
    Chain,
    /// From the last run's own initialisation: LATINO under the fitted embedding, nothing else.
    Initialisation,
}

/// Options of [`latino_pro`]. The defaults are the published ones; `chain` and `last` need their
/// timesteps filled in.
#[derive(Debug, Clone, PartialEq)]
pub struct ProOptions {
    /// The short chain of every outer iteration (published: 4 timesteps). `initialisation` applies to
    /// the first; the others start from where the one before ended.
    pub chain: LatinoOptions,
    /// The full LATINO run under the last prompt (published: 8 timesteps).
    pub last: LatinoOptions,
    /// Outer iterations M, 1 or more.
    pub iterations: usize,
    /// Step size of the first iterations; see [`ProOptions::step`].
    pub step: f64,
    /// Iterations before the step size decays.
    pub constant_iterations: usize,
    /// Factor per iteration of the decay.
    pub decay: f64,
    /// Radius of the ball around the first embedding that every token stays in (L2 over the width).
    pub radius: f64,
    /// Positions of the tokens that never move. Published: the first four, which are the start token and
    /// "a photo of".
    pub frozen: Vec<usize>,
    /// Which gradient.
    pub direction: Direction,
    /// Where the last run starts.
    pub last_start: LastStart,
    /// Embedding to go on from, such as the last [`ProIteration::embedding`] of a run that was
    /// cancelled. The balls stay where they are.
    pub resume: Option<HostTensor>,
}

impl Default for ProOptions {
    fn default() -> Self {
        Self {
            chain: LatinoOptions::default(),
            last: LatinoOptions::default(),
            iterations: 15,
            step: 0.08,
            constant_iterations: 10,
            decay: 0.9,
            radius: 15.0,
            frozen: (0..4).collect(),
            direction: Direction::default(),
            last_start: LastStart::default(),
            resume: None,
        }
    }
}

impl ProOptions {
    /// The step size of iteration `j` from 0: `step max(decay^max(0, j - constant_iterations), 1e-3)`.
    pub fn step_size(&self, j: usize) -> f64 {
        let age = j.saturating_sub(self.constant_iterations);
        self.step * self.decay.powi(age as i32).max(1e-3)
    }

    /// Evaluations of the network: those of all chains and of the last run (published: 68).
    pub fn evaluations(&self) -> usize {
        self.iterations * self.chain.timesteps.len() + self.last.timesteps.len()
    }

    fn check(&self, scheduler: &LcmScheduler) -> Result<()> {
        for options in [&self.chain, &self.last] {
            scheduler.check_timesteps(&options.timesteps)?;
            options.rule.check()?;
        }
        if self.chain.timesteps.len() < 2 {
            return Err(Error::invalid(
                "LATINO-PRO needs at least two timesteps in its chains: the gradient comes from the steps between them",
            ));
        }
        if self.iterations == 0 {
            return Err(Error::invalid("LATINO-PRO needs at least one iteration"));
        }
        for (name, value) in [
            ("step size", self.step),
            ("radius", self.radius),
            ("decay", self.decay),
        ] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(Error::invalid(format!(
                    "the {name} is {value}; it must be 0 or more"
                )));
            }
        }
        Ok(())
    }
}

/// What [`latino_pro`] reports on the way.
#[derive(Debug, Clone, PartialEq)]
pub enum ProEvent {
    /// A network evaluation of an outer iteration is done.
    Progress {
        /// Evaluations so far.
        done: usize,
        /// Evaluations in all.
        total: usize,
    },
    /// An outer iteration is done.
    Iteration(ProIteration),
    /// A step of the last run.
    Step(StepReport),
}

/// One outer iteration.
#[derive(Debug, Clone, PartialEq)]
pub struct ProIteration {
    /// 1 to `iterations`.
    pub iteration: usize,
    /// Iterations in all.
    pub iterations: usize,
    /// Step size used.
    pub step: f64,
    /// L2 distance of every token `[N]` from the first embedding, after the step.
    pub distances: Vec<f64>,
    /// Root mean square of A x - y of the prior's last picture before its prox, in [0, 1] units: how far
    /// what the prompt says is from the data.
    pub residual: f64,
    /// The chain's last picture after the prox, `[1, 3, H, W]`.
    pub picture: HostTensor,
    /// The embedding after the step: keep the last one, and a run that is cancelled loses nothing.
    pub embedding: HostTensor,
}

/// What [`latino_pro`] returns.
#[derive(Debug, Clone, PartialEq)]
pub struct ProRestoration {
    /// The restored picture and the number of network evaluations, those of the chains included.
    pub restoration: Restoration,
    /// The fitted prompt embedding, of the shape of the first.
    pub embedding: HostTensor,
}

/// A [`PromptPrior`] under one embedding, as a [`Prior`].
pub(super) struct AtPrompt<'a, P> {
    pub prior: &'a P,
    pub embedding: &'a HostTensor,
}

impl<P: Codec> Codec for AtPrompt<'_, P> {
    fn latent_shape(&self, picture: [usize; 4]) -> Result<[usize; 4]> {
        self.prior.latent_shape(picture)
    }
    async fn encode(&self, picture: &HostTensor) -> Result<HostTensor> {
        self.prior.encode(picture).await
    }
    async fn decode(&self, latent: &HostTensor) -> Result<HostTensor> {
        self.prior.decode(latent).await
    }
    async fn decode_last(&self, latent: &HostTensor) -> Result<HostTensor> {
        self.prior.decode_last(latent).await
    }
}

impl<P: PromptPrior> Prior for AtPrompt<'_, P> {
    async fn predict(&self, z: &HostTensor, t: usize) -> Result<HostTensor> {
        self.prior.predict_at(z, t, self.embedding).await
    }
}

/// Passes the last run's steps on.
struct Last<'a, O>(&'a mut O);

impl<O: Observer<ProEvent>> Observer<StepReport> for Last<'_, O> {
    fn notify(&mut self, event: StepReport) {
        self.0.notify(ProEvent::Step(event));
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

/// Restores the picture behind `problem.y` (batch 1) and fits the prompt embedding to it, starting at
/// `embedding` `[1, N, width]`.
///
/// Every outer iteration j runs the chain of LATINO on its timesteps t_1 > ... > t_n. For each but the
/// last the gradient h of log p(z_{t'} | z_t, c) is taken at the current c, h is divided by its L2
/// norm token by token (a token without gradient stays), and added to a sum G that is never reset, as
/// published. Then `c <- Pi(c + gamma_j G)`, Pi the projection of every token on the ball of
/// [`ProOptions::radius`] around its start. Chain j + 1 starts from chain j's last latent. After the
/// last iteration LATINO runs once more under the final c, from that latent or from its own
/// initialisation ([`ProOptions::last_start`]).
///
/// Order of the noise drawn: for every chain as in [`super::latino`].
///
/// # Errors
/// As [`super::latino`], and [`Error::BadOutput`] when a gradient is not finite.
pub async fn latino_pro<P: PromptPrior, L: Likelihood>(
    prior: &P,
    scheduler: &LcmScheduler,
    problem: Problem<'_, L>,
    embedding: &HostTensor,
    options: &ProOptions,
    noise: &mut impl NoiseSource,
    observer: &mut impl Observer<ProEvent>,
) -> Result<ProRestoration> {
    options.check(scheduler)?;
    check_problem(&problem)?;
    let start = initial_picture(&problem, &options.chain.initialisation)?;
    let dims = start.dims4()?;
    if dims[0] != 1 {
        return Err(Error::shape("LATINO-PRO fits one prompt to one picture"));
    }
    let shape = prior.latent_shape(dims)?;
    observer.checkpoint().await?;
    let mut latent = guard::finite(prior.encode(&start).await?, "encoder", "before step 1")?;
    latent.expect_shape("encoded picture", &shape)?;
    let mut ascent = PromptAscent::new(embedding, options.radius, &options.frozen)?;
    if let Some(found) = &options.resume {
        ascent.resume(found)?;
    }
    let total = options.evaluations();
    let mut done = 0;

    for j in 0..options.iterations {
        let timesteps = &options.chain.timesteps;
        let first = timesteps[0];
        let mut z = scheduler.add_noise(&latent, &noise.normal(&shape)?, first)?;
        let mut last = None;
        for (k, t) in timesteps.iter().copied().enumerate() {
            let place = format!("iteration {}, t = {t}", j + 1);
            let next = timesteps.get(k + 1).copied();
            observer.checkpoint().await?;
            let (output, pullback) = match next {
                None => (prior.predict_at(&z, t, ascent.current()).await?, None),
                Some(_) => {
                    let (output, pullback) =
                        prior.predict_with_pullback(&z, t, ascent.current()).await?;
                    (output, Some(pullback))
                }
            };
            let output = guard::finite(output, "denoising network", &place)?;
            let z0 = scheduler.predict_x0(&z, &output, t)?;
            observer.checkpoint().await?;
            let before = guard::picture(prior.decode(&z0).await?, &place)?.clamp(-1.0, 1.0);
            let at = Situation {
                t,
                alpha_bar: scheduler.alpha_bar(t)?,
                sigma_n: 2.0 * problem.sigma,
            };
            let (after, data) = data_step(&problem, options.chain.rule, 1.0, &before, at, &place)?;
            let how = options.chain.re_encoding;
            latent = re_encode(prior, how, &z0, &before, &after, &place, observer).await?;
            done += 1;
            observer.notify(ProEvent::Progress { done, total });
            let (Some(next), Some(pullback)) = (next, pullback) else {
                last = Some((after, data));
                break;
            };
            let n = noise.normal(&shape)?;
            z = scheduler.add_noise(&latent, &n, next)?;
            let target = match options.direction {
                Direction::Published => z.clone(),
                Direction::Expected => {
                    let signal = scheduler.alpha_bar(next)?.sqrt() as f32;
                    latent.clone().map(|v| signal * v)
                }
            };
            let seed = scheduler.log_likelihood_seed(&z0, &target, t, next)?;
            observer.checkpoint().await?;
            let gradient = prior.pull_back(pullback, &seed).await?;
            ascent.add(&guard::finite(gradient, "prompt gradient", &place)?)?;
        }
        let step = options.step_size(j);
        ascent.step(step);
        if let Some((picture, data)) = last {
            observer.notify(ProEvent::Iteration(ProIteration {
                iteration: j + 1,
                iterations: options.iterations,
                step,
                distances: ascent.distances(),
                residual: data.first().map_or(f64::NAN, |d| d.residual_before),
                picture,
                embedding: ascent.current().clone(),
            }));
        }
    }

    let at = AtPrompt {
        prior,
        embedding: ascent.current(),
    };
    let mut from = None;
    if options.last_start == LastStart::Initialisation {
        let start = initial_picture(&problem, &options.last.initialisation)?;
        observer.checkpoint().await?;
        latent = guard::finite(
            prior.encode(&start).await?,
            "encoder",
            "before the last run",
        )?;
        latent.expect_shape("encoded picture", &shape)?;
        from = Some(start);
    }
    let mut restoration = chain(
        &at,
        scheduler,
        problem,
        &options.last,
        (latent, from),
        noise,
        &mut Last(observer),
    )
    .await?;
    restoration.evaluations += done;
    Ok(ProRestoration {
        restoration,
        embedding: ascent.current().clone(),
    })
}

#[cfg(test)]
#[path = "latino_pro_tests.rs"]
mod tests;
