//! Runs several solvers one after the other.

use latino_web::protocol::{RestoreJob, Solver};
use leptos::prelude::*;

use super::begin;
use crate::state::{Comparison, Phase, Row, Standing, State};

/// Runs several solvers one after the other with the settings of `job`.
pub fn compare(state: State, job: RestoreJob, solvers: &[Solver]) {
    let row = |solver: &Solver| Row {
        solver: *solver,
        standing: Standing::Waiting,
    };
    state.comparison.set(Some(Comparison {
        job: RestoreJob { samples: 1, ..job },
        rows: solvers.iter().map(row).collect(),
        running: true,
    }));
    next_solver(state);
}

/// Starts the comparison's next solver, or ends it. False when no comparison runs.
pub(super) fn next_solver(state: State) -> bool {
    let mut job = None;
    let running = state.comparison.try_update(|comparison| {
        let Some(c) = comparison.as_mut().filter(|c| c.running) else {
            return false;
        };
        let waiting = |r: &&mut Row| matches!(r.standing, Standing::Waiting);
        match c.rows.iter_mut().find(waiting) {
            Some(row) => {
                row.standing = Standing::Running;
                job = Some(RestoreJob {
                    solver: row.solver,
                    ..c.job.clone()
                });
            }
            None => c.running = false,
        }
        true
    });
    match job {
        Some(job) => {
            begin(state, job);
        }
        None if running == Some(true) => state.phase.set(Phase::Ready),
        None => {}
    }
    running == Some(true)
}

/// Says what became of the comparison's solver that runs, if one does.
pub(super) fn settle(state: State, standing: Standing) {
    state.comparison.update(|comparison| {
        if let Some(c) = comparison.as_mut().filter(|c| c.running)
            && let Some(row) = c.current().and_then(|i| c.rows.get_mut(i))
        {
            row.standing = standing;
        }
    });
}

/// Ends a comparison before its time: what has not run is left out.
pub(super) fn end_comparison(state: State) {
    let running = |c: &Option<Comparison>| c.as_ref().is_some_and(|c| c.running);
    if !state.comparison.with_untracked(running) {
        return;
    }
    state.comparison.update(|comparison| {
        if let Some(c) = comparison {
            c.running = false;
            let over = |r: &Row| matches!(r.standing, Standing::Done(_) | Standing::Failed(_));
            c.rows.retain(over);
        }
        if comparison.as_ref().is_some_and(|c| c.rows.is_empty()) {
            *comparison = None;
        }
    });
}
