//! The proximal steps of any linear operator, all step sizes from one Krylov space.

use std::cell::RefCell;

use super::cg::{self, Linear, add, norm, to_f64};
use super::operator::{ProxPath, check_gamma};
use crate::{HostTensor, Result};

/// Stopping rule: |gamma A^T (A x - y) + x - z| <= TOLERANCE (|z| + gamma |A^T (y - A z)|).
const TOLERANCE: f64 = 1e-5;

/// Largest number of basis vectors that are kept, and of values in them (128 MiB).
const DIMENSION: usize = 60;
const KEPT_VALUES: usize = 32 << 20;

/// The residual norm also stops where ten more dimensions change it by less than this part of itself.
const STAGNATION: f64 = 1e-3;

/// Variance that a picture's detail has beyond a crude inverse, for pseudo-inverses by regularisation.
pub(super) const DETAIL: f64 = 0.01;

/// Golub-Kahan bidiagonalisation of A from r = y - A z (Golub and Kahan 1965; Paige and Saunders,
/// LSQR, 1982): A V_k = U_{k+1} B_k with orthonormal columns and lower bidiagonal B_k. Then
///
/// prox = z + V_k s with (I + gamma B^T B) s = gamma |r| alpha_1 e_1, residual | |r| e_1 - B s |,
///
/// and the gradient left is gamma alpha_{k+1} |last residual entry|, so that each step size takes the
/// smallest k that satisfies the stopping rule, and the space grows only when one needs it.
/// V is reorthogonalised against the vectors kept. Residual norms need B alone, which goes on growing
/// where memory for V ends; a step of that size is finished by conjugate gradients from the best
/// one in the space. Both are bounded in number, so that absurdly large gammas end early, as
/// early-stopped, hence slightly more regular, solutions.
pub(super) struct KrylovPath<'a> {
    a: &'a dyn Linear,
    z: &'a HostTensor,
    /// r.
    residual: Vec<f64>,
    /// Bounds on basis vectors kept, on the size of B, and on conjugate gradient iterations.
    dimension: usize,
    limit: usize,
    iterations: usize,
    basis: RefCell<Basis>,
}

/// B's diagonal is `alpha[..k]`, what lies below it `beta[1..=k]`; `beta[0]` = |r|.
struct Basis {
    alpha: Vec<f64>,
    beta: Vec<f64>,
    /// Rows v_1, v_2, ... in single precision.
    kept: Vec<Vec<f32>>,
    /// How many of them to keep.
    dimension: usize,
    /// u and v of the last step.
    u: Vec<f64>,
    v: Vec<f64>,
    /// True when the space holds the solution for every gamma.
    complete: bool,
}

impl<'a> KrylovPath<'a> {
    /// `y` with nothing in its unmeasured entries, `z` and `y` of fitting shapes.
    pub(super) fn new(a: &'a dyn Linear, z: &'a HostTensor, y: &HostTensor) -> Result<Self> {
        let n = z.len().max(1);
        let mut residual = to_f64(y);
        add(&mut residual, -1.0, &a.apply(&to_f64(z))?);
        let size = norm(&residual);
        let scale = 1.0 / size.max(f64::MIN_POSITIVE);
        let dimension = (KEPT_VALUES / n).clamp(8, DIMENSION);
        let mut basis = Basis {
            alpha: Vec::new(),
            beta: vec![size],
            kept: Vec::new(),
            dimension,
            u: residual.iter().map(|r| r * scale).collect(),
            v: Vec::new(),
            complete: size == 0.0,
        };
        let w = a.apply_transpose(&basis.u)?;
        basis.push(w);
        Ok(Self {
            a,
            z,
            residual,
            dimension,
            limit: (6_000_000 / n).clamp(dimension, 4000),
            iterations: (50_000_000 / n).clamp(200, 2000),
            basis: RefCell::new(basis),
        })
    }

    /// The coefficients s of the step for `gamma` and the residual norm it leaves, in up to `limit`
    /// dimensions or until `stop(k, left)`, and whether the stopping rule is satisfied.
    fn step(
        &self,
        gamma: f64,
        limit: usize,
        mut stop: impl FnMut(usize, f64) -> bool,
    ) -> Result<(Vec<f64>, f64, bool)> {
        let mut basis = self.basis.borrow_mut();
        let scale = self.scale(&basis, gamma);
        let mut k = 0;
        loop {
            let (s, left, last) = basis.solve(k, gamma);
            let next = basis.alpha.get(k).copied().unwrap_or(0.0);
            if gamma * next * last.abs() <= TOLERANCE * scale {
                return Ok((s, left, true));
            }
            if k == limit || stop(k, left) {
                return Ok((s, left, false));
            }
            if k + 1 == basis.beta.len() {
                basis.grow(self.a)?;
            }
            k += 1;
        }
    }

    fn scale(&self, basis: &Basis, gamma: f64) -> f64 {
        self.z.norm() + gamma * basis.beta[0] * basis.alpha.first().unwrap_or(&0.0)
    }
}

impl Basis {
    /// Makes B one larger.
    fn grow(&mut self, a: &dyn Linear) -> Result<()> {
        let mut u = a.apply(&self.v)?;
        if let Some(alpha) = self.alpha.last() {
            add(&mut u, -alpha, &self.u);
        }
        let beta = norm(&u);
        self.beta.push(beta);
        u.iter_mut().for_each(|u| *u /= beta.max(f64::MIN_POSITIVE));
        self.u = u;
        let mut w = a.apply_transpose(&self.u)?;
        add(&mut w, -beta, &self.v);
        self.push(w);
        Ok(())
    }

    /// Orthogonalises `w` against the basis and appends it.
    fn push(&mut self, mut w: Vec<f64>) {
        for v in &self.kept {
            let along: f64 = v.iter().zip(&w).map(|(v, w)| f64::from(*v) * w).sum();
            (w.iter_mut().zip(v)).for_each(|(w, v)| *w -= along * f64::from(*v));
        }
        let alpha = norm(&w);
        let largest = self.alpha.iter().fold(f64::MIN_POSITIVE, |m, a| a.max(m));
        // What is left is rounding, now or before: the space is invariant.
        self.complete |= alpha <= 1e-12 * largest;
        if self.complete {
            return;
        }
        w.iter_mut().for_each(|w| *w /= alpha);
        if self.kept.len() < self.dimension {
            let single: Vec<f32> = w.iter().map(|w| *w as f32).collect();
            w = single.iter().map(|w| f64::from(*w)).collect();
            self.kept.push(single);
        }
        self.v = w;
        self.alpha.push(alpha);
    }

    /// s in `k` dimensions, the residual norm and its last entry.
    fn solve(&self, k: usize, gamma: f64) -> (Vec<f64>, f64, f64) {
        let (a, b) = (&self.alpha, &self.beta);
        // I + gamma B^T B is tridiagonal: elimination without pivoting, since it is positive definite.
        let below = |j: usize| gamma * a[j + 1] * b[j + 1];
        let (mut diagonal, mut s) = (vec![0.0; k], vec![0.0; k]);
        for j in 0..k {
            diagonal[j] = 1.0 + gamma * (a[j] * a[j] + b[j + 1] * b[j + 1]);
            if j == 0 {
                s[0] = gamma * b[0] * a[0];
            } else {
                let ratio = below(j - 1) / diagonal[j - 1];
                diagonal[j] -= ratio * below(j - 1);
                s[j] = -ratio * s[j - 1];
            }
        }
        for j in (0..k).rev() {
            let right = if j + 1 < k { below(j) * s[j + 1] } else { 0.0 };
            s[j] = (s[j] - right) / diagonal[j];
        }
        let mut rho = vec![0.0; k + 1];
        rho[0] = b[0];
        for j in 0..k {
            rho[j] -= a[j] * s[j];
            rho[j + 1] -= b[j + 1] * s[j];
        }
        (s, norm(&rho), rho[k])
    }

    /// V s.
    fn combine(&self, s: &[f64], n: usize) -> Vec<f64> {
        let mut out = vec![0.0; n];
        for (s, v) in s.iter().zip(&self.kept) {
            (out.iter_mut().zip(v)).for_each(|(o, v)| *o += s * f64::from(*v));
        }
        out
    }
}

impl ProxPath for KrylovPath<'_> {
    fn prox(&self, gamma: f64) -> Result<HostTensor> {
        check_gamma(gamma)?;
        let (s, _, done) = self.step(gamma, self.dimension, |_, _| false)?;
        let mut step = self.basis.borrow().combine(&s, self.z.len());
        if !done {
            let mut b = self.a.apply_transpose(&self.residual)?;
            b.iter_mut().for_each(|b| *b *= gamma);
            let tolerance = TOLERANCE * self.scale(&self.basis.borrow(), gamma);
            (step, _) = cg::solve(self.a, gamma, &b, step, tolerance, self.iterations)?;
        }
        let mut x = self.z.clone();
        (x.data_mut().iter_mut().zip(step)).for_each(|(x, s)| *x = (f64::from(*x) + s) as f32);
        Ok(x)
    }

    /// What the best step in the space leaves. Where gamma is so large that the stopping rule is not
    /// met before the space ends or further dimensions hardly matter, this is above the exact value.
    fn residual_norm(&self, gamma: f64) -> Result<f64> {
        check_gamma(gamma)?;
        let mut before = f64::INFINITY;
        let stagnates = |k: usize, left: f64| {
            if !k.is_multiple_of(10) {
                return false;
            }
            let still = k >= 30 && left > before * (1.0 - STAGNATION);
            before = left;
            still
        };
        Ok(self.step(gamma, self.limit, stagnates)?.1)
    }
}
