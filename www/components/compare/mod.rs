//! Two pictures compared: with a divider, side by side, or by their difference, all at the same zoom.

use leptos::prelude::*;

use super::choice::Choice;
use crate::state::{Shared, state};
use crate::text;

mod difference;
mod divider;
mod side;
mod zoom;

use difference::Difference;
pub use difference::legend;
use divider::Divider;
use side::SideBySide;
pub use zoom::{Zooming, style_of};

/// How the two are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Way {
    /// One over the other.
    #[default]
    Divider,
    /// Next to each other.
    Side,
    /// A map of their difference.
    Difference,
}

impl Way {
    const ALL: [(Self, &'static str, &'static str); 3] = [
        (Self::Divider, "divider", text::WAY_DIVIDER),
        (Self::Side, "side", text::WAY_SIDE),
        (Self::Difference, "difference", text::WAY_DIFFERENCE),
    ];
}

/// A picture and its name.
#[derive(Clone, Copy)]
pub struct Pane {
    /// Its name.
    pub name: Signal<String>,
    /// It.
    pub picture: Signal<Option<Shared>>,
}

/// The comparison, as the visitor wants it.
#[component]
pub fn Compare(
    /// The reference.
    left: Pane,
    /// The result.
    right: Pane,
    /// True while only the reference is to be seen.
    peek: RwSignal<bool>,
) -> impl IntoView {
    let state = state();
    view! {
        <div class="compare-views" style=("--zoom", style_of(state.zoom, |z| z.scale))
            style=("--pan-x", style_of(state.zoom, |z| z.x)) style=("--pan-y", style_of(state.zoom, |z| z.y))>
            {move || match state.way.get() {
                Way::Divider => view! { <Divider left=left right=right peek=peek/> }.into_any(),
                Way::Side => view! { <SideBySide left=left right=right/> }.into_any(),
                Way::Difference => view! { <Difference left=left right=right/> }.into_any(),
            }}
        </div>
    }
}

/// The choice between the ways.
#[component]
pub fn WayChoice() -> impl IntoView {
    let way = state().way;
    let named = |wanted: &str| Way::ALL.into_iter().find(|w| w.1 == wanted).map(|w| w.0);
    view! {
        <Choice id="way" label=text::WAY options=Signal::stored(Way::ALL.map(|w| (w.1, w.2)).to_vec())
            value=Signal::derive(move || Way::ALL.into_iter().find(|w| w.0 == way.get()).map_or("divider", |w| w.1))
            set=move |key: &str| if let Some(new) = named(key) { way.set(new) }/>
    }
}
