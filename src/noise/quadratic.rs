//! The variance-weighted quadratic likelihood and its proximal step.

use crate::physics::Operator;
use crate::{HostTensor, Result};

/// argmin over x of gamma/2 sum_i w_i (A x - y)_i^2 + 1/2 |x - z|^2 for any A, by conjugate gradients
/// preconditioned with the operator's own exact prox.
///
/// With the mean weight s, M = I + gamma s A^T A and H = I + gamma A^T W A, the preconditioned residual
/// at x is M^-1 (b - H x) = prox(z, y', gamma s) - x with the surrogate measurement
/// y' = A x + (W / s) (y - A x). For s = max w, x + that residual is the majorise-minimise step; as a
/// preconditioner it bounds the condition number by max w / min w at *every* gamma. (Weights of zero
/// leave that bound; few of them cost few iterations.) The residual is computed from x each time, never
/// by recurrence, so that f32 operators suffice at gamma = 1e8.
pub(super) struct WeightedProx<'a> {
    operator: &'a dyn Operator,
    z: &'a HostTensor,
    y: HostTensor,
    weights: HostTensor,
    mean: f64,
}

/// An iterate x and A x.
#[derive(Clone)]
pub(super) struct Iterate {
    pub x: HostTensor,
    pub ax: HostTensor,
}

/// Where the iteration ends.
#[derive(Clone, Copy)]
pub(super) struct Stop {
    /// Accepted |error| relative to |x - z| and |A x - y|, both in the norm of M.
    pub tolerance: f64,
    /// At most so many operator steps.
    pub iterations: usize,
}

fn dot(a: &HostTensor, b: &HostTensor) -> f64 {
    (a.data().iter().zip(b.data()))
        .map(|(a, b)| f64::from(*a) * f64::from(*b))
        .sum()
}

fn add_scaled(a: HostTensor, scale: f64, b: &HostTensor) -> Result<HostTensor> {
    a.zip(b, |a, b| (f64::from(a) + scale * f64::from(b)) as f32)
}

fn difference(a: &HostTensor, b: &HostTensor) -> Result<HostTensor> {
    a.clone().zip(b, |a, b| a - b)
}

impl<'a> WeightedProx<'a> {
    /// `y` has its holes zeroed; `weights` has its shape.
    pub(super) fn new(
        operator: &'a dyn Operator,
        z: &'a HostTensor,
        y: HostTensor,
        weights: HostTensor,
    ) -> Self {
        let (sum, n) = (weights.data().iter().filter(|w| **w > 0.0))
            .fold((0.0, 0usize), |(s, n), w| (s + f64::from(*w), n + 1));
        let mean = if n > 0 { sum / n as f64 } else { 1.0 };
        Self {
            operator,
            z,
            y,
            weights,
            mean,
        }
    }

    /// The iteration's natural start, x = z.
    pub(super) fn start(&self) -> Result<Iterate> {
        Ok(Iterate {
            x: self.z.clone(),
            ax: self.operator.forward(self.z)?,
        })
    }

    fn weighted_square(&self, v: &HostTensor) -> f64 {
        (v.data().iter().zip(self.weights.data()))
            .map(|(v, w)| f64::from(*w) * f64::from(*v).powi(2))
            .sum()
    }

    /// The objective that is minimised.
    #[cfg(test)]
    pub(super) fn objective(&self, gamma: f64, at: &Iterate) -> Result<f64> {
        let data = self.weighted_square(&difference(&at.ax, &self.y)?);
        Ok(gamma / 2.0 * data + difference(&at.x, self.z)?.norm().powi(2) / 2.0)
    }

    /// M^-1 (b - H x).
    fn correction(&self, gamma: f64, at: &Iterate) -> Result<HostTensor> {
        let mut surrogate = at.ax.clone();
        for ((s, y), w) in (surrogate.data_mut().iter_mut())
            .zip(self.y.data())
            .zip(self.weights.data())
        {
            *s += (f64::from(*w) / self.mean) as f32 * (y - *s);
        }
        let step = self.operator.prox(self.z, &surrogate, gamma * self.mean)?;
        difference(&step, &at.x)
    }

    /// Moves `at` to the minimiser for `gamma`; from a neighbouring gamma's it takes few steps.
    /// The objective never rises, up to rounding. Returns the number of steps.
    pub(super) fn solve(&self, gamma: f64, at: &mut Iterate, stop: Stop) -> Result<usize> {
        if gamma == 0.0 {
            *at = self.start()?;
            return Ok(0);
        }
        let scale = gamma * self.mean;
        // Rounding of y and A x alone moves the residual by about 1e-7 |y|.
        let floor = scale * (3e-7 * self.y.norm()).powi(2);
        let mut last: Option<(HostTensor, HostTensor, f64)> = None;
        let mut direction: Option<(HostTensor, HostTensor)> = None;
        for step in 0..stop.iterations {
            let r = self.correction(gamma, at)?;
            let ar = self.operator.forward(&r)?;
            let size = dot(&r, &r) + scale * dot(&ar, &ar);
            let moved = difference(&at.x, self.z)?.norm().powi(2)
                + scale * difference(&at.ax, &self.y)?.norm().powi(2);
            if size <= stop.tolerance.powi(2) * moved || size <= floor || !size.is_finite() {
                return Ok(step);
            }
            // Polak and Ribiere's beta forgives the rounding in r.
            let beta = match &last {
                Some((r0, ar0, size0)) => {
                    let overlap = dot(&r, r0) + scale * dot(&ar, ar0);
                    ((size - overlap) / size0).max(0.0)
                }
                None => 0.0,
            };
            let (p, ap) = match direction.take() {
                Some((p, ap)) => (
                    add_scaled(r.clone(), beta, &p)?,
                    add_scaled(ar.clone(), beta, &ap)?,
                ),
                None => (r.clone(), ar.clone()),
            };
            // The exact line search. With M (p, r) = (r, b - H x) it is alpha = M(p, r) / H(p, p).
            let slope = dot(&p, &r) + scale * dot(&ap, &ar);
            let curvature = dot(&p, &p) + gamma * self.weighted_square(&ap);
            let alpha = slope / curvature;
            if !(alpha > 0.0 && alpha.is_finite()) {
                return Ok(step);
            }
            at.x = add_scaled(
                std::mem::replace(&mut at.x, HostTensor::zeros([0])),
                alpha,
                &p,
            )?;
            at.ax = add_scaled(
                std::mem::replace(&mut at.ax, HostTensor::zeros([0])),
                alpha,
                &ap,
            )?;
            last = Some((r, ar, size));
            direction = Some((p, ap));
        }
        Ok(stop.iterations)
    }
}

/// The same minimiser in closed form where A A^T = diag(d), one measurement's worth of `gram`:
/// x = z + A^T [gamma w / (1 + gamma w d) (y - A z)].
pub(super) fn diagonal_prox(
    operator: &dyn Operator,
    gram: &[f64],
    weights: &HostTensor,
    z: &HostTensor,
    y: &HostTensor,
    gamma: f64,
) -> Result<HostTensor> {
    let mut step = difference(y, &operator.forward(z)?)?;
    for (i, (r, w)) in step.data_mut().iter_mut().zip(weights.data()).enumerate() {
        let gw = gamma * f64::from(*w);
        *r = (gw / (1.0 + gw * gram[i % gram.len()]) * f64::from(*r)) as f32;
    }
    (z.clone()).zip(&operator.adjoint(&step)?, |z, s| z + s)
}
