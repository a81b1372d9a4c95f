//! What went wrong, with remedies.

use latino_web::protocol::DeviceChoice;
use leptos::prelude::*;

use crate::state::state;
use crate::{app, engine, text};

/// The error box; always in the document, so that screen readers announce changes.
#[component]
pub fn ProblemBox() -> impl IntoView {
    let state = state();
    let again = move |_| {
        engine::start(state);
        app::focus("run-bar");
    };
    let cpu = move |_| {
        state.wanted.set(DeviceChoice::Cpu);
        engine::start(state);
        app::focus("run-bar");
    };
    let own = move |_| {
        engine::choose_model(state, None);
        app::focus("run-bar");
    };
    let dismiss = move |_| {
        state.problem.set(None);
        app::focus("run-bar");
    };
    view! {
        <div id="error" role="alert" class="error" class:empty=move || state.problem.with(Option::is_none)>
            {move || state.problem.get().map(|problem| view! {
                <p>{problem.text}</p>
                <div class="error-remedies">
                    {problem.restart.then(|| view! {
                        <button type="button" class="button" id="restart" on:click=again>{text::RESTART}</button>
                    })}
                    {problem.cpu.then(|| view! {
                        <button type="button" class="button" id="use-cpu" on:click=cpu>{text::USE_CPU}</button>
                    })}
                    {(problem.restart && state.model_address.with(Option::is_some)).then(|| view! {
                        <button type="button" class="button" id="own-model" on:click=own>{text::MODEL_OWN}</button>
                    })}
                    <button type="button" class="button" id="dismiss" on:click=dismiss>{text::DISMISS}</button>
                </div>
            })}
        </div>
    }
}
