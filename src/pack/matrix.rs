//! Rows of a matrix in any precision, to bytes.
//!
//! A tensor `[n, ...]` is the matrix of its n first indices by everything else, flattened in the
//! order of the file: a convolution's weight `[out, in, kh, kw]` has `out` rows of `in kh kw`
//! values, which are the rows that an im2col product needs. A row of quantised values is cut into
//! blocks of 32; the last block is filled up with zeros.

use half::f16;

use super::block::{BLOCK, Block, eight_bits, four_bits};
use super::decode::decode;
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
    use crate::pack::decode::decode_row;

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
