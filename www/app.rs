//! The whole page, and what happens between its parts.

use std::time::Duration;

use latino_web::protocol::{DeviceChoice, RestoreJob, Solver};
use leptos::{html, prelude::*};
use wasm_bindgen::{JsCast, closure::Closure};

use crate::components::{
    degradation::Degradation,
    developer::Developer,
    edit::EditView,
    header::Header,
    input::{PictureInput, accept_transfer, take_sample_number},
    lecture::LectureView,
    library::Library,
    pro::ProView,
    problem::ProblemBox,
    prompts::PromptsView,
    queue::Queue,
    restoration::Restoration,
    run_bar::RunBar,
    running::RunningView,
    samples::SamplesView,
    share::Share,
    solvers::Solvers,
    spread::SpreadView,
    stage::Stage,
    steps_chart::StepsChart,
    strip::Strip,
    update::UpdateBox,
};
use crate::engine;
use crate::experiment::link;
use crate::state::{Phase, Problem, State};
use crate::task::Task;
use crate::text;

/// Pause after the last change before the engine is asked for a preview.
const DEBOUNCE: Duration = Duration::from_millis(250);

/// The application.
#[component]
pub fn App() -> impl IntoView {
    let state = State::new(DeviceChoice::Auto);
    provide_context(state);
    mirror(state);
    preview(state);
    tokens(state);
    let dragging = RwSignal::new(false);
    listen(state, dragging);
    match unsupported() {
        Some(text) => {
            state.phase.set(Phase::Failed);
            state.problem.set(Some(Problem::new(text)));
        }
        None => {
            let asked = link::asked();
            take_sample_number(state, asked.as_ref().and_then(|a| a.sample).unwrap_or(0));
            if let Some(asked) = asked {
                link::follow(state, asked);
            }
            engine::start(state);
        }
    }
    let running = move || state.phase.get() == Phase::Running;
    // The styles keep as much of the result in sight as fits while the settings scroll.
    let work = NodeRef::<html::Div>::new();
    let height = RwSignal::new(0);
    observe_height(work, height);
    view! {
        <a class="skip" href="#picture">{text::SKIP}</a>
        <a class="skip" href="#result">{text::SKIP_RESULT}</a>
        <Header/>
        <UpdateBox/>
        <main class="page">
            <fieldset class="settings" prop:disabled=running>
                <legend class="hidden">{text::SETTINGS}</legend>
                <PictureInput/>
                <Degradation/>
                <Restoration/>
            </fieldset>
            <div class="work" node_ref=work style=("--work-height", move || format!("{}px", height.get()))>
                <RunBar/>
                <ProblemBox/>
                <Stage/>
                <SamplesView/>
                <RunningView/>
                <SpreadView/>
                <PromptsView/>
                <ProView/>
                <EditView/>
                <Strip/>
                <StepsChart/>
                <Solvers/>
                <Library/>
                <Developer/>
                <Queue/>
                <Share/>
            </div>
        </main>
        <footer class="footer">
            <p>{text::HONESTY}</p>
            <p>{text::CREDITS}</p>
        </footer>
        <LectureView/>
        <Show when=move || dragging.get()>
            <div class="drop-now" aria-hidden="true">{text::DROP_NOW}</div>
        </Show>
    }
}

/// Keeps `height` at the element's height in pixels.
fn observe_height(node: NodeRef<html::Div>, height: RwSignal<i32>) {
    Effect::new(move || {
        let Some(element) = node.get() else { return };
        let seen = element.clone();
        let changed = Closure::<dyn FnMut()>::new(move || height.set(seen.offset_height()));
        if let Ok(observer) = web_sys::ResizeObserver::new(changed.as_ref().unchecked_ref()) {
            observer.observe(&element);
            // The page's own element: observed for as long as the page lives.
            changed.forget();
        }
    });
}

/// Why this browser cannot run the engine, if it cannot; `boot.js` has looked.
pub fn unsupported() -> Option<&'static str> {
    let missing = document()
        .document_element()?
        .get_attribute("data-missing")?;
    let lacks = |what| missing.split(' ').any(|m| m == what);
    if lacks("simd") {
        Some(text::NO_SIMD)
    } else if lacks("module-workers") {
        Some(text::NO_MODULE_WORKERS)
    } else {
        None
    }
}

/// True when the browser has no WebGPU at all.
pub fn no_webgpu() -> bool {
    document()
        .document_element()
        .and_then(|root| root.get_attribute("data-missing"))
        .is_some_and(|missing| missing.split(' ').any(|m| m == "webgpu"))
}

/// The engine's state on the root element, for styles and tests.
fn mirror(state: State) {
    Effect::new(move || {
        let Some(root) = document().document_element() else {
            return;
        };
        root.set_attribute("data-engine", state.phase.get().key())
            .ok();
        match state.device.get() {
            Some(device) => root
                .set_attribute("data-device", if device.gpu { "gpu" } else { "cpu" })
                .ok(),
            None => root.remove_attribute("data-device").ok(),
        };
    });
}

/// Asks for a new measurement a moment after what it depends on has changed.
fn preview(state: State) {
    let changes = RwSignal::new(0_u32);
    let asked = StoredValue::new(0_u32);
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let side = Memo::new(move |_| state.side());
    Effect::new(move || {
        state.source.track();
        state.measured.track();
        state.task.track();
        state.noise.track();
        state.seed.track();
        side.track();
        state.lost_previews.track();
        if state.task.with(Task::wants_mask) {
            state.drawing.track();
        }
        if state.task.with(Task::wants_kernel) {
            state.kernel.track();
        }
        changes.update(|n| *n += 1);
    });
    Effect::new(move || {
        let (now, phase) = (changes.get(), state.phase.get());
        if let Some(timer) = timer.get_value() {
            timer.clear();
        }
        if phase == Phase::Running {
            // The run measures by itself; its result must not be replaced by a preview.
            asked.set_value(now);
        }
        if phase != Phase::Ready || asked.get_value() == now {
            return;
        }
        let later = set_timeout_with_handle(
            move || {
                // What cannot be read is said beside its field.
                let unreadable = state.task.with_untracked(|t| t.error().is_some())
                    || untrack(|| state.no_kernel());
                if state.phase.get_untracked() != Phase::Ready || unreadable {
                    return;
                }
                asked.set_value(now);
                match untrack(|| state.job()) {
                    Some(Ok(job)) => engine::measure(state, job),
                    Some(Err(problem)) => state.problem.set(Some(problem)),
                    None => {}
                }
            },
            DEBOUNCE,
        );
        timer.set_value(later.ok());
    });
}

/// Asks how long the prompt is a moment after it has changed.
fn tokens(state: State) {
    let timer = StoredValue::new(None::<TimeoutHandle>);
    let ready = Memo::new(move |_| state.phase.get() == Phase::Ready);
    Effect::new(move || {
        let prompt = state.prompt.get();
        if let Some(timer) = timer.get_value() {
            timer.clear();
        }
        let known = state
            .tokens
            .with_untracked(|t| t.as_ref().is_some_and(|t| t.prompt == prompt));
        if !ready.get() || known {
            return;
        }
        let later = set_timeout_with_handle(
            move || {
                if state.phase.get_untracked() == Phase::Ready {
                    engine::count_tokens(state, prompt.clone());
                }
            },
            DEBOUNCE,
        );
        timer.set_value(later.ok());
    });
}

/// Escape, drop and paste, anywhere on the page.
fn listen(state: State, dragging: RwSignal<bool>) {
    window_event_listener(leptos::ev::keydown, move |event| {
        let lecture = state.lecture.open.get_untracked();
        if event.key() == "Escape" && !lecture && state.phase.get_untracked() == Phase::Running {
            event.prevent_default();
            engine::cancel(state);
        }
    });
    window_event_listener(leptos::ev::dragover, move |event| {
        event.prevent_default();
        dragging.set(true);
    });
    window_event_listener(leptos::ev::dragleave, move |event| {
        if event.related_target().is_none() {
            dragging.set(false);
        }
    });
    window_event_listener(leptos::ev::drop, move |event| {
        event.prevent_default();
        dragging.set(false);
        accept_transfer(state, event.data_transfer(), true);
    });
    window_event_listener(leptos::ev::paste, move |event| {
        if let Some(event) = event.dyn_ref::<web_sys::ClipboardEvent>() {
            accept_transfer(state, event.clipboard_data(), false);
        }
    });
}

/// Starts a restoration with the settings as they are.
pub fn run(state: State) {
    if state.phase.get_untracked() != Phase::Ready {
        return;
    }
    match untrack(|| state.job()) {
        Some(Ok(job)) => {
            engine::restore(state, job);
            show_result();
        }
        Some(Err(problem)) => state.problem.set(Some(problem)),
        None => {}
    }
}

/// Goes on with LATINO-PRO from the prompt that its last iteration found.
pub fn resume(state: State) {
    if state.phase.get_untracked() != Phase::Ready {
        return;
    }
    let Some(found) = state.found.get_untracked() else {
        return;
    };
    match untrack(|| state.job()) {
        Some(Ok(job)) => {
            let job = RestoreJob {
                solver: Solver::LatinoPro,
                prompt: found.prompt,
                resume: Some(found.embedding.to_vec()),
                ..job
            };
            engine::restore(state, job);
            show_result();
        }
        Some(Err(problem)) => state.problem.set(Some(problem)),
        None => {}
    }
}

/// Runs all solvers on the measurement of the settings as they are.
pub fn compare(state: State) {
    if state.phase.get_untracked() != Phase::Ready {
        return;
    }
    let mut solvers = vec![
        Solver::PseudoInverse,
        Solver::Tikhonov,
        Solver::Tv,
        Solver::DiffPir,
        Solver::Latino,
    ];
    if state.with_pro.get_untracked() {
        solvers.push(Solver::LatinoPro);
    }
    match untrack(|| state.job()) {
        Some(Ok(job)) => engine::compare(state, job, &solvers),
        Some(Err(problem)) => state.problem.set(Some(problem)),
        None => {}
    }
}

/// Scrolls to the result where it is out of sight, as on a phone.
pub fn show_result() {
    let Some(result) = document().get_element_by_id("result") else {
        return;
    };
    let height = window()
        .inner_height()
        .ok()
        .and_then(|h| h.as_f64())
        .unwrap_or(0.0);
    let top = result.get_bounding_client_rect().top();
    if top < 0.0 || top > height / 2.0 {
        result.scroll_into_view();
    }
}

/// Moves the keyboard's focus, when what had it goes away.
pub fn focus(id: &str) {
    if let Some(element) = document()
        .get_element_by_id(id)
        .and_then(|e| e.dyn_into::<web_sys::HtmlElement>().ok())
    {
        element.focus().ok();
    }
}
