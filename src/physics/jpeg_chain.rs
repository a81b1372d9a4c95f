//! A linear operator followed by JPEG compression.

use super::cg::{Linear, Single};
use super::chain_path::ChainPath;
use super::filter::ROUNDING;
use super::jpeg::Jpeg;
use super::jpeg_blocks::transform;
use super::krylov::DETAIL;
use super::operator::{
    Operator, ProxPath, check_measurement, check_noise, check_pair, check_picture,
    check_picture_dims,
};
use crate::{HostTensor, Result};

/// y = J(B x), J being [`Jpeg`] and B linear. With its likelihood the proximal step is
///
/// argmin over x of 1/2 |x - z|^2 + gamma/2 |e(C (B x - y))|^2,
///
/// C the orthonormal cosine transform and the mixing of colours: convex, and quadratic wherever the
/// set of coefficients outside their cell stays the same. Solved by [`ChainPath`].
pub(super) struct JpegChain {
    name: String,
    linear: Box<dyn Operator>,
    jpeg: Jpeg,
}

impl JpegChain {
    /// `jpeg` was built for the measurements of `linear`.
    pub(super) fn new(name: String, linear: Box<dyn Operator>, jpeg: Jpeg) -> Self {
        Self { name, linear, jpeg }
    }

    /// C of flat values.
    pub(super) fn coefficients(&self, mut values: Vec<f64>) -> Vec<f64> {
        transform(&mut values, self.jpeg.quantiser.shape[2], false);
        self.jpeg.quantiser.mix(&mut values);
        values
    }

    /// e of coefficients.
    pub(super) fn excess(&self, coefficients: &[f64]) -> Vec<f64> {
        let mut e = coefficients.to_vec();
        self.jpeg.quantiser.excess(&mut e);
        e
    }
}

/// C B.
impl Linear for JpegChain {
    fn apply(&self, x: &[f64]) -> Result<Vec<f64>> {
        Ok(self.coefficients(Single(self.linear.as_ref()).apply(x)?))
    }

    fn apply_transpose(&self, c: &[f64]) -> Result<Vec<f64>> {
        let mut y = c.to_vec();
        self.jpeg.quantiser.mix_transpose(&mut y);
        transform(&mut y, self.jpeg.quantiser.shape[2], true);
        Single(self.linear.as_ref()).apply_transpose(&y)
    }
}

impl Operator for JpegChain {
    fn name(&self) -> &str {
        &self.name
    }

    fn is_linear(&self) -> bool {
        false
    }

    fn picture_shape(&self) -> [usize; 3] {
        self.linear.picture_shape()
    }

    fn measurement_shape(&self, picture: [usize; 4]) -> Result<[usize; 4]> {
        check_picture_dims(self, picture)?;
        self.linear.measurement_shape(picture)
    }

    fn forward(&self, x: &HostTensor) -> Result<HostTensor> {
        check_picture(self, x)?;
        self.jpeg.forward(&self.linear.forward(x)?)
    }

    /// B^T y, taking J for the identity, which it approximates.
    fn adjoint(&self, y: &HostTensor) -> Result<HostTensor> {
        check_measurement(self, y)?;
        self.linear.adjoint(y)
    }

    /// That of B, with the error of quantisation counted as noise.
    fn pseudo_inverse(&self, y: &HostTensor, noise: f32) -> Result<HostTensor> {
        check_measurement(self, y)?;
        // A coefficient errs uniformly within its cell, or by its own size where that is smaller.
        let error = self
            .jpeg
            .quantiser
            .mean(|half| (half * half / 3.0).min(DETAIL));
        let variance = check_noise(noise)?.powi(2) + ROUNDING.powi(2) + error;
        self.linear.pseudo_inverse(y, variance.sqrt() as f32)
    }

    fn prox_path<'a>(
        &'a self,
        z: &'a HostTensor,
        y: &'a HostTensor,
    ) -> Result<Box<dyn ProxPath + 'a>> {
        check_pair(self, z, y)?;
        Ok(Box::new(ChainPath::new(self, z, y)?))
    }

    fn residual_norm(&self, x: &HostTensor, y: &HostTensor) -> Result<f64> {
        check_pair(self, x, y)?;
        self.jpeg.residual_norm(&self.linear.forward(x)?, y)
    }

    fn measured_entries(&self, measurement: [usize; 4]) -> usize {
        self.jpeg.measured_entries(measurement)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Extras, build};
    use super::*;

    #[test]
    fn proximal_steps_are_optimal() {
        for spec in [
            "gaussian-blur:sigma=1|jpeg:quality=30",
            "super-resolution:factor=2|jpeg:quality=60",
            "inpainting:box=0.1|super-resolution:factor=2,kernel=area|jpeg:quality=10",
        ] {
            let op = build(&spec.parse().unwrap(), [3, 32, 48], &Extras::default()).unwrap();
            let wave = |s: f32| {
                let data = (0..3 * 32 * 48).map(|i| ((i * i % 1013) as f32 * s).sin());
                HostTensor::new([1, 3, 32, 48], data.collect()).unwrap()
            };
            let (x, z) = (wave(0.01), wave(0.007));
            let y = op.forward(&x).unwrap();
            // The picture itself is in its cell.
            assert!(op.residual_norm(&x, &y).unwrap() < 1e-4);
            let path = op.prox_path(&z, &y).unwrap();
            let mut last = f64::INFINITY;
            for gamma in [0.0, 1e-3, 1.0, 30.0, 1e3] {
                let p = path.prox(gamma).unwrap();
                let left = path.residual_norm(gamma).unwrap();
                let direct = op.residual_norm(&p, &y).unwrap();
                assert!(
                    (left - direct).abs() < 1e-4 * (1.0 + direct),
                    "{spec} {gamma}"
                );
                assert!(left <= last * (1.0 + 1e-6));
                last = left;
                // 1/2 |p - z|^2 + gamma/2 |e|^2 is lowest in the direction of every other picture.
                let objective = |q: &HostTensor| {
                    let moved = q.clone().zip(&z, |a, b| a - b).unwrap().norm();
                    moved.powi(2) + gamma * op.residual_norm(q, &y).unwrap().powi(2)
                };
                let best = objective(&p);
                for towards in [&x, &z, &wave(0.3)] {
                    for t in [1e-2f32, -1e-2, 0.2] {
                        let q = p.clone().zip(towards, |p, x| p + t * (x - p)).unwrap();
                        let other = objective(&q);
                        assert!(
                            other >= best * (1.0 - 1e-5),
                            "{spec} {gamma} {t}: {other} {best}"
                        );
                    }
                }
            }
            let first = op.residual_norm(&z, &y).unwrap();
            assert!(last < 0.05 * first, "{spec}: {last} of {first}");
            let inverse = op.pseudo_inverse(&y, 0.01).unwrap();
            assert!(inverse.is_finite() && inverse.shape() == x.shape());
            assert!(op.adjoint(&y).unwrap().shape() == x.shape() && !op.is_linear());
        }
    }
}
