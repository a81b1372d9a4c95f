//! Which pictures the views show.

use latino_web::protocol::Metrics;
use leptos::prelude::*;

use crate::state::{Outcome, Preview, Reference, Run, Shared, Shown, Standing, State};
use crate::text;

/// A picture and its name.
pub type Named = (String, Shared);

/// The measurement that is shown: that of the run, or the preview.
pub fn current(state: State) -> Option<Preview> {
    state
        .run
        .with(|run| run.as_ref().and_then(|r| r.preview.clone()))
        .or_else(|| state.preview.get())
}

/// What the result is compared with.
pub fn reference(state: State) -> Option<Named> {
    let preview = current(state)?;
    let measurement = (text::OF_MEASUREMENT.to_owned(), preview.measurement);
    let first = || {
        let of = |r: &Run| Some(r.iterations.first()?.picture.clone());
        state.run.with(|run| run.as_ref().and_then(of))
    };
    Some(match state.reference.get() {
        Some(Reference::Baseline) => (text::OF_BASELINE.to_owned(), preview.baseline),
        Some(Reference::Truth) => preview
            .truth
            .map_or(measurement, |truth| (text::OF_TRUTH.to_owned(), truth)),
        Some(Reference::FirstIteration) => {
            first().map_or(measurement, |picture| (text::iteration(1), picture))
        }
        Some(Reference::FirstPrompt) => {
            let of = |r: &Run| Some(r.first_prompt.as_ref()?.picture.clone());
            let picture = state.run.with(|r| r.as_ref().and_then(of));
            picture.map_or(measurement, |p| (text::OF_FIRST_PROMPT.to_owned(), p))
        }
        Some(Reference::BeforeEdit) => {
            let before = state.run.with(|r| r.as_ref()?.before_edit.clone());
            before.map_or(measurement, |p| (text::OF_BEFORE_EDIT.to_owned(), p))
        }
        _ => measurement,
    })
}

fn step(run: &Run, index: usize, before: bool) -> Option<Named> {
    let step = run.steps.get(index)?;
    let picture = if before { &step.before } else { &step.after };
    let name = text::step_picture(step.step, before);
    let name = match run.wanted {
        0 | 1 => name,
        _ => text::of_sample(&name, step.sample),
    };
    Some((name, picture.clone()))
}

fn newest(run: &Run) -> Option<Named> {
    if let Some(outcome) = &run.outcome {
        return Some((text::OF_RESULT.to_owned(), outcome.picture.clone()));
    }
    match run.steps.len().checked_sub(1) {
        Some(last) => step(run, last, false),
        None => {
            let last = run.iterations.last()?;
            Some((text::iteration(last.iteration), last.picture.clone()))
        }
    }
}

fn of_run(run: &Run, shown: Shown) -> Option<Named> {
    let spread = || run.outcome.as_ref()?.spread.as_ref();
    match shown {
        Shown::Latest | Shown::Row(_) | Shown::Prompt(..) => newest(run),
        Shown::Step(index, before) => step(run, index, before),
        Shown::Sample(k) => {
            let sample = run.samples.get(k)?;
            Some((text::sample(k), sample.picture.clone()))
        }
        Shown::Mean => Some((text::OF_MEAN.to_owned(), spread()?.mean.clone())),
        Shown::Component(k, high) => {
            let (_, low_end, high_end) = spread()?.components.get(k)?;
            let picture = if high { high_end } else { low_end };
            Some((text::component(k, high), picture.clone()))
        }
        Shown::Iteration(k) => {
            let found = run.iterations.get(k)?;
            Some((text::iteration(found.iteration), found.picture.clone()))
        }
    }
}

/// The outcome of a row of the comparison.
pub fn row(state: State, index: usize) -> Option<Outcome> {
    state.comparison.with(|c| {
        let row = c.as_ref()?.rows.get(index)?;
        match &row.standing {
            Standing::Done(outcome) => Some(outcome.clone()),
            _ => None,
        }
    })
}

/// A sample under one of several prompts, or their mean: name, picture, quality.
pub fn prompted(
    state: State,
    index: usize,
    sample: Option<usize>,
) -> Option<(String, Shared, Metrics)> {
    state.prompts.with(|run| {
        let run = run.as_ref()?;
        let under = run.done.get(index)?;
        let prompt = run.prompts.get(index)?;
        let (picture, metrics) = match sample {
            Some(k) => (under.samples.get(k)?, under.metrics.get(k)?),
            None => (&under.mean, &under.mean_metrics),
        };
        Some((text::prompted(prompt, sample), picture.clone(), *metrics))
    })
}

/// What stands for the result.
pub fn result(state: State) -> Option<Named> {
    let shown = state.shown.get();
    if let Shown::Row(index) = shown
        && let Some(outcome) = row(state, index)
    {
        let solver = state
            .comparison
            .with(|c| c.as_ref().and_then(|c| c.rows.get(index)).map(|r| r.solver));
        let name = solver.map(text::solver_name).unwrap_or(text::OF_RESULT);
        return Some((name.to_owned(), outcome.picture));
    }
    if let Shown::Prompt(index, sample) = shown
        && let Some((name, picture, _)) = prompted(state, index, sample)
    {
        return Some((name, picture));
    }
    state
        .run
        .with(|run| run.as_ref().and_then(|run| of_run(run, shown)))
        .or_else(|| {
            let preview = current(state)?;
            Some(match preview.truth {
                Some(truth) => (text::OF_PICTURE.to_owned(), truth),
                None => (text::OF_BASELINE.to_owned(), preview.baseline),
            })
        })
}
