//! Packing a diffusers folder into a new folder. Weights pass through memory a few million values
//! at a time, so that it does not matter how large the model is.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use super::diffusers::{
    NEEDED, NOT_STATED, OPTIONAL, PARTS, QUICK, SourceTensor, check_tokenizer, tensors, unknown,
};
use super::layout::{Layout, Part, RowSource, Rows, SHARD_BYTES};
use super::lora::{Delta, Lora, Target};
use super::manifest::{Facts, Manifest, ManifestFile, sha256};
use super::matrix::matrix_shape;
use super::precision::Precision;
use super::source::{Source, io_error};
use super::table::shard_path;
use super::unfinished::Unfinished;
use crate::Result;

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
    /// What the manifest is to say.
    pub facts: Facts,
}

impl Job {
    /// The usual precisions: UNet and text encoder in 8 bits, autoencoder in half precision. Name,
    /// licence, source and settings are those of the folder's own manifest, if it has one.
    pub fn new(from: impl Into<PathBuf>, to: impl Into<PathBuf>) -> Self {
        let from = from.into();
        let json = fs::read(from.join("manifest.json")).ok();
        let manifest = json.and_then(|json| Manifest::parse(&json).ok());
        let folder = from.file_name().map(|n| n.to_string_lossy().into_owned());
        let facts = manifest.map(|m| Facts {
            name: m.name,
            licence: m.licence,
            source: m.source,
            recommended: m.recommended,
        });
        let facts = facts.unwrap_or_else(|| unknown(folder.unwrap_or_else(|| NOT_STATED.into())));
        Self {
            from,
            to: to.into(),
            text: Precision::Q8,
            unet: Precision::Q8,
            vae: Precision::F16,
            loras: Vec::new(),
            shard_bytes: SHARD_BYTES,
            facts,
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
    let mut small = Vec::new();
    for path in NEEDED.iter().chain(&OPTIONAL) {
        let full = job.from.join(path);
        match fs::read(&full) {
            Ok(bytes) => small.push((*path, bytes)),
            Err(_) if !full.exists() && OPTIONAL.contains(path) => {}
            Err(e) => return Err(io_error(&full, &e)),
        }
    }
    let tokenizer = job.from.join("tokenizer").display().to_string();
    check_tokenizer(&tokenizer, small.iter().map(|(path, _)| *path))?;
    let loras = job
        .loras
        .iter()
        .map(|(path, scale)| Lora::open(path, *scale));
    let mut source = Opened {
        loras: loras.collect::<Result<_>>()?,
        parts: Vec::new(),
        fused: None,
    };
    let quick = small.iter().any(|(path, _)| *path == QUICK);
    let mut parts = Vec::new();
    for (name, stem) in PARTS {
        let precision = match name {
            "text_encoder" => job.text,
            "unet" => job.unet,
            _ if name == "vae_quick" && !quick => continue,
            _ => job.vae,
        };
        let tensors = source.open(job, name, stem)?;
        parts.push(Part {
            name,
            precision,
            tensors,
        });
    }
    source.loras.iter().try_for_each(Lora::finish)?;
    let layout = Layout::new(parts, job.shard_bytes)?;
    let folder = Unfinished::new(&job.to)?;
    let mut files = Vec::new();
    for (path, bytes) in small {
        folder.write(path, &bytes)?;
        files.push(ManifestFile::of(path, &bytes));
    }
    let (mut packed, total) = (0, layout.parameters());
    let mut hashes = Vec::new();
    for index in 0..layout.sizes().len() {
        let mut done = |part: &str, values: u64| {
            packed += values;
            progress(Progress {
                part,
                done: packed,
                total,
            });
        };
        let bytes = pollster::block_on(layout.fill(index, &mut source, &mut done))?;
        let hash = sha256(&bytes);
        folder.write(&shard_path(&hash), &bytes)?;
        hashes.push(hash);
    }
    let manifest = layout.manifest(job.facts.clone(), files, hashes)?;
    folder.write("manifest.json", &manifest.json()?)?;
    folder.commit()?;
    Ok(manifest)
}

/// The weights of a folder with the adapters that are fused into them.
struct Opened {
    loras: Vec<Lora>,
    /// The files of each part and, for each LoRA file, its adapters by weight.
    parts: Vec<(Source, Vec<BTreeMap<String, Target>>)>,
    /// The changes of the tensor that was read last.
    fused: Option<(usize, String, Vec<Delta>)>,
}

impl Opened {
    /// Opens a part and returns what is packed of it.
    fn open(&mut self, job: &Job, name: &str, stem: &str) -> Result<Vec<SourceTensor>> {
        let source = Source::open(&job.from, name, stem)?;
        let tensors = tensors(name, source.headers())?;
        let names = || tensors.iter().map(|t| t.name.as_str());
        let targets = self.loras.iter_mut().map(|l| l.targets(name, names()));
        let targets = targets.collect::<Result<_>>()?;
        self.parts.push((source, targets));
        Ok(tensors)
    }
}

impl RowSource for Opened {
    async fn rows(&mut self, rows: &Rows, tensor: &SourceTensor) -> Result<Vec<f32>> {
        let Rows { part, rows, .. } = rows;
        let shape = &tensor.raw.shape;
        let [_, cols] = matrix_shape(shape)?;
        let (source, targets) = &mut self.parts[*part];
        let first = (rows.start * cols) as u64;
        let mut values = source.read(tensor, first, rows.len() * cols)?;
        let same = |(p, name, _): &(usize, String, Vec<Delta>)| p == part && *name == tensor.name;
        if !self.fused.as_ref().is_some_and(same) {
            let mut deltas = Vec::new();
            for (lora, targets) in self.loras.iter_mut().zip(targets) {
                if let Some(target) = targets.get(&tensor.name) {
                    deltas.push(lora.delta(&tensor.name, shape, target)?);
                }
            }
            self.fused = Some((*part, tensor.name.clone(), deltas));
        }
        for delta in self.fused.iter().flat_map(|(_, _, deltas)| deltas) {
            delta.add(rows.start, &mut values);
        }
        Ok(values)
    }
}
