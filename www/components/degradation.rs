//! What degraded the picture, or shall degrade it.

use leptos::prelude::*;

use super::{choice::Choice, mask::MaskEditor, slider::Slider};
use crate::state::state;
use crate::task::{HoleKind, Task, TaskKind};
use crate::text;

fn hole_key(hole: HoleKind) -> &'static str {
    match hole {
        HoleKind::Box => "box",
        HoleKind::Random => "random",
        HoleKind::Own => "own",
    }
}

fn factor_key(factor: u32) -> &'static str {
    match factor {
        2 => "2",
        4 => "4",
        16 => "16",
        _ => "8",
    }
}

/// The degradation's section.
#[component]
pub fn Degradation() -> impl IntoView {
    let state = state();
    let task = state.task;
    let kind = Memo::new(move |_| task.get().kind);
    let hole = Memo::new(move |_| task.get().hole);
    let set_kind = move |key: &str| {
        let Some(kind) = TaskKind::from_key(key) else {
            return;
        };
        task.update(|t| t.kind = kind);
        if !state.noise_touched.get_untracked() {
            state.noise.set(kind.usual_noise());
        }
    };
    let set_hole = move |key: &str| {
        let (hole, fraction) = match key {
            "random" => (HoleKind::Random, 0.6),
            "own" => (HoleKind::Own, task.get_untracked().fraction),
            _ => (HoleKind::Box, Task::default().fraction),
        };
        task.update(|t| (t.hole, t.fraction) = (hole, fraction));
    };
    // Which pixels a random mask has hidden from a degraded picture, nobody could say.
    let set_measured = move |measured: bool| {
        if measured && hole.get_untracked() == HoleKind::Random {
            set_hole("own");
        }
        state.measured.set(measured);
    };
    let parameters = move || {
        match kind.get() {
        TaskKind::Denoise | TaskKind::Colourise => ().into_any(),
        TaskKind::Gaussian => view! {
            <Slider id="sigma" label=text::SIGMA min=0.5 max=8.0 step=0.1 unit=" px"
                value=Signal::derive(move || task.get().sigma) set=move |v| task.update(|t| t.sigma = v)/>
        }.into_any(),
        TaskKind::Motion => view! {
            <Slider id="length" label=text::LENGTH min=2.0 max=32.0 step=1.0 unit=" px"
                value=Signal::derive(move || task.get().length) set=move |v| task.update(|t| t.length = v)/>
            <Slider id="angle" label=text::ANGLE min=0.0 max=179.0 step=1.0 unit="°"
                value=Signal::derive(move || task.get().angle) set=move |v| task.update(|t| t.angle = v)/>
        }.into_any(),
        TaskKind::SuperResolution => view! {
            <Choice id="factor" label=text::FACTOR
                options=Signal::stored(vec![("2", "x2"), ("4", "x4"), ("8", "x8"), ("16", "x16")])
                value=Signal::derive(move || factor_key(task.get().factor))
                set=move |key: &str| if let Ok(factor) = key.parse() { task.update(|t| t.factor = factor) }/>
            <Show when=move || state.measured.get()><p class="hint">{text::SR_MEASURED_HINT}</p></Show>
        }.into_any(),
        TaskKind::Inpaint => view! {
            <Choice id="hole" label=text::HOLE
                options=Signal::derive(move || {
                    let mut options = vec![("box", text::HOLE_BOX)];
                    if !state.measured.get() {
                        options.push(("random", text::HOLE_RANDOM));
                    }
                    options.push(("own", text::HOLE_OWN));
                    options
                })
                value=Signal::derive(move || hole_key(hole.get())) set=set_hole/>
            {move || {
                let (label, max) = match hole.get() {
                    HoleKind::Box => (text::HOLE_BOX_FRACTION, 0.8),
                    HoleKind::Random => (text::HOLE_RANDOM_FRACTION, 0.95),
                    HoleKind::Own => return view! { <MaskEditor/> }.into_any(),
                };
                view! {
                    <Slider id="fraction" label=label min=0.05 max=max step=0.05
                        value=Signal::derive(move || task.get().fraction) set=move |v| task.update(|t| t.fraction = v)/>
                }.into_any()
            }}
            <Show when=move || state.measured.get()><p class="hint">{text::INPAINT_MEASURED_HINT}</p></Show>
        }.into_any(),
    }
    };
    let kinds = TaskKind::ALL
        .into_iter()
        .map(|k| (k.key(), text::task_name(k)))
        .collect::<Vec<_>>();
    view! {
        <section class="card" aria-labelledby="degradation-title">
            <h2 id="degradation-title">{text::DEGRADATION}</h2>
            <div class="radios" role="radiogroup" aria-labelledby="degradation-title" aria-describedby="measured-hint">
                <label><input type="radio" name="measured" id="simulate" prop:checked=move || !state.measured.get()
                    on:change=move |_| set_measured(false)/>{text::SIMULATE}</label>
                <label><input type="radio" name="measured" id="measured" prop:checked=move || state.measured.get()
                    on:change=move |_| set_measured(true)/>{text::MEASURED}</label>
            </div>
            <p class="hint" id="measured-hint">
                {move || if state.measured.get() { text::MEASURED_HINT } else { text::SIMULATE_HINT }}
            </p>
            <Choice id="task" label=text::TASK options=Signal::stored(kinds)
                value=Signal::derive(move || kind.get().key()) set=set_kind/>
            {parameters}
            <Slider id="noise" label=text::NOISE min=0.0 max=1.0 step=0.01 hint=text::NOISE_HINT value=state.noise
                set=move |v| { state.noise_touched.set(true); state.noise.set(v); }/>
        </section>
    }
}
