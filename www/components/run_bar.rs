//! Run, cancel, progress and status.

use leptos::prelude::*;

use crate::state::{Phase, Run, State, state};
use crate::{app, engine, text};

fn running_line(run: &Run) -> String {
    if run.preview.is_none() {
        return text::PREPARING.to_owned();
    }
    let done = run.steps.len();
    let left = (done > 0).then(|| {
        let spent: f64 = run.steps.iter().map(|s| s.seconds).sum();
        spent / done as f64 * f64::from(run.total.saturating_sub(done as u32))
    });
    text::step_line(done, run.total, left)
}

fn status(state: State) -> String {
    match state.phase.get() {
        Phase::Starting => text::STARTING.to_owned(),
        Phase::Loading => state.load.with(|load| match load {
            Some(load) => text::loading(&load.stage, load.done, load.total),
            None => text::STARTING.to_owned(),
        }),
        Phase::Failed => text::NO_ENGINE.to_owned(),
        Phase::Running if state.cancelling.get() => text::CANCELLING.to_owned(),
        Phase::Running => state
            .run
            .with(|run| run.as_ref().map(running_line).unwrap_or_default()),
        Phase::Ready if state.cancelled.get() => text::CANCELLED.to_owned(),
        Phase::Ready => {
            state.run.with(
                |run| match run.as_ref().and_then(|r| Some((r, r.outcome.as_ref()?))) {
                    Some((run, done)) => {
                        let mut line = text::done_line(done.seconds, done.evaluations);
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
        Phase::Running if !state.cancelling.get() => state.run.with(|run| {
            run.as_ref()
                .map(|r| text::step_announcement(r.steps.len(), r.total))
                .unwrap_or_default()
        }),
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
        Phase::Running => state.run.with(|r| {
            r.as_ref()
                .filter(|r| r.preview.is_some())
                .map(|r| r.steps.len() as f64 / f64::from(r.total.max(1)))
        }),
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
            Phase::Starting | Phase::Loading | Phase::Running
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
