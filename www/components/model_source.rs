//! Which model: one of the site's, or one at an address.

use leptos::prelude::*;

use super::choice::Choice;
use crate::model_source::{Listed, catalogue};
use crate::state::state;
use crate::{app, engine, text};

/// The choice. Another model is downloaded, checked and kept as the site's own is.
#[component]
pub fn ModelSource() -> impl IntoView {
    let state = state();
    let typed = RwSignal::new(state.model_address.get_untracked().unwrap_or_default());
    let refused = RwSignal::new(String::new());
    let take = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        match engine::check_address(&typed.get_untracked()) {
            Ok(folder) => {
                refused.set(String::new());
                engine::choose_model(state, Some(folder));
            }
            Err(why) => refused.set(text::refused_address(&why)),
        }
    };
    let options: Vec<(&'static str, &'static str)> = catalogue()
        .into_iter()
        .map(|Listed { name, path, about }| {
            // Controls take texts that live as long as the page; the catalogue does.
            let label: &'static str = format!("{name}: {about}").leak();
            let path: &'static str = path.leak();
            (path, label)
        })
        .chain([("other", text::MODEL_OTHER)])
        .collect();
    let paths: Vec<_> = options.iter().map(|(path, _)| *path).collect();
    let first = paths.first().copied();
    let current = Signal::derive(move || {
        let listed = |address: String| paths.iter().copied().find(|p| *p == address);
        let address = state.model_address.get();
        address.map_or(first, listed).unwrap_or("other")
    });
    let choose = move |key: &str| {
        if key == "other" {
            app::focus("model-address");
        } else {
            refused.set(String::new());
            engine::choose_model(state, (first != Some(key)).then(|| key.to_owned()));
        }
    };
    view! {
        <Choice id="model-choice" label=text::MODEL_CHOICE hint=text::MODEL_CHOICE_HINT options=Signal::stored(options)
            value=current set=choose/>
        <form class="field" id="model-form" novalidate on:submit=take>
            <label for="model-address">{text::MODEL_ADDRESS}</label>
            <input type="text" inputmode="url" id="model-address" autocapitalize="off" autocomplete="off" spellcheck="false" aria-describedby="model-address-hint model-refused" prop:value=move || typed.get()
                on:input=move |event| typed.set(event_target_value(&event))/>
            <p class="hint" id="model-address-hint">{text::MODEL_ADDRESS_HINT}</p>
            <button type="submit" class="button" id="model-use">{text::MODEL_USE}</button>
            <p id="model-refused" role="status">{move || refused.get()}</p>
        </form>
    }
}
