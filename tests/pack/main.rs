//! `latino pack`, and packed models wherever a model folder is taken.

#![cfg(all(feature = "native", not(target_arch = "wasm32")))]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod errors;
mod faults;
mod folders;
mod lora;
mod networks;
mod support;
