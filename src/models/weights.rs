//! Named tensors from safetensors files or a packed model, handed out once each with their shapes
//! checked.
//!
//! A checkpoint fits a network when every tensor that the network asks for is there in the right
//! shape and none is left over. Both are checked: [`Reader::tensor`] names what is missing or
//! mis-shaped, [`Weights::finish`] names what was never asked for.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::ops::Range;

use burn::tensor::{Device, Tensor, TensorData};
use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors};

pub use crate::pack::header::shard_files;
use crate::pack::{Precision, matrix, precision};
use crate::{Error, Result};

/// One tensor.
struct Entry {
    shape: Vec<usize>,
    data: Data,
}

/// Where its values are.
enum Data {
    /// In a safetensors file.
    File {
        shard: usize,
        range: Range<usize>,
        dtype: Dtype,
    },
    /// On the device, as a vector: a packed model goes there shard by shard.
    Device(Box<Tensor<1>>),
}

/// The tensors of one part (text encoder, UNet, autoencoder) of a model. Values stay in the files'
/// own precision and are converted one tensor at a time, when read; those of a packed model are on
/// the device already ([`super::packed::Assembly`]).
pub struct Weights {
    part: String,
    shards: Vec<Vec<u8>>,
    entries: BTreeMap<String, Entry>,
    used: RefCell<BTreeSet<String>>,
    rounding: Precision,
}

impl Weights {
    /// Reads the headers of the safetensors files `shards`; `part` (such as "unet") is named in
    /// errors. Fails with [`Error::Model`] when a file is damaged or a name occurs twice.
    pub fn new(part: impl Into<String>, shards: Vec<Vec<u8>>) -> Result<Self> {
        let part = part.into();
        let mut entries = BTreeMap::new();
        for (shard, bytes) in shards.iter().enumerate() {
            let (header, metadata) = SafeTensors::read_metadata(bytes).map_err(|e| {
                Error::model(format!(
                    "{part}: weight file {} of {} is not a whole safetensors file: {e}",
                    shard + 1,
                    shards.len()
                ))
            })?;
            for (name, info) in metadata.tensors() {
                let (start, end) = info.data_offsets;
                let entry = Entry {
                    shape: info.shape.clone(),
                    data: Data::File {
                        shard,
                        // The header is preceded by its length in eight bytes.
                        range: 8 + header + start..8 + header + end,
                        dtype: info.dtype,
                    },
                };
                if entries.insert(name.clone(), entry).is_some() {
                    return Err(Error::model(format!(
                        "{part}: tensor \"{name}\" is in two weight files"
                    )));
                }
            }
        }
        Ok(Self {
            part,
            shards,
            entries,
            used: RefCell::default(),
            rounding: Precision::F32,
        })
    }

    /// Tensors `(name, shape, values)` that are on a device already.
    pub(super) fn on_device(
        part: impl Into<String>,
        tensors: impl IntoIterator<Item = (String, Vec<usize>, Tensor<1>)>,
    ) -> Self {
        let entries = tensors.into_iter().map(|(name, shape, values)| {
            let data = Data::Device(Box::new(values));
            (name, Entry { shape, data })
        });
        Self {
            part: part.into(),
            shards: Vec::new(),
            entries: entries.collect(),
            used: RefCell::default(),
            rounding: Precision::F32,
        }
    }

    /// The same weights, each rounded when read as packing in `precision` would round it. Packed
    /// weights are left as they are.
    pub fn rounded(mut self, precision: Precision) -> Self {
        self.rounding = precision;
        self
    }

    /// A reader at the root of the names, placing tensors on `device`.
    pub fn reader<'a>(&'a self, device: &'a Device) -> Reader<'a> {
        Reader {
            weights: self,
            device,
            prefix: String::new(),
        }
    }

    /// Number of values in all tensors read so far.
    pub fn parameters(&self) -> u64 {
        let used = self.used.borrow();
        let sizes = used.iter().filter_map(|name| self.entries.get(name));
        sizes
            .map(|e| e.shape.iter().product::<usize>() as u64)
            .sum()
    }

    /// Fails with [`Error::Model`] when tensors were never read, naming them. Names that end in
    /// one of `harmless` are let pass.
    pub fn finish(&self, harmless: &[&str]) -> Result<()> {
        let used = self.used.borrow();
        let extra: Vec<&str> = self
            .entries
            .keys()
            .filter(|name| !used.contains(*name))
            .filter(|name| !harmless.iter().any(|h| name.ends_with(h)))
            .map(String::as_str)
            .collect();
        if extra.is_empty() {
            return Ok(());
        }
        let shown = extra.iter().take(6).map(|n| format!("\"{n}\""));
        let shown = shown.collect::<Vec<_>>().join(", ");
        let more = if extra.len() > 6 { ", ..." } else { "" };
        Err(Error::model(format!(
            "{}: {} tensor(s) that the configuration has no place for: {shown}{more}",
            self.part,
            extra.len()
        )))
    }

    /// The tensor `name` as a vector of f32, after checking its shape against each of `shapes`.
    fn values(&self, name: &str, shapes: &[&[usize]], device: &Device) -> Result<Tensor<1>> {
        let expected = || {
            let all = shapes.iter().map(|s| format!("{s:?}"));
            all.collect::<Vec<_>>().join(" or ")
        };
        let fail =
            |message: String| Error::model(format!("{}: tensor \"{name}\" {message}", self.part));
        let Some(entry) = self.entries.get(name) else {
            return Err(fail(format!("is missing; expected shape {}", expected())));
        };
        if !shapes.contains(&entry.shape.as_slice()) {
            return Err(fail(format!(
                "has shape {:?}, expected {}",
                entry.shape,
                expected()
            )));
        }
        let values = match &entry.data {
            Data::Device(values) => values.as_ref().clone(),
            Data::File {
                shard,
                range,
                dtype,
            } => {
                let bytes = self.shards[*shard]
                    .get(range.clone())
                    .ok_or_else(|| fail("lies outside its file".into()))?;
                let values = match dtype {
                    Dtype::F32 => convert(bytes, f32::from_le_bytes),
                    Dtype::F16 => convert(bytes, |b| f16::from_le_bytes(b).to_f32()),
                    Dtype::BF16 => convert(bytes, |b| bf16::from_le_bytes(b).to_f32()),
                    other => {
                        return Err(fail(format!(
                            "has type {other:?}; supported: F32, F16, BF16"
                        )));
                    }
                };
                let stored = precision::stored(name, &entry.shape, self.rounding);
                let values = matrix::round_trip(values, &entry.shape, stored)
                    .map_err(|e| fail(format!("cannot be rounded: {e}")))?;
                let length = values.len();
                Tensor::from_data(TensorData::new(values, [length]), device)
            }
        };
        self.used.borrow_mut().insert(name.to_owned());
        Ok(values)
    }
}

fn convert<const N: usize>(bytes: &[u8], value: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    let (words, _) = bytes.as_chunks::<N>();
    words.iter().map(|w| value(*w)).collect()
}

/// A position in the hierarchy of names: `weights.reader(device).at("down_blocks").at(0)`.
#[derive(Clone)]
pub struct Reader<'a> {
    weights: &'a Weights,
    device: &'a Device,
    prefix: String,
}

impl<'a> Reader<'a> {
    /// The position one level down.
    pub fn at(&self, name: impl Display) -> Reader<'a> {
        Reader {
            weights: self.weights,
            device: self.device,
            prefix: format!("{}{name}.", self.prefix),
        }
    }

    /// Where the tensors go.
    pub fn device(&self) -> &'a Device {
        self.device
    }

    /// True when there is a tensor `name` (may contain dots) at this position.
    pub fn has(&self, name: &str) -> bool {
        self.weights
            .entries
            .contains_key(&format!("{}{name}", self.prefix))
    }

    /// The tensor `name` on the device, as f32. Fails with [`Error::Model`] when it is missing,
    /// not of the given shape, or not a float tensor.
    pub fn tensor<const D: usize>(&self, name: &str, shape: [usize; D]) -> Result<Tensor<D>> {
        self.read(name, shape, &[&shape])
    }

    /// The matrix `name` `[out, in]`; a 1x1 convolution `[out, in, 1, 1]` is taken too.
    pub fn matrix(&self, name: &str, [out, input]: [usize; 2]) -> Result<Tensor<2>> {
        let shapes: [&[usize]; 2] = [&[out, input], &[out, input, 1, 1]];
        self.read(name, [out, input], &shapes)
    }

    fn read<const D: usize>(
        &self,
        name: &str,
        shape: [usize; D],
        accepted: &[&[usize]],
    ) -> Result<Tensor<D>> {
        let name = format!("{}{name}", self.prefix);
        let values = self.weights.values(&name, accepted, self.device)?;
        Ok(values.reshape(shape))
    }
}
