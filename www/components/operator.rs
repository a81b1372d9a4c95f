//! The parameters of one degradation.

use leptos::prelude::*;

use super::choice::Choice;
use super::number::{Bounds, Number};
use super::seed::Seed;
use crate::state::state;
use crate::task::{Control, HoleKind, Parameter, Part, Task, TaskKind};
use crate::text;

fn hole_key(hole: HoleKind) -> &'static str {
    match hole {
        HoleKind::Box => "box",
        HoleKind::Random => "random",
        HoleKind::Own => "own",
    }
}

/// Sets which pixels are missing, by the choice's key, and how many as is usual for it.
pub fn set_hole(task: &mut Task, key: &str) {
    let (hole, fraction) = match key {
        "random" => (HoleKind::Random, Some(0.6)),
        "own" => (HoleKind::Own, None),
        _ => (HoleKind::Box, Some(0.25)),
    };
    task.hole = hole;
    if let Some(fraction) = fraction {
        task.set_number("fraction", fraction);
    }
}

/// The control of one parameter.
fn control(task: RwSignal<Task>, part: Part, parameter: Parameter) -> AnyView {
    let (key, id) = (parameter.id, part.id(parameter.id));
    let (label, hint) = text::parameter(key);
    let number = Signal::derive(move || task.with(|t| t.part(part).number(key)));
    match parameter.control {
        Control::Range {
            usual,
            limits,
            whole,
            unit,
            ..
        } => {
            let bounds = Bounds {
                usual,
                limits,
                whole,
            };
            view! {
                <Number id=id label=label bounds=bounds unit=unit hint=hint value=number
                    set=move |v| task.update(|t| t.part_mut(part).set_number(key, v))/>
            }
            .into_any()
        }
        Control::OneOf(options) => {
            let options = options
                .iter()
                .map(|o| (*o, text::option(o)))
                .collect::<Vec<_>>();
            let value = Signal::derive(move || task.with(|t| t.part(part).choice(key)));
            view! {
                <Choice id=id label=label hint=hint options=Signal::stored(options) value=value
                    set=move |new: &str| task.update(|t| t.part_mut(part).set_choice(key, new))/>
            }
            .into_any()
        }
        Control::Seed => view! {
            <Seed id=id label=label value=Signal::derive(move || number.get() as u32)
                set=move |v| task.update(|t| t.part_mut(part).set_number(key, f64::from(v)))/>
        }
        .into_any(),
    }
}

/// What can be set of one of the task's degradations.
#[component]
pub fn Operator(
    /// Which.
    part: Part,
) -> impl IntoView {
    let state = state();
    let task = state.task;
    let kind = Memo::new(move |_| task.with(|t| t.part(part).kind));
    let hole = Memo::new(move |_| task.with(|t| t.part(part).hole));
    let shown = Memo::new(move |_| task.with(|t| t.part(part).parameters()));
    let holes = move || {
        view! {
            <Choice id=part.id("hole") label=text::HOLE
                options=Signal::derive(move || {
                    let mut options = vec![("box", text::HOLE_BOX)];
                    if !state.measured.get() {
                        options.push(("random", text::HOLE_RANDOM));
                    }
                    options.push(("own", text::HOLE_OWN));
                    options
                })
                value=Signal::derive(move || hole_key(hole.get()))
                set=move |key: &str| task.update(|t| set_hole(t.part_mut(part), key))/>
        }
    };
    view! {
        <Show when=move || kind.get() == TaskKind::Inpaint>{holes}</Show>
        {move || shown.get().into_iter().map(|p| control(task, part, p)).collect_view()}
    }
}

/// What is then also done, and its parameters.
#[component]
pub fn Then() -> impl IntoView {
    let task = state().task;
    let kind = Memo::new(move |_| task.with(|t| t.then.as_ref().map(|t| t.kind)));
    let error = Memo::new(move |_| task.with(|t| t.then.as_ref().and_then(|_| t.error())));
    let mut options = vec![("none", text::THEN_NOTHING)];
    let every = TaskKind::all().filter(|k| !matches!(k, TaskKind::Custom | TaskKind::Denoise));
    options.extend(every.map(|k| (k.key(), text::task_name(k))));
    view! {
        <Choice id="then" label=text::THEN hint=text::THEN_HINT options=Signal::stored(options)
            value=Signal::derive(move || kind.get().map_or("none", TaskKind::key))
            set=move |key: &str| task.update(|t| t.set_then(TaskKind::from_key(key)))/>
        <p class="field-error" id="then-error" aria-live="polite">{move || error.get().map(|e| text::sentence(&e))}</p>
        <Show when=move || kind.get().is_some()>
            <div class="then" role="group" aria-label=text::THEN><Operator part=Part::Then/></div>
        </Show>
    }
}
