//! Brings a model's missing files into the store, three at once.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use super::fetcher::Fetcher;
use super::http::{Fault, Want};
use super::store::Store;
use crate::pack::manifest::ManifestFile;
use crate::{Error, Result};

/// Files that come at once.
const AT_ONCE: usize = 3;

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
    /// Where files come from.
    pub fetcher: Rc<Fetcher>,
    /// Where they go.
    pub store: Rc<Store>,
}

impl Download {
    /// Fetches one file, checks it and keeps it.
    pub async fn one(&self, wanted: &Wanted) -> Result<Uint8Array> {
        let Wanted { file, what } = wanted;
        let want = Want {
            bytes: Some(file.bytes),
            ..Want::default()
        };
        let got = self
            .fetcher
            .get(&file.path, &want, Some(&file.sha256), what);
        let bytes = got.await.map_err(|fault: Fault| fault.error())?.bytes;
        self.store.put(&file.sha256, &bytes).await;
        Ok(bytes)
    }

    /// Fetches all of `wanted`. On failure what has come is kept, and the first failure is returned.
    pub async fn all(self: Rc<Self>, wanted: Vec<Wanted>) -> Result<()> {
        let queue = Rc::new(RefCell::new(VecDeque::from(wanted)));
        let failure = Rc::new(RefCell::new(None::<Error>));
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
                        this.fetcher.control.stop();
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
