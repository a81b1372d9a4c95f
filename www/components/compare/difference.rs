//! Where two pictures differ, as a map with a legend and a probe.

use std::sync::Arc;

use latino_web::protocol::Rgba;
use leptos::{html, prelude::*};
use web_sys::{KeyboardEvent, PointerEvent};

use super::{Pane, zoom};
use crate::colour_map::{colour, scale};
use crate::components::canvas::Picture;
use crate::difference::{difference, painted};
use crate::state::state;
use crate::text;

/// Width of the legend in pixels.
const LEGEND: u32 = 256;

/// The colour scale from 0 to 1, one pixel high.
pub fn legend() -> Rgba {
    let colours = (0..LEGEND).flat_map(|i| {
        let [r, g, b] = colour(f64::from(i) / f64::from(LEGEND - 1));
        [r, g, b, 255]
    });
    Rgba {
        width: LEGEND,
        height: 1,
        bytes: colours.collect(),
    }
}

/// The colours of a pixel.
fn colours(picture: &Rgba, index: usize) -> Option<[u8; 3]> {
    picture.bytes.get(4 * index..4 * index + 3)?.try_into().ok()
}

/// The map.
#[component]
pub fn Difference(
    /// One picture.
    left: Pane,
    /// The other.
    right: Pane,
) -> impl IntoView {
    let state = state();
    let zoomed = state.zoom;
    let area = NodeRef::<html::Div>::new();
    let place = RwSignal::new(None::<(u32, u32)>);
    // The values and their width; nothing when the sizes differ, as for a small measurement.
    let found = Memo::new(move |_| {
        let (a, b) = (left.picture.get()?, right.picture.get()?);
        Some((a.width, difference(&a, &b)?))
    });
    let most = move || {
        let most = found.with(|f| f.as_ref().map(|f| f.1.iter().copied().fold(0.0, f32::max)));
        scale(f64::from(most.unwrap_or(0.0)))
    };
    let map = Signal::derive(move || {
        let end = most();
        found.with(|f| {
            f.as_ref()
                .map(|(w, values)| Arc::new(painted(values, *w, end)))
        })
    });
    let bar = Signal::stored(Some(Arc::new(legend())));
    let size = move || map.with(|m| m.as_ref().map_or((1, 1), |m| (m.width, m.height)));
    let moved = move |event: PointerEvent| {
        let Some(element) = area.get_untracked() else {
            return;
        };
        let frame = element.get_bounding_client_rect();
        let x = (f64::from(event.client_x()) - frame.left()) / frame.width().max(1.0);
        let y = (f64::from(event.client_y()) - frame.top()) / frame.height().max(1.0);
        let (x, y) = zoomed.get_untracked().picture_point((x, y));
        let (w, h) = untrack(size);
        let at = |share: f64, n: u32| ((share * f64::from(n)).max(0.0) as u32).min(n - 1);
        place.set(Some((at(x, w), at(y, h))));
    };
    let key = move |event: KeyboardEvent| {
        if zoom::key(zoomed, &event) {
            return;
        }
        let (dx, dy) = match event.key().as_str() {
            "ArrowLeft" => (-1, 0),
            "ArrowRight" => (1, 0),
            "ArrowUp" => (0, -1),
            "ArrowDown" => (0, 1),
            _ => return,
        };
        event.prevent_default();
        let (w, h) = untrack(size);
        let (x, y) = place.get_untracked().unwrap_or((w / 2, h / 2));
        let go = |v: u32, d: i32, n: u32| v.saturating_add_signed(d).min(n - 1);
        place.set(Some((go(x, dx, w), go(y, dy, h))));
    };
    let reading = move || {
        let (x, y) = place.get()?;
        let (width, value) = found.with(|f| {
            let (w, values) = f.as_ref()?;
            Some((*w, *values.get((y * w + x) as usize)?))
        })?;
        let index = (y * width + x) as usize;
        let of = |pane: Pane| pane.picture.with(|p| colours(p.as_ref()?, index));
        Some(text::difference_at(
            (x, y),
            of(left)?,
            of(right)?,
            f64::from(value),
        ))
    };
    let any = Memo::new(move |_| found.with(Option::is_some));
    view! {
        <Show when=move || any.get() fallback=|| view! { <p id="no-difference">{text::NO_DIFFERENCE}</p> }>
            <div class="compare" id="difference" node_ref=area tabindex="0" role="application" aria-roledescription=text::PROBE_ROLE
                aria-label=text::WAY_DIFFERENCE aria-describedby="difference-hint" on:wheel=move |e| zoom::wheel(zoomed, &e)
                on:pointermove=moved on:pointerdown=moved on:keydown=key>
                <Picture picture=map label=Signal::stored(text::WAY_DIFFERENCE.to_owned())/>
            </div>
            <figure class="legend">
                <figcaption>{text::DIFFERENCE_LEGEND}</figcaption>
                <div aria-hidden="true"><Picture picture=bar label=Signal::stored(String::new())/></div>
                <ol class="legend-marks">
                    {move || [0.0, 0.5, 1.0].map(|share| view! { <li>{text::deviation(share * most())}</li> }).collect_view()}
                </ol>
            </figure>
            <output class="probe-reading" id="difference-probe" for="difference" aria-live="polite">
                {move || reading().unwrap_or_else(|| text::PROBE_EMPTY.to_owned())}
            </output>
            <p class="hint" id="difference-hint">{text::DIFFERENCE_HINT}</p>
        </Show>
    }
}
