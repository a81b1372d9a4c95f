//! The proximal steps of any linear operator, all step sizes from one Krylov space.

use std::cell::RefCell;

use super::cg::{self, Linear, add, norm, to_f64};
use super::operator::{ProxPath, check_gamma};
use crate::{HostTensor, Result};

/// Stopping rule: |gamma A^T (A x - y) + x - z| <= TOLERANCE (|z| + gamma |A^T (y - A z)|).
const TOLERANCE: f64 = 1e-6;

/// Largest dimension of the Krylov space, and bytes that its basis may take.
const DIMENSION: usize = 60;
const MEMORY: usize = 256 << 20;

/// Conjugate gradient iterations beyond the Krylov space, for the largest step sizes.
const ITERATIONS: usize = 400;

/// Golub-Kahan bidiagonalisation of A from r = y - A z (Golub and Kahan 1965; Paige and Saunders,
/// LSQR, 1982): A V_k = U_{k+1} B_k with orthonormal columns and lower bidiagonal B_k. Then
///
/// prox = z + V_k s with (I + gamma B^T B) s = gamma |r| alpha_1 e_1, residual | |r| e_1 - B s |,
///
/// and the gradient left is gamma alpha_{k+1} |last residual entry|, so that each step size takes the
/// smallest k that satisfies the stopping rule, and the space grows only when one needs it.
/// V is reorthogonalised in full. Step sizes that `DIMENSION` does not serve go on with conjugate
/// gradients from there.
pub(super) struct KrylovPath<'a> {
    a: &'a dyn Linear,
    z: &'a HostTensor,
    /// r.
    residual: Vec<f64>,
    dimension: usize,
    basis: RefCell<Basis>,
}

/// B's diagonal is `alpha[..k]`, what lies below it `beta[1..=k]`; `beta[0]` = |r|.
struct Basis {
    alpha: Vec<f64>,
    beta: Vec<f64>,
    /// Rows v_1, v_2, ... in single precision, as many as `alpha`.
    v: Vec<Vec<f32>>,
    /// u of the last step.
    u: Vec<f64>,
    /// True when the space holds the solution for every gamma.
    complete: bool,
    /// The last step size that needed more than the space: gamma, prox - z, residual norm.
    beyond: Option<(f64, Vec<f64>, f64)>,
}

impl<'a> KrylovPath<'a> {
    /// `y` with nothing in its unmeasured entries, `z` and `y` of fitting shapes.
    pub(super) fn new(a: &'a dyn Linear, z: &'a HostTensor, y: &HostTensor) -> Result<Self> {
        let mut residual = to_f64(y);
        add(&mut residual, -1.0, &a.apply(&to_f64(z))?);
        let size = norm(&residual);
        let mut basis = Basis {
            alpha: Vec::new(),
            beta: vec![size],
            v: Vec::new(),
            u: residual.iter().map(|r| r / size.max(f64::MIN_POSITIVE)).collect(),
            complete: false,
            beyond: None,
        };
        let w = a.apply_transpose(&basis.u)?;
        basis.push(w, size);
        Ok(Self {
            a,
            z,
            residual,
            dimension: (MEMORY / (4 * z.len().max(1))).clamp(8, DIMENSION),
            basis: RefCell::new(basis),
        })
    }

    /// Makes the basis one larger.
    fn grow(&self, basis: &mut Basis) -> Result<()> {
        let k = basis.alpha.len() - 1;
        let v: Vec<f64> = basis.v[k].iter().map(|v| f64::from(*v)).collect();
        let mut u = self.a.apply(&v)?;
        add(&mut u, -basis.alpha[k], &basis.u);
        let beta = norm(&u);
        basis.beta.push(beta);
        u.iter_mut().for_each(|u| *u /= beta.max(f64::MIN_POSITIVE));
        basis.u = u;
        let mut w = self.a.apply_transpose(&basis.u)?;
        add(&mut w, -beta, &v);
        basis.push(w, beta);
        Ok(())
    }

    /// The coefficients s of the step for `gamma` and the residual norm it leaves; None when the
    /// space cannot hold it.
    fn step(&self, gamma: f64) -> Result<Option<(Vec<f64>, f64)>> {
        let mut basis = self.basis.borrow_mut();
        let scale = self.scale(&basis, gamma);
        for k in 0..=self.dimension {
            if k == basis.beta.len() && !basis.complete {
                self.grow(&mut basis)?;
            }
            let k = k.min(basis.beta.len() - 1);
            let (s, left, last) = basis.solve(k, gamma);
            let next = basis.alpha.get(k).copied().unwrap_or(0.0);
            if basis.complete && k + 1 == basis.beta.len()
                || gamma * next * last.abs() <= TOLERANCE * scale
            {
                return Ok(Some((s, left)));
            }
        }
        Ok(None)
    }

    fn scale(&self, basis: &Basis, gamma: f64) -> f64 {
        self.z.norm() + gamma * basis.beta[0] * basis.alpha.first().unwrap_or(&0.0)
    }

    /// prox - z and the residual norm, by conjugate gradients from the Krylov space's best.
    fn beyond(&self, gamma: f64) -> Result<(Vec<f64>, f64)> {
        let mut basis = self.basis.borrow_mut();
        if let Some((g, step, left)) = &basis.beyond
            && *g == gamma
        {
            return Ok((step.clone(), *left));
        }
        let (s, ..) = basis.solve(self.dimension, gamma);
        let start = basis.combine(&s, self.z.len());
        let mut b = self.a.apply_transpose(&self.residual)?;
        b.iter_mut().for_each(|b| *b *= gamma);
        let tolerance = TOLERANCE * self.scale(&basis, gamma);
        let (step, _) = cg::solve(self.a, gamma, &b, start, tolerance, ITERATIONS)?;
        let mut left = self.residual.clone();
        add(&mut left, -1.0, &self.a.apply(&step)?);
        let left = norm(&left);
        basis.beyond = Some((gamma, step.clone(), left));
        Ok((step, left))
    }
}

impl Basis {
    /// Orthogonalises `w` and appends it. `reference` is what rounding is measured against.
    fn push(&mut self, mut w: Vec<f64>, reference: f64) {
        let before = norm(&w);
        for v in &self.v {
            let along: f64 = v.iter().zip(&w).map(|(v, w)| f64::from(*v) * w).sum();
            (w.iter_mut().zip(v)).for_each(|(w, v)| *w -= along * f64::from(*v));
        }
        let alpha = norm(&w);
        // What is left is rounding: the space is invariant.
        if reference <= f64::MIN_POSITIVE || before == 0.0 || alpha <= 1e-12 * self.largest() {
            self.complete = true;
            return;
        }
        self.v.push(w.iter().map(|w| (w / alpha) as f32).collect());
        self.alpha.push(alpha);
    }

    fn largest(&self) -> f64 {
        self.alpha.iter().fold(0.0, |m, a| a.max(m))
    }

    /// s in `k` dimensions, the residual norm and its last entry.
    fn solve(&self, k: usize, gamma: f64) -> (Vec<f64>, f64, f64) {
        let (a, b) = (&self.alpha, &self.beta);
        // T = I + gamma B^T B is tridiagonal: elimination without pivoting, T being positive definite.
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
        for (s, v) in s.iter().zip(&self.v) {
            (out.iter_mut().zip(v)).for_each(|(o, v)| *o += s * f64::from(*v));
        }
        out
    }
}

impl ProxPath for KrylovPath<'_> {
    fn prox(&self, gamma: f64) -> Result<HostTensor> {
        check_gamma(gamma)?;
        let step = match self.step(gamma)? {
            Some((s, _)) => self.basis.borrow().combine(&s, self.z.len()),
            None => self.beyond(gamma)?.0,
        };
        let mut x = self.z.clone();
        (x.data_mut().iter_mut().zip(step)).for_each(|(x, s)| *x = (f64::from(*x) + s) as f32);
        Ok(x)
    }

    fn residual_norm(&self, gamma: f64) -> Result<f64> {
        check_gamma(gamma)?;
        match self.step(gamma)? {
            Some((_, left)) => Ok(left),
            None => Ok(self.beyond(gamma)?.1),
        }
    }
}
