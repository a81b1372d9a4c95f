//! The model manager: what is kept in this browser, and what can be done with it.

use latino_web::protocol::{LibraryRequest, Place, StoredModel};
use leptos::prelude::*;

use super::model_source::ModelSource;
use crate::state::{Phase, state};
use crate::{library, text};

/// The disclosure.
#[component]
pub fn Library() -> impl IntoView {
    let state = state();
    let dead = move || matches!(state.phase.get(), Phase::Starting | Phase::Failed);
    let busy = Memo::new(move |_| state.library.with(|l| l.busy));
    let models = Memo::new(move |_| state.library.with(|l| l.models.clone()));
    let look = move || {
        if !dead() && !busy.get_untracked() {
            library::ask(state, LibraryRequest::List);
        }
    };
    view! {
        <section class="card" aria-labelledby="library-title">
            <details class="advanced" id="library" on:toggle=move |_| look()>
                <summary id="library-title">{text::LIBRARY}</summary>
                <ModelSource/>
                <p class="hint">{text::LIBRARY_HINT}</p>
                <button type="button" class="button" id="library-look" aria-disabled=move || (dead() || busy.get()).to_string()
                    on:click=move |_| look()>{text::LIBRARY_LOOK}</button>
                <p id="library-said" role="status">{move || state.library.with(|l| l.said.clone())}</p>
                {move || models.get().map(|models| view! { <Models models busy=busy.into()/> })}
            </details>
        </section>
    }
}

/// The table of models.
#[component]
fn Models(models: Vec<StoredModel>, busy: Signal<bool>) -> impl IntoView {
    let state = state();
    let free = move || state.library.with(|l| l.free.map(text::free));
    let sum = models.iter().map(|m| m.bytes).sum();
    let rows: Vec<_> = models.into_iter().map(|model| row(model, busy)).collect();
    view! {
        <p id="library-sum">{text::stored(rows.len(), sum)}" "{free}</p>
        {(!rows.is_empty()).then(|| view! {
            <div class="wide" tabindex="0" role="region" aria-label=text::LIBRARY_TABLE>
                <table class="metrics comparison" id="library-table" aria-label=text::LIBRARY_TABLE>
                    <thead><tr>
                        <th scope="col">{text::MODEL}</th><th scope="col">{text::LIBRARY_SIZE}</th><th scope="col">{text::LIBRARY_STATE}</th>
                        <th scope="col">{text::LIBRARY_LICENCE}</th><th scope="col">{text::LIBRARY_SOURCE}</th><th scope="col">{text::LIBRARY_ACTIONS}</th>
                    </tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        })}
    }
}

/// One model.
fn row(model: StoredModel, busy: Signal<bool>) -> impl IntoView {
    let state = state();
    let name = model
        .name
        .clone()
        .unwrap_or_else(|| text::LIBRARY_UNFINISHED.into());
    let place = match model.place {
        Place::Files => text::LIBRARY_FILES,
        Place::Cache => text::LIBRARY_CACHE,
        Place::Memory => text::LIBRARY_MEMORY,
    };
    let whole = if model.whole {
        text::LIBRARY_WHOLE
    } else {
        text::LIBRARY_PARTIAL
    };
    let button = |key: &'static str, label: &'static str, request: LibraryRequest| {
        let press = move |_| {
            if !busy.get_untracked() {
                library::ask(state, request.clone());
            }
        };
        let whose = format!("{label}: {name}");
        view! {
            <button type="button" class=format!("button library-{key}") aria-label=whose aria-disabled=move || busy.get().to_string() on:click=press>
                {label}
            </button>
        }
    };
    let folder = || model.folder.clone();
    let verify = button(
        "verify",
        text::LIBRARY_VERIFY,
        LibraryRequest::Verify(folder()),
    );
    let export = model.whole.then(|| {
        button(
            "export",
            text::LIBRARY_EXPORT,
            LibraryRequest::Export(folder()),
        )
    });
    let remove = button(
        "remove",
        text::LIBRARY_REMOVE,
        LibraryRequest::Remove(folder()),
    );
    view! {
        <tr>
            <th scope="row">{name.clone()}</th>
            <td>{text::megabytes(model.bytes)}</td>
            <td>{whole}", "{place}</td>
            <td>{model.licence.unwrap_or_default()}</td>
            <td>{model.source.unwrap_or_default()}</td>
            <td class="library-actions">{verify}{export}{remove}</td>
        </tr>
    }
}
