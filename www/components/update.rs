//! What `www/offline/` has to say: that the page is kept for use without a network, and that a newer version of it
//! waits.

use latino_web::protocol::{Kept as ModelKept, Place};
use leptos::prelude::*;

use crate::state::state;
use crate::{app, text};

fn root_attribute(name: &str) -> Option<String> {
    document().document_element()?.get_attribute(name)
}

/// An attribute of the root element that changes with an event of the window.
fn watched(attribute: &'static str, event: &'static str) -> RwSignal<Option<String>> {
    let value = RwSignal::new(root_attribute(attribute));
    window_event_listener_untyped(event, move |_| value.set(root_attribute(attribute)));
    value
}

/// A fact of the header: whether page and model are kept.
#[component]
pub fn Kept() -> impl IntoView {
    let state = state();
    let page = watched("data-offline", "latino-offline");
    let line = move || {
        let stored =
            |kept: &Option<ModelKept>| kept.as_ref().is_some_and(|k| k.place != Place::Memory);
        if page.get().is_some() && state.kept.with(stored) {
            text::OFFLINE_KEPT
        } else {
            text::OFFLINE_NOT
        }
    };
    view! { <dt>{text::OFFLINE}</dt><dd id="offline">{line}</dd> }
}

/// The offer of a newer version.
#[component]
pub fn UpdateBox() -> impl IntoView {
    let update = watched("data-update", "latino-update");
    let now = move |_| {
        if let Ok(event) = web_sys::Event::new("latino-take-over") {
            window().dispatch_event(&event).ok();
        }
    };
    let later = move |_| {
        update.set(None);
        app::focus("run-bar");
    };
    view! {
        <div role="status" class="update" class:empty=move || update.with(Option::is_none)>
            {move || update.get().map(|kind| view! {
                <section class="card" id="update" aria-label=text::UPDATE>
                    <p>{if kind == "taken" { text::UPDATE_TAKEN } else { text::UPDATE_WAITING }}</p>
                    <div class="error-remedies">
                        <button type="button" class="button primary" id="update-now" on:click=now>{text::UPDATE_NOW}</button>
                        <button type="button" class="button" id="update-later" on:click=later>{text::UPDATE_LATER}</button>
                    </div>
                </section>
            })}
        </div>
    }
}
