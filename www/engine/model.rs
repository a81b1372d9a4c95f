//! Which model the engine is to load; remembered between visits.

use std::cell::RefCell;

use js_sys::{Array, Object, Reflect};
use latino_web::protocol::{LOCAL, LOCAL_FILES, split_precision};
use leptos::prelude::*;
use wasm_bindgen::JsValue;

use crate::model_source::{Refusal, allowed, catalogue, folder, local};
use crate::state::State;

/// What the address is remembered under.
const KEY: &str = "model";

thread_local! {
    /// The files that were chosen last and their address: pairs of path and file. They are read until the page is closed.
    static FILES: RefCell<Option<(String, Array)>> = const { RefCell::new(None) };
}

/// The folder behind an address that the visitor gave, if this page may read from it.
pub fn check_address(address: &str) -> Result<String, Refusal> {
    let folder = folder(address)?;
    let meta = document()
        .query_selector("meta[http-equiv='Content-Security-Policy']")
        .ok()
        .flatten();
    let policy = meta.and_then(|m| m.get_attribute("content"));
    let own = window().location().origin().unwrap_or_default();
    allowed(&folder, &own, &policy.unwrap_or_default())?;
    Ok(folder)
}

/// The model of the last visit, if it can still be had; `None` for the site's first one.
pub fn remembered() -> Option<String> {
    let storage = window().local_storage().ok().flatten()?;
    let address = storage.get_item(KEY).ok().flatten()?;
    let listed = catalogue().iter().any(|l| l.path == address);
    if listed {
        return Some(address);
    }
    let (folder, precision) = split_precision(&address);
    if folder.starts_with(LOCAL) {
        return Some(address);
    }
    let folder = check_address(folder).ok()?;
    Some(precision.map_or_else(|| folder.clone(), |p| format!("{folder}#{p}")))
}

/// Takes the files of a folder that the visitor chose, or an archive, as a model in this precision. Nothing happens when there are none.
pub fn choose_files(state: State, files: &web_sys::FileList, precision: &str) {
    let files: Vec<web_sys::File> = (0..files.length()).filter_map(|i| files.get(i)).collect();
    let path = |file: &web_sys::File| {
        let path = Reflect::get(file, &"webkitRelativePath".into()).ok();
        let path = path.and_then(|p| p.as_string()).filter(|p| !p.is_empty());
        path.unwrap_or_else(|| file.name())
    };
    let Some(first) = files.first().map(path) else {
        return;
    };
    let name = first.split('/').next().unwrap_or_default();
    let bytes = files.iter().map(|f| f.size()).sum();
    let changed = files.iter().map(|f| f.last_modified()).fold(0.0, f64::max);
    let address = local(name, files.len(), bytes, changed);
    let pairs = files.iter();
    let pairs: Array = pairs.map(|f| Array::of2(&path(f).into(), f)).collect();
    FILES.set(Some((address.clone(), pairs)));
    choose_model(state, Some(format!("{address}#{precision}")));
}

/// The message that brings the engine the files behind `address`, if they are at hand.
pub fn files_for(address: &str) -> Option<JsValue> {
    let folder = split_precision(address).0;
    FILES.with_borrow(|files| {
        let (_, pairs) = files.as_ref().filter(|(of, _)| of == folder)?;
        let message = Object::new();
        Reflect::set(&message, &LOCAL_FILES.into(), pairs).ok()?;
        Some(message.into())
    })
}

/// Takes another model, `None` for the site's first one, and starts a fresh engine with it.
pub fn choose_model(state: State, address: Option<String>) {
    // Where storage is denied the choice lasts as long as the page.
    let storage = window().local_storage().ok().flatten();
    match &address {
        Some(address) => storage.map(|s| s.set_item(KEY, address)),
        None => storage.map(|s| s.remove_item(KEY)),
    };
    state.model_address.set(address);
    super::start(state);
}

/// The address to load from, relative to the page or absolute.
pub fn address(state: State) -> String {
    let own = || catalogue().into_iter().next().map(|l| l.path);
    let chosen = state.model_address.get_untracked();
    chosen.or_else(own).unwrap_or_default()
}
