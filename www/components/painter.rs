//! Drawing with a mouse, a finger, a pen or the keyboard: what the mask and the kernel editor share.

use leptos::{html, prelude::*};
use web_sys::{KeyboardEvent, PointerEvent};

use super::mask_keys::{Action, action};
use crate::state::{Phase, state};

/// The eraser end of a pen, as a button and as a set of buttons.
const PEN_ERASER: (i16, u16) = (5, 32);

/// What is drawn on.
pub trait Surface: Copy + 'static {
    /// Width and height in pixels.
    fn size(self) -> (u32, u32);
    /// Begins a stroke.
    fn begin(self);
    /// Draws a line of the stroke; coordinates and diameter in pixels.
    fn line(self, from: (f64, f64), to: (f64, f64), diameter: f64, erase: bool);
    /// Ends the stroke, or takes it back.
    fn end(self, keep: bool);
    /// Takes the last change back.
    fn undo(self);
    /// Makes it again.
    fn redo(self);
}

/// A brush on a surface.
#[derive(Clone, Copy)]
pub struct Painter<S: Surface> {
    surface: S,
    /// Nothing is drawn while a restoration runs.
    phase: RwSignal<Phase>,
    /// Where one draws.
    pub area: NodeRef<html::Div>,
    /// Diameter in pixels of the surface.
    pub size: RwSignal<f64>,
    /// Largest diameter.
    pub largest: f64,
    /// Whether the brush takes away.
    pub erase: RwSignal<bool>,
    /// Where the brush is, in pixels of the surface.
    pub brush: RwSignal<(f64, f64)>,
    /// The pointer that draws, and whether it erases; the space bar draws as pointer -1.
    stroke: StoredValue<Option<(i32, bool)>>,
}

impl<S: Surface> Painter<S> {
    /// A brush of that diameter in the middle.
    pub fn new(surface: S, size: f64, largest: f64) -> Self {
        let (w, h) = untrack(|| surface.size());
        Self {
            surface,
            phase: state().phase,
            area: NodeRef::new(),
            size: RwSignal::new(size),
            largest,
            erase: RwSignal::new(false),
            brush: RwSignal::new((f64::from(w) / 2.0, f64::from(h) / 2.0)),
            stroke: StoredValue::new(None),
        }
    }

    fn allowed(&self) -> bool {
        self.phase.get_untracked() != Phase::Running
    }

    fn place(&self, event: &PointerEvent) -> Option<(f64, f64)> {
        let frame = self.area.get_untracked()?.get_bounding_client_rect();
        let (w, h) = untrack(|| self.surface.size());
        let x = (f64::from(event.client_x()) - frame.left()) / frame.width().max(1.0);
        let y = (f64::from(event.client_y()) - frame.top()) / frame.height().max(1.0);
        Some((x * f64::from(w), y * f64::from(h)))
    }

    fn begin(&self, at: (f64, f64), pointer: i32, erase: bool) {
        self.stroke.set_value(Some((pointer, erase)));
        self.brush.set(at);
        self.surface.begin();
        (self.surface).line(at, at, self.size.get_untracked(), erase);
    }

    fn draw_to(&self, to: (f64, f64), erase: bool) {
        let from = self.brush.get_untracked();
        (self.surface).line(from, to, self.size.get_untracked(), erase);
        self.brush.set(to);
    }

    /// A pointer or the space bar (-1) lets go, or its stroke is lost.
    pub fn end(&self, pointer: i32, keep: bool) {
        if self.stroke.get_value().is_some_and(|(p, _)| p == pointer) {
            self.stroke.set_value(None);
            self.surface.end(keep);
        }
    }

    /// A pointer goes down.
    pub fn down(&self, event: &PointerEvent) {
        let eraser_end = event.button() == PEN_ERASER.0 || event.buttons() & PEN_ERASER.1 != 0;
        let busy = self.stroke.get_value().is_some();
        if !self.allowed() || busy || !(event.button() == 0 || eraser_end) {
            return;
        }
        let (Some(at), Some(element)) = (self.place(event), self.area.get_untracked()) else {
            return;
        };
        element.set_pointer_capture(event.pointer_id()).ok();
        let erase = self.erase.get_untracked() || eraser_end;
        self.begin(at, event.pointer_id(), erase);
    }

    /// A pointer moves.
    pub fn moved(&self, event: &PointerEvent) {
        let Some(at) = self.place(event) else { return };
        match self.stroke.get_value() {
            Some((pointer, erase)) if pointer == event.pointer_id() => self.draw_to(at, erase),
            Some(_) => {}
            None => self.brush.set(at),
        }
    }

    /// A key goes down anywhere in the editor.
    pub fn key_down(&self, event: &KeyboardEvent) {
        let command = event.ctrl_key() || event.meta_key();
        let on_canvas = self.area.get_untracked().is_some_and(|area| {
            let area: &web_sys::EventTarget = area.as_ref();
            event.target().as_ref() == Some(area)
        });
        let what = action(&event.key(), command, event.shift_key(), on_canvas);
        if let Some(what) = what.filter(|_| self.allowed()) {
            event.prevent_default();
            self.act(what, event.repeat());
        }
    }

    /// A key goes up.
    pub fn key_up(&self, event: &KeyboardEvent) {
        if event.key() == " " {
            self.end(-1, true);
        }
    }

    fn act(&self, what: Action, repeated: bool) {
        match what {
            Action::Move(dx, dy) => {
                let (w, h) = untrack(|| self.surface.size());
                let (x, y) = self.brush.get_untracked();
                // Pixel centres, so that a brush of one pixel sits on one.
                let step =
                    |v: f64, d: f64, n: u32| (v.floor() + 0.5 + d).clamp(0.5, f64::from(n) - 0.5);
                let to = (step(x, dx, w), step(y, dy, h));
                match self.stroke.get_value() {
                    Some((-1, erase)) => self.draw_to(to, erase),
                    Some(_) => {}
                    None => self.brush.set(to),
                }
            }
            Action::Paint => {
                if !repeated && self.stroke.get_value().is_none() {
                    self.begin(self.brush.get_untracked(), -1, self.erase.get_untracked());
                }
            }
            Action::Size(larger) => {
                let step = (self.size.get_untracked() / 8.0).ceil();
                let step = if larger { step } else { -step };
                self.size
                    .update(|s| *s = (*s + step).clamp(1.0, self.largest));
            }
            Action::Tool => self.erase.update(|e| *e = !*e),
            Action::Undo => self.surface.undo(),
            Action::Redo => self.surface.redo(),
        }
    }

    /// The brush's place and diameter as styles: left, top and width in percent of the area.
    fn outline(&self) -> [String; 3] {
        let (w, h) = self.surface.size();
        let (x, y) = self.brush.get();
        let percent = |v: f64, n: u32| format!("{}%", 100.0 * v / f64::from(n));
        [percent(x, w), percent(y, h), percent(self.size.get(), w)]
    }
}

/// Where one draws, with the brush's outline over the layers.
#[component]
pub fn PaintArea<S: Surface + Send + Sync>(
    /// The brush.
    painter: Painter<S>,
    /// Id of the area.
    id: &'static str,
    /// Its name.
    label: &'static str,
    /// Its kind, for screen readers.
    role: &'static str,
    /// Ids of what describes it.
    described: &'static str,
    /// The layers.
    children: Children,
) -> impl IntoView {
    let p = painter;
    let ratio = move || {
        let (w, h) = p.surface.size();
        format!("{w} / {h}")
    };
    let part = move |i: usize| move || p.outline()[i].clone();
    view! {
        <div class="mask-area" id=id node_ref=p.area tabindex="0" role="application" aria-roledescription=role
            aria-label=label aria-describedby=described style=("--ratio", ratio)
            on:pointerdown=move |e| p.down(&e) on:pointermove=move |e| p.moved(&e) on:pointerup=move |e| p.end(e.pointer_id(), true)
            on:pointercancel=move |e| p.end(e.pointer_id(), false) on:blur=move |_| p.end(-1, true)>
            {children()}
            <span class="mask-brush" class:eraser=move || p.erase.get() aria-hidden="true"
                style=("--x", part(0)) style=("--y", part(1)) style=("--size", part(2))></span>
        </div>
    }
}
