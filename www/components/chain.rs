//! Settings of the chain that most visitors leave alone.

use latino_web::protocol::{ChainSettings, Solver, StepRule};
use leptos::prelude::*;

use super::choice::Choice;
use super::number::{Bounds, Number};
use crate::state::state;
use crate::text;

/// The controls that matter for the chosen solver, rule and model.
#[component]
pub fn ChainControls() -> impl IntoView {
    let state = state();
    let chain = state.chain;
    let value = move |of: fn(&ChainSettings) -> f64| Signal::derive(move || of(&chain.get()));
    let bounds = |usual, limits| Bounds {
        usual,
        limits,
        whole: false,
    };
    let guided = move || state.model.with(|m| m.as_ref().is_some_and(|m| m.guided));
    view! {
        <Show when=move || state.rule.get() == StepRule::Discrepancy>
            <Number id="rho" label=text::RHO hint=text::RHO_HINT bounds=bounds([0.1, 4.0, 0.1], [0.01, 100.0])
                value=value(|c| c.rho) set=move |v| chain.update(|c| c.rho = v)/>
        </Show>
        <Show when=guided>
            <Number id="guidance" label=text::GUIDANCE hint=text::GUIDANCE_HINT bounds=bounds([1.0, 14.0, 0.5], [0.0, 30.0])
                value=value(|c| f64::from(c.guidance)) set=move |v| chain.update(|c| c.guidance = v as f32)/>
        </Show>
        <Show when=move || state.solver.get() == Solver::DiffPir>
            <Number id="zeta" label=text::ZETA hint=text::ZETA_HINT bounds=bounds([0.0, 1.0, 0.05], [0.0, 1.0])
                value=value(|c| c.zeta) set=move |v| chain.update(|c| c.zeta = v)/>
        </Show>
        <Number id="relaxation" label=text::RELAXATION hint=text::RELAXATION_HINT bounds=bounds([0.0, 0.9, 0.05], [0.0, 0.99])
            value=value(|c| c.relaxation) set=move |v| chain.update(|c| c.relaxation = v)/>
        <Show when=move || state.rule.get() == StepRule::Published>
            <Choice id="table" label=text::TABLE hint=text::TABLE_HINT
                options=Signal::stored(vec![("sd15", text::TABLE_SD15), ("sdxl", text::TABLE_SDXL)])
                value=Signal::derive(move || if chain.get().sdxl { "sdxl" } else { "sd15" })
                set=move |key: &str| chain.update(|c| c.sdxl = key == "sdxl")/>
            <label class="check"><input type="checkbox" id="original" prop:checked=move || chain.get().original
                on:change=move |event| chain.update(|c| c.original = event_target_checked(&event))/>{text::TABLE_ORIGINAL}</label>
        </Show>
        <Show when=move || state.model.with(|m| m.as_ref().is_some_and(|m| m.hybrid))>
            <div class="field">
                <label class="check"><input type="checkbox" id="hybrid" aria-describedby="hybrid-hint" prop:checked=move || state.hybrid.get()
                    on:change=move |event| state.hybrid.set(event_target_checked(&event))/>{text::HYBRID}</label>
                <p class="hint" id="hybrid-hint">{text::HYBRID_HINT}</p>
            </div>
        </Show>
        <div class="field">
            <label class="check"><input type="checkbox" id="corrected" aria-describedby="corrected-hint"
                prop:checked=move || chain.get().corrected
                on:change=move |event| chain.update(|c| c.corrected = event_target_checked(&event))/>{text::CORRECTED}</label>
            <p class="hint" id="corrected-hint">{text::CORRECTED_HINT}</p>
        </div>
    }
}
