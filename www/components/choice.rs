//! One of several, in a drop-down list.

use leptos::prelude::*;

/// A labelled select; options are (value, name) pairs.
#[component]
pub fn Choice(
    /// Id of the select.
    id: &'static str,
    /// Label.
    label: &'static str,
    /// Values and their names.
    #[prop(into)]
    options: Signal<Vec<(&'static str, &'static str)>>,
    /// One line of explanation.
    #[prop(default = "")]
    hint: &'static str,
    /// The chosen value.
    #[prop(into)]
    value: Signal<&'static str>,
    /// Takes a new value.
    set: impl Fn(&str) + Copy + 'static,
) -> impl IntoView {
    let take = move |event: web_sys::Event| {
        let new = event_target_value(&event);
        if new != value.get_untracked() {
            set(&new);
        }
    };
    let hint_id = format!("{id}-hint");
    let described = (!hint.is_empty()).then(|| hint_id.clone());
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <select id=id aria-describedby=described on:input=take on:change=take>
                {move || options.get().into_iter().map(|(key, name)| view! {
                    <option value=key prop:selected=move || value.get() == key>{name}</option>
                }).collect_view()}
            </select>
            {(!hint.is_empty()).then(|| view! { <p class="hint" id=hint_id>{hint}</p> })}
        </div>
    }
}
