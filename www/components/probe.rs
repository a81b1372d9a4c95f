//! Reads the numbers of one pixel, under the pointer or a cursor that the arrow keys move.

use std::sync::Arc;

use leptos::{html, prelude::*};
use web_sys::{KeyboardEvent, PointerEvent};

use super::shown::result;
use crate::state::{Spread, state};
use crate::text;

/// Mean of a pixel's colours, in [0, 1].
fn grey(picture: &latino_web::protocol::Rgba, index: usize) -> Option<f64> {
    let colours = picture.bytes.get(4 * index..4 * index + 3)?;
    Some(colours.iter().map(|v| f64::from(*v)).sum::<f64>() / 3.0 / 255.0)
}

/// The picture's area with the probe on it.
#[component]
pub fn Probe(
    /// What the samples say.
    #[prop(into)]
    spread: Signal<Option<Arc<Spread>>>,
    /// The picture's layers.
    children: Children,
) -> impl IntoView {
    let state = state();
    let area = NodeRef::<html::Div>::new();
    let place = RwSignal::new(None::<(u32, u32)>);
    let size =
        move || spread.with(|s| s.as_ref().map_or((1, 1), |s| (s.mean.width, s.mean.height)));
    let moved = move |event: PointerEvent| {
        let Some(element) = area.get_untracked() else {
            return;
        };
        let (w, h) = untrack(size);
        let frame = element.get_bounding_client_rect();
        let x = (f64::from(event.client_x()) - frame.left()) / frame.width().max(1.0);
        let y = (f64::from(event.client_y()) - frame.top()) / frame.height().max(1.0);
        let at = |share: f64, n: u32| ((share * f64::from(n)).max(0.0) as u32).min(n - 1);
        place.set(Some((at(x, w), at(y, h))));
    };
    let key = move |event: KeyboardEvent| {
        let far = if event.shift_key() { 8 } else { 1 };
        let (dx, dy) = match event.key().as_str() {
            "ArrowLeft" => (-far, 0),
            "ArrowRight" => (far, 0),
            "ArrowUp" => (0, -far),
            "ArrowDown" => (0, far),
            _ => return,
        };
        event.prevent_default();
        let (w, h) = untrack(size);
        let (x, y) = place.get_untracked().unwrap_or((w / 2, h / 2));
        let go = |v: u32, d: i32, n: u32| v.saturating_add_signed(d).min(n - 1);
        place.set(Some((go(x, dx, w), go(y, dy, h))));
    };
    let focus = move |_| {
        if place.get_untracked().is_none() {
            let (w, h) = untrack(size);
            place.set(Some((w / 2, h / 2)));
        }
    };
    let found = Memo::new(move |_| {
        let (x, y) = place.get()?;
        spread.with(|s| {
            let s = s.as_ref()?;
            if x >= s.mean.width || y >= s.mean.height {
                return None;
            }
            let index = (y * s.mean.width + x) as usize;
            let shown = result(state).and_then(|(_, picture)| {
                let same = (picture.width, picture.height) == (s.mean.width, s.mean.height);
                same.then(|| grey(&picture, index)).flatten()
            });
            let number = |values: &[f32]| values.get(index).copied().map(f64::from);
            Some(text::Reading {
                place: (x, y),
                shown,
                mean: grey(&s.mean, index)?,
                deviation: number(&s.deviation)?,
                low: number(&s.low)?,
                high: number(&s.high)?,
                level: s.level,
            })
        })
    });
    let percent = move |v: u32, n: u32| format!("{}%", 100.0 * (f64::from(v) + 0.5) / f64::from(n));
    let left = move || percent(place.get().unwrap_or_default().0, size().0);
    let top = move || percent(place.get().unwrap_or_default().1, size().1);
    view! {
        <div class="probe-area" id="probe-area" node_ref=area tabindex="0" role="application" aria-roledescription=text::PROBE_ROLE
            aria-label=text::PROBE aria-describedby="probe-hint" on:pointermove=moved on:pointerdown=moved on:keydown=key on:focus=focus>
            {children()}
            <Show when=move || place.get().is_some()>
                <span class="probe-cursor" aria-hidden="true" style=("--x", left) style=("--y", top)></span>
            </Show>
        </div>
        <output class="probe-reading" id="probe" for="probe-area" aria-live="polite"
            data-value=move || found.get().map(|r| r.deviation.to_string())>
            {move || found.get().map_or_else(|| text::PROBE_EMPTY.to_owned(), |r| r.line())}
        </output>
        <p class="hint" id="probe-hint">{text::PROBE_HINT}</p>
    }
}
