//! What restores, how often, and LATINO-PRO's settings.

use latino_web::protocol::{ProSettings, Solver};
use leptos::prelude::*;

use super::frozen::FrozenWords;
use super::number::{Bounds, Number};
use super::{choice::Choice, slider::Slider};
use crate::state::state;
use crate::text;

/// Every solver, in the order shown.
const ALL: [Solver; 6] = [
    Solver::Latino,
    Solver::LatinoPro,
    Solver::DiffPir,
    Solver::Tv,
    Solver::Tikhonov,
    Solver::PseudoInverse,
];

fn key(solver: Solver) -> &'static str {
    match solver {
        Solver::Latino => "latino",
        Solver::LatinoPro => "latino-pro",
        Solver::DiffPir => "diff-pir",
        Solver::Tv => "tv",
        Solver::Tikhonov => "tikhonov",
        Solver::PseudoInverse => "pseudo-inverse",
    }
}

/// Whether it asks a model, and so takes a prompt, steps and samples.
pub fn learned(solver: Solver) -> bool {
    matches!(solver, Solver::Latino | Solver::LatinoPro | Solver::DiffPir)
}

/// The chooser.
#[component]
pub fn SolverChoice() -> impl IntoView {
    let state = state();
    view! {
        <Choice id="solver" label=text::SOLVER
            hint=Signal::derive(move || text::solver_hint(state.solver.get()))
            options=Signal::stored(ALL.map(|s| (key(s), text::solver_name(s))).to_vec())
            value=Signal::derive(move || key(state.solver.get()))
            set=move |new: &str| if let Some(solver) = ALL.into_iter().find(|s| key(*s) == new) { state.solver.set(solver) }/>
    }
}

/// How many posterior samples.
#[component]
pub fn SampleCount() -> impl IntoView {
    let state = state();
    view! {
        <Slider id="samples" label=text::SAMPLE_COUNT min=1.0 max=16.0 step=1.0 hint=text::SAMPLE_COUNT_HINT
            value=Signal::derive(move || f64::from(state.samples.get())) set=move |v| state.samples.set(v as u32)/>
    }
}

/// LATINO-PRO's settings, among the advanced ones.
#[component]
pub fn ProControls() -> impl IntoView {
    let pro = state().pro;
    let value = move |of: fn(&ProSettings) -> f64| Signal::derive(move || of(&pro.get()));
    let bounds = |usual, limits| Bounds {
        usual,
        limits,
        whole: false,
    };
    view! {
        <h3>{text::PRO}</h3>
        <Slider id="pro-iterations" label=text::PRO_ITERATIONS min=1.0 max=30.0 step=1.0
            value=value(|p| f64::from(p.iterations)) set=move |v| pro.update(|p| p.iterations = v as u32)/>
        <Slider id="pro-chain" label=text::PRO_CHAIN min=2.0 max=8.0 step=1.0 hint=text::PRO_CHAIN_HINT
            value=value(|p| f64::from(p.chain_steps)) set=move |v| pro.update(|p| p.chain_steps = v as u32)/>
        <Number id="pro-step" label=text::PRO_STEP bounds=bounds([0.01, 0.5, 0.01], [0.0, 10.0])
            value=value(|p| p.step) set=move |v| pro.update(|p| p.step = v)/>
        <Number id="pro-radius" label=text::PRO_RADIUS bounds=bounds([1.0, 40.0, 1.0], [0.0, 1000.0]) hint=text::PRO_RADIUS_HINT
            value=value(|p| p.radius) set=move |v| pro.update(|p| p.radius = v)/>
        <Slider id="pro-frozen" label=text::PRO_FROZEN min=0.0 max=10.0 step=1.0 hint=text::PRO_FROZEN_HINT
            value=value(|p| f64::from(p.frozen)) set=move |v| pro.update(|p| p.frozen = v as u32)/>
        <FrozenWords/>
        <Slider id="pro-constant" label=text::PRO_CONSTANT min=0.0 max=30.0 step=1.0
            value=value(|p| f64::from(p.constant_iterations)) set=move |v| pro.update(|p| p.constant_iterations = v as u32)/>
        <Slider id="pro-decay" label=text::PRO_DECAY min=0.1 max=1.0 step=0.05
            value=value(|p| p.decay) set=move |v| pro.update(|p| p.decay = v)/>
        <div class="field">
            <label class="check"><input type="checkbox" id="pro-published" aria-describedby="pro-published-hint"
                prop:checked=move || pro.get().published
                on:change=move |event| pro.update(|p| p.published = event_target_checked(&event))/>{text::PRO_PUBLISHED}</label>
            <p class="hint" id="pro-published-hint">{text::PRO_PUBLISHED_HINT}</p>
        </div>
        <div class="field">
            <label class="check"><input type="checkbox" id="pro-expected" aria-describedby="pro-expected-hint"
                prop:checked=move || pro.get().expected
                on:change=move |event| pro.update(|p| p.expected = event_target_checked(&event))/>{text::PRO_EXPECTED}</label>
            <p class="hint" id="pro-expected-hint">{text::PRO_EXPECTED_HINT}</p>
        </div>
    }
}
