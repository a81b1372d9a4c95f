//! Latents for the eye.

use super::to_rgba8;
use crate::protocol::Rgba;
use crate::{HostTensor, Result};

/// Values beyond this many units of either sign are cut off: noise has a deviation of one.
const REACH: f32 = 3.0;

/// The first three channels of a latent `[B, C, h, w]` as colours (grey when there are fewer), the first of the batch:
/// zero is mid-grey. The scale is fixed, so that noise looks like noise. Fails on any other shape.
pub fn latent_to_rgba8(latent: &HostTensor) -> Result<Rgba> {
    let [_, channels, h, w] = latent.dims4()?;
    let n = h * w;
    let shown = (0..3).flat_map(|c| {
        let c = if channels < 3 { 0 } else { c };
        latent.data()[c * n..(c + 1) * n].iter().map(|v| v / REACH)
    });
    let picture = HostTensor::new([1, 3, h, w], shown.collect())?;
    Ok(to_rgba8(&picture.clamp(-1.0, 1.0)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn zero_is_grey_and_the_reach_is_white() {
        let mut values = vec![0.0; 16];
        (values[0], values[4], values[8]) = (3.0, -9.0, 1.5);
        let latent = HostTensor::new([1, 4, 2, 2], values).unwrap();
        let picture = latent_to_rgba8(&latent).unwrap();
        assert_eq!((picture.width, picture.height), (2, 2));
        assert_eq!(picture.bytes[..4], [255, 0, 191, 255]);
        assert_eq!(picture.bytes[4..8], [128, 128, 128, 255]);
        let grey = HostTensor::new([1, 1, 1, 1], vec![3.0]).unwrap();
        assert_eq!(latent_to_rgba8(&grey).unwrap().bytes, [255; 4]);
        assert!(latent_to_rgba8(&HostTensor::full([2, 2], 0.0)).is_err());
    }
}
