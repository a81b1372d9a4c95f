//! Which square of the picture is used.

use leptos::{html, prelude::*};
use web_sys::PointerEvent;

use super::slider::Slider;
use crate::picture::Crop;
use crate::state::state;
use crate::text;

/// Side of the preview in pixels.
const VIEW: f64 = 320.0;
/// Smallest square, in percent of the shorter side.
const SMALLEST: f64 = 10.0;

/// The picture with its square, and what moves it.
#[component]
pub fn CropView() -> impl IntoView {
    let state = state();
    let source = state.source;
    let node = NodeRef::<html::Canvas>::new();
    Effect::new(move || {
        let Some(canvas) = node.get() else { return };
        source.with(|source| {
            if let Some(source) = source {
                source.paint_crop(&canvas, VIEW);
            }
        });
    });
    let crop = move || source.with(|s| s.as_ref().map(|s| s.crop).unwrap_or_default());
    let change = move |change: &dyn Fn(&mut Crop)| {
        source.update(|s| {
            if let Some(s) = s {
                change(&mut s.crop);
            }
        });
    };
    let line = move || {
        let side = state.side();
        source.with(|s| {
            s.as_ref()
                .map(|s| text::crop_line(&s.name, s.size(), s.crop_side(), side))
        })
    };
    // The square's middle follows the pointer.
    let dragging = StoredValue::new(false);
    let follow = move |event: &PointerEvent| {
        let Some(canvas) = node.get_untracked() else {
            return;
        };
        let frame = canvas.get_bounding_client_rect();
        let x = (f64::from(event.client_x()) - frame.left()) / frame.width().max(1.0);
        let y = (f64::from(event.client_y()) - frame.top()) / frame.height().max(1.0);
        let size = source.with_untracked(|s| s.as_ref().map(|s| s.size()));
        let Some((w, h)) = size else { return };
        let (w, h) = (f64::from(w), f64::from(h));
        let side = untrack(crop).square(w, h).2;
        let at = |share: f64, whole: f64| match whole - side {
            slack if slack > 0.0 => ((share * whole - side / 2.0) / slack).clamp(0.0, 1.0),
            _ => 0.5,
        };
        change(&|c| (c.x, c.y) = (at(x, w), at(y, h)));
    };
    let down = move |event: PointerEvent| {
        if let Some(canvas) = node.get_untracked() {
            canvas.set_pointer_capture(event.pointer_id()).ok();
        }
        dragging.set_value(true);
        follow(&event);
    };
    let percent = move |of: fn(&Crop) -> f64| Signal::derive(move || (of(&crop()) * 100.0).round());
    view! {
        <Show when=move || source.with(Option::is_some)>
            <figure class="crop">
                <canvas node_ref=node role="img" aria-label=text::CROP_LABEL on:pointerdown=down
                    on:pointermove=move |e| if dragging.get_value() { follow(&e) }
                    on:pointerup=move |_| dragging.set_value(false) on:pointercancel=move |_| dragging.set_value(false)></canvas>
                <figcaption class="hint">{line}</figcaption>
            </figure>
            <details class="advanced">
                <summary>{text::CROP}</summary>
                <label class="check"><input type="checkbox" id="crop-whole" prop:checked=move || crop().whole
                    on:change=move |event| { let whole = event_target_checked(&event); change(&|c| c.whole = whole) }/>{text::CROP_WHOLE}</label>
                <Slider id="crop-size" label=text::CROP_SIZE min=SMALLEST max=100.0 step=1.0 unit=" %"
                    value=percent(|c| c.side) set=move |v| change(&|c| c.side = v / 100.0)/>
                <Slider id="crop-x" label=text::CROP_X min=0.0 max=100.0 step=1.0 unit=" %"
                    value=percent(|c| c.x) set=move |v| change(&|c| c.x = v / 100.0)/>
                <Slider id="crop-y" label=text::CROP_Y min=0.0 max=100.0 step=1.0 unit=" %"
                    value=percent(|c| c.y) set=move |v| change(&|c| c.y = v / 100.0)/>
            </details>
        </Show>
    }
}
