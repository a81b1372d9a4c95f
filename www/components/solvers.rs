//! All solvers on the same measurement, in a table.

use leptos::prelude::*;

use super::samples::thumb;
use super::shown::row as outcome;
use crate::picture::save_text;
use crate::state::{Comparison, Phase, Problem, Shown, Standing, state};
use crate::{app, text};

/// The section.
#[component]
pub fn Solvers() -> impl IntoView {
    let state = state();
    let idle = move || state.phase.get() != Phase::Ready || state.source.with(Option::is_none);
    let running = move || state.phase.get() == Phase::Running;
    let solvers = Memo::new(move |_| {
        let of = |c: &Comparison| c.rows.iter().map(|r| r.solver).collect::<Vec<_>>();
        state
            .comparison
            .with(|c| c.as_ref().map(of).unwrap_or_default())
    });
    let any_done = Memo::new(move |_| {
        let done = |c: &Comparison| {
            c.rows
                .iter()
                .any(|r| matches!(r.standing, Standing::Done(_)))
        };
        state.comparison.with(|c| c.as_ref().is_some_and(done))
    });
    let standing = move |index: usize| {
        state
            .comparison
            .with(|c| match c.as_ref()?.rows.get(index)?.standing.clone() {
                Standing::Waiting => Some(text::WAITS.to_owned()),
                Standing::Running => Some(text::RUNS.to_owned()),
                Standing::Failed(why) => Some(why),
                Standing::Done(_) => None,
            })
    };
    let cells = move |index: usize| match outcome(state, index) {
        Some(o) => {
            let numbers = [
                o.metrics.psnr.map(|v| (v, 2)),
                o.metrics.ssim.map(|v| (v, 3)),
                Some((o.metrics.residual, 4)),
                Some((f64::from(o.evaluations), 0)),
                Some((o.seconds, 2)),
            ];
            numbers
                .map(|n| match n {
                    Some((v, digits)) => {
                        view! { <td data-value=v.to_string()>{format!("{v:.digits$}")}</td> }
                            .into_any()
                    }
                    None => view! { <td>{text::UNKNOWN}</td> }.into_any(),
                })
                .collect_view()
                .into_any()
        }
        None => view! { <td colspan="5" class="standing">{standing(index)}</td> }.into_any(),
    };
    let csv = move |_| {
        let table = state
            .comparison
            .with_untracked(|c| c.as_ref().map(|c| c.csv(text::solver_name)));
        if let Some(table) = table
            && !save_text(&table, "text/csv", "latino-comparison.csv")
        {
            state.problem.set(Some(Problem::new(text::CSV_FAILED)));
        }
    };
    view! {
        <section class="card" id="comparison" aria-labelledby="comparison-title">
            <h2 id="comparison-title">{text::SOLVERS}</h2>
            <p class="hint">{text::SOLVERS_HINT}</p>
            <div class="stage-tools">
                <button type="button" class="button" id="compare-solvers" aria-disabled=move || idle().to_string()
                    on:click=move |_| app::compare(state)>{text::SOLVERS_RUN}</button>
                <label class="check"><input type="checkbox" id="with-pro" prop:checked=state.with_pro prop:disabled=running
                    on:change=move |event| state.with_pro.set(event_target_checked(&event))/>{text::WITH_PRO}</label>
                <Show when=move || any_done.get()>
                    <button type="button" class="button" id="csv" on:click=csv>{text::CSV}</button>
                </Show>
            </div>
            <Show when=move || solvers.with(|s| !s.is_empty())>
                <div class="wide" tabindex="0" role="region" aria-labelledby="comparison-title">
                    <table class="metrics comparison" id="comparison-table" aria-labelledby="comparison-title">
                        <thead><tr>
                            <th scope="col">{text::PICTURE}</th><th scope="col">{text::SOLVER_COLUMN}</th><th scope="col">{text::PSNR}</th><th scope="col">{text::SSIM}</th>
                            <th scope="col">{text::RESIDUAL}</th><th scope="col">{text::EVALUATIONS}</th><th scope="col">{text::SECONDS}</th>
                        </tr></thead>
                        <tbody>
                            {move || solvers.get().into_iter().enumerate().map(|(i, solver)| view! {
                                <tr data-done=move || outcome(state, i).is_some().to_string()>
                                    <td>{move || outcome(state, i).map(|o| {
                                        let picture = o.picture.clone();
                                        thumb(state, Shown::Row(i), text::show(text::solver_name(solver)), move || Some(picture.clone()))
                                    })}</td>
                                    <th scope="row">{text::solver_name(solver)}</th>
                                    {move || cells(i)}
                                </tr>
                            }).collect_view()}
                        </tbody>
                    </table>
                </div>
            </Show>
        </section>
    }
}
