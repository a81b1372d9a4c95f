//! The models that are kept in the browser.

use serde::{Deserialize, Serialize};

/// Where files are kept between visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The browser's private file system (OPFS).
    Files,
    /// The browser's Cache API.
    Cache,
    /// Nowhere: they are in memory until the tab is closed.
    Memory,
}

/// A model that is kept in this browser.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StoredModel {
    /// What the store calls it.
    pub folder: String,
    /// Display name; `None` for a download that is not finished.
    pub name: Option<String>,
    /// Licence.
    pub licence: Option<String>,
    /// Where it comes from.
    pub source: Option<String>,
    /// Bytes kept.
    pub bytes: f64,
    /// Whether all files are there, by their sizes.
    pub whole: bool,
    /// Where it is.
    pub place: Place,
}

/// Where the loaded model's files are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// The place.
    pub place: Place,
    /// Why it is memory, if it is.
    pub refused: Option<String>,
    /// Bytes of all files.
    pub bytes: f64,
    /// Bytes that this site may store besides; `None` where the browser does not say.
    pub free: Option<f64>,
    /// Bytes of the engine's wasm heap, which never shrinks: the most that it has needed so far.
    pub heap: f64,
}

/// Page to worker: something about kept models. Each is answered by [`LibraryEvent::Models`] in the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LibraryRequest {
    /// Which there are.
    List,
    /// Compares the files of the model in this folder with their hashes: `Verifying`*, `Verified`, or `Problem`.
    Verify(String),
    /// Removes it; `Problem` if it cannot be.
    Remove(String),
    /// Makes an archive of it: `Exported` or `Problem`.
    Export(String),
}

/// Worker to page: what is kept, and what became of a [`LibraryRequest`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LibraryEvent {
    /// What is kept now.
    Models {
        /// The models.
        models: Vec<StoredModel>,
        /// Bytes that this site may store besides; `None` where the browser does not say.
        free: Option<f64>,
    },
    /// A verification goes on.
    Verifying {
        /// Bytes looked at.
        done: f64,
        /// Bytes in all.
        total: f64,
    },
    /// A verification has ended.
    Verified {
        /// Files in all.
        files: u32,
        /// Damaged files, which have been removed.
        damaged: u32,
        /// Files that are not there.
        missing: u32,
    },
    /// An archive is ready.
    Exported {
        /// Its file name.
        name: String,
        /// Its address, which this page can save from.
        url: String,
    },
    /// What was asked cannot be done.
    Problem {
        /// Why.
        message: String,
    },
}
