//! Rows of weights: the left factors of products.
//!
//! Packed weights are dequantised for each operation and dropped after it: a packed Stable Diffusion
//! fits the 4 GiB of a wasm memory, where its weights in f32 do not.

use burn::tensor::{DType, Shape};
use burn_flex::{FlexTensor, Layout};

use super::product::IN_BLOCKS;
use super::{dims, tensor, values};
use crate::ops::Form;
use crate::pack::{Precision, decode::decode_row, matrix::row_bytes};

/// A weight's matrix, or some of its rows and columns, as it lies in memory.
#[derive(Debug, Clone, Copy)]
pub struct Packed<'a> {
    words: &'a FlexTensor,
    scales: &'a FlexTensor,
    precision: Precision,
    /// Bytes of values and of scales in a row.
    row: [usize; 2],
    /// First and number.
    rows: [usize; 2],
    columns: [usize; 2],
}

impl<'a> Packed<'a> {
    /// The whole matrix.
    pub fn new(words: &'a FlexTensor, scales: &'a FlexTensor, form: Form) -> Self {
        Self {
            words,
            scales,
            precision: form.precision,
            row: row_bytes(form.cols(), form.precision),
            rows: [0, form.rows()],
            columns: [0, form.cols()],
        }
    }

    /// `count` rows from `first` on.
    pub fn rows(self, first: usize, count: usize) -> Self {
        let rows = [self.rows[0] + first, count];
        Self { rows, ..self }
    }

    /// `count` columns from `first` on.
    pub fn columns(self, first: usize, count: usize) -> Self {
        let columns = [self.columns[0] + first, count];
        Self { columns, ..self }
    }

    /// Rows and columns.
    pub fn shape(&self) -> [usize; 2] {
        [self.rows[1], self.columns[1]]
    }

    /// Decodes a row.
    pub fn read(&self, row: usize, out: &mut [f32]) {
        let [values, scales] = self.row;
        let row = self.rows[0] + row;
        let values = &self.words.bytes()[row * values..][..values];
        let scales = &self.scales.bytes()[row * scales..][..scales];
        decode_row(values, scales, self.precision, self.columns[0], out);
    }

    /// All of it in f32, not copied if it lies so.
    pub fn dequantised(&self) -> FlexTensor {
        let [rows, columns] = self.shape();
        if self.precision == Precision::F32 {
            let stored = vec![self.words.bytes().len() / self.row[0], self.row[0] / 4];
            let layout = Layout::contiguous(Shape::from(stored));
            let all = FlexTensor::from_arc(self.words.data_arc(), layout, DType::F32);
            let all = all.narrow(0, self.rows[0], rows);
            return all.narrow(1, self.columns[0], columns);
        }
        let mut out = vec![0.0; rows * columns];
        for (i, out) in out.chunks_exact_mut(columns).enumerate() {
            self.read(i, out);
        }
        tensor(vec![rows, columns], out)
    }
}

/// A matrix `[rows, terms]`, the left factor of a product.
#[derive(Debug, Clone)]
pub enum Rows<'a> {
    /// In f32.
    Plain(FlexTensor),
    /// Decoded some rows at a time, which are then still in the cache.
    Packed(Packed<'a>),
}

impl<'a> From<Packed<'a>> for Rows<'a> {
    fn from(packed: Packed<'a>) -> Self {
        if IN_BLOCKS {
            Self::Packed(packed)
        } else {
            Self::Plain(packed.dequantised())
        }
    }
}

impl Rows<'_> {
    /// Rows and terms.
    pub fn shape(&self) -> [usize; 2] {
        match self {
            Self::Plain(tensor) => [dims(tensor)[0], dims(tensor)[1]],
            Self::Packed(packed) => packed.shape(),
        }
    }

    /// Gives all rows to `f`, up to `at_once` at a time, with the number of the first of them.
    pub fn read(&self, at_once: usize, mut f: impl FnMut(usize, &[f32])) {
        let [rows, terms] = self.shape();
        match self {
            Self::Plain(tensor) => {
                let parts = values(tensor);
                let parts = parts.chunks(at_once * terms).enumerate();
                parts.for_each(|(i, part)| f(i * at_once, part));
            }
            Self::Packed(packed) => {
                let mut buffer = vec![0.0; at_once.min(rows) * terms];
                for first in (0..rows).step_by(at_once) {
                    let part = &mut buffer[..at_once.min(rows - first) * terms];
                    for (i, row) in part.chunks_exact_mut(terms).enumerate() {
                        packed.read(first + i, row);
                    }
                    f(first, part);
                }
            }
        }
    }
}
