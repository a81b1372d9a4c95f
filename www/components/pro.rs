//! What LATINO-PRO's iterations have found.

use leptos::prelude::*;

use super::chart::Chart;
use super::samples::thumb;
use crate::app::resume;
use crate::chart::Series;
use crate::state::{IterationView, Phase, Reference, Shown, state};
use crate::text;

/// The section.
#[component]
pub fn ProView() -> impl IntoView {
    let state = state();
    let count = Memo::new(move |_| {
        state
            .run
            .with(|r| r.as_ref().map_or(0, |r| r.iterations.len()))
    });
    let run = Memo::new(move |_| state.run.with(|r| r.as_ref().map(|r| r.id)));
    let iteration = move |k: usize| {
        state
            .run
            .with(|r| r.as_ref().and_then(|r| r.iterations.get(k).cloned()))
    };
    let series = move |name: &'static str, of: fn(&IterationView) -> f64| {
        Signal::derive(move || {
            state.run.with(|run| {
                let iterations = run.iter().flat_map(|r| &r.iterations);
                vec![Series {
                    name,
                    points: iterations.map(|i| (i.iteration, of(i))).collect(),
                }]
            })
        })
    };
    let ends = move |_| {
        let last = count.get_untracked().saturating_sub(1);
        if last == 0 {
            return;
        }
        state.reference.set(Some(Reference::FirstIteration));
        state.shown.set(Shown::Iteration(last));
    };
    // An embedding belongs to its prompt.
    let resumable = move || {
        let found = state.found.with(|f| f.as_ref().map(|f| f.prompt.clone()));
        found.is_some_and(|prompt| state.prompt.with(|p| *p == prompt))
    };
    view! {
        <Show when=move || resumable() && state.phase.get() == Phase::Ready>
            <section class="card" aria-labelledby="pro-found-title">
                <h2 id="pro-found-title">{text::PRO_FOUND}</h2>
                <p class="hint">{text::PRO_FOUND_HINT}</p>
                <button type="button" class="button" id="pro-resume" on:click=move |_| resume(state)>{text::PRO_RESUME}</button>
            </section>
        </Show>
        <Show when=move || { count.get() > 0 }>
            <section class="card" id="pro" aria-labelledby="pro-title">
                <h2 id="pro-title">{text::PRO_VIEW}</h2>
                <p class="hint">{text::PRO_VIEW_HINT}</p>
                <ol class="strip">
                    <For each=move || { let id = run.get(); (0..count.get()).map(move |k| (id, k)).collect::<Vec<_>>() } key=|key| *key
                        children=move |(_, k)| view! {
                            <li>
                                {thumb(state, Shown::Iteration(k), text::iteration(k as u32 + 1), move || iteration(k).map(|i| i.picture))}
                                <p class="hint">{move || iteration(k).map(|i| text::iteration_numbers(i.iteration, i.mean_distance(), i.residual, i.seconds))}</p>
                            </li>
                        }/>
                </ol>
                <button type="button" class="button" id="pro-ends" aria-disabled=move || (count.get() < 2).to_string()
                    on:click=ends>{text::PRO_ENDS}</button>
                <div class="charts">
                    <Chart id="chart-distance" title=text::CHART_DISTANCE across=text::ITERATION digits=3
                        series=series(text::DISTANCE, IterationView::mean_distance)/>
                    <Chart id="chart-step" title=text::CHART_STEP across=text::ITERATION digits=4
                        series=series(text::PRO_STEP, |i| i.step)/>
                    <Chart id="chart-pro-residual" title=text::CHART_PRO_RESIDUAL across=text::ITERATION digits=4
                        series=series(text::RESIDUAL, |i| i.residual)/>
                </div>
            </section>
        </Show>
    }
}
