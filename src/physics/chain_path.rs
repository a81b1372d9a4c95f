//! The proximal step of a linear operator followed by JPEG's quantiser.

use std::cell::RefCell;

use super::cg::{self, Linear, add, dot, norm, to_f32, to_f64};
use super::jpeg_chain::JpegChain;
use super::operator::{Operator, ProxPath, check_gamma};
use crate::{HostTensor, Result};

/// Stopping rule: |gradient| <= TOLERANCE (|z| + gamma |its data part at z|).
const TOLERANCE: f64 = 1e-5;

/// Newton steps, and conjugate gradient iterations within one.
const NEWTON: usize = 30;
const INNER: usize = 60;

/// Bound on inner iterations times values, at the least five Newton steps.
const WORK: usize = 100_000_000;

/// Newton's method on the set of coefficients outside their cell, which makes the objective of
/// [`JpegChain`] quadratic, with conjugate gradients inside and an exact line search, which needs no
/// further applications of the operator.
pub(super) struct ChainPath<'a> {
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

impl<'a> ChainPath<'a> {
    /// `z` and `y` of fitting shapes.
    pub(super) fn new(op: &'a JpegChain, z: &'a HostTensor, y: &HostTensor) -> Result<Self> {
        let mut start = op.apply(&to_f64(z))?;
        add(&mut start, -1.0, &op.coefficients(to_f64(y)));
        let pull = norm(&op.apply_transpose(&op.excess(&start))?);
        Ok(Self {
            op,
            z,
            start,
            pull,
            last: RefCell::new(vec![0.0; z.len()]),
        })
    }

    /// prox - z, and e there.
    fn solve(&self, gamma: f64) -> Result<(Vec<f64>, Vec<f64>)> {
        let op = self.op;
        let mut d = self.last.borrow().clone();
        let tolerance = TOLERANCE * (self.z.norm() + gamma * self.pull);
        let mut c = self.start.clone();
        add(&mut c, 1.0, &op.apply(&d)?);
        // Large pictures take fewer: the last step size is near the next one.
        let newton = (WORK / (INNER * d.len().max(1))).clamp(5, NEWTON);
        for _ in 0..newton {
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
