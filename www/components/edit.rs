//! Editing a result by constrained prompt steps.

use latino_web::protocol::{EditJob, ProSettings, RestoreJob, Solver};
use leptos::prelude::*;

use super::slider::Slider;
use crate::state::{Phase, Shared, state};
use crate::{app, engine, text};

/// Bounds of the tolerance, and what it is at first.
const TOLERANCE: (f64, f64, f64) = (0.02, 1.0, 0.2);

/// The section, when there is a result.
#[component]
pub fn EditView() -> impl IntoView {
    let state = state();
    let to = RwSignal::new(String::new());
    let tolerance = RwSignal::new(TOLERANCE.2);
    let radius = RwSignal::new(5.0);
    let iterations = RwSignal::new(4.0);
    let start = RwSignal::new(599.0);
    let keep = RwSignal::new(false);
    let stay = RwSignal::new(String::new());
    let result = move || -> Option<Shared> {
        state
            .run
            .with(|r| r.as_ref()?.outcome.as_ref().map(|o| o.picture.clone()))
    };
    let shown = Memo::new(move |_| {
        state
            .run
            .with(|r| r.as_ref().is_some_and(|r| r.outcome.is_some()))
    });
    let idle = move || {
        state.phase.get() != Phase::Ready
            || to.with(|t| t.trim().is_empty() || state.prompt.with(|p| p == t))
    };
    let edit = move |_| {
        let Some(picture) = untrack(result).filter(|_| !untrack(idle)) else {
            return;
        };
        match untrack(|| state.job()) {
            Some(Ok(job)) => {
                // Unless the measurement is kept there is no truth to compare with.
                let measured = job.measured || !keep.get_untracked();
                let job = RestoreJob {
                    measured,
                    solver: Solver::LatinoPro,
                    start: Some(start.get_untracked() as u32),
                    samples: 1,
                    pro: ProSettings {
                        iterations: iterations.get_untracked() as u32,
                        radius: radius.get_untracked(),
                        expected: true,
                        ..ProSettings::default()
                    },
                    ..job
                };
                let edit = EditJob {
                    picture: (*picture).clone(),
                    to: to.get_untracked(),
                    tolerance: tolerance.get_untracked(),
                    keep: keep.get_untracked(),
                    stay: stay.get_untracked(),
                };
                engine::edit(state, job, edit);
                app::show_result();
            }
            Some(Err(problem)) => state.problem.set(Some(problem)),
            None => {}
        }
    };
    view! {
        <Show when=move || shown.get()>
            <section class="card" aria-labelledby="edit-title">
                <h2 id="edit-title">{text::EDIT}</h2>
                <p class="hint" id="edit-hint">{text::EDIT_HINT}</p>
                <div class="field">
                    <label for="edit-to">{text::EDIT_TO}</label>
                    <textarea id="edit-to" rows="2" aria-describedby="edit-hint"
                        prop:value=move || to.get() on:input=move |event| to.set(event_target_value(&event))></textarea>
                </div>
                <div class="field">
                    <label for="edit-stay">{text::EDIT_STAY}</label>
                    <input type="text" id="edit-stay" aria-describedby="edit-stay-hint"
                        prop:value=move || stay.get() on:input=move |event| stay.set(event_target_value(&event))/>
                    <p class="hint" id="edit-stay-hint">{text::EDIT_STAY_HINT}</p>
                </div>
                <Slider id="edit-tolerance" label=text::EDIT_TOLERANCE min=TOLERANCE.0 max=TOLERANCE.1 step=0.02 hint=text::EDIT_TOLERANCE_HINT
                    value=Signal::derive(move || tolerance.get()) set=move |v| tolerance.set(v)/>
                <details class="advanced">
                    <summary>{text::ADVANCED}</summary>
                    <Slider id="edit-start" label=text::START min=199.0 max=999.0 step=20.0 hint=text::EDIT_START_HINT
                        value=Signal::derive(move || start.get()) set=move |v| start.set(v)/>
                    <Slider id="edit-iterations" label=text::EDIT_ITERATIONS min=1.0 max=10.0 step=1.0
                        value=Signal::derive(move || iterations.get()) set=move |v| iterations.set(v)/>
                    <Slider id="edit-radius" label=text::EDIT_RADIUS min=0.0 max=15.0 step=0.5 hint=text::EDIT_RADIUS_HINT
                        value=Signal::derive(move || radius.get()) set=move |v| radius.set(v)/>
                    <label class="check"><input type="checkbox" id="edit-keep" prop:checked=move || keep.get()
                        on:change=move |event| keep.set(event_target_checked(&event))/>{text::EDIT_KEEP}</label>
                </details>
                <button type="button" class="button" id="edit" aria-disabled=move || idle().to_string() on:click=edit>{text::EDIT_RUN}</button>
            </section>
        </Show>
    }
}
