//! The model manager.

pub const LIBRARY: &str = "Models";
pub const LIBRARY_HINT: &str = "What this browser keeps, so that the next visit needs no download. Removing a model only frees space: it is fetched again when it is needed.";
pub const LIBRARY_LOOK: &str = "Look again";
pub const LIBRARY_TABLE: &str = "Table of stored models";
pub const LIBRARY_SIZE: &str = "Size";
pub const LIBRARY_STATE: &str = "State";
pub const LIBRARY_LICENCE: &str = "Licence";
pub const LIBRARY_SOURCE: &str = "Source";
pub const LIBRARY_ACTIONS: &str = "Actions";
pub const LIBRARY_UNFINISHED: &str = "A download that is not finished";
pub const LIBRARY_WHOLE: &str = "whole";
pub const LIBRARY_PARTIAL: &str = "not whole";
pub const LIBRARY_FILES: &str = "in the browser's private files";
pub const LIBRARY_CACHE: &str = "in the browser's cache";
pub const LIBRARY_MEMORY: &str = "in memory";
pub const LIBRARY_VERIFY: &str = "Verify";
pub const LIBRARY_EXPORT: &str = "Export";
pub const LIBRARY_REMOVE: &str = "Remove";

/// A size.
pub fn megabytes(bytes: f64) -> String {
    format!("{:.1} MB", bytes / 1e6)
}

/// How much is kept.
pub fn stored(models: usize, bytes: f64) -> String {
    match models {
        0 => "Nothing is kept.".to_owned(),
        1 => format!("One model, {}.", megabytes(bytes)),
        n => format!("{n} models, {}.", megabytes(bytes)),
    }
}

/// How much may be kept besides.
pub fn free(bytes: f64) -> String {
    format!("This site may store {:.1} GB more.", bytes / 1e9)
}

/// A verification goes on.
pub fn verifying(done: f64, total: f64) -> String {
    format!("Verifying: {} of {}", megabytes(done), megabytes(total))
}

/// What a verification found.
pub fn verified(files: u32, damaged: u32, missing: u32) -> String {
    match (damaged, missing) {
        (0, 0) => format!("All {files} files are what their hashes say."),
        _ => format!(
            "Of {files} files {damaged} are damaged and {missing} are missing. Damaged ones were removed: the next start fetches what is missing."
        ),
    }
}

/// An archive is being saved.
pub fn exported(name: &str) -> String {
    format!(
        "{name} is handed to the browser to save. Unpacked, it is a model folder for a site or for the command line."
    )
}
