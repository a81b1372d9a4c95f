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

use crate::ops::Weight;
pub use crate::pack::header::shard_files;
use crate::pack::matrix::Encoded;
use crate::pack::{Precision, matrix, precision};
use crate::{Error, Result};

/// One tensor.
struct Entry {
    shape: Vec<usize>,
    data: Data,
}

/// Where its values are.
pub(super) enum Data {
    /// In a safetensors file.
    File {
        shard: usize,
        range: Range<usize>,
        dtype: Dtype,
    },
    /// On the device, as a vector: a packed model goes there shard by shard.
    Device(Box<Tensor<1>>),
    /// On the device, packed.
    Packed(Box<Weight>),
    /// Nowhere: only its name and shape are known.
    Announced,
}

/// The shape of a weight `[out, in]` or `[out, in, kh, kw]` with four dimensions; `None` for others.
pub(super) fn four_dims(shape: &[usize]) -> Option<[usize; 4]> {
    match *shape {
        [out, input] => Some([out, input, 1, 1]),
        [out, input, kh, kw] => Some([out, input, kh, kw]),
        _ => None,
    }
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
    /// Stand-ins are handed out, as a part of this precision has them.
    planned: Option<Precision>,
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
            planned: None,
        })
    }

    /// No weights, but stand-ins of whatever shape is asked for and of the precision that packing in
    /// `precision` gives: a network of them can be planned ([`crate::ops::Plan`]), not run.
    pub fn planned(part: impl Into<String>, precision: Precision) -> Self {
        Self {
            planned: Some(precision),
            ..Self::on_device(part, [])
        }
    }

    /// As [`Self::planned`], but only tensors of these names and shapes are handed out: a network loads from them if it would from the
    /// weights themselves.
    pub fn announced(
        part: impl Into<String>,
        precision: Precision,
        tensors: impl IntoIterator<Item = (String, Vec<usize>)>,
    ) -> Self {
        let tensors = tensors.into_iter();
        Self {
            planned: Some(precision),
            ..Self::on_device(part, tensors.map(|(n, s)| (n, s, Data::Announced)))
        }
    }

    /// Tensors `(name, shape, values)` that are on a device already.
    pub(super) fn on_device(
        part: impl Into<String>,
        tensors: impl IntoIterator<Item = (String, Vec<usize>, Data)>,
    ) -> Self {
        let entries = tensors
            .into_iter()
            .map(|(name, shape, data)| (name, Entry { shape, data }));
        Self {
            part: part.into(),
            shards: Vec::new(),
            entries: entries.collect(),
            used: RefCell::default(),
            rounding: Precision::F32,
            planned: None,
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

    /// The entry `name`, after checking its shape against each of `shapes`.
    fn entry(&self, name: &str, shapes: &[&[usize]]) -> Result<&Entry> {
        let expected = || {
            let all = shapes.iter().map(|s| format!("{s:?}"));
            all.collect::<Vec<_>>().join(" or ")
        };
        let Some(entry) = self.entries.get(name) else {
            return Err(self.fail(name, format!("is missing; expected shape {}", expected())));
        };
        if !shapes.contains(&entry.shape.as_slice()) {
            let (found, expected) = (&entry.shape, expected());
            return Err(self.fail(name, format!("has shape {found:?}, expected {expected}")));
        }
        self.used.borrow_mut().insert(name.to_owned());
        Ok(entry)
    }

    /// Of stand-ins: fails unless the tensor was announced, if any was.
    fn announce(&self, name: &str, shapes: &[&[usize]]) -> Result<()> {
        if self.entries.is_empty() {
            return Ok(());
        }
        self.entry(name, shapes).map(|_| ())
    }

    fn fail(&self, name: &str, message: String) -> Error {
        Error::model(format!("{}: tensor \"{name}\" {message}", self.part))
    }

    /// The tensor `name` as a vector of f32.
    fn values(&self, name: &str, shapes: &[&[usize]], device: &Device) -> Result<Tensor<1>> {
        if self.planned.is_some() {
            self.announce(name, shapes)?;
            let length = shapes.first().map_or(0, |s| s.iter().product());
            let zeros = TensorData::new(vec![0f32; length], [length]);
            return Ok(Tensor::from_data(zeros, device));
        }
        let entry = self.entry(name, shapes)?;
        Ok(match &entry.data {
            Data::Device(values) => values.as_ref().clone(),
            Data::Packed(weight) => weight.dequantised().reshape([-1]),
            Data::Announced => return Err(self.fail(name, "is not here, only announced".into())),
            Data::File { .. } => {
                let values = self.read(name, entry)?;
                let stored = precision::stored(name, &entry.shape, self.rounding);
                let values = matrix::round_trip(values, &entry.shape, stored)
                    .map_err(|e| self.fail(name, format!("cannot be rounded: {e}")))?;
                let length = values.len();
                Tensor::from_data(TensorData::new(values, [length]), device)
            }
        })
    }

    /// The tensor `name` as a weight, in the precision that it has or is rounded to.
    fn weight(
        &self,
        name: &str,
        shape: [usize; 4],
        shapes: &[&[usize]],
        device: &Device,
    ) -> Result<Weight> {
        if let Some(wanted) = self.planned {
            self.announce(name, shapes)?;
            let precision = precision::stored(name, shapes.first().unwrap_or(&&[][..]), wanted);
            return Ok(Weight::planned(shape, precision, device));
        }
        let entry = self.entry(name, shapes)?;
        let stored = precision::stored(name, &entry.shape, self.rounding);
        let encoded = match &entry.data {
            Data::Device(values) => {
                return Ok(values.as_ref().clone().reshape::<4, _>(shape).into());
            }
            Data::Packed(weight) => return Ok(weight.as_ref().clone()),
            Data::Announced => return Err(self.fail(name, "is not here, only announced".into())),
            // As it is.
            Data::File {
                dtype: Dtype::F16, ..
            } if matches!(stored, Precision::F32 | Precision::F16) => {
                let values = self.bytes(name, entry)?.to_vec();
                let (halves, _) = values.as_chunks::<2>();
                let finite = |h: &[u8; 2]| f16::from_le_bytes(*h).is_finite();
                if !halves.iter().all(finite) {
                    return Err(self.fail(name, "holds values that are not numbers".into()));
                }
                let encoded = Encoded {
                    values,
                    scales: Vec::new(),
                };
                return Ok(Weight::from_packed(encoded, shape, Precision::F16, device));
            }
            Data::File { .. } => {
                let values = self.read(name, entry)?;
                let mut encoded = Encoded::default();
                let cols = shape[1..].iter().product();
                encoded
                    .push_rows(&values, cols, stored)
                    .map_err(|e| self.fail(name, format!("cannot be rounded: {e}")))?;
                encoded
            }
        };
        Ok(Weight::from_packed(encoded, shape, stored, device))
    }

    /// The bytes of a tensor in a file.
    fn bytes(&self, name: &str, entry: &Entry) -> Result<&[u8]> {
        match &entry.data {
            Data::File { shard, range, .. } => self.shards[*shard].get(range.clone()),
            _ => None,
        }
        .ok_or_else(|| self.fail(name, "lies outside its file".into()))
    }

    /// The values of a tensor in a file.
    fn read(&self, name: &str, entry: &Entry) -> Result<Vec<f32>> {
        let bytes = self.bytes(name, entry)?;
        match entry.data {
            Data::File { dtype, .. } => match dtype {
                Dtype::F32 => Ok(convert(bytes, f32::from_le_bytes)),
                Dtype::F16 => Ok(convert(bytes, |b| f16::from_le_bytes(b).to_f32())),
                Dtype::BF16 => Ok(convert(bytes, |b| bf16::from_le_bytes(b).to_f32())),
                other => Err(self.fail(
                    name,
                    format!("has type {other:?}; supported: F32, F16, BF16"),
                )),
            },
            _ => Ok(Vec::new()),
        }
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
        let name = format!("{}{name}", self.prefix);
        let values = self.weights.values(&name, &[&shape], self.device)?;
        Ok(values.reshape(shape))
    }

    /// The matrix `name` `[out, in]` in its own precision; a 1x1 convolution `[out, in, 1, 1]` is
    /// taken too. Errors as for [`Self::tensor`].
    pub fn matrix(&self, name: &str, [out, input]: [usize; 2]) -> Result<Weight> {
        let shapes: [&[usize]; 2] = [&[out, input], &[out, input, 1, 1]];
        self.weight(name, [out, input, 1, 1], &shapes)
    }

    /// The kernels `name` `[out, in, kh, kw]` of a convolution in their own precision. Errors as for
    /// [`Self::tensor`].
    pub fn kernels(&self, name: &str, shape: [usize; 4]) -> Result<Weight> {
        self.weight(name, shape, &[&shape])
    }

    fn weight(&self, name: &str, shape: [usize; 4], accepted: &[&[usize]]) -> Result<Weight> {
        let name = format!("{}{name}", self.prefix);
        self.weights.weight(&name, shape, accepted, self.device)
    }
}
