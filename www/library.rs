//! The models that are kept in this browser, as the page knows them.

use latino_web::protocol::{LibraryEvent, LibraryRequest, Request, StoredModel};
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlAnchorElement;

use crate::state::State;
use crate::{engine, text};

/// What is kept, and what is being done with it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Library {
    /// The visitor wanted to see it.
    pub wanted: bool,
    /// What is kept; `None` before the engine has said so.
    pub models: Option<Vec<StoredModel>>,
    /// Bytes that may be stored besides.
    pub free: Option<f64>,
    /// Something is being done.
    pub busy: bool,
    /// How it goes, or how the last thing ended.
    pub said: String,
}

/// Asks the engine; until it answers, nothing else is asked.
pub fn ask(state: State, request: LibraryRequest) {
    state.library.update(|l| {
        l.wanted = true;
        l.busy = true;
        l.said.clear();
    });
    engine::ask(state, &Request::Library(request));
}

/// Asks what is kept now, if that was asked before.
pub fn refresh(state: State) {
    let idle = |l: &Library| l.wanted && !l.busy;
    if state.library.with_untracked(idle) {
        ask(state, LibraryRequest::List);
    }
}

/// The engine is gone: it will answer nothing any more.
pub fn forget(state: State) {
    state.library.update(|l| l.busy = false);
}

/// Takes what the engine says of kept models.
pub fn take(state: State, event: LibraryEvent) {
    let say = |said: String| state.library.update(|l| l.said = said);
    match event {
        LibraryEvent::Models { models, free } => state.library.update(|l| {
            l.models = Some(models);
            l.free = free;
            l.busy = false;
        }),
        LibraryEvent::Verifying { done, total } => say(text::verifying(done, total)),
        LibraryEvent::Verified {
            files,
            damaged,
            missing,
        } => say(text::verified(files, damaged, missing)),
        LibraryEvent::Exported { name, url } => {
            save(&name, &url);
            say(text::exported(&name));
        }
        LibraryEvent::Problem { message } => say(text::sentence(&message)),
    }
}

/// Has the browser save what is at `url`.
fn save(name: &str, url: &str) {
    let link = document().create_element("a").ok();
    if let Some(link) = link.and_then(|l| l.dyn_into::<HtmlAnchorElement>().ok()) {
        link.set_href(url);
        link.set_download(name);
        link.click();
    }
}
