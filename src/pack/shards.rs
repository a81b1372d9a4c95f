//! Filling shards of limited size one after the other.

use super::manifest::sha256;
use super::matrix::Encoded;
use super::table::Piece;
use crate::{Error, Result};

/// Largest shard that is written, in bytes.
pub const SHARD_BYTES: usize = 64 << 20;

/// Where a piece or its scales may begin: WebGPU's default alignment of storage buffer offsets.
pub const ALIGNMENT: usize = 256;

/// `n` rounded up to [`ALIGNMENT`].
pub fn aligned(n: usize) -> usize {
    n.next_multiple_of(ALIGNMENT)
}

/// Appends pieces to a shard in memory and hands it out when it is full.
pub struct ShardWriter<F> {
    limit: usize,
    buffer: Vec<u8>,
    hashes: Vec<String>,
    emit: F,
}

impl<F: FnMut(&str, &[u8]) -> Result<()>> ShardWriter<F> {
    /// `emit` is given the SHA-256 and the bytes of each finished shard, of at most `limit` bytes.
    pub fn new(limit: usize, emit: F) -> Self {
        Self {
            limit,
            buffer: Vec::new(),
            hashes: Vec::new(),
            emit,
        }
    }

    /// Places `rows` encoded rows. Fails with [`Error::Model`] when they are larger than a shard,
    /// or as `emit` does.
    pub fn place(&mut self, rows: usize, data: &Encoded) -> Result<Piece> {
        let scales = (!data.scales.is_empty()).then(|| aligned(data.values.len()));
        let length = scales.map_or(data.values.len(), |s| s + data.scales.len());
        if length > self.limit {
            return Err(Error::model(format!(
                "{length} bytes do not fit a shard of {}",
                self.limit
            )));
        }
        if aligned(self.buffer.len()) + length > self.limit {
            self.flush()?;
        }
        let offset = aligned(self.buffer.len());
        self.buffer.resize(offset, 0);
        self.buffer.extend(&data.values);
        if let Some(start) = scales {
            self.buffer.resize(offset + start, 0);
            self.buffer.extend(&data.scales);
        }
        Ok(Piece {
            shard: self.hashes.len(),
            rows,
            offset: offset as u64,
            length: length as u64,
            scales: scales.map(|s| (offset + s) as u64),
        })
    }

    /// Hands out what is in memory, so that the next piece begins a shard.
    pub fn flush(&mut self) -> Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let hash = sha256(&self.buffer);
        (self.emit)(&hash, &self.buffer)?;
        self.hashes.push(hash);
        self.buffer.clear();
        Ok(())
    }

    /// The hashes of all shards, in order, after the last [`Self::flush`].
    pub fn finish(mut self) -> Result<Vec<String>> {
        self.flush()?;
        Ok(self.hashes)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_piece_never_spans_shards() {
        let mut written: Vec<(String, Vec<u8>)> = Vec::new();
        let mut shards = ShardWriter::new(1024, |hash: &str, bytes: &[u8]| {
            written.push((hash.to_owned(), bytes.to_vec()));
            Ok(())
        });
        let data = |values: usize, scales: usize, fill: u8| Encoded {
            values: vec![fill; values],
            scales: vec![fill + 1; scales],
        };
        let first = shards.place(1, &data(100, 0, 1)).unwrap();
        let second = shards.place(4, &data(300, 20, 3)).unwrap();
        let third = shards.place(2, &data(512, 0, 5)).unwrap();
        assert_eq!((first.offset, first.length, first.scales), (0, 100, None));
        assert_eq!((second.offset, second.length), (256, 532));
        assert_eq!((second.shard, second.scales), (0, Some(768)));
        assert_eq!((third.shard, third.offset, third.rows), (1, 0, 2));
        let large = shards.place(1, &data(1024, 1, 0)).unwrap_err().to_string();
        assert!(large.contains("1024"), "{large}");
        let hashes = shards.finish().unwrap();
        assert_eq!(hashes.len(), 2);
        for ((hash, bytes), listed) in written.iter().zip(&hashes) {
            assert_eq!(hash, listed);
            assert_eq!(*hash, sha256(bytes));
            assert!(bytes.len() <= 1024);
        }
        assert_eq!(written[0].1.len(), 788);
        assert_eq!(written[0].1[768..], [4; 20]);
        assert_eq!(written[1].1, [5; 512]);
    }
}
