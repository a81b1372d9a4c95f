//! Keeping an experiment as a file, and telling its settings by a link.

use leptos::{html, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::HtmlInputElement;

use crate::experiment::{Experiment, FILE_END, link::link, reopen};
use crate::picture::{read_file, save_bytes};
use crate::state::{Phase, Problem, State, state};
use crate::text;

/// Opens an experiment's file.
pub fn open_file(state: State, file: web_sys::File) {
    spawn_local(async move {
        let bytes = read_file(&file).await;
        let found = bytes.and_then(|bytes| Experiment::from_bytes(&bytes));
        match found {
            Ok(experiment) => reopen::reopen(state, experiment),
            Err(problem) => state.problem.set(Some(problem)),
        }
    });
}

/// The section.
#[component]
pub fn Share() -> impl IntoView {
    let state = state();
    let field = NodeRef::<html::Input>::new();
    let said = RwSignal::new("");
    let address = Memo::new(move |_| link(state));
    let idle = move || state.phase.get() != Phase::Ready || state.source.with(Option::is_none);
    let save = move |_| {
        if untrack(idle) {
            return;
        }
        let file = format!("experiment{FILE_END}");
        match untrack(|| reopen::experiment(state)) {
            Some(Ok(experiment)) => {
                let bytes = experiment.to_bytes();
                if !bytes.is_some_and(|b| save_bytes(&b, "application/cbor", &file)) {
                    state
                        .problem
                        .set(Some(Problem::new(text::EXPERIMENT_FAILED)));
                }
            }
            Some(Err(problem)) => state.problem.set(Some(problem)),
            None => {}
        }
    };
    let chosen = move |event: web_sys::Event| {
        let input = event
            .target()
            .and_then(|t| t.dyn_into::<HtmlInputElement>().ok());
        let Some(input) = input else { return };
        if let Some(file) = input.files().and_then(|files| files.get(0)) {
            open_file(state, file);
        }
        input.set_value("");
    };
    let copy = move |_| {
        let Some(field) = field.get_untracked() else {
            return;
        };
        field.select();
        said.set(text::LINK_SELECTED);
        let clipboard = window().navigator().clipboard();
        if clipboard.is_undefined() {
            return;
        }
        let written = clipboard.write_text(&address.get_untracked());
        spawn_local(async move {
            if JsFuture::from(written).await.is_ok() {
                said.set(text::LINK_COPIED);
            }
        });
    };
    view! {
        <section class="card" id="keep" aria-labelledby="keep-title">
            <h2 id="keep-title">{text::KEEP}</h2>
            <div class="file">
                <button type="button" class="button" id="experiment-save" aria-describedby="experiment-hint"
                    aria-disabled=move || idle().to_string() on:click=save>{text::EXPERIMENT_SAVE}</button>
                <input type="file" id="experiment-file" accept=FILE_END on:change=chosen/>
                <label for="experiment-file" class="button">{text::EXPERIMENT_OPEN}</label>
            </div>
            <p class="hint" id="experiment-hint">{text::EXPERIMENT_HINT}</p>
            <div class="field">
                <label for="link">{text::LINK}</label>
                <div class="link-row">
                    <input type="text" id="link" readonly=true node_ref=field aria-describedby="link-hint" prop:value=address/>
                    <button type="button" class="button" id="link-copy" on:click=copy>{text::LINK_COPY}</button>
                </div>
                <p class="hint" id="link-hint">{text::LINK_HINT}" "<span role="status">{said}</span></p>
            </div>
        </section>
    }
}
