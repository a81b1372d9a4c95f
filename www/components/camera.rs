//! A picture from the camera.

use leptos::{html, prelude::*, task::spawn_local};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{DomException, MediaStream, MediaStreamConstraints, MediaStreamTrack};

use super::input::take;
use crate::picture::Source;
use crate::state::{Problem, state};
use crate::{app, text};

/// Asks for a camera, the one at the back where there are two.
async fn stream() -> Result<MediaStream, JsValue> {
    let devices = window().navigator().media_devices()?;
    if devices.is_undefined() {
        return Err(JsValue::NULL);
    }
    let wanted = js_sys::Object::new();
    js_sys::Reflect::set(&wanted, &"facingMode".into(), &"environment".into())?;
    let constraints = MediaStreamConstraints::new();
    constraints.set_video(&wanted);
    let promise = devices.get_user_media_with_constraints(&constraints)?;
    JsFuture::from(promise).await?.dyn_into()
}

/// Switches a camera off.
fn stop(stream: &MediaStream) {
    for track in stream.get_tracks().iter() {
        if let Ok(track) = track.dyn_into::<MediaStreamTrack>() {
            track.stop();
        }
    }
}

/// The button, and what the camera sees.
#[component]
pub fn Camera() -> impl IntoView {
    let state = state();
    let video = NodeRef::<html::Video>::new();
    let seen = RwSignal::new_local(None::<MediaStream>);
    let close = move || {
        if let Some(stream) = seen.get_untracked() {
            stop(&stream);
            seen.set(None);
            app::focus("camera-open");
        }
    };
    let open = move |_| {
        spawn_local(async move {
            match stream().await {
                Ok(stream) => seen.set(Some(stream)),
                Err(error) => {
                    let error = error.dyn_ref::<DomException>().map(DomException::name);
                    let text = text::camera_failed(&error.unwrap_or_default());
                    state.problem.set(Some(Problem::new(text)));
                }
            }
        });
    };
    Effect::new(move || {
        if let (Some(video), Some(stream)) = (video.get(), seen.get()) {
            video.set_src_object(Some(&stream));
            video.play().ok();
        }
    });
    let shoot = move |_| {
        let Some(element) = video.get_untracked() else {
            return;
        };
        if element.video_width() == 0 {
            return; // nothing is seen yet
        }
        take(state, None, async move {
            let source = Source::of_video(&element, text::CAMERA_PICTURE).await;
            close();
            source
        });
    };
    let on = move || seen.with(Option::is_some);
    view! {
        <div class="camera">
            <button type="button" class="button" id="camera-open" aria-expanded=move || on().to_string()
                on:click=move |event| if untrack(on) { close() } else { open(event) }>
                {move || if on() { text::CAMERA_CLOSE } else { text::CAMERA }}
            </button>
            <Show when=on>
                <video node_ref=video id="camera" autoplay=true muted=true playsinline=true aria-label=text::CAMERA_VIEW></video>
                <button type="button" class="button primary" id="camera-take" on:click=shoot>{text::CAMERA_TAKE}</button>
            </Show>
        </div>
    }
}
