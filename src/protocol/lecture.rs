//! Messages of the lecture: a run that shows the parts of its steps and can be paused between them.

use serde::{Deserialize, Serialize};

pub use crate::solver::Stage;

/// How a run goes on after a part of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pace {
    /// At once.
    Go,
    /// It waits.
    Pause,
    /// It makes the next part, then waits.
    Step,
}
