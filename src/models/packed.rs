//! From the shards of a packed model to tensors on a device. Shards are given one after the other
//! and need not be kept: at any time one tensor is in memory, and one shard where it is not read from outside. Weights stay packed;
//! vectors (biases, norms) become f32.

use burn::tensor::{Device, Tensor, TensorData};

use super::weights::{Data, Weights, four_dims};
use crate::ops::Weight;
use crate::pack::decode::decode;
use crate::pack::matrix::Encoded;
use crate::pack::table::{PackedPart, PackedTensor, Piece, ShardBytes};
use crate::{Error, Result};

/// The weights of one part while its shards come in.
pub struct Assembly<'a> {
    part: &'a PackedPart,
    device: &'a Device,
    /// Tensors on the device: as many as the first of the part's.
    ready: Vec<Data>,
    /// The rows so far of the tensor after them, which lies in several shards.
    begun: Encoded,
    rows: usize,
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
            begun: Encoded::default(),
            rows: 0,
            next_shard: 0,
        }
    }

    /// Takes from shard `index`, whose checked bytes these are, all that it holds of the part.
    /// Shards must be given in ascending order. Fails with [`Error::Model`] when they are not, or
    /// when a tensor lies outside.
    pub fn shard(&mut self, index: usize, bytes: &(impl ShardBytes + ?Sized)) -> Result<()> {
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
                let [values, scales] = tensor.places(piece)?;
                let taken = bytes
                    .append(values, &mut self.begun.values)
                    .and_then(|()| bytes.append(scales, &mut self.begun.scales));
                taken.ok_or_else(|| tensor.outside())?;
                self.rows += piece.rows;
            }
            if tensor.pieces.last().is_some_and(|p| p.shard > index) {
                return Ok(());
            }
            self.complete(tensor)?;
        }
        Ok(())
    }

    fn complete(&mut self, tensor: &PackedTensor) -> Result<()> {
        let encoded = std::mem::take(&mut self.begun);
        let rows = std::mem::take(&mut self.rows);
        if rows != tensor.shape.first().copied().unwrap_or(1) {
            return Err(Error::model(format!(
                "{}: tensor \"{}\" is not whole: a shard was left out",
                self.part.name, tensor.name
            )));
        }
        let data = match four_dims(&tensor.shape) {
            Some(shape) => Data::Packed(Box::new(Weight::from_packed(
                encoded,
                shape,
                tensor.precision,
                self.device,
            ))),
            None => {
                let mut values = Vec::new();
                let cols = tensor.shape.iter().skip(1).product();
                let Encoded { values: v, scales } = encoded;
                decode(&v, &scales, cols, tensor.precision, &mut values);
                let length = values.len();
                let values = TensorData::new(values, [length]);
                Data::Device(Box::new(Tensor::from_data(values, self.device)))
            }
        };
        self.ready.push(data);
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
        let tensors = tensors.map(|(t, data)| (t.name.clone(), t.shape.clone(), data));
        Ok(Weights::on_device(self.part.name.clone(), tensors))
    }
}
