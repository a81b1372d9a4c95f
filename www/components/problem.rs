//! What went wrong, with remedies.

use latino_web::protocol::DeviceChoice;
use leptos::prelude::*;

use crate::state::state;
use crate::{engine, text};

/// The error box; always in the document, so that screen readers announce changes.
#[component]
pub fn ProblemBox() -> impl IntoView {
    let state = state();
    let cpu = move |_| {
        state.wanted.set(DeviceChoice::Cpu);
        engine::start(state);
    };
    view! {
        <div id="error" role="alert" class="error" class:empty=move || state.problem.with(Option::is_none)>
            {move || state.problem.get().map(|problem| view! {
                <p>{problem.text}</p>
                <div class="error-remedies">
                    {problem.restart.then(|| view! {
                        <button type="button" class="button" id="restart" on:click=move |_| engine::start(state)>{text::RESTART}</button>
                        <button type="button" class="button" id="use-cpu" on:click=cpu>{text::USE_CPU}</button>
                    })}
                    <button type="button" class="button" id="dismiss" on:click=move |_| state.problem.set(None)>{text::DISMISS}</button>
                </div>
            })}
        </div>
    }
}
