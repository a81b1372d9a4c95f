//! Packing a diffusers folder into a new folder. Weights pass through memory a few million values
//! at a time, so that it does not matter how large the model is.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use super::block::BLOCK;
use super::lora::{Delta, Lora, Target};
use super::manifest::{Manifest, ManifestFile};
use super::matrix::{Encoded, matrix_shape, row_bytes};
use super::precision::{Precision, stored};
use super::shards::{SHARD_BYTES, ShardWriter, aligned};
use super::source::{Source, SourceTensor, io_error};
use super::table::{Packed, PackedPart, PackedTensor, shard_path};
use crate::protocol::Recommended;
use crate::{Error, Result};

/// Values that are converted at once, 16 MiB of f32.
const CHUNK: usize = 4 << 20;

/// Files that are copied as they are; the last group's members are optional.
const NEEDED: [&str; 4] = [
    "scheduler/scheduler_config.json",
    "text_encoder/config.json",
    "unet/config.json",
    "vae/config.json",
];
const OPTIONAL: [&str; 4] = [
    "tokenizer/merges.txt",
    "tokenizer/tokenizer.json",
    "tokenizer/tokenizer_config.json",
    "tokenizer/vocab.json",
];

/// What nothing reads: token positions, and the projection behind the pooled output.
const UNUSED: [&str; 2] = ["position_ids", "text_projection.weight"];

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

/// A folder that is removed again unless it is renamed to its final name.
struct Unfinished {
    path: PathBuf,
    to: PathBuf,
}

impl Unfinished {
    fn new(to: &Path) -> Result<Self> {
        if to.symlink_metadata().is_ok() {
            return Err(Error::Io(format!(
                "{} is there already: remove it or name another folder",
                to.display()
            )));
        }
        let name = to.file_name().ok_or_else(|| {
            Error::invalid(format!("{} is not the name of a folder", to.display()))
        })?;
        let name = format!(".{}.partial-{}", name.to_string_lossy(), std::process::id());
        let path = to.with_file_name(name);
        fs::create_dir_all(&path).map_err(|e| io_error(&path, &e))?;
        Ok(Self {
            path,
            to: to.to_owned(),
        })
    }

    fn write(&self, name: &str, bytes: &[u8]) -> Result<()> {
        let path = self.path.join(name);
        let written = path
            .parent()
            .map_or(Ok(()), fs::create_dir_all)
            .and_then(|()| {
                let mut file = fs::File::create(&path)?;
                file.write_all(bytes)?;
                // The rename must not outrun the bytes.
                file.sync_all()
            });
        written.map_err(|e| io_error(&path, &e))
    }

    fn commit(self) -> Result<()> {
        fs::rename(&self.path, &self.to).map_err(|e| io_error(&self.to, &e))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // After a commit there is nothing of this name.
        let _ = fs::remove_dir_all(&self.path);
    }
}

/// One part with its open files and the adapters that go into it.
struct Part {
    name: &'static str,
    precision: Precision,
    source: Source,
    tensors: Vec<SourceTensor>,
    /// For each LoRA file, the adapters by weight.
    targets: Vec<BTreeMap<String, Target>>,
}

impl Part {
    fn open(
        job: &Job,
        name: &'static str,
        stem: &str,
        precision: Precision,
        loras: &mut [Lora],
    ) -> Result<Self> {
        let source = Source::open(&job.from, name, stem)?;
        let used = |t: &&SourceTensor| !UNUSED.iter().any(|u| t.name.ends_with(u));
        let tensors: Vec<SourceTensor> = source.tensors().iter().filter(used).cloned().collect();
        for t in &tensors {
            if t.raw.values == 0 || super::header::value_bytes(&t.raw.dtype).is_none() {
                return Err(Error::model(format!(
                    "{name}: tensor \"{}\" has type {} and shape {:?}; supported: F32, F16, BF16, not empty",
                    t.name, t.raw.dtype, t.raw.shape
                )));
            }
        }
        let names = || tensors.iter().map(|t| t.name.as_str());
        let targets = loras.iter_mut().map(|l| l.targets(name, names()));
        Ok(Self {
            name,
            precision,
            targets: targets.collect::<Result<_>>()?,
            source,
            tensors,
        })
    }
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
    for (name, stem, precision) in [
        ("text_encoder", "model", job.text),
        ("unet", "diffusion_pytorch_model", job.unet),
        ("vae", "diffusion_pytorch_model", job.vae),
    ] {
        parts.push(Part::open(job, name, stem, precision, &mut loras)?);
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
            let packed = pack_tensor(part, &tensor, &mut loras, &mut writer, job.shard_bytes)
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

fn pack_tensor<F: FnMut(&str, &[u8]) -> Result<()>>(
    part: &mut Part,
    tensor: &SourceTensor,
    loras: &mut [Lora],
    writer: &mut ShardWriter<F>,
    shard_bytes: usize,
) -> Result<PackedTensor> {
    let shape = &tensor.raw.shape;
    let [rows, cols] = matrix_shape(shape)?;
    let precision = stored(&tensor.name, shape, part.precision);
    let mut deltas: Vec<Delta> = Vec::new();
    for (lora, targets) in loras.iter_mut().zip(&part.targets) {
        if let Some(target) = targets.get(&tensor.name) {
            deltas.push(lora.delta(&tensor.name, shape, target)?);
        }
    }
    let [values, scales] = row_bytes(cols, precision);
    // Room for the gap before the scales.
    let room = shard_bytes.saturating_sub(aligned(1));
    let rows_a_piece = (room / (values + scales)).clamp(1, rows);
    let rows_a_chunk = (CHUNK / cols).max(1);
    let mut pieces = Vec::new();
    let mut row = 0;
    while row < rows {
        let end = rows.min(row + rows_a_piece);
        let piece_rows = end - row;
        let mut data = Encoded::default();
        while row < end {
            let n = rows_a_chunk.min(end - row);
            let first = (row * cols) as u64;
            let mut chunk = part.source.read(tensor, first, n * cols)?;
            for delta in &deltas {
                delta.add(row, &mut chunk);
            }
            data.push_rows(&chunk, cols, precision)?;
            row += n;
        }
        pieces.push(writer.place(piece_rows, &data)?);
    }
    Ok(PackedTensor {
        name: tensor.name.clone(),
        shape: shape.clone(),
        precision,
        pieces,
    })
}
