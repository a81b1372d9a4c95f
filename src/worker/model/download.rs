//! Brings a model's missing files into the store: three at once, each tried again after a while if it did not come.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use super::control::Control;
use super::http::{self, Fault};
use super::report::Report;
use super::store::{Store, digest};
use crate::pack::manifest::ManifestFile;
use crate::worker::turn;
use crate::{Error, Result};

/// Files that come at once.
const AT_ONCE: usize = 3;
/// Milliseconds before each further try.
const PAUSES: [i32; 3] = [500, 1_500, 4_000];

/// A file that is to come.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Its entry in the manifest.
    pub file: ManifestFile,
    /// What it is, for the visitor.
    pub what: String,
}

/// One model's download.
pub struct Download {
    /// Address of the model's folder, with a slash at its end.
    pub base: String,
    /// Where the files go.
    pub store: Rc<Store>,
    /// Pause and stop.
    pub control: Rc<Control>,
    /// What the page hears.
    pub report: Report,
}

impl Download {
    /// Fetches one file, checks it and keeps it.
    pub async fn one(&self, wanted: &Wanted) -> Result<Uint8Array> {
        let url = format!("{}{}", self.base, wanted.file.path);
        let fetching = format!("fetching {}", wanted.what);
        let mut tries = 0;
        loop {
            let mut counted = 0.0;
            let count = |so_far: f64| {
                self.report.add(so_far - counted, &fetching);
                counted = so_far;
            };
            let got = http::get(
                &url,
                Some(wanted.file.bytes),
                tries > 0,
                &self.control,
                count,
            )
            .await;
            let fault = match got {
                Ok(bytes) if digest(&bytes).await == wanted.file.sha256 => {
                    self.store.put(&wanted.file.sha256, &bytes).await;
                    return Ok(bytes);
                }
                Ok(_) => Fault::Passing(format!(
                    "{url} came damaged: its SHA-256 is not the manifest's"
                )),
                Err(fault) => fault,
            };
            if self.control.stopped() {
                return Err(Error::Io(
                    "The download was stopped. What has come is kept: start the engine again to go on from there.".into(),
                ));
            }
            self.report.add(-counted, &fetching);
            let again = matches!(fault, Fault::Passing(_));
            let Some(pause) = PAUSES.get(tries).filter(|_| again) else {
                let tried = if tries > 0 {
                    format!(", after {} tries", tries + 1)
                } else {
                    String::new()
                };
                return Err(Error::Io(format!(
                    "{}{tried}. What has come is kept: try again to go on from there.",
                    fault.message()
                )));
            };
            tries += 1;
            self.report.say(&format!(
                "trying again ({tries} of {}): {}",
                PAUSES.len(),
                fault.message()
            ));
            turn::sleep(*pause).await;
        }
    }

    /// Fetches all of `wanted`. On failure what has come is kept, and the first failure is returned.
    pub async fn all(self: Rc<Self>, wanted: Vec<Wanted>) -> Result<()> {
        let queue = Rc::new(RefCell::new(VecDeque::from(wanted)));
        let failure = Rc::new(RefCell::new(None));
        let workers = (0..AT_ONCE).map(|_| {
            let (this, queue, failure) = (self.clone(), queue.clone(), failure.clone());
            future_to_promise(async move {
                loop {
                    let next = queue.borrow_mut().pop_front();
                    let Some(wanted) = next.filter(|_| failure.borrow().is_none()) else {
                        return Ok(JsValue::UNDEFINED);
                    };
                    if let Err(e) = this.one(&wanted).await {
                        failure.borrow_mut().get_or_insert(e);
                        // The others need not go on.
                        this.control.stop();
                    }
                }
            })
        });
        let workers: Array = workers.collect();
        // They do not fail: each failure is noted.
        let _ = JsFuture::from(Promise::all(&workers)).await;
        match failure.take() {
            Some(e) => Err(e),
            None => Ok(()),
        }
    }
}
