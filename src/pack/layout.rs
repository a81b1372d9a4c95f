//! Which rows of which tensor go into which shard. The headers of the weight files decide it alone, so that shards can be made one by one,
//! in any order, on any machine, and are the same bytes each time.

use std::ops::Range;

use super::block::BLOCK;
use super::diffusers::SourceTensor;
use super::header::value_bytes;
use super::manifest::{Facts, Manifest, ManifestFile};
use super::matrix::{Encoded, matrix_shape, row_bytes};
use super::precision::{Precision, stored};
use super::table::{Packed, PackedPart, PackedTensor, Piece, shard_path};
use crate::{Error, Result};

/// Largest shard that is written, in bytes.
pub const SHARD_BYTES: usize = 64 << 20;

/// Where a piece or its scales may begin: WebGPU's default alignment of storage buffer offsets.
pub const ALIGNMENT: usize = 256;

/// Values that are converted at once, 4 MiB of f32 (or one row, where that is more).
const CHUNK: usize = 1 << 20;

fn aligned(n: usize) -> usize {
    n.next_multiple_of(ALIGNMENT)
}

/// One part to pack.
#[derive(Debug, Clone)]
pub struct Part {
    /// Its folder.
    pub name: &'static str,
    /// The precision asked for.
    pub precision: Precision,
    /// What is packed, in the order in which it is.
    pub tensors: Vec<SourceTensor>,
}

/// Successive rows of one tensor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rows {
    /// Index of the part.
    pub part: usize,
    /// Index of the tensor in it.
    pub tensor: usize,
    /// Which rows of its matrix ([`super::matrix`]).
    pub rows: Range<usize>,
}

/// Where the values of tensors come from.
#[allow(async_fn_in_trait)]
pub trait RowSource {
    /// The values of `rows`, which are some of `tensor`. Fails as the source does.
    async fn rows(&mut self, rows: &Rows, tensor: &SourceTensor) -> Result<Vec<f32>>;
}

/// One piece of a shard.
#[derive(Debug)]
struct Filling {
    part: usize,
    tensor: usize,
    first_row: usize,
    piece: Piece,
}

/// The shards of a model that is to be packed.
#[derive(Debug)]
pub struct Layout {
    parts: Vec<Part>,
    tables: Vec<PackedPart>,
    shards: Vec<Vec<Filling>>,
}

impl Layout {
    /// Lays out `parts` in shards of at most `shard_bytes`. Each part begins a shard, so that it can be loaded alone. Fails with
    /// [`Error::Model`] when one row is larger than a shard.
    pub fn new(parts: Vec<Part>, shard_bytes: usize) -> Result<Self> {
        let mut shards: Vec<Vec<Filling>> = Vec::new();
        let mut tables = Vec::new();
        for (p, part) in parts.iter().enumerate() {
            let mut filled = None;
            let mut tensors = Vec::new();
            for (t, tensor) in part.tensors.iter().enumerate() {
                let named =
                    |m: String| Error::model(format!("{}: {}: {m}", part.name, tensor.name));
                let [rows, cols] =
                    matrix_shape(&tensor.raw.shape).map_err(|e| named(e.to_string()))?;
                let precision = stored(&tensor.name, &tensor.raw.shape, part.precision);
                let [values, scales] = row_bytes(cols, precision);
                // Room for the gap before the scales.
                let room = shard_bytes.saturating_sub(aligned(1));
                let rows_a_piece = (room / (values + scales)).clamp(1, rows);
                let mut pieces = Vec::new();
                for first_row in (0..rows).step_by(rows_a_piece) {
                    let rows = rows_a_piece.min(rows - first_row);
                    let scales_at = (scales > 0).then(|| aligned(values * rows));
                    let length = scales_at.map_or(values * rows, |at| at + scales * rows);
                    if length > shard_bytes {
                        let m = format!("{length} bytes do not fit a shard of {shard_bytes}");
                        return Err(named(m));
                    }
                    let offset = match filled.map(aligned) {
                        Some(offset) if offset + length <= shard_bytes => offset,
                        _ => {
                            shards.push(Vec::new());
                            0
                        }
                    };
                    filled = Some(offset + length);
                    let piece = Piece {
                        shard: shards.len() - 1,
                        rows,
                        offset: offset as u64,
                        length: length as u64,
                        scales: scales_at.map(|at| (offset + at) as u64),
                    };
                    pieces.push(piece.clone());
                    if let Some(shard) = shards.last_mut() {
                        shard.push(Filling {
                            part: p,
                            tensor: t,
                            first_row,
                            piece,
                        });
                    }
                }
                tensors.push(PackedTensor {
                    name: tensor.name.clone(),
                    shape: tensor.raw.shape.clone(),
                    precision,
                    pieces,
                });
            }
            tables.push(PackedPart {
                name: part.name.to_owned(),
                precision: part.precision,
                tensors,
            });
        }
        Ok(Self {
            parts,
            tables,
            shards,
        })
    }

    /// The parts.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Number of values in all tensors.
    pub fn parameters(&self) -> u64 {
        let tensors = self.parts.iter().flat_map(|p| &p.tensors);
        tensors.map(|t| t.raw.values).sum()
    }

    /// The size of each shard, in bytes.
    pub fn sizes(&self) -> Vec<u64> {
        let end = |f: &Filling| f.piece.offset + f.piece.length;
        let of = |shard: &Vec<Filling>| shard.last().map_or(0, end);
        self.shards.iter().map(of).collect()
    }

    /// The part that shard `index` belongs to, its number among the part's shards from 1, and how many these are.
    pub fn place(&self, index: usize) -> Option<(&'static str, usize, usize)> {
        let part = |shard: &Vec<Filling>| shard.first().map(|f| f.part);
        let mine = part(self.shards.get(index)?)?;
        let count =
            |shards: &[Vec<Filling>]| shards.iter().filter(|s| part(s) == Some(mine)).count();
        Some((
            self.parts.get(mine)?.name,
            count(&self.shards[..=index]),
            count(&self.shards),
        ))
    }

    /// What is read for shard `index`, in the order in which [`Self::fill`] reads it.
    pub fn reads(&self, index: usize) -> Vec<Rows> {
        let pieces = self.shards.get(index).into_iter().flatten();
        pieces.flat_map(|filling| self.chunks(filling)).collect()
    }

    fn chunks(&self, filling: &Filling) -> impl Iterator<Item = Rows> {
        let Filling {
            part,
            tensor,
            first_row,
            ref piece,
        } = *filling;
        let end = first_row + piece.rows;
        let step = (CHUNK / self.cols(part, tensor).max(1)).max(1);
        (first_row..end).step_by(step).map(move |row| Rows {
            part,
            tensor,
            rows: row..end.min(row + step),
        })
    }

    fn cols(&self, part: usize, tensor: usize) -> usize {
        let shape = &self.parts[part].tensors[tensor].raw.shape;
        shape.iter().skip(1).product()
    }

    /// Where the values of `rows` lie: the file of the part, and the bytes in it.
    pub fn bytes(&self, rows: &Rows) -> (usize, Range<u64>) {
        let tensor = &self.parts[rows.part].tensors[rows.tensor];
        let width = value_bytes(&tensor.raw.dtype).unwrap_or(0);
        let row = (self.cols(rows.part, rows.tensor) * width) as u64;
        let at = |r: usize| tensor.raw.start + r as u64 * row;
        (tensor.file, at(rows.rows.start)..at(rows.rows.end))
    }

    /// Makes shard `index`; `done` hears the part and the number of values packed, tensor by tensor or more often. Fails as `source` does,
    /// and with [`Error::Model`], naming the tensor, when a value does not fit its precision.
    pub async fn fill(
        &self,
        index: usize,
        source: &mut impl RowSource,
        done: &mut dyn FnMut(&'static str, u64),
    ) -> Result<Vec<u8>> {
        let size = self.sizes().get(index).copied().unwrap_or(0) as usize;
        let mut shard = Vec::with_capacity(size);
        for filling in self.shards.get(index).into_iter().flatten() {
            let part = &self.parts[filling.part];
            let tensor = &part.tensors[filling.tensor];
            let cols = self.cols(filling.part, filling.tensor);
            let precision = self.tables[filling.part].tensors[filling.tensor].precision;
            let [values, scales] = row_bytes(cols, precision).map(|n| n * filling.piece.rows);
            let mut data = Encoded {
                values: Vec::with_capacity(values),
                scales: Vec::with_capacity(scales),
            };
            for chunk in self.chunks(filling) {
                let values = source.rows(&chunk, tensor).await?;
                data.push_rows(&values, cols, precision)
                    .map_err(|e| Error::model(format!("{}: {}: {e}", part.name, tensor.name)))?;
                done(part.name, values.len() as u64);
            }
            shard.resize(filling.piece.offset as usize, 0);
            shard.extend(&data.values);
            if let Some(scales) = filling.piece.scales {
                shard.resize(scales as usize, 0);
                shard.extend(&data.scales);
            }
        }
        Ok(shard)
    }

    /// The manifest of the finished model: `small` are the files that were copied, `hashes` the SHA-256 of each shard. Fails with
    /// [`Error::Model`] when no reader would take it.
    pub fn manifest(
        &self,
        facts: Facts,
        small: Vec<ManifestFile>,
        hashes: Vec<String>,
    ) -> Result<Manifest> {
        let mut files = small;
        for (hash, bytes) in hashes.iter().zip(self.sizes()) {
            // Two shards of the same bytes are one file.
            let path = shard_path(hash);
            if files.iter().all(|f| f.path != path) {
                files.push(ManifestFile {
                    path,
                    bytes,
                    sha256: hash.clone(),
                });
            }
        }
        let manifest = Manifest {
            version: 2,
            name: facts.name,
            licence: facts.licence,
            source: facts.source,
            recommended: facts.recommended,
            packed: Some(Packed {
                block: BLOCK as u32,
                total_bytes: files.iter().map(|f| f.bytes).sum(),
                parameters: self.parameters(),
                shards: hashes,
                parts: self.tables.clone(),
            }),
            files,
        };
        Manifest::parse(&manifest.json()?)?;
        Ok(manifest)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::header::RawTensor;
    use super::*;

    /// Tensors one behind the other; the value of each is its row.
    fn part(shapes: &[&[usize]], precision: Precision) -> Part {
        let mut start = 0;
        let tensors = shapes.iter().enumerate().map(|(i, shape)| {
            let values = shape.iter().product::<usize>() as u64;
            let raw = RawTensor {
                dtype: "F16".into(),
                shape: shape.to_vec(),
                start,
                values,
            };
            start += 2 * values;
            SourceTensor {
                name: format!("{i}.weight"),
                raw,
                file: 0,
            }
        });
        Part {
            name: "unet",
            precision,
            tensors: tensors.collect(),
        }
    }

    struct RowNumbers;

    impl RowSource for RowNumbers {
        async fn rows(&mut self, rows: &Rows, tensor: &SourceTensor) -> Result<Vec<f32>> {
            let cols = tensor.raw.shape[1..].iter().product();
            Ok(rows
                .rows
                .clone()
                .flat_map(|r| vec![r as f32; cols])
                .collect())
        }
    }

    #[test]
    fn a_piece_never_spans_shards_and_a_part_begins_one() {
        let shapes: [&[usize]; 4] = [&[50], &[8, 128], &[300, 2], &[1]];
        let parts = vec![
            part(&shapes, Precision::F16),
            part(&[&[64, 32]], Precision::Q8),
        ];
        let layout = Layout::new(parts, 2048).unwrap();
        let of = |p: &Piece| (p.shard, p.rows, p.offset, p.length, p.scales);
        let tensors = layout.tables.iter().flat_map(|p| &p.tensors);
        let pieces = tensors.map(|t| t.pieces.iter().map(of).collect::<Vec<_>>());
        let pieces: Vec<_> = pieces.collect();
        assert_eq!(
            pieces,
            [
                vec![(0, 50, 0, 100, None)],
                // 1792 of 2048 bytes are for rows: 7 of 256 bytes, and one more.
                vec![(0, 7, 256, 1792, None), (1, 1, 0, 256, None)],
                vec![(1, 300, 256, 1200, None)],
                vec![(1, 1, 1536, 2, None)],
                // 52 rows of 34 bytes, the scales behind a gap.
                vec![
                    (2, 52, 0, 1792 + 104, Some(1792)),
                    (3, 12, 0, 512 + 24, Some(512))
                ],
            ]
        );
        assert_eq!(layout.sizes(), [2048, 1538, 1896, 536]);
        assert_eq!(layout.place(1), Some(("unet", 2, 2)));
        let mut values = 0;
        for (index, size) in layout.sizes().into_iter().enumerate() {
            let mut done = |_: &str, n: u64| values += n;
            let shard = pollster::block_on(layout.fill(index, &mut RowNumbers, &mut done));
            let shard = shard.unwrap();
            assert_eq!(shard.len() as u64, size);
            for part in &layout.tables {
                for tensor in &part.tensors {
                    let mut row = 0;
                    for piece in &tensor.pieces {
                        if piece.shard == index {
                            let mut out = Vec::new();
                            tensor.decode(piece, &shard, &mut out).unwrap();
                            let first = out[0];
                            assert!((first - row as f32).abs() < 0.1, "{first} {row}");
                        }
                        row += piece.rows;
                    }
                }
            }
        }
        assert_eq!(values, layout.parameters());
        let large = Layout::new(vec![part(&[&[1, 1025]], Precision::F16)], 2048);
        let large = large.unwrap_err().to_string();
        assert!(large.contains("2050"), "{large}");
    }

    #[test]
    fn what_is_read_is_told_before() {
        let layout = Layout::new(vec![part(&[&[3, 1 << 19], &[5]], Precision::F16)], 8 << 20);
        let layout = layout.unwrap();
        let reads = layout.reads(0);
        let rows: Vec<_> = reads.iter().map(|r| (r.tensor, r.rows.clone())).collect();
        assert_eq!(rows, [(0, 0..2), (0, 2..3), (1, 0..5)]);
        let bytes: Vec<_> = reads.iter().map(|r| layout.bytes(r).1).collect();
        let m = 1 << 20;
        assert_eq!(bytes, [0..2 * m, 2 * m..3 * m, 3 * m..3 * m + 10]);
    }
}
