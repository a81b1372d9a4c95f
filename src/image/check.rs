//! Is it a picture at all?

use crate::{Error, HostTensor, Result};

/// Fails with [`Error::BadOutput`] when a value of `x` `[B, C, H, W]` is not finite, or when a picture of
/// the batch is (nearly) constant: no channel deviates by half an 8-bit step.
pub fn check_picture(x: &HostTensor) -> Result<()> {
    let [_, c, h, w] = x.dims4()?;
    if !x.is_finite() {
        return Err(Error::BadOutput(
            "the network returned values that are not numbers; the device may lack precision or memory".into(),
        ));
    }
    let spread = |plane: &[f32]| {
        let n = plane.len() as f64;
        let mean = plane.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
        (plane
            .iter()
            .map(|v| (f64::from(*v) - mean).powi(2))
            .sum::<f64>()
            / n)
            .sqrt()
    };
    for picture in x.data().chunks((c * h * w).max(1)) {
        if picture
            .chunks((h * w).max(1))
            .all(|p| spread(p) < 1.0 / 255.0)
        {
            return Err(Error::BadOutput(
                "the network returned a picture of a single colour".into(),
            ));
        }
    }
    Ok(())
}

/// Fails with [`Error::Picture`] when a side is zero or above `max_side` pixels.
pub fn check_size(width: usize, height: usize, max_side: usize) -> Result<()> {
    if width == 0 || height == 0 {
        return Err(Error::Picture(format!(
            "{width}x{height} pixels: it is empty"
        )));
    }
    if width.max(height) > max_side {
        return Err(Error::Picture(format!(
            "{width}x{height} pixels: at most {max_side} a side are taken"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn refuses_what_is_no_picture() {
        let ramp = HostTensor::new([1, 1, 1, 4], vec![-0.5, 0.0, 0.1, 0.5]).unwrap();
        assert!(check_picture(&ramp).is_ok());
        let mut broken = ramp.clone();
        broken.data_mut()[2] = f32::NAN;
        assert!(matches!(check_picture(&broken), Err(Error::BadOutput(_))));
        // All red: its channels differ, its pixels do not.
        let red = HostTensor::new([1, 3, 1, 2], vec![1.0, 1.0, -1.0, -1.0, -1.0, -1.0]).unwrap();
        assert!(matches!(check_picture(&red), Err(Error::BadOutput(_))));
        assert!(check_size(10, 20, 20).is_ok());
        assert!(check_size(10, 21, 20).is_err() && check_size(0, 3, 20).is_err());
    }
}
