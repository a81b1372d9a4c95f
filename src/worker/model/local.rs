//! Models from the visitor's own disk: the files of a folder, or a tar archive as the page exports it. They are read where they lie; the page
//! sends them before it asks for the model.

use std::cell::RefCell;
use std::collections::BTreeMap;

use js_sys::{Array, Uint8Array};
use wasm_bindgen::JsValue;

use super::control::Control;
use super::http::{Fault, Got, Want};
use crate::pack::tar;
use crate::protocol::{LOCAL, LOCAL_FILES};
use crate::worker::js::{self, Js};
use crate::{Error, Result};

/// What the root of a model's folder has.
const ROOTS: [&str; 2] = ["manifest.json", "unet/config.json"];

/// Files that go with a folder of weights and are not read; a name that ends so says what was chosen instead of a folder.
const SINGLE: [&str; 4] = [".safetensors", ".ckpt", ".gguf", ".onnx"];

thread_local! {
    /// What the page sent: pairs of path and file.
    static GIVEN: RefCell<Option<Array>> = const { RefCell::new(None) };
}

/// Takes the message in which the page sends files; false when it is another one.
pub fn take(message: &JsValue) -> bool {
    let files = js::field(message, LOCAL_FILES);
    if !Array::is_array(&files) {
        return false;
    }
    GIVEN.set(Some(Array::from(&files)));
    true
}

/// Files by their paths below the model's folder.
pub struct Local {
    name: String,
    files: BTreeMap<String, JsValue>,
    /// The file that they are parts of, if there is one.
    version: String,
}

fn text(value: &JsValue) -> String {
    value.as_string().unwrap_or_default()
}

fn size(blob: &JsValue) -> u64 {
    js::field(blob, "size").as_f64().unwrap_or_default() as u64
}

/// The bytes from `start` to `end` of a blob, still on disk.
fn slice(blob: &JsValue, start: u64, end: u64) -> Js<JsValue> {
    js::invoke(blob, "slice", &[(start as f64).into(), (end as f64).into()])
}

async fn bytes(blob: &JsValue) -> Js<Uint8Array> {
    let buffer: JsValue = js::call(blob, "arrayBuffer", &[]).await?;
    Ok(Uint8Array::new(&buffer))
}

/// The name in the address of chosen files.
fn name(address: &str) -> String {
    let rest = address.strip_prefix(LOCAL).unwrap_or(address);
    rest.split('/').next().unwrap_or_default().to_owned()
}

impl Local {
    /// The files that the page sent for `address`; without files, if it sent none. Fails with [`Error::Model`] when they are no model's
    /// folder.
    pub async fn open(address: &str) -> Result<Self> {
        let Some(given) = GIVEN.take() else {
            return Ok(Self {
                name: name(address),
                files: BTreeMap::new(),
                version: String::new(),
            });
        };
        let mut files = BTreeMap::new();
        for pair in given.iter() {
            files.insert(text(&js::field(&pair, "0")), js::field(&pair, "1"));
        }
        let mut version = String::new();
        if let (1, Some((path, file))) = (files.len(), files.first_key_value())
            && path.ends_with(".tar")
        {
            version = changed(file);
            files = entries(&file.clone()).await?;
        }
        let roots = ROOTS.iter().flat_map(|root| {
            let of = |path: &String| Some(path.strip_suffix(root)?.to_owned());
            let mut found: Vec<_> = files.keys().filter_map(of).collect();
            found.retain(|folder| folder.is_empty() || folder.ends_with('/'));
            found.sort_by_key(|folder| folder.matches('/').count());
            found.into_iter().take(1)
        });
        let Some(root) = roots.into_iter().next() else {
            let single = files.keys().find(|p| SINGLE.iter().any(|s| p.ends_with(s)));
            let also = single.map_or_else(String::new, |path| {
                format!(" Single files such as {path} are not read: convert them to the folder layout of diffusers.")
            });
            return Err(Error::model(format!(
                "\"{}\" holds no model: neither manifest.json (a packed model) nor unet/config.json (a diffusers folder) is in it.{also}",
                name(address)
            )));
        };
        let below =
            |(path, file): (String, JsValue)| Some((path.strip_prefix(&root)?.to_owned(), file));
        Ok(Self {
            name: name(address),
            files: files.into_iter().filter_map(below).collect(),
            version,
        })
    }

    /// What the page calls it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Where a file is, for the visitor.
    pub fn address(&self, path: &str) -> String {
        format!("{path} in \"{}\"", self.name)
    }

    /// As [`super::origin::Origin::get`].
    pub async fn get(
        &self,
        path: &str,
        want: &Want,
        control: &Control,
        mut report: impl FnMut(f64),
    ) -> std::result::Result<Got, Fault> {
        control.wait().await;
        if control.stopped() {
            return Err(Fault::Stopped);
        }
        if self.files.is_empty() {
            return Err(Fault::Lasting(format!(
                "The files of \"{}\" are not at hand any more (a page may read chosen files only until it is closed), and what was made of them is not kept, or not whole. Choose them again",
                self.name
            )));
        }
        let address = self.address(path);
        let Some(file) = self.files.get(path) else {
            return Err(Fault::Missing(format!("there is no {address}")));
        };
        let range = want.range.clone().unwrap_or(0..size(file));
        let expected = (want.range.as_ref()).map_or(want.bytes, |r| Some(r.end - r.start));
        let read = async { bytes(&slice(file, range.start, range.end)?).await };
        let bytes = read.await.map_err(|e| {
            let why = js::error_message(&e);
            Fault::Lasting(format!(
                "{address} cannot be read ({why}): it has been changed, moved or removed since it was chosen"
            ))
        })?;
        if let Some(expected) = expected.filter(|n| *n != u64::from(bytes.length())) {
            return Err(Fault::Lasting(format!(
                "{address} has {} bytes where {expected} should be: it is cut short",
                bytes.length()
            )));
        }
        report(f64::from(bytes.length()));
        let own = changed(file);
        Ok(Got {
            bytes,
            version: format!("{}{own}", self.version),
        })
    }
}

/// Size and time of the last change of a file.
fn changed(file: &JsValue) -> String {
    let time = js::field(file, "lastModified").as_f64().unwrap_or_default();
    format!("{} {time}", size(file))
}

/// The files in a tar archive, as parts of it.
async fn entries(archive: &JsValue) -> Result<BTreeMap<String, JsValue>> {
    let failed = |e: JsValue| {
        Error::Io(format!(
            "the archive cannot be read: {}",
            js::error_message(&e)
        ))
    };
    let all = size(archive);
    let mut files = BTreeMap::new();
    let mut at = 0;
    while at + tar::BLOCK as u64 <= all {
        let begin = at + tar::BLOCK as u64;
        let header = slice(archive, at, begin).map_err(failed)?;
        let header = bytes(&header).await.map_err(failed)?.to_vec();
        let Some(entry) = tar::entry(&header)? else {
            break;
        };
        let end = begin.saturating_add(entry.size);
        if end > all {
            return Err(Error::model(format!(
                "the archive is cut short in {}",
                entry.path
            )));
        }
        if entry.file {
            let part = slice(archive, begin, end).map_err(failed)?;
            files.insert(entry.path, part);
        }
        at = end + tar::filling(entry.size) as u64;
    }
    Ok(files)
}
