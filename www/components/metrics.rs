//! The quality table: baseline and result.

use latino_web::protocol::Metrics;
use leptos::prelude::*;

use super::shown::{prompted, result, row};
use crate::state::{Shown, State, state};
use crate::text;

fn baseline(state: State) -> Option<Metrics> {
    state
        .run
        .with(|run| {
            run.as_ref()
                .and_then(|r| r.preview.as_ref())
                .map(|p| p.metrics)
        })
        .or_else(|| state.preview.with(|p| p.as_ref().map(|p| p.metrics)))
}

fn restored(state: State) -> Option<Metrics> {
    state.run.with(|run| {
        run.as_ref()
            .and_then(|r| r.outcome.as_ref())
            .map(|o| o.metrics)
    })
}

/// A column more: of what is in view beside the result, or of the samples' mean. Key, name, numbers.
fn more(state: State) -> Option<(&'static str, String, Metrics)> {
    let of_run = |shown| {
        state.run.with(|run| {
            let run = run.as_ref()?;
            match shown {
                Shown::Sample(k) => {
                    let sample = run.samples.get(k)?;
                    Some(("sample", text::sample(k), sample.metrics))
                }
                _ => {
                    let spread = run.outcome.as_ref()?.spread.as_ref()?;
                    Some(("mean", text::OF_MEAN.to_owned(), spread.mean_metrics))
                }
            }
        })
    };
    match state.shown.get() {
        Shown::Row(i) => {
            let name = result(state)?.0;
            Some(("solver", name, row(state, i)?.metrics))
        }
        Shown::Prompt(i, k) => {
            let (_, _, metrics) = prompted(state, i, k)?;
            Some(("prompt", text::prompt_number(i), metrics))
        }
        shown => of_run(shown),
    }
}

/// A cell with the rounded number, and all of it in `data-value`.
fn cell(id: String, value: Option<f64>, digits: usize, known: bool) -> impl IntoView {
    let shown = match value {
        Some(value) => format!("{value:.digits$}"),
        None if known => text::UNKNOWN.to_owned(),
        None => "–".to_owned(),
    };
    view! { <td id=id data-value=value.map(|v| v.to_string())>{shown}</td> }
}

/// The table.
#[component]
pub fn Quality() -> impl IntoView {
    let state = state();
    let before = Memo::new(move |_| baseline(state));
    let after = Memo::new(move |_| restored(state));
    let third = Memo::new(move |_| more(state));
    let noise = move || {
        state
            .run
            .with(|r| r.as_ref().map(|r| r.noise))
            .unwrap_or_else(|| state.noise.get().level())
    };
    let line = move |key: &'static str,
                     name: &'static str,
                     digits: usize,
                     of: fn(&Metrics) -> Option<f64>| {
        view! {
            <tr>
                <th scope="row">{name}</th>
                {move || cell(format!("metric-{key}-baseline"), before.get().as_ref().and_then(of), digits, before.get().is_some())}
                {move || cell(format!("metric-{key}-result"), after.get().as_ref().and_then(of), digits, after.get().is_some())}
                {move || third.get().map(|(who, _, m)| cell(format!("metric-{key}-{who}"), of(&m), digits, true))}
            </tr>
        }
    };
    view! {
        <Show when=move || before.get().is_some()>
            <section class="quality" aria-labelledby="metrics-title">
                <h3 id="metrics-title">{text::METRICS}</h3>
                <table class="metrics" aria-labelledby="metrics-title">
                    <thead><tr><th scope="col">{text::METRIC}</th><th scope="col">{text::OF_BASELINE}</th><th scope="col">{text::OF_RESULT}</th>{move || third.get().map(|(_, name, _)| view! { <th scope="col">{name}</th> })}</tr></thead>
                    <tbody>
                        {line("psnr", text::PSNR, 2, |m| m.psnr)}
                        {line("ssim", text::SSIM, 3, |m| m.ssim)}
                        {line("residual", text::RESIDUAL, 4, |m| Some(m.residual))}
                    </tbody>
                </table>
                <p class="hint">{move || text::metrics_hint(noise(), before.get().is_some_and(|m| m.psnr.is_some()))}</p>
            </section>
        </Show>
    }
}
