//! Solvers for y = A x + w, written against [`Prior`] and [`Likelihood`], so that they know nothing
//! of devices, networks or operators.
//!
//! Pictures and measurements are in [-1, 1] units here. A noise level `sigma` given for pictures in
//! [0, 1] is `sigma_n = 2 sigma` in these units; options and reports use [0, 1] units.

mod generate;
mod guard;
mod latino;
mod latino_pro;
mod likelihood;
mod look;
mod noise;
mod posterior;
mod prior;
mod prompt_ascent;
mod published;
mod step_rule;

pub use generate::{GenerateReport, generate};
pub use latino::{
    Initialisation, LatinoOptions, OutputStage, Problem, ReEncoding, Restoration, StepReport,
    latino,
};
pub use latino_pro::{
    Direction, LastStart, ProEvent, ProIteration, ProOptions, ProRestoration, latino_pro,
};
pub use likelihood::{Likelihood, ResidualCurve, TaskKind};
pub use look::{Look, Stage};
pub use noise::{GivenNoise, NoiseSource, NoiseStream, SeededNoise, StackedNoise};
pub use prior::{Codec, Observer, Prior, PromptPrior, Silent};
pub use prompt_ascent::PromptAscent;
pub use published::{PublishedForm, PublishedTable, ResidualSize, published_delta};
pub use step_rule::{DataStep, MAX_GAMMA, MIN_GAMMA, StepRule};

#[cfg(test)]
mod mock;
