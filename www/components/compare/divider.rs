//! One picture over the other, with a divider.

use leptos::prelude::*;

use super::{Pane, zoom};
use crate::components::canvas::Picture;
use crate::state::state;
use crate::text;

/// The two pictures.
#[component]
pub fn Divider(
    /// Shown left of the divider.
    left: Pane,
    /// Shown right of it.
    right: Pane,
    /// True while only the left one is to be seen.
    peek: RwSignal<bool>,
) -> impl IntoView {
    let state = state();
    let position = state.divider;
    let drag = zoom::Drag::new(state.zoom);
    let edge = move || {
        if peek.get() {
            "100%".to_owned()
        } else {
            format!("{}%", position.get())
        }
    };
    let slide = move |event: web_sys::Event| {
        if drag.active() {
            return;
        }
        if let Ok(value) = event_target_value(&event).parse::<f64>() {
            position.set(value.clamp(0.0, 100.0));
        }
    };
    let key = move |event: web_sys::KeyboardEvent, down: bool| {
        if event.key().eq_ignore_ascii_case("o") {
            peek.set(down);
        } else if down {
            zoom::key(state.zoom, &event);
        }
    };
    let spoken = move || text::slider_value(position.get(), &left.name.get(), &right.name.get());
    view! {
        <div class="compare" id="compare" style=("--edge", edge)
            on:wheel=move |e| zoom::wheel(state.zoom, &e)
            on:pointerdown=move |e| if e.shift_key() { drag.begin(&e) }
            on:pointermove=move |e| drag.go(&e) on:pointerup=move |_| drag.end() on:pointercancel=move |_| drag.end()
            on:mousedown=move |e| if e.shift_key() { e.prevent_default() }>
            <Picture picture=right.picture label=right.name/>
            <div class="compare-left"><Picture picture=left.picture label=left.name/></div>
            <span class="compare-edge" aria-hidden="true"></span>
            <span class="compare-name at-left" aria-hidden="true">{left.name}</span>
            <span class="compare-name at-right" aria-hidden="true">{right.name}</span>
            <input type="range" id="compare-slider" min="0" max="100" step="1" aria-label=text::SLIDER
                aria-describedby="slider-hint" aria-valuetext=spoken
                prop:value=move || position.get().to_string() on:input=slide on:change=slide
                on:keydown=move |e| key(e, true) on:keyup=move |e| key(e, false) on:blur=move |_| peek.set(false)/>
        </div>
        <p class="hint" id="slider-hint">{text::SLIDER_HINT}</p>
    }
}
