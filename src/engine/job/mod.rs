//! One job, from a picture and settings to restored pictures with their quality.
//!
//! | file | what lives there |
//! |---|---|
//! | `restoration` | [`Setup`] and [`Restoration`]: operator, measurement, baseline, metrics |
//! | `settings` | [`SolverSettings`]: which solver, and how it is to run |
//! | `run` | one sample with one solver |
//! | `batch` | several samples that go through the networks together |
//! | `samples` | several posterior samples and what they say together |
//! | `prompts` | the same measurement under several prompts |
//! | `edit` | editing a picture by constrained prompt steps |
//! | `events` | [`JobEvent`]: what a job reports on the way |

mod batch;
mod edit;
mod events;
mod prompts;
mod restoration;
mod run;
mod samples;
mod settings;

pub use edit::{Edit, edit};
pub use events::JobEvent;
pub use prompts::PromptComparison;
pub use restoration::{Restoration, Setup};
pub use run::Finished;
pub use samples::{Outcome, Spread};
pub use settings::SolverSettings;
