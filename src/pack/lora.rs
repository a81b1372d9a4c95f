//! Low-rank adapters (LoRA, Hu et al., 2021) fused into the weights while packing:
//! W + scale (alpha / rank) B A, with A `[rank, in]` ("down") and B `[out, rank]` ("up"). For
//! convolutions A is `[rank, in, kh, kw]` and B `[out, rank, 1, 1]`.

mod names;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use self::names::{Key, Role};
use super::header::RawTensor;
use super::matrix::matrix_shape;
use super::source::TensorFile;
use crate::{Error, Result};

/// Where the tensors of one adapted layer are.
#[derive(Debug, Default, Clone)]
struct Module {
    down: Option<RawTensor>,
    up: Option<RawTensor>,
    alpha: Option<RawTensor>,
}

/// A LoRA file.
#[derive(Debug)]
pub struct Lora {
    path: PathBuf,
    file: TensorFile,
    scale: f32,
    modules: BTreeMap<Key, Module>,
    /// Alphas of whole parts, from the file's metadata.
    alphas: names::Alphas,
}

/// The change of one weight: rows of `factor * up * down`.
#[derive(Debug)]
pub struct Delta {
    factor: f32,
    rank: usize,
    cols: usize,
    up: Vec<f32>,
    down: Vec<f32>,
}

impl Delta {
    /// Adds the change of the rows from `first_row` on to `values`, whole rows of the weight.
    pub fn add(&self, first_row: usize, values: &mut [f32]) {
        let rows = values.chunks_exact_mut(self.cols);
        let ups = self.up.chunks_exact(self.rank).skip(first_row);
        for (row, up) in rows.zip(ups) {
            for (b, down) in up.iter().zip(self.down.chunks_exact(self.cols)) {
                let b = self.factor * b;
                for (w, a) in row.iter_mut().zip(down) {
                    *w += b * a;
                }
            }
        }
    }
}

impl Lora {
    /// Opens `path`, to be fused with weight `scale`. Fails with [`Error::Model`], naming the
    /// tensor, when the file has anything but pairs of down and up with optional alphas.
    pub fn open(path: &Path, scale: f32) -> Result<Self> {
        let file = TensorFile::open(path)?;
        let named = |m: String| Error::model(format!("{}: {m}", path.display()));
        if !scale.is_finite() {
            return Err(Error::invalid(format!(
                "--lora-scale {scale} is not a number"
            )));
        }
        let mut modules: BTreeMap<Key, Module> = BTreeMap::new();
        for (name, raw) in &file.header().tensors {
            let (key, role) = names::parse(name).map_err(&named)?;
            let module = modules.entry(key).or_default();
            let place = match role {
                Role::Down => &mut module.down,
                Role::Up => &mut module.up,
                Role::Alpha => &mut module.alpha,
            };
            if place.replace(raw.clone()).is_some() {
                return Err(named(format!("\"{name}\" adapts a layer a second time")));
            }
        }
        if modules.is_empty() {
            return Err(named("has no tensors".into()));
        }
        let alphas = names::Alphas::parse(&file.header().metadata).map_err(named)?;
        Ok(Self {
            path: path.to_owned(),
            file,
            scale,
            modules,
            alphas,
        })
    }

    /// Takes out the adapters of `part` (`unet` or `text_encoder`) and returns them by the name of
    /// the weight they belong to, one of `weights`. Fails with [`Error::Model`] when one has no
    /// such weight.
    pub fn targets<'a>(
        &mut self,
        part: &str,
        weights: impl Iterator<Item = &'a str>,
    ) -> Result<BTreeMap<String, Target>> {
        let mut targets = BTreeMap::new();
        let mut spelled = BTreeMap::new();
        for weight in weights {
            if let Some(layer) = names::layer_of(weight) {
                spelled.insert(layer, weight);
            }
        }
        let keys: Vec<Key> = self
            .modules
            .keys()
            .filter(|k| k.part == part)
            .cloned()
            .collect();
        for key in keys {
            let Some(module) = self.modules.remove(&key) else {
                continue;
            };
            let fail = |m: &str| Error::model(format!("{}: {part}: {m}", self.path.display()));
            let Some(weight) = spelled.get(&key.layer) else {
                return Err(fail(&format!("there is no layer \"{}\"", key.layer)));
            };
            let (Some(down), Some(up)) = (module.down, module.up) else {
                let m = format!("\"{}\" has no pair of down and up", key.layer);
                return Err(fail(&m));
            };
            let target = Target {
                down,
                up,
                alpha: module.alpha,
                default_alpha: self.alphas.of(part),
            };
            if targets.insert((*weight).to_owned(), target).is_some() {
                return Err(fail(&format!("\"{weight}\" is adapted a second time")));
            }
        }
        Ok(targets)
    }

    /// Fails with [`Error::Model`] when adapters of other parts than those asked for are left.
    pub fn finish(&self) -> Result<()> {
        match self.modules.keys().next() {
            None => Ok(()),
            Some(key) => Err(Error::model(format!(
                "{}: adapts {}, which this model does not have",
                self.path.display(),
                key.part
            ))),
        }
    }

    /// Reads the change of a weight of the given shape. Fails with [`Error::Model`] when the
    /// shapes do not fit.
    pub fn delta(&mut self, weight: &str, shape: &[usize], target: &Target) -> Result<Delta> {
        let fail = |m: String| Error::model(format!("{}: {weight}: {m}", self.path.display()));
        let [rows, cols] = matrix_shape(shape)?;
        let [rank, down_cols] = matrix_shape(&target.down.shape)?;
        let [up_rows, up_cols] = matrix_shape(&target.up.shape)?;
        if rank == 0 || up_cols != rank || up_rows != rows || down_cols != cols {
            return Err(fail(format!(
                "down {:?} and up {:?} do not make {shape:?}",
                target.down.shape, target.up.shape
            )));
        }
        let alpha = match &target.alpha {
            Some(raw) if raw.values == 1 => self.file.read(raw, 0, 1)?[0],
            Some(raw) => return Err(fail(format!("alpha has shape {:?}", raw.shape))),
            None => target.default_alpha.unwrap_or(rank as f32),
        };
        Ok(Delta {
            factor: self.scale * alpha / rank as f32,
            rank,
            cols,
            up: self.file.read(&target.up, 0, rows * rank)?,
            down: self.file.read(&target.down, 0, rank * cols)?,
        })
    }
}

/// The adapter of one weight, still on disk.
#[derive(Debug)]
pub struct Target {
    down: RawTensor,
    up: RawTensor,
    alpha: Option<RawTensor>,
    default_alpha: Option<f32>,
}
