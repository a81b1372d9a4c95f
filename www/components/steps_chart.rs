//! Residual and PSNR over the steps.

use leptos::prelude::*;

use super::chart::Chart;
use super::strip::sample_in_view;
use crate::chart::Series;
use crate::state::{StepView, state};
use crate::text;

/// The charts of the sample in view.
#[component]
pub fn StepsChart() -> impl IntoView {
    let state = state();
    let sample = Memo::new(move |_| sample_in_view(state));
    let points = move |of: fn(&StepView) -> Option<f64>| {
        let sample = sample.get();
        state.run.with(|run| {
            let steps = run.iter().flat_map(|r| &r.steps);
            let wanted = steps.filter(|s| s.sample == sample);
            wanted
                .filter_map(|s| Some((s.step, of(s)?)))
                .collect::<Vec<_>>()
        })
    };
    let residual = Signal::derive(move || {
        vec![
            Series {
                name: text::BEFORE_DATA,
                points: points(|s| Some(s.residual_before)),
            },
            Series {
                name: text::AFTER_DATA,
                points: points(|s| Some(s.residual_after)),
            },
        ]
    });
    let psnr = Signal::derive(move || {
        vec![Series {
            name: text::PSNR,
            points: points(|s| s.psnr),
        }]
    });
    let any = Memo::new(move |_| {
        state
            .run
            .with(|r| r.as_ref().is_some_and(|r| !r.steps.is_empty()))
    });
    view! {
        <Show when=move || any.get()>
            <section class="card" aria-labelledby="steps-chart-title">
                <h2 id="steps-chart-title">{text::STEPS_CHART}</h2>
                <div class="charts">
                    <Chart id="chart-residual" title=text::CHART_RESIDUAL across=text::STEP digits=4 series=residual/>
                    <Chart id="chart-psnr" title=text::CHART_PSNR across=text::STEP digits=2 series=psnr/>
                </div>
                <p class="hint">{text::STEPS_CHART_HINT}</p>
            </section>
        </Show>
    }
}
