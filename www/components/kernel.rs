//! The kernel editor: draw the blur's kernel, or load it as a picture.

use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

use super::canvas::Picture;
use super::painter::{PaintArea, Painter, Surface};
use super::slider::Slider;
use crate::history::History;
use crate::kernel::{Kernel, SIDES};
use crate::picture::{Source, save};
use crate::state::{Phase, Problem, Shared, USUAL_SIDE, state};
use crate::text;

/// Largest brush, in pixels of the kernel.
const LARGEST: f64 = 16.0;

/// A kernel and the weight that the brush gives, in percent.
#[derive(Clone, Copy)]
struct Weighted {
    kernel: RwSignal<History<Kernel>>,
    percent: RwSignal<f64>,
}

impl Surface for Weighted {
    fn size(self) -> (u32, u32) {
        self.kernel.with(|k| k.now().size())
    }

    fn begin(self) {
        self.kernel.update(History::begin);
    }

    fn line(self, from: (f64, f64), to: (f64, f64), diameter: f64, erase: bool) {
        let weight = (self.percent.get_untracked() * 2.55).round() as u8;
        let weight = if erase { 0 } else { weight };
        (self.kernel).update(|k| k.now_mut().line(from, to, diameter, weight));
    }

    fn end(self, keep: bool) {
        (self.kernel).update(|k| if keep { k.end() } else { k.abandon() });
    }

    fn undo(self) {
        self.kernel.update(History::undo);
    }

    fn redo(self) {
        self.kernel.update(History::redo);
    }
}

/// The editor.
#[component]
pub fn KernelEditor() -> impl IntoView {
    let state = state();
    let kernel = state.kernel;
    let surface = Weighted {
        kernel,
        percent: RwSignal::new(100.0),
    };
    let painter = Painter::new(surface, 2.0, LARGEST);
    let (size, erase, percent) = (painter.size, painter.erase, surface.percent);
    // What is wrong with the file chosen last.
    let refused = RwSignal::new(String::new());
    let seen = Signal::derive(move || Some(Shared::new(kernel.with(|k| k.now().to_rgba()))));
    let blurred = Signal::derive(move || {
        state
            .preview
            .with(|p| p.as_ref().map(|p| p.measurement.clone()))
    });
    let facts = Memo::new(move |_| {
        kernel.with(|k| text::kernel_facts(k.now().size(), k.now().sum(), k.now().shift()))
    });
    let black = Memo::new(move |_| kernel.with(|k| k.now().sum() <= 0.0));
    let error = move || match refused.get() {
        said if !said.is_empty() => said,
        _ if black.get() => text::KERNEL_BLACK.to_owned(),
        _ => String::new(),
    };
    let side = Signal::derive(move || {
        let (w, h) = kernel.with(|k| k.now().size());
        f64::from(w.max(h))
    });
    let replace = move |new: Kernel| {
        refused.set(String::new());
        kernel.update(|k| k.replace(new));
    };
    let chosen = move |event: web_sys::Event| {
        let target = event.target();
        let Some(input) = target.and_then(|t| t.dyn_into::<HtmlInputElement>().ok()) else {
            return;
        };
        if let Some(file) = input.files().and_then(|files| files.get(0)) {
            let most = state
                .model
                .with_untracked(|m| m.as_ref().map(|m| m.picture_size));
            let most = most.unwrap_or(USUAL_SIDE);
            spawn_local(async move {
                let picture = match Source::decode(&file, &file.name()).await {
                    Ok(source) if source.size().0.max(source.size().1) > most => {
                        Err(Problem::new(text::kernel_too_large(source.size(), most)))
                    }
                    Ok(source) => source.exact(),
                    Err(problem) => Err(problem),
                };
                match picture.map(|p| Kernel::from_rgba(&p)) {
                    Ok(new) if new.sum() <= 0.0 => refused.set(text::KERNEL_FILE_BLACK.to_owned()),
                    Ok(new) if state.phase.get_untracked() != Phase::Running => replace(new),
                    Ok(_) => {}
                    Err(problem) => refused.set(problem.text),
                }
            });
        }
        // The same file may be chosen again.
        input.set_value("");
    };
    let export = move |_| {
        if !save(
            &kernel.with_untracked(|k| k.now().to_rgba()),
            "latino-kernel.png",
        ) {
            state.problem.set(Some(Problem::new(text::SAVE_FAILED)));
        }
    };
    let origin = move || {
        kernel.with(|k| {
            let ((w, h), (x, y)) = (k.now().size(), k.now().origin());
            let middle =
                |v: u32, n: u32| format!("{}%", 100.0 * (f64::from(v) + 0.5) / f64::from(n));
            [
                middle(x, w),
                middle(y, h),
                format!("{}%", 100.0 / f64::from(w)),
            ]
        })
    };
    let part = move |i: usize| move || origin()[i].clone();
    view! {
        <div class="mask" role="group" aria-labelledby="kernel-title"
            on:keydown=move |e| painter.key_down(&e) on:keyup=move |e| painter.key_up(&e)>
            <h3 id="kernel-title">{text::KERNEL_EDITOR}</h3>
            <div class="kernel">
                <PaintArea painter=painter id="kernel" label=text::KERNEL_CANVAS role=text::MASK_ROLE described="kernel-hint kernel-facts">
                    <div aria-hidden="true"><Picture picture=seen label=text::KERNEL_CANVAS/></div>
                    <span class="kernel-origin" aria-hidden="true" style=("--x", part(0)) style=("--y", part(1)) style=("--size", part(2))></span>
                </PaintArea>
                <Show when=move || blurred.with(Option::is_some)>
                    <figure class="kernel-blurred">
                        <Picture picture=blurred label=text::KERNEL_BLURRED/>
                        <figcaption class="hint">{text::KERNEL_BLURRED}</figcaption>
                    </figure>
                </Show>
            </div>
            <p class="field-error" id="kernel-error" role="alert">{error}</p>
            <output id="kernel-facts" for="kernel" class="hint" data-value=move || kernel.with(|k| k.now().sum()).to_string()>{facts}</output>
            <Slider id="kernel-side" label=text::KERNEL_SIDE min=f64::from(SIDES.0) max=f64::from(SIDES.1) step=1.0 unit=" px" hint=text::KERNEL_SIDE_HINT
                value=side set=move |v| { refused.set(String::new()); kernel.update(|k| { let new = k.now().resized(v as u32); k.replace(new) }) }/>
            <div class="mask-tools" role="radiogroup" aria-label=text::MASK_TOOL>
                <label><input type="radio" name="kernel-tool" id="kernel-brush" prop:checked=move || !erase.get() on:change=move |_| erase.set(false)/>{text::BRUSH}</label>
                <label><input type="radio" name="kernel-tool" id="kernel-eraser" prop:checked=move || erase.get() on:change=move |_| erase.set(true)/>{text::ERASER}</label>
            </div>
            <Slider id="kernel-size" label=text::BRUSH_SIZE min=1.0 max=LARGEST step=1.0 unit=" px" value=size set=move |v| size.set(v)/>
            <Slider id="kernel-weight" label=text::KERNEL_WEIGHT min=5.0 max=100.0 step=5.0 unit=" %" value=percent set=move |v| percent.set(v)/>
            <div class="mask-tools">
                <button type="button" class="button" id="kernel-undo" aria-disabled=move || (!kernel.with(|k| k.can_undo())).to_string()
                    on:click=move |_| { refused.set(String::new()); kernel.update(History::undo) }>{text::UNDO}</button>
                <button type="button" class="button" id="kernel-redo" aria-disabled=move || (!kernel.with(|k| k.can_redo())).to_string()
                    on:click=move |_| kernel.update(History::redo)>{text::REDO}</button>
                <button type="button" class="button" id="kernel-clear" on:click=move |_| {
                    let (w, h) = kernel.with_untracked(|k| k.now().size());
                    replace(Kernel::black(w, h));
                }>{text::CLEAR}</button>
            </div>
            <div class="mask-tools file">
                <input type="file" id="kernel-file" accept="image/*" aria-describedby="kernel-file-hint kernel-error" on:change=chosen/>
                <label for="kernel-file" class="button">{text::KERNEL_IMPORT}</label>
                <button type="button" class="button" id="kernel-export" on:click=export>{text::KERNEL_EXPORT}</button>
            </div>
            <p class="hint" id="kernel-file-hint">{text::KERNEL_FILE_HINT}</p>
            <p class="hint" id="kernel-hint">{text::KERNEL_HINT}</p>
        </div>
    }
}
