//! How much the prompt decided: the same measurement under several prompts.

use std::sync::Arc;

use latino_web::protocol::{RestoreJob, Solver};
use leptos::prelude::*;

use super::map::{Legend, largest, painted_map};
use super::prompt_list::PromptList;
use super::samples::thumb;
use super::shown::prompted;
use super::solver::learned;
use super::{canvas::Picture, choice::Choice};
use crate::prompts::{Effect, PROMPTS};
use crate::state::{Phase, Shown, state};
use crate::{app, engine, text};

/// What stands in for a solver that takes no prompt.
fn asking(solver: Solver) -> Solver {
    if learned(solver) {
        solver
    } else {
        Solver::Latino
    }
}

/// The section.
#[component]
pub fn PromptsView() -> impl IntoView {
    let state = state();
    let asked = Memo::new(move |_| state.plan.with(|p| state.prompt.with(|own| p.all(own))));
    let few = Memo::new(move |_| asked.with(|a| a.len() < PROMPTS.0));
    let idle = move || {
        state.phase.get() != Phase::Ready || state.source.with(Option::is_none) || few.get()
    };
    let cost = move || {
        let (count, samples) = (asked.with(Vec::len), state.plan.with(|p| p.samples));
        let pro = state.pro.get();
        let fit = match asking(state.solver.get()) {
            Solver::LatinoPro => pro.iterations * pro.chain_steps,
            _ => 0,
        };
        let each = fit + samples * state.steps.get();
        text::prompts_cost(count, samples, count as u32 * each)
    };
    let run = move |_| {
        if untrack(idle) {
            return;
        }
        match untrack(|| state.job()) {
            Some(Ok(job)) => {
                let job = RestoreJob {
                    solver: asking(job.solver),
                    samples: state.plan.with_untracked(|p| p.samples),
                    resume: None,
                    ..job
                };
                engine::compare_prompts(state, job, asked.get_untracked());
                app::show_result();
            }
            Some(Err(problem)) => state.problem.set(Some(problem)),
            None => {}
        }
    };
    // Number of the run, finished prompts, samples of each.
    let standing = Memo::new(move |_| {
        state.prompts.with(|p| {
            let p = p.as_ref()?;
            Some((p.id, p.done.len(), p.job.samples as usize))
        })
    });
    let effect = Memo::new_with_compare(
        move |_| state.prompts.with(|p| p.as_ref()?.effect.clone()),
        |a, b| match (a, b) {
            (Some(Some(a)), Some(Some(b))) => !Arc::ptr_eq(a, b),
            (Some(None), Some(None)) => false,
            _ => true,
        },
    );
    let prompt = move |i: usize| {
        state.prompts.with(|p| {
            let p = p.as_ref()?;
            let cut = p.done.get(i).and_then(|d| d.dropped);
            Some((p.prompts.get(i)?.clone(), cut))
        })
    };
    let cell = move |i: usize, k: Option<usize>| {
        let name = text::prompted(&prompt(i).unwrap_or_default().0, k);
        let line = move || prompted(state, i, k).map(|p| text::quality_line(&p.2));
        view! {
            <td>
                {thumb(state, Shown::Prompt(i, k), name, move || prompted(state, i, k).map(|p| p.1))}
                <p class="hint">{line}</p>
            </td>
        }
    };
    let rows = move || {
        let (_, done, samples) = standing.get().unwrap_or_default();
        (0..done)
            .map(|i| {
                let (words, cut) = prompt(i).unwrap_or_default();
                view! {
                    <tr>
                        <th scope="row">{words}{cut.map(|n| view! { <span class="field-error">" "{text::prompt_cut(n)}</span> })}</th>
                        {(0..samples).map(|k| cell(i, Some(k))).collect_view()}
                        {cell(i, None)}
                    </tr>
                }
            })
            .collect_view()
    };
    let head = move || {
        let samples = standing.get().unwrap_or_default().2;
        (0..samples)
            .map(|k| view! { <th scope="col">{text::sample(k)}</th> })
            .collect_view()
    };
    view! {
        <section class="card" id="prompts" aria-labelledby="prompts-title">
            <h2 id="prompts-title">{text::PROMPTS}</h2>
            <p class="hint">{text::PROMPTS_HINT}</p>
            <details class="advanced" id="prompts-plan" open=true>
                <summary>{text::PROMPTS_WHICH}</summary>
                <PromptList/>
                <p class="hint">{move || (!learned(state.solver.get())).then_some(text::PROMPTS_NO_MODEL)}</p>
            </details>
            <p class="hint" id="prompts-cost">{move || if few.get() { text::PROMPTS_FEW.to_owned() } else { cost() }}</p>
            <button type="button" class="button" id="compare-prompts" aria-describedby="prompts-cost"
                aria-disabled=move || idle().to_string() on:click=run>{text::PROMPTS_RUN}</button>
            <Show when=move || effect.with(Option::is_some)>
                <p id="prompts-share" data-value=move || effect.with(|e| e.as_ref().map(|e| e.share.to_string()))>
                    <strong>{move || effect.with(|e| e.as_ref().map(|e| text::prompts_share(e.share)))}</strong>
                </p>
                <p>{text::PROMPTS_BIAS}</p>
            </Show>
            <Show when=move || standing.get().is_some_and(|s| s.1 > 0)>
                <div class="wide" tabindex="0" role="region" aria-label=text::PROMPTS_TABLE>
                    <table class="metrics prompts" id="prompts-table">
                        <caption class="hidden">{text::PROMPTS_TABLE}</caption>
                        <thead><tr><th scope="col">{text::PROMPT_COLUMN}</th>{head}<th scope="col">{text::OF_MEAN}</th></tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </div>
            </Show>
            {move || effect.get().map(|effect| view! { <Where effect=effect/> })}
        </section>
    }
}

/// Where prompts, and where seeds, decided.
#[component]
fn Where(effect: Arc<Effect>) -> impl IntoView {
    let state = state();
    let between = RwSignal::new(true);
    // One scale for both, so that they can be compared.
    let most = largest(&effect.between).max(largest(&effect.within));
    let size = state.prompts.with_untracked(|p| {
        let mean = p.as_ref().and_then(|p| p.done.first()).map(|d| &d.mean);
        mean.map_or((0, 0), |m| (m.width, m.height))
    });
    let map = Signal::derive(move || {
        let values = if between.get() {
            &effect.between
        } else {
            &effect.within
        };
        Some(painted_map(values, size, most))
    });
    view! {
        <div class="spread">
            <div class="spread-picture"><Picture picture=map label=text::PROMPTS_MAP_LABEL/></div>
            <div class="spread-side">
                <Choice id="prompts-map" label=text::PROMPTS_MAP
                    options=Signal::stored(vec![("between", text::PROMPTS_BETWEEN), ("within", text::PROMPTS_WITHIN)])
                    value=Signal::derive(move || if between.get() { "between" } else { "within" })
                    set=move |key: &str| between.set(key == "between")/>
                <Legend most=Signal::stored(most)/>
            </div>
        </div>
    }
}
