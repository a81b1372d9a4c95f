//! What every forward operator answers.

use crate::{Error, HostTensor, Result};

/// A forward operator A, linear unless [`Operator::is_linear`] denies it, from pictures `[B, C, H, W]` in [-1, 1] to measurements `[B, C', H', W']`,
/// built for one `[C, H, W]`; the batch is free.
///
/// Every method fails with [`Error::Shape`] when a tensor does not have the shape it was built for.
pub trait Operator {
    /// The task in its textual form, as [`super::TaskSpec`] prints it.
    fn name(&self) -> &str;

    /// The picture shape `[C, H, W]` that the operator was built for.
    fn picture_shape(&self) -> [usize; 3];

    /// Shape `[B, C', H', W']` of the measurement of a picture of shape `[B, C, H, W]`.
    fn measurement_shape(&self, picture: [usize; 4]) -> Result<[usize; 4]>;

    /// A x, for `x` `[B, C, H, W]`.
    fn forward(&self, x: &HostTensor) -> Result<HostTensor>;

    /// A^T y, for `y` `[B, C', H', W']`.
    fn adjoint(&self, y: &HostTensor) -> Result<HostTensor>;

    /// False when A is not linear: then `adjoint` is a stand-in, and the proximal step and the residual
    /// norm belong to the likelihood that the operator documents.
    fn is_linear(&self) -> bool {
        true
    }

    /// What one sees without a learned prior: a picture-sized, regularised inverse of `y`, not clamped.
    /// `noise` is the standard deviation of the measurement noise for pictures in [-1, 1].
    fn pseudo_inverse(&self, y: &HostTensor, noise: f32) -> Result<HostTensor>;

    /// Prepares the proximal steps from `z` towards `y` for every step size at once.
    fn prox_path<'a>(
        &'a self,
        z: &'a HostTensor,
        y: &'a HostTensor,
    ) -> Result<Box<dyn ProxPath + 'a>>;

    /// argmin over x of gamma/2 |A x - y|^2 + 1/2 |x - z|^2, for gamma >= 0.
    fn prox(&self, z: &HostTensor, y: &HostTensor, gamma: f64) -> Result<HostTensor> {
        self.prox_path(z, y)?.prox(gamma)
    }

    /// |A prox(z, y, gamma) - y| over the measured entries.
    fn residual_norm_after_prox(&self, z: &HostTensor, y: &HostTensor, gamma: f64) -> Result<f64> {
        self.prox_path(z, y)?.residual_norm(gamma)
    }

    /// |A x - y| over the measured entries.
    fn residual_norm(&self, x: &HostTensor, y: &HostTensor) -> Result<f64> {
        let y = self.keep_measured(y)?;
        Ok(self.forward(x)?.zip(&y, |a, b| a - b)?.norm())
    }

    /// How many entries of a measurement of shape `[B, C', H', W']` carry information:
    /// the m in E |w|^2 = m sigma^2. Entries behind an inpainting mask do not count.
    fn measured_entries(&self, measurement: [usize; 4]) -> usize {
        measurement.iter().product()
    }

    /// `y` with the entries that carry no information set to zero, where A x is zero too.
    fn keep_measured(&self, y: &HostTensor) -> Result<HostTensor> {
        check_measurement(self, y)?;
        Ok(y.clone())
    }

    /// `y` as a picture in [-1, 1] of 1 or 3 channels, to look at; holes are mid-grey.
    fn measurement_picture(&self, y: &HostTensor) -> Result<HostTensor> {
        Ok(self.keep_measured(y)?.clamp(-1.0, 1.0))
    }

    /// The measurement that a visitor's degraded picture `[B, C, h, w]` shows: the inverse of
    /// [`Operator::measurement_picture`] up to clamping.
    fn measurement_from_picture(&self, picture: &HostTensor) -> Result<HostTensor> {
        self.keep_measured(picture)
    }
}

/// The proximal steps from one z towards one y, as a function of the step size gamma.
/// Evaluating it at many gammas is much cheaper than as many calls of [`Operator::prox`].
pub trait ProxPath {
    /// argmin over x of gamma/2 |A x - y|^2 + 1/2 |x - z|^2.
    /// Fails with [`Error::Invalid`] unless gamma is finite and not negative.
    fn prox(&self, gamma: f64) -> Result<HostTensor>;

    /// |A prox(gamma) - y| over the measured entries; decreases with gamma. Fails as `prox` does.
    fn residual_norm(&self, gamma: f64) -> Result<f64>;
}

/// For measurements of one channel: a picture of one channel is the measurement, any other is put
/// through A.
pub(super) fn grey_or_forward<O: Operator + ?Sized>(
    op: &O,
    picture: &HostTensor,
) -> Result<HostTensor> {
    if picture.dims4()?[1] == 1 {
        return op.keep_measured(picture);
    }
    op.forward(picture)
}

/// Fails unless gamma is a step size.
pub(super) fn check_gamma(gamma: f64) -> Result<()> {
    if gamma.is_finite() && gamma >= 0.0 {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "the step size gamma is {gamma}; it must be finite and not negative"
    )))
}

/// Fails unless `noise` is a standard deviation.
pub(super) fn check_noise(noise: f32) -> Result<f64> {
    if noise.is_finite() && noise >= 0.0 {
        return Ok(f64::from(noise));
    }
    Err(Error::invalid(format!(
        "the noise level is {noise}; it must be finite and not negative"
    )))
}

/// Fails unless `dims` is `[B, C, H, W]` with the given `[C, H, W]`; returns B.
fn check_dims(what: &str, dims: [usize; 4], expected: [usize; 3]) -> Result<usize> {
    let [b, c, h, w] = dims;
    if b > 0 && [c, h, w] == expected {
        return Ok(b);
    }
    let [ec, eh, ew] = expected;
    Err(Error::shape(format!(
        "{what} is {dims:?}, expected [batch, {ec}, {eh}, {ew}]"
    )))
}

/// Fails unless `x` is a picture of the operator; returns the batch size.
pub(super) fn check_picture<O: Operator + ?Sized>(op: &O, x: &HostTensor) -> Result<usize> {
    check_picture_dims(op, x.dims4()?)
}

/// Fails unless `dims` is the shape of pictures of the operator; returns the batch size.
pub(super) fn check_picture_dims<O: Operator + ?Sized>(op: &O, dims: [usize; 4]) -> Result<usize> {
    let what = format!("the picture for {}", op.name());
    check_dims(&what, dims, op.picture_shape())
}

/// Fails unless `y` is a measurement of the operator; returns the batch size.
pub(super) fn check_measurement<O: Operator + ?Sized>(op: &O, y: &HostTensor) -> Result<usize> {
    let dims = y.dims4()?;
    let [c, h, w] = op.picture_shape();
    let [_, mc, mh, mw] = op.measurement_shape([dims[0], c, h, w])?;
    check_dims(
        &format!("the measurement for {}", op.name()),
        dims,
        [mc, mh, mw],
    )
}

/// Fails unless `z` and `y` fit the operator and share their batch size; returns it.
pub(super) fn check_pair<O: Operator + ?Sized>(
    op: &O,
    z: &HostTensor,
    y: &HostTensor,
) -> Result<usize> {
    let (a, b) = (check_picture(op, z)?, check_measurement(op, y)?);
    if a == b {
        return Ok(a);
    }
    Err(Error::shape(format!(
        "{a} pictures but {b} measurements for {}",
        op.name()
    )))
}
