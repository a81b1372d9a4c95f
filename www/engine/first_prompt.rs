//! LATINO under the prompt that LATINO-PRO started from, to compare with what it found.

use std::cell::Cell;

use latino_web::protocol::{Request, RestoreJob, Solver};
use leptos::prelude::*;

use super::{BEFORE, enter, keep_result, send};
use crate::state::{Outcome, Phase, Reference, Shown, State};

thread_local! {
    /// The number of such a run, while one is under way.
    static RUN: Cell<Option<u32>> = const { Cell::new(None) };
}

/// Restores under the first prompt with the settings of `job`; LATINO-PRO's result comes back with it.
pub fn first_prompt(state: State, job: RestoreJob) {
    keep_result(state);
    let job = RestoreJob {
        solver: Solver::Latino,
        samples: 1,
        resume: None,
        ..job
    };
    let id = enter(state, &job);
    RUN.set(Some(id));
    let job = Box::new(job);
    send(state, &Request::Restore { id, job });
}

/// Takes the outcome of such a run; false for any other.
pub(super) fn first_prompt_done(state: State, id: u32, outcome: &Outcome) -> bool {
    if RUN.get() != Some(id) {
        return false;
    }
    RUN.set(None);
    let Some(mut run) = BEFORE.take() else {
        return false;
    };
    run.first_prompt = Some(outcome.clone());
    state.run.set(Some(run));
    state.shown.set(Shown::Latest);
    state.reference.set(Some(Reference::FirstPrompt));
    state.cancelling.set(false);
    state.phase.set(Phase::Ready);
    true
}
