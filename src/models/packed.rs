//! From the shards of a packed model to tensors on a device. Shards are given one after the other
//! and need not be kept: at any time one shard and one tensor are in memory.

use burn::tensor::{Device, Tensor, TensorData};

use super::weights::Weights;
use crate::pack::table::{PackedPart, PackedTensor, Piece};
use crate::{Error, Result};

/// The weights of one part while its shards come in.
pub struct Assembly<'a> {
    part: &'a PackedPart,
    device: &'a Device,
    /// Tensors on the device: as many as the first of the part's.
    ready: Vec<Tensor<1>>,
    /// The rows so far of the tensor after them, which lies in several shards.
    begun: Vec<f32>,
    /// Shards seen; they must ascend.
    next_shard: usize,
}

impl<'a> Assembly<'a> {
    /// Nothing read yet.
    pub fn new(part: &'a PackedPart, device: &'a Device) -> Self {
        Self {
            part,
            device,
            ready: Vec::new(),
            begun: Vec::new(),
            next_shard: 0,
        }
    }

    /// Takes from shard `index`, whose checked bytes these are, all that it holds of the part.
    /// Shards must be given in ascending order. Fails with [`Error::Model`] when they are not, or
    /// when a tensor lies outside.
    pub fn shard(&mut self, index: usize, bytes: &[u8]) -> Result<()> {
        if index < self.next_shard {
            return Err(Error::model(
                "the shards of a packed model are out of order",
            ));
        }
        self.next_shard = index + 1;
        let part = self.part;
        while let Some(tensor) = part.tensors.get(self.ready.len()) {
            let here = |p: &&Piece| p.shard == index;
            for piece in tensor.pieces.iter().filter(here) {
                tensor.decode(piece, bytes, &mut self.begun)?;
            }
            if tensor.pieces.last().is_some_and(|p| p.shard > index) {
                return Ok(());
            }
            self.complete(tensor)?;
        }
        Ok(())
    }

    fn complete(&mut self, tensor: &PackedTensor) -> Result<()> {
        let values = std::mem::take(&mut self.begun);
        let length = values.len();
        if length != tensor.shape.iter().product::<usize>() {
            return Err(Error::model(format!(
                "{}: tensor \"{}\" is not whole: a shard was left out",
                self.part.name, tensor.name
            )));
        }
        let data = TensorData::new(values, [length]);
        self.ready.push(Tensor::from_data(data, self.device));
        Ok(())
    }

    /// The weights. Fails with [`Error::Model`] when a shard was left out.
    pub fn finish(self) -> Result<Weights> {
        if let Some(tensor) = self.part.tensors.get(self.ready.len()) {
            return Err(Error::model(format!(
                "{}: tensor \"{}\" is not whole: a shard was left out",
                self.part.name, tensor.name
            )));
        }
        let tensors = self.part.tensors.iter().zip(self.ready);
        let tensors = tensors.map(|(t, values)| (t.name.clone(), t.shape.clone(), values));
        Ok(Weights::on_device(self.part.name.clone(), tensors))
    }
}
