//! Fetching from one origin with patience: each file is tried again after a while if it did not come.

use std::rc::Rc;

use super::control::Control;
use super::http::{Fault, Got, Want};
use super::origin::Origin;
use super::report::Report;
use super::store::digest;
use crate::worker::turn;

/// Milliseconds before each further try.
const PAUSES: [i32; 3] = [500, 1_500, 4_000];

/// An origin, what the visitor wants of the download, and what the page hears of it.
pub struct Fetcher {
    /// Where files come from.
    pub origin: Origin,
    /// Pause and stop.
    pub control: Rc<Control>,
    /// Bytes and speed.
    pub report: Report,
}

impl Fetcher {
    /// A fetcher that has fetched nothing.
    pub fn new(origin: Origin, control: Rc<Control>) -> Self {
        let report = Report::default();
        Self {
            origin,
            control,
            report,
        }
    }

    /// A small file, of which the page hears nothing; `None` where there is none.
    pub async fn small(&self, path: &str) -> Result<Option<Got>, Fault> {
        match self.quiet(path, &Want::default()).await {
            Ok(got) => Ok(Some(got)),
            Err(Fault::Missing(_)) => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// A file or a part of it, of which the page hears nothing.
    pub async fn quiet(&self, path: &str, want: &Want) -> Result<Got, Fault> {
        self.patiently(path, want, None, None).await
    }

    /// A file or a part of it, called `what` for the visitor, whose bytes are counted; it must have the SHA-256 `sha256`, if one is given.
    pub async fn get(
        &self,
        path: &str,
        want: &Want,
        sha256: Option<&str>,
        what: &str,
    ) -> Result<Got, Fault> {
        let stage = format!("fetching {what}");
        self.patiently(path, want, sha256, Some(&stage)).await
    }

    async fn patiently(
        &self,
        path: &str,
        want: &Want,
        sha256: Option<&str>,
        stage: Option<&str>,
    ) -> Result<Got, Fault> {
        let mut want = want.clone();
        let mut tries = 0;
        loop {
            let mut counted = 0.0;
            let count = |so_far: f64| {
                if let Some(stage) = stage {
                    self.report.add(so_far - counted, stage);
                    counted = so_far;
                }
            };
            let got = self.origin.get(path, &want, &self.control, count).await;
            let fault = match (got, sha256) {
                (Ok(got), Some(sha256)) if digest(&got.bytes).await != sha256 => {
                    let address = self.origin.address(path);
                    Fault::Passing(format!(
                        "{address} came damaged: its SHA-256 is not the manifest's"
                    ))
                }
                (Ok(got), _) => return Ok(got),
                (Err(fault), _) => fault,
            };
            if self.control.stopped() {
                return Err(Fault::Stopped);
            }
            if let Some(stage) = stage {
                self.report.add(-counted, stage);
            }
            let Fault::Passing(message) = fault else {
                return Err(fault);
            };
            let Some(pause) = PAUSES.get(tries) else {
                let tried = format!("{message}, after {} tries", tries + 1);
                return Err(Fault::Lasting(tried));
            };
            tries += 1;
            want.fresh = true;
            self.report.say(&format!(
                "trying again ({tries} of {}): {message}",
                PAUSES.len()
            ));
            turn::sleep(*pause).await;
        }
    }
}
