//! Where a model's files come from, and that they are what they should be.

pub use crate::pack::manifest::{Manifest, ManifestFile, sha256};
use crate::pack::table::ShardBytes;
use crate::pack::{Packed, Precision};
use crate::protocol::Recommended;
use crate::{Error, Result};

/// A model folder: in diffusers layout, or packed (then its shards are files, too).
#[allow(async_fn_in_trait)]
pub trait ModelFiles {
    /// The bytes of `path` (relative, with slashes), or `None` when there is no such file.
    async fn read(&self, path: &str) -> Result<Option<Vec<u8>>>;

    /// The display name of the model.
    fn name(&self) -> String;

    /// The licence that the manifest states, if there is one.
    fn licence(&self) -> Option<String> {
        None
    }

    /// The solver settings that the manifest recommends, or the general ones.
    fn recommended(&self) -> Recommended {
        Recommended::default()
    }

    /// The table of the packed weights; `None` for a diffusers folder. Fails with
    /// [`Error::Model`] when the manifest cannot be used.
    fn packed(&self) -> Result<Option<Packed>> {
        Ok(None)
    }

    /// The bytes of the shard at `path`, of which a tensor at a time is wanted, so that they may stay outside this program's memory. Fails
    /// with [`Error::Model`] when they do not have the SHA-256 `hash`.
    async fn shard(&self, path: &str, hash: &str) -> Result<Option<Box<dyn ShardBytes>>> {
        let Some(bytes) = self.read(path).await? else {
            return Ok(None);
        };
        if sha256(&bytes) != hash {
            return Err(Error::model(format!(
                "{path} is damaged ({} bytes): its SHA-256 is not its name; pack or copy the model again",
                bytes.len()
            )));
        }
        Ok(Some(Box::new(bytes)))
    }

    /// The precision that the weights of a diffusers folder are rounded to when read.
    fn rounding(&self) -> Precision {
        Precision::F32
    }
}

/// A diffusers folder whose weights are rounded when read, as packing would.
#[derive(Debug, Clone)]
pub struct Rounded<F> {
    files: F,
    precision: Precision,
}

impl<F: ModelFiles> Rounded<F> {
    /// `files` rounded to `precision`; f32 leaves them as they are. Fails with [`Error::Invalid`]
    /// when `files` are packed already and `precision` is not f32.
    pub fn new(files: F, precision: Precision) -> Result<Self> {
        if precision != Precision::F32 && files.packed()?.is_some() {
            return Err(Error::invalid(format!(
                "--weights {precision} rounds the weights of a diffusers folder, and {} is packed: leave it out",
                files.name()
            )));
        }
        Ok(Self { files, precision })
    }
}

impl<F: ModelFiles> ModelFiles for Rounded<F> {
    async fn read(&self, path: &str) -> Result<Option<Vec<u8>>> {
        self.files.read(path).await
    }
    fn name(&self) -> String {
        self.files.name()
    }
    fn licence(&self) -> Option<String> {
        self.files.licence()
    }
    fn recommended(&self) -> Recommended {
        self.files.recommended()
    }
    fn packed(&self) -> Result<Option<Packed>> {
        self.files.packed()
    }
    fn rounding(&self) -> Precision {
        self.precision
    }
}

/// A folder on disk, in diffusers layout or packed. A diffusers folder needs no manifest.
#[cfg(feature = "native")]
#[derive(Debug, Clone)]
pub struct Folder(pub std::path::PathBuf);

#[cfg(feature = "native")]
impl Folder {
    /// The manifest; `None` when there is none, or a file of that name that is something else's.
    fn manifest(&self) -> Result<Option<Manifest>> {
        let path = self.0.join("manifest.json");
        let json = match std::fs::read(&path) {
            Ok(json) => json,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(Error::Io(format!("{}: {e}", path.display()))),
        };
        let value = serde_json::from_slice::<serde_json::Value>(&json);
        let ours = self.0.join("shards").is_dir()
            || value.is_ok_and(|v| v.get("version").is_some() && v.get("files").is_some());
        if !ours {
            return Ok(None);
        }
        let parsed = Manifest::parse(&json);
        parsed.map(Some).map_err(|e| match e {
            Error::Model(m) => Error::Model(format!("{}: {m}", self.0.display())),
            e => e,
        })
    }
}

#[cfg(feature = "native")]
impl ModelFiles for Folder {
    async fn read(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let full = self.0.join(path);
        match std::fs::read(&full) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(Error::Io(format!("{}: {e}", full.display()))),
        }
    }

    fn name(&self) -> String {
        self.0.file_name().map_or_else(
            || self.0.display().to_string(),
            |n| n.to_string_lossy().into_owned(),
        )
    }

    fn licence(&self) -> Option<String> {
        self.manifest().ok().flatten().map(|m| m.licence)
    }

    fn recommended(&self) -> Recommended {
        let manifest = self.manifest().ok().flatten();
        manifest.map_or_else(Recommended::default, |m| m.recommended)
    }

    fn packed(&self) -> Result<Option<Packed>> {
        Ok(self.manifest()?.and_then(|m| m.packed))
    }
}
