//! Scratch folders, the program, and models to compare.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use latino_web::pack::folder::{Job, pack};
use latino_web::pack::table::shard_path;
use latino_web::pack::{Manifest, Precision};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

/// The random pipeline most tests pack.
pub const MODEL: &str = "tests/fixtures/pipelines/lcm";

/// The tiny trained model.
pub const TINY: &str = "tests/fixtures/tiny-lcm";

/// A path below the package's folder, at run time: clones may share compiled tests.
pub fn root(path: &str) -> PathBuf {
    let root = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| ".".into());
    PathBuf::from(root).join(path)
}

/// A folder of one test's files, removed at the end.
pub struct Scratch(pub PathBuf);

impl Scratch {
    pub fn new(test: &str) -> Self {
        let name = format!("latino-pack-{}-{test}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    pub fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub fn latino(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_latino"))
        .args(arguments)
        .output()
        .unwrap()
}

/// Runs a call that must succeed and returns its standard output.
pub fn succeeds(arguments: &[&str]) -> String {
    let run = latino(arguments);
    let errors = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(run.status.success(), "{arguments:?}: {errors}");
    String::from_utf8(run.stdout).unwrap()
}

/// Runs a call that must fail with one line that has all of `words`.
pub fn fails(arguments: &[&str], words: &[&str]) {
    let run = latino(arguments);
    let errors = String::from_utf8(run.stderr).unwrap();
    assert!(!run.status.success(), "{arguments:?} must fail");
    assert_eq!(errors.trim_end().lines().count(), 1, "{errors}");
    for word in words {
        assert!(errors.contains(word), "\"{word}\" is not in: {errors}");
    }
}

/// Copies a folder.
pub fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            std::fs::copy(&path, &target).unwrap();
        }
    }
}

/// Packs with all parts in one precision.
pub fn pack_all(from: &Path, to: &Path, precision: Precision, shard_bytes: usize) -> Manifest {
    let mut job = Job::new(from, to);
    (job.text, job.unet, job.vae) = (precision, precision, precision);
    job.shard_bytes = shard_bytes;
    pack(&job, &mut |_| ()).unwrap()
}

/// Named tensors: shape and values.
pub type Tensors = BTreeMap<String, (Vec<usize>, Vec<f32>)>;

/// The tensors of a safetensors file of f16 or f32, and of i32 (converted).
pub fn read(path: &Path) -> Tensors {
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let tensors = file.iter().map(|(name, view)| {
        let data = view.data();
        let values = match view.dtype() {
            Dtype::F16 => {
                let words = data.as_chunks::<2>().0.iter();
                words
                    .map(|w| half::f16::from_le_bytes(*w).to_f32())
                    .collect()
            }
            Dtype::I32 => {
                let words = data.as_chunks::<4>().0.iter();
                words.map(|w| i32::from_le_bytes(*w) as f32).collect()
            }
            _ => {
                assert_eq!(view.dtype(), Dtype::F32);
                let words = data.as_chunks::<4>().0.iter();
                words.map(|w| f32::from_le_bytes(*w)).collect()
            }
        };
        (name.to_owned(), (view.shape().to_vec(), values))
    });
    tensors.collect()
}

/// Writes tensors as f32.
pub fn write(path: &Path, tensors: &Tensors) {
    let bytes: BTreeMap<&String, Vec<u8>> = tensors
        .iter()
        .map(|(name, (_, v))| (name, v.iter().flat_map(|v| v.to_le_bytes()).collect()))
        .collect();
    let views = tensors.iter().map(|(name, (shape, _))| {
        let view = TensorView::new(Dtype::F32, shape.clone(), &bytes[name]).unwrap();
        (name.as_str(), view)
    });
    std::fs::write(path, safetensors::serialize(views, None).unwrap()).unwrap();
}

/// The tensors of one part of a packed folder, through the table alone.
pub fn unpack(folder: &Path, part: &str) -> Tensors {
    let json = std::fs::read(folder.join("manifest.json")).unwrap();
    let packed = Manifest::parse(&json).unwrap().packed.unwrap();
    let shards: Vec<Vec<u8>> = packed
        .shards
        .iter()
        .map(|hash| std::fs::read(folder.join(shard_path(hash))).unwrap())
        .collect();
    let tensors = packed.part(part).unwrap().tensors.iter().map(|tensor| {
        let mut values = Vec::new();
        for piece in &tensor.pieces {
            tensor
                .decode(piece, &shards[piece.shard], &mut values)
                .unwrap();
        }
        (tensor.name.clone(), (tensor.shape.clone(), values))
    });
    tensors.collect()
}

/// |a - b| / |b| in the Euclidean norm.
pub fn relative_error(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    let square = |x: f64| x * x;
    let difference: f64 = a
        .iter()
        .zip(b)
        .map(|(a, b)| square(f64::from(*a) - f64::from(*b)))
        .sum();
    let size: f64 = b.iter().map(|b| square(f64::from(*b))).sum();
    (difference / size).sqrt()
}
