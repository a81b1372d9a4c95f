//! The residual after the weighted quadratic's proximal step, for every gamma at once.

use std::cell::RefCell;

use crate::physics::Operator;
use crate::{HostTensor, Result};

/// At most so many Lanczos steps, each one application of A and A^T.
const STEPS: usize = 60;

/// The same for gammas that only stand for "fit exactly", which never converge and need not.
const FEW_STEPS: usize = 24;
const EXACT_FIT: f64 = 1e7;

/// A gamma's value has converged when these many steps changed it relatively by less than that.
const WINDOW: usize = 4;
const TOLERANCE: f64 = 1e-3;

/// gamma -> |W^(1/2) (A x - y)| with x = argmin gamma/2 |W^(1/2) (A x - y)|^2 + 1/2 |x - z|^2.
///
/// With B = W^(1/2) A and b = W^(1/2) (y - A z) the residual is (I + gamma B B^T)^-1 b, so its norm is
/// |b| |(I + gamma T)^-1 e_1| in the tridiagonal T that k steps of Lanczos' process from b make of B B^T:
/// Gauss quadrature of the spectral measure of b (Golub and Meurant 2010, 4 and 15), a lower bound that
/// rises with k. T does not depend on gamma. The vectors are not kept nor re-orthogonalised; copies of
/// eigenvalues that appear for it do not hurt the quadrature.
pub(super) struct Curve<'a> {
    operator: &'a dyn Operator,
    roots: HostTensor,
    start: f64,
    lanczos: RefCell<Lanczos>,
}

struct Lanczos {
    last: HostTensor,
    now: HostTensor,
    /// Diagonal of T, and what lies beside it; one more beta than used.
    alpha: Vec<f64>,
    beta: Vec<f64>,
    /// The space is exhausted: T is exact.
    ended: bool,
}

impl<'a> Curve<'a> {
    /// `y` has its holes zeroed; `weights` has its shape.
    pub(super) fn new(
        operator: &'a dyn Operator,
        z: &HostTensor,
        y: &HostTensor,
        weights: HostTensor,
    ) -> Result<Self> {
        let roots = weights.map(f32::sqrt);
        let mut b = y.clone().zip(&operator.forward(z)?, |y, a| y - a)?;
        b = b.zip(&roots, |b, r| b * r)?;
        let start = b.norm();
        let ended = start == 0.0;
        let scale = if ended { 0.0 } else { 1.0 / start };
        Ok(Self {
            operator,
            roots,
            start,
            lanczos: RefCell::new(Lanczos {
                last: HostTensor::zeros(b.shape()),
                now: b.map(|v| (f64::from(v) * scale) as f32),
                alpha: Vec::new(),
                beta: Vec::new(),
                ended,
            }),
        })
    }

    /// The residual norm for `gamma`, finite and not negative.
    pub(super) fn residual_norm(&self, gamma: f64) -> Result<f64> {
        let mut lanczos = self.lanczos.borrow_mut();
        let most = if gamma >= EXACT_FIT { FEW_STEPS } else { STEPS };
        loop {
            let k = lanczos.alpha.len();
            let value = lanczos.quadrature(gamma, k);
            let before = lanczos.quadrature(gamma, k.saturating_sub(WINDOW));
            let converged = k >= WINDOW && (value - before).abs() <= TOLERANCE * value;
            if lanczos.ended || k >= most || converged {
                return Ok(self.start * value);
            }
            self.extend(&mut lanczos)?;
        }
    }

    fn extend(&self, lanczos: &mut Lanczos) -> Result<()> {
        let weighted = (lanczos.now.clone()).zip(&self.roots, |v, r| v * r)?;
        let seen = self.operator.forward(&self.operator.adjoint(&weighted)?)?;
        let mut next = seen.zip(&self.roots, |v, r| v * r)?;
        let alpha: f64 = (next.data().iter().zip(lanczos.now.data()))
            .map(|(a, b)| f64::from(*a) * f64::from(*b))
            .sum();
        let before = lanczos.beta.last().copied().unwrap_or(0.0);
        for ((n, v), l) in (next.data_mut().iter_mut())
            .zip(lanczos.now.data())
            .zip(lanczos.last.data())
        {
            *n = (f64::from(*n) - alpha * f64::from(*v) - before * f64::from(*l)) as f32;
        }
        let beta = next.norm();
        lanczos.alpha.push(alpha);
        lanczos.beta.push(beta);
        // What is left is rounding.
        if beta <= 1e-6 * alpha.abs() || !beta.is_finite() {
            lanczos.ended = true;
            return Ok(());
        }
        next = next.map(|v| (f64::from(v) / beta) as f32);
        lanczos.last = std::mem::replace(&mut lanczos.now, next);
        Ok(())
    }
}

impl Lanczos {
    /// |(I + gamma T_k)^-1 e_1| by elimination from the last row up, then substitution down.
    fn quadrature(&self, gamma: f64, k: usize) -> f64 {
        if k == 0 {
            return 1.0;
        }
        // pivot_i = d_i - o_i^2 / pivot_{i+1} with the diagonal d and the off-diagonal o of I + gamma T.
        let mut pivots = vec![0.0; k];
        for i in (0..k).rev() {
            let coupling = if i + 1 < k {
                (gamma * self.beta[i]).powi(2) / pivots[i + 1]
            } else {
                0.0
            };
            // At least 1 in exact arithmetic.
            pivots[i] = (1.0 + gamma * self.alpha[i] - coupling).max(1.0);
        }
        let mut value = 1.0 / pivots[0];
        let mut sum = value * value;
        for (beta, pivot) in self.beta.iter().zip(&pivots[1..]) {
            value *= -gamma * beta / pivot;
            sum += value * value;
        }
        sum.sqrt()
    }
}
