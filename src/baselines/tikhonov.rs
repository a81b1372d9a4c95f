//! Tikhonov regularisation with the gradient.

use super::discrepancy::increasing;
use super::gradient::{adjoint, gradient};
use super::options::Problem;
use super::{BaselineOptions, BaselineProgress, Weight};
use crate::solver::Observer;
use crate::{HostTensor, Result};

/// The first weight tried.
const FIRST: f64 = 0.1;

/// min over x of 1/2 |A x - y|^2 + weight / 2 |grad x|^2 by conjugate gradients on the normal equations
/// (A^T A + weight grad^T grad) x = A^T y. Under the discrepancy principle the weight is looked for,
/// each run starting where the last one ended.
pub(super) async fn solve(
    problem: Problem<'_>,
    options: &BaselineOptions,
    observer: &mut impl Observer<BaselineProgress>,
) -> Result<HostTensor> {
    let rhs = problem.adjoint(&problem.y)?;
    let mut x = problem.start.clone();
    match options.weight {
        Weight::Fixed(weight) => {
            conjugate_gradients(&problem, &rhs, weight, x, options, observer).await
        }
        Weight::Discrepancy { .. } => {
            let residual = async |weight: f64| {
                let start = x.clone();
                x = conjugate_gradients(&problem, &rhs, weight, start, options, observer).await?;
                problem.residual_norm(&x)
            };
            increasing(residual, problem.delta, FIRST).await?;
            Ok(x)
        }
    }
}

fn dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter()
        .zip(b)
        .map(|(a, b)| f64::from(*a) * f64::from(*b))
        .sum()
}

async fn conjugate_gradients(
    problem: &Problem<'_>,
    rhs: &HostTensor,
    weight: f64,
    mut x: HostTensor,
    options: &BaselineOptions,
    observer: &mut impl Observer<BaselineProgress>,
) -> Result<HostTensor> {
    let [_, _, h, w] = x.dims4()?;
    let apply = |v: &HostTensor| -> Result<HostTensor> {
        let mut out = problem.adjoint(&problem.forward(v)?)?;
        let smooth = adjoint(&gradient(v.data(), h, w), h, w);
        for (o, s) in out.data_mut().iter_mut().zip(smooth) {
            *o += weight as f32 * s;
        }
        Ok(out)
    };
    let mut r = rhs.clone().zip(&apply(&x)?, |b, a| b - a)?;
    let mut p = r.clone();
    let mut size = dot(r.data(), r.data());
    let scale = rhs.norm().max(f64::MIN_POSITIVE);
    // A smaller gap than for the other solvers: the residual of slow modes is small.
    let tolerance = options.tolerance / 20.0;
    for iteration in 0..options.iterations {
        let change = size.sqrt() / scale;
        if iteration % 10 == 0 {
            observer.notify(BaselineProgress {
                iteration,
                iterations: options.iterations,
                change: 20.0 * change,
            });
            observer.checkpoint().await?;
        }
        if change <= tolerance {
            break;
        }
        let hp = apply(&p)?;
        let alpha = (size / dot(p.data(), hp.data())) as f32;
        if !alpha.is_finite() {
            break;
        }
        x = x.zip(&p, |x, p| x + alpha * p)?;
        r = r.zip(&hp, |r, h| r - alpha * h)?;
        let next = dot(r.data(), r.data());
        let beta = (next / size) as f32;
        p = p.zip(&r, |p, r| r + beta * p)?;
        size = next;
    }
    Ok(x)
}
