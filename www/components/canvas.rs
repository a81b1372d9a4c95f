//! A picture on a canvas.

use leptos::html;
use leptos::prelude::*;

use crate::picture::paint;
use crate::state::Shared;

/// Paints `picture` at its own resolution; styles scale it.
#[component]
pub fn Picture(
    /// What to paint; nothing is painted while `None`.
    #[prop(into)]
    picture: Signal<Option<Shared>>,
    /// What it is, for screen readers.
    #[prop(into)]
    label: Signal<String>,
) -> impl IntoView {
    let node = NodeRef::<html::Canvas>::new();
    Effect::new(move || {
        let Some(canvas) = node.get() else { return };
        picture.with(|picture| {
            if let Some(picture) = picture {
                paint(&canvas, picture);
            }
        });
    });
    view! { <canvas node_ref=node class="picture" role="img" aria-label=label></canvas> }
}
