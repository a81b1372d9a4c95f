//! Restores under several prompts.

use std::sync::Arc;

use latino_web::protocol::{Metrics, Request, RestoreJob, Rgba};
use leptos::prelude::*;

use super::{enter, keep_result, send};
use crate::prompts::{Effect, Prompted};
use crate::state::{PromptRun, State};

/// Restores the job's measurement under several prompts with the same seeds.
pub fn compare_prompts(state: State, job: RestoreJob, prompts: Vec<String>) {
    keep_result(state);
    let id = enter(state, &job);
    state.prompts.set(Some(PromptRun {
        id,
        job: job.clone(),
        prompts: prompts.clone(),
        done: Vec::new(),
        effect: None,
    }));
    let job = Box::new(job);
    send(state, &Request::ComparePrompts { id, job, prompts });
}

fn with_prompts(state: State, id: u32, change: impl FnOnce(&mut PromptRun)) {
    state.prompts.update(|run| {
        if let Some(run) = run.as_mut().filter(|r| r.id == id) {
            change(run);
        }
    });
}

/// All samples under one prompt are there.
pub(super) fn prompt_done(
    state: State,
    id: u32,
    samples: Vec<Rgba>,
    metrics: Vec<Metrics>,
    mean: (Rgba, Metrics),
    dropped: Option<u32>,
) {
    with_prompts(state, id, |run| {
        run.done.push(Prompted {
            samples: samples.into_iter().map(Arc::new).collect(),
            metrics,
            mean: Arc::new(mean.0),
            mean_metrics: mean.1,
            dropped,
        });
    });
}

/// What the prompts explain.
pub(super) fn effect(state: State, id: u32, effect: Effect) {
    with_prompts(state, id, |run| run.effect = Some(Arc::new(effect)));
}

/// A comparison of prompts that ends before its time is not shown: its share is not known.
pub(super) fn end_prompts(state: State) {
    let unfinished = |run: &Option<PromptRun>| run.as_ref().is_some_and(|r| r.effect.is_none());
    if state.prompts.with_untracked(unfinished) {
        state.prompts.set(None);
    }
}
