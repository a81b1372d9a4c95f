//! Weights as they lie on a device: packed, in whatever precision they were stored.

use burn::backend::{Dispatch, tensor::IntTensor};
use burn::tensor::{DType, Device, Int, Tensor, TensorData};

use super::extension::NetOps;
use crate::pack::Precision;
use crate::pack::matrix::{Encoded, row_bytes};

/// What the words of a weight mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Form {
    /// How values are stored; the layouts are those of `docs/pack-format.md`.
    pub precision: Precision,
    /// `[out, in, kh, kw]`; the last two are 1 for a matrix.
    pub shape: [usize; 4],
}

impl Form {
    /// Rows of the weight's matrix.
    pub const fn rows(&self) -> usize {
        self.shape[0]
    }

    /// Columns of the weight's matrix: all dimensions but the first, flattened.
    pub const fn cols(&self) -> usize {
        self.shape[1] * self.shape[2] * self.shape[3]
    }

    /// Taps of the kernel.
    pub const fn taps(&self) -> usize {
        self.shape[2] * self.shape[3]
    }
}

/// The weight of a linear layer `[out, in]`, of a convolution `[out, in, kh, kw]`, or a table of
/// embeddings `[entries, width]`. It stays in its precision: kernels read packed values, on the way
/// back too, and no dequantised copy of it exists beyond one operation.
#[derive(Debug, Clone)]
pub struct Weight {
    form: Form,
    /// The values as 32-bit words.
    words: Tensor<1, Int>,
    /// One f16 a block of 32 values, two in a word; for floats a stand-in.
    scales: Tensor<1, Int>,
}

impl Weight {
    /// Takes rows as packing stores them: `encoded` holds all `shape[0]` rows, without gaps.
    pub fn from_packed(
        encoded: Encoded,
        shape: [usize; 4],
        precision: Precision,
        device: &Device,
    ) -> Self {
        let form = Form { precision, shape };
        let [values, scales] = row_bytes(form.cols(), precision).map(|n| n * form.rows());
        debug_assert_eq!(
            [encoded.values.len(), encoded.scales.len()],
            [values, scales]
        );
        let words = words(encoded.values, device);
        let scales = if encoded.scales.is_empty() {
            words.clone()
        } else {
            self::words(encoded.scales, device)
        };
        Self {
            form,
            words,
            scales,
        }
    }

    /// A weight of this shape without values, for [`super::Plan`].
    pub fn planned(shape: [usize; 4], precision: Precision, device: &Device) -> Self {
        let words = words(vec![0; 4], device);
        Self {
            form: Form { precision, shape },
            scales: words.clone(),
            words,
        }
    }

    /// What the words mean.
    pub const fn form(&self) -> Form {
        self.form
    }

    /// Where it lies.
    pub fn device(&self) -> Device {
        self.words.device()
    }

    /// Bytes on the device.
    pub fn bytes(&self) -> usize {
        let [values, scales] = row_bytes(self.form.cols(), self.form.precision);
        (values + scales) * self.form.rows()
    }

    /// The arguments of the operations below.
    pub(super) fn parts(&self) -> (IntTensor<Dispatch>, IntTensor<Dispatch>, Form) {
        (
            self.words.clone().into_dispatch(),
            self.scales.clone().into_dispatch(),
            self.form,
        )
    }

    /// All values in f32, `[out, everything else]`.
    pub fn dequantised(&self) -> Tensor<2> {
        let ids: Vec<u32> = (0..self.form.rows() as u32).collect();
        let shape = [self.form.rows(), self.form.cols()];
        super::embedding(self, &ids, 1).reshape(shape)
    }
}

/// `bytes`, filled up to whole words.
fn words(mut bytes: Vec<u8>, device: &Device) -> Tensor<1, Int> {
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    let length = bytes.len() / 4;
    Tensor::from_data(
        TensorData::from_bytes_vec(bytes, [length], DType::I32),
        device,
    )
}

impl<const D: usize> From<Tensor<D>> for Weight {
    /// In single precision; `x` must have 2 or 4 dimensions.
    fn from(x: Tensor<D>) -> Self {
        let dims = x.dims();
        let mut shape = [1; 4];
        shape[..D].copy_from_slice(&dims);
        let flat: Tensor<1> = x.reshape([dims.iter().product::<usize>()]);
        let words: Tensor<1, Int> = Tensor::from_dispatch(Dispatch::net_bits(flat.into_dispatch()));
        Self {
            form: Form {
                precision: Precision::F32,
                shape,
            },
            scales: words.clone(),
            words,
        }
    }
}
