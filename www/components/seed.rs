//! A seed.

use leptos::prelude::*;

use crate::text;

/// A labelled whole number that says which random draw is meant, and a button for another.
#[component]
pub fn Seed(
    /// Id of the input.
    id: &'static str,
    /// Label.
    label: &'static str,
    /// The value.
    #[prop(into)]
    value: Signal<u32>,
    /// Takes a new value.
    set: impl Fn(u32) + Copy + 'static,
) -> impl IntoView {
    let take = move |event: web_sys::Event| {
        if let Ok(new) = event_target_value(&event).trim().parse::<u32>()
            && new != value.get_untracked()
        {
            set(new);
        }
    };
    // Small seeds are easier to note down.
    let dice = move |_| set((js_sys::Math::random() * 1e6) as u32);
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <div class="seed">
                <input type="number" id=id min="0" max="4294967295" step="1" inputmode="numeric"
                    prop:value=move || value.get().to_string() on:input=take on:change=take/>
                <button type="button" class="button" on:click=dice>{text::DICE}</button>
            </div>
        </div>
    }
}
