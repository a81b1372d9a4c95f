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
    #[prop(into, default = Signal::stored(""))]
    hint: Signal<&'static str>,
    /// The chosen value.
    #[prop(into)]
    value: Signal<&'static str>,
    /// Takes a new value.
    set: impl Fn(&str) + Copy + 'static,
) -> impl IntoView {
    let groups = Signal::derive(move || vec![("", options.get())]);
    view! { <GroupedChoice id=id label=label groups=groups hint=hint value=value set=set/> }
}

/// Values and their names.
type Options = Vec<(&'static str, &'static str)>;

/// The same with the options in named groups; a group without a name is not shown as one.
#[component]
pub fn GroupedChoice(
    /// Id of the select.
    id: &'static str,
    /// Label.
    label: &'static str,
    /// Groups: name and options.
    #[prop(into)]
    groups: Signal<Vec<(&'static str, Options)>>,
    /// One line of explanation.
    #[prop(into, default = Signal::stored(""))]
    hint: Signal<&'static str>,
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
    let explained = !hint.get_untracked().is_empty();
    let described = explained.then(|| hint_id.clone());
    let option = move |(key, name): (&'static str, &'static str)| {
        view! { <option value=key prop:selected=move || value.get() == key>{name}</option> }
    };
    let group = move |(name, options): (&'static str, Options)| {
        let options = options.into_iter().map(option).collect_view();
        if name.is_empty() {
            options.into_any()
        } else {
            view! { <optgroup label=name>{options}</optgroup> }.into_any()
        }
    };
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <select id=id aria-describedby=described on:input=take on:change=take>
                {move || groups.get().into_iter().map(group).collect_view()}
            </select>
            {explained.then(|| view! { <p class="hint" id=hint_id>{hint}</p> })}
        </div>
    }
}
