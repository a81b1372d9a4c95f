//! The file of an experiment: CBOR (RFC 8949), self-describing and exact for every number and pixel.

use latino_web::protocol::Rgba;
use serde::{Deserialize, Serialize};

use super::record::Record;
use super::settings::Pairs;
use crate::state::Problem;
use crate::text;

/// End of the files' names.
pub const FILE_END: &str = ".latino";
/// First entry of every file.
const FORMAT: &str = "latino-experiment";
/// Version of the format; newer ones are refused.
const VERSION: u32 = 1;

/// All of an experiment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Experiment {
    format: String,
    version: u32,
    /// The model's name.
    pub model: String,
    /// The picture's name.
    pub name: String,
    /// The picture as the engine was given it.
    pub picture: Rgba,
    /// The painted mask.
    pub mask: Option<Rgba>,
    /// The visitor's blur kernel, when the task takes one.
    #[serde(default)]
    pub kernel: Option<Rgba>,
    /// The settings.
    pub settings: Pairs,
    /// The run that was shown.
    pub record: Option<Record>,
}

impl Experiment {
    /// Of these parts.
    pub fn new(
        model: String,
        (name, picture): (String, Rgba),
        (mask, kernel): (Option<Rgba>, Option<Rgba>),
        settings: Pairs,
        record: Option<Record>,
    ) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            model,
            name,
            picture,
            mask,
            kernel,
            settings,
            record,
        }
    }

    /// As a file. `None` when memory is short.
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        ciborium::into_writer(self, &mut bytes).ok()?;
        Some(bytes)
    }

    /// From a file; the problem says what is wrong with it.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Problem> {
        /// What even a file of a newer version must have.
        #[derive(Deserialize)]
        struct Head {
            format: String,
            version: u32,
        }
        // A file that was cut says at its start what it was.
        let name = FORMAT.as_bytes();
        let ours = bytes.windows(name.len()).take(64).any(|w| w == name);
        let other = |_| {
            Problem::new(if ours {
                text::EXPERIMENT_BROKEN
            } else {
                text::NOT_AN_EXPERIMENT
            })
        };
        let head: Head = ciborium::from_reader(bytes).map_err(other)?;
        if head.format != FORMAT {
            return Err(Problem::new(text::NOT_AN_EXPERIMENT));
        }
        if head.version > VERSION {
            return Err(Problem::new(text::EXPERIMENT_NEWER));
        }
        let broken = |_| Problem::new(text::EXPERIMENT_BROKEN);
        let it: Self = ciborium::from_reader(bytes).map_err(broken)?;
        let whole = |p: &Rgba| {
            p.width > 0 && p.bytes.len() as u64 == 4 * u64::from(p.width) * u64::from(p.height)
        };
        let pictures = [Some(&it.picture), it.mask.as_ref(), it.kernel.as_ref()];
        if !pictures.into_iter().flatten().all(whole) {
            return Err(Problem::new(text::EXPERIMENT_BROKEN));
        }
        Ok(it)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn experiment() -> Experiment {
        let picture = Rgba {
            width: 2,
            height: 1,
            bytes: vec![1, 2, 3, 255, 4, 5, 6, 255],
        };
        let settings = vec![("task".to_owned(), "denoising".to_owned())];
        let kernel = Some(Rgba {
            width: 1,
            height: 1,
            bytes: vec![9, 9, 9, 255],
        });
        Experiment::new(
            "m".into(),
            ("p".into(), picture),
            (None, kernel),
            settings,
            None,
        )
    }

    #[test]
    fn files_reopen_exactly() {
        let bytes = experiment().to_bytes().expect("bytes");
        assert_eq!(
            Experiment::from_bytes(&bytes).expect("an experiment"),
            experiment()
        );
    }

    #[test]
    fn other_damaged_and_newer_files_are_told_apart() {
        let said = |bytes: &[u8]| Experiment::from_bytes(bytes).expect_err("refused").text;
        assert_eq!(said(b"not at all"), text::NOT_AN_EXPERIMENT);
        assert_eq!(said(&[]), text::NOT_AN_EXPERIMENT);
        let whole = experiment().to_bytes().expect("bytes");
        assert_eq!(said(&whole[..whole.len() / 2]), text::EXPERIMENT_BROKEN);
        let newer = Experiment {
            version: VERSION + 1,
            ..experiment()
        };
        assert_eq!(
            said(&newer.to_bytes().expect("bytes")),
            text::EXPERIMENT_NEWER
        );
        let mut broken = experiment();
        broken.picture.bytes.pop();
        assert_eq!(
            said(&broken.to_bytes().expect("bytes")),
            text::EXPERIMENT_BROKEN
        );
        let mut broken = experiment();
        broken.kernel.as_mut().expect("a kernel").height = 2;
        assert_eq!(
            said(&broken.to_bytes().expect("bytes")),
            text::EXPERIMENT_BROKEN
        );
    }
}
