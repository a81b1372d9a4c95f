//! The presenter's buttons and parameters.

use leptos::prelude::*;

use crate::components::{seed::Seed, slider::Slider};
use crate::lecture::Place;
use crate::lecture::keys::Command;
use crate::lecture::player::{obey, set_weight};
use crate::state::{Phase, state};
use crate::text;

/// What can be changed in the middle of a talk.
#[component]
fn Change() -> impl IntoView {
    let state = state();
    let l = state.lecture;
    view! {
        <details class="lecture-change">
            <summary>{text::LECTURE_CHANGE}</summary>
            <div class="lecture-change-fields">
                // A factor of ten in either direction, even in ratios.
                <Slider id="lecture-weight" label=text::LECTURE_WEIGHT min=-1.0 max=1.0 step=0.1
                    written=|v| format!("x {:.2}", 10_f64.powf(v))
                    value=Signal::derive(move || l.weight.get().log10()) set=move |v| set_weight(state, 10_f64.powf(v))/>
                <Slider id="lecture-noise" label=text::NOISE min=0.0 max=1.0 step=0.01
                    value=Signal::derive(move || state.noise.get().sigma) set=move |v| state.noise.update(|n| n.sigma = v)/>
                <Seed id="lecture-seed" label=text::SEED value=state.seed set=move |v| state.seed.set(v)/>
                <div class="field">
                    <label for="lecture-prompt">{text::PROMPT}</label>
                    <input type="text" id="lecture-prompt" prop:value=move || state.prompt.get()
                        on:input=move |event| state.prompt.set(event_target_value(&event))/>
                </div>
            </div>
            <p class="hint">{text::LECTURE_CHANGE_HINT}</p>
        </details>
    }
}

/// The bar at the foot of the screen.
#[component]
pub fn Controls() -> impl IntoView {
    let state = state();
    let l = state.lecture;
    let running = move || state.phase.get() == Phase::Running && l.run.get().is_some();
    let in_act = move || matches!(l.place.get(), Place::Part(_) | Place::Outcome);
    let button = move |id: &'static str,
                       name: &'static str,
                       keys: &'static str,
                       command: Command| {
        view! {
            <button type="button" class="button" id=id aria-keyshortcuts=keys on:click=move |_| obey(state, command)>{name}</button>
        }
    };
    view! {
        <footer class="lecture-foot">
            <Show when=in_act><Change/></Show>
            <div class="lecture-buttons">
                <Show when=move || l.place.get() != Place::Menu>
                    {button("lecture-back", text::LECTURE_BACK, "PageUp ArrowLeft", Command::Back)}
                    {button("lecture-next", text::LECTURE_NEXT, "PageDown ArrowRight Space", Command::Next)}
                </Show>
                <Show when=in_act>
                    <button type="button" class="button" id="lecture-flow" aria-keyshortcuts="P" aria-disabled=move || (!running()).to_string()
                        on:click=move |_| obey(state, Command::Flow)>
                        {move || if l.flowing.get() && running() { text::LECTURE_PAUSE } else { text::LECTURE_FLOW }}
                    </button>
                    {button("lecture-again", text::LECTURE_AGAIN, "R", Command::Again)}
                </Show>
                {button("lecture-dark", text::LECTURE_BLACK, "B", Command::Black)}
                <Show when=move || l.place.get() != Place::Menu>
                    {button("lecture-menu", text::LECTURE_MENU, "Home", Command::Menu)}
                </Show>
                {button("lecture-leave", text::LECTURE_LEAVE, "Escape", Command::Leave)}
            </div>
        </footer>
    }
}
