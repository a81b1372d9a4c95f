//! What K posterior samples of one picture say about each other, about a truth and about the data.
//!
//! | file | what lives there |
//! |---|---|
//! | `samples` | [`Samples`]: running mean and deviation, quantiles, credible intervals |
//! | `components` | [`Samples::components`]: the directions in which samples differ |
//! | `jacobi` | eigenvectors of small symmetric matrices |
//! | `calibration` | [`Samples::calibration`]: nominal against empirical coverage |
//! | `checks` | data consistency, spread across scales, the share that the prompt decided |
//!
//! **Vanilla LATINO is under-dispersed**: its chain is short, every step takes the prior's best
//! guess, and the discrepancy rule pulls all samples to the same data misfit, so that samples differ
//! less than the posterior does. All maps and intervals here are those *of the samples* and should
//! be read as lower bounds of the uncertainty; [`Calibration`] measures by how much.
//!
//! Pictures are `[C, H, W]` in [-1, 1] (`[1, C, H, W]` is taken too); deviations are in the same
//! units, twice those for intensities in [0, 1].

mod calibration;
mod checks;
mod components;
mod jacobi;
mod samples;
#[cfg(test)]
mod tests;

pub use calibration::{Calibration, CalibrationRow};
pub use checks::{PromptEffect, data_consistency, prompt_effect};
pub use components::Component;
pub use samples::Samples;
