//! Model files from a server or an earlier visit, each checked against the manifest.
//!
//! First everything that is missing is brought into the [`store::Store`], by one tab at a time; then the engine reads file
//! by file, and shards tensor by tensor, so that the wasm heap never holds more than one of them.

mod cache;
pub mod control;
mod download;
mod http;
pub mod library;
mod lock;
mod opfs;
mod report;
mod space;
mod store;

use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;

use js_sys::Uint8Array;

use control::Control;
use download::{Download, Wanted};
use http::Fault;
use store::{MANIFEST, Store, digest};

use super::{js, progress};
use crate::engine::ModelFiles;
use crate::engine::files::{Manifest, ManifestFile};
use crate::pack::table::{ShardBytes, shard_path};
use crate::protocol::Kept;
use crate::{Error, Result};

/// A model folder behind a URL, described by its `manifest.json`.
pub struct Served {
    download: Rc<Download>,
    manifest: Manifest,
    /// The manifest as it came; `None` when it is the kept one.
    fresh: Option<Uint8Array>,
    total: f64,
    done: Cell<f64>,
}

impl Served {
    /// Fetches the manifest of the folder `base` (absolute, ending in a slash), or without a network takes that of an earlier visit, and
    /// brings what is missing of its files into the store.
    pub async fn open(base: &str, control: Rc<Control>) -> Result<Self> {
        control.reset();
        let _lock = lock::acquire(&store::folder(base), || {
            progress(
                "another tab is downloading this model: waiting for it",
                0.0,
                0.0,
            );
        })
        .await;
        let store = Rc::new(Store::open(base).await);
        let (bytes, fresh) = manifest(base, &store, &control).await?;
        let manifest = Manifest::parse(&bytes.to_vec())?;
        let total = manifest.files.iter().map(|f| f.bytes as f64).sum();
        let mut wanted = Vec::new();
        for file in &manifest.files {
            let listed = |w: &Wanted| w.file.sha256 == file.sha256;
            if store.size(&file.sha256).await != Some(file.bytes) && !wanted.iter().any(listed) {
                let what = what(&manifest, &file.path);
                wanted.push(Wanted {
                    file: file.clone(),
                    what,
                });
            }
        }
        let missing: f64 = wanted.iter().map(|w| w.file.bytes as f64).sum();
        if let Some(free) = space::free().await.filter(|free| missing > *free) {
            store.refuse(&format!(
                "{:.1} MB are missing, and this browser lets the site store {:.1} MB more",
                missing / 1e6,
                free / 1e6
            ));
        }
        let download = Rc::new(Download {
            base: base.into(),
            store,
            control,
            report: report::Report::new(total, total - missing),
        });
        download.clone().all(wanted).await?;
        Ok(Self {
            download,
            manifest,
            fresh: fresh.then_some(bytes),
            total,
            done: Cell::new(0.0),
        })
    }

    /// Notes that all files are there, and forgets those of earlier versions. To be called once the model has been loaded.
    pub async fn commit(&self) {
        let store = &self.download.store;
        if let Some(bytes) = &self.fresh {
            store.put(MANIFEST, bytes).await;
        }
        let mut names: Vec<_> = self
            .manifest
            .files
            .iter()
            .map(|f| f.sha256.clone())
            .collect();
        names.push(MANIFEST.into());
        store.keep_only(&names).await;
    }

    /// Where the files are, for the visitor.
    pub async fn kept(&self) -> Kept {
        Kept {
            place: self.download.store.place(),
            refused: self.download.store.refused(),
            bytes: self.total,
            free: space::free().await,
            heap: js::heap(),
        }
    }

    /// Says that the file is being set up.
    fn used(&self, file: &ManifestFile) {
        self.done.set(self.done.get() + file.bytes as f64);
        let stage = format!("setting up {}", what(&self.manifest, &file.path));
        progress(&stage, self.done.get().min(self.total), self.total);
    }

    /// The bytes of a file, fetched again if they were kept and are damaged.
    async fn bytes(&self, file: &ManifestFile) -> Result<Uint8Array> {
        if let Some(bytes) = self.download.store.get(&file.sha256).await
            && digest(&bytes).await == file.sha256
        {
            return Ok(bytes);
        }
        let what = what(&self.manifest, &file.path);
        let file = file.clone();
        self.download.one(&Wanted { file, what }).await
    }
}

/// A shard in the browser's memory: the wasm heap, which never shrinks, gets a tensor at a time.
struct Outside(Uint8Array);

impl ShardBytes for Outside {
    fn append(&self, place: Range<usize>, to: &mut Vec<u8>) -> Option<()> {
        let [start, end] = [place.start, place.end].map(|n| u32::try_from(n).ok());
        let (start, end) = (start?, end?);
        if start > end || end > self.0.length() {
            return None;
        }
        let at = to.len();
        to.reserve_exact(place.len());
        to.resize(at + place.len(), 0);
        self.0.subarray(start, end).copy_to(&mut to[at..]);
        Some(())
    }
}

/// The manifest's bytes, and whether they came from the server. A server that does not answer does not keep a kept model from its use.
async fn manifest(base: &str, store: &Store, control: &Control) -> Result<(Uint8Array, bool)> {
    let url = format!("{base}manifest.json");
    let fault = match http::get(&url, None, false, control, |_| ()).await {
        Ok(bytes) => return Ok((bytes, true)),
        Err(fault) => fault,
    };
    if let Some(bytes) = store.get(MANIFEST).await {
        return Ok((bytes, false));
    }
    let fault = match fault {
        Fault::Passing(_) => match http::get(&url, None, true, control, |_| ()).await {
            Ok(bytes) => return Ok((bytes, true)),
            Err(fault) => fault,
        },
        lasting => lasting,
    };
    Err(Error::Io(format!(
        "{}. Check the connection and try again.",
        fault.message()
    )))
}

/// A file for the visitor: a shard's name is a hash, which says nothing.
fn what(manifest: &Manifest, path: &str) -> String {
    let packed = manifest.packed.as_ref();
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

impl ModelFiles for Served {
    async fn read(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let Some(file) = self.manifest.file(path) else {
            return Ok(None);
        };
        let bytes = self.bytes(file).await?;
        self.used(file);
        Ok(Some(bytes.to_vec()))
    }

    async fn shard(&self, path: &str) -> Result<Option<Box<dyn ShardBytes>>> {
        let Some(file) = self.manifest.file(path) else {
            return Ok(None);
        };
        let bytes = self.bytes(file).await?;
        self.used(file);
        Ok(Some(Box::new(Outside(bytes))))
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
