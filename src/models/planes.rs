//! Feature maps that may be larger than the largest tensor of the device: cut along the channels.

use burn::tensor::Tensor;

use crate::ops::{self, limit};

/// A feature map `[B, C, H, W]` as parts of C / n channels each; mostly n is 1.
#[derive(Debug, Clone)]
pub(crate) struct Planes {
    parts: Vec<Tensor<4>>,
}

impl Planes {
    /// Takes parts of one shape, at least one.
    pub const fn new(parts: Vec<Tensor<4>>) -> Self {
        Self { parts }
    }

    /// How many parts a map of this shape has.
    pub fn count([b, c, h, w]: [usize; 4]) -> usize {
        limit::parts(c, 4 * b * c * h * w)
    }

    pub fn parts(&self) -> &[Tensor<4>] {
        &self.parts
    }

    /// Part `i` of `count`; differs from [`Self::parts`] only where a whole map is asked for parts.
    pub fn part(&self, i: usize, count: usize) -> Option<Tensor<4>> {
        match self.parts.as_slice() {
            [whole] if count > 1 => {
                let each = whole.dims()[1] / count;
                Some(ops::take_channels(whole.clone(), i * each, each))
            }
            parts => parts.get(i).cloned(),
        }
    }

    /// The shape of the whole.
    pub fn dims(&self) -> [usize; 4] {
        let [b, c, h, w] = self.parts.first().map_or([0; 4], Tensor::dims);
        [b, c * self.parts.len(), h, w]
    }

    /// The map as one tensor.
    pub fn whole(self) -> Tensor<4> {
        let mut parts = self.parts;
        let last = parts.remove(parts.len() - 1);
        parts
            .into_iter()
            .rev()
            .fold(last, |whole, part| ops::concat_channels(part, whole))
    }
}

impl From<Tensor<4>> for Planes {
    fn from(x: Tensor<4>) -> Self {
        Self { parts: vec![x] }
    }
}
