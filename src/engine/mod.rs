//! The engine: a device, a loaded model, and jobs that run on them. The command line and the
//! worker both drive this; neither has logic of its own about models or restoration.

pub mod check;
mod codec;
pub mod constructors;
pub mod device;
pub mod files;
pub mod job;
pub mod likelihood;
pub mod load;
pub mod pipeline;
pub mod prior;
pub mod profile;
pub mod transfer;
pub mod tuned;
mod warm;
mod words;

pub use device::Compute;
pub use files::ModelFiles;
pub use pipeline::Pipeline;
pub use prior::Conditioned;
pub use words::PromptWords;
