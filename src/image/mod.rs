//! Pictures as tensors `[B, C, H, W]` in [-1, 1]: conversion, checks, quality, resampling, PNG.

mod check;
mod metrics;
#[cfg(feature = "native")]
pub mod png;
mod resample;
mod rgba;

pub use check::check_picture;
pub use metrics::{psnr, ssim};
pub use resample::bicubic;
pub use rgba::{from_rgba8, mask_from_rgba8, to_rgba8};
