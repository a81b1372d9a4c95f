//! Colour total variation under noise that is not Gaussian.

use super::discrepancy::ball;
use super::gradient::{Field, NORM2, adjoint, gradient};
use super::options::Problem;
use super::tv::{Steps, ascend, project, residual};
use super::{BaselineOptions, BaselineProgress, Weight};
use crate::solver::Observer;
use crate::{Error, HostTensor, Result};

/// Rounds of the power iteration for |A|, and what its result is raised by.
const POWER_ROUNDS: usize = 12;
const POWER_MARGIN: f32 = 1.1;

/// min TV(x) subject to |B x - y| <= delta, or min 1/2 |B x - y|^2 + weight TV(x), with B = W^(1/2) A, x in
/// [-1, 1]. B has no cheap exact prox, so that the data term is dualised as well: the primal-dual hybrid
/// gradient method on K = (grad, theta B) with theta making the two norms equal. u is the dual of
/// theta B x; its prox is, by Moreau's identity, v - sigma proj(v / sigma) with the projection onto the ball
/// around theta y, or for the penalty in closed form.
pub(super) async fn solve(
    problem: Problem<'_>,
    options: &BaselineOptions,
    observer: &mut impl Observer<BaselineProgress>,
) -> Result<HostTensor> {
    let [_, _, h, w] = problem.start.dims4()?;
    let theta = (NORM2 / squared_norm(&problem)?).sqrt();
    let goal = problem.y.clone().map(|v| theta * v);
    let mut x = problem.start.clone();
    let mut p = Field::zeros(x.len());
    let mut u = HostTensor::zeros(goal.shape());
    let mut lift = HostTensor::zeros(x.shape());
    let mut grad = gradient(x.data(), h, w);
    let mut seen = problem.forward(&x)?.map(|v| theta * v);
    let mut steps = Steps::new();
    for iteration in 0..options.iterations {
        let tau = steps.tau;
        let sigma = 1.0 / (2.0 * NORM2 * tau);
        let next = (x.clone().zip(&lift, |x, l| x - tau * l)?).clamp(-1.0, 1.0);
        let next_grad = gradient(next.data(), h, w);
        let next_seen = problem.forward(&next)?.map(|v| theta * v);

        let mut q = p.clone();
        ascend(&mut q, sigma, &next_grad, &grad);
        project(&mut q, h * w);
        let mut v = u.clone();
        for ((v, n), l) in (v.data_mut().iter_mut())
            .zip(next_seen.data())
            .zip(seen.data())
        {
            *v += sigma * (2.0 * n - l);
        }
        let v = match options.weight {
            Weight::Discrepancy { .. } => ball(v, sigma, &goal, f64::from(theta) * problem.delta)?,
            // Of v^2 theta^2 weight / 2 + v goal, the conjugate of |. - goal|^2 / (2 theta^2 weight).
            Weight::Fixed(weight) => {
                let stiff = 1.0 + sigma * theta * theta * weight as f32;
                v.zip(&goal, |v, g| (v - sigma * g) / stiff)?
            }
        };
        let next_lift = (HostTensor::new(x.shape(), adjoint(&q, h, w))?)
            .zip(&problem.adjoint(&v)?, |a, b| a + theta * b)?;

        let primal = residual(
            x.data().iter().zip(next.data()).map(|(a, b)| (a - b) / tau),
            lift.data().iter().zip(next_lift.data()).map(|(a, b)| a - b),
        );
        let dual = residual(
            (p.values().zip(q.values()))
                .chain(u.data().iter().copied().zip(v.data().iter().copied()))
                .map(|(a, b)| (a - b) / sigma),
            (grad.values().zip(next_grad.values()))
                .chain(
                    seen.data()
                        .iter()
                        .copied()
                        .zip(next_seen.data().iter().copied()),
                )
                .map(|(a, b)| a - b),
        );
        // grad^T p and theta B^T u cancel; either alone is the scale.
        let scale = HostTensor::new(x.shape(), adjoint(&q, h, w))?
            .norm()
            .max(1e-9);
        let spread = next_grad
            .values()
            .map(|v| f64::from(v).powi(2))
            .sum::<f64>()
            .sqrt();
        (x, p, u, lift, grad, seen) = (next, q, v, next_lift, next_grad, next_seen);
        let (primal, dual) = (primal / scale, dual / spread.max(1e-9));
        let residuals = [primal, dual];
        if !steps.go_on(iteration, residuals, options, observer).await? {
            break;
        }
    }
    Ok(x)
}

/// |B|^2 from above, by the power iteration.
fn squared_norm(problem: &Problem<'_>) -> Result<f32> {
    let mut x = HostTensor::full(problem.start.shape(), 1.0);
    // Not an eigenvector of anything.
    for (i, v) in x.data_mut().iter_mut().enumerate() {
        *v += ((i * 7919) % 101) as f32 / 101.0 - 0.5;
    }
    let mut value = 0.0;
    for _ in 0..POWER_ROUNDS {
        let size = x.norm();
        if !(size > 0.0 && size.is_finite()) {
            return Err(Error::BadOutput(
                "the operator sees nothing of the picture, or is not finite".into(),
            ));
        }
        x = x.map(|v| (f64::from(v) / size) as f32);
        x = problem.adjoint(&problem.forward(&x)?)?;
        value = x.norm() as f32;
    }
    Ok(POWER_MARGIN * value.max(f32::MIN_POSITIVE))
}
