//! Title, theme, device and model.

use latino_web::protocol::{DeviceChoice, Place};
use leptos::prelude::*;

use super::choice::Choice;
use super::help::Help;
use super::lecture::LectureButton;
use super::update::Kept;
use crate::state::state;
use crate::{app, engine, text};

fn device_key(choice: DeviceChoice) -> &'static str {
    match choice {
        DeviceChoice::Auto => "auto",
        DeviceChoice::Gpu => "gpu",
        DeviceChoice::Cpu => "cpu",
    }
}

fn root_theme() -> &'static str {
    match document()
        .document_element()
        .and_then(|r| r.get_attribute("data-theme"))
        .as_deref()
    {
        Some("light") => "light",
        Some("dark") => "dark",
        _ => "auto",
    }
}

/// Applies a theme and remembers it, where storage is allowed.
fn apply_theme(theme: &str) {
    let Some(root) = document().document_element() else {
        return;
    };
    let storage = window().local_storage().ok().flatten();
    if theme == "auto" {
        root.remove_attribute("data-theme").ok();
        storage.map(|s| s.remove_item("theme"));
    } else {
        root.set_attribute("data-theme", theme).ok();
        storage.map(|s| s.set_item("theme", theme));
    }
}

/// The page's head.
#[component]
pub fn Header() -> impl IntoView {
    let state = state();
    let theme = RwSignal::new(root_theme());
    let set_theme = move |new: &str| {
        apply_theme(new);
        theme.set(root_theme());
    };
    let set_device = move |new: &str| {
        state.wanted.set(match new {
            "gpu" => DeviceChoice::Gpu,
            "cpu" => DeviceChoice::Cpu,
            _ => DeviceChoice::Auto,
        });
        engine::start(state);
    };
    let place_key = |place| match place {
        Place::Files => "files",
        Place::Cache => "cache",
        Place::Memory => "memory",
    };
    let device = move || match state.device.get() {
        Some(device) => format!("{}. {}", device.name, device.reason),
        None => text::DEVICE_NONE.to_owned(),
    };
    view! {
        <header class="header">
            <div class="brand">
                <h1>{text::TITLE}</h1>
                <p>{text::TAGLINE}</p>
                <p class="hint">{text::PRIVACY}</p>
                <p class="header-buttons"><LectureButton/><Help/></p>
            </div>
            <div class="machine">
                <div class="machine-choices">
                    <Choice id="device" label=text::DEVICE
                        options=Signal::stored(vec![("auto", text::DEVICE_AUTO), ("gpu", text::DEVICE_GPU), ("cpu", text::DEVICE_CPU)])
                        value=Signal::derive(move || device_key(state.wanted.get())) set=set_device/>
                    <Choice id="theme" label=text::THEME
                        options=Signal::stored(vec![("auto", text::THEME_AUTO), ("light", text::THEME_LIGHT), ("dark", text::THEME_DARK)])
                        value=theme set=set_theme/>
                </div>
                <dl class="facts">
                    <dt>{text::RUNS_ON}</dt><dd id="device-report">{device}</dd>
                    {move || state.model.get().map(|model| view! {
                        <dt>{text::MODEL}</dt><dd id="model-name">{text::model_line(&model)}</dd>
                    })}
                    {move || state.kept.get().map(|kept| view! {
                        <dt>{text::KEPT}</dt><dd id="kept" data-place=place_key(kept.place)>{text::kept(&kept)}</dd>
                        <dt>{text::HEAP}</dt><dd id="heap" data-bytes=kept.heap>{text::megabytes(kept.heap)}</dd>
                    })}
                    <Kept/>
                </dl>
                {app::no_webgpu().then(|| view! { <p class="hint">{text::NO_WEBGPU}</p> })}
            </div>
        </header>
    }
}
