//! The result, compared with what it is made from.

use leptos::prelude::*;

use super::canvas::Picture;
use super::choice::Choice;
use super::compare::{Compare, Pane, WayChoice, Zooming, style_of};
use super::metrics::Quality;
use super::panes::Panes;
use super::shown::{Named, current, prompted, reference, result, row};
use crate::picture::save;
use crate::state::{Problem, Reference, Run, Shared, Shown, USUAL_SIDE, state};
use crate::text;

/// The comparison's section.
#[component]
pub fn Stage() -> impl IntoView {
    let state = state();
    let peek = RwSignal::new(false);
    let left = Signal::derive(move || reference(state));
    let right = Signal::derive(move || result(state));
    let pane = |named: Signal<Option<Named>>| Pane {
        name: Signal::derive(move || named.get().map(|n| n.0).unwrap_or_default()),
        picture: Signal::derive(move || named.get().map(|n| n.1)),
    };
    let options = Memo::new(move |_| {
        let mut options = vec![
            ("measurement", text::OF_MEASUREMENT),
            ("baseline", text::OF_BASELINE),
        ];
        if current(state).is_some_and(|p| p.truth.is_some()) {
            options.push(("truth", text::OF_TRUTH));
        }
        if state
            .run
            .with(|r| r.as_ref().is_some_and(|r| !r.iterations.is_empty()))
        {
            options.push(("first-iteration", text::OF_FIRST_ITERATION));
        }
        let first = |r: &Option<Run>| r.as_ref().is_some_and(|r| r.first_prompt.is_some());
        if state.run.with(first) {
            options.push(("first-prompt", text::OF_FIRST_PROMPT));
        }
        let edited = |r: &Option<Run>| r.as_ref().is_some_and(|r| r.before_edit.is_some());
        if state.run.with(edited) {
            options.push(("before-edit", text::OF_BEFORE_EDIT));
        }
        options
    });
    let any = Memo::new(move |_| left.get().is_some());
    let finished = Memo::new(move |_| {
        let row = match state.shown.get() {
            Shown::Row(i) => row(state, i).is_some(),
            Shown::Prompt(i, k) => prompted(state, i, k).is_some(),
            _ => false,
        };
        row || state
            .run
            .with(|r| r.as_ref().is_some_and(|r| r.outcome.is_some()))
    });
    let download = move |_| {
        // What is in view, once there is a result.
        let picture = untrack(|| result(state)).map(|named| named.1);
        if let Some(picture) = picture
            && !save(&picture, "latino.png")
        {
            state.problem.set(Some(Problem::new(text::SAVE_FAILED)));
        }
    };
    // Before the first measurement: the picture alone.
    let before = move || {
        let side = state.side().unwrap_or(USUAL_SIDE);
        let picture = Signal::derive(move || {
            state
                .source
                .with(|s| s.as_ref()?.square(side).ok().map(Shared::new))
        });
        let there = state.source.with(Option::is_some);
        view! {
            <div class="stage-empty">
                {there.then(|| view! { <Picture picture=picture label=text::OF_PICTURE/> })}
                <p>{if there { text::WAITING } else { text::EMPTY }}</p>
            </div>
        }
    };
    let compared_with = move || match state.reference.get() {
        Some(Reference::Baseline) => "baseline",
        Some(Reference::Truth) => "truth",
        Some(Reference::FirstIteration) => "first-iteration",
        Some(Reference::FirstPrompt) => "first-prompt",
        Some(Reference::BeforeEdit) => "before-edit",
        _ => "measurement",
    };
    let compare_with = move |key: &str| {
        state.reference.set(Some(match key {
            "baseline" => Reference::Baseline,
            "truth" => Reference::Truth,
            "first-iteration" => Reference::FirstIteration,
            "first-prompt" => Reference::FirstPrompt,
            "before-edit" => Reference::BeforeEdit,
            _ => Reference::Measurement,
        }));
    };
    view! {
        <section class="card" id="result" tabindex="-1" aria-labelledby="result-title">
            <h2 id="result-title">{text::RESULT}</h2>
            <Show when=move || any.get() fallback=move || before>
                <div class="stage">
                    <div class="stage-picture">
                        <Compare left=pane(left) right=pane(right) peek=peek/>
                        <Zooming/>
                        <div class="stage-tools">
                            <Choice id="reference" label=text::COMPARE options=options
                                value=Signal::derive(compared_with) set=compare_with/>
                            <WayChoice/>
                            <button type="button" class="button" on:pointerdown=move |_| peek.set(true) on:pointerup=move |_| peek.set(false)
                                on:pointerleave=move |_| peek.set(false) on:pointercancel=move |_| peek.set(false)
                                on:keydown=move |e| if e.key() == " " || e.key() == "Enter" { peek.set(true) }
                                on:keyup=move |_| peek.set(false) on:blur=move |_| peek.set(false)>{text::PEEK}</button>
                            <button type="button" class="button primary" id="save" prop:disabled=move || !finished.get() on:click=download>{text::SAVE}</button>
                        </div>
                    </div>
                    <div class="stage-side" style=("--zoom", style_of(state.zoom, |z| z.scale))
                        style=("--pan-x", style_of(state.zoom, |z| z.x)) style=("--pan-y", style_of(state.zoom, |z| z.y))>
                        <Panes/>
                        <Quality/>
                    </div>
                </div>
            </Show>
        </section>
    }
}
