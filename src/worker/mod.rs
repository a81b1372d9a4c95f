//! The engine as a dedicated Web Worker: takes [`Request`]s, answers with [`Event`]s.
//!
//! One job runs at a time. Between network calls the worker gives its event loop a turn, so that
//! `Cancel` is heard. A panic is not caught: it ends the worker, which the page notices and offers
//! to start again. That is also the only safe answer to a lost device.

mod adapter;
mod js;
mod lecture;
mod model;
mod profile;
mod remember;
mod turn;

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::spawn_local;
use web_sys::{DedicatedWorkerGlobalScope, MessageEvent};

use crate::engine::job::{Edit, JobEvent, Restoration, SolverSettings};
use crate::engine::tuned::Memory;
use crate::engine::{Compute, Pipeline};
use crate::protocol::{EditJob, Event, FailureKind, Request, RestoreJob};
use crate::solver::{Look, Observer, Stage};
use crate::{Error, Result};

/// What the worker holds between messages.
#[derive(Default)]
struct State {
    pipeline: RefCell<Option<Rc<Pipeline>>>,
    /// A restoration is running.
    busy: RefCell<bool>,
    /// Jobs to stop at the next network call.
    cancelled: RefCell<BTreeSet<u32>>,
    /// Whose steps are shown part by part.
    lecture: lecture::Lecture,
    /// Pause and stop of the model's download.
    download: Rc<model::control::Control>,
}

/// Installs the message handler and says `Hello`. Fails only outside a dedicated worker.
pub fn start() -> std::result::Result<(), JsValue> {
    crate::engine::constructors::run();
    console_error_panic_hook::set_once();
    let scope: DedicatedWorkerGlobalScope = js_sys::global().dyn_into()?;
    let state = Rc::new(State::default());
    let handler = Closure::<dyn FnMut(MessageEvent)>::new(move |message: MessageEvent| {
        if model::local::take(&message.data()) {
            return;
        }
        match serde_wasm_bindgen::from_value::<Request>(message.data()) {
            Ok(request) => spawn_local(handle(state.clone(), request)),
            Err(e) => post(&Event::Failed {
                id: None,
                kind: FailureKind::Input,
                message: format!("the engine did not understand a message: {e}"),
            }),
        }
    });
    scope.set_onmessage(Some(handler.as_ref().unchecked_ref()));
    // The handler lives as long as the worker.
    handler.forget();
    post(&Event::Hello);
    Ok(())
}

/// Sends an event to the page.
fn post(event: &Event) {
    let Ok(scope) = js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>() else {
        return;
    };
    // Both can fail only when out of memory; the page's watch on the worker covers that.
    if let Ok(value) = serde_wasm_bindgen::to_value(event) {
        let _ = scope.post_message(&value);
    }
}

fn fail(id: Option<u32>, error: &Error) {
    let kind = match error {
        Error::Invalid(_) | Error::Shape(_) | Error::Picture(_) => FailureKind::Input,
        Error::Model(_) | Error::Io(_) => FailureKind::Model,
        Error::Device(_) => FailureKind::Device,
        Error::BadOutput(_) => FailureKind::BadOutput,
        Error::Cancelled => FailureKind::Cancelled,
    };
    post(&Event::Failed {
        id,
        kind,
        message: error.to_string(),
    });
}

async fn handle(state: Rc<State>, request: Request) {
    match request {
        Request::Load { device, model_url } => {
            if let Err(e) = load(&state, device, &model_url).await {
                fail(None, &e);
            }
        }
        Request::Library(request) => model::library::answer(request).await,
        Request::PauseDownload { paused } => state.download.pause(paused),
        Request::StopDownload => state.download.stop(),
        Request::Measure { id, job } => match Restoration::prepare(&job) {
            Ok(prepared) => post(&Event::Measured {
                id,
                measurement: prepared.measurement_rgba(),
                baseline: prepared.baseline_rgba(),
                metrics: prepared.baseline_metrics(),
            }),
            Err(e) => fail(Some(id), &e),
        },
        Request::Restore { id, job } => alone(&state, id, restore(&state, id, &job)).await,
        Request::Edit { id, job, edit } => {
            alone(&state, id, edit_picture(&state, id, &job, &edit)).await;
        }
        Request::Profile { id, repeat } => {
            alone(&state, id, profile::run(&state, id, repeat)).await;
        }
        Request::ComparePrompts { id, job, prompts } => {
            alone(&state, id, compare_prompts(&state, id, &job, &prompts)).await;
        }
        Request::EstimateNoise { id, picture } => {
            let estimate = crate::image::from_rgba8(&picture)
                .and_then(|picture| crate::noise::estimate_noise(&picture));
            match estimate {
                Ok(e) => post(&Event::NoiseEstimated {
                    id,
                    sigma: e.sigma,
                    caution: e.caution().map(str::to_owned),
                }),
                Err(e) => fail(Some(id), &e),
            }
        }
        Request::Pace { id, pace, weight } => state.lecture.set(id, pace, weight),
        Request::Cancel { id } => {
            state.cancelled.borrow_mut().insert(id);
            state.lecture.wake();
        }
        Request::CountTokens { prompt } => {
            if let Some(pipeline) = state.pipeline.borrow().as_ref() {
                post(&Event::Tokens {
                    count: pipeline.tokenizer().count(&prompt) as u32,
                    max: pipeline.report().max_tokens,
                    words: pipeline.tokenizer().words(&prompt),
                    prompt,
                });
            }
        }
    }
}

async fn load(state: &State, choice: crate::protocol::DeviceChoice, url: &str) -> Result<()> {
    progress("Looking for a device", 0.0, 0.0);
    let compute = Compute::choose(choice, adapter::describe().await).await?;
    if compute.report.gpu {
        progress("Measuring the GPU", 0.0, 0.0);
        let mut memory = Memory::parse(&remember::recall().await.unwrap_or_default());
        if memory.tune(&compute, turn::seconds).await? {
            remember::keep(&memory.text()).await;
        }
    }
    let files = model::Served::open(url, state.download.clone()).await?;
    let pipeline = Pipeline::load(&files, &compute.device).await?;
    let model = pipeline.report().clone();
    state.pipeline.replace(Some(Rc::new(pipeline)));
    post(&Event::Ready {
        device: compute.report,
        model,
    });
    files.commit().await;
    post(&Event::Kept(files.kept().await));
    Ok(())
}

fn progress(stage: &str, done: f64, total: f64) {
    post(&Event::LoadProgress {
        stage: stage.into(),
        done,
        total,
        rate: None,
    });
}

/// Runs the job `id` unless one is running, and reports its failure.
async fn alone(state: &State, id: u32, job: impl Future<Output = Result<()>>) {
    if state.busy.replace(true) {
        let e = Error::invalid("a restoration is already running; cancel it first");
        return fail(Some(id), &e);
    }
    if let Err(e) = job.await {
        fail(Some(id), &e);
    }
    state.cancelled.borrow_mut().remove(&id);
    state.busy.replace(false);
}

async fn edit_picture(state: &State, id: u32, job: &RestoreJob, edit: &EditJob) -> Result<()> {
    let pipeline = loaded(state)?;
    let begun = turn::now();
    let measurement = match edit.keep {
        true => Some(Restoration::prepare(job)?),
        false => None,
    };
    let wanted = Edit {
        from: job.prompt.clone(),
        to: edit.to.clone(),
        tolerance: edit.tolerance,
        stay: edit.stay.clone(),
    };
    let done = crate::engine::job::edit(
        &crate::image::from_rgba8(&edit.picture)?,
        &wanted,
        measurement.as_ref(),
        u64::from(job.seed),
        &SolverSettings::from_job(job),
        &pipeline,
        &mut Watch::new(state, id),
    )
    .await?;
    post(&Event::Done {
        id,
        picture: done.picture,
        metrics: done.metrics,
        evaluations: done.evaluations,
        uncertainty: None,
        seconds: (turn::now() - begun) / 1000.0,
    });
    Ok(())
}

fn loaded(state: &State) -> Result<Rc<Pipeline>> {
    let pipeline = state.pipeline.borrow().clone();
    pipeline.ok_or_else(|| Error::model("no model is loaded yet"))
}

async fn restore(state: &State, id: u32, job: &RestoreJob) -> Result<()> {
    let pipeline = loaded(state)?;
    let begun = turn::now();
    let prepared = Restoration::prepare(job)?;
    let mut watch = Watch::new(state, id);
    let mut outcome = prepared.run_job(job, &pipeline, &mut watch).await?;
    let uncertainty = match &outcome.spread {
        Some(spread) => Some(Box::new(spread.report()?)),
        None => None,
    };
    let evaluations = outcome.evaluations();
    let first = outcome.samples.swap_remove(0);
    post(&Event::Done {
        id,
        picture: first.picture,
        metrics: first.metrics,
        evaluations,
        uncertainty,
        seconds: (turn::now() - begun - watch.paused) / 1000.0,
    });
    Ok(())
}

async fn compare_prompts(
    state: &State,
    id: u32,
    job: &RestoreJob,
    prompts: &[String],
) -> Result<()> {
    let pipeline = loaded(state)?;
    let begun = turn::now();
    let prepared = Restoration::prepare(job)?;
    let (settings, samples) = (SolverSettings::from_job(job), job.samples as usize);
    let mut watch = Watch::new(state, id);
    let mut found = prepared
        .compare_prompts(&settings, samples, prompts, &pipeline, &mut watch)
        .await?;
    let (between, within) = found.maps()?;
    post(&Event::PromptEffect {
        id,
        share: found.effect.share,
        between,
        within,
    });
    let evaluations = found.evaluations();
    let first = found.outcomes.swap_remove(0).samples.swap_remove(0);
    post(&Event::Done {
        id,
        picture: first.picture,
        metrics: first.metrics,
        evaluations,
        uncertainty: None,
        seconds: (turn::now() - begun) / 1000.0,
    });
    Ok(())
}

/// Forwards a job's events to the page and hears `Cancel`.
struct Watch<'a> {
    state: &'a State,
    id: u32,
    last: f64,
    /// Milliseconds spent in pauses.
    paused: f64,
}

impl<'a> Watch<'a> {
    fn new(state: &'a State, id: u32) -> Self {
        Self {
            state,
            id,
            last: turn::now(),
            paused: 0.0,
        }
    }
}

impl Observer<JobEvent> for Watch<'_> {
    fn notify(&mut self, event: JobEvent) {
        let now = turn::now();
        let seconds = (now - self.last) / 1000.0;
        self.last = now;
        post(&event.into_event(self.id, seconds));
    }

    async fn checkpoint(&mut self) -> Result<()> {
        turn::give().await;
        if self.state.lecture.shows(self.id) {
            let begun = turn::now();
            let stop = || self.state.cancelled.borrow().contains(&self.id);
            self.state.lecture.pass(stop).await;
            // Pauses are not computing time.
            self.last += turn::now() - begun;
            self.paused += turn::now() - begun;
        }
        if self.state.cancelled.borrow().contains(&self.id) {
            return Err(Error::Cancelled);
        }
        Ok(())
    }

    async fn look(&mut self, look: Look<'_>) -> Result<()> {
        if !self.state.lecture.shows(self.id) {
            return Ok(());
        }
        post(&Event::Stage {
            id: self.id,
            stage: look.stage,
            step: look.step as u32,
            steps: look.steps as u32,
            timestep: look.timestep as u32,
            picture: match look.stage {
                Stage::Encode | Stage::Noise | Stage::Consistency => {
                    crate::image::latent_to_rgba8(look.made)?
                }
                Stage::Decode | Stage::Prox => crate::image::to_rgba8(look.made),
            },
        });
        self.state.lecture.spend();
        self.checkpoint().await
    }

    fn data_weight(&self) -> f64 {
        self.state.lecture.weight(self.id)
    }
}
