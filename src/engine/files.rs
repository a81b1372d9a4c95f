//! Where a model's files come from, and that they are what they should be.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::protocol::Recommended;
use crate::{Error, Result};

/// A model folder in diffusers layout.
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
}

/// `manifest.json` of a served model: every file with its size and SHA-256.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Format version, 1.
    pub version: u32,
    /// Display name.
    pub name: String,
    /// Licence, as an SPDX expression or a sentence.
    pub licence: String,
    /// Where the model comes from.
    pub source: String,
    /// The solver settings that suit it.
    #[serde(default)]
    pub recommended: Recommended,
    /// The files.
    pub files: Vec<ManifestFile>,
}

/// One file of a [`Manifest`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ManifestFile {
    /// Path relative to the manifest, with slashes.
    pub path: String,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 in lower-case hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// Parses a manifest; fails with [`Error::Model`] when it is malformed or of another version.
    pub fn parse(json: &[u8]) -> Result<Self> {
        let manifest: Self = serde_json::from_slice(json)
            .map_err(|e| Error::model(format!("manifest.json is malformed: {e}")))?;
        if manifest.version != 1 {
            return Err(Error::model(format!(
                "manifest.json is of version {}; this program reads version 1. Reload the page for a newer program.",
                manifest.version
            )));
        }
        Ok(manifest)
    }

    /// The entry of `path`.
    pub fn file(&self, path: &str) -> Option<&ManifestFile> {
        self.files.iter().find(|f| f.path == path)
    }
}

impl ManifestFile {
    /// Fails with [`Error::Model`] unless `bytes` are this file's.
    pub fn check(&self, bytes: &[u8]) -> Result<()> {
        if bytes.len() as u64 != self.bytes {
            return Err(Error::model(format!(
                "{} has {} bytes instead of {}: the download was cut short or the file changed",
                self.path,
                bytes.len(),
                self.bytes
            )));
        }
        if sha256(bytes) != self.sha256 {
            return Err(Error::model(format!(
                "{} is damaged: its SHA-256 is not the manifest's",
                self.path
            )));
        }
        Ok(())
    }
}

/// SHA-256 of `bytes` in lower-case hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect()
}

/// A folder on disk. Its manifest, when there is one, is not needed to run it.
#[cfg(feature = "native")]
#[derive(Debug, Clone)]
pub struct Folder(pub std::path::PathBuf);

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

    fn recommended(&self) -> Recommended {
        let manifest = std::fs::read(self.0.join("manifest.json"));
        manifest
            .ok()
            .and_then(|json| Manifest::parse(&json).ok())
            .map_or_else(Recommended::default, |m| m.recommended)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn file() -> ManifestFile {
        ManifestFile {
            path: "unet/a.safetensors".into(),
            bytes: 3,
            // printf abc | sha256sum
            sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad".into(),
        }
    }

    #[test]
    fn accepts_the_right_bytes_only() {
        file().check(b"abc").unwrap();
        let cut = file().check(b"ab").unwrap_err().to_string();
        assert!(
            cut.contains("unet/a.safetensors") && cut.contains("2 bytes"),
            "{cut}"
        );
        let wrong = file().check(b"abd").unwrap_err().to_string();
        assert!(wrong.contains("damaged"), "{wrong}");
    }

    #[test]
    fn refuses_other_versions() {
        let json = br#"{"version":2,"name":"","licence":"","source":"","files":[]}"#;
        assert!(
            Manifest::parse(json)
                .unwrap_err()
                .to_string()
                .contains("version 2")
        );
    }
}
