//! Rows of a matrix in any precision, to bytes and back.
//!
//! A tensor `[n, ...]` is the matrix of its n first indices by everything else, flattened in the
//! order of the file: a convolution's weight `[out, in, kh, kw]` has `out` rows of `in kh kw`
//! values, which are the rows that an im2col product needs. A row of quantised values is cut into
//! blocks of 32; the last block is filled up with zeros.

use half::f16;

use super::block::{BLOCK, Block, eight_bits, four_bits};
use super::precision::Precision;
use crate::{Error, Result};

/// Rows and columns of a tensor's matrix. Fails with [`Error::Model`] when the number of values
/// does not fit a `usize`.
pub fn matrix_shape(shape: &[usize]) -> Result<[usize; 2]> {
    let rows = shape.first().copied().unwrap_or(1);
    let cols = shape
        .iter()
        .skip(1)
        .try_fold(1usize, |n, d| n.checked_mul(*d));
    match cols {
        Some(cols)
            if rows
                .checked_mul(cols)
                .is_some_and(|n| n <= isize::MAX as usize / 4) =>
        {
            Ok([rows, cols])
        }
        _ => Err(Error::model(format!(
            "a tensor of shape {shape:?} is too large"
        ))),
    }
}

/// Bytes of values and bytes of scales in one row of `cols` values.
pub fn row_bytes(cols: usize, precision: Precision) -> [usize; 2] {
    let blocks = cols.div_ceil(BLOCK);
    match precision {
        Precision::F32 => [4 * cols, 0],
        Precision::F16 => [2 * cols, 0],
        Precision::Q8 => [BLOCK * blocks, 2 * blocks],
        Precision::Q4 => [BLOCK / 2 * blocks, 2 * blocks],
    }
}

/// Rows as bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Encoded {
    /// The values, row after row. Quantised ones are two's complement integers in little-endian
    /// u32 words, the first value in the lowest bits.
    pub values: Vec<u8>,
    /// One little-endian f16 for each block, row after row; empty for floats.
    pub scales: Vec<u8>,
}

impl Encoded {
    /// Appends whole rows of `cols` values. Fails with [`Error::Model`], naming the value, when
    /// one is not finite or does not fit the precision.
    pub fn push_rows(&mut self, rows: &[f32], cols: usize, precision: Precision) -> Result<()> {
        let unfit = |v: f32| Error::model(format!("the value {v} does not fit {precision}"));
        if let Some(bad) = rows.iter().find(|v| !v.is_finite()) {
            return Err(Error::model(format!("the value {bad} is not a number")));
        }
        match precision {
            Precision::F32 => self
                .values
                .extend(rows.iter().flat_map(|v| v.to_le_bytes())),
            Precision::F16 => {
                for v in rows {
                    let half = f16::from_f32(*v);
                    if !half.is_finite() {
                        return Err(unfit(*v));
                    }
                    self.values.extend(half.to_le_bytes());
                }
            }
            Precision::Q8 | Precision::Q4 => {
                let four = precision == Precision::Q4;
                let quantise = if four { four_bits } else { eight_bits };
                for row in rows.chunks(cols.max(1)) {
                    for part in row.chunks(BLOCK) {
                        let mut x = [0.0; BLOCK];
                        x[..part.len()].copy_from_slice(part);
                        let block = quantise(&x).ok_or_else(|| {
                            unfit(part.iter().fold(0.0, |m: f32, v| m.max(v.abs())))
                        })?;
                        self.push_block(&block, four);
                    }
                }
            }
        }
        Ok(())
    }

    fn push_block(&mut self, block: &Block, four: bool) {
        if four {
            let pairs = block.q.chunks_exact(2);
            let bytes = pairs.map(|p| (p[0] as u8 & 15) | (p[1] as u8) << 4);
            self.values.extend(bytes);
        } else {
            self.values.extend(block.q.iter().map(|q| *q as u8));
        }
        self.scales.extend(block.scale.to_le_bytes());
    }
}

/// The value of a half, without branches, so that a loop over it becomes SIMD.
fn half(bits: u16) -> f32 {
    let size = u32::from(bits & 0x7fff);
    let normal = f32::from_bits((size << 13) + (112 << 23));
    // 2^-24 a step.
    let subnormal = size as i32 as f32 * 5.960_464_5e-8;
    let special = f32::from_bits(size << 13 | 0x7f80_0000);
    let magnitude = if size < 0x400 { subnormal } else { normal };
    let magnitude = if size < 0x7c00 { magnitude } else { special };
    f32::from_bits(magnitude.to_bits() | u32::from(bits & 0x8000) << 16)
}

/// Halves that are decoded together.
const HALVES: usize = 16;

/// Some halves. Nearly always all are normal numbers, which takes a third of the instructions.
// Inlined, it is not compiled to SIMD as a whole (measured in wasm).
#[inline(never)]
fn halves(bytes: &[[u8; 2]; HALVES], out: &mut [f32; HALVES]) {
    // Four at a time: bits 28 and up of what has another exponent than normal numbers.
    let mut unusual = [0; 4];
    let (fours, _) = out.as_chunks_mut::<4>();
    for (out, bytes) in fours.iter_mut().zip(bytes.as_chunks::<4>().0) {
        for ((out, bytes), unusual) in out.iter_mut().zip(bytes).zip(&mut unusual) {
            let bits = i32::from(i16::from_le_bytes(*bytes));
            let bits = (bits << 13) as u32 & 0x8fff_e000;
            *out = f32::from_bits(bits + (112 << 23));
            let above = (bits & 0x7fff_ffff).wrapping_sub(1 << 23);
            *unusual |= above | above.wrapping_add(1 << 24);
        }
    }
    let [a, b, c, d] = unusual;
    if (a | b | c | d) >> 28 != 0 {
        *out = bytes.map(|bytes| half(u16::from_le_bytes(bytes)));
    }
}

/// Eight bits of a block.
fn block_of_eight(bytes: &[u8; BLOCK], scale: f32, out: &mut [f32; BLOCK]) {
    for (out, b) in out.iter_mut().zip(bytes) {
        *out = scale * f32::from(*b as i8);
    }
}

/// Four bits of a block. They are not moved to the right but scaled by so much less, and are 8 more
/// while they are integers: both are exact, and shifts by different numbers are not to be had in
/// wasm's SIMD.
fn block_of_four(bytes: &[u8; BLOCK / 2], scale: f32, out: &mut [f32; BLOCK]) {
    const MASKS: [i32; 4] = [0xf, 0xf0, 0xf00, 0xf000];
    let scales = [1.0, 1.0 / 16.0, 1.0 / 256.0, 1.0 / 4096.0].map(|s| s * scale);
    let eight = 8.0 * scale;
    let (fours, _) = out.as_chunks_mut::<4>();
    for (out, word) in fours.iter_mut().zip(bytes.as_chunks::<2>().0) {
        let word = i32::from(u16::from_le_bytes(*word) ^ 0x8888);
        for ((out, mask), scale) in out.iter_mut().zip(MASKS).zip(scales) {
            *out = (word & mask) as f32 * scale - eight;
        }
    }
}

/// Decodes whole blocks of `N` bytes, and of the last as much as `out` takes.
fn decode_blocks<const N: usize>(
    values: &[u8],
    scales: &[u8],
    out: &mut [f32],
    block: impl Fn(&[u8; N], f32, &mut [f32; BLOCK]),
) {
    let scales = scales.as_chunks::<2>().0.iter();
    let scales = scales.map(|s| half(u16::from_le_bytes(*s)));
    let mut blocks = values.as_chunks::<N>().0.iter().zip(scales);
    let (whole, rest) = out.as_chunks_mut::<BLOCK>();
    for (out, (bytes, scale)) in whole.iter_mut().zip(&mut blocks) {
        block(bytes, scale, out);
    }
    if let (false, Some((bytes, scale))) = (rest.is_empty(), blocks.next()) {
        let mut last = [0.0; BLOCK];
        block(bytes, scale, &mut last);
        rest.copy_from_slice(&last[..rest.len()]);
    }
}

/// The values of one row, of which `values` and `scales` are the bytes, from the value `first` on, as
/// many as `out` takes; what the row does not have stays as it is.
pub fn decode_row(
    values: &[u8],
    scales: &[u8],
    precision: Precision,
    first: usize,
    out: &mut [f32],
) {
    match precision {
        Precision::F32 => {
            let words = values.as_chunks::<4>().0.get(first..).unwrap_or_default();
            let places = out.iter_mut().zip(words);
            places.for_each(|(out, w)| *out = f32::from_le_bytes(*w));
        }
        Precision::F16 => {
            let words = values.as_chunks::<2>().0.get(first..).unwrap_or_default();
            let count = words.len().min(out.len());
            let (words, few) = words[..count].as_chunks::<HALVES>();
            let (out, rest) = out[..count].as_chunks_mut::<HALVES>();
            (out.iter_mut().zip(words)).for_each(|(out, words)| halves(words, out));
            let rest = rest.iter_mut().zip(few);
            rest.for_each(|(out, w)| *out = half(u16::from_le_bytes(*w)));
        }
        Precision::Q8 | Precision::Q4 => {
            // From the block's beginning: to the next block by a copy.
            let (begun, skip) = (first / BLOCK, first % BLOCK);
            if skip > 0 {
                let mut whole = [0.0; BLOCK];
                let (head, rest) = out.split_at_mut(out.len().min(BLOCK - skip));
                decode_row(values, scales, precision, first - skip, &mut whole);
                head.copy_from_slice(&whole[skip..][..head.len()]);
                return decode_row(values, scales, precision, first - skip + BLOCK, rest);
            }
            let each = if precision == Precision::Q8 {
                BLOCK
            } else {
                BLOCK / 2
            };
            let values = values.get(begun * each..).unwrap_or_default();
            let scales = scales.get(begun * 2..).unwrap_or_default();
            if precision == Precision::Q8 {
                decode_blocks(values, scales, out, block_of_eight);
            } else {
                decode_blocks(values, scales, out, block_of_four);
            }
        }
    }
}

/// Appends to `out` the rows of `cols` values that `values` and `scales` hold, the inverse of
/// [`Encoded::push_rows`]. Bytes that make no whole row are left out.
pub fn decode(values: &[u8], scales: &[u8], cols: usize, precision: Precision, out: &mut Vec<f32>) {
    let [row, row_scales] = row_bytes(cols, precision);
    if row == 0 {
        return;
    }
    let count = match row_scales {
        0 => values.len() / row,
        _ => (values.len() / row).min(scales.len() / row_scales),
    };
    let start = out.len();
    out.resize(start + count * cols, 0.0);
    for (i, out) in out[start..].chunks_exact_mut(cols).enumerate() {
        let values = &values[i * row..][..row];
        let scales = &scales[i * row_scales..][..row_scales];
        decode_row(values, scales, precision, 0, out);
    }
}

/// `values` of a tensor as they are after being stored in `precision` and read again.
pub fn round_trip(values: Vec<f32>, shape: &[usize], precision: Precision) -> Result<Vec<f32>> {
    if precision == Precision::F32 {
        return Ok(values);
    }
    let [_, cols] = matrix_shape(shape)?;
    let mut encoded = Encoded::default();
    encoded.push_rows(&values, cols, precision)?;
    let mut out = values;
    out.clear();
    decode(&encoded.values, &encoded.scales, cols, precision, &mut out);
    Ok(out)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn all_halves_are_decoded() {
        // Every half once, normal ones between others.
        let halves: Vec<u16> = (0..=u16::MAX).map(|i| i.wrapping_mul(40503)).collect();
        let bytes: Vec<u8> = halves.iter().flat_map(|h| h.to_le_bytes()).collect();
        let mut together = vec![0.0; 1 << 16];
        decode_row(&bytes, &[], Precision::F16, 0, &mut together);
        for (bits, together) in halves.into_iter().zip(together) {
            let expected = f16::from_bits(bits).to_f32();
            let found = half(bits);
            assert!(found.to_bits() == together.to_bits(), "{bits:#x}");
            assert!(
                found.to_bits() == expected.to_bits() || found.is_nan() && expected.is_nan(),
                "{bits:#x}: {found} {expected}"
            );
        }
    }

    /// Eight bits of -127, -1, 0, 1, 127 at the scale 1/2, and a second row of one block.
    #[test]
    fn the_bytes_of_eight_bits() {
        let mut rows = vec![-63.5, -0.5, 0.0, 0.5, 63.5];
        rows.extend([0.0, 0.0, 0.0, 254.0, 0.0]);
        let mut e = Encoded::default();
        e.push_rows(&rows, 5, Precision::Q8).unwrap();
        let mut expected = vec![0x81, 0xff, 0x00, 0x01, 0x7f];
        expected.resize(32, 0);
        expected.extend([0, 0, 0, 0x7f]);
        expected.resize(64, 0);
        assert_eq!(e.values, expected);
        // 0.5 is 0x3800 and 2.0 is 0x4000.
        assert_eq!(e.scales, [0x00, 0x38, 0x00, 0x40]);
        // The first word, as a kernel reads it.
        let word = u32::from_le_bytes(e.values[..4].try_into().unwrap());
        assert_eq!(word, 0x0100_ff81);
    }

    /// Four bits: -8 to 7 and again, at the scale 1/4.
    #[test]
    fn the_bytes_of_four_bits() {
        let row: Vec<f32> = (0..32).map(|i| ((i % 16) as f32 - 8.0) / 4.0).collect();
        let mut e = Encoded::default();
        e.push_rows(&row, 32, Precision::Q4).unwrap();
        let half = [0x98, 0xba, 0xdc, 0xfe, 0x10, 0x32, 0x54, 0x76];
        assert_eq!(e.values, [half, half].concat());
        assert_eq!(e.scales, [0x00, 0x34]);
        let word = u32::from_le_bytes(e.values[..4].try_into().unwrap());
        assert_eq!(word, 0xfedc_ba98);
        let mut back = Vec::new();
        decode(&e.values, &e.scales, 32, Precision::Q4, &mut back);
        assert_eq!(back, row);
    }

    #[test]
    fn rows_come_back_without_their_padding() {
        let shape = [3, 5, 3, 3];
        let [rows, cols] = matrix_shape(&shape).unwrap();
        assert_eq!([rows, cols], [3, 45]);
        let values: Vec<f32> = (0..135).map(|i| (i as f32 * 0.7).sin()).collect();
        for (precision, tolerance) in [
            (Precision::F32, 0.0),
            (Precision::F16, 2f32.powi(-12)),
            (Precision::Q8, 0.5 / 127.0 * 1.001),
            // A block of 32 may trade one value's error for the others'.
            (Precision::Q4, 1.0 / 7.0),
        ] {
            let mut e = Encoded::default();
            // In two goes, as packing does.
            e.push_rows(&values[..cols], cols, precision).unwrap();
            e.push_rows(&values[cols..], cols, precision).unwrap();
            let [v, s] = row_bytes(cols, precision);
            assert_eq!([e.values.len(), e.scales.len()], [3 * v, 3 * s]);
            let back = round_trip(values.clone(), &shape, precision).unwrap();
            let mut decoded = Vec::new();
            decode(&e.values, &e.scales, cols, precision, &mut decoded);
            assert_eq!(decoded, back);
            // Any part of a row is decoded as in the whole.
            let (v, s) = (&e.values[v..][..v], &e.scales[s..][..s]);
            for first in 0..cols {
                for end in first..=cols {
                    let mut part = vec![0.0; end - first];
                    decode_row(v, s, precision, first, &mut part);
                    assert_eq!(part, decoded[cols + first..cols + end]);
                }
            }
            assert_eq!(back.len(), values.len());
            for (a, b) in values.iter().zip(&back) {
                assert!((a - b).abs() <= tolerance, "{precision}: {a} {b}");
            }
        }
    }

    #[test]
    fn values_that_do_not_fit_are_named() {
        for (value, precision, word) in [
            (f32::NAN, Precision::F32, "NaN"),
            (70000.0, Precision::F16, "70000"),
            (1e8, Precision::Q8, "100000000"),
            (1e8, Precision::Q4, "100000000"),
        ] {
            let e = Encoded::default().push_rows(&[0.0, value], 2, precision);
            let e = e.unwrap_err().to_string();
            assert!(e.contains(word), "{e}");
        }
        assert!(matrix_shape(&[usize::MAX, 2]).is_err());
    }
}
