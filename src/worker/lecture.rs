//! Pauses a run between the parts of its steps.

use std::cell::{Cell, RefCell};

use js_sys::{Function, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::JsFuture;

use crate::protocol::Pace;

/// What the page has said about the pace of a run.
#[derive(Default)]
pub struct Lecture {
    job: Cell<Option<u32>>,
    paused: Cell<bool>,
    /// Parts that may be made in spite of the pause.
    granted: Cell<u32>,
    weight: Cell<f64>,
    waiting: RefCell<Option<Function>>,
}

impl Lecture {
    /// Takes the pace of the job `id`, and the factor on the step size of its data steps.
    pub fn set(&self, id: u32, pace: Pace, weight: f64) {
        if self.job.replace(Some(id)) != Some(id) {
            self.granted.set(0);
        }
        self.weight.set(weight);
        self.paused.set(pace != Pace::Go);
        if pace == Pace::Step {
            self.granted.set(self.granted.get() + 1);
        }
        self.wake();
    }

    /// Whether the parts of the job `id` are to be shown.
    pub fn shows(&self, id: u32) -> bool {
        self.job.get() == Some(id)
    }

    /// The factor on the step size of the job `id`.
    pub fn weight(&self, id: u32) -> f64 {
        if self.shows(id) {
            self.weight.get()
        } else {
            1.0
        }
    }

    /// Lets a run that waits look whether it still has to.
    pub fn wake(&self) {
        if let Some(resolve) = self.waiting.take() {
            // A promise's own resolve does not throw.
            resolve.call0(&JsValue::UNDEFINED).ok();
        }
    }

    /// A part has been shown: one that was granted is used up.
    pub fn spend(&self) {
        self.granted.set(self.granted.get().saturating_sub(1));
    }

    /// Waits while the run is paused and nothing is granted; `stop` ends the wait, too.
    pub async fn pass(&self, stop: impl Fn() -> bool) {
        while self.paused.get() && self.granted.get() == 0 && !stop() {
            let promise = Promise::new(&mut |resolve, _| {
                self.waiting.replace(Some(resolve));
            });
            JsFuture::from(promise).await.ok();
        }
    }
}
