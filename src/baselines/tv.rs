//! Colour total variation by a primal-dual method.

use super::discrepancy::projection;
use super::gradient::{Field, NORM2, adjoint, gradient, lengths};
use super::options::Problem;
use super::{BaselineOptions, BaselineProgress, Weight};
use crate::solver::Observer;
use crate::{HostTensor, Result};

/// The first primal step: pictures move by a few tenths while the dual field moves by about 1.
const FIRST_STEP: f32 = 0.1;

/// The share by which balancing changes the steps at first, and how fast that share shrinks (Goldstein,
/// Li, Yuan, Esser and Baraniuk 2015).
const BALANCING: f32 = 0.5;
const SHRINKING: f32 = 0.95;

/// The primal step size, balanced so that primal and dual residuals fall alike.
pub(super) struct Steps {
    pub tau: f32,
    share: f32,
}

impl Steps {
    pub fn new() -> Self {
        Self {
            tau: FIRST_STEP,
            share: BALANCING,
        }
    }

    /// Takes the relative residuals of an iteration: reports every tenth, says whether to go on, and
    /// balances the steps if so.
    pub async fn go_on(
        &mut self,
        iteration: usize,
        [primal, dual]: [f64; 2],
        options: &BaselineOptions,
        observer: &mut impl Observer<BaselineProgress>,
    ) -> Result<bool> {
        let change = primal.max(dual);
        if iteration.is_multiple_of(10) {
            observer.notify(BaselineProgress {
                iteration,
                iterations: options.iterations,
                change,
            });
            observer.checkpoint().await?;
        }
        if change <= options.tolerance || !change.is_finite() {
            return Ok(false);
        }
        // A lagging primal residual wants longer primal steps, and the other way round.
        if primal > 1.5 * dual {
            self.tau /= 1.0 - self.share;
            self.share *= SHRINKING;
        } else if dual > 1.5 * primal {
            self.tau *= 1.0 - self.share;
            self.share *= SHRINKING;
        }
        Ok(true)
    }
}

/// The minimiser and the dual field that proves it.
pub(super) struct Solution {
    pub x: HostTensor,
    /// Read by the tests' duality gap.
    #[cfg_attr(not(test), allow(dead_code))]
    pub dual: Field,
}

/// min TV(x) subject to |A x - y| <= delta, or min 1/2 |A x - y|^2 + weight TV(x) for a fixed weight, by the
/// primal-dual hybrid gradient method (Chambolle and Pock 2011) with the operator's exact prox:
///
/// ```text
/// x' = P(x - tau grad^T p),   p' = proj(p + sigma grad(2 x' - x)),   tau sigma |grad|^2 <= 1
/// ```
///
/// proj clips the joint length of all channels' gradients at a pixel to 1. P is the prox with gamma =
/// tau / weight or, for the discrepancy principle, the projection onto the constraint: the prox whose
/// gamma meets it. So the principle holds exactly and no weight is searched for; the one that it stands
/// for is the constraint's multiplier. Steps are balanced so that primal and dual residuals fall alike.
pub(super) async fn solve(
    problem: Problem<'_>,
    options: &BaselineOptions,
    observer: &mut impl Observer<BaselineProgress>,
) -> Result<Solution> {
    let [_, _, h, w] = problem.start.dims4()?;
    let mut x = problem.start.clone();
    let mut p = Field::zeros(x.len());
    let mut lift = HostTensor::zeros(x.shape());
    let mut grad = gradient(x.data(), h, w);
    let mut steps = Steps::new();
    let mut gamma = 0.0;
    for iteration in 0..options.iterations {
        let tau = steps.tau;
        let sigma = 1.0 / (NORM2 * tau);
        let moved = x.clone().zip(&lift, |x, l| x - tau * l)?;
        let next = {
            let path = problem.operator.prox_path(&moved, &problem.y)?;
            gamma = match options.weight {
                Weight::Fixed(weight) => f64::from(tau) / weight,
                Weight::Discrepancy { .. } => projection(path.as_ref(), problem.delta, gamma)?,
            };
            path.prox(gamma)?
        };
        let next_grad = gradient(next.data(), h, w);
        let mut q = p.clone();
        ascend(&mut q, sigma, &next_grad, &grad);
        project(&mut q, h * w);
        let next_lift = HostTensor::new(x.shape(), adjoint(&q, h, w))?;

        // Distances of 0 from the subdifferentials at (x', p').
        let primal = residual(
            x.data().iter().zip(next.data()).map(|(a, b)| (a - b) / tau),
            lift.data().iter().zip(next_lift.data()).map(|(a, b)| a - b),
        );
        let dual = residual(
            p.values().zip(q.values()).map(|(a, b)| (a - b) / sigma),
            grad.values().zip(next_grad.values()).map(|(a, b)| a - b),
        );
        let size =
            |v: &mut dyn Iterator<Item = f32>| v.map(|v| f64::from(v).powi(2)).sum::<f64>().sqrt();
        let scale = (
            size(&mut next_lift.data().iter().copied()).max(1e-9),
            size(&mut next_grad.values()).max(1e-9),
        );
        (x, p, lift, grad) = (next, q, next_lift, next_grad);
        let (primal, dual) = (primal / scale.0, dual / scale.1);
        let residuals = [primal, dual];
        if !steps.go_on(iteration, residuals, options, observer).await? {
            break;
        }
    }
    Ok(Solution { x, dual: p })
}

/// p += sigma (2 next - last).
pub(super) fn ascend(p: &mut Field, sigma: f32, next: &Field, last: &Field) {
    for (p, next, last) in [
        (&mut p.right, &next.right, &last.right),
        (&mut p.down, &next.down, &last.down),
    ] {
        for ((p, n), l) in p.iter_mut().zip(next).zip(last) {
            *p += sigma * (2.0 * n - l);
        }
    }
}

/// Clips the joint length of the field at every pixel to 1.
pub(super) fn project(p: &mut Field, pixels: usize) {
    let lengths = lengths(p, pixels);
    for plane in p.right.chunks_mut(pixels).chain(p.down.chunks_mut(pixels)) {
        for (v, l) in plane.iter_mut().zip(&lengths) {
            if *l > 1.0 {
                *v /= l;
            }
        }
    }
}

/// |a - b|.
pub(super) fn residual(a: impl Iterator<Item = f32>, b: impl Iterator<Item = f32>) -> f64 {
    a.zip(b)
        .map(|(a, b)| f64::from(a - b).powi(2))
        .sum::<f64>()
        .sqrt()
}
