//! Several operators, one after the other.

use super::cg::{Linear, Single};
use super::filter::ROUNDING;
use super::krylov::{DETAIL, KrylovPath};
use super::operator::{
    Operator, ProxPath, check_measurement, check_noise, check_pair, check_picture,
    check_picture_dims,
};
use crate::{HostTensor, Result};

/// y = A_n ... A_2 A_1 x. Each operator was built for the measurements of the one before it.
pub(super) struct Composition {
    name: String,
    first: Box<dyn Operator>,
    rest: Vec<Box<dyn Operator>>,
}

impl Composition {
    /// `rest` builds on `first`: the picture shape of each is the measurement shape of the one before.
    pub(super) fn new(
        name: String,
        first: Box<dyn Operator>,
        rest: Vec<Box<dyn Operator>>,
    ) -> Self {
        Self { name, first, rest }
    }

    fn last(&self) -> &dyn Operator {
        self.rest.last().unwrap_or(&self.first).as_ref()
    }
}

impl Linear for Composition {
    fn apply(&self, x: &[f64]) -> Result<Vec<f64>> {
        Single(self).apply(x)
    }

    fn apply_transpose(&self, y: &[f64]) -> Result<Vec<f64>> {
        Single(self).apply_transpose(y)
    }
}

impl Operator for Composition {
    fn name(&self) -> &str {
        &self.name
    }

    fn picture_shape(&self) -> [usize; 3] {
        self.first.picture_shape()
    }

    fn measurement_shape(&self, picture: [usize; 4]) -> Result<[usize; 4]> {
        check_picture_dims(self, picture)?;
        let shape = self.first.measurement_shape(picture)?;
        (self.rest.iter()).try_fold(shape, |s, op| op.measurement_shape(s))
    }

    fn forward(&self, x: &HostTensor) -> Result<HostTensor> {
        check_picture(self, x)?;
        let y = self.first.forward(x)?;
        self.rest.iter().try_fold(y, |y, op| op.forward(&y))
    }

    fn adjoint(&self, y: &HostTensor) -> Result<HostTensor> {
        check_measurement(self, y)?;
        let x = (self.rest.iter().rev()).try_fold(y.clone(), |x, op| op.adjoint(&x))?;
        self.first.adjoint(&x)
    }

    /// The regularised solution argmin |A x - y|^2 / variance + |x - x_0|^2 / 0.01, x_0 being the
    /// pseudo-inverses of the parts, last first, for noise of at least 0.1: what the last ones restore
    /// is not exact, and the first ones must not amplify that.
    fn pseudo_inverse(&self, y: &HostTensor, noise: f32) -> Result<HostTensor> {
        check_measurement(self, y)?;
        let variance = check_noise(noise)?.powi(2) + ROUNDING.powi(2);
        let y = self.keep_measured(y)?;
        let noise = noise.max(0.1);
        let x =
            (self.rest.iter().rev()).try_fold(y.clone(), |x, op| op.pseudo_inverse(&x, noise))?;
        let x = self.first.pseudo_inverse(&x, noise)?;
        self.prox(&x, &y, DETAIL / variance)
    }

    fn prox_path<'a>(
        &'a self,
        z: &'a HostTensor,
        y: &'a HostTensor,
    ) -> Result<Box<dyn ProxPath + 'a>> {
        check_pair(self, z, y)?;
        Ok(Box::new(KrylovPath::new(self, z, &self.keep_measured(y)?)?))
    }

    fn measured_entries(&self, measurement: [usize; 4]) -> usize {
        self.last().measured_entries(measurement)
    }

    fn keep_measured(&self, y: &HostTensor) -> Result<HostTensor> {
        self.last().keep_measured(y)
    }

    fn measurement_picture(&self, y: &HostTensor) -> Result<HostTensor> {
        self.last().measurement_picture(y)
    }

    fn measurement_from_picture(&self, picture: &HostTensor) -> Result<HostTensor> {
        self.last().measurement_from_picture(picture)
    }
}
