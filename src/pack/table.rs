//! Where each tensor of a packed model lies in the shards.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::decode::decode;
use super::manifest::ManifestFile;
use super::matrix::{matrix_shape, row_bytes};
use super::precision::Precision;
use crate::{Error, Result};

/// The packed weights of a model: the `packed` field of a manifest of version 2.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Packed {
    /// Values that share one scale, 32.
    pub block: u32,
    /// Sum of the sizes of all files of the manifest, in bytes.
    pub total_bytes: u64,
    /// Number of values in all tensors.
    pub parameters: u64,
    /// SHA-256 of each shard, in lower-case hexadecimal; shard i is `shards/<shards[i]>.bin`.
    pub shards: Vec<String>,
    /// The parts of the model.
    pub parts: Vec<PackedPart>,
}

/// The weights of one network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackedPart {
    /// Folder of its config: `text_encoder`, `unet` or `vae`.
    pub name: String,
    /// The precision asked for; single tensors may be stored in a better one.
    pub precision: Precision,
    /// The tensors, in the order of the shards.
    pub tensors: Vec<PackedTensor>,
}

/// One tensor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PackedTensor {
    /// Name as in the checkpoint.
    pub name: String,
    /// Shape.
    pub shape: Vec<usize>,
    /// How its values are stored.
    pub precision: Precision,
    /// Its rows: one piece, or more when it is larger than a shard.
    pub pieces: Vec<Piece>,
}

/// Successive rows of a tensor in one shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    /// Index into [`Packed::shards`].
    pub shard: usize,
    /// Number of rows.
    pub rows: usize,
    /// Where the values begin in the shard, in bytes; a multiple of 256.
    pub offset: u64,
    /// Bytes from `offset` to the end of the piece, scales included.
    pub length: u64,
    /// Where the scales begin in the shard, in bytes, a multiple of 256; absent for floats.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scales: Option<u64>,
}

/// The checked bytes of a shard, which need not lie in this program's memory.
pub trait ShardBytes {
    /// Appends the bytes at `place` to `to`; `None` when some of them lie beyond the end.
    fn append(&self, place: Range<usize>, to: &mut Vec<u8>) -> Option<()>;
}

impl ShardBytes for [u8] {
    fn append(&self, place: Range<usize>, to: &mut Vec<u8>) -> Option<()> {
        let bytes = self.get(place)?;
        // Not more than needed: a vector that grows by itself takes up to twice that.
        to.reserve_exact(bytes.len());
        to.extend_from_slice(bytes);
        Some(())
    }
}

impl ShardBytes for Vec<u8> {
    fn append(&self, place: Range<usize>, to: &mut Vec<u8>) -> Option<()> {
        self.as_slice().append(place, to)
    }
}

/// The path of the shard with this hash.
pub fn shard_path(sha256: &str) -> String {
    format!("shards/{sha256}.bin")
}

impl Packed {
    /// The part called `name`. Fails with [`Error::Model`] when there is none.
    pub fn part(&self, name: &str) -> Result<&PackedPart> {
        self.parts
            .iter()
            .find(|p| p.name == name)
            .ok_or_else(|| Error::model(format!("the packed model has no {name}")))
    }

    /// Checks the table against the manifest's files: afterwards every piece is known to lie in a
    /// listed shard and to have the size that its shape asks for. Fails with [`Error::Model`].
    pub fn check(&self, files: &[ManifestFile]) -> Result<()> {
        let fail = |m: String| Err(Error::model(format!("manifest.json is malformed: {m}")));
        if self.block as usize != super::block::BLOCK {
            return fail(format!("blocks of {} values; 32 are read", self.block));
        }
        let mut sizes = Vec::new();
        for sha in &self.shards {
            let path = shard_path(sha);
            match files.iter().find(|f| f.path == path) {
                Some(file) if file.sha256 == *sha => sizes.push(file.bytes),
                _ => return fail(format!("{path} is not among its files")),
            }
        }
        for part in &self.parts {
            let mut names = BTreeSet::new();
            for tensor in &part.tensors {
                if !names.insert(&tensor.name) {
                    return fail(format!("{}: \"{}\" is there twice", part.name, tensor.name));
                }
                if let Err(why) = tensor.check(&sizes) {
                    return fail(format!("{}: tensor \"{}\" {why}", part.name, tensor.name));
                }
            }
        }
        Ok(())
    }
}

impl PackedPart {
    /// The indices of the shards that hold this part, ascending.
    pub fn shards(&self) -> BTreeSet<usize> {
        let pieces = self.tensors.iter().flat_map(|t| &t.pieces);
        pieces.map(|p| p.shard).collect()
    }
}

impl PackedTensor {
    fn check(&self, shards: &[u64]) -> std::result::Result<(), String> {
        let [rows, cols] = matrix_shape(&self.shape).map_err(|e| e.to_string())?;
        let sum = self
            .pieces
            .iter()
            .try_fold(0usize, |n, p| n.checked_add(p.rows));
        if sum != Some(rows) {
            return Err(format!("has {sum:?} rows in the shards instead of {rows}"));
        }
        if !self.pieces.is_sorted_by_key(|p| p.shard) {
            return Err("has its rows out of order".into());
        }
        for piece in &self.pieces {
            let Some(size) = shards.get(piece.shard) else {
                return Err(format!(
                    "lies in shard {}, which is not listed",
                    piece.shard
                ));
            };
            let [values, scales] = row_bytes(cols, self.precision).map(|n| n as u64);
            let rows = piece.rows as u64;
            let fits = || {
                let end = piece.offset.checked_add(piece.length)?;
                let values_end = piece.offset.checked_add(values.checked_mul(rows)?)?;
                let wanted = match piece.scales {
                    Some(start) if scales > 0 && start >= values_end => {
                        start.checked_add(scales.checked_mul(rows)?)?
                    }
                    None if scales == 0 => values_end,
                    _ => return None,
                };
                (wanted == end && end <= *size).then_some(())
            };
            if fits().is_none() {
                return Err("does not have the place that its shape needs".into());
            }
        }
        Ok(())
    }

    /// Where the values and the scales of `piece` lie in its shard, in bytes. Fails with [`Error::Model`] when that is beyond memory.
    pub fn places(&self, piece: &Piece) -> Result<[Range<usize>; 2]> {
        let [_, cols] = matrix_shape(&self.shape)?;
        let [values, scales] = row_bytes(cols, self.precision);
        let place = |start: u64, row: usize| {
            let start = usize::try_from(start).ok()?;
            Some(start..start.checked_add(row.checked_mul(piece.rows)?)?)
        };
        let values = place(piece.offset, values).ok_or_else(|| self.outside())?;
        let scales = match piece.scales {
            Some(start) => place(start, scales).ok_or_else(|| self.outside())?,
            None => 0..0,
        };
        Ok([values, scales])
    }

    /// The error of a tensor that is not where the table says.
    pub fn outside(&self) -> Error {
        Error::model(format!("tensor \"{}\" lies outside its shard", self.name))
    }

    /// The values and the scales of `piece` as they are stored. `shard` is the whole shard. Fails
    /// with [`Error::Model`] when the piece lies outside it.
    pub fn bytes<'a>(&self, piece: &Piece, shard: &'a [u8]) -> Result<[&'a [u8]; 2]> {
        let [values, scales] = self.places(piece)?;
        let slice = |place| shard.get(place).ok_or_else(|| self.outside());
        Ok([slice(values)?, slice(scales)?])
    }

    /// Appends the values of `piece` to `out`; arguments and errors as for [`Self::bytes`].
    pub fn decode(&self, piece: &Piece, shard: &[u8], out: &mut Vec<f32>) -> Result<()> {
        let [_, cols] = matrix_shape(&self.shape)?;
        let [values, scales] = self.bytes(piece, shard)?;
        decode(values, scales, cols, self.precision, out);
        Ok(())
    }
}
