//! Measurement, pseudo-inverse and truth, side by side.

use leptos::prelude::*;

use super::canvas::Picture;
use super::shown::current;
use crate::state::{Preview, Reference, Shared, state};
use crate::text;

/// The pictures that come before the restoration; one of them is what the result is compared with.
#[component]
pub fn Panes() -> impl IntoView {
    let state = state();
    let truth = Memo::new(move |_| current(state).is_some_and(|p| p.truth.is_some()));
    let pane = move |reference: Reference,
                     name: &'static str,
                     of: fn(&Preview) -> Option<Shared>| {
        let picture = Signal::derive(move || current(state).as_ref().and_then(of));
        let chosen = move || state.reference.get().unwrap_or(Reference::Measurement) == reference;
        view! {
            <li>
                <button type="button" class="thumb" aria-pressed=move || chosen().to_string()
                    on:click=move |_| state.reference.set(Some(reference))>
                    <span aria-hidden="true"><Picture picture=picture label=name/></span>
                    <span>{name}</span>
                </button>
            </li>
        }
    };
    view! {
        <div class="panes">
            <ul>
                {pane(Reference::Measurement, text::OF_MEASUREMENT, |p| Some(p.measurement.clone()))}
                {pane(Reference::Baseline, text::OF_BASELINE, |p| Some(p.baseline.clone()))}
                <Show when=move || truth.get()>
                    {pane(Reference::Truth, text::OF_TRUTH, |p| p.truth.clone())}
                </Show>
            </ul>
            <p class="hint">{text::PANES}</p>
        </div>
    }
}
