//! The models that are kept in this browser: what they are, whether they are whole, and their removal and export.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::JsValue;

use super::store::{MANIFEST, Store, digest};
use super::{lock, space};
use crate::engine::files::Manifest;
use crate::pack::tar;
use crate::protocol::{Event, LibraryEvent, LibraryRequest, StoredModel};
use crate::worker::{js, post};
use crate::{Error, Result};

fn say(event: LibraryEvent) {
    post(&Event::Library(event));
}

/// Does what is asked, says how it ended, and what is kept now.
pub async fn answer(request: LibraryRequest) {
    let outcome = match request {
        LibraryRequest::List => Ok(()),
        LibraryRequest::Verify(folder) => verify(&folder).await,
        LibraryRequest::Remove(folder) => remove(&folder).await,
        LibraryRequest::Export(folder) => export(&folder).await,
    };
    if let Err(e) = outcome {
        let message = e.to_string();
        say(LibraryEvent::Problem { message });
    }
    say(LibraryEvent::Models {
        models: list().await,
        free: space::free().await,
    });
}

/// All of them, unfinished ones too.
async fn list() -> Vec<StoredModel> {
    let mut found = Vec::new();
    for store in Store::all().await {
        let sizes = store.sizes().await;
        let manifest = manifest(&store).await;
        let of = |f: fn(&Manifest) -> &String| manifest.as_ref().map(|m| f(m).clone());
        let files = manifest.as_ref().map(|m| &m.files);
        found.push(StoredModel {
            folder: store.folder().into(),
            name: of(|m| &m.name),
            licence: of(|m| &m.licence),
            source: of(|m| &m.source),
            bytes: sizes.iter().map(|(_, size)| *size as f64).sum(),
            whole: files.is_some_and(|files| {
                let there = |sha: &str, bytes| sizes.iter().any(|(n, s)| n == sha && *s == bytes);
                files.iter().all(|f| there(&f.sha256, f.bytes))
            }),
            place: store.place(),
        });
    }
    found
}

/// The kept manifest of a model.
pub async fn manifest(store: &Store) -> Option<Manifest> {
    Manifest::parse(&store.get(MANIFEST).await?.to_vec()).ok()
}

/// The store called `folder`, with the lock that keeps downloads away from it.
async fn hold(folder: &str) -> Result<(Store, lock::Lock)> {
    let lock = lock::at_once(folder).await.ok_or_else(|| {
        Error::invalid("a tab is downloading this model: wait for it, or close that tab")
    })?;
    let store = (Store::all().await.into_iter()).find(|s| s.folder() == folder);
    Ok((
        store.ok_or_else(|| Error::invalid("this model is not kept any more"))?,
        lock,
    ))
}

/// Compares every file with its SHA-256. Damaged ones are removed, so that the next start fetches them again.
async fn verify(folder: &str) -> Result<()> {
    let (store, _lock) = hold(folder).await?;
    let manifest = manifest(&store).await.ok_or_else(|| {
        Error::model(
            "this download is not finished, so there is no list to compare it with: start it again",
        )
    })?;
    let total: f64 = manifest.files.iter().map(|f| f.bytes as f64).sum();
    let (mut done, mut damaged, mut missing) = (0.0, 0, 0);
    for file in &manifest.files {
        match store.get(&file.sha256).await {
            Some(bytes) if digest(&bytes).await == file.sha256 => (),
            Some(_) => {
                store.remove(&file.sha256).await;
                damaged += 1;
            }
            None => missing += 1,
        }
        done += file.bytes as f64;
        say(LibraryEvent::Verifying { done, total });
    }
    say(LibraryEvent::Verified {
        files: manifest.files.len() as u32,
        damaged,
        missing,
    });
    Ok(())
}

/// Removes the model.
async fn remove(folder: &str) -> Result<()> {
    let (store, _lock) = hold(folder).await?;
    let removed = store.clear().await;
    removed.map_err(|e| {
        Error::Io(format!(
            "the model could not be removed: {}",
            js::error_message(&e)
        ))
    })
}

/// Makes a tar archive of the model's folder and says where the page gets it. The archive refers to the kept files: no bytes are copied.
async fn export(folder: &str) -> Result<()> {
    let (store, _lock) = hold(folder).await?;
    let manifest = manifest(&store)
        .await
        .ok_or_else(|| Error::model("this download is not finished"))?;
    let failed = |e: JsValue| {
        Error::Io(format!(
            "the model could not be exported: {}",
            js::error_message(&e)
        ))
    };
    let too_large = |path: &str| Error::invalid(format!("{path} does not fit into a tar archive"));
    let parts = Array::new();
    let zeros = |count: usize| Uint8Array::new_with_length(count as u32);
    let mut files = vec![(MANIFEST, MANIFEST.to_owned())];
    files.extend(
        manifest
            .files
            .iter()
            .map(|f| (f.path.as_str(), f.sha256.clone())),
    );
    for (path, name) in files {
        let blob = store.blob(&name).await.map_err(failed)?;
        let size = js::field(&blob, "size").as_f64().unwrap_or_default() as u64;
        let header = tar::header(path, size).ok_or_else(|| too_large(path))?;
        parts.push(&Uint8Array::from(&header[..]));
        parts.push(&blob);
        parts.push(&zeros(tar::filling(size)));
    }
    parts.push(&zeros(tar::END));
    let kind = js::object(&[("type", "application/x-tar".into())]);
    let archive = js::new("Blob", &[parts.into(), kind]).map_err(failed)?;
    let url = js::invoke(&js::global("URL"), "createObjectURL", &[archive]).map_err(failed)?;
    say(LibraryEvent::Exported {
        name: format!("{}.tar", file_name(&manifest.name)),
        url: url.as_string().unwrap_or_default(),
    });
    Ok(())
}

/// A model's name as a file name.
fn file_name(name: &str) -> String {
    let plain = |c: char| {
        if c.is_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    name.chars().map(plain).collect()
}
