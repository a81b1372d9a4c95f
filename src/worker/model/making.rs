//! A packed model made here of a folder in diffusers layout: its weights are read in pieces, quantised, and kept as shards, so that from then
//! on it is a model like any other. What is made is noted in a journal, so that a cut goes on at the last whole shard.

use std::collections::BTreeMap;
use std::rc::Rc;

use js_sys::Uint8Array;
use serde::{Deserialize, Serialize};

use super::ahead::{Ahead, WeightFile, traffic};
use super::fetcher::Fetcher;
use super::http::{Fault, Want};
use super::origin::Origin;
use super::space;
use super::store::{JOURNAL, Store, digest};
use crate::engine::check::{check_configs, check_tensors};
use crate::engine::files::{Manifest, ManifestFile, sha256};
use crate::models::Autoencoder;
use crate::pack::Precision;
use crate::pack::diffusers::{
    NEEDED, OPTIONAL, PARTS, QUICK, check_tokenizer, licence, no_weights, tensors, unknown,
    weight_files,
};
use crate::pack::header::{Header, MAX_HEADER, shard_files};
use crate::pack::layout::{Layout, Part};
use crate::{Error, Result};

/// Largest shard made here, in bytes: half of the usual, since it is made in the wasm heap.
const SHARD_BYTES: usize = 32 << 20;

/// What is done of a model that is being made.
#[derive(Debug, Serialize, Deserialize)]
struct Journal {
    /// SHA-256 over everything that the shards depend on.
    of: String,
    /// SHA-256 of the shards that are made, by their numbers.
    shards: BTreeMap<usize, String>,
}

/// Makes the model: the UNet in `precision`, the rest as `latino pack` would by itself (in half precision all, if that is asked for). Fails
/// with [`Error::Model`] when it is none that this program runs, before its weights are read; and as the source does.
pub async fn make(fetcher: &Rc<Fetcher>, store: &Store, precision: Precision) -> Result<Manifest> {
    let small = small_files(fetcher).await?;
    let text = |path: &str| {
        let bytes = small
            .get(path)
            .ok_or_else(|| Error::model(format!("{} is missing", fetcher.origin.address(path))))?;
        String::from_utf8(bytes.clone())
            .map_err(|_| Error::model(format!("{path} is not UTF-8 text")))
    };
    check_configs(text)?;
    if small.contains_key(QUICK) {
        Autoencoder::check_config(&text(QUICK)?)?;
    }
    let tokenizer = fetcher.origin.address("tokenizer");
    check_tokenizer(&tokenizer, small.keys().copied())?;
    let (mut parts, mut files) = (Vec::new(), Vec::new());
    let mut depends = format!("{precision} {SHARD_BYTES} {}", env!("CARGO_PKG_VERSION"));
    for (name, stem) in PARTS {
        if name == "vae_quick" && !small.contains_key(QUICK) {
            continue;
        }
        let (headers, weights) = headers(fetcher, name, stem).await?;
        for (header, file) in headers.iter().zip(&weights) {
            depends += &format!("{} {} {header:?}", file.path, file.version);
        }
        let part = Part {
            name,
            precision: match (name, precision) {
                ("unet", _) | (_, Precision::F16) => precision,
                ("text_encoder", _) => Precision::Q8,
                _ => Precision::F16,
            },
            tensors: tensors(name, headers.iter())?,
        };
        check_tensors(&part, &text(&format!("{name}/config.json"))?)?;
        parts.push(part);
        files.push(weights);
    }
    let layout = Layout::new(parts, SHARD_BYTES)?;
    let sizes = layout.sizes();
    let mut journal = journal(store, sha256(depends.as_bytes())).await;
    let mut todo = Vec::new();
    for (index, size) in sizes.iter().enumerate() {
        let kept = match journal.shards.get(&index) {
            Some(hash) => store.size(hash).await,
            None => None,
        };
        if kept != Some(*size) {
            todo.push(index);
        }
    }
    let needed: u64 = todo.iter().filter_map(|index| sizes.get(*index)).sum();
    space::check(store, needed as f64).await;
    let all: Vec<usize> = (0..sizes.len()).collect();
    let traffics = [&all, &todo].map(|indices| traffic(&layout, indices));
    fetcher.report.begin(traffics[0], traffics[0] - traffics[1]);
    let mut source = Ahead::new(fetcher.clone(), &layout, &files, &todo);
    for index in todo {
        let shard = layout.fill(index, &mut source, &mut |_, _| ()).await?;
        // Out of the heap before the next one is made.
        let bytes = Uint8Array::from(shard.as_slice());
        drop(shard);
        let hash = digest(&bytes).await;
        store.put(&hash, &bytes).await;
        journal.shards.insert(index, hash);
        note(store, &journal).await;
    }
    let mut entries = Vec::new();
    for path in NEEDED.iter().chain(&OPTIONAL) {
        if let Some(bytes) = small.get(path) {
            let entry = ManifestFile::of(*path, bytes);
            store
                .put(&entry.sha256, &Uint8Array::from(bytes.as_slice()))
                .await;
            entries.push(entry);
        }
    }
    let (name, source) = called(&fetcher.origin);
    let mut facts = unknown(format!("{name} ({precision})"));
    facts.source = source;
    let card = fetcher.small("README.md").await.ok().flatten();
    let card = card.map(|got| String::from_utf8_lossy(&got.bytes.to_vec()).into_owned());
    if let Some(licence) = card.and_then(|card| licence(&card)) {
        facts.licence = licence;
    }
    let hashes = (0..sizes.len()).map(|index| journal.shards.get(&index).cloned());
    let hashes: Option<Vec<String>> = hashes.collect();
    let hashes = hashes.ok_or_else(|| Error::model("the model was not made whole"))?;
    layout.manifest(facts, entries, hashes)
}

/// The configs and the tokenizer. Says what else it is, if it is no model of the kind that this program runs.
async fn small_files(fetcher: &Fetcher) -> Result<BTreeMap<&'static str, Vec<u8>>> {
    let index = fetcher.small("model_index.json").await;
    if let Some(index) = index.map_err(|f| f.error())? {
        check_index(&index.bytes.to_vec())?;
    }
    let mut small = BTreeMap::new();
    for path in NEEDED.iter().chain(&OPTIONAL) {
        match fetcher.quiet(path, &Want::default()).await {
            Ok(got) => drop(small.insert(*path, got.bytes.to_vec())),
            Err(Fault::Missing(_)) if OPTIONAL.contains(path) => {}
            Err(Fault::Missing(missing)) => {
                return Err(Error::model(format!(
                    "{missing}: neither a packed model nor a whole diffusers folder is there"
                )));
            }
            Err(fault) => return Err(fault.error()),
        }
    }
    Ok(small)
}

/// Fails with [`Error::Model`] when `json`, a `model_index.json`, is that of a pipeline of another kind.
fn check_index(json: &[u8]) -> Result<()> {
    let Ok(index) = serde_json::from_slice::<serde_json::Value>(json) else {
        return Ok(());
    };
    let has = |part: &str| index.get(part).is_some_and(|v| v[0].is_string());
    let why = if has("text_encoder_2") {
        "it has two text encoders"
    } else if !has("unet") {
        "it has no UNet"
    } else {
        return Ok(());
    };
    Err(Error::model(format!(
        "this is a {} and cannot be run here: {why}. Latent consistency models in the layout of Stable Diffusion 1 and 2 can.",
        index["_class_name"]
            .as_str()
            .unwrap_or("model of another kind")
    )))
}

/// The headers of the weight files of a part, half-precision files rather than others: they are half as much to fetch.
async fn headers(
    fetcher: &Fetcher,
    part: &str,
    stem: &str,
) -> Result<(Vec<Header>, Vec<WeightFile>)> {
    for variant in [".fp16", ""] {
        let [single, index] = weight_files(stem, variant);
        if let Some((header, file)) = header(fetcher, format!("{part}/{single}")).await? {
            return Ok((vec![header], vec![file]));
        }
        let index = format!("{part}/{index}");
        let Some(got) = fetcher.small(&index).await.map_err(|f| f.error())? else {
            continue;
        };
        let (mut headers, mut files) = (Vec::new(), Vec::new());
        for name in shard_files(&String::from_utf8_lossy(&got.bytes.to_vec()))? {
            let path = format!("{part}/{name}");
            let (header, file) = header(fetcher, path).await?.ok_or_else(|| {
                let address = fetcher.origin.address(&format!("{part}/{name}"));
                Error::model(format!("{address} is missing, though {index} lists it"))
            })?;
            headers.push(header);
            files.push(file);
        }
        return Ok((headers, files));
    }
    let path = format!("{part}/{stem}.safetensors");
    Err(no_weights(&fetcher.origin.address(&path)))
}

/// The header of one weight file; `None` when there is no such file.
async fn header(fetcher: &Fetcher, path: String) -> Result<Option<(Header, WeightFile)>> {
    let part = |range| Want {
        range: Some(range),
        ..Want::default()
    };
    let length = match fetcher.quiet(&path, &part(0..8)).await {
        Ok(got) => got,
        Err(Fault::Missing(_)) => return Ok(None),
        Err(fault) => return Err(fault.error()),
    };
    let bytes: [u8; 8] = (length.bytes.to_vec().try_into()).unwrap_or([0xff; 8]);
    let count = u64::from_le_bytes(bytes);
    if count > MAX_HEADER {
        return Err(Error::model(format!(
            "{} is no safetensors file",
            fetcher.origin.address(&path)
        )));
    }
    let json = fetcher.quiet(&path, &part(8..8 + count)).await;
    let json = json.map_err(|f| f.error())?.bytes.to_vec();
    // How large the file is nobody has said; what lies beyond its end will not come.
    let header = Header::parse(&json, u64::MAX)
        .map_err(|e| Error::model(format!("{}: {e}", fetcher.origin.address(&path))))?;
    let version = length.version;
    Ok(Some((header, WeightFile { path, version })))
}

/// The journal of an earlier try at the same model, or a new one.
async fn journal(store: &Store, of: String) -> Journal {
    let earlier = store.get(JOURNAL).await;
    let earlier = earlier.and_then(|b| serde_json::from_slice::<Journal>(&b.to_vec()).ok());
    match earlier {
        Some(journal) if journal.of == of => journal,
        _ => Journal {
            of,
            shards: BTreeMap::new(),
        },
    }
}

async fn note(store: &Store, journal: &Journal) {
    if let Ok(json) = serde_json::to_vec(journal) {
        store.put(JOURNAL, &Uint8Array::from(json.as_slice())).await;
    }
}

/// The name and the source of the model.
fn called(origin: &Origin) -> (String, String) {
    match origin {
        Origin::Local(files) => (
            files.name().to_owned(),
            "files chosen in this browser".into(),
        ),
        Origin::Web(base) => {
            let parts: Vec<&str> = base.split('/').filter(|p| !p.is_empty()).collect();
            // A hub's repository is owner/name/resolve/revision; elsewhere the folder's name has to do.
            let revision = parts.iter().position(|p| *p == "resolve");
            let name = match revision {
                Some(at) if at >= 4 => parts[at - 2..at].join("/"),
                _ => parts.last().map_or_else(String::new, |p| (*p).to_owned()),
            };
            (name, base.clone())
        }
    }
}
