//! Lecture mode's screen.

use leptos::{html, prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue};

use crate::lecture::Place;
use crate::lecture::keys::{Command, Focus, command};
use crate::lecture::player::{close, obey};
use crate::state::{Phase, State, state};
use crate::text;

mod controls;
mod maps;
mod slides;

use controls::Controls;
use slides::Slides;

/// What has the keyboard's focus.
fn focus() -> Focus {
    let Some(element) = document().active_element() else {
        return Focus::Free;
    };
    match element.tag_name().as_str() {
        "INPUT" | "TEXTAREA" | "SELECT" => Focus::Field,
        "BUTTON" | "SUMMARY" | "A" => Focus::Button,
        _ => Focus::Free,
    }
}

fn fullscreen() -> bool {
    document().fullscreen_element().is_some()
}

/// Asks for the full screen. Refused without a press of a key or button; then the window stays as it is.
fn fill_screen(root: JsValue) {
    let ask = || -> Option<js_sys::Promise> {
        let request = js_sys::Reflect::get(&root, &"requestFullscreen".into()).ok()?;
        let request: js_sys::Function = request.dyn_into().ok()?;
        request.call0(&root).ok()?.dyn_into().ok()
    };
    if let Some(promise) = ask() {
        spawn_local(async move {
            wasm_bindgen_futures::JsFuture::from(promise).await.ok();
        });
    }
}

/// The keys, while lecture mode is on; leaving full screen leaves it, too.
fn listen(state: State) {
    let open = state.lecture.open;
    window_event_listener(leptos::ev::keydown, move |event| {
        if !open.get_untracked() || event.ctrl_key() || event.meta_key() || event.alt_key() {
            return;
        }
        if let Some(command) = command(&event.key(), focus()) {
            event.prevent_default();
            // A held key is one wish.
            if !event.repeat() {
                obey(state, command);
            }
        }
    });
    let was = StoredValue::new(false);
    window_event_listener_untyped("fullscreenchange", move |_| {
        if was.get_value() && !fullscreen() && open.get_untracked() {
            close(state);
        }
        was.set_value(fullscreen());
    });
}

/// The dialog over the whole page.
#[component]
pub fn LectureView() -> impl IntoView {
    let state = state();
    let l = state.lecture;
    listen(state);
    let dialog = NodeRef::<html::Dialog>::new();
    Effect::new(move || {
        let Some(dialog) = dialog.get() else { return };
        let Some(root) = document().document_element() else {
            return;
        };
        if l.open.get() && !dialog.open() {
            dialog.show_modal().ok();
            fill_screen(root.into());
        } else if !l.open.get() && dialog.open() {
            if fullscreen() {
                document().exit_fullscreen();
            }
            dialog.close();
        }
    });
    // The browser's own answer to Escape would close the dialog alone.
    let cancel = move |event: web_sys::Event| {
        event.prevent_default();
        obey(state, Command::Leave);
    };
    let title = move || match l.place.get() {
        Place::Menu => text::LECTURE.to_owned(),
        _ => text::talk_name(l.talk.get()).to_owned(),
    };
    let act = move || {
        let acts = l.talk.get().acts().len();
        matches!(l.place.get(), Place::Part(_) | Place::Outcome)
            .then(|| text::lecture_act(l.act.get(), acts, &state.prompt.get()))
    };
    let busy = move || state.phase.get() == Phase::Running && !l.flowing.get() && l.awaited.get();
    view! {
        <dialog node_ref=dialog class="lecture" id="lecture" aria-labelledby="lecture-title" on:cancel=cancel>
            <Show when=move || l.open.get()>
                <header class="lecture-head">
                    <h2 id="lecture-title" tabindex="-1">{title}</h2>
                    <p class="lecture-act">{act}</p>
                </header>
                <div class="lecture-body" class:busy=busy><Slides/></div>
                <div role="alert" class="lecture-problem">
                    {move || state.problem.get().map(|p| view! { <p class="error">{p.text}</p> })}
                </div>
                <Controls/>
                <Show when=move || l.black.get()>
                    <div class="lecture-black" id="lecture-black" on:click=move |_| l.black.set(false)></div>
                </Show>
            </Show>
        </dialog>
    }
}

/// The way in.
#[component]
pub fn LectureButton() -> impl IntoView {
    let state = state();
    let idle = move || state.phase.get() != Phase::Ready;
    let open = move |_| {
        if !untrack(idle) {
            crate::lecture::player::open(state);
        }
    };
    view! {
        <button type="button" class="button" id="lecture-open" aria-disabled=move || idle().to_string()
            title=text::LECTURE_HINT on:click=open>{text::LECTURE_OPEN}</button>
    }
}
