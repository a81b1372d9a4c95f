//! Packed models: a manifest and content-addressed shards of quantised weights
//! (`docs/pack-format.md`). Nothing here knows a network or a device.
//!
//! | module | what |
//! |---|---|
//! | [`precision`] | precisions, and which tensor gets which |
//! | [`block`] | blocks of 32 values with one scale: rounding, scale search, bytes |
//! | [`matrix`] | whole matrices in any precision, to bytes |
//! | [`decode`] | and back |
//! | [`table`] | where each tensor lies in the shards |
//! | [`manifest`] | `manifest.json` |
//! | [`tar`] | tar archives of models: export and import |
//! | [`header`] | the header and the index of safetensors files |
//! | [`diffusers`] | what a folder in diffusers layout holds, wherever it is |
//! | [`layout`] | which rows go into which shard, and making a shard |
//! | [`source`] | reading a diffusers folder row by row (native) |
//! | [`lora`] | fusing LoRA files while packing (native) |
//! | [`unfinished`] | a folder that appears when it is whole (native) |
//! | [`folder`] | packing a whole folder (native) |

pub mod block;
pub mod decode;
pub mod diffusers;
#[cfg(feature = "native")]
pub mod folder;
pub mod header;
pub mod layout;
#[cfg(feature = "native")]
pub mod lora;
pub mod manifest;
pub mod matrix;
pub mod precision;
#[cfg(feature = "native")]
pub mod source;
pub mod table;
pub mod tar;
#[cfg(feature = "native")]
pub mod unfinished;

pub use manifest::{Manifest, ManifestFile, sha256};
pub use precision::Precision;
pub use table::Packed;
