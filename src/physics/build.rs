//! From a task and a picture shape to its operator.

use super::area::Area;
use super::bayer::Bayer;
use super::border::Bordered;
use super::choices::{Boundary, Downsampling, Mask};
use super::colorization::Colorization;
use super::composition::Composition;
use super::denoising::Denoising;
use super::filter::Filter;
use super::fourier::Fourier;
use super::inpainting::{Inpainting, box_mask, random_mask};
use super::jpeg::Jpeg;
use super::jpeg_chain::JpegChain;
use super::kernels::Kernel;
use super::operator::Operator;
use super::separable::Separable;
use super::spec::TaskSpec;
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
/// kernel that the spec asks for is missing or does not fit. The mask and kernel of a composition serve
/// every part that asks for one.
pub fn build(spec: &TaskSpec, picture: [usize; 3], extras: &Extras) -> Result<Box<dyn Operator>> {
    let name = spec.to_string();
    let [_, h, w] = picture;
    if picture.contains(&0) {
        return Err(Error::shape(format!(
            "{name}: the picture {picture:?} is empty"
        )));
    }
    let blur = |kernel: Kernel, boundary: Boundary| -> Result<Box<dyn Operator>> {
        let name = name.clone();
        Ok(match boundary {
            Boundary::Circular => Box::new(Filter::convolution(name, picture, &kernel)),
            Boundary::Reflect => Box::new(Bordered::mirror(name, picture, &kernel)),
            Boundary::Free => Box::new(Bordered::unknown(name, picture, &kernel)?),
        })
    };
    match spec.clone() {
        TaskSpec::Denoising => Ok(Box::new(Denoising::new(picture))),
        TaskSpec::Colorization => Ok(Box::new(Colorization::new(picture)?)),
        TaskSpec::GaussianBlur { sigma, boundary } => blur(Kernel::gaussian(sigma)?, boundary),
        TaskSpec::AnisotropicBlur {
            sigma_x,
            sigma_y,
            angle,
            boundary,
        } => blur(
            Kernel::anisotropic_gaussian(sigma_x, sigma_y, angle)?,
            boundary,
        ),
        TaskSpec::DiskBlur { radius, boundary } => blur(Kernel::disk(radius)?, boundary),
        TaskSpec::MotionBlur {
            length,
            angle,
            boundary,
        } => blur(Kernel::motion(length, angle)?, boundary),
        TaskSpec::RandomMotionBlur {
            size,
            intensity,
            seed,
            boundary,
        } => blur(Kernel::random_walk(size, intensity, seed)?, boundary),
        TaskSpec::Blur { boundary } => {
            let kernel = (extras.kernel.as_ref())
                .ok_or_else(|| Error::invalid("blur:kernel=given needs a kernel"))?;
            blur(Kernel::given(kernel)?, boundary)
        }
        TaskSpec::SuperResolution {
            factor,
            kernel,
            grid,
        } => {
            if h % factor != 0 || w % factor != 0 {
                return Err(Error::shape(format!(
                    "{name}: the picture's sides {h} x {w} must be multiples of {factor}"
                )));
            }
            Ok(match kernel {
                Downsampling::Area => Box::new(Area::new(name, picture, factor)),
                _ => Box::new(Separable::new(name, picture, factor, kernel, grid)),
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
        TaskSpec::Bayer { pattern } => Ok(Box::new(Bayer::new(name, picture, pattern)?)),
        TaskSpec::Fourier {
            acceleration,
            centre,
            seed,
        } => Ok(Box::new(Fourier::new(
            name,
            picture,
            acceleration,
            centre,
            seed,
        ))),
        TaskSpec::Jpeg { quality } => Ok(Box::new(Jpeg::new(name, picture, quality)?)),
        TaskSpec::Composition(parts) => chain(name, &parts, picture, extras),
    }
}

/// The operators of `parts`, each built for the measurements of the one before it.
fn chain(
    name: String,
    parts: &[TaskSpec],
    picture: [usize; 3],
    extras: &Extras,
) -> Result<Box<dyn Operator>> {
    let jpeg = match parts.last() {
        Some(TaskSpec::Jpeg { quality }) if parts.len() > 1 => Some(*quality),
        _ => None,
    };
    let linear = &parts[..parts.len() - usize::from(jpeg.is_some())];
    let Some((first, rest)) = linear.split_first() else {
        return Err(Error::invalid("a composition of no tasks"));
    };
    let first = build(first, picture, extras)?;
    let [c, h, w] = picture;
    let mut shape = first.measurement_shape([1, c, h, w])?;
    let mut operators = Vec::new();
    for part in rest {
        let [_, c, h, w] = shape;
        let operator = build(part, [c, h, w], extras)?;
        shape = operator.measurement_shape(shape)?;
        operators.push(operator);
    }
    if let Some(op) = operators.iter().chain([&first]).find(|op| !op.is_linear()) {
        return Err(Error::invalid(format!(
            "{} is not linear and can only be the last part of a composition",
            op.name()
        )));
    }
    let linear: Box<dyn Operator> = if operators.is_empty() {
        first
    } else {
        Box::new(Composition::new(name.clone(), first, operators))
    };
    let Some(quality) = jpeg else {
        return Ok(linear);
    };
    let [_, c, h, w] = shape;
    let jpeg = Jpeg::new(TaskSpec::Jpeg { quality }.to_string(), [c, h, w], quality)?;
    Ok(Box::new(JpegChain::new(name, linear, jpeg)))
}
