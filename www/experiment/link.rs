//! Settings in the page's address, after the `#`: servers never see them.

use latino_web::protocol::DeviceChoice;
use leptos::prelude::*;
use web_sys::UrlSearchParams;

use super::settings::{Pairs, pairs, take};
use crate::samples::samples;
use crate::state::State;

/// Tells a link with settings from one to a part of the page.
const MARK: &str = "experiment";

/// The page's address with the settings as they are, and the sample when the picture is one.
pub fn link(state: State) -> String {
    let Ok(query) = UrlSearchParams::new() else {
        return String::new();
    };
    query.append(MARK, "1");
    let name = state.source.with(|s| s.as_ref().map(|s| s.name.clone()));
    let sample = samples()
        .into_iter()
        .find(|s| Some(&s.name) == name.as_ref());
    if let Some(sample) = sample {
        query.append("sample", &sample.file);
    }
    for (name, value) in pairs(state) {
        query.append(&name, &value);
    }
    let here = window().location().href().unwrap_or_default();
    let page = here.split('#').next().unwrap_or_default();
    format!("{page}#{}", String::from(query.to_string()))
}

/// What a link asks for.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The number of a sample picture.
    pub sample: Option<usize>,
    pairs: Pairs,
}

/// What the page's address asks for, if anything.
pub fn asked() -> Option<Asked> {
    let hash = window().location().hash().ok()?;
    let query = UrlSearchParams::new_with_str(hash.trim_start_matches('#')).ok()?;
    query.get(MARK)?;
    let file = query.get("sample");
    let sample = samples()
        .into_iter()
        .position(|s| Some(&s.file) == file.as_ref());
    let mut pairs = Pairs::new();
    for entry in js_sys::try_iter(&query).ok()??.flatten() {
        let entry = js_sys::Array::from(&entry);
        if let (Some(name), Some(value)) = (entry.get(0).as_string(), entry.get(1).as_string()) {
            pairs.push((name, value));
        }
    }
    Some(Asked { sample, pairs })
}

/// Takes what a link asks for once the model, whose recommendations come first, is there.
pub fn follow(state: State, asked: Asked) {
    let ready = Memo::new(move |_| state.model.with(Option::is_some));
    let done = StoredValue::new(false);
    let device = asked
        .pairs
        .iter()
        .find(|p| p.0 == "device")
        .map(|p| p.1.clone());
    match device.as_deref() {
        Some("cpu") => state.wanted.set(DeviceChoice::Cpu),
        Some("gpu") => state.wanted.set(DeviceChoice::Gpu),
        _ => {}
    }
    Effect::new(move || {
        if ready.get() && !done.get_value() {
            done.set_value(true);
            take(state, &asked.pairs);
        }
    });
}
