//! Solvers for y = A x + w, written against [`Prior`], so that they know nothing of devices or networks.

mod generate;
mod latino;
mod noise;
mod prior;
mod step_rule;

pub use generate::generate;
pub use latino::{LatinoOptions, Restored, StepReport, latino};
pub use noise::{GivenNoise, NoiseSource, SeededNoise, Stream};
pub use prior::{Codec, Observer, Prior, Silent};
pub use step_rule::StepRule;
