//! Conjugate gradients for the proximal step of any linear operator, in double precision.

use super::operator::Operator;
use crate::{HostTensor, Result};

/// A linear map and its transpose on flat vectors: `[B, C, H, W]` row-major, any B.
pub(super) trait Linear {
    /// A x.
    fn apply(&self, x: &[f64]) -> Result<Vec<f64>>;

    /// A^T y.
    fn apply_transpose(&self, y: &[f64]) -> Result<Vec<f64>>;
}

/// Any [`Operator`] as a [`Linear`] map; its inner arithmetic stays single precision.
pub(super) struct Single<'a>(pub(super) &'a dyn Operator);

impl Linear for Single<'_> {
    fn apply(&self, x: &[f64]) -> Result<Vec<f64>> {
        let [c, h, w] = self.0.picture_shape();
        Ok(to_f64(&self.0.forward(&to_f32(x, [c, h, w])?)?))
    }

    fn apply_transpose(&self, y: &[f64]) -> Result<Vec<f64>> {
        let [c, h, w] = self.0.picture_shape();
        let [_, mc, mh, mw] = self.0.measurement_shape([1, c, h, w])?;
        Ok(to_f64(&self.0.adjoint(&to_f32(y, [mc, mh, mw])?)?))
    }
}

/// The values in double precision.
pub(super) fn to_f64(x: &HostTensor) -> Vec<f64> {
    x.data().iter().map(|v| f64::from(*v)).collect()
}

/// A tensor `[B, C, H, W]` of the given `[C, H, W]`; B follows from the length.
pub(super) fn to_f32(x: &[f64], shape: [usize; 3]) -> Result<HostTensor> {
    let [c, h, w] = shape;
    let batch = x.len() / (c * h * w);
    HostTensor::new([batch, c, h, w], x.iter().map(|v| *v as f32).collect())
}

/// The inner product.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// The Euclidean norm.
pub(super) fn norm(a: &[f64]) -> f64 {
    dot(a, a).sqrt()
}

/// `a += s b`.
pub(super) fn add(a: &mut [f64], s: f64, b: &[f64]) {
    a.iter_mut().zip(b).for_each(|(a, b)| *a += s * b);
}

/// Solves (I + gamma A^T A) x = b by conjugate gradients (Hestenes and Stiefel 1952) from `x`.
///
/// Stops when |b - (I + gamma A^T A) x| <= `tolerance`, an absolute bound, or after `iterations`;
/// then x is the best so far in the energy norm. Returns x and its recurrence residual norm.
pub(super) fn solve(
    a: &dyn Linear,
    gamma: f64,
    b: &[f64],
    mut x: Vec<f64>,
    tolerance: f64,
    iterations: usize,
) -> Result<(Vec<f64>, f64)> {
    let normal = |x: &[f64]| -> Result<Vec<f64>> {
        let mut out = a.apply_transpose(&a.apply(x)?)?;
        (out.iter_mut().zip(x)).for_each(|(o, x)| *o = x + gamma * *o);
        Ok(out)
    };
    let mut r = b.to_vec();
    add(&mut r, -1.0, &normal(&x)?);
    let mut p = r.clone();
    let mut rho = dot(&r, &r);
    for _ in 0..iterations {
        if rho.sqrt() <= tolerance {
            break;
        }
        let q = normal(&p)?;
        let step = rho / dot(&p, &q);
        add(&mut x, step, &p);
        add(&mut r, -step, &q);
        let next = dot(&r, &r);
        let ratio = next / rho;
        (p.iter_mut().zip(&r)).for_each(|(p, r)| *p = r + ratio * *p);
        rho = next;
    }
    Ok((x, rho.sqrt()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A 2 x 3 matrix.
    struct Matrix([[f64; 3]; 2]);

    impl Linear for Matrix {
        fn apply(&self, x: &[f64]) -> Result<Vec<f64>> {
            Ok(self.0.iter().map(|row| dot(row, x)).collect())
        }

        fn apply_transpose(&self, y: &[f64]) -> Result<Vec<f64>> {
            Ok((0..3)
                .map(|j| self.0[0][j] * y[0] + self.0[1][j] * y[1])
                .collect())
        }
    }

    #[test]
    fn solves_a_small_system_and_obeys_its_stopping_rule() {
        let a = Matrix([[1.0, 2.0, -1.0], [0.5, 0.0, 3.0]]);
        let wanted = vec![0.3, -1.0, 2.0];
        let gamma = 7.0;
        let mut b = a.apply_transpose(&a.apply(&wanted).unwrap()).unwrap();
        (b.iter_mut().zip(&wanted)).for_each(|(b, x)| *b = x + gamma * *b);
        // Three unknowns, three iterations.
        let (x, left) = solve(&a, gamma, &b, vec![0.0; 3], 1e-9, 10).unwrap();
        assert!(left <= 1e-9);
        for (x, w) in x.iter().zip(&wanted) {
            assert!((x - w).abs() < 1e-9);
        }
        let (start, left) = solve(&a, gamma, &b, vec![0.0; 3], 1e-9, 0).unwrap();
        assert_eq!((start, left), (vec![0.0; 3], norm(&b)));
        let (warm, _) = solve(&a, gamma, &b, wanted.clone(), 1e-9, 10).unwrap();
        assert_eq!(warm, wanted);
    }
}
