//! Packed models: a manifest and content-addressed shards of quantised weights
//! (`docs/pack-format.md`). Nothing here knows a network or a device.
//!
//! | module | what |
//! |---|---|
//! | [`precision`] | precisions, and which tensor gets which |
//! | [`block`] | blocks of 32 values with one scale: rounding, scale search, bytes |
//! | [`matrix`] | whole matrices in any precision, to bytes and back |
//! | [`table`] | where each tensor lies in the shards |
//! | [`manifest`] | `manifest.json` |
//! | [`tar`] | headers of tar archives, for the export of kept models |
//! | [`header`] | the header and the index of safetensors files |
//! | [`shards`] | filling shards in order |
//! | [`source`] | reading a diffusers folder row by row (native) |
//! | [`lora`] | fusing LoRA files while packing (native) |
//! | [`part`], [`unfinished`] | one part into shards; a folder that appears when it is whole (native) |
//! | [`folder`] | packing a whole folder (native) |

pub mod block;
#[cfg(not(target_arch = "wasm32"))]
pub mod folder;
pub mod header;
#[cfg(not(target_arch = "wasm32"))]
pub mod lora;
pub mod manifest;
pub mod matrix;
#[cfg(not(target_arch = "wasm32"))]
pub mod part;
pub mod precision;
pub mod shards;
#[cfg(not(target_arch = "wasm32"))]
pub mod source;
pub mod table;
pub mod tar;
#[cfg(not(target_arch = "wasm32"))]
pub mod unfinished;

pub use manifest::{Manifest, ManifestFile, sha256};
pub use precision::Precision;
pub use table::Packed;
