//! The mask editor: paint over the picture what is missing.

use leptos::{html, prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use web_sys::{HtmlInputElement, KeyboardEvent, PointerEvent};

use super::canvas::Picture;
use super::mask_keys::{Action, action};
use super::slider::Slider;
use crate::mask::Mask;
use crate::picture::{Source, save};
use crate::state::{Phase, Problem, Shared, state};
use crate::text;

/// Largest brush, in mask pixels.
const LARGEST: f64 = 64.0;
/// Missing pixels over the picture: a strong violet that few pictures hold.
const MISSING: [u8; 4] = [208, 0, 208, 190];
/// The eraser end of a pen, as a button and as a set of buttons.
const PEN_ERASER: (i16, u16) = (5, 32);

/// The editor.
#[component]
pub fn MaskEditor() -> impl IntoView {
    let state = state();
    let drawing = state.drawing;
    // Masks fit the model's pictures.
    Effect::new(move || {
        if let Some(side) = state.side()
            && drawing.with_untracked(|d| d.mask().side() != side)
        {
            drawing.update(|d| d.fit(side));
        }
    });
    let side = Memo::new(move |_| drawing.with(|d| d.mask().side()));
    let size = RwSignal::new(12.0_f64);
    let erase = RwSignal::new(false);
    let middle = f64::from(side.get_untracked()) / 2.0;
    let brush = RwSignal::new((middle, middle));
    // The pointer that draws, and whether it erases; the space bar draws as pointer -1.
    let stroke = StoredValue::new(None::<(i32, bool)>);
    let area = NodeRef::<html::Div>::new();

    let under = Signal::derive(move || {
        let side = side.get();
        state.source.with(|source| {
            let picture = source.as_ref()?.square(side).ok()?;
            Some(Shared::new(picture))
        })
    });
    let over = Signal::derive(move || {
        Some(Shared::new(
            drawing.with(|d| d.mask().paint([0; 4], MISSING)),
        ))
    });
    let share = Memo::new(move |_| text::mask_share(drawing.with(|d| d.mask().share())));

    // In mask pixels.
    let place = move |event: &PointerEvent| {
        let element = area.get_untracked()?;
        let frame = element.get_bounding_client_rect();
        let scale = f64::from(side.get_untracked()) / frame.width().max(1.0);
        Some((
            (f64::from(event.client_x()) - frame.left()) * scale,
            (f64::from(event.client_y()) - frame.top()) * scale,
        ))
    };
    let draw_to = move |to: (f64, f64), erase: bool| {
        let from = brush.get_untracked();
        drawing.update(|d| d.line(from, to, size.get_untracked(), !erase));
        brush.set(to);
    };
    let begin = move |at: (f64, f64), pointer: i32, erase: bool| {
        stroke.set_value(Some((pointer, erase)));
        brush.set(at);
        drawing.update(|d| {
            d.begin();
            d.line(at, at, size.get_untracked(), !erase);
        });
    };
    let end = move |pointer: i32, keep: bool| {
        if stroke
            .get_value()
            .is_some_and(|(drawing, _)| drawing == pointer)
        {
            stroke.set_value(None);
            drawing.update(|d| if keep { d.end() } else { d.abandon() });
        }
    };
    let allowed = move || state.phase.get_untracked() != Phase::Running;

    let down = move |event: PointerEvent| {
        let eraser_end = event.button() == PEN_ERASER.0 || event.buttons() & PEN_ERASER.1 != 0;
        if !allowed() || stroke.get_value().is_some() || !(event.button() == 0 || eraser_end) {
            return;
        }
        let (Some(at), Some(element)) = (place(&event), area.get_untracked()) else {
            return;
        };
        element.set_pointer_capture(event.pointer_id()).ok();
        begin(at, event.pointer_id(), erase.get_untracked() || eraser_end);
    };
    let moved = move |event: PointerEvent| {
        let Some(at) = place(&event) else { return };
        match stroke.get_value() {
            Some((pointer, erase)) if pointer == event.pointer_id() => draw_to(at, erase),
            Some(_) => {}
            None => brush.set(at),
        }
    };

    let act = move |what: Action, repeated: bool| match what {
        Action::Move(dx, dy) => {
            let last = f64::from(side.get_untracked()) - 0.5;
            let (x, y) = brush.get_untracked();
            // Pixel centres, so that a brush of one pixel sits on one.
            let step = |v: f64, d: f64| (v.floor() + 0.5 + d).clamp(0.5, last);
            let to = (step(x, dx), step(y, dy));
            match stroke.get_value() {
                Some((-1, erase)) => draw_to(to, erase),
                Some(_) => {}
                None => brush.set(to),
            }
        }
        Action::Paint => {
            if !repeated && stroke.get_value().is_none() {
                begin(brush.get_untracked(), -1, erase.get_untracked());
            }
        }
        Action::Size(larger) => {
            let step = (size.get_untracked() / 8.0).ceil();
            size.update(|s| *s = (*s + if larger { step } else { -step }).clamp(1.0, LARGEST));
        }
        Action::Tool => erase.update(|e| *e = !*e),
        Action::Undo => drawing.update(|d| d.undo()),
        Action::Redo => drawing.update(|d| d.redo()),
    };
    let on_canvas = move |event: &KeyboardEvent| {
        area.get_untracked().is_some_and(|area| {
            let area: &web_sys::EventTarget = area.as_ref();
            event.target().as_ref() == Some(area)
        })
    };
    let key_down = move |event: KeyboardEvent| {
        let command = event.ctrl_key() || event.meta_key();
        let what = action(&event.key(), command, event.shift_key(), on_canvas(&event));
        if let Some(what) = what.filter(|_| allowed()) {
            event.prevent_default();
            act(what, event.repeat());
        }
    };
    let key_up = move |event: KeyboardEvent| {
        if event.key() == " " {
            end(-1, true);
        }
    };

    let chosen = move |event: web_sys::Event| {
        let Some(input) = event
            .target()
            .and_then(|t| t.dyn_into::<HtmlInputElement>().ok())
        else {
            return;
        };
        if let Some(file) = input.files().and_then(|files| files.get(0)) {
            let side = side.get_untracked();
            spawn_local(async move {
                let mask = Source::decode(&file, &file.name())
                    .await
                    .and_then(|source| source.square(side));
                match mask {
                    Ok(picture) if allowed() => {
                        drawing.update(|d| d.replace(Mask::from_rgba(&picture)))
                    }
                    Ok(_) => {}
                    Err(problem) => state.problem.set(Some(problem)),
                }
            });
        }
        // The same file may be chosen again.
        input.set_value("");
    };
    let export = move |_| {
        if !save(
            &drawing.with_untracked(|d| d.mask().to_rgba()),
            "latino-mask.png",
        ) {
            state.problem.set(Some(Problem::new(text::SAVE_FAILED)));
        }
    };
    let percent = move |v: f64| format!("{}%", 100.0 * v / f64::from(side.get()));

    view! {
        <div class="mask" role="group" aria-labelledby="mask-title" on:keydown=key_down on:keyup=key_up>
            <h3 id="mask-title">{text::MASK}</h3>
            <div class="mask-area" id="mask" node_ref=area tabindex="0" role="application" aria-roledescription=text::MASK_ROLE
                aria-label=text::MASK_CANVAS aria-describedby="mask-hint mask-share"
                on:pointerdown=down on:pointermove=moved on:pointerup=move |e| end(e.pointer_id(), true)
                on:pointercancel=move |e| end(e.pointer_id(), false) on:blur=move |_| end(-1, true)>
                <div aria-hidden="true"><Picture picture=under label=text::MASK_CANVAS/></div>
                <div aria-hidden="true"><Picture picture=over label=text::MASK_CANVAS/></div>
                <span class="mask-brush" class:eraser=move || erase.get() aria-hidden="true"
                    style=("--x", move || percent(brush.get().0)) style=("--y", move || percent(brush.get().1))
                    style=("--size", move || percent(size.get()))></span>
            </div>
            <output id="mask-share" for="mask" class="hint" data-value=move || drawing.with(|d| d.mask().share()).to_string()>{share}</output>
            <div class="mask-tools" role="radiogroup" aria-label=text::MASK_TOOL>
                <label><input type="radio" name="mask-tool" id="mask-brush" prop:checked=move || !erase.get() on:change=move |_| erase.set(false)/>{text::BRUSH}</label>
                <label><input type="radio" name="mask-tool" id="mask-eraser" prop:checked=move || erase.get() on:change=move |_| erase.set(true)/>{text::ERASER}</label>
            </div>
            <Slider id="mask-size" label=text::BRUSH_SIZE min=1.0 max=LARGEST step=1.0 unit=" px" value=size set=move |v| size.set(v)/>
            <div class="mask-tools">
                <button type="button" class="button" id="mask-undo" aria-disabled=move || (!drawing.with(|d| d.can_undo())).to_string()
                    on:click=move |_| drawing.update(|d| d.undo())>{text::UNDO}</button>
                <button type="button" class="button" id="mask-redo" aria-disabled=move || (!drawing.with(|d| d.can_redo())).to_string()
                    on:click=move |_| drawing.update(|d| d.redo())>{text::REDO}</button>
                <button type="button" class="button" id="mask-clear" on:click=move |_| drawing.update(|d| d.clear())>{text::CLEAR}</button>
                <button type="button" class="button" id="mask-invert" on:click=move |_| drawing.update(|d| d.invert())>{text::INVERT}</button>
            </div>
            <div class="mask-tools file">
                <input type="file" id="mask-file" accept="image/*" aria-describedby="mask-file-hint" on:change=chosen/>
                <label for="mask-file" class="button">{text::MASK_IMPORT}</label>
                <button type="button" class="button" id="mask-export" on:click=export>{text::MASK_EXPORT}</button>
            </div>
            <p class="hint" id="mask-file-hint">{text::MASK_FILE_HINT}</p>
            <p class="hint" id="mask-hint">{text::MASK_HINT}</p>
        </div>
    }
}
