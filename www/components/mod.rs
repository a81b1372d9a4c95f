//! The page's parts, one per file.

pub mod canvas;
pub mod chart;
pub mod choice;
pub mod degradation;
pub mod header;
pub mod input;
pub mod mask;
pub mod mask_keys;
pub mod metrics;
pub mod noise;
pub mod panes;
pub mod pro;
pub mod probe;
pub mod problem;
pub mod restoration;
pub mod run_bar;
pub mod samples;
pub mod seed;
pub mod shown;
pub mod slider;
pub mod solver;
pub mod solvers;
pub mod spread;
pub mod stage;
pub mod steps_chart;
pub mod strip;
