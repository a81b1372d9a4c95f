//! The networks of a latent diffusion model, read from diffusers folders.
//!
//! | module | what |
//! |---|---|
//! | [`weights`] | named tensors; checks names and shapes |
//! | [`packed`] | the same from the shards of a packed model |
//! | [`config`] | `config.json` readers: unsupported values are errors, never ignored |
//! | [`clip`] | CLIP text encoder |
//! | [`unet`] | `UNet2DConditionModel`: the noise (or v, or sample) predictor |
//! | [`autoencoder`] | either autoencoder behind one type |
//! | [`autoencoder_kl`] | `AutoencoderKL`, the variational autoencoder of Stable Diffusion |
//! | [`autoencoder_tiny`] | `AutoencoderTiny`, its small distilled relative |
//! | [`watch`] | a network block by block, for profiles |
//!
//! Parameter paths equal the keys of the checkpoints, so there is no renaming table. Networks are
//! plain structs of tensors; all arithmetic goes through [`crate::ops`].

pub mod autoencoder;
pub mod autoencoder_kl;
pub mod autoencoder_tiny;
pub mod clip;
pub mod config;
mod layers;
pub mod packed;
mod planes;
mod resnet;
pub mod unet;
pub mod watch;
pub mod weights;

pub use autoencoder::Autoencoder;
pub use autoencoder_kl::{AutoencoderKl, AutoencoderKlConfig};
pub use autoencoder_tiny::{AutoencoderTiny, AutoencoderTinyConfig};
pub use clip::{ClipTextConfig, ClipTextModel};
pub use unet::{UNet2DConditionModel, UNetConfig};
pub use weights::Weights;
