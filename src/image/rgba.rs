//! Between tensors and 8-bit canvases.

use crate::protocol::Rgba;
use crate::{Error, HostTensor, Result};

fn check(picture: &Rgba) -> Result<(usize, usize)> {
    let (w, h) = (picture.width as usize, picture.height as usize);
    if w * h == 0 || picture.bytes.len() != 4 * w * h {
        return Err(Error::Picture(format!(
            "{w}x{h} pixels do not fit {} bytes",
            picture.bytes.len()
        )));
    }
    Ok((w, h))
}

/// `[1, 3, H, W]` in [-1, 1]; transparent parts are composited on white.
pub fn from_rgba8(picture: &Rgba) -> Result<HostTensor> {
    let (w, h) = check(picture)?;
    let mut data = vec![0.0; 3 * w * h];
    for (i, p) in picture.bytes.chunks_exact(4).enumerate() {
        let alpha = f32::from(p[3]) / 255.0;
        for c in 0..3 {
            let value = f32::from(p[c]) / 255.0;
            data[c * w * h + i] = 2.0 * (value * alpha + 1.0 - alpha) - 1.0;
        }
    }
    HostTensor::new([1, 3, h, w], data)
}

/// A mask `[1, 1, H, W]` in [0, 1] from a picture's red channel; 1 = known.
pub fn mask_from_rgba8(picture: &Rgba) -> Result<HostTensor> {
    let (w, h) = check(picture)?;
    let data = picture
        .bytes
        .chunks_exact(4)
        .map(|p| f32::from(p[0]) / 255.0)
        .collect();
    HostTensor::new([1, 1, h, w], data)
}

/// The first picture of a batch of 1 or 3 channels, clamped and rounded; opaque.
/// Anything that is no picture (wrong rank) becomes an empty one.
pub fn to_rgba8(x: &HostTensor) -> Rgba {
    let Ok([_, c, h, w]) = x.dims4() else {
        return Rgba {
            width: 0,
            height: 0,
            bytes: Vec::new(),
        };
    };
    let plane = h * w;
    let byte = |v: f32| ((v.clamp(-1.0, 1.0) + 1.0) * 127.5).round() as u8;
    let bytes = (0..plane)
        .flat_map(|i| {
            let at = |k: usize| byte(x.data()[k.min(c - 1) * plane + i]);
            [at(0), at(1), at(2), 255]
        })
        .collect();
    Rgba {
        width: w as u32,
        height: h as u32,
        bytes,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn round_trips_and_composites() {
        let picture = Rgba {
            width: 2,
            height: 1,
            bytes: vec![0, 128, 255, 255, 10, 20, 30, 0],
        };
        let x = from_rgba8(&picture).unwrap();
        assert_eq!(x.shape(), [1, 3, 1, 2]);
        assert_eq!(to_rgba8(&x).bytes, [0, 128, 255, 255, 255, 255, 255, 255]);
        assert!(from_rgba8(&Rgba { width: 3, ..picture }).is_err());
    }
}
