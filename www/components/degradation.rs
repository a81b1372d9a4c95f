//! What degraded the picture, or shall degrade it.

use leptos::prelude::*;

use super::choice::GroupedChoice;
use super::kernel::KernelEditor;
use super::operator::{Operator, Then, set_hole};
use super::{mask::MaskEditor, noise::NoiseControls};
use crate::state::state;
use crate::task::{HoleKind, Part, Task, TaskKind};
use crate::text;

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
                {latino_web::physics::TASKS.iter().map(|t| view! {
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
    let masked = Memo::new(move |_| task.with(Task::wants_mask));
    let kernelled = Memo::new(move |_| task.with(Task::wants_kernel));
    // Small pictures come from image software.
    Effect::new(move || {
        let brought = state.measured.get();
        if task.with_untracked(|t| t.brought != brought) {
            task.update(|t| t.bring(brought));
        }
    });
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
    // Which pixels a random mask has hidden from a degraded picture, nobody could say.
    let set_measured = move |measured: bool| {
        for part in [Part::First, Part::Then] {
            let random = |t: &Task| t.part(part).hole == HoleKind::Random;
            if measured && task.with_untracked(random) {
                task.update(|t| set_hole(t.part_mut(part), "own"));
            }
        }
        state.measured.set(measured);
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
            <Show when=move || kind.get() == TaskKind::Custom fallback=|| view! { <Operator part=Part::First/><Then/> }><Custom/></Show>
            <Show when=move || masked.get()><MaskEditor/></Show>
            <Show when=move || kernelled.get()><KernelEditor/></Show>
            {measured_hint}
            <NoiseControls/>
        </section>
    }
}
