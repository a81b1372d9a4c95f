//! A dense row-major tensor of `f32` in host memory: the currency between layers.

use crate::{Error, Result};

/// Dense row-major `f32` data with its shape. Pictures and latents are
/// `[batch, channel, height, width]`; pictures lie in [-1, 1].
#[derive(Debug, Clone, PartialEq)]
pub struct HostTensor {
    shape: Vec<usize>,
    data: Vec<f32>,
}

impl HostTensor {
    /// Wraps `data`; fails with [`Error::Shape`] when the length is not the product of `shape`.
    pub fn new(shape: impl Into<Vec<usize>>, data: Vec<f32>) -> Result<Self> {
        let shape = shape.into();
        if shape.iter().product::<usize>() != data.len() {
            return Err(Error::shape(format!(
                "{} values cannot fill {shape:?}",
                data.len()
            )));
        }
        Ok(Self { shape, data })
    }

    /// A tensor of zeros.
    pub fn zeros(shape: impl Into<Vec<usize>>) -> Self {
        Self::full(shape, 0.0)
    }

    /// A tensor holding `value` everywhere.
    pub fn full(shape: impl Into<Vec<usize>>, value: f32) -> Self {
        let shape = shape.into();
        let data = vec![value; shape.iter().product()];
        Self { shape, data }
    }

    /// The shape, outermost dimension first.
    pub fn shape(&self) -> &[usize] {
        &self.shape
    }

    /// The values, row-major.
    pub fn data(&self) -> &[f32] {
        &self.data
    }

    /// The values, row-major, writable.
    pub fn data_mut(&mut self) -> &mut [f32] {
        &mut self.data
    }

    /// Gives the values up.
    pub fn into_data(self) -> Vec<f32> {
        self.data
    }

    /// Number of values.
    pub fn len(&self) -> usize {
        self.data.len()
    }

    /// True when there are no values.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// The shape as `[batch, channel, height, width]`; fails unless it has four dimensions.
    pub fn dims4(&self) -> Result<[usize; 4]> {
        self.shape.as_slice().try_into().map_err(|_| {
            Error::shape(format!(
                "expected [batch, channel, height, width], found {:?}",
                self.shape
            ))
        })
    }

    /// Fails with [`Error::Shape`], naming `what`, unless the shape is `expected`.
    pub fn expect_shape(&self, what: &str, expected: &[usize]) -> Result<()> {
        if self.shape == expected {
            return Ok(());
        }
        Err(Error::shape(format!(
            "{what} is {:?}, expected {expected:?}",
            self.shape
        )))
    }

    /// Applies `f` to every value.
    pub fn map(mut self, f: impl Fn(f32) -> f32) -> Self {
        self.data.iter_mut().for_each(|v| *v = f(*v));
        self
    }

    /// Combines two tensors of one shape value by value.
    pub fn zip(mut self, other: &Self, f: impl Fn(f32, f32) -> f32) -> Result<Self> {
        other.expect_shape("second operand", &self.shape)?;
        for (a, b) in self.data.iter_mut().zip(&other.data) {
            *a = f(*a, *b);
        }
        Ok(self)
    }

    /// Clamps every value to `[low, high]`. Not-a-number stays not-a-number.
    pub fn clamp(self, low: f32, high: f32) -> Self {
        self.map(|v| v.clamp(low, high))
    }

    /// Euclidean norm over all values, accumulated in f64.
    pub fn norm(&self) -> f64 {
        self.data
            .iter()
            .map(|v| f64::from(*v) * f64::from(*v))
            .sum::<f64>()
            .sqrt()
    }

    /// True when every value is finite.
    pub fn is_finite(&self) -> bool {
        self.data.iter().all(|v| v.is_finite())
    }
}
