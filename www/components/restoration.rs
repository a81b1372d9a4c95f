//! Prompt and solver settings.

use latino_web::protocol::{Initialisation, OutputStage, Solver, StepRule};
use leptos::prelude::*;

use super::chain::ChainControls;
use super::number::{Bounds, Number};
use super::solver::{ProControls, SampleCount, SolverChoice, learned};
use super::{choice::Choice, seed::Seed, slider::Slider};
use crate::state::state;
use crate::text;

/// First timesteps.
const TIMESTEPS: Bounds = Bounds {
    usual: [199.0, 999.0, 20.0],
    limits: [19.0, 999.0],
    whole: true,
};

/// The restoration's section.
#[component]
pub fn Restoration() -> impl IntoView {
    let state = state();
    let count = move || {
        state.tokens.with(|t| {
            t.as_ref()
                .filter(|t| state.prompt.with(|p| *p == t.prompt))
                .map(|t| text::tokens(t.count, t.max))
        })
    };
    let asks_model = move || learned(state.solver.get());
    let cost = move || {
        let pro = state.pro.get();
        let chains = pro.iterations * pro.chain_steps;
        text::cost(
            state.solver.get(),
            state.steps.get(),
            state.samples.get(),
            chains,
        )
    };
    view! {
        <section class="card" aria-labelledby="restoration-title">
            <h2 id="restoration-title">{text::RESTORATION}</h2>
            <div class="field">
                <div class="field-head">
                    <label for="prompt">{text::PROMPT}</label>
                    <output for="prompt" id="tokens" aria-live="off">{count}</output>
                </div>
                <textarea id="prompt" rows="2" placeholder=text::PROMPT_PLACEHOLDER aria-describedby="tokens"
                    prop:value=move || state.prompt.get()
                    on:input=move |event| state.prompt.set(event_target_value(&event))></textarea>
            </div>
            <SolverChoice/>
            <Show when=asks_model>
                <Slider id="steps" label=text::STEPS min=1.0 max=50.0 step=1.0 hint=text::STEPS_HINT
                    value=Signal::derive(move || f64::from(state.steps.get())) set=move |v| state.steps.set(v as u32)/>
                <SampleCount/>
            </Show>
            <p class="hint" id="cost">{cost}</p>
            <Seed id="seed" label=text::SEED value=state.seed set=move |v| state.seed.set(v)/>
            <details class="advanced">
                <summary>{text::ADVANCED}</summary>
                <Number id="start" label=text::START bounds=TIMESTEPS hint=text::START_HINT
                    value=Signal::derive(move || f64::from(state.start.get())) set=move |v| state.start.set(v as u32)/>
                <Choice id="init" label=text::INIT hint=text::INIT_HINT
                    options=Signal::stored(vec![("pseudo-inverse", text::INIT_PSEUDO), ("adjoint", text::INIT_ADJOINT), ("total-variation", text::INIT_TV)])
                    value=Signal::derive(move || match state.init.get() {
                        Initialisation::PseudoInverse => "pseudo-inverse",
                        Initialisation::Adjoint => "adjoint",
                        Initialisation::TotalVariation => "total-variation",
                    })
                    set=move |key: &str| state.init.set(match key {
                        "adjoint" => Initialisation::Adjoint,
                        "total-variation" => Initialisation::TotalVariation,
                        _ => Initialisation::PseudoInverse,
                    })/>
                <Choice id="output" label=text::OUTPUT hint=text::OUTPUT_HINT
                    options=Signal::stored(vec![("prox", text::OUTPUT_PROX), ("decoded", text::OUTPUT_DECODED), ("before-prox", text::OUTPUT_BEFORE_PROX)])
                    value=Signal::derive(move || match state.output.get() {
                        OutputStage::Prox => "prox",
                        OutputStage::Decoded => "decoded",
                        OutputStage::BeforeProx => "before-prox",
                    })
                    set=move |key: &str| state.output.set(match key {
                        "decoded" => OutputStage::Decoded,
                        "before-prox" => OutputStage::BeforeProx,
                        _ => OutputStage::Prox,
                    })/>
                <Choice id="rule" label=text::RULE hint=text::RULE_HINT
                    options=Signal::stored(vec![("discrepancy", text::RULE_DISCREPANCY), ("published", text::RULE_PUBLISHED), ("moment-matching", text::RULE_MOMENTS)])
                    value=Signal::derive(move || match state.rule.get() {
                        StepRule::Discrepancy => "discrepancy",
                        StepRule::Published => "published",
                        StepRule::MomentMatching => "moment-matching",
                    })
                    set=move |key: &str| state.rule.set(match key {
                        "published" => StepRule::Published,
                        "moment-matching" => StepRule::MomentMatching,
                        _ => StepRule::Discrepancy,
                    })/>
                <ChainControls/>
                <Show when=move || state.solver.get() == Solver::LatinoPro || state.with_pro.get()><ProControls/></Show>
            </details>
        </section>
    }
}
