//! Matrix products.
//!
//! Natively they are `gemm`'s, which chooses the widest SIMD of the processor. In wasm, where there
//! are sixteen registers of four values and no fused multiply-add, its blocks of 12 x 4 need more
//! registers than there are; blocks of 2 rows by 16 columns are half again as fast (measured with
//! V8). [`Rows`] is the left factor, [`Columns`] holds the right one as the blocks read it.

use burn_flex::{FlexTensor, ops::matmul::matmul};
use wide::f32x4;

use super::rows::Rows;
use super::tensor;

/// Whether products are computed here.
pub(super) const IN_BLOCKS: bool = cfg!(target_arch = "wasm32");
/// Columns of a block: two rows of it take eight registers.
const WIDTH: usize = 16;
/// Terms that one block sums before it goes to memory: 16 columns of them are in the first-level
/// cache. It also bounds the rounding error of long sums.
const TERMS: usize = 512;
/// Values of rows that are decoded at once: read in the order in which they lie, kept in the
/// second-level cache.
const ROWS: usize = 1 << 16;
/// Up to so many columns a block would be mostly empty.
const FEW: usize = 4;

/// A matrix `[terms, count]`, the right factor of a product, in panels of `width` columns: panel by
/// panel, term by term, column by column. The last panel is filled up with zeros.
#[derive(Debug, Clone)]
pub struct Columns {
    terms: usize,
    count: usize,
    width: usize,
    data: Vec<f32>,
}

impl Columns {
    /// Zeros.
    pub fn zeros(terms: usize, count: usize) -> Self {
        // One panel is the matrix as others expect it.
        let width = if IN_BLOCKS { WIDTH } else { count };
        Self::in_panels(terms, count, width.max(1))
    }

    fn in_panels(terms: usize, count: usize, width: usize) -> Self {
        let data = vec![0.0; terms * count.next_multiple_of(width)];
        Self {
            terms,
            count,
            width,
            data,
        }
    }

    /// The transpose of `rows` `[count, terms]`.
    pub fn transposed(rows: &[f32], terms: usize) -> Self {
        let mut columns = Self::zeros(terms, rows.len() / terms);
        let width = columns.width;
        for (i, row) in rows.chunks_exact(terms).enumerate() {
            let panel = &mut columns.data[(i / width) * terms * width..];
            let to = panel[i % width..].iter_mut().step_by(width);
            to.zip(row).for_each(|(to, v)| *to = *v);
        }
        columns
    }

    /// Writes `values` as those of one term, from the column `first` on.
    pub fn put(&mut self, term: usize, first: usize, values: &[f32]) {
        let width = self.width;
        let (mut panel, mut at) = (first / width, first % width);
        let mut left = values;
        while !left.is_empty() {
            let start = (panel * self.terms + term) * width + at;
            let (part, rest) = left.split_at(left.len().min(width - at));
            let to = &mut self.data[start..][..part.len()];
            // Of a size that is known, a copy is some instructions; of others, in wasm, a call.
            if !copied::<WIDTH>(to, part) && !copied::<{ WIDTH / 2 }>(to, part) {
                to.copy_from_slice(part);
            }
            (panel, at, left) = (panel + 1, 0, rest);
        }
    }
}

/// Copies `from` to `to` if that is N values.
fn copied<const N: usize>(to: &mut [f32], from: &[f32]) -> bool {
    let to: Option<&mut [f32; N]> = to.try_into().ok();
    let from: Option<&[f32; N]> = from.try_into().ok();
    let (Some(to), Some(from)) = (to, from) else {
        return false;
    };
    *to = *from;
    true
}

/// `w` `[rows, terms]` times `columns`, `[rows, count]`.
pub fn product(w: &Rows, columns: Columns) -> FlexTensor {
    let [rows, count] = [w.shape()[0], columns.count];
    match w {
        Rows::Plain(w) if !IN_BLOCKS => {
            matmul(w.clone(), tensor(vec![columns.terms, count], columns.data))
        }
        _ => tensor(vec![rows, count], in_blocks(w, &columns)),
    }
}

/// The same in blocks.
fn in_blocks(w: &Rows, columns: &Columns) -> Vec<f32> {
    let Columns { terms, count, .. } = *columns;
    let mut out = vec![0.0; w.shape()[0] * count];
    if count <= FEW {
        let column = |i: usize| columns.data[i..].iter().step_by(WIDTH).copied().collect();
        let columns: Vec<Vec<f32>> = (0..count).map(column).collect();
        w.read(1, |i, row| {
            for (out, column) in out[i * count..].iter_mut().zip(&columns) {
                *out = dot(row, column);
            }
        });
        return out;
    }
    // Pairs, so that only the last row can be single.
    let at_once = (ROWS / terms).max(2) & !1;
    w.read(at_once, |first, rows| {
        for from in (0..terms).step_by(TERMS) {
            let to = terms.min(from + TERMS);
            for (i, panel) in columns.data.chunks_exact(terms * WIDTH).enumerate() {
                let panel = &panel.as_chunks::<WIDTH>().0[from..to];
                let live = WIDTH.min(count - i * WIDTH);
                let out = out[first * count..].chunks_mut(2 * count);
                for (rows, out) in rows.chunks(2 * terms).zip(out) {
                    let (a, b) = rows.split_at(terms);
                    let single = b.is_empty();
                    // An odd last row is taken twice.
                    let b = if single { a } else { b };
                    let [a, b] = block(&a[from..to], &b[from..to], panel);
                    add(&mut out[i * WIDTH..][..live], a);
                    if !single {
                        add(&mut out[count + i * WIDTH..][..live], b);
                    }
                }
            }
        }
    });
    out
}

/// Two rows times one panel.
#[inline(always)]
fn block(a: &[f32], b: &[f32], panel: &[[f32; WIDTH]]) -> [[f32x4; 4]; 2] {
    let [mut a0, mut a1, mut a2, mut a3] = [f32x4::ZERO; 4];
    let [mut b0, mut b1, mut b2, mut b3] = [f32x4::ZERO; 4];
    for ((a, b), x) in a.iter().zip(b).zip(panel) {
        let ([x0, x1, x2, x3], []) = x.as_chunks::<4>() else {
            break;
        };
        let [x0, x1, x2, x3] = [x0, x1, x2, x3].map(|x| f32x4::new(*x));
        let (a, b) = (f32x4::splat(*a), f32x4::splat(*b));
        a0 += a * x0;
        a1 += a * x1;
        a2 += a * x2;
        a3 += a * x3;
        b0 += b * x0;
        b1 += b * x1;
        b2 += b * x2;
        b3 += b * x3;
    }
    [[a0, a1, a2, a3], [b0, b1, b2, b3]]
}

/// Adds a row of a block to where it belongs.
fn add(out: &mut [f32], row: [f32x4; 4]) {
    if let Ok(out) = <&mut [f32; WIDTH]>::try_from(&mut *out) {
        let (fours, _) = out.as_chunks_mut::<4>();
        for (out, v) in fours.iter_mut().zip(row) {
            *out = (f32x4::new(*out) + v).to_array();
        }
    } else {
        let row = row.map(f32x4::to_array);
        let row = row.as_flattened();
        out.iter_mut().zip(row).for_each(|(out, v)| *out += v);
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut sums = [f32x4::ZERO; 4];
    let (sixteens, a_rest) = a.as_chunks::<16>();
    let (others, b_rest) = b.as_chunks::<16>();
    for (a, b) in sixteens.iter().zip(others) {
        let (a, b) = (a.as_chunks::<4>().0, b.as_chunks::<4>().0);
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += f32x4::new(*a) * f32x4::new(*b);
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    (sums[0] + sums[1] + (sums[2] + sums[3])).reduce_add() + rest
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use burn::tensor::TensorData;

    use super::*;
    use crate::ops::{Form, cpu::rows::Packed};
    use crate::pack::{Precision, matrix::Encoded};

    #[test]
    fn blocks_are_matrix_products() {
        for (rows, terms, count) in [
            (1, 1, 1),
            (3, 7, 4),
            (5, 300, 16),
            (2, 16, 17),
            (7, 513, 40),
            (3, 2100, 20),
        ] {
            let value = |i: usize| ((i * 7919 + 13) % 101) as f32 / 50.0 - 1.0;
            let w: Vec<f32> = (0..rows * terms).map(value).collect();
            let x: Vec<f32> = (0..terms * count).map(|i| value(i + 5)).collect();
            let mut columns = Columns::in_panels(terms, count, WIDTH);
            for (term, row) in x.chunks_exact(count).enumerate() {
                let (left, right) = row.split_at(count / 3);
                columns.put(term, 0, left);
                columns.put(term, left.len(), right);
            }
            let plain = Rows::Plain(tensor(vec![rows, terms], w.clone()));
            let y = in_blocks(&plain, &columns);
            for (i, y) in y.iter().enumerate() {
                let (row, column) = (i / count, i % count);
                let terms_of =
                    |j: usize| f64::from(w[row * terms + j]) * f64::from(x[j * count + column]);
                let exact: f64 = (0..terms).map(terms_of).sum();
                let size: f64 = (0..terms).map(|j| terms_of(j).abs()).sum();
                assert!(
                    (f64::from(*y) - exact).abs() <= 1e-6 * size,
                    "{rows} {terms} {count}: {y} {exact}"
                );
            }
        }
    }

    /// Some rows and columns of a packed matrix are multiplied as their values in f32 are.
    #[test]
    fn packed_rows_are_decoded_in_passing() {
        let (stored, cols) = (70, 1100);
        let value = |i: usize| ((i * 7919 + 13) % 101) as f32 / 50.0 - 1.0;
        let w: Vec<f32> = (0..stored * cols).map(value).collect();
        for precision in [Precision::F32, Precision::F16, Precision::Q8, Precision::Q4] {
            let mut encoded = Encoded::default();
            encoded.push_rows(&w, cols, precision).unwrap();
            let form = Form {
                precision,
                shape: [stored, cols, 1, 1],
            };
            let bytes = |b: Vec<u8>| {
                let words = b.as_chunks::<4>().0.iter().map(|w| i32::from_le_bytes(*w));
                let words: Vec<i32> = words.collect();
                FlexTensor::from_data(TensorData::new(words.clone(), [words.len()]))
            };
            let (words, scales) = (bytes(encoded.values), bytes(encoded.scales));
            for (rows, columns) in [([0, stored], [0, cols]), ([3, 41], [9, 1041])] {
                let packed = Packed::new(&words, &scales, form)
                    .rows(rows[0], rows[1])
                    .columns(columns[0], columns[1]);
                let plain = Rows::Plain(packed.dequantised());
                for count in [3, 20] {
                    let x: Vec<f32> = (0..columns[1] * count).map(|i| value(i + 5)).collect();
                    let mut right = Columns::in_panels(columns[1], count, WIDTH);
                    for (term, row) in x.chunks_exact(count).enumerate() {
                        right.put(term, 0, row);
                    }
                    let found = in_blocks(&Rows::Packed(packed), &right);
                    assert_eq!(found, in_blocks(&plain, &right), "{precision} {count}");
                }
            }
        }
    }
}
