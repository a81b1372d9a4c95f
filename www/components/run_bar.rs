//! Run, cancel, progress and status.

use std::sync::Arc;

use latino_web::protocol::Solver;
use leptos::prelude::*;

use crate::state::{Outcome, Phase, Run, Standing, State, state};
use crate::{app, engine, text};

/// Where a run is; `whole` unless it is one of several prompts', which have no stages of their own.
fn running_line(run: &Run, whole: bool) -> String {
    if run.preview.is_none() {
        return text::PREPARING.to_owned();
    }
    if run.total == 0 {
        return text::COMPUTING.to_owned();
    }
    let done = run.done();
    let left = (done > 0).then(|| {
        let spent = (engine::now() - run.begun) / 1000.0;
        spent / f64::from(done) * f64::from(run.total - done)
    });
    let stage = if whole { stage(run) } else { String::new() };
    text::step_line(&stage, done, run.total, left)
}

/// What of several parts a run is in: an iteration, a sample.
fn stage(run: &Run) -> String {
    if run.solver == Solver::LatinoPro && run.steps.is_empty() {
        let now = (run.iterations.len() as u32 + 1).min(run.rounds);
        return text::iteration_of(now, run.rounds);
    }
    match run.wanted {
        0 | 1 => String::new(),
        wanted => text::sample_of(run.samples.len().min(wanted as usize - 1), wanted),
    }
}

/// Which solver of a comparison runs; nothing for a single run.
fn comparing(state: State) -> String {
    state.comparison.with(|c| {
        let row = c.as_ref().filter(|c| c.running).and_then(|c| {
            let current = c.current()?;
            Some((current, c.rows.len(), c.rows.get(current)?.solver))
        });
        row.map(|(i, n, solver)| text::comparing(i, n, solver))
            .unwrap_or_default()
    })
}

/// Which of several prompts runs; nothing for a single run.
fn prompting(state: State) -> String {
    state.prompts.with(|p| match p {
        Some(p) if p.effect.is_none() => text::prompting(p.done.len(), p.prompts.len()),
        _ => String::new(),
    })
}

/// What the comparison took that ended with this outcome.
fn compared(state: State, last: &Outcome) -> Option<String> {
    state.comparison.with(|c| {
        let rows = c.as_ref()?.rows.iter();
        let done: Vec<_> = rows
            .filter_map(|r| match &r.standing {
                Standing::Done(outcome) => Some(outcome),
                _ => None,
            })
            .collect();
        let ended = Arc::ptr_eq(&done.last()?.picture, &last.picture);
        ended.then(|| text::compared(done.len(), done.iter().map(|o| o.seconds).sum()))
    })
}

fn status(state: State) -> String {
    match state.phase.get() {
        Phase::Starting => text::STARTING.to_owned(),
        Phase::Loading => state.load.with(|load| match load {
            Some(_) if state.paused.get() => text::PAUSED.to_owned(),
            Some(load) => text::loading(&load.stage, load.done, load.total, load.rate),
            None => text::STARTING.to_owned(),
        }),
        Phase::Failed => text::NO_ENGINE.to_owned(),
        Phase::Profiling => state.profile.with(|p| text::profiling(p.at.as_deref())),
        Phase::Running if state.cancelling.get() => text::CANCELLING.to_owned(),
        Phase::Running => {
            let prompt = prompting(state);
            let line = |run: &Run| running_line(run, prompt.is_empty());
            let line = (state.run).with(|run| run.as_ref().map(line).unwrap_or_default());
            comparing(state) + &prompt + &line
        }
        Phase::Ready if state.cancelled.get() => text::CANCELLED.to_owned(),
        Phase::Ready => {
            state.run.with(
                |run| match run.as_ref().and_then(|r| Some((r, r.outcome.as_ref()?))) {
                    Some((run, done)) => {
                        let mut line = compared(state, done)
                            .unwrap_or_else(|| text::done_line(done.seconds, done.evaluations));
                        if let Some(dropped) = run.dropped {
                            line.push(' ');
                            line.push_str(&text::dropped(dropped));
                        }
                        line
                    }
                    None if state.source.with(Option::is_none) => text::NO_PICTURE.to_owned(),
                    None => text::READY.to_owned(),
                },
            )
        }
    }
}

/// The status for screen readers: the same, without what changes all the time.
fn announcement(state: State) -> String {
    match state.phase.get() {
        Phase::Loading => {
            let share = progress(state).unwrap_or(0.0);
            text::loading_quarter((share * 4.0) as u32)
        }
        Phase::Running if !state.cancelling.get() => {
            let prompt = prompting(state);
            if !prompt.is_empty() {
                return prompt;
            }
            let line = state.run.with(|run| match run {
                // Every step of a chain would be too much to listen to.
                Some(run) if run.total > 0 && !stage(run).is_empty() => stage(run),
                Some(run) if run.total > 0 => text::step_announcement(run.done(), run.total),
                _ => String::new(),
            });
            comparing(state) + &line
        }
        _ => status(state),
    }
}

/// Share done, 0 to 1; `None` when unknown.
fn progress(state: State) -> Option<f64> {
    match state.phase.get() {
        Phase::Loading => state.load.with(|l| {
            l.as_ref()
                .filter(|l| l.total > 0.0)
                .map(|l| (l.done / l.total).clamp(0.0, 1.0))
        }),
        Phase::Running => {
            let run = state.run.with(|r| {
                r.as_ref()
                    .filter(|r| r.preview.is_some() && r.total > 0)
                    .map(|r| f64::from(r.done()) / f64::from(r.total))
            });
            let rows = state.comparison.with(|c| {
                let c = c.as_ref().filter(|c| c.running)?;
                Some((c.current()? as f64, c.rows.len().max(1) as f64))
            });
            match rows {
                Some((current, rows)) => Some((current + run.unwrap_or(0.0)) / rows),
                None => run,
            }
        }
        _ => None,
    }
}

/// The run bar.
#[component]
pub fn RunBar() -> impl IntoView {
    let state = state();
    let idle = move || state.phase.get() != Phase::Ready || state.source.with(Option::is_none);
    let running = move || state.phase.get() == Phase::Running;
    let busy = move || {
        matches!(
            state.phase.get(),
            Phase::Starting | Phase::Loading | Phase::Running | Phase::Profiling
        )
    };
    // With the problem's box closed or about something else, the engine can still be started.
    let stopped = move || {
        state.phase.get() == Phase::Failed
            && app::unsupported().is_none()
            && !state
                .problem
                .with(|p| p.as_ref().is_some_and(|p| p.restart))
    };
    let downloading = Memo::new(move |_| {
        state.phase.get() == Phase::Loading
            && state
                .load
                .with(|l| l.as_ref().is_some_and(|l| l.rate.is_some()))
    });
    let spoken = Memo::new(move |_| announcement(state));
    // `aria-disabled` instead of `disabled`: the button that was pressed keeps the keyboard's focus.
    view! {
        <section class="card run-bar" id="run-bar" tabindex="-1" aria-label=text::RUN>
            <div class="run-buttons">
                <button type="button" id="run" class="button primary" aria-disabled=move || idle().to_string()
                    on:click=move |_| app::run(state)>{text::RUN}</button>
                <button type="button" id="cancel" class="button" aria-keyshortcuts="Escape" aria-disabled=move || (!running()).to_string()
                    on:click=move |_| engine::cancel(state)>
                    {move || if state.cancelling.get() { text::CANCEL_NOW } else { text::CANCEL }}
                </button>
                <Show when=move || downloading.get()>
                    <button type="button" id="pause-download" class="button" on:click=move |_| engine::pause_download(state)>
                        {move || if state.paused.get() { text::GO_ON } else { text::PAUSE }}
                    </button>
                    <button type="button" id="stop-download" class="button" on:click=move |_| engine::stop_download(state)>{text::STOP_DOWNLOAD}</button>
                </Show>
                <Show when=stopped>
                    <button type="button" id="start" class="button" on:click=move |_| { engine::start(state); app::focus("run-bar"); }>{text::RESTART}</button>
                </Show>
            </div>
            <div class="run-state">
                <p><span id="status">{move || status(state)}</span>" "<a class="to-result" href="#result">{text::TO_RESULT}</a></p>
                <progress id="progress" max="1" aria-label=text::PROGRESS class:idle=move || !busy()
                    value=move || if busy() { progress(state).map(|p| p.to_string()) } else { Some("0".to_owned()) }></progress>
            </div>
            <p class="hidden" id="announcement" role="status">{spoken}</p>
        </section>
    }
}
