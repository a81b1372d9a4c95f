//! Is it a picture at all?

use crate::{Error, HostTensor, Result};

/// Fails with [`Error::BadOutput`] when `x` has values that are not finite, or is (nearly) constant:
/// black, white or grey output is an error of the computation, never a result.
pub fn check_picture(x: &HostTensor) -> Result<()> {
    if !x.is_finite() {
        return Err(Error::BadOutput(
            "the result holds values that are not finite, so it is not shown".into(),
        ));
    }
    let low = x.data().iter().copied().fold(f32::INFINITY, f32::min);
    let high = x.data().iter().copied().fold(f32::NEG_INFINITY, f32::max);
    // Half a grey level of 8 bits.
    if x.is_empty() || high - low < 1.0 / 255.0 {
        return Err(Error::BadOutput(
            "the result is one flat colour, so it is not shown".into(),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check_picture;
    use crate::HostTensor;

    #[test]
    fn refuses_what_is_no_picture() {
        let good = HostTensor::new([1, 1, 1, 2], vec![-0.5, 0.5]);
        assert!(good.is_ok_and(|x| check_picture(&x).is_ok()));
        assert!(check_picture(&HostTensor::full([1, 3, 4, 4], 0.25)).is_err());
        let bad = HostTensor::new([1, 1, 1, 2], vec![f32::NAN, 0.5]);
        assert!(bad.is_ok_and(|x| check_picture(&x).is_err()));
    }
}
