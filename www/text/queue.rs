//! The queue.

use crate::queue::{Fate, Item};

pub const QUEUE: &str = "Queue";
pub const QUEUE_HINT: &str = "Collect several settings and run them one after the other; show any of them again with its settings.";
pub const QUEUE_ADD: &str = "Add these settings";
pub const QUEUE_RUN: &str = "Run the queue";
pub const QUEUE_STOP: &str = "Stop after this one";
pub const QUEUE_UP: &str = "Up";
pub const QUEUE_DOWN: &str = "Down";
pub const QUEUE_REMOVE: &str = "Remove";
pub const QUEUE_SHOW: &str = "Show";
pub const QUEUE_NOTHING: &str = "This job has no result to show.";

/// A job in a line.
pub fn queued(item: &Item) -> String {
    format!(
        "{}. {}: {}, noise {}, {}, seed {}",
        item.number,
        item.name,
        item.job.task,
        item.job.noise,
        super::solver_name(item.job.solver),
        item.job.seed
    )
}

/// What became of a job.
pub fn fate(fate: &Fate) -> String {
    match fate {
        Fate::Waiting => super::WAITS.to_owned(),
        Fate::Running(_) => super::RUNS.to_owned(),
        Fate::Done(_, outcome) => super::quality_line(&outcome.metrics),
        Fate::Failed(reason) => reason.clone(),
    }
}

/// A button for a job, for screen readers.
pub fn queue_button(name: &str, number: u32) -> String {
    format!("{name}, job {number}")
}
