//! Pictures `[B, C, H, W]` in [-1, 1]: quality metrics, resampling, conversions, PNG.

mod check;
mod crop;
mod latent;
mod metrics;
#[cfg(feature = "native")]
pub mod png;
mod resample;
mod rgba;

pub use check::{check_picture, check_size};
pub use crop::{centre_crop, centre_crop_to_multiple, cover};
pub use latent::latent_to_rgba8;
pub use metrics::{psnr, ssim};
pub(crate) use resample::keys;
pub use resample::{bicubic, bicubic_shifted};
pub use rgba::{from_rgba8, mask_from_rgba8, to_rgba8};
