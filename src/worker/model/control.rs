//! Pause and stop of a download, from the page.

use std::cell::Cell;

use crate::worker::turn;

/// How often a paused download looks whether it may go on, in milliseconds.
const LOOK: i32 = 200;

/// What the visitor wants of the download.
#[derive(Debug, Default)]
pub struct Control {
    paused: Cell<bool>,
    stopped: Cell<bool>,
}

impl Control {
    /// Begins anew.
    pub fn reset(&self) {
        self.paused.set(false);
        self.stopped.set(false);
    }

    /// Pauses, or goes on.
    pub fn pause(&self, paused: bool) {
        self.paused.set(paused);
    }

    /// Stops for good.
    pub fn stop(&self) {
        self.stopped.set(true);
    }

    /// Whether it has been stopped.
    pub fn stopped(&self) -> bool {
        self.stopped.get()
    }

    /// Whether it is paused.
    pub fn paused(&self) -> bool {
        self.paused.get() && !self.stopped.get()
    }

    /// Waits while paused.
    pub async fn wait(&self) {
        while self.paused() {
            turn::sleep(LOOK).await;
        }
    }
}
