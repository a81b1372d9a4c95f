//! Which model: one of the site's, one at an address, or one on the visitor's disk.

use latino_web::protocol::{LOCAL, PRECISIONS, split_precision};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use super::choice::Choice;
use crate::model_source::{Listed, catalogue};
use crate::state::state;
use crate::{app, engine, text};

/// The choice. Another model is downloaded, checked and kept as the site's own is.
#[component]
pub fn ModelSource() -> impl IntoView {
    let state = state();
    let before = state.model_address.get_untracked().unwrap_or_default();
    let (address, precision) = split_precision(&before);
    let typed = RwSignal::new(match address.starts_with(LOCAL) {
        true => String::new(),
        false => address.to_owned(),
    });
    let precision = RwSignal::new(precision.unwrap_or(PRECISIONS[0]));
    let refused = RwSignal::new(String::new());
    let take = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        match engine::check_address(&typed.get_untracked()) {
            Ok(folder) => {
                refused.set(String::new());
                let address = format!("{folder}#{}", precision.get_untracked());
                engine::choose_model(state, Some(address));
            }
            Err(why) => refused.set(text::refused_address(&why)),
        }
    };
    let chosen = move |event: web_sys::Event| {
        let input = event
            .target()
            .and_then(|t| t.dyn_into::<HtmlInputElement>().ok());
        let Some(input) = input else {
            return;
        };
        refused.set(String::new());
        if let Some(files) = input.files() {
            engine::choose_files(state, &files, precision.get_untracked());
        }
        // The same folder may be chosen again.
        input.set_value("");
    };
    let set_precision = move |key: &str| {
        if let Some(known) = PRECISIONS.into_iter().find(|p| *p == key) {
            precision.set(known);
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
        <Choice id="model-precision" label=text::MODEL_PRECISION hint=text::MODEL_PRECISION_HINT options=Signal::stored(text::PRECISIONS.to_vec())
            value=precision set=set_precision/>
        <form class="field" id="model-form" novalidate on:submit=take>
            <label for="model-address">{text::MODEL_ADDRESS}</label>
            <input type="text" inputmode="url" id="model-address" autocapitalize="off" autocomplete="off" spellcheck="false" aria-describedby="model-address-hint model-refused" prop:value=move || typed.get()
                on:input=move |event| typed.set(event_target_value(&event))/>
            <p class="hint" id="model-address-hint">{text::MODEL_ADDRESS_HINT}</p>
            <button type="submit" class="button" id="model-use">{text::MODEL_USE}</button>
            <p id="model-refused" role="status">{move || refused.get()}</p>
        </form>
        <div class="field">
            <p id="model-files-title">{text::MODEL_FILES}</p>
            <div class="file">
                <input type="file" id="model-folder" prop:webkitdirectory=true multiple aria-describedby="model-files-hint" on:change=chosen/>
                <label for="model-folder" class="button">{text::MODEL_FOLDER}</label>
                <input type="file" id="model-archive" accept=".tar,application/x-tar" aria-describedby="model-files-hint" on:change=chosen/>
                <label for="model-archive" class="button">{text::MODEL_ARCHIVE}</label>
            </div>
            <p class="hint" id="model-files-hint">{text::MODEL_FILES_HINT}</p>
        </div>
    }
}
