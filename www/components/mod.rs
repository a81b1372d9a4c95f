//! The page's parts, one per file.

pub mod canvas;
pub mod choice;
pub mod degradation;
pub mod header;
pub mod input;
pub mod mask;
pub mod mask_keys;
pub mod metrics;
pub mod panes;
pub mod problem;
pub mod restoration;
pub mod run_bar;
pub mod slider;
pub mod stage;
pub mod strip;
