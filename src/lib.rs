//! LATINO Web: image restoration with a latent consistency model as prior.
//!
//! The library is layered; each layer knows only those above it in this list.
//!
//! | module | what lives there |
//! |---|---|
//! | [`tensor`], [`error`] | the host tensor and the one error type |
//! | [`image`] | pictures in [-1, 1], quality metrics, resampling, PNG |
//! | [`physics`] | forward operators A: `forward`, `adjoint`, `pseudo_inverse`, `prox` |
//! | [`schedule`] | alpha_bar, timesteps and the latent consistency step |
//! | [`solver`] | LATINO and generation, written against the [`solver::Prior`] trait |
//! | [`noise`] | noise models, their likelihood steps, estimation of the noise level |
//! | [`baselines`] | reference solvers without a learned prior: pseudo-inverse, Tikhonov, total variation |
//! | [`uncertainty`] | what posterior samples say: deviation, intervals, components, calibration |
//! | [`tokenizer`] | CLIP's byte-pair encoding |
//! | `pack` | packed models: quantised weights in content-addressed shards |
//! | `ops` | network operations on burn tensors: CPU reference and WGSL kernels |
//! | `models` | CLIP text encoder, UNet, autoencoders, from diffusers folders |
//! | `engine` | device choice, model loading, running one job |
//! | [`protocol`] | the messages between the page and the engine worker |
//! | `worker` | the engine as a Web Worker |
//! | `cli` | the native binary `latino` |

pub mod baselines;
pub mod error;
pub mod image;
pub mod noise;
pub mod physics;
pub mod protocol;
pub mod schedule;
pub mod solver;
pub mod tensor;
pub mod tokenizer;
pub mod uncertainty;

#[cfg(feature = "engine")]
pub mod engine;
#[cfg(feature = "engine")]
pub mod models;
#[cfg(feature = "engine")]
pub mod ops;
#[cfg(feature = "pack")]
pub mod pack;

#[cfg(feature = "native")]
pub mod cli;
#[cfg(all(feature = "worker", target_arch = "wasm32"))]
pub mod worker;

pub use error::{Error, Result};
pub use tensor::HostTensor;
