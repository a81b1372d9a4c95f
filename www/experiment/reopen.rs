//! From the page to a file, and back.

use std::time::Duration;

use latino_web::protocol::RestoreJob;
use leptos::{prelude::*, task::spawn_local};

use super::settings::{pairs, take};
use super::{Experiment, Record};
use crate::kernel::Kernel;
use crate::mask::Mask;
use crate::picture::Source;
use crate::state::{Phase, Problem, State};
use crate::{engine, text};

/// The experiment as it is shown; `None` without a picture.
pub fn experiment(state: State) -> Option<Result<Experiment, Problem>> {
    let job = match state.job()? {
        Ok(job) => job,
        Err(problem) => return Some(Err(problem)),
    };
    let name = state.source.with(|s| s.as_ref().map(|s| s.name.clone()))?;
    let model = state.model.with(|m| m.as_ref().map(|m| m.name.clone()))?;
    let shown = state.run.with(|r| r.as_ref().map(|r| r.id));
    let record = state.record.with_value(|record| {
        let record = record.as_ref().filter(|r| r.complete());
        record.filter(|r| Some(r.id) == shown).cloned()
    });
    let RestoreJob {
        picture,
        mask,
        kernel,
        ..
    } = job;
    let settings = pairs(state);
    Some(Ok(Experiment::new(
        model,
        (name, picture),
        (mask, kernel),
        settings,
        record,
    )))
}

/// Shows an experiment: settings, picture, mask, blur kernel, and the run with its result.
pub fn reopen(state: State, experiment: Experiment) {
    if state.phase.get_untracked() != Phase::Ready {
        state.problem.set(Some(Problem::new(text::EXPERIMENT_WAIT)));
        return;
    }
    spawn_local(async move {
        let source = Source::from_picture(&experiment.picture, &experiment.name).await;
        let source = match source {
            Ok(source) => source,
            Err(problem) => return state.problem.set(Some(problem)),
        };
        if state.phase.get_untracked() != Phase::Ready {
            return;
        }
        state.problem.set(None);
        state.comparison.set(None);
        state.source.set(Some(source));
        take(state, &experiment.settings);
        if let Some(mask) = &experiment.mask {
            state.drawing.update(|d| d.replace(Mask::from_rgba(mask)));
        }
        if let Some(kernel) = &experiment.kernel {
            state
                .kernel
                .update(|k| k.replace(Kernel::from_rgba(kernel)));
        }
        let here = state
            .model
            .with_untracked(|m| m.as_ref().map(|m| m.name.clone()));
        if here.as_ref() != Some(&experiment.model) {
            let text = text::other_model(&experiment.model);
            state.problem.set(Some(Problem::new(text)));
        }
        if let Some(record) = experiment.record {
            replay(state, record);
        }
    });
}

/// Lets the page hear a run's answers again.
pub fn replay(state: State, record: Record) {
    engine::enter_again(state, &record);
    // While it counts as running, the changed settings ask for no preview, which would replace it.
    set_timeout(
        move || {
            for event in record.events {
                engine::receive(state, event);
            }
        },
        Duration::from_millis(150),
    );
}
