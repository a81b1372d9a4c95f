//! Named tensors in safetensors files.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use crate::HostTensor;

/// The tensors of one file. Integers are converted to f32.
pub struct Tensors(BTreeMap<String, HostTensor>);

fn words<const N: usize>(bytes: &[u8], f: impl Fn([u8; N]) -> f32) -> Vec<f32> {
    bytes.as_chunks::<N>().0.iter().map(|c| f(*c)).collect()
}

impl Tensors {
    /// Reads `path`.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
        let file = SafeTensors::deserialize(&bytes)
            .with_context(|| format!("{} is not a safetensors file", path.display()))?;
        let mut tensors = BTreeMap::new();
        for (name, view) in file.tensors() {
            let d = view.data();
            let data = match view.dtype() {
                Dtype::F32 => words(d, f32::from_le_bytes),
                Dtype::F64 => words(d, |b| f64::from_le_bytes(b) as f32),
                Dtype::F16 => words(d, |b| half::f16::from_le_bytes(b).to_f32()),
                Dtype::BF16 => words(d, |b| half::bf16::from_le_bytes(b).to_f32()),
                Dtype::I64 => words(d, |b| i64::from_le_bytes(b) as f32),
                Dtype::I32 => words(d, |b| i32::from_le_bytes(b) as f32),
                other => bail!("{}: tensor {name} is {other:?}; use f32", path.display()),
            };
            tensors.insert(name, HostTensor::new(view.shape().to_vec(), data)?);
        }
        Ok(Self(tensors))
    }

    /// The tensor `name`.
    pub fn get(&self, name: &str) -> Result<&HostTensor> {
        let names = || self.0.keys().cloned().collect::<Vec<_>>().join(", ");
        self.0
            .get(name)
            .with_context(|| format!("the inputs have no tensor \"{name}\" (found: {})", names()))
    }

    /// The tensor `name`, when it is there.
    pub fn optional(&self, name: &str) -> Option<&HostTensor> {
        self.0.get(name)
    }
}

/// Writes one f32 tensor called `name` to `path`.
pub fn write(path: &Path, name: &str, x: &HostTensor) -> Result<()> {
    let bytes: Vec<u8> = x.data().iter().flat_map(|v| v.to_le_bytes()).collect();
    let view = TensorView::new(Dtype::F32, x.shape().to_vec(), &bytes)?;
    let file = safetensors::serialize([(name, view)], None)?;
    std::fs::write(path, file).with_context(|| path.display().to_string())
}
