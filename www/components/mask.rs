//! The mask editor: paint over the picture what is missing.

use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use super::canvas::Picture;
use super::painter::{PaintArea, Painter, Surface};
use super::slider::Slider;
use crate::mask::{Drawing, Mask};
use crate::picture::{Source, save};
use crate::state::{Phase, Problem, Shared, state};
use crate::text;

/// Largest brush, in mask pixels.
const LARGEST: f64 = 64.0;
/// Missing pixels over the picture: a strong violet that few pictures hold.
const MISSING: [u8; 4] = [208, 0, 208, 190];

impl Surface for RwSignal<Drawing> {
    fn size(self) -> (u32, u32) {
        let side = self.with(|d| d.mask().side());
        (side, side)
    }

    fn begin(self) {
        self.update(Drawing::begin);
    }

    fn line(self, from: (f64, f64), to: (f64, f64), diameter: f64, erase: bool) {
        self.update(|d| d.line(from, to, diameter, !erase));
    }

    fn end(self, keep: bool) {
        self.update(|d| if keep { d.end() } else { d.abandon() });
    }

    fn undo(self) {
        self.update(Drawing::undo);
    }

    fn redo(self) {
        self.update(Drawing::redo);
    }
}

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
    let painter = Painter::new(drawing, 12.0, LARGEST);
    let (size, erase) = (painter.size, painter.erase);

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

    let allowed = move || state.phase.get_untracked() != Phase::Running;

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
    view! {
        <div class="mask" role="group" aria-labelledby="mask-title"
            on:keydown=move |e| painter.key_down(&e) on:keyup=move |e| painter.key_up(&e)>
            <h3 id="mask-title">{text::MASK}</h3>
            <PaintArea painter=painter id="mask" label=text::MASK_CANVAS role=text::MASK_ROLE described="mask-hint mask-share">
                <div aria-hidden="true"><Picture picture=under label=text::MASK_CANVAS/></div>
                <div aria-hidden="true"><Picture picture=over label=text::MASK_CANVAS/></div>
            </PaintArea>
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
