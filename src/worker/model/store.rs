//! Where models are kept between visits: the browser's private file system (OPFS), else its Cache API, else memory for this visit only.
//!
//! Each model has a folder of its own, named by the hash of its address; in it every file lies under its SHA-256, and the manifest, which is
//! written last, under [`MANIFEST`]: a folder without one is a download that has not been finished, and is never used as a model.
//! Bytes stay outside the wasm heap until a single file is read.

use std::cell::RefCell;

use js_sys::Uint8Array;
use wasm_bindgen::JsValue;

use super::{cache, opfs};
use crate::pack::manifest::sha256;
use crate::protocol::Place;
use crate::worker::js::{self, Js};

/// The name that a finished model's manifest is kept under.
pub const MANIFEST: &str = "manifest.json";

/// The name of the journal of a model that is made here.
pub const JOURNAL: &str = "making.json";

/// Something that keeps files under names.
enum Disk {
    Files(opfs::Folder),
    Cache(cache::Folder),
}

/// The kept files of one model.
pub struct Store {
    folder: String,
    disk: Option<Disk>,
    /// Files that the disk did not take, by name.
    memory: js_sys::Map,
    /// Why the disk did not take them.
    refused: RefCell<Option<String>>,
}

impl Store {
    /// Opens the store of the model at the address `base`.
    pub async fn open(base: &str) -> Self {
        Self::called(&folder(base)).await
    }

    /// Opens the store called `name`.
    async fn called(name: &str) -> Self {
        let (disk, refused) = match opfs::Folder::open(name).await {
            Ok(folder) => {
                cache::forget().await;
                (Some(Disk::Files(folder)), None)
            }
            Err(first) => match cache::Folder::open(name).await {
                Ok(folder) => (Some(Disk::Cache(folder)), None),
                Err(_) => (None, Some(js::error_message(&first))),
            },
        };
        Self {
            folder: name.into(),
            disk,
            memory: js_sys::Map::new(),
            refused: RefCell::new(refused),
        }
    }

    /// The store of the model at the address `base`, if there is one on disk.
    pub async fn there(base: &str) -> Option<Self> {
        let name = folder(base);
        let mut all = Self::all().await.into_iter();
        all.find(|store| store.folder == name)
    }

    /// The stores of all models that are kept on disk.
    pub async fn all() -> Vec<Self> {
        let names = match opfs::folders().await {
            Ok(names) => names,
            Err(_) => cache::folders().await.unwrap_or_default(),
        };
        let mut stores = Vec::new();
        for name in names {
            stores.push(Self::called(&name).await);
        }
        stores
    }

    /// Its name.
    pub fn folder(&self) -> &str {
        &self.folder
    }

    /// The names of the kept files.
    async fn names(&self) -> Vec<String> {
        let names = match &self.disk {
            Some(Disk::Files(folder)) => folder.names().await,
            Some(Disk::Cache(folder)) => folder.names().await,
            None => Ok(Vec::new()),
        };
        names.unwrap_or_default()
    }

    /// Names and sizes of the kept files.
    pub async fn sizes(&self) -> Vec<(String, u64)> {
        let mut sizes = Vec::new();
        for name in self.names().await {
            let size = self.size(&name).await.unwrap_or_default();
            sizes.push((name, size));
        }
        sizes
    }

    /// A kept file as a blob, which refers to the disk where that can be.
    pub async fn blob(&self, name: &str) -> Js<JsValue> {
        match &self.disk {
            Some(Disk::Files(folder)) => folder.file(name).await,
            Some(Disk::Cache(folder)) => {
                let parts = js_sys::Array::of1(&folder.read(name).await?.into());
                js::new("Blob", &[parts.into()])
            }
            None => Err(JsValue::UNDEFINED),
        }
    }

    /// Removes everything, and the folder.
    pub async fn clear(&self) -> Js<()> {
        match &self.disk {
            Some(Disk::Files(_)) => opfs::remove_folder(&self.folder).await,
            _ => {
                self.keep_only(&[]).await;
                Ok(())
            }
        }
    }

    /// Where files go that are kept from now on.
    pub fn place(&self) -> Place {
        match &self.disk {
            _ if self.refused.borrow().is_some() => Place::Memory,
            Some(Disk::Files(_)) => Place::Files,
            Some(Disk::Cache(_)) => Place::Cache,
            None => Place::Memory,
        }
    }

    /// Why files stand in memory only, in the browser's words.
    pub fn refused(&self) -> Option<String> {
        self.refused.borrow().clone()
    }

    /// Keeps nothing more on disk, for this reason.
    pub fn refuse(&self, reason: &str) {
        self.refused.replace(Some(reason.into()));
    }

    /// The size of a kept file.
    pub async fn size(&self, name: &str) -> Option<u64> {
        match &self.disk {
            Some(Disk::Files(folder)) => folder.size(name).await.ok(),
            Some(Disk::Cache(folder)) => folder.size(name).await.ok(),
            None => None,
        }
    }

    /// The bytes kept under `name`.
    pub async fn get(&self, name: &str) -> Option<Uint8Array> {
        let held = self.memory.get(&name.into());
        if !held.is_undefined() {
            return Some(Uint8Array::new(&held));
        }
        let read = match self.disk.as_ref()? {
            Disk::Files(folder) => folder.read(name).await,
            Disk::Cache(folder) => folder.read(name).await,
        };
        read.ok()
    }

    /// Keeps `bytes`, in memory if the disk does not take them.
    pub async fn put(&self, name: &str, bytes: &Uint8Array) {
        if self.refused.borrow().is_none() {
            let written = match &self.disk {
                Some(Disk::Files(folder)) => folder.write(name, bytes).await,
                Some(Disk::Cache(folder)) => folder.write(name, bytes).await,
                None => Err(JsValue::UNDEFINED),
            };
            match written {
                Ok(()) => return,
                Err(e) => self.refuse(&reason(&e)),
            }
        }
        self.memory.set(&name.into(), bytes);
    }

    /// Removes a file.
    pub async fn remove(&self, name: &str) {
        self.memory.delete(&name.into());
        // What cannot be removed is replaced by the next write.
        let _ = match &self.disk {
            Some(Disk::Files(folder)) => folder.remove(name).await,
            Some(Disk::Cache(folder)) => folder.remove(name).await,
            None => Ok(()),
        };
    }

    /// Removes everything but `names`. What cannot be removed only takes space.
    pub async fn keep_only(&self, names: &[String]) {
        for name in self.names().await {
            if !names.contains(&name) {
                self.remove(&name).await;
            }
        }
    }
}

/// The folder of the model at the address `base`.
pub fn folder(base: &str) -> String {
    sha256(base.as_bytes()).chars().take(16).collect()
}

fn reason(error: &JsValue) -> String {
    match js::error_name(error).as_str() {
        "QuotaExceededError" => "the disk or this site's share of it is full".into(),
        _ => js::error_message(error),
    }
}

/// SHA-256 of `bytes` in lower-case hexadecimal, by the browser where it can: in seconds less for a gigabyte, and outside the wasm heap.
pub async fn digest(bytes: &Uint8Array) -> String {
    let subtle = js::field(&js::global("crypto"), "subtle");
    let found: Js<JsValue> = js::call(&subtle, "digest", &["SHA-256".into(), bytes.into()]).await;
    match found {
        Ok(buffer) if buffer.is_object() => Uint8Array::new(&buffer)
            .to_vec()
            .iter()
            .map(|b| format!("{b:02x}"))
            .collect(),
        _ => sha256(&bytes.to_vec()),
    }
}
