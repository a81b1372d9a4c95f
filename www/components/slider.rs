//! A number on a slider.

use leptos::prelude::*;

/// A labelled range input with its value beside it.
#[component]
pub fn Slider(
    /// Id of the input.
    id: &'static str,
    /// Label.
    label: &'static str,
    /// Smallest value.
    min: f64,
    /// Largest value.
    max: f64,
    /// Step between values.
    step: f64,
    /// Shown after the value, also to screen readers.
    #[prop(default = "")]
    unit: &'static str,
    /// How the value is written, where it is not simply a number.
    #[prop(optional)]
    written: Option<fn(f64) -> String>,
    /// One line of explanation.
    #[prop(default = "")]
    hint: &'static str,
    /// The value.
    #[prop(into)]
    value: Signal<f64>,
    /// Takes a new value, within the bounds.
    set: impl Fn(f64) + Copy + 'static,
) -> impl IntoView {
    let take = move |event: web_sys::Event| {
        if let Ok(new) = event_target_value(&event).parse::<f64>()
            && new != value.get_untracked()
        {
            set(new.clamp(min, max));
        }
    };
    let spoken = move || match written {
        Some(written) => written(value.get()),
        // Sums of steps leave digits that nobody has chosen.
        None => format!("{}{unit}", (value.get() * 1e4).round() / 1e4),
    };
    let hint_id = format!("{id}-hint");
    let described = (!hint.is_empty()).then(|| hint_id.clone());
    view! {
        <div class="field">
            <div class="field-head">
                <label for=id>{label}</label>
                <output for=id aria-live="off">{spoken}</output>
            </div>
            <input type="range" id=id min=min max=max step=step prop:value=move || value.get().to_string()
                aria-valuetext=spoken aria-describedby=described on:input=take on:change=take/>
            {(!hint.is_empty()).then(|| view! { <p class="hint" id=hint_id>{hint}</p> })}
        </div>
    }
}
