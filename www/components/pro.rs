//! What LATINO-PRO's iterations have found.

use latino_web::protocol::RestoreJob;
use leptos::prelude::*;

use super::chart::Chart;
use super::samples::thumb;
use super::words::Words;
use crate::app::{self, resume};
use crate::chart::Series;
use crate::state::{IterationView, Phase, Reference, Run, Shown, state};
use crate::{engine, text};

/// Restoration under the first prompt against that under the last.
#[component]
fn PromptEnds() -> impl IntoView {
    let state = state();
    // LATINO-PRO's result, not that of an edit.
    let there = Memo::new(move |_| {
        let done = |r: &Run| r.outcome.is_some() && r.before_edit.is_none();
        state.run.with(|r| r.as_ref().is_some_and(done))
    });
    let quality = move || {
        state.run.with(|r| {
            let r = r.as_ref()?;
            let (first, last) = (r.first_prompt.as_ref()?, r.outcome.as_ref()?);
            Some(text::prompts_quality(&first.metrics, &last.metrics))
        })
    };
    let compare = move |_| {
        let known = state
            .run
            .with_untracked(|r| r.as_ref().is_some_and(|r| r.first_prompt.is_some()));
        if known {
            state.shown.set(Shown::Latest);
            state.reference.set(Some(Reference::FirstPrompt));
            return;
        }
        let prompt = state
            .run
            .with_untracked(|r| r.as_ref().map(|r| r.prompt.clone()));
        if state.phase.get_untracked() != Phase::Ready {
            return;
        }
        match (prompt, untrack(|| state.job())) {
            (Some(prompt), Some(Ok(job))) => {
                engine::first_prompt(state, RestoreJob { prompt, ..job });
                app::show_result();
            }
            (_, Some(Err(problem))) => state.problem.set(Some(problem)),
            _ => {}
        }
    };
    view! {
        <Show when=move || there.get()>
            <div class="field">
                <button type="button" class="button" id="pro-first" aria-describedby="pro-first-hint"
                    aria-disabled=move || (state.phase.get() != Phase::Ready).to_string() on:click=compare>{text::PRO_FIRST}</button>
                <p class="hint" id="pro-first-hint">{text::PRO_FIRST_HINT}</p>
                <p id="pro-quality">{quality}</p>
            </div>
        </Show>
    }
}

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
                <Words count=count/>
                <PromptEnds/>
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
