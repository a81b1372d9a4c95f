//! What the page hears of a download: bytes, speed, and what is being waited for.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;

use crate::protocol::Event;
use crate::worker::{post, turn};

/// Milliseconds between two reports, and over which the speed is taken.
const EVERY: f64 = 150.0;
const WINDOW: f64 = 5_000.0;

/// Counts the bytes of a model's files.
#[derive(Debug, Default)]
pub struct Report {
    total: Cell<f64>,
    done: Cell<f64>,
    /// When how many bytes had come, over the last [`WINDOW`].
    past: RefCell<VecDeque<(f64, f64)>>,
    last: Cell<f64>,
}

impl Report {
    /// Begins a download of `total` bytes, `kept` of which are there already.
    pub fn begin(&self, total: f64, kept: f64) {
        self.total.set(total);
        self.done.set(kept);
        self.past.replace(VecDeque::from([(turn::now(), kept)]));
    }

    /// So many more bytes have come (or, negative, were of no use).
    pub fn add(&self, bytes: f64, stage: &str) {
        self.done.set(self.done.get() + bytes);
        let now = turn::now();
        if now - self.last.get() < EVERY && self.done.get() < self.total.get() {
            return;
        }
        self.last.set(now);
        let rate = {
            let mut past = self.past.borrow_mut();
            past.push_back((now, self.done.get()));
            while past.len() > 2 && past.front().is_some_and(|(t, _)| now - t > WINDOW) {
                past.pop_front();
            }
            let (then, had) = past.front().copied().unwrap_or((now, 0.0));
            let seconds = (now - then) / 1000.0;
            if seconds > 0.0 {
                (self.done.get() - had).max(0.0) / seconds
            } else {
                0.0
            }
        };
        self.post(stage, rate);
    }

    /// Says what is being waited for.
    pub fn say(&self, stage: &str) {
        self.post(stage, 0.0);
    }

    fn post(&self, stage: &str, rate: f64) {
        post(&Event::LoadProgress {
            stage: stage.into(),
            done: self.done.get(),
            total: self.total.get(),
            rate: Some(rate),
        });
    }
}
