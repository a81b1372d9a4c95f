//! Which model the engine is to load; remembered between visits.

use leptos::prelude::*;

use crate::model_source::{Refusal, allowed, catalogue, folder};
use crate::state::State;

/// What the address is remembered under.
const KEY: &str = "model";

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
    check_address(&address).ok()
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
