//! One part of a diffusers folder on its way into shards.

use std::collections::BTreeMap;
use std::path::Path;

use super::header::value_bytes;
use super::lora::{Delta, Lora, Target};
use super::matrix::{Encoded, matrix_shape, row_bytes};
use super::precision::{Precision, stored};
use super::shards::{ShardWriter, aligned};
use super::source::{Source, SourceTensor};
use super::table::PackedTensor;
use crate::{Error, Result};

/// Values that are converted at once, 16 MiB of f32.
const CHUNK: usize = 4 << 20;

/// What nothing reads: token positions, and the projection behind the pooled output.
const UNUSED: [&str; 2] = ["position_ids", "text_projection.weight"];

/// One part with its open files and the adapters that go into it.
pub struct Part {
    /// Its folder.
    pub name: &'static str,
    /// The precision asked for.
    pub precision: Precision,
    /// What is packed, in the order of the files.
    pub tensors: Vec<SourceTensor>,
    source: Source,
    /// For each LoRA file, the adapters by weight.
    targets: Vec<BTreeMap<String, Target>>,
}

impl Part {
    /// Opens the files of part `name`, called `stem`, and takes its adapters out of `loras`. Fails
    /// with [`Error::Model`] when something is missing or of a type that is not read.
    pub fn open(
        from: &Path,
        name: &'static str,
        stem: &str,
        precision: Precision,
        loras: &mut [Lora],
    ) -> Result<Self> {
        let source = Source::open(from, name, stem)?;
        let used = |t: &&SourceTensor| !UNUSED.iter().any(|u| t.name.ends_with(u));
        let tensors: Vec<SourceTensor> = source.tensors().iter().filter(used).cloned().collect();
        for t in &tensors {
            if t.raw.values == 0 || value_bytes(&t.raw.dtype).is_none() {
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

    /// Writes one of the tensors, with the adapters of `loras` (those it was opened with) added.
    /// Fails with [`Error::Model`] when a value does not fit.
    pub fn pack<F: FnMut(&str, &[u8]) -> Result<()>>(
        &mut self,
        tensor: &SourceTensor,
        loras: &mut [Lora],
        writer: &mut ShardWriter<F>,
        shard_bytes: usize,
    ) -> Result<PackedTensor> {
        let shape = &tensor.raw.shape;
        let [rows, cols] = matrix_shape(shape)?;
        let precision = stored(&tensor.name, shape, self.precision);
        let mut deltas: Vec<Delta> = Vec::new();
        for (lora, targets) in loras.iter_mut().zip(&self.targets) {
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
                let mut chunk = self.source.read(tensor, first, n * cols)?;
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
}
