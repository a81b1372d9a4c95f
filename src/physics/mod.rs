//! Forward operators A of inverse problems y = A x + w, in pure Rust on [`crate::HostTensor`].
//!
//! | file | what lives there |
//! |---|---|
//! | `operator` | the traits [`Operator`] and [`ProxPath`] |
//! | `tasks`, `spec`, `choices`, `parse` | what the page lists; [`TaskSpec`]; its textual form `name:key=value,...` |
//! | `build` | from a spec and a picture shape to an operator |
//! | `kernels`, `random_walk` | blur kernels |
//! | `filter` | operators diagonal in the Fourier domain (circular blur) |
//! | `border` | blur with a mirrored or unknown border |
//! | `separable`, `axis`, `interpolate` | super-resolution with a separable kernel |
//! | `area` | super-resolution by block means |
//! | `denoising`, `inpainting`, `colorization` | operators with a diagonal A A^T |
//! | `bayer`, `demosaic` | a colour filter array |
//! | `fourier`, `row_mask` | undersampled Fourier rows |
//! | `jpeg`, `quantiser`, `jpeg_blocks`, `cell` | JPEG and the exact step to its quantiser's cell |
//! | `jpeg_chain`, `chain_path` | a linear operator, then JPEG |
//! | `composition` | several linear operators in a row |
//! | `cg`, `krylov` | the proximal step of any linear operator |
//! | `fft`, `eigen`, `transpose`, `rows`, `fill` | shared numerics |
//!
//! Pictures lie in [-1, 1]. A noise level given for pictures in [0, 1] is **twice** as large here.

mod area;
mod axis;
mod bayer;
mod border;
mod build;
mod cell;
mod cg;
mod chain_path;
mod choices;
mod colorization;
mod composition;
#[cfg(test)]
mod conventions;
mod demosaic;
mod denoising;
mod eigen;
mod fft;
mod fill;
mod filter;
mod fourier;
mod inpainting;
mod interpolate;
mod jpeg;
mod jpeg_blocks;
mod jpeg_chain;
mod kernels;
mod krylov;
mod operator;
mod parse;
mod quantiser;
mod random_walk;
#[cfg(test)]
mod reference;
mod row_mask;
mod rows;
mod separable;
mod spec;
mod tasks;
#[cfg(test)]
mod tests;
mod transpose;

pub use build::{Extras, build};
pub use choices::{Boundary, Downsampling, Grid, Mask, Pattern};
pub use kernels::Kernel;
pub use operator::{Operator, ProxPath};
pub use spec::TaskSpec;
pub use tasks::{TASKS, TaskInfo};
