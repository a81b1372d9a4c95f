//! `manifest.json` of a served model. Version 1 lists the files of a diffusers folder; version 2
//! has the weights in shards (`docs/pack-format.md`).

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::table::Packed;
use crate::protocol::Recommended;
use crate::{Error, Result};

/// Every file of a model with its size and SHA-256, and in version 2 the table of its tensors.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Format version: 1, or 2 with [`Self::packed`].
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
    /// The packed weights; absent in version 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub packed: Option<Packed>,
}

/// What a [`Manifest`] says of a model besides its files.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    /// Display name.
    pub name: String,
    /// Licence, as an SPDX expression or a sentence.
    pub licence: String,
    /// Where the model comes from.
    pub source: String,
    /// The solver settings that suit it.
    pub recommended: Recommended,
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
    /// Parses a manifest; fails with [`Error::Model`] when it is malformed, of another version, or
    /// its tensors do not lie where they should.
    pub fn parse(json: &[u8]) -> Result<Self> {
        #[derive(Deserialize)]
        struct Version {
            version: u32,
        }
        let malformed =
            |e: serde_json::Error| Error::model(format!("manifest.json is malformed: {e}"));
        // First: a newer manifest may have fields that this program does not know.
        let Version { version } = serde_json::from_slice(json).map_err(malformed)?;
        if !(1..=2).contains(&version) {
            return Err(Error::model(format!(
                "manifest.json is of version {version}; this program reads versions 1 and 2. Reload the page for a newer program."
            )));
        }
        let manifest: Self = serde_json::from_slice(json).map_err(malformed)?;
        if (version == 2) != manifest.packed.is_some() {
            return Err(Error::model(
                "manifest.json is malformed: version 2, and no other, has the field \"packed\"",
            ));
        }
        if let Some(packed) = &manifest.packed {
            packed.check(&manifest.files)?;
        }
        Ok(manifest)
    }

    /// The bytes of `manifest.json`. Fails with [`Error::Io`].
    pub fn json(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self)
            .map_err(|e| Error::Io(format!("manifest.json could not be written: {e}")))
    }

    /// The entry of `path`.
    pub fn file(&self, path: &str) -> Option<&ManifestFile> {
        self.files.iter().find(|f| f.path == path)
    }
}

impl ManifestFile {
    /// The entry of a file with these bytes.
    pub fn of(path: impl Into<String>, bytes: &[u8]) -> Self {
        Self {
            path: path.into(),
            bytes: bytes.len() as u64,
            sha256: sha256(bytes),
        }
    }

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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::pack::precision::Precision;
    use crate::pack::table::{PackedPart, PackedTensor, Piece, shard_path};

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
        assert_eq!(ManifestFile::of("unet/a.safetensors", b"abc"), file());
        let cut = file().check(b"ab").unwrap_err().to_string();
        assert!(
            cut.contains("unet/a.safetensors") && cut.contains("2 bytes"),
            "{cut}"
        );
        let wrong = file().check(b"abd").unwrap_err().to_string();
        assert!(wrong.contains("damaged"), "{wrong}");
    }

    fn refused(json: &[u8]) -> String {
        Manifest::parse(json).unwrap_err().to_string()
    }

    #[test]
    fn refuses_other_versions() {
        let rest = r#""name":"","licence":"","source":"","files":[]"#;
        let newer = format!(r#"{{"version":3,{rest},"something new":1}}"#);
        assert!(refused(newer.as_bytes()).contains("version 3"));
        let old = format!(r#"{{"version":1,{rest}}}"#);
        assert_eq!(Manifest::parse(old.as_bytes()).unwrap().packed, None);
        let unpacked = format!(r#"{{"version":2,{rest}}}"#);
        assert!(refused(unpacked.as_bytes()).contains("packed"));
        assert!(refused(b"{}").contains("version"));
    }

    fn packed() -> Manifest {
        let bytes = vec![0; 320];
        let sha = sha256(&bytes);
        Manifest {
            version: 2,
            name: "m".into(),
            licence: "MIT".into(),
            source: "here".into(),
            recommended: Recommended::default(),
            files: vec![ManifestFile::of(shard_path(&sha), &bytes)],
            packed: Some(Packed {
                block: 32,
                total_bytes: 320,
                parameters: 64,
                shards: vec![sha],
                parts: vec![PackedPart {
                    name: "unet".into(),
                    precision: Precision::Q8,
                    tensors: vec![PackedTensor {
                        name: "w".into(),
                        shape: vec![2, 32],
                        precision: Precision::Q8,
                        pieces: vec![Piece {
                            shard: 0,
                            rows: 2,
                            offset: 0,
                            length: 260,
                            scales: Some(256),
                        }],
                    }],
                }],
            }),
        }
    }

    #[test]
    fn a_table_that_does_not_fit_the_shards_is_refused() {
        let parse = |m: &Manifest| Manifest::parse(&serde_json::to_vec(m).unwrap());
        assert_eq!(parse(&packed()).unwrap(), packed());
        type Spoil = fn(&mut Packed);
        let spoils: [(Spoil, &str); 9] = [
            (|p| p.block = 16, "16"),
            (|p| p.shards[0] = "00".into(), "shards/00.bin"),
            (|p| p.parts[0].tensors[0].pieces[0].shard = 1, "shard 1"),
            (|p| p.parts[0].tensors[0].pieces[0].rows = 1, "rows"),
            (
                |p| p.parts[0].tensors[0].pieces[0].offset = u64::MAX,
                "place",
            ),
            (|p| p.parts[0].tensors[0].pieces[0].length = 64, "place"),
            (
                |p| p.parts[0].tensors[0].pieces[0].scales = Some(32),
                "place",
            ),
            (|p| p.parts[0].tensors[0].shape = vec![2, 33], "place"),
            (
                |p| {
                    let again = p.parts[0].tensors[0].clone();
                    p.parts[0].tensors.push(again);
                },
                "twice",
            ),
        ];
        for (spoil, word) in spoils {
            let mut m = packed();
            spoil(m.packed.as_mut().unwrap());
            let message = parse(&m).unwrap_err().to_string();
            assert!(message.contains(word), "{message}");
        }
    }
}
