//! A linear operator followed by JPEG compression.

use std::cell::RefCell;

use super::cg::{self, Linear, Single, add, dot, norm, to_f32, to_f64};
use super::filter::ROUNDING;
use super::jpeg::Jpeg;
use super::jpeg_blocks::transform;
use super::krylov::DETAIL;
use super::operator::{
    Operator, ProxPath, check_gamma, check_measurement, check_noise, check_pair, check_picture,
    check_picture_dims,
};
use crate::{HostTensor, Result};

/// Stopping rule: |gradient| <= TOLERANCE (|z| + gamma |its data part at z|).
const TOLERANCE: f64 = 1e-5;

/// Newton steps, and conjugate gradient iterations within one.
const NEWTON: usize = 30;
const INNER: usize = 60;

/// y = J(B x), J being [`Jpeg`] and B linear. With its likelihood the proximal step is
///
/// argmin over x of 1/2 |x - z|^2 + gamma/2 |e(C (B x - y))|^2,
///
/// C the orthonormal cosine transform and the mixing of colours: convex, and quadratic wherever the
/// set of coefficients outside their cell stays the same. Solved by Newton's method on that set with
/// conjugate gradients and an exact line search, which needs no further applications of B.
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
    fn coefficients(&self, mut values: Vec<f64>) -> Vec<f64> {
        transform(&mut values, self.jpeg.quantiser.shape[2], false);
        self.jpeg.quantiser.mix(&mut values);
        values
    }

    /// e of coefficients.
    fn excess(&self, coefficients: &[f64]) -> Vec<f64> {
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
        let mut start = self.apply(&to_f64(z))?;
        add(&mut start, -1.0, &self.coefficients(to_f64(y)));
        let pull = norm(&self.apply_transpose(&self.excess(&start))?);
        Ok(Box::new(ChainPath {
            op: self,
            z,
            start,
            pull,
            last: RefCell::new(vec![0.0; z.len()]),
        }))
    }

    fn residual_norm(&self, x: &HostTensor, y: &HostTensor) -> Result<f64> {
        check_pair(self, x, y)?;
        self.jpeg.residual_norm(&self.linear.forward(x)?, y)
    }

    fn measured_entries(&self, measurement: [usize; 4]) -> usize {
        self.jpeg.measured_entries(measurement)
    }
}

struct ChainPath<'a> {
    op: &'a JpegChain,
    z: &'a HostTensor,
    /// C (B z - y).
    start: Vec<f64>,
    /// |B^T C^T e| there.
    pull: f64,
    /// prox - z of the last step size: where the next one starts.
    last: RefCell<Vec<f64>>,
}

/// The rows of C B whose coefficients are outside their cell.
struct Outside<'a> {
    op: &'a JpegChain,
    excess: &'a [f64],
}

impl Linear for Outside<'_> {
    fn apply(&self, x: &[f64]) -> Result<Vec<f64>> {
        let mut c = self.op.apply(x)?;
        for (c, e) in c.iter_mut().zip(self.excess) {
            if *e == 0.0 {
                *c = 0.0;
            }
        }
        Ok(c)
    }

    /// Of what [`Outside::apply`] gives: it is zero inside already.
    fn apply_transpose(&self, y: &[f64]) -> Result<Vec<f64>> {
        self.op.apply_transpose(y)
    }
}

impl ChainPath<'_> {
    /// prox - z, and e there.
    fn solve(&self, gamma: f64) -> Result<(Vec<f64>, Vec<f64>)> {
        let op = self.op;
        let mut d = self.last.borrow().clone();
        let tolerance = TOLERANCE * (self.z.norm() + gamma * self.pull);
        let mut c = self.start.clone();
        add(&mut c, 1.0, &op.apply(&d)?);
        for _ in 0..NEWTON {
            let e = op.excess(&c);
            let mut descent = op.apply_transpose(&e)?;
            (descent.iter_mut().zip(&d)).for_each(|(g, d)| *g = -d - gamma * *g);
            let size = norm(&descent);
            if size <= tolerance {
                break;
            }
            let outside = Outside { op, excess: &e };
            let zero = vec![0.0; d.len()];
            let (p, _) = cg::solve(&outside, gamma, &descent, zero, 0.01 * size, INNER)?;
            let along = op.apply(&p)?;
            let t = self.line_search(gamma, [&d, &p], [&c, &along]);
            add(&mut d, t, &p);
            add(&mut c, t, &along);
        }
        *self.last.borrow_mut() = d.clone();
        Ok((d, op.excess(&c)))
    }

    /// The minimum along d + t p, where the coefficients are c + t a: the root of a derivative that
    /// grows with t.
    fn line_search(&self, gamma: f64, [d, p]: [&[f64]; 2], [c, a]: [&[f64]; 2]) -> f64 {
        let (dp, pp) = (dot(d, p), dot(p, p));
        let slope = |t: f64| {
            let mut moved = c.to_vec();
            add(&mut moved, t, a);
            dp + t * pp + gamma * dot(&self.op.excess(&moved), a)
        };
        let (mut low, mut high) = (0.0, 1.0);
        for _ in 0..20 {
            if slope(high) >= 0.0 {
                break;
            }
            (low, high) = (high, 2.0 * high);
        }
        // A full step is most often the right one: try its neighbourhood first.
        for i in 0..20 {
            let t = match i {
                0 if low < 0.99 && high >= 0.99 => 0.99,
                _ => (low + high) / 2.0,
            };
            if slope(t) < 0.0 {
                low = t;
            } else {
                high = t;
            }
        }
        (low + high) / 2.0
    }
}

impl ProxPath for ChainPath<'_> {
    fn prox(&self, gamma: f64) -> Result<HostTensor> {
        check_gamma(gamma)?;
        let (mut x, _) = self.solve(gamma)?;
        add(&mut x, 1.0, &to_f64(self.z));
        to_f32(&x, self.op.picture_shape())
    }

    fn residual_norm(&self, gamma: f64) -> Result<f64> {
        check_gamma(gamma)?;
        Ok(norm(&self.solve(gamma)?.1))
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
