//! Runs the unit tests of the page's parts that need no browser: the page's program itself is only built for WASM.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

#[path = "../www/mask.rs"]
mod mask;
