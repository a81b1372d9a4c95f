//! Two pictures next to each other, dragged together.

use leptos::prelude::*;

use super::{Pane, zoom};
use crate::components::canvas::Picture;
use crate::state::state;
use crate::text;

/// The two pictures.
#[component]
pub fn SideBySide(
    /// Shown at the left, or above on phones.
    left: Pane,
    /// Shown at the right.
    right: Pane,
) -> impl IntoView {
    let state = state();
    let drag = zoom::Drag::new(state.zoom);
    let pane = move |pane: Pane| {
        view! {
            <figure>
                <div class="side-pane" on:wheel=move |e| zoom::wheel(state.zoom, &e)
                    on:pointerdown=move |e| drag.begin(&e) on:pointermove=move |e| drag.go(&e)
                    on:pointerup=move |_| drag.end() on:pointercancel=move |_| drag.end()>
                    <Picture picture=pane.picture label=pane.name/>
                </div>
                <figcaption>{pane.name}</figcaption>
            </figure>
        }
    };
    view! {
        <div class="side" id="side" tabindex="0" role="group" aria-label=text::WAY_SIDE aria-describedby="side-hint"
            on:keydown=move |e| { zoom::key(state.zoom, &e); }>
            {pane(left)}
            {pane(right)}
        </div>
        <p class="hint" id="side-hint">{text::SIDE_HINT}</p>
    }
}
