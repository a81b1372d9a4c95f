//! The queue of jobs.

use leptos::prelude::*;

use super::canvas::Picture;
use crate::queue::{Fate, Item, add, remove, shift, show, start, stop};
use crate::state::{Phase, state};
use crate::text;

/// The section.
#[component]
pub fn Queue() -> impl IntoView {
    let state = state();
    let loaded = move || state.model.with(Option::is_some) && state.source.with(Option::is_some);
    let waits = move || {
        state
            .queue
            .with(|q| q.iter().any(|i| matches!(i.fate, Fate::Waiting)))
    };
    let runs = move || state.queue_runs.get();
    let startable = move || runs() || (waits() && state.phase.get() == Phase::Ready);
    let row = move |item: Item| {
        let number = item.number;
        let button = move |id: &str, name: &'static str, act: Box<dyn Fn()>| {
            view! {
                <button type="button" class="button" id=format!("queue-{id}-{number}") aria-label=text::queue_button(name, number)
                    on:click=move |_| act()>{name}</button>
            }
        };
        let done = match &item.fate {
            Fate::Done(_, outcome) => Some(outcome.picture.clone()),
            _ => None,
        };
        view! {
            <li>
                {done.clone().map(|p| view! { <Picture picture=Signal::stored(Some(p)) label=Signal::stored(text::queued(&item))/> })}
                <div>
                    <p>{text::queued(&item)}</p>
                    <p class="hint">{text::fate(&item.fate)}</p>
                    <div class="queue-buttons">
                        {done.map(|_| button("show", text::QUEUE_SHOW, Box::new(move || show(state, number))))}
                        {button("up", text::QUEUE_UP, Box::new(move || shift(state, number, true)))}
                        {button("down", text::QUEUE_DOWN, Box::new(move || shift(state, number, false)))}
                        {button("remove", text::QUEUE_REMOVE, Box::new(move || remove(state, number)))}
                    </div>
                </div>
            </li>
        }
    };
    view! {
        <section class="card" id="queue" aria-labelledby="queue-title">
            <h2 id="queue-title">{text::QUEUE}</h2>
            <p class="hint">{text::QUEUE_HINT}</p>
            <div class="queue-buttons">
                <button type="button" class="button" id="queue-add" aria-disabled=move || (!loaded()).to_string()
                    on:click=move |_| if untrack(loaded) { add(state) }>{text::QUEUE_ADD}</button>
                <button type="button" class="button" id="queue-run" aria-disabled=move || (!startable()).to_string()
                    on:click=move |_| if untrack(runs) { stop(state) } else if untrack(startable) { start(state) }>
                    {move || if runs() { text::QUEUE_STOP } else { text::QUEUE_RUN }}
                </button>
            </div>
            <ol class="queue">{move || state.queue.get().into_iter().map(row).collect_view()}</ol>
        </section>
    }
}
