//! Forward operators A of linear inverse problems y = A x + w, in pure Rust on [`crate::HostTensor`].
//!
//! | file | what lives there |
//! |---|---|
//! | `operator` | the traits [`Operator`] and [`ProxPath`] |
//! | `spec` | [`TaskSpec`], the textual form `name:key=value,...` |
//! | `build` | from a spec and a picture shape to an operator |
//! | `kernels` | blur kernels |
//! | `filter` | operators diagonal in the Fourier domain (circular blur) |
//! | `bicubic` | super-resolution with the published bicubic kernel |
//! | `area` | super-resolution by block means |
//! | `denoising`, `inpainting`, `colorization` | operators with a diagonal A A^T |
//! | `fft`, `eigen`, `transpose`, `rows`, `fill` | shared numerics |
//!
//! Pictures lie in [-1, 1]. A noise level given for pictures in [0, 1] is **twice** as large here.

mod area;
mod bicubic;
mod build;
mod colorization;
mod denoising;
mod eigen;
mod fft;
mod fill;
mod filter;
mod inpainting;
mod kernels;
mod operator;
mod rows;
mod spec;
#[cfg(test)]
mod tests;
mod transpose;

pub use build::{Extras, build};
pub use kernels::Kernel;
pub use operator::{Operator, ProxPath};
pub use spec::{Downsampling, Mask, TASKS, TaskInfo, TaskSpec};
