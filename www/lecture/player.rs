//! What the presenter's commands do, and what the engine's answers change.

use std::sync::Arc;

use latino_web::protocol::{
    EditJob, Initialisation, OutputStage, Pace, RestoreJob, Rgba, Solver, Stage, StepRule,
};
use leptos::{prelude::*, task::spawn_local};

use super::keys::Command;
use super::{Finished, Part, Place, TalkKind, talks::Act};
use crate::noise::Noise;
use crate::picture::Source;
use crate::samples::samples;
use crate::state::{LAST_TIMESTEP, Outcome, Phase, Problem, State};
use crate::{engine, text};

/// Turns lecture mode on.
pub fn open(state: State) {
    let l = state.lecture;
    l.place.set(Place::Menu);
    l.black.set(false);
    l.open.set(true);
}

/// Turns it off; the last experiment stays in the workspace.
pub fn close(state: State) {
    let l = state.lecture;
    if state.phase.get_untracked() == Phase::Running {
        engine::cancel(state);
    }
    l.run.set(None);
    l.open.set(false);
}

/// Obeys.
pub fn obey(state: State, command: Command) {
    let l = state.lecture;
    if l.black.get_untracked() && command != Command::Leave {
        l.black.set(false);
        return;
    }
    match command {
        Command::Next => next(state),
        Command::Back => back(state),
        Command::Flow => flow(state),
        Command::Again => again(state),
        Command::Black => l.black.set(true),
        Command::Menu => {
            stop(state);
            l.place.set(Place::Menu);
        }
        Command::Leave => close(state),
    }
}

/// Ends a run that goes on.
fn stop(state: State) {
    if state.phase.get_untracked() == Phase::Running {
        engine::cancel(state);
    }
    state.lecture.run.set(None);
}

/// Shows an experiment's introduction; its measurement appears as in the workspace.
pub fn choose(state: State, talk: TalkKind) {
    stop(state);
    let l = state.lecture;
    l.talk.set(talk);
    l.act.set(0);
    l.parts.set(Vec::new());
    l.finished.set(Vec::new());
    l.weight.set(1.0);
    l.place.set(Place::Intro);
    spawn_local(async move {
        let Some(sample) = samples().into_iter().nth(talk.sample()) else {
            return;
        };
        let source = Source::fetch(&sample.url(), &sample.name).await;
        if l.talk.get_untracked() != talk || !l.open.get_untracked() {
            return;
        }
        match source {
            Ok(source) => {
                state.problem.set(None);
                state.source.set(Some(source));
                state.measured.set(false);
                state.task.set(talk.task());
                state.noise.set(Noise::gaussian(talk.sigma()));
                state.noise_touched.set(true);
                state.seed.set(1);
                state.init.set(Initialisation::TotalVariation);
                state.rule.set(StepRule::MomentMatching);
                state.output.set(OutputStage::Prox);
                if let Some(act) = talk.acts().first() {
                    settings(state, act, &sample.prompt);
                }
            }
            Err(problem) => state.problem.set(Some(problem)),
        }
    });
}

/// The lowest first timestep of a talk.
const CHAIN: u32 = 259;

/// Sets what an act asks for.
fn settings(state: State, act: &Act, own_prompt: &str) {
    let recommended = state
        .model
        .with_untracked(|m| m.as_ref().and_then(|m| m.recommended.start));
    state
        .prompt
        .set(act.prompt.unwrap_or(own_prompt).to_owned());
    state.solver.set(act.solver);
    state.steps.set(act.steps);
    state.samples.set(act.samples);
    state.pro.set(act.pro());
    // A talk shows a chain: where the recommended start leaves only a step or two, it starts earlier.
    let start = recommended.unwrap_or(LAST_TIMESTEP).max(CHAIN);
    state.start.set(act.start.unwrap_or(start));
}

fn act(state: State) -> Option<Act> {
    let l = state.lecture;
    let acts = l.talk.get_untracked().acts();
    acts.get(l.act.get_untracked()).copied()
}

/// Starts the act of that number with its own settings.
fn begin(state: State, number: usize) {
    let l = state.lecture;
    l.act.set(number);
    let own = samples().into_iter().nth(l.talk.get_untracked().sample());
    if let (Some(act), Some(sample)) = (act(state), own) {
        settings(state, &act, &sample.prompt);
        l.flowing.set(act.flows);
        start(state);
    }
}

/// Starts the act with the settings as they are.
fn start(state: State) {
    let l = state.lecture;
    let Some(act) = act(state) else { return };
    if state.phase.get_untracked() != Phase::Ready {
        return;
    }
    let job = match untrack(|| state.job()) {
        Some(Ok(job)) => job,
        Some(Err(problem)) => return state.problem.set(Some(problem)),
        None => return,
    };
    let edit = match act.edit {
        None => None,
        Some(to) => {
            let before = l.finished.with_untracked(|f| f.first().cloned());
            let Some(before) = before else {
                return state
                    .problem
                    .set(Some(Problem::new(text::LECTURE_EDIT_FIRST)));
            };
            Some(EditJob {
                picture: Rgba::clone(&before.outcome.picture),
                to: to.to_owned(),
                tolerance: 0.2,
                keep: false,
                stay: String::new(),
            })
        }
    };
    let job = RestoreJob {
        // The edited picture is to differ from the truth.
        measured: edit.is_some(),
        ..job
    };
    l.parts.set(Vec::new());
    let done = l.act.get_untracked();
    l.finished.update(|f| f.truncate(done));
    l.place.set(Place::Part(0));
    l.awaited.set(true);
    let pace = if l.flowing.get_untracked() {
        Pace::Go
    } else {
        Pace::Step
    };
    let id = engine::show(state, job, edit, pace, l.weight.get_untracked());
    l.run.set(Some(id));
}

/// The act again, with what the presenter has changed.
fn again(state: State) {
    let l = state.lecture;
    if matches!(l.place.get_untracked(), Place::Menu | Place::Intro) {
        return;
    }
    if state.phase.get_untracked() == Phase::Running {
        // It starts once the engine has stopped.
        l.run.set(None);
        engine::cancel(state);
        let waits = StoredValue::new(None::<IntervalHandle>);
        let check = move || {
            if state.phase.get_untracked() == Phase::Ready {
                if let Some(handle) = waits.get_value() {
                    handle.clear();
                }
                start(state);
            }
        };
        let handle = set_interval_with_handle(check, std::time::Duration::from_millis(50));
        waits.set_value(handle.ok());
    } else {
        start(state);
    }
}

fn running(state: State) -> bool {
    let l = state.lecture;
    l.run.get_untracked().is_some() && state.phase.get_untracked() == Phase::Running
}

fn next(state: State) {
    let l = state.lecture;
    let acts = l.talk.get_untracked().acts().len();
    match l.place.get_untracked() {
        Place::Menu => {}
        Place::Intro => begin(state, 0),
        Place::Part(i) => {
            let parts = l.parts.with_untracked(Vec::len);
            if i + 1 < parts {
                l.place.set(Place::Part(i + 1));
            } else if running(state) && l.awaited.get_untracked() && !l.flowing.get_untracked() {
                // It is on its way.
            } else if running(state) {
                l.flowing.set(false);
                l.awaited.set(true);
                pace(state, Pace::Step);
            } else if l.finished.with_untracked(Vec::len) > l.act.get_untracked() {
                l.place.set(Place::Outcome);
            }
        }
        Place::Outcome if l.act.get_untracked() + 1 < acts => {
            begin(state, l.act.get_untracked() + 1);
        }
        Place::Outcome => l.place.set(Place::Closing),
        Place::Closing => match l.talk.get_untracked().following() {
            Some(talk) => choose(state, talk),
            None => l.place.set(Place::Menu),
        },
    }
}

fn back(state: State) {
    let l = state.lecture;
    let parts = l.parts.with_untracked(Vec::len);
    match l.place.get_untracked() {
        Place::Menu => {}
        Place::Intro => l.place.set(Place::Menu),
        Place::Part(0) => {
            stop(state);
            l.place.set(Place::Intro);
        }
        Place::Part(i) => l.place.set(Place::Part(i - 1)),
        Place::Outcome => l.place.set(Place::Part(parts.saturating_sub(1))),
        Place::Closing => l.place.set(Place::Outcome),
    }
}

fn flow(state: State) {
    let l = state.lecture;
    if !running(state) {
        return;
    }
    let flowing = !l.flowing.get_untracked();
    l.flowing.set(flowing);
    if flowing {
        let parts = l.parts.with_untracked(Vec::len);
        l.place.set(Place::Part(parts.saturating_sub(1)));
    }
    pace(state, if flowing { Pace::Go } else { Pace::Pause });
}

/// Says how the run goes on, with the weight as it is.
fn pace(state: State, pace: Pace) {
    let l = state.lecture;
    if let Some(id) = l.run.get_untracked() {
        engine::pace(state, id, pace, l.weight.get_untracked());
    }
}

/// Sets the factor on the prox's step size, for the data steps to come.
pub fn set_weight(state: State, weight: f64) {
    state.lecture.weight.set(weight);
    let flowing = state.lecture.flowing.get_untracked();
    pace(state, if flowing { Pace::Go } else { Pace::Pause });
}

/// The engine shows a part.
pub fn shown(state: State, id: u32, stage: Stage, place: (u32, u32, u32), picture: Rgba) {
    let l = state.lecture;
    if l.run.get_untracked() != Some(id) {
        return;
    }
    let sample = state
        .run
        .with_untracked(|r| r.as_ref().map_or(0, |r| r.samples.len()));
    let (step, steps, timestep) = place;
    let before = l.parts.with_untracked(Vec::len);
    l.parts.update(|parts| {
        parts.push(Part {
            stage,
            sample,
            step,
            steps,
            timestep,
            picture: Arc::new(picture),
        });
    });
    l.awaited.set(false);
    // Who looks back keeps what he looks at.
    if matches!(l.place.get_untracked(), Place::Part(i) if i + 1 >= before) {
        l.place.set(Place::Part(before));
    }
}

/// A run has its result.
pub fn finished(state: State, id: u32, outcome: &Outcome) {
    let l = state.lecture;
    if l.run.get_untracked() != Some(id) {
        return;
    }
    let name = match act(state) {
        Some(act) => match act.edit {
            Some(to) => to.to_owned(),
            None if act.solver == Solver::LatinoPro => {
                text::lecture_fitted(&state.prompt.get_untracked())
            }
            None => state.prompt.get_untracked(),
        },
        None => return,
    };
    let outcome = outcome.clone();
    l.finished.update(|f| f.push(Finished { name, outcome }));
    l.awaited.set(false);
    let parts = l.parts.with_untracked(Vec::len);
    if matches!(l.place.get_untracked(), Place::Part(i) if i + 1 >= parts) {
        l.place.set(Place::Outcome);
    }
}
