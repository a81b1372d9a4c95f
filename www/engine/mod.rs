//! The page's side of the engine worker: start, requests, events, loss.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use js_sys::{Function, Reflect};
use latino_web::protocol::{EditJob, Event, FailureKind, Pace, Request, RestoreJob, Rgba};
use leptos::prelude::*;
use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

use crate::comparison::same_measurement;
use crate::experiment::Record;
use crate::state::{Comparison, Phase, PromptRun, Reference, Run, Shown, State};
use crate::{library, queue, text};

mod comparison;
mod events;
mod first_prompt;
mod model;
mod profile;
mod prompts;

pub use comparison::compare;
use comparison::end_comparison;
pub use events::receive;
pub use first_prompt::first_prompt;
pub use model::{check_address, choose_files, choose_model, remembered};
pub use profile::{cancel_profile, profile};
pub use prompts::compare_prompts;
use prompts::end_prompts;

/// The worker's entry, next to the page.
const WORKER: &str = "./worker.js";

/// A running worker with its listeners.
struct Link {
    worker: Worker,
    _message: Closure<dyn FnMut(MessageEvent)>,
    _error: Closure<dyn FnMut(web_sys::Event)>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.worker.set_onmessage(None);
        self.worker.set_onerror(None);
        self.worker.set_onmessageerror(None);
        self.worker.terminate();
    }
}

thread_local! {
    static LINK: RefCell<Option<Link>> = const { RefCell::new(None) };
    static NEXT: Cell<u32> = const { Cell::new(1) };
    /// The newest `Measure` sent: older answers are dropped.
    static MEASURE: Cell<u32> = const { Cell::new(0) };
    /// The newest `EstimateNoise` sent.
    static ESTIMATE: Cell<u32> = const { Cell::new(0) };
    /// The result that an edit or a comparison of prompts began from: it is shown again when they fail.
    static BEFORE: RefCell<Option<Run>> = const { RefCell::new(None) };
    /// True until the newest `Measure` is answered.
    static MEASURING: Cell<bool> = const { Cell::new(false) };
}

fn next_id() -> u32 {
    NEXT.replace(NEXT.get().wrapping_add(1))
}

/// Ends the engine without waiting for it. Also safe inside one of its own listeners.
fn stop() {
    let link = LINK.take();
    // A listener may be running: its closure must outlive this call.
    if let Some(link) = link {
        link.worker.terminate();
        set_timeout(move || drop(link), std::time::Duration::ZERO);
    }
}

/// Starts a fresh engine; an earlier one is ended.
pub fn start(state: State) {
    stop();
    state.problem.set(None);
    state.phase.set(Phase::Starting);
    state.load.set(None);
    state.device.set(None);
    state.kept.set(None);
    state.cancelling.set(false);
    forget_unfinished(state);

    let options = WorkerOptions::new();
    options.set_type(WorkerType::Module);
    // Told by its name, the worker refuses to serve a page of another version.
    let root = document().document_element();
    let version = root.and_then(|r| r.get_attribute("data-version"));
    options.set_name(&version.unwrap_or_default());
    let Ok(worker) = Worker::new_with_options(WORKER, &options) else {
        lost(state, text::NO_WORKER.to_owned(), FailureKind::Device);
        return;
    };
    let message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
        match serde_wasm_bindgen::from_value::<Event>(event.data()) {
            Ok(event) => receive(state, event),
            Err(error) => lost(
                state,
                text::strange_message(&error.to_string()),
                FailureKind::Model,
            ),
        }
    });
    let error = Closure::<dyn FnMut(web_sys::Event)>::new(move |event: web_sys::Event| {
        let detail = event
            .dyn_ref::<ErrorEvent>()
            .map(ErrorEvent::message)
            .unwrap_or_default();
        lost(state, text::crashed(&detail), FailureKind::Device);
    });
    worker.set_onmessage(Some(message.as_ref().unchecked_ref()));
    worker.set_onerror(Some(error.as_ref().unchecked_ref()));
    worker.set_onmessageerror(Some(error.as_ref().unchecked_ref()));
    LINK.set(Some(Link {
        worker,
        _message: message,
        _error: error,
    }));
}

/// The engine is gone: says so and lets the visitor start another.
fn lost(state: State, text: String, kind: FailureKind) {
    stop();
    state.phase.set(Phase::Failed);
    state.device.set(None);
    state.cancelling.set(false);
    forget_unfinished(state);
    state.fail(text, kind);
}

/// A run that will get no result any more is not shown as one, and an unanswered preview is due again.
fn forget_unfinished(state: State) {
    end_comparison(state);
    profile::forget(state);
    end_prompts(state);
    queue::interrupted(state);
    library::forget(state);
    state.estimating.set(false);
    let unfinished = state
        .run
        .with_untracked(|run| run.as_ref().is_some_and(|r| r.outcome.is_none()));
    let before = if unfinished { BEFORE.take() } else { None };
    let lost = unfinished && before.is_none();
    if unfinished {
        state.run.set(before);
        state.shown.set(Shown::Latest);
        forget_iteration(state);
    }
    if lost || MEASURING.replace(false) {
        state.preview_again();
    }
}

fn send(state: State, request: &Request) {
    let sent = LINK.with_borrow(|link| {
        let link = link.as_ref()?;
        let value = serde_wasm_bindgen::to_value(request).ok()?;
        link.worker.post_message(&value).ok()
    });
    if sent.is_none() {
        lost(state, text::crashed(""), FailureKind::Device);
    }
}

/// Sends a request that needs no more than the worker.
pub fn ask(state: State, request: &Request) {
    send(state, request);
}

fn load(state: State) {
    let address = model::address(state);
    if let Some(files) = model::files_for(&address) {
        // A worker that is gone fails at the next message.
        LINK.with_borrow(|link| link.as_ref().map(|l| l.worker.post_message(&files)));
    }
    let base = document().base_uri().ok().flatten().unwrap_or_default();
    match web_sys::Url::new_with_base(&address, &base) {
        Ok(url) => {
            state.phase.set(Phase::Loading);
            state.paused.set(false);
            keep_storage();
            send(
                state,
                &Request::Load {
                    device: state.wanted.get_untracked(),
                    model_url: url.href(),
                },
            );
        }
        Err(_) => lost(state, text::crashed(&base), FailureKind::Device),
    }
}

/// Asks the browser not to clear away what this site stores. Whether it agrees is its own affair; only a page may ask.
fn keep_storage() {
    let ask = || {
        let storage = Reflect::get(&window().navigator(), &"storage".into()).ok()?;
        let persist: Function = Reflect::get(&storage, &"persist".into())
            .ok()?
            .dyn_into()
            .ok()?;
        persist.call0(&storage).ok()
    };
    ask();
}

/// Pauses the download of the model, or goes on with it.
pub fn pause_download(state: State) {
    let paused = !state.paused.get_untracked();
    state.paused.set(paused);
    send(state, &Request::PauseDownload { paused });
}

/// Ends the download of the model; what has come is kept.
pub fn stop_download(state: State) {
    send(state, &Request::StopDownload);
}

/// Asks what the job's measurement looks like.
pub fn measure(state: State, job: RestoreJob) {
    let id = next_id();
    MEASURE.set(id);
    MEASURING.set(true);
    send(
        state,
        &Request::Measure {
            id,
            job: Box::new(job),
        },
    );
}

/// Asks how long a prompt is.
pub fn count_tokens(state: State, prompt: String) {
    send(state, &Request::CountTokens { prompt });
}

/// Asks how noisy a picture is.
pub fn estimate_noise(state: State, picture: Rgba) {
    let id = next_id();
    ESTIMATE.set(id);
    state.estimate.set(None);
    state.estimating.set(true);
    send(state, &Request::EstimateNoise { id, picture });
}

/// Keeps the result at hand, to come back to.
fn keep_result(state: State) {
    let finished = |run: &Option<Run>| run.clone().filter(|r| r.outcome.is_some());
    BEFORE.set(state.run.with_untracked(finished));
}

/// Starts an edit of a result.
pub fn edit(state: State, job: RestoreJob, edit: EditJob) {
    keep_result(state);
    let id = enter(state, &job);
    state.run.update(|run| {
        if let Some(run) = run {
            run.before_edit = Some(Arc::new(edit.picture.clone()));
        }
    });
    state.reference.set(Some(Reference::BeforeEdit));
    let (job, edit) = (Box::new(job), Box::new(edit));
    send(state, &Request::Edit { id, job, edit });
}

/// Starts a restoration. Comparisons of another measurement are forgotten.
pub fn restore(state: State, job: RestoreJob) {
    forget_others(state, &job);
    begin(state, job);
}

/// Forgets comparisons of another measurement than the job's.
fn forget_others(state: State, job: &RestoreJob) {
    let concerned = |c: &Option<Comparison>| c.as_ref().is_none_or(|c| c.concerns(job));
    if !state.comparison.with_untracked(concerned) {
        state.comparison.set(None);
    }
    let concerned =
        |p: &Option<PromptRun>| (p.as_ref()).is_none_or(|p| same_measurement(&p.job, job));
    if !state.prompts.with_untracked(concerned) {
        state.prompts.set(None);
    }
}

/// Starts a job of the queue; returns its number.
pub fn run_queued(state: State, job: RestoreJob) -> u32 {
    begin(state, job)
}

/// Starts a run, or an edit, that shows the parts of its steps at that pace; returns its number.
pub fn show(state: State, job: RestoreJob, edit: Option<EditJob>, how: Pace, weight: f64) -> u32 {
    let id = enter(state, &job);
    pace(state, id, how, weight);
    let job = Box::new(job);
    let request = match edit.map(Box::new) {
        Some(edit) => Request::Edit { id, job, edit },
        None => Request::Restore { id, job },
    };
    send(state, &request);
    id
}

/// Says how the run `id` goes on after a part of a step, and the factor on the step size of its data steps.
pub fn pace(state: State, id: u32, pace: Pace, weight: f64) {
    send(state, &Request::Pace { id, pace, weight });
}

fn begin(state: State, job: RestoreJob) -> u32 {
    BEFORE.set(None);
    let id = enter(state, &job);
    let job = Box::new(job);
    send(state, &Request::Restore { id, job });
    id
}

/// Shows that a run begins; returns its number.
fn enter(state: State, job: &RestoreJob) -> u32 {
    let id = next_id();
    state.record.set_value(Some(Record::new(id, job)));
    show_run(state, id, job);
    id
}

/// Shows that a run of before is to be shown again.
pub fn enter_again(state: State, record: &Record) {
    let kept = Record::new(record.id, &record.job);
    state.record.set_value(Some(kept));
    show_run(state, record.id, &record.job);
}

fn show_run(state: State, id: u32, job: &RestoreJob) {
    state.problem.set(None);
    state.cancelled.set(false);
    state.cancelling.set(false);
    state.shown.set(Shown::Latest);
    forget_iteration(state);
    state.phase.set(Phase::Running);
    state.run.set(Some(Run {
        id,
        solver: job.solver,
        prompt: job.prompt.clone(),
        before_edit: None,
        first_prompt: None,
        truth: (!job.measured).then(|| Arc::new(job.picture.clone())),
        noise: state.noise.get_untracked().level(),
        preview: None,
        begun: now(),
        total: 0,
        chained: 0,
        rounds: job.pro.iterations,
        wanted: job.samples,
        steps: Vec::new(),
        iterations: Vec::new(),
        samples: Vec::new(),
        outcome: None,
        dropped: None,
    }));
}

/// Without its run, what belongs to it is nothing to compare with.
fn forget_iteration(state: State) {
    let of_run = [
        Reference::FirstIteration,
        Reference::FirstPrompt,
        Reference::BeforeEdit,
    ]
    .map(Some);
    if of_run.contains(&state.reference.get_untracked()) {
        state.reference.set(None);
    }
}

/// Milliseconds on the page's clock.
pub fn now() -> f64 {
    window().performance().map_or(0.0, |p| p.now())
}

/// Asks the engine to stop. A second wish does not wait for it: the engine is started afresh.
pub fn cancel(state: State) {
    if state.phase.get_untracked() != Phase::Running {
        return;
    }
    if state.cancelling.get_untracked() {
        start(state);
        state.cancelled.set(true);
        return;
    }
    let Some(id) = state.run.with_untracked(|run| run.as_ref().map(|r| r.id)) else {
        return;
    };
    state.cancelling.set(true);
    send(state, &Request::Cancel { id });
}
