//! Which solver, and how it is to run.

use crate::protocol::{
    ChainSettings, Initialisation, OutputStage, ProSettings, RestoreJob, Solver, StepRule,
};
use crate::schedule::{LcmScheduler, distilled_timesteps, lcm_timesteps};
use crate::solver::{
    self, Direction, LastStart, LatinoOptions, ProOptions, PublishedForm, PublishedTable,
    ReEncoding,
};
use crate::{HostTensor, Result};

/// The lowest first timestep of an edit.
const EDIT_START: usize = 259;

/// How a solver is to run; see [`RestoreJob`].
#[derive(Debug, Clone)]
pub struct SolverSettings {
    /// What restores.
    pub solver: Solver,
    /// Prompt, verbatim.
    pub prompt: String,
    /// Network evaluations of one LATINO run; fewer where `start` leaves fewer timesteps.
    pub steps: usize,
    /// First timestep; the model's last one when `None`. A lower one keeps more of the
    /// initial picture. Tasks that hide whole parts of the picture start at the last one whatever is said here
    /// ([`crate::physics::TaskSpec::starts_from_noise`]).
    pub start: Option<usize>,
    /// The timesteps of LATINO's run, `steps` in number, in place of the model's own rule.
    pub timesteps: Option<Vec<usize>>,
    /// Where to start.
    pub init: Initialisation,
    /// This picture `[1, 3, H, W]` to start from, in place of `init`.
    pub init_picture: Option<HostTensor>,
    /// What to return.
    pub output: OutputStage,
    /// Step size rule.
    pub rule: StepRule,
    /// The published table that LATINO and DiffPIR take under a published rule; LATINO-PRO has its own.
    pub table: PublishedTable,
    /// How its constants are applied.
    pub form: PublishedForm,
    /// Target of the discrepancy rule as a multiple of the noise energy.
    pub rho: f64,
    /// Guidance scale for models with a guidance embedding.
    pub guidance: f32,
    /// How the picture goes back to the latent space.
    pub re_encoding: ReEncoding,
    /// Share of fresh noise for LATINO; 1 is the method.
    pub fresh_noise: f64,
    /// The same for DiffPIR (zeta of Zhu et al. 2023).
    pub zeta: f64,
    /// Share of the last picture that every prior step keeps; see [`LatinoOptions::relaxation`].
    pub relaxation: f64,
    /// For LATINO-PRO.
    pub pro: ProSettings,
    /// Values of the embedding that LATINO-PRO goes on from.
    pub resume: Option<Vec<f32>>,
    /// Samples that go through the networks together; `None`: as memory allows.
    pub batch: Option<usize>,
    /// Hybrid codec; fails for a model without a quick autoencoder.
    pub hybrid: bool,
}

impl Default for SolverSettings {
    fn default() -> Self {
        Self {
            solver: Solver::default(),
            prompt: String::new(),
            steps: 8,
            start: None,
            timesteps: None,
            init: Initialisation::default(),
            init_picture: None,
            output: OutputStage::default(),
            rule: StepRule::default(),
            table: PublishedTable::default(),
            form: PublishedForm::default(),
            rho: 1.0,
            guidance: 1.0,
            re_encoding: ReEncoding::default(),
            fresh_noise: 1.0,
            zeta: ChainSettings::default().zeta,
            relaxation: 0.0,
            pro: ProSettings::default(),
            resume: None,
            batch: None,
            hybrid: false,
        }
    }
}

impl SolverSettings {
    /// From a page's job.
    pub fn from_job(job: &RestoreJob) -> Self {
        Self {
            solver: job.solver,
            prompt: job.prompt.clone(),
            steps: job.steps as usize,
            start: job.start.map(|t| t as usize),
            init: job.init,
            output: job.output,
            rule: job.rule,
            table: match job.chain.sdxl {
                true => PublishedTable::SdxlDmd2,
                false => PublishedTable::Sd15Lcm,
            },
            form: match job.chain.original {
                true => PublishedForm::Original,
                false => PublishedForm::ResolutionFree,
            },
            rho: job.chain.rho,
            guidance: job.chain.guidance,
            re_encoding: match job.chain.corrected {
                true => ReEncoding::Corrected,
                false => ReEncoding::Direct,
            },
            zeta: job.chain.zeta,
            relaxation: job.chain.relaxation,
            pro: job.pro,
            resume: job.resume.clone(),
            hybrid: job.hybrid,
            ..Self::default()
        }
    }

    /// Whether the solver needs a model.
    pub fn needs_model(&self) -> bool {
        matches!(
            self.solver,
            Solver::Latino | Solver::LatinoPro | Solver::DiffPir
        )
    }

    /// Network evaluations of one run of the solver.
    pub fn evaluations(&self) -> usize {
        let chains = (self.pro.iterations * self.pro.chain_steps) as usize;
        match self.solver {
            Solver::Latino | Solver::DiffPir => self.steps,
            Solver::LatinoPro => chains + self.steps,
            Solver::Tv | Solver::Tikhonov | Solver::PseudoInverse => 0,
        }
    }

    /// These settings with no more steps than the model has timesteps from the start on; `holes` as for a run.
    pub(super) fn fitted(&self, scheduler: &LcmScheduler, holes: bool) -> Self {
        let start = self.start.filter(|_| !holes);
        let there = distilled_timesteps(scheduler.config(), start).len();
        Self {
            // Without any the run itself says what is wrong.
            steps: self.steps.min(there.max(1)),
            ..self.clone()
        }
    }

    /// LATINO's options; `holes` when parts of the picture leave no trace in the measurement;
    /// `picture` to start from instead of what `init` says.
    pub(super) fn latino(
        &self,
        scheduler: &LcmScheduler,
        holes: bool,
        picture: Option<HostTensor>,
    ) -> Result<LatinoOptions> {
        // A guess is no place to start from: holes begin with pure noise.
        let start = self.start.filter(|_| !holes);
        match &self.timesteps {
            Some(list) => Ok(LatinoOptions {
                timesteps: list.clone(),
                ..self.chain(scheduler, 1, None, picture)?
            }),
            None => self.chain(scheduler, self.steps, start, picture),
        }
    }

    /// LATINO-PRO's options. Its chains start at the last timestep, as published: the first says
    /// what the prompt means.
    pub(super) fn latino_pro(
        &self,
        scheduler: &LcmScheduler,
        holes: bool,
        picture: Option<HostTensor>,
    ) -> Result<ProOptions> {
        let pro = &self.pro;
        let chain = self.chain(scheduler, pro.chain_steps as usize, None, picture.clone())?;
        let last = self.latino(scheduler, holes, picture)?;
        let with = |options, table| LatinoOptions {
            rule: self.step_rule(table),
            ..options
        };
        Ok(ProOptions {
            chain: with(chain, PublishedTable::ProChain),
            last: with(last, PublishedTable::ProLast),
            last_start: if pro.published {
                LastStart::Chain
            } else {
                LastStart::Initialisation
            },
            iterations: pro.iterations as usize,
            step: pro.step,
            constant_iterations: pro.constant_iterations as usize,
            decay: pro.decay,
            radius: pro.radius,
            frozen: (0..pro.frozen as usize).collect(),
            direction: if pro.expected {
                Direction::Expected
            } else {
                Direction::Published
            },
            ..ProOptions::default()
        })
    }

    /// The timesteps of LATINO-PRO's chains when they start where LATINO starts, or earlier where that would leave the prompt no say: for editing.
    pub(super) fn chain_from_start(&self, scheduler: &LcmScheduler) -> Result<Vec<usize>> {
        let steps = self.pro.chain_steps as usize;
        let start = self.start.map(|t| t.max(EDIT_START));
        lcm_timesteps(scheduler.config(), steps, start)
    }

    /// The step size rule; `table` is the one that a published rule takes.
    fn step_rule(&self, table: PublishedTable) -> solver::StepRule {
        match self.rule {
            StepRule::Discrepancy => solver::StepRule::Discrepancy { rho: self.rho },
            StepRule::MomentMatching => solver::StepRule::MomentMatching,
            StepRule::Published => solver::StepRule::Published {
                table,
                form: self.form,
                renoise: true,
            },
        }
    }

    fn chain(
        &self,
        scheduler: &LcmScheduler,
        steps: usize,
        start: Option<usize>,
        picture: Option<HostTensor>,
    ) -> Result<LatinoOptions> {
        Ok(LatinoOptions {
            timesteps: lcm_timesteps(scheduler.config(), steps, start)?,
            initialisation: match (picture, self.init) {
                (Some(picture), _) => solver::Initialisation::Picture(picture),
                (None, Initialisation::Adjoint) => solver::Initialisation::Adjoint,
                (None, _) => solver::Initialisation::PseudoInverse,
            },
            output: self.output,
            rule: self.step_rule(self.table),
            re_encoding: self.re_encoding,
            fresh_noise: match self.solver {
                Solver::DiffPir => self.zeta,
                _ => self.fresh_noise,
            },
            relaxation: self.relaxation,
        })
    }
}
