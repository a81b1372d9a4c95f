//! Runs the unit tests of the page's parts that need no browser: the page's program itself is only built for WASM.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

#[path = "../www/chart.rs"]
mod chart;
#[path = "../www/colour_map.rs"]
mod colour_map;
#[path = "../www/mask.rs"]
mod mask;
#[path = "../www/noise.rs"]
mod noise;
#[path = "../www/results.rs"]
mod results;
#[path = "../www/task.rs"]
mod task;
