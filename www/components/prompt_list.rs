//! The prompts to compare, editable.

use leptos::prelude::*;

use super::slider::Slider;
use crate::prompts::PROMPTS;
use crate::state::{Phase, state};
use crate::{app, text};

/// The visitor's own prompt and the others.
#[component]
pub fn PromptList() -> impl IntoView {
    let state = state();
    let plan = state.plan;
    let count = Memo::new(move |_| plan.with(|p| p.others.len()));
    let running = move || state.phase.get() == Phase::Running;
    let own = move || {
        state.prompt.with(|p| match p.trim() {
            "" => text::PROMPTS_OWN_EMPTY.to_owned(),
            own => own.to_owned(),
        })
    };
    let full = move || count.get() + 1 >= PROMPTS.1;
    let add = move |_| {
        if !untrack(full) && !untrack(running) {
            plan.update(|p| {
                let new = p.suggestion(&state.prompt.get_untracked());
                p.others.push(new);
            });
        }
    };
    let field = move |i: usize| {
        let id = format!("other-prompt-{i}");
        let remove = move |_| {
            plan.update(|p| {
                if i < p.others.len() {
                    p.others.remove(i);
                }
            });
            app::focus("add-prompt");
        };
        view! {
            <div class="field">
                <label for=id.clone()>{text::prompt_field(i)}</label>
                <div class="seed">
                    <input type="text" id=id prop:disabled=running prop:value=move || plan.with(|p| p.others.get(i).cloned().unwrap_or_default())
                        on:input=move |event| plan.update(|p| if let Some(o) = p.others.get_mut(i) { *o = event_target_value(&event) })/>
                    <button type="button" class="button" aria-label=text::remove_prompt(i) prop:disabled=running on:click=remove>{text::PROMPTS_REMOVE}</button>
                </div>
            </div>
        }
    };
    view! {
        <div class="field">
            <p class="label">{text::PROMPTS_OWN}</p>
            <p id="own-prompt">{own}</p>
        </div>
        {move || (0..count.get()).map(field).collect_view()}
        <button type="button" class="button" id="add-prompt" aria-disabled=move || full().to_string() on:click=add>{text::PROMPTS_ADD}</button>
        <Slider id="prompts-samples" label=text::PROMPTS_SAMPLES min=2.0 max=8.0 step=1.0 hint=text::PROMPTS_SAMPLES_HINT
            value=Signal::derive(move || f64::from(plan.with(|p| p.samples))) set=move |v| plan.update(|p| p.samples = v as u32)/>
    }
}
