//! Cutting and fitting pictures to the sides that a model takes.

use super::resample::bicubic;
use crate::{Error, HostTensor, Result};

/// The central `height` x `width` of `x` `[B, C, H, W]`; an odd remainder is cut at the bottom and right.
/// Fails with [`Error::Picture`] when that is empty or larger than `x`.
pub fn centre_crop(x: &HostTensor, height: usize, width: usize) -> Result<HostTensor> {
    let [b, c, h, w] = x.dims4()?;
    if height == 0 || width == 0 || height > h || width > w {
        return Err(Error::Picture(format!(
            "{width}x{height} pixels cannot be cut out of {w}x{h}"
        )));
    }
    let (top, left) = ((h - height) / 2, (w - width) / 2);
    let data = (x.data().chunks(h * w))
        .flat_map(|p| p.chunks(w).skip(top).take(height))
        .flat_map(|row| &row[left..left + width])
        .copied()
        .collect();
    HostTensor::new([b, c, height, width], data)
}

/// The largest central part of `x` whose sides are multiples of `multiple`.
/// Fails with [`Error::Picture`] when a side is smaller than that.
pub fn centre_crop_to_multiple(x: &HostTensor, multiple: usize) -> Result<HostTensor> {
    let [_, _, h, w] = x.dims4()?;
    let m = multiple.max(1);
    centre_crop(x, h / m * m, w / m * m)
}

/// Scales `x` (bicubic) until it just covers `height` x `width`, and cuts the overhang.
pub fn cover(x: &HostTensor, height: usize, width: usize) -> Result<HostTensor> {
    let [_, _, h, w] = x.dims4()?;
    let scale = (height as f64 / h as f64).max(width as f64 / w as f64);
    let side = |n: usize, least: usize| ((n as f64 * scale).round() as usize).max(least);
    centre_crop(&bicubic(x, side(h, height), side(w, width))?, height, width)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn crops_the_middle_and_covers() {
        let x = HostTensor::new([1, 1, 4, 5], (0..20).map(|i| i as f32).collect()).unwrap();
        assert_eq!(
            centre_crop(&x, 2, 3).unwrap().data(),
            [6., 7., 8., 11., 12., 13.]
        );
        assert_eq!(
            centre_crop_to_multiple(&x, 2).unwrap().shape(),
            [1, 1, 4, 4]
        );
        assert!(centre_crop(&x, 5, 1).is_err() && centre_crop_to_multiple(&x, 8).is_err());
        assert_eq!(cover(&x, 8, 8).unwrap().shape(), [1, 1, 8, 8]);
    }
}
