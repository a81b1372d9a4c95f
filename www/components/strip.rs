//! Every step's pictures, small.

use leptos::prelude::*;

use super::canvas::Picture;
use crate::state::{Shown, State, StepView, state};
use crate::text;

/// Whose steps are shown: the sample in view, or the one that runs, or the first.
pub fn sample_in_view(state: State) -> usize {
    let shown = state.shown.get();
    state.run.with(|run| {
        let Some(run) = run else { return 0 };
        match shown {
            Shown::Sample(k) => k,
            Shown::Step(index, _) => run.steps.get(index).map_or(0, |s| s.sample),
            _ if run.outcome.is_some() => 0,
            _ => run.steps.last().map_or(0, |s| s.sample),
        }
    })
}

/// The strip.
#[component]
pub fn Strip() -> impl IntoView {
    let state = state();
    let sample = Memo::new(move |_| sample_in_view(state));
    // The steps of that sample: the index of the first, and how many.
    let steps = Memo::new(move |_| {
        let wanted = sample.get();
        state.run.with(|run| {
            let Some(run) = run else { return (0, 0) };
            let first = run.steps.iter().position(|s| s.sample == wanted);
            let count = run.steps.iter().filter(|s| s.sample == wanted).count();
            (first.unwrap_or(0), count)
        })
    });
    let wanted = Memo::new(move |_| state.run.with(|r| r.as_ref().map_or(1, |r| r.wanted)));
    let run = Memo::new(move |_| state.run.with(|r| r.as_ref().map(|r| r.id)));
    let step = move |index: usize| -> Option<StepView> {
        state
            .run
            .with(|r| r.as_ref().and_then(|r| r.steps.get(index).cloned()))
    };
    let thumb = move |index: usize, before: bool| {
        let picture =
            Signal::derive(move || step(index).map(|s| if before { s.before } else { s.after }));
        let name = Signal::derive(move || {
            step(index)
                .map(|s| text::step_picture(s.step, before))
                .unwrap_or_default()
        });
        let shown = Shown::Step(index, before);
        view! {
            <button type="button" class="thumb" aria-pressed=move || (state.shown.get() == shown).to_string()
                on:click=move |_| state.shown.update(|s| *s = if *s == shown { Shown::Latest } else { shown })>
                <Picture picture=picture label=name/>
            </button>
        }
    };
    view! {
        <Show when=move || { steps.get().1 > 0 }>
            <section class="card" aria-labelledby="strip-title">
                <h2 id="strip-title">{text::STEPS_STRIP}</h2>
                <p class="hint">{move || (wanted.get() > 1).then(|| text::steps_of(sample.get()))}{text::STRIP_HINT}</p>
                <ol class="strip">
                    <For each=move || { let id = run.get(); let (first, count) = steps.get(); (first..first + count).map(move |i| (id, i)).collect::<Vec<_>>() } key=|key| *key
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
