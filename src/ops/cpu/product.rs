//! Matrix products.
//!
//! Natively they are `gemm`'s, which chooses the widest SIMD of the processor. In wasm, where there
//! are sixteen registers of four values and no fused multiply-add, its blocks of 12 x 4 need more
//! registers than there are; blocks of 2 rows by 16 columns are half again as fast (measured with
//! V8). [`Columns`] holds the right factor as the blocks read it.

use burn_flex::{FlexTensor, ops::matmul::matmul};
use wide::f32x4;

use super::{dims, tensor, values};

/// Whether products are computed here.
const IN_BLOCKS: bool = cfg!(target_arch = "wasm32");
/// Columns of a block: two rows of it take eight registers.
const WIDTH: usize = 16;
/// Terms that one block sums before it goes to memory: 16 columns of them are in the second-level
/// cache, and a row's part is a page. It also bounds the rounding error of long sums.
const TERMS: usize = 1024;
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
pub fn product(w: &FlexTensor, columns: Columns) -> FlexTensor {
    let (rows, count) = (dims(w)[0], columns.count);
    if !IN_BLOCKS {
        return matmul(w.clone(), tensor(vec![columns.terms, count], columns.data));
    }
    tensor(vec![rows, count], in_blocks(&values(w), &columns))
}

/// The same in blocks.
fn in_blocks(w: &[f32], columns: &Columns) -> Vec<f32> {
    let Columns { terms, count, .. } = *columns;
    let mut out = vec![0.0; w.len() / terms * count];
    if count <= FEW {
        let column = |i: usize| columns.data[i..].iter().step_by(WIDTH).copied().collect();
        let columns: Vec<Vec<f32>> = (0..count).map(column).collect();
        for (row, out) in w.chunks_exact(terms).zip(out.chunks_exact_mut(count)) {
            for (out, column) in out.iter_mut().zip(&columns) {
                *out = dot(row, column);
            }
        }
        return out;
    }
    for from in (0..terms).step_by(TERMS) {
        let to = terms.min(from + TERMS);
        for (i, panel) in columns.data.chunks_exact(terms * WIDTH).enumerate() {
            let panel = &panel.as_chunks::<WIDTH>().0[from..to];
            let live = WIDTH.min(count - i * WIDTH);
            for (rows, out) in w.chunks(2 * terms).zip(out.chunks_mut(2 * count)) {
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
    use super::*;

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
            let y = in_blocks(&w, &columns);
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
}
