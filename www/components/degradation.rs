//! What degraded the picture, or shall degrade it.

use leptos::prelude::*;

use super::choice::{Choice, GroupedChoice};
use super::{mask::MaskEditor, noise::NoiseControls, seed::Seed, slider::Slider};
use crate::state::state;
use crate::task::{Control, HoleKind, Parameter, Task, TaskKind};
use crate::text;

fn hole_key(hole: HoleKind) -> &'static str {
    match hole {
        HoleKind::Box => "box",
        HoleKind::Random => "random",
        HoleKind::Own => "own",
    }
}

/// The control of one parameter.
fn control(task: RwSignal<Task>, parameter: Parameter) -> AnyView {
    let id = parameter.id;
    let (label, hint) = text::parameter(id);
    let number = Signal::derive(move || task.with(|t| t.number(id)));
    match parameter.control {
        Control::Range {
            min,
            max,
            step,
            unit,
            ..
        } => view! {
            <Slider id=id label=label min=min max=max step=step unit=unit hint=hint value=number
                set=move |v| task.update(|t| t.set_number(id, v))/>
        }
        .into_any(),
        Control::OneOf(options) => {
            let options = options
                .iter()
                .map(|o| (*o, text::option(o)))
                .collect::<Vec<_>>();
            let value = Signal::derive(move || task.with(|t| t.choice(id)));
            view! {
                <Choice id=id label=label hint=hint options=Signal::stored(options) value=value
                    set=move |key: &str| task.update(|t| t.set_choice(id, key))/>
            }
            .into_any()
        }
        Control::Seed => view! {
            <Seed id=id label=label value=Signal::derive(move || number.get() as u32)
                set=move |v| task.update(|t| t.set_number(id, f64::from(v)))/>
        }
        .into_any(),
    }
}

/// A field for any operator in the engine's spelling.
#[component]
fn Custom() -> impl IntoView {
    let task = state().task;
    let error = Memo::new(move |_| task.with(Task::error));
    view! {
        <div class="field">
            <label for="custom">{text::CUSTOM}</label>
            <input type="text" id="custom" spellcheck="false" autocapitalize="off" autocomplete="off"
                aria-describedby="custom-error custom-hint" aria-invalid=move || error.get().is_some().to_string()
                prop:value=move || task.with(|t| t.custom.clone())
                on:input=move |event| task.update(|t| t.custom = event_target_value(&event))/>
            <p class="field-error" id="custom-error" aria-live="polite">{move || error.get().map(|e| text::sentence(&e))}</p>
            <p class="hint" id="custom-hint">{text::CUSTOM_HINT}</p>
        </div>
        <details class="advanced">
            <summary>{text::CUSTOM_LIST}</summary>
            <dl class="specs">
                {latino_web::physics::TASKS.iter().filter(|t| t.name != "blur").map(|t| view! {
                    <dt>{text::spec(t.name, t.keys)}</dt><dd>{t.summary}</dd>
                }).collect_view()}
            </dl>
        </details>
    }
}

/// The degradation's section.
#[component]
pub fn Degradation() -> impl IntoView {
    let state = state();
    let task = state.task;
    let kind = Memo::new(move |_| task.with(|t| t.kind));
    let hole = Memo::new(move |_| task.with(|t| t.hole));
    let shown = Memo::new(move |_| task.with(Task::parameters));
    let masked = Memo::new(move |_| task.with(Task::wants_mask));
    let set_kind = move |key: &str| {
        let Some(kind) = TaskKind::from_key(key) else {
            return;
        };
        task.update(|t| {
            // One's own starts from what was set before.
            if kind == TaskKind::Custom && t.kind != TaskKind::Denoise {
                t.custom = t.spec();
            }
            t.kind = kind;
        });
        if !state.noise_touched.get_untracked() {
            state.noise.update(|n| n.sigma = kind.usual_noise());
        }
    };
    let set_hole = move |key: &str| {
        let (hole, fraction) = match key {
            "random" => (HoleKind::Random, Some(0.6)),
            "own" => (HoleKind::Own, None),
            _ => (HoleKind::Box, Some(0.25)),
        };
        task.update(|t| {
            t.hole = hole;
            if let Some(fraction) = fraction {
                t.set_number("fraction", fraction);
            }
        });
    };
    // Which pixels a random mask has hidden from a degraded picture, nobody could say.
    let set_measured = move |measured: bool| {
        if measured && hole.get_untracked() == HoleKind::Random {
            set_hole("own");
        }
        state.measured.set(measured);
    };
    let holes = move || {
        view! {
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
        }
    };
    let measured_hint = move || {
        let hint = match kind.get() {
            TaskKind::SuperResolution => text::SR_MEASURED_HINT,
            TaskKind::Inpaint => text::INPAINT_MEASURED_HINT,
            TaskKind::Fourier => text::FOURIER_MEASURED_HINT,
            _ => return None,
        };
        state
            .measured
            .get()
            .then(|| view! { <p class="hint">{hint}</p> })
    };
    let option = |k: &TaskKind| (k.key(), text::task_name(*k));
    let mut groups: Vec<_> = TaskKind::GROUPS
        .into_iter()
        .map(|(group, kinds)| (text::task_group(group), kinds.iter().map(option).collect()))
        .collect();
    groups.push((text::task_group("custom"), vec![option(&TaskKind::Custom)]));
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
            <GroupedChoice id="task" label=text::TASK groups=Signal::stored(groups)
                value=Signal::derive(move || kind.get().key()) set=set_kind/>
            <Show when=move || kind.get() == TaskKind::Inpaint>{holes}</Show>
            <Show when=move || kind.get() == TaskKind::Custom><Custom/></Show>
            {move || shown.get().into_iter().map(|p| control(task, p)).collect_view()}
            <Show when=move || masked.get()><MaskEditor/></Show>
            {measured_hint}
            <NoiseControls/>
        </section>
    }
}
