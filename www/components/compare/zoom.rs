//! Zoom and pan for all panes: buttons, keys, the wheel and dragging.

use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::{Element, KeyboardEvent, PointerEvent, WheelEvent};

use crate::state::state;
use crate::text;
use crate::zoom::Zoom;

/// Magnification of one press or one notch of the wheel.
const NOTCH: f64 = 1.5;
/// Share of the pane that an arrow key moves by.
const PACE: f64 = 0.1;

/// One of the numbers that the style sheets need.
pub fn style_of(
    zoom: RwSignal<Zoom>,
    of: fn(Zoom) -> f64,
) -> impl Fn() -> String + Copy + Send + Sync + 'static {
    move || of(zoom.get()).to_string()
}

/// Where an event is on the element that listens, from 0 to 1.
fn place(event: &web_sys::MouseEvent) -> Option<(f64, f64)> {
    let element: Element = event.current_target()?.dyn_into().ok()?;
    let frame = element.get_bounding_client_rect();
    Some((
        (f64::from(event.client_x()) - frame.left()) / frame.width().max(1.0),
        (f64::from(event.client_y()) - frame.top()) / frame.height().max(1.0),
    ))
}

/// The wheel zooms with Ctrl, and without it once zoomed in; before, it scrolls the page.
pub fn wheel(zoom: RwSignal<Zoom>, event: &WheelEvent) {
    let zoomed = zoom.get_untracked().scale > 1.0;
    let (true, Some(at)) = (event.ctrl_key() || zoomed, place(event)) else {
        return;
    };
    event.prevent_default();
    let factor = if event.delta_y() < 0.0 {
        NOTCH
    } else {
        1.0 / NOTCH
    };
    zoom.update(|z| *z = z.by(factor, at));
}

/// + and - zoom, 0 shows all, Shift with the arrows moves. True when the key was one of them.
pub fn key(zoom: RwSignal<Zoom>, event: &KeyboardEvent) -> bool {
    let middle = (0.5, 0.5);
    let change: &dyn Fn(Zoom) -> Zoom = match (event.key().as_str(), event.shift_key()) {
        ("+" | "=", _) => &|z| z.by(NOTCH, middle),
        ("-", _) => &|z| z.by(1.0 / NOTCH, middle),
        ("0", _) => &|_| Zoom::default(),
        ("ArrowLeft", true) => &|z| z.moved(-PACE, 0.0),
        ("ArrowRight", true) => &|z| z.moved(PACE, 0.0),
        ("ArrowUp", true) => &|z| z.moved(0.0, -PACE),
        ("ArrowDown", true) => &|z| z.moved(0.0, PACE),
        _ => return false,
    };
    if event.ctrl_key() || event.meta_key() {
        return false;
    }
    event.prevent_default();
    zoom.update(|z| *z = change(*z));
    true
}

/// A drag that moves what is seen.
#[derive(Clone, Copy)]
pub struct Drag {
    zoom: RwSignal<Zoom>,
    last: StoredValue<Option<(f64, f64)>>,
}

impl Drag {
    /// None yet.
    pub fn new(zoom: RwSignal<Zoom>) -> Self {
        Self {
            zoom,
            last: StoredValue::new(None),
        }
    }

    /// Begins.
    pub fn begin(self, event: &PointerEvent) {
        if self.zoom.get_untracked().scale <= 1.0 {
            return;
        }
        if let Some(element) = event
            .current_target()
            .and_then(|t| t.dyn_into::<Element>().ok())
        {
            element.set_pointer_capture(event.pointer_id()).ok();
        }
        self.last.set_value(place(event));
    }

    /// Moves.
    pub fn go(self, event: &PointerEvent) {
        if let (Some(last), Some(now)) = (self.last.get_value(), place(event)) {
            self.zoom
                .update(|z| *z = z.moved(last.0 - now.0, last.1 - now.1));
            self.last.set_value(Some(now));
        }
    }

    /// Ends.
    pub fn end(self) {
        self.last.set_value(None);
    }

    /// Whether one goes on.
    pub fn active(self) -> bool {
        self.last.get_value().is_some()
    }
}

/// The buttons.
#[component]
pub fn Zooming() -> impl IntoView {
    let zoom = state().zoom;
    let middle = (0.5, 0.5);
    let button = move |id: &'static str,
                       name: &'static str,
                       sign: &'static str,
                       change: fn(Zoom, (f64, f64)) -> Zoom| {
        view! {
            <button type="button" class="button" id=id aria-label=name title=name
                on:click=move |_| zoom.update(|z| *z = change(*z, middle))>{sign}</button>
        }
    };
    view! {
        <div class="zoom" role="group" aria-label=text::ZOOM>
            {button("zoom-out", text::ZOOM_OUT, "−", |z, at| z.by(1.0 / NOTCH, at))}
            <output id="zoom-value" aria-live="polite">{move || text::zoom(zoom.get().scale)}</output>
            {button("zoom-in", text::ZOOM_IN, "+", |z, at| z.by(NOTCH, at))}
            {button("zoom-all", text::ZOOM_ALL, text::ZOOM_ALL_SHORT, |_, _| Zoom::default())}
        </div>
    }
}
