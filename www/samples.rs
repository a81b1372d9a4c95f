//! The sample pictures that come with the page.

use serde::Deserialize;

/// One entry of `samples.json`.
#[derive(Debug, Clone, Deserialize)]
pub struct Sample {
    /// File in the folder `samples`.
    pub file: String,
    /// What it shows.
    pub name: String,
    /// A prompt that fits.
    pub prompt: String,
}

impl Sample {
    /// Address relative to the page.
    pub fn url(&self) -> String {
        format!("./samples/{}", self.file)
    }
}

/// All samples, in the order shown.
pub fn samples() -> Vec<Sample> {
    serde_json::from_str(include_str!("../public/samples/samples.json")).unwrap_or_default()
}
