//! Jobs that run one after the other.

use latino_web::protocol::RestoreJob;
use leptos::prelude::*;

use crate::experiment::{Experiment, Pairs, Record, pairs, reopen};
use crate::state::{Outcome, Phase, Problem, State};
use crate::{engine, text};

/// What became of a job.
#[derive(Debug, Clone)]
pub enum Fate {
    /// Its turn comes.
    Waiting,
    /// It runs, under the engine's number.
    Running(u32),
    /// It is done.
    Done(Box<Record>, Box<Outcome>),
    /// It failed, for this reason.
    Failed(String),
}

/// A job of the queue.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its number, from 1.
    pub number: u32,
    /// The picture's name.
    pub name: String,
    /// What is to be done.
    pub job: RestoreJob,
    /// The settings that it was made from.
    pub settings: Pairs,
    /// What became of it.
    pub fate: Fate,
}

/// Puts the settings as they are at the queue's end.
pub fn add(state: State) {
    match untrack(|| state.job()) {
        Some(Ok(job)) => {
            let name = state
                .source
                .with_untracked(|s| s.as_ref().map(|s| s.name.clone()));
            let settings = untrack(|| pairs(state));
            state.queue.update(|queue| {
                let number = queue.iter().map(|i| i.number).max().unwrap_or(0) + 1;
                queue.push(Item {
                    number,
                    name: name.unwrap_or_default(),
                    job,
                    settings,
                    fate: Fate::Waiting,
                });
            });
        }
        Some(Err(problem)) => state.problem.set(Some(problem)),
        None => {}
    }
}

/// Takes a job out; one that runs is cancelled.
pub fn remove(state: State, number: u32) {
    let runs = state.queue.with_untracked(|queue| {
        let of = |i: &&Item| i.number == number && matches!(i.fate, Fate::Running(_));
        queue.iter().any(|i| of(&i))
    });
    if runs {
        engine::cancel(state);
    }
    state
        .queue
        .update(|queue| queue.retain(|i| i.number != number));
}

/// Moves a job by one place, up or down.
pub fn shift(state: State, number: u32, up: bool) {
    state.queue.update(|queue| {
        let Some(at) = queue.iter().position(|i| i.number == number) else {
            return;
        };
        let to = if up { at.checked_sub(1) } else { Some(at + 1) };
        if let Some(to) = to.filter(|to| *to < queue.len()) {
            queue.swap(at, to);
        }
    });
}

/// Runs what waits, in its order.
pub fn start(state: State) {
    state.queue_runs.set(true);
    next(state);
}

/// Lets the running job end and starts no other.
pub fn stop(state: State) {
    state.queue_runs.set(false);
}

fn next(state: State) {
    if state.phase.get_untracked() != Phase::Ready || !state.queue_runs.get_untracked() {
        return;
    }
    let waiting = |i: &&Item| matches!(i.fate, Fate::Waiting);
    let job = state.queue.with_untracked(|queue| {
        queue
            .iter()
            .find(waiting)
            .map(|i| (i.number, i.job.clone()))
    });
    match job {
        Some((number, job)) => {
            let id = engine::run_queued(state, job);
            state.queue.update(|queue| {
                if let Some(item) = queue.iter_mut().find(|i| i.number == number) {
                    item.fate = Fate::Running(id);
                }
            });
        }
        None => state.queue_runs.set(false),
    }
}

/// Settles the job that runs; false when none of the queue's does.
fn settle(state: State, of: Option<u32>, fate: Fate) -> bool {
    let runs = |i: &Item| matches!(i.fate, Fate::Running(id) if of.is_none_or(|of| of == id));
    let any = state.queue.with_untracked(|queue| queue.iter().any(runs));
    if any {
        state.queue.update(|queue| {
            if let Some(item) = queue.iter_mut().find(|i| runs(i)) {
                item.fate = fate;
            }
        });
    }
    any
}

/// A run has its result.
pub fn finished(state: State, id: u32) {
    let record = state.record.get_value().filter(|r| r.id == id);
    let outcome = state
        .run
        .with_untracked(|r| r.as_ref().and_then(|r| r.outcome.clone()));
    let (Some(record), Some(outcome)) = (record, outcome) else {
        return;
    };
    let done = Fate::Done(Box::new(record), Box::new(outcome));
    if settle(state, Some(id), done) {
        next(state);
    }
}

/// The run failed by itself; true when the queue has gone on to another.
pub fn failed(state: State, reason: &str) -> bool {
    if !settle(state, None, Fate::Failed(reason.to_owned())) {
        return false;
    }
    state.phase.set(Phase::Ready);
    next(state);
    state.phase.get_untracked() == Phase::Running
}

/// The run was cancelled, or the engine is gone: what ran waits again, and nothing else is started.
pub fn interrupted(state: State) {
    settle(state, None, Fate::Waiting);
    if state.queue_runs.get_untracked() {
        state.queue_runs.set(false);
    }
}

/// Shows a finished job with its settings and results.
pub fn show(state: State, number: u32) {
    let model = state
        .model
        .with_untracked(|m| m.as_ref().map(|m| m.name.clone()));
    let experiment = state.queue.with_untracked(|queue| {
        let item = queue.iter().find(|i| i.number == number)?;
        let Fate::Done(record, _) = &item.fate else {
            return None;
        };
        Some(Experiment::new(
            model?,
            (item.name.clone(), item.job.picture.clone()),
            (item.job.mask.clone(), item.job.kernel.clone()),
            item.settings.clone(),
            Some((**record).clone()),
        ))
    });
    match experiment {
        Some(experiment) => reopen::reopen(state, experiment),
        None => state.problem.set(Some(Problem::new(text::QUEUE_NOTHING))),
    }
}
