//! A number on a slider over its usual range, and in a field that takes all that the engine does.

use leptos::prelude::*;

use crate::text;

/// From a slider's place to the value, and back.
pub type Scale = (fn(f64) -> f64, fn(f64) -> f64);

/// A number's ranges.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// The slider's smallest, largest and step.
    pub usual: [f64; 3],
    /// Smallest and largest that the engine takes.
    pub limits: [f64; 2],
    /// Whether it must be whole.
    pub whole: bool,
}

impl Bounds {
    /// What is wrong with a text as a value, or its number.
    fn read(&self, typed: &str) -> Result<f64, String> {
        let [low, high] = self.limits;
        match typed.trim().replace(',', ".").parse::<f64>() {
            Ok(v) if (low..=high).contains(&v) && (!self.whole || v.fract() == 0.0) => Ok(v),
            _ => Err(text::out_of_range(low, high, self.whole)),
        }
    }
}

/// A labelled slider with a field for the same number; what the field cannot take is said below it.
#[component]
pub fn Number(
    /// Id of the slider; the field's is `id-number`.
    id: &'static str,
    /// Label.
    label: &'static str,
    /// Ranges.
    bounds: Bounds,
    /// Shown after the field.
    #[prop(default = "")]
    unit: &'static str,
    /// One line of explanation.
    #[prop(default = "")]
    hint: &'static str,
    /// From the slider's place to the value, and back; the same when there is none.
    #[prop(optional)]
    scale: Option<Scale>,
    /// The value.
    #[prop(into)]
    value: Signal<f64>,
    /// Takes a new value, within the limits.
    set: impl Fn(f64) + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let (from_place, to_place) = scale.unwrap_or((|v| v, |v| v));
    let [min, max, step] = bounds.usual;
    let error = RwSignal::new(None::<String>);
    // Sums of steps leave digits that nobody has chosen.
    let shown = move || {
        let v = value.get();
        let tidy = (v * 1e4).round() / 1e4;
        let digits = if tidy == 0.0 { v } else { tidy };
        digits.to_string()
    };
    let slide = move |event: web_sys::Event| {
        if let Ok(place) = event_target_value(&event).parse::<f64>() {
            let [low, high] = bounds.limits;
            let new = from_place(place.clamp(min, max)).clamp(low, high);
            // A value beyond the slider's end stays when its end is only shown.
            if to_place(value.get_untracked()).clamp(min, max) != place {
                error.set(None);
                set(new);
            }
        }
    };
    let typed = move |event: web_sys::Event| match bounds.read(&event_target_value(&event)) {
        Ok(new) => {
            error.set(None);
            if new != value.get_untracked() {
                set(new);
            }
        }
        Err(said) => error.set(Some(said)),
    };
    // Whatever else sets the value, its field is right again.
    Effect::new(move || {
        value.track();
        error.set(None);
    });
    let place = move || to_place(value.get()).clamp(min, max).to_string();
    let (number_id, hint_id, error_id) = (
        format!("{id}-number"),
        format!("{id}-hint"),
        format!("{id}-error"),
    );
    let described = (!hint.is_empty()).then(|| hint_id.clone());
    let field_described = format!("{error_id} {hint_id}");
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <div class="number">
                <input type="range" id=id min=min max=max step=step prop:value=place
                    aria-valuetext=move || format!("{}{unit}", shown()) aria-describedby=described on:input=slide on:change=slide/>
                <span class="number-field">
                    <input type="text" inputmode="decimal" autocomplete="off" id=number_id aria-label=text::as_number(label)
                        aria-describedby=field_described aria-invalid=move || error.with(Option::is_some).to_string()
                        prop:value=shown on:input=typed on:change=typed/>
                    <span class="hint">{unit}</span>
                </span>
            </div>
            <p class="field-error" id=error_id aria-live="polite">{move || error.get()}</p>
            {(!hint.is_empty()).then(|| view! { <p class="hint" id=hint_id>{hint}</p> })}
        </div>
    }
}
