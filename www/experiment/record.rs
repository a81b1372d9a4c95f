//! What the engine answered to the run that is shown: enough to show it again.

use latino_web::protocol::{Event, RestoreJob};
use serde::{Deserialize, Serialize};

/// Pictures of steps are kept up to about this many bytes; what comes later shows in the page only.
const MAX_BYTES: usize = 64 << 20;

/// A run's job and answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// The run's number.
    pub id: u32,
    /// What was asked.
    pub job: RestoreJob,
    /// What was answered, in order.
    pub events: Vec<Event>,
    /// Bytes of the steps' pictures so far.
    #[serde(skip)]
    bytes: usize,
}

/// The run that an event belongs to, when it is part of a run's story.
fn run_of(event: &Event) -> Option<u32> {
    match event {
        Event::Started { id, .. }
        | Event::Step { id, .. }
        | Event::Progress { id, .. }
        | Event::Iteration { id, .. }
        | Event::Sample { id, .. }
        | Event::Done { id, .. } => Some(*id),
        _ => None,
    }
}

impl Record {
    /// Of a run that begins.
    pub fn new(id: u32, job: &RestoreJob) -> Self {
        Self {
            id,
            job: job.clone(),
            events: Vec::new(),
            bytes: 0,
        }
    }

    /// Takes an answer, if it is one to this run.
    pub fn take(&mut self, event: &Event) {
        if run_of(event) != Some(self.id) {
            return;
        }
        let size = match event {
            Event::Step { before, after, .. } => before.bytes.len() + after.bytes.len(),
            Event::Iteration { picture, .. } => picture.bytes.len(),
            // How far it had come does not matter once it is over.
            Event::Progress { .. } => return,
            _ => 0,
        };
        if self.bytes + size <= MAX_BYTES {
            self.bytes += size;
            self.events.push(event.clone());
        }
    }

    /// True once the result is there.
    pub fn complete(&self) -> bool {
        self.events.iter().any(|e| matches!(e, Event::Done { .. }))
    }
}
