//! Packing a diffusers folder into a new folder. Weights pass through memory a few million values
//! at a time, so that it does not matter how large the model is.

use std::fs;
use std::path::PathBuf;

use super::block::BLOCK;
use super::lora::Lora;
use super::manifest::{Manifest, ManifestFile};
use super::part::Part;
use super::precision::Precision;
use super::shards::{SHARD_BYTES, ShardWriter};
use super::source::io_error;
use super::table::{Packed, PackedPart, shard_path};
use super::unfinished::Unfinished;
use crate::protocol::Recommended;
use crate::{Error, Result};

/// Files that are copied as they are.
const NEEDED: [&str; 4] = [
    "scheduler/scheduler_config.json",
    "text_encoder/config.json",
    "unet/config.json",
    "vae/config.json",
];
const QUICK: &str = "vae_quick/config.json";
const OPTIONAL: [&str; 5] = [
    "tokenizer/merges.txt",
    "tokenizer/tokenizer.json",
    "tokenizer/tokenizer_config.json",
    "tokenizer/vocab.json",
    QUICK,
];

/// What to pack and how.
#[derive(Debug, Clone)]
pub struct Job {
    /// The diffusers folder.
    pub from: PathBuf,
    /// The folder to make; it must not be there yet.
    pub to: PathBuf,
    /// Precision of the text encoder.
    pub text: Precision,
    /// Precision of the UNet.
    pub unet: Precision,
    /// Precision of the autoencoder.
    pub vae: Precision,
    /// LoRA files with their scales, fused one after the other.
    pub loras: Vec<(PathBuf, f32)>,
    /// Largest shard in bytes, [`SHARD_BYTES`] unless testing.
    pub shard_bytes: usize,
    /// Display name.
    pub name: String,
    /// Licence, as an SPDX expression or a sentence.
    pub licence: String,
    /// Where the model comes from.
    pub source: String,
    /// The solver settings that suit it.
    pub recommended: Recommended,
}

impl Job {
    /// The usual precisions: UNet and text encoder in 8 bits, autoencoder in half precision. Name,
    /// licence, source and settings are those of the folder's own manifest, if it has one.
    pub fn new(from: impl Into<PathBuf>, to: impl Into<PathBuf>) -> Self {
        let from = from.into();
        let json = fs::read(from.join("manifest.json")).ok();
        let manifest = json.and_then(|json| Manifest::parse(&json).ok());
        let folder = from.file_name().map(|n| n.to_string_lossy().into_owned());
        let facts = manifest.map(|m| (m.name, m.licence, m.source, m.recommended));
        let (name, licence, source, recommended) = facts.unwrap_or_else(|| {
            let unknown = || "not stated".to_owned();
            (
                folder.unwrap_or_else(unknown),
                unknown(),
                unknown(),
                Recommended::default(),
            )
        });
        Self {
            from,
            to: to.into(),
            text: Precision::Q8,
            unet: Precision::Q8,
            vae: Precision::F16,
            loras: Vec::new(),
            shard_bytes: SHARD_BYTES,
            name,
            licence,
            source,
            recommended,
        }
    }
}

/// How far packing is.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'a> {
    /// The part at hand.
    pub part: &'a str,
    /// Values packed, of all parts.
    pub done: u64,
    /// Values to pack, of all parts.
    pub total: u64,
}

/// Packs a folder, calling `progress` now and then. The target appears when everything is written,
/// or not at all. Fails with [`Error::Io`] when the target is there already or a file cannot be
/// read or written, and with [`Error::Model`] when a part is missing or a value does not fit its
/// precision.
pub fn pack(job: &Job, progress: &mut dyn FnMut(Progress)) -> Result<Manifest> {
    // Everything that can be refused is looked at before anything is written.
    let mut files = Vec::new();
    let mut small = Vec::new();
    for path in NEEDED.iter().chain(&OPTIONAL) {
        let full = job.from.join(path);
        match fs::read(&full) {
            Ok(bytes) => small.push((*path, bytes)),
            Err(_) if !full.exists() && OPTIONAL.contains(path) => {}
            Err(e) => return Err(io_error(&full, &e)),
        }
    }
    if !small
        .iter()
        .any(|(p, _)| p.ends_with("vocab.json") || p.ends_with("tokenizer.json"))
    {
        return Err(Error::model(format!(
            "{} has neither vocab.json nor tokenizer.json",
            job.from.join("tokenizer").display()
        )));
    }
    let loras = job
        .loras
        .iter()
        .map(|(path, scale)| Lora::open(path, *scale));
    let mut loras: Vec<Lora> = loras.collect::<Result<_>>()?;
    let mut parts = Vec::new();
    let quick = small.iter().any(|(path, _)| *path == QUICK);
    for (name, stem, precision) in [
        ("text_encoder", "model", job.text),
        ("unet", "diffusion_pytorch_model", job.unet),
        ("vae", "diffusion_pytorch_model", job.vae),
        ("vae_quick", "diffusion_pytorch_model", job.vae),
    ] {
        if name == "vae_quick" && !quick {
            continue;
        }
        parts.push(Part::open(&job.from, name, stem, precision, &mut loras)?);
    }
    loras.iter().try_for_each(Lora::finish)?;
    let total = parts
        .iter()
        .flat_map(|p| &p.tensors)
        .map(|t| t.raw.values)
        .sum();
    let folder = Unfinished::new(&job.to)?;
    for (path, bytes) in small {
        folder.write(path, &bytes)?;
        files.push(ManifestFile::of(path, &bytes));
    }
    let mut shard_files: Vec<ManifestFile> = Vec::new();
    let mut writer = ShardWriter::new(job.shard_bytes, |hash: &str, bytes: &[u8]| {
        let path = shard_path(hash);
        folder.write(&path, bytes)?;
        // Two shards of the same bytes are one file.
        if shard_files.iter().all(|f| f.sha256 != hash) {
            shard_files.push(ManifestFile {
                path,
                bytes: bytes.len() as u64,
                sha256: hash.to_owned(),
            });
        }
        Ok(())
    });
    let mut packed_parts = Vec::new();
    let mut done = 0;
    for part in &mut parts {
        let mut tensors = Vec::new();
        for tensor in std::mem::take(&mut part.tensors) {
            let packed = part
                .pack(&tensor, &mut loras, &mut writer, job.shard_bytes)
                .map_err(|e| Error::model(format!("{}: {}: {e}", part.name, tensor.name)))?;
            tensors.push(packed);
            done += tensor.raw.values;
            progress(Progress {
                part: part.name,
                done,
                total,
            });
        }
        // A part begins a shard, so that it can be loaded alone.
        writer.flush()?;
        packed_parts.push(PackedPart {
            name: part.name.to_owned(),
            precision: part.precision,
            tensors,
        });
    }
    let shards = writer.finish()?;
    files.append(&mut shard_files);
    let manifest = Manifest {
        version: 2,
        name: job.name.clone(),
        licence: job.licence.clone(),
        source: job.source.clone(),
        recommended: job.recommended.clone(),
        packed: Some(Packed {
            block: BLOCK as u32,
            total_bytes: files.iter().map(|f| f.bytes).sum(),
            parameters: total,
            shards,
            parts: packed_parts,
        }),
        files,
    };
    let json = serde_json::to_vec(&manifest)
        .map_err(|e| Error::Io(format!("manifest.json could not be written: {e}")))?;
    // What no reader would take must not be written.
    Manifest::parse(&json)?;
    folder.write("manifest.json", &json)?;
    folder.commit()?;
    Ok(manifest)
}
