//! Every step's pictures, small.

use leptos::prelude::*;

use super::canvas::Picture;
use crate::state::{Shown, StepView, state};
use crate::text;

/// The strip.
#[component]
pub fn Strip() -> impl IntoView {
    let state = state();
    let count = Memo::new(move |_| state.run.with(|r| r.as_ref().map_or(0, |r| r.steps.len())));
    let run = Memo::new(move |_| state.run.with(|r| r.as_ref().map(|r| r.id)));
    let step = move |index: usize| -> Option<StepView> {
        state
            .run
            .with(|r| r.as_ref().and_then(|r| r.steps.get(index).cloned()))
    };
    let thumb = move |index: usize, before: bool| {
        let picture =
            Signal::derive(move || step(index).map(|s| if before { s.before } else { s.after }));
        let name = Signal::derive(move || text::step_picture(index as u32 + 1, before));
        let shown = Shown::Step(index, before);
        view! {
            <button type="button" class="thumb" aria-pressed=move || (state.shown.get() == shown).to_string()
                on:click=move |_| state.shown.update(|s| *s = if *s == shown { Shown::Latest } else { shown })>
                <Picture picture=picture label=name/>
            </button>
        }
    };
    view! {
        <Show when=move || { count.get() > 0 }>
            <section class="card" aria-labelledby="strip-title">
                <h2 id="strip-title">{text::STEPS_STRIP}</h2>
                <p class="hint">{text::STRIP_HINT}</p>
                <ol class="strip">
                    <For each=move || { let id = run.get(); (0..count.get()).map(move |i| (id, i)).collect::<Vec<_>>() } key=|key| *key
                        children=move |(_, index)| view! {
                            <li>
                                {thumb(index, true)}
                                {thumb(index, false)}
                                <p class="hint">{move || step(index).map(|s| text::step_numbers(s.timestep, s.residual_before, s.residual_after, s.gamma, s.seconds))}</p>
                            </li>
                        }/>
                </ol>
                <button type="button" class="button" prop:disabled=move || state.shown.get() == Shown::Latest
                    on:click=move |_| state.shown.set(Shown::Latest)>{text::LATEST}</button>
            </section>
        </Show>
    }
}
