//! From a task and a picture shape to its operator.

use super::area::Area;
use super::bicubic::Bicubic;
use super::colorization::Colorization;
use super::denoising::Denoising;
use super::filter::Filter;
use super::inpainting::{Inpainting, box_mask, random_mask};
use super::kernels::Kernel;
use super::operator::Operator;
use super::spec::{Downsampling, Mask, TaskSpec};
use crate::{Error, HostTensor, Result};

/// What some tasks need beside their spec.
#[derive(Debug, Clone, Default)]
pub struct Extras {
    /// Inpainting mask `[1, 1, H, W]` (or `[H, W]`) in [0, 1], 1 = known.
    pub mask: Option<HostTensor>,
    /// Blur kernel `[1, 1, h, w]` (or `[h, w]`), see [`Kernel::given`].
    pub kernel: Option<HostTensor>,
}

/// The operator of `spec` for pictures of shape `picture` `[C, H, W]`.
///
/// Fails when a side is zero, is no multiple of the super-resolution factor, or when the mask or
/// kernel that the spec asks for is missing or does not fit.
pub fn build(spec: &TaskSpec, picture: [usize; 3], extras: &Extras) -> Result<Box<dyn Operator>> {
    let name = spec.to_string();
    let [_, h, w] = picture;
    if picture.contains(&0) {
        return Err(Error::shape(format!(
            "{name}: the picture {picture:?} is empty"
        )));
    }
    let blur = |kernel: Kernel| -> Result<Box<dyn Operator>> {
        Ok(Box::new(Filter::convolution(
            name.clone(),
            picture,
            &kernel,
        )))
    };
    match *spec {
        TaskSpec::Denoising => Ok(Box::new(Denoising::new(picture))),
        TaskSpec::Colorization => Ok(Box::new(Colorization::new(picture)?)),
        TaskSpec::GaussianBlur { sigma } => blur(Kernel::gaussian(sigma)?),
        TaskSpec::AnisotropicBlur {
            sigma_x,
            sigma_y,
            angle,
        } => blur(Kernel::anisotropic_gaussian(sigma_x, sigma_y, angle)?),
        TaskSpec::DiskBlur { radius } => blur(Kernel::disk(radius)?),
        TaskSpec::MotionBlur { length, angle } => blur(Kernel::motion(length, angle)?),
        TaskSpec::Blur => {
            let kernel = (extras.kernel.as_ref())
                .ok_or_else(|| Error::invalid("blur:kernel=given needs a kernel"))?;
            blur(Kernel::given(kernel)?)
        }
        TaskSpec::SuperResolution { factor, kernel } => {
            if h % factor != 0 || w % factor != 0 {
                return Err(Error::shape(format!(
                    "{name}: the picture's sides {h} x {w} must be multiples of {factor}"
                )));
            }
            Ok(match kernel {
                Downsampling::Bicubic => Box::new(Bicubic::new(name, picture, factor)),
                Downsampling::Area => Box::new(Area::new(name, picture, factor)),
            })
        }
        TaskSpec::Inpainting(mask) => {
            let values = match mask {
                Mask::Box(share) => box_mask(h, w, share),
                Mask::Random { missing, seed } => random_mask(h, w, missing, seed),
                Mask::Given => {
                    let mask = (extras.mask.as_ref())
                        .ok_or_else(|| Error::invalid("inpainting:mask=given needs a mask"))?;
                    if *mask.shape() != [1, 1, h, w] && *mask.shape() != [h, w] {
                        return Err(Error::shape(format!(
                            "the mask is {:?}, expected [1, 1, {h}, {w}] like the picture",
                            mask.shape()
                        )));
                    }
                    mask.data().to_vec()
                }
            };
            Ok(Box::new(Inpainting::new(name, picture, values)?))
        }
    }
}
