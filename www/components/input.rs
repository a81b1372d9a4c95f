//! The visitor's picture: samples, a file, a drop or a paste.

use std::cell::Cell;
use std::future::Future;

use leptos::{prelude::*, task::spawn_local};
use wasm_bindgen::JsCast;
use web_sys::{DataTransfer, File, HtmlInputElement};

use super::camera::Camera;
use super::crop::CropView;
use crate::picture::Source;
use crate::samples::{Sample, samples};
use crate::state::{Phase, Problem, State, state};
use crate::text;

thread_local! {
    /// The newest picture asked for: slower, older ones are dropped.
    static NEWEST: Cell<u32> = const { Cell::new(0) };
}

/// Takes the picture that `source` brings, unless a newer one has been asked for.
pub fn take(
    state: State,
    prompt: Option<String>,
    source: impl Future<Output = Result<Source, Problem>> + 'static,
) {
    let mine = NEWEST.get().wrapping_add(1);
    NEWEST.set(mine);
    spawn_local(async move {
        let source = source.await;
        // A run may have begun meanwhile; its picture stays.
        if NEWEST.get() != mine || state.phase.get_untracked() == Phase::Running {
            return;
        }
        match source {
            Ok(source) => {
                if state
                    .problem
                    .with_untracked(|p| p.as_ref().is_some_and(|p| !p.restart))
                {
                    state.problem.set(None);
                }
                match prompt {
                    Some(prompt) => state.prompt.set(prompt),
                    // A sample's prompt does not fit another picture.
                    None if state
                        .prompt
                        .with_untracked(|p| samples().iter().any(|s| s.prompt == *p)) =>
                    {
                        state.prompt.set(String::new());
                    }
                    None => {}
                }
                state.cancelled.set(false);
                state.estimate.set(None);
                state.source.set(Some(source));
            }
            Err(problem) => state.problem.set(Some(problem)),
        }
    });
}

fn take_file(state: State, file: File) {
    let name = if file.name().is_empty() {
        text::PASTED.to_owned()
    } else {
        file.name()
    };
    take(
        state,
        None,
        async move { Source::decode(&file, &name).await },
    );
}

fn take_sample(state: State, sample: &Sample) {
    let (name, url) = (sample.name.clone(), sample.url());
    take(state, Some(sample.prompt.clone()), async move {
        Source::fetch(&url, &name).await
    });
}

/// Takes the sample of that number, so that the page shows from the start what it does.
pub fn take_sample_number(state: State, number: usize) {
    if let Some(sample) = samples().get(number) {
        take_sample(state, sample);
    }
}

/// Takes the first picture of a drop or a paste. A drop without one is a problem, a paste of text is not.
pub fn accept_transfer(state: State, transfer: Option<DataTransfer>, complain: bool) {
    let files = transfer.and_then(|t| t.files());
    let file = files.and_then(|files| {
        (0..files.length())
            .filter_map(|i| files.get(i))
            .find(|f| f.type_().starts_with("image/") || complain)
    });
    match file {
        Some(file) if state.phase.get_untracked() != Phase::Running => take_file(state, file),
        None if complain => state.problem.set(Some(Problem::new(text::NOT_A_PICTURE))),
        _ => {}
    }
}

/// The picture's section.
#[component]
pub fn PictureInput() -> impl IntoView {
    let state = state();
    let chosen = move |event: web_sys::Event| {
        let Some(input) = event
            .target()
            .and_then(|t| t.dyn_into::<HtmlInputElement>().ok())
        else {
            return;
        };
        if let Some(file) = input.files().and_then(|files| files.get(0)) {
            take_file(state, file);
        }
        // The same file may be chosen again.
        input.set_value("");
    };
    let gallery = samples().into_iter().enumerate().map(|(i, sample)| {
        let name = sample.name.clone();
        let pressed = {
            let name = name.clone();
            move || state.source.with(|s| s.as_ref().is_some_and(|s| s.name == name)).to_string()
        };
        let (url, title) = (sample.url(), name.clone());
        let pick = move |_| take_sample(state, &sample);
        view! {
            <li>
                <button type="button" class="sample" id=format!("sample-{i}") aria-pressed=pressed title=title on:click=pick>
                    <img src=url alt=name width="64" height="64"/>
                </button>
            </li>
        }
    }).collect_view();
    view! {
        <section class="card" id="picture" tabindex="-1" aria-labelledby="picture-title">
            <h2 id="picture-title">{text::PICTURE}</h2>
            <h3 id="samples-title">{text::SAMPLES}</h3>
            <ul class="samples" aria-labelledby="samples-title">{gallery}</ul>
            <div class="file">
                <input type="file" id="file-input" accept="image/*" on:change=chosen/>
                <label for="file-input" class="button">{text::CHOOSE}</label>
                <span class="hint">{text::DROP_HINT}</span>
            </div>
            <Camera/>
            <CropView/>
        </section>
    }
}
