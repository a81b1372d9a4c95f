//! Model files from a server, from files that the visitor chose, or from an earlier visit, each checked against the manifest.
//!
//! First everything that is missing is brought into the [`store::Store`], by one tab at a time, or made there of a diffusers folder; then the
//! engine reads file by file, and shards tensor by tensor, so that the wasm heap never holds more than one of them.

mod ahead;
mod cache;
pub mod control;
mod download;
mod fetcher;
mod http;
pub mod library;
pub mod local;
mod lock;
mod making;
mod opfs;
mod origin;
mod report;
mod space;
mod store;

use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;

use js_sys::Uint8Array;

use control::Control;
use download::{Download, Wanted};
use fetcher::Fetcher;
use http::{Fault, Want};
use local::Local;
use origin::Origin;
use store::{JOURNAL, MANIFEST, Store, digest};

use super::{js, progress};
use crate::engine::ModelFiles;
use crate::engine::files::{Manifest, ManifestFile};
use crate::pack::Precision;
use crate::pack::table::{ShardBytes, shard_path};
use crate::protocol::{Kept, LOCAL, split_precision};
use crate::{Error, Result};

/// A model folder described by its `manifest.json`, all of whose files are in the store.
pub struct Served {
    download: Rc<Download>,
    manifest: Manifest,
    /// The manifest as it came; `None` when it is the kept one.
    fresh: Option<Uint8Array>,
    /// It was made here: nowhere else are its files.
    made: bool,
    total: f64,
    done: Cell<f64>,
}

impl Served {
    /// Opens the model at `address`: the absolute address of a folder, ending in a slash, or one of [`local`] files, and then perhaps a
    /// precision. One that was made here and is whole is used as it is, without a request. Of a packed one the manifest is fetched, or
    /// without a network that of an earlier visit is taken, and what is missing of its files is fetched; of a diffusers folder a packed
    /// model is made.
    pub async fn open(address: &str, control: Rc<Control>) -> Result<Self> {
        control.reset();
        let (base, precision) = split_precision(address);
        let precision = match precision {
            Some("q4") => Precision::Q4,
            Some("f16") => Precision::F16,
            _ => Precision::Q8,
        };
        let made_name = format!("{base}#{precision}");
        let _lock = lock::acquire(&store::folder(base), || {
            progress(
                "another tab is downloading this model: waiting for it",
                0.0,
                0.0,
            );
        })
        .await;
        let origin = match base.starts_with(LOCAL) {
            true => Origin::Local(Rc::new(Local::open(base).await?)),
            false => Origin::Web(base.into()),
        };
        let fetcher = Rc::new(Fetcher::new(origin, control));
        let with = |store| {
            let fetcher = fetcher.clone();
            Rc::new(Download { fetcher, store })
        };
        if let Some(store) = Store::there(&made_name).await
            && let Some(manifest) = whole(&store).await
        {
            return Ok(Self::new(with(Rc::new(store)), manifest, None, true));
        }
        let store = Rc::new(Store::open(base).await);
        let found = manifest(&fetcher, &store).await;
        if !matches!(found, Ok(Some(_))) && store.sizes().await.is_empty() {
            // An empty folder would only puzzle the visitor.
            let _ = store.clear().await;
        }
        let Some((bytes, fresh)) = found? else {
            let _making = lock::acquire(&store::folder(&made_name), || ()).await;
            let store = Rc::new(Store::open(&made_name).await);
            let manifest = making::make(&fetcher, &store, precision).await?;
            let bytes = Uint8Array::from(manifest.json()?.as_slice());
            return Ok(Self::new(with(store), manifest, Some(bytes), true));
        };
        let manifest = Manifest::parse(&bytes.to_vec())?;
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
        space::check(&store, missing).await;
        let total = total(&manifest);
        fetcher.report.begin(total, total - missing);
        let download = with(store);
        download.clone().all(wanted).await?;
        Ok(Self::new(download, manifest, fresh.then_some(bytes), false))
    }

    fn new(
        download: Rc<Download>,
        manifest: Manifest,
        fresh: Option<Uint8Array>,
        made: bool,
    ) -> Self {
        Self {
            download,
            total: total(&manifest),
            manifest,
            fresh,
            made,
            done: Cell::new(0.0),
        }
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
        if self.made {
            // With it a shard that is damaged one day can be made again by itself.
            names.push(JOURNAL.into());
        }
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

    /// The checked bytes of the file at `path`, which is being set up; `None` when there is no such file.
    async fn take(&self, path: &str) -> Result<Option<Uint8Array>> {
        let Some(file) = self.manifest.file(path) else {
            return Ok(None);
        };
        let bytes = self.bytes(file).await?;
        self.done.set(self.done.get() + file.bytes as f64);
        let stage = format!("setting up {}", what(&self.manifest, path));
        progress(&stage, self.done.get().min(self.total), self.total);
        Ok(Some(bytes))
    }

    /// The bytes of a file, fetched again if they were kept and are damaged.
    async fn bytes(&self, file: &ManifestFile) -> Result<Uint8Array> {
        if let Some(bytes) = self.download.store.get(&file.sha256).await
            && digest(&bytes).await == file.sha256
        {
            return Ok(bytes);
        }
        if self.made {
            self.download.store.remove(&file.sha256).await;
            return Err(Error::Io(format!(
                "A part of this model ({} bytes) was damaged in the browser's storage and has been removed. Try again to make that part anew from where the model came from.",
                file.bytes
            )));
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

/// The manifest of a store all of whose files are there.
async fn whole(store: &Store) -> Option<Manifest> {
    let manifest = library::manifest(store).await?;
    for file in &manifest.files {
        if store.size(&file.sha256).await != Some(file.bytes) {
            return None;
        }
    }
    Some(manifest)
}

/// Bytes of all files.
fn total(manifest: &Manifest) -> f64 {
    manifest.files.iter().map(|f| f.bytes as f64).sum()
}

/// The manifest's bytes, and whether they came just now; `None` when there is no such file, nor a kept one. A server that does not answer
/// does not keep a kept model from its use.
async fn manifest(fetcher: &Fetcher, store: &Store) -> Result<Option<(Uint8Array, bool)>> {
    let get = |fresh| async move {
        let want = Want {
            fresh,
            ..Want::default()
        };
        let Fetcher {
            origin, control, ..
        } = fetcher;
        origin.get(MANIFEST, &want, control, |_| ()).await
    };
    let fault = match get(false).await {
        Ok(got) => return Ok(Some((got.bytes, true))),
        Err(fault) => fault,
    };
    if let Some(bytes) = store.get(MANIFEST).await {
        return Ok(Some((bytes, false)));
    }
    let fault = match fault {
        Fault::Passing(_) => match get(true).await {
            Ok(got) => return Ok(Some((got.bytes, true))),
            Err(fault) => fault,
        },
        lasting => lasting,
    };
    match fault {
        Fault::Missing(_) => Ok(None),
        fault => {
            let advice = match fetcher.origin {
                Origin::Web(_) => " Check the connection and try again.",
                Origin::Local(_) => "",
            };
            Err(Error::Io(format!("{}.{advice}", fault.message())))
        }
    }
}

/// A part for the visitor.
fn part_name(folder: &str) -> &'static str {
    match folder {
        "text_encoder" => "the text encoder",
        "unet" => "the UNet",
        _ => "the autoencoder",
    }
}

/// A file for the visitor: a shard's name is a hash, which says nothing.
fn what(manifest: &Manifest, path: &str) -> String {
    let packed = manifest.packed.as_ref();
    let place = packed.and_then(|packed| {
        let shard = (packed.shards.iter()).position(|hash| shard_path(hash) == path)?;
        packed.parts.iter().find_map(|part| {
            let shards: Vec<_> = part.shards().into_iter().collect();
            let number = shards.iter().position(|s| *s == shard)?;
            let name = part_name(&part.name);
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
        let bytes = self.take(path).await?;
        Ok(bytes.map(|bytes| bytes.to_vec()))
    }

    async fn shard(&self, path: &str, _: &str) -> Result<Option<Box<dyn ShardBytes>>> {
        let bytes = self.take(path).await?;
        Ok(bytes.map(|bytes| Box::new(Outside(bytes)) as Box<dyn ShardBytes>))
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
}
