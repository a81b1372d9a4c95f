//! Reading the rows of tensors from afar: the pieces of the weight files that are wanted next are on their way while the last ones are
//! quantised. They wait in the browser's memory, not in the wasm heap.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ops::Range;
use std::rc::Rc;

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::JsValue;
use wasm_bindgen_futures::{JsFuture, future_to_promise};

use super::fetcher::Fetcher;
use super::http::{Fault, Want};
use crate::pack::diffusers::SourceTensor;
use crate::pack::header::to_f32;
use crate::pack::layout::{Layout, RowSource, Rows};
use crate::{Error, Result};

/// Bytes that are asked for at once, unless one read needs more.
const WINDOW: u64 = 8 << 20;
/// A gap in a file of no more bytes is fetched with its surroundings.
const GAP: u64 = 64 << 10;
/// Windows on their way.
const AT_ONCE: usize = 3;

/// A weight file.
#[derive(Debug, Clone)]
pub struct WeightFile {
    /// Path below the model's folder.
    pub path: String,
    /// What the server said of it when its header came; see [`super::http::Got::version`].
    pub version: String,
}

/// Bytes of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Window {
    part: usize,
    file: usize,
    bytes: Range<u64>,
}

/// What is to be fetched for the shards `indices`, in order.
fn windows(layout: &Layout, indices: &[usize]) -> Vec<Window> {
    let mut windows: Vec<Window> = Vec::new();
    for read in indices.iter().flat_map(|index| layout.reads(*index)) {
        let (file, bytes) = layout.bytes(&read);
        if let Some(last) = windows.last_mut()
            && (last.part, last.file) == (read.part, file)
            && (last.bytes.end..=last.bytes.end + GAP).contains(&bytes.start)
            && bytes.end - last.bytes.start <= WINDOW
        {
            last.bytes.end = bytes.end;
        } else {
            let part = read.part;
            windows.push(Window { part, file, bytes });
        }
    }
    windows
}

/// Bytes that are fetched for the shards `indices`.
pub fn traffic(layout: &Layout, indices: &[usize]) -> f64 {
    let windows = windows(layout, indices);
    let bytes = windows.iter().map(|w| w.bytes.end - w.bytes.start);
    bytes.sum::<u64>() as f64
}

/// One window on its way.
struct Coming {
    window: Window,
    promise: Promise,
    got: Rc<RefCell<Option<std::result::Result<Uint8Array, Fault>>>>,
}

/// The weight files of a model, read in the order of its shards.
pub struct Ahead<'a> {
    fetcher: Rc<Fetcher>,
    layout: &'a Layout,
    /// The files of each part.
    files: &'a [Vec<WeightFile>],
    waiting: VecDeque<Window>,
    coming: VecDeque<Coming>,
    here: Option<(Window, Uint8Array)>,
}

impl<'a> Ahead<'a> {
    /// Reads what the shards `indices` need; they must be made in this order.
    pub fn new(
        fetcher: Rc<Fetcher>,
        layout: &'a Layout,
        files: &'a [Vec<WeightFile>],
        indices: &[usize],
    ) -> Self {
        Self {
            fetcher,
            layout,
            files,
            waiting: windows(layout, indices).into(),
            coming: VecDeque::new(),
            here: None,
        }
    }

    /// Sends for the next windows.
    fn send(&mut self) {
        while self.coming.len() < AT_ONCE
            && let Some(window) = self.waiting.pop_front()
        {
            let file = self.files[window.part][window.file].clone();
            let what = super::part_name(self.layout.parts()[window.part].name);
            let got = Rc::new(RefCell::new(None));
            let (fetcher, into) = (self.fetcher.clone(), got.clone());
            let want = Want {
                range: Some(window.bytes.clone()),
                ..Want::default()
            };
            let promise = future_to_promise(async move {
                let came = fetcher.get(&file.path, &want, None, what).await;
                let same = came.and_then(|got| {
                    if got.version == file.version {
                        return Ok(got.bytes);
                    }
                    let address = fetcher.origin.address(&file.path);
                    Err(Fault::Lasting(format!(
                        "{address} was replaced by another while it was read"
                    )))
                });
                if same.is_err() {
                    // The others need not go on.
                    fetcher.control.stop();
                }
                into.replace(Some(same));
                Ok(JsValue::UNDEFINED)
            });
            self.coming.push_back(Coming {
                window,
                promise,
                got,
            });
        }
    }

    /// The bytes of `window`'s part and file at `bytes`.
    async fn bytes(&mut self, part: usize, file: usize, bytes: &Range<u64>) -> Result<Vec<u8>> {
        loop {
            if let Some((window, got)) = &self.here
                && (window.part, window.file) == (part, file)
                && window.bytes.start <= bytes.start
                && bytes.end <= window.bytes.end
            {
                let [start, end] =
                    [bytes.start, bytes.end].map(|at| (at - window.bytes.start) as u32);
                return Ok(got.subarray(start, end).to_vec());
            }
            self.send();
            let Some(next) = self.coming.pop_front() else {
                return Err(Error::Io(
                    "the weight files were not read in their order".into(),
                ));
            };
            // It does not fail: its failure is noted.
            let _ = JsFuture::from(next.promise).await;
            let got = next.got.take().unwrap_or(Err(Fault::Stopped));
            self.here = Some((next.window, got.map_err(|fault| fault.error())?));
            self.send();
        }
    }
}

impl RowSource for Ahead<'_> {
    async fn rows(&mut self, rows: &Rows, tensor: &SourceTensor) -> Result<Vec<f32>> {
        let (file, bytes) = self.layout.bytes(rows);
        let bytes = self.bytes(rows.part, file, &bytes).await?;
        let mut values = Vec::with_capacity(bytes.len() / 2);
        to_f32(&bytes, &tensor.raw.dtype, &mut values);
        Ok(values)
    }
}
