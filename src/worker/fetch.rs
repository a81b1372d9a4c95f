//! Model files from the page's own server or an earlier visit, each checked against the manifest.

use std::cell::Cell;

use js_sys::{Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

use super::{progress, store::Store};
use crate::engine::ModelFiles;
use crate::engine::files::{Manifest, ManifestFile};
use crate::pack::table::shard_path;
use crate::{Error, Result};

/// A model folder behind a URL, described by its `manifest.json`.
pub struct Served {
    base: String,
    store: Store,
    manifest: Manifest,
    total: f64,
    done: Cell<f64>,
}

impl Served {
    /// Fetches the manifest of the folder `base` (absolute, ending in a slash); without a network, that of
    /// an earlier visit.
    pub async fn open(base: &str) -> Result<Self> {
        let store = Store::open().await;
        let url = format!("{base}manifest.json");
        let manifest = match get(&url, |_| ()).await {
            Ok(bytes) => {
                let manifest = Manifest::parse(&bytes)?;
                store.put(&url, &bytes).await;
                manifest
            }
            Err(e) => Manifest::parse(&store.get(&url).await.ok_or(e)?)?,
        };
        Ok(Self {
            base: base.into(),
            store,
            total: manifest.files.iter().map(|f| f.bytes as f64).sum(),
            manifest,
            done: Cell::new(0.0),
        })
    }

    /// A file for the visitor: a shard's name is a hash, which says nothing.
    fn what(&self, path: &str) -> String {
        let packed = self.manifest.packed.as_ref();
        let place = packed.and_then(|packed| {
            let shard = (packed.shards.iter()).position(|hash| shard_path(hash) == path)?;
            packed.parts.iter().find_map(|part| {
                let shards: Vec<_> = part.shards().into_iter().collect();
                let number = shards.iter().position(|s| *s == shard)?;
                let name = match part.name.as_str() {
                    "text_encoder" => "the text encoder",
                    "unet" => "the UNet",
                    _ => "the autoencoder",
                };
                Some(match shards.len() {
                    1 => name.to_owned(),
                    count => format!("{name}, part {} of {count}", number + 1),
                })
            })
        });
        place.unwrap_or_else(|| path.to_owned())
    }

    /// Where a file is kept.
    fn key(&self, file: &ManifestFile) -> String {
        format!("{}{}?sha256={}", self.base, file.path, file.sha256)
    }

    /// Forgets files of earlier versions of this model. To be called once this one has been loaded.
    pub async fn forget_others(&self) {
        let mut keys: Vec<_> = self.manifest.files.iter().map(|f| self.key(f)).collect();
        keys.push(format!("{}manifest.json", self.base));
        self.store.keep_only(&self.base, &keys).await;
    }
}

impl ModelFiles for Served {
    async fn read(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let Some(file) = self.manifest.file(path) else {
            return Ok(None);
        };
        let before = self.done.get();
        let key = self.key(file);
        // What was kept and is damaged is fetched again.
        let kept = self.store.get(&key).await;
        let bytes = match kept.filter(|bytes| file.check(bytes).is_ok()) {
            Some(bytes) => bytes,
            None => {
                let bytes = get(&format!("{}{path}", self.base), |so_far| {
                    progress(
                        &format!("Fetching {}", self.what(path)),
                        before + so_far,
                        self.total,
                    );
                })
                .await?;
                file.check(&bytes)?;
                self.store.put(&key, &bytes).await;
                bytes
            }
        };
        self.done.set(before + bytes.len() as f64);
        progress(
            &format!("Loading {}", self.what(path)),
            self.done.get(),
            self.total,
        );
        Ok(Some(bytes))
    }

    fn name(&self) -> String {
        self.manifest.name.clone()
    }

    fn licence(&self) -> Option<String> {
        Some(self.manifest.licence.clone())
    }

    fn recommended(&self) -> crate::protocol::Recommended {
        self.manifest.recommended.clone()
    }

    fn packed(&self) -> Result<Option<crate::pack::Packed>> {
        Ok(self.manifest.packed.clone())
    }

    fn checked(&self) -> bool {
        true
    }
}

fn method(object: &JsValue, name: &str) -> Result<Function> {
    Reflect::get(object, &JsValue::from_str(name))
        .ok()
        .and_then(|f| f.dyn_into().ok())
        .ok_or_else(|| Error::Io(format!("this browser's fetch has no {name}")))
}

async fn call(
    object: &JsValue,
    name: &str,
    argument: Option<&JsValue>,
    url: &str,
) -> Result<JsValue> {
    let function = method(object, name)?;
    let value = match argument {
        Some(a) => function.call1(object, a),
        None => function.call0(object),
    };
    let failed = |e: JsValue| {
        let reason = js_sys::Error::from(e).message();
        Error::Io(format!(
            "{url} could not be fetched ({}): check the connection and try again",
            String::from(reason)
        ))
    };
    let promise: Promise = value
        .map_err(failed)?
        .dyn_into()
        .map_err(|_| Error::Io(format!("{url} could not be fetched")))?;
    JsFuture::from(promise).await.map_err(failed)
}

/// GETs `url`, reporting the bytes so far. Fails with [`Error::Io`] on a refused or broken
/// connection and on any status but success.
async fn get(url: &str, mut report: impl FnMut(f64)) -> Result<Vec<u8>> {
    let global = js_sys::global();
    let response = call(&global, "fetch", Some(&JsValue::from_str(url)), url).await?;
    let field =
        |o: &JsValue, k: &str| Reflect::get(o, &JsValue::from_str(k)).unwrap_or(JsValue::UNDEFINED);
    if field(&response, "ok").as_bool() != Some(true) {
        let status = field(&response, "status").as_f64().unwrap_or_default();
        return Err(Error::Io(format!(
            "{url} could not be fetched: the server answered {status}"
        )));
    }
    let body = field(&response, "body");
    let reader = method(&body, "getReader")?
        .call0(&body)
        .map_err(|_| Error::Io(format!("{url} could not be read")))?;
    let mut bytes = Vec::new();
    loop {
        let chunk = call(&reader, "read", None, url).await?;
        if field(&chunk, "done").as_bool() == Some(true) {
            return Ok(bytes);
        }
        let chunk = Uint8Array::new(&field(&chunk, "value"));
        let at = bytes.len();
        bytes.resize(at + chunk.length() as usize, 0);
        chunk.copy_to(&mut bytes[at..]);
        report(bytes.len() as f64);
    }
}
