//! Between host tensors and the 8-bit pictures of canvases.

use crate::protocol::Rgba;
use crate::{Error, HostTensor, Result};

/// The first picture of `x` `[B, C, H, W]` in [-1, 1] as opaque 8-bit RGBA; clamped and rounded.
/// One channel becomes grey; of more than three, three are shown. A tensor that is no such picture
/// gives an empty one.
pub fn to_rgba8(x: &HostTensor) -> Rgba {
    let (c, h, w) = match x.dims4() {
        Ok([b, c, h, w]) if b > 0 && c > 0 => (c, h, w),
        _ => (1, 0, 0),
    };
    let n = h * w;
    let channel = |i: usize| if c < 3 { 0 } else { i };
    let byte = |v: f32| ((v + 1.0) * 127.5).round().clamp(0.0, 255.0) as u8;
    let bytes = (0..n)
        .flat_map(|i| {
            let at = |k: usize| byte(x.data()[channel(k) * n + i]);
            [at(0), at(1), at(2), 255]
        })
        .collect();
    Rgba {
        width: w as u32,
        height: h as u32,
        bytes,
    }
}

/// Checks that the bytes are what the size says; returns width and height.
fn size(picture: &Rgba) -> Result<(usize, usize)> {
    let (w, h) = (picture.width as usize, picture.height as usize);
    if w == 0
        || h == 0
        || w.checked_mul(h).and_then(|n| n.checked_mul(4)) != Some(picture.bytes.len())
    {
        return Err(Error::Picture(format!(
            "{} bytes are not an RGBA picture of {w}x{h} pixels",
            picture.bytes.len()
        )));
    }
    Ok((w, h))
}

/// An 8-bit picture as `[1, 3, H, W]` in [-1, 1], composited on white where it is transparent.
/// Fails with [`Error::Picture`] when it is empty or its bytes do not match its size.
pub fn from_rgba8(picture: &Rgba) -> Result<HostTensor> {
    let (w, h) = size(picture)?;
    let n = w * h;
    let at = |i: usize| {
        let pixel = &picture.bytes[i % n * 4..][..4];
        let alpha = f32::from(pixel[3]) / 255.0;
        let unit = alpha * f32::from(pixel[i / n]) / 255.0 + 1.0 - alpha;
        2.0 * unit - 1.0
    };
    HostTensor::new([1, 3, h, w], (0..3 * n).map(at).collect())
}

/// An 8-bit mask as `[1, 1, H, W]` in [0, 1]: its luma (ITU-R BT.601); white = 1. Transparency counts as white.
/// Fails with [`Error::Picture`] when it is empty or its bytes do not match its size.
pub fn mask_from_rgba8(mask: &Rgba) -> Result<HostTensor> {
    let x = from_rgba8(mask)?;
    let (w, h) = size(mask)?;
    let n = w * h;
    let luma = |i: usize| {
        let unit = |c: usize| (x.data()[c * n + i] + 1.0) / 2.0;
        (0.299 * unit(0) + 0.587 * unit(1) + 0.114 * unit(2)).clamp(0.0, 1.0)
    };
    HostTensor::new([1, 1, h, w], (0..n).map(luma).collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn bytes_round_trip() {
        let bytes: Vec<u8> = (0..=255u8).flat_map(|v| [v, 255 - v, v / 2, 255]).collect();
        let picture = Rgba {
            width: 16,
            height: 16,
            bytes,
        };
        assert_eq!(to_rgba8(&from_rgba8(&picture).unwrap()), picture);
    }

    #[test]
    fn transparency_is_white_and_sizes_are_checked() {
        let clear = Rgba {
            width: 1,
            height: 1,
            bytes: vec![0, 0, 0, 0],
        };
        assert_eq!(from_rgba8(&clear).unwrap().data(), [1.0, 1.0, 1.0]);
        let short = Rgba {
            width: 2,
            height: 1,
            bytes: vec![0; 4],
        };
        assert!(matches!(from_rgba8(&short), Err(Error::Picture(_))));
    }

    #[test]
    fn grey_and_out_of_range_values_show() {
        let x = HostTensor::new([1, 1, 1, 3], vec![-7.0, 0.0, 7.0]).unwrap();
        assert_eq!(
            to_rgba8(&x).bytes,
            [0, 0, 0, 255, 128, 128, 128, 255, 255, 255, 255, 255]
        );
        let mask = Rgba {
            width: 2,
            height: 1,
            bytes: vec![255, 255, 255, 255, 0, 0, 0, 255],
        };
        let mask = mask_from_rgba8(&mask).unwrap();
        assert!((mask.data()[0] - 1.0).abs() < 1e-6 && mask.data()[1] == 0.0);
    }
}
