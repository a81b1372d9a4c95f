//! The engine: a device, a loaded model, and jobs that run on them. The command line and the
//! worker both drive this; neither has logic of its own about models or restoration.

pub mod device;
pub mod files;
pub mod job;
pub mod likelihood;
pub mod pipeline;
pub mod transfer;

pub use device::Compute;
pub use files::ModelFiles;
pub use pipeline::{Conditioned, Pipeline};
