//! An operator under a noise model, as the solver sees it.

use super::curve::Curve;
use super::quadratic::{Stop, WeightedProx, diagonal_prox};
use super::structure::{Structure, probe};
use super::weights::{filled, weights};
use super::{NoiseModel, counts};
use crate::physics::Operator;
use crate::solver::{Likelihood, ResidualCurve, TaskKind};
use crate::{Error, HostTensor, Result};

/// Stopping rule of a proximal step.
const STEP: Stop = Stop {
    tolerance: 3e-5,
    iterations: 60,
};

/// The likelihood of a measurement y of A x under a [`NoiseModel`].
///
/// The data term is L(x) = 1/2 sum_i w_i (A x - y)_i^2 with w_i = sigma_n^2 / var_i and
/// sigma_n = 2 [`NoiseModel::effective_sigma`], so that L / sigma_n^2 is the negative logarithm of the
/// likelihood of normal noise with the variances var_i. Those are estimated from y once (not from
/// x), so that L is a fixed convex quadratic. The proximal step argmin gamma L(x) + 1/2 |x - z|^2 is
///
/// | noise | var | step |
/// |---|---|---|
/// | Gaussian | sigma_n^2 | the operator's exact prox |
/// | Poisson, Poisson-Gaussian | 4 (u / peak + sigma^2) | A diagonal: exact, with the (shifted) Poisson likelihood itself; A A^T diagonal: closed form of the quadratic; else preconditioned conjugate gradients |
/// | speckle | (2 sigma u)^2 | quadratic, as above |
/// | salt and pepper | saturated entries: infinite (missing); others: rounding | quadratic, as above |
///
/// Residual norms are sqrt(2 L), *whitened*: at the truth E residual^2 = m sigma_n^2 with m the
/// measured entries, which is what the discrepancy rule asks. Give the solver
/// [`NoisyLikelihood::sigma`] as its noise level.
///
/// Limits: the variances are local means, so they are blurred across edges; where intensities fall
/// below 1 % (speckle 3 %) of white the noise is overrated. Honest black and white of the picture
/// count as salt and pepper too.
pub struct NoisyLikelihood<'a> {
    operator: &'a dyn Operator,
    model: NoiseModel,
    kind: TaskKind,
    structure: Structure,
}

impl<'a> NoisyLikelihood<'a> {
    /// The likelihood under `model` of measurements of `operator`; `kind` is the row of the published
    /// step size table. Probes the operator (two to five applications) unless the noise is Gaussian.
    ///
    /// # Errors
    /// [`Error::Invalid`] when a setting of the model is out of range.
    pub fn new(operator: &'a dyn Operator, model: NoiseModel, kind: TaskKind) -> Result<Self> {
        model.check()?;
        let structure = match model {
            NoiseModel::Gaussian { .. } => Structure::General,
            _ => probe(operator)?,
        };
        Ok(Self {
            operator,
            model,
            kind,
            structure,
        })
    }

    /// The noise level that residuals are whitened to, for intensities in [0, 1]: the `sigma` of
    /// [`crate::solver::Problem`].
    pub fn sigma(&self) -> f64 {
        self.model.effective_sigma()
    }

    /// The weights w_i of the entries of `y`: how far each is trusted, relative to mid-grey; 0 where it is
    /// not looked at.
    pub fn weights(&self, y: &HostTensor) -> Result<HostTensor> {
        weights(&self.model, self.operator, &self.operator.keep_measured(y)?)
    }

    fn is_gaussian(&self) -> bool {
        matches!(self.model, NoiseModel::Gaussian { .. })
    }

    fn whitened_norm(&self, x: &HostTensor, y: &HostTensor, w: &HostTensor) -> Result<f64> {
        let ax = self.operator.forward(x)?;
        y.expect_shape("the measurement", ax.shape())?;
        let sum: f64 = (ax.data().iter().zip(y.data()).zip(w.data()))
            .map(|((a, y), w)| f64::from(*w) * (f64::from(*a) - f64::from(*y)).powi(2))
            .sum();
        Ok(sum.sqrt())
    }

    /// `y` without holes' contents, and its weights; fails unless `z` and `y` belong together.
    fn prepare(
        &self,
        z: &HostTensor,
        y: &HostTensor,
        gamma: f64,
    ) -> Result<(HostTensor, HostTensor)> {
        if !(gamma.is_finite() && gamma >= 0.0) {
            return Err(Error::invalid(format!(
                "the step size gamma is {gamma}; it must be finite and not negative"
            )));
        }
        let expected = self.operator.measurement_shape(z.dims4()?)?;
        y.expect_shape("the measurement", &expected)?;
        let y = self.operator.keep_measured(y)?;
        let w = weights(&self.model, self.operator, &y)?;
        Ok((y, w))
    }

    /// The step where it has a closed form.
    fn closed_form(
        &self,
        z: &HostTensor,
        y: &HostTensor,
        w: &HostTensor,
        gamma: f64,
    ) -> Option<Result<HostTensor>> {
        if let (Structure::Diagonal { a, .. }, Some(law)) =
            (&self.structure, counts::law(&self.model))
        {
            return Some(counts::prox(law, self.sigma(), a, z, y, gamma));
        }
        let gram = self.structure.gram()?;
        Some(diagonal_prox(self.operator, gram, w, z, y, gamma))
    }
}

impl Likelihood for NoisyLikelihood<'_> {
    fn forward(&self, x: &HostTensor) -> Result<HostTensor> {
        self.operator.forward(x)
    }

    fn adjoint(&self, y: &HostTensor) -> Result<HostTensor> {
        self.operator.adjoint(y)
    }

    /// The operator's, of `y` with salt and pepper replaced by the mean of its neighbours.
    fn pseudo_inverse(&self, y: &HostTensor, noise: f32) -> Result<HostTensor> {
        if !matches!(self.model, NoiseModel::SaltPepper { .. }) {
            return self.operator.pseudo_inverse(y, noise);
        }
        let known = (self.operator).keep_measured(&HostTensor::full(y.shape(), 1.0))?;
        let kept = self.operator.keep_measured(y)?;
        let w = weights(&self.model, self.operator, &kept)?;
        (self.operator).pseudo_inverse(&filled(&kept, &w, &known)?, noise)
    }

    fn prox(&self, z: &HostTensor, y: &HostTensor, gamma: f64) -> Result<HostTensor> {
        if self.is_gaussian() {
            return self.operator.prox(z, y, gamma);
        }
        let (y, w) = self.prepare(z, y, gamma)?;
        if let Some(x) = self.closed_form(z, &y, &w, gamma) {
            return x;
        }
        let problem = WeightedProx::new(self.operator, z, y, w);
        let mut at = problem.start()?;
        problem.solve(gamma, &mut at, STEP)?;
        Ok(at.x)
    }

    fn residual_norm_after_prox(&self, z: &HostTensor, y: &HostTensor, gamma: f64) -> Result<f64> {
        if self.is_gaussian() {
            return self.operator.residual_norm_after_prox(z, y, gamma);
        }
        let x = self.prox(z, y, gamma)?;
        self.residual_norm(&x, y)
    }

    fn residual_norm(&self, x: &HostTensor, y: &HostTensor) -> Result<f64> {
        if self.is_gaussian() {
            return self.operator.residual_norm(x, y);
        }
        let y = self.operator.keep_measured(y)?;
        self.whitened_norm(x, &y, &weights(&self.model, self.operator, &y)?)
    }

    fn residual_curve<'b>(
        &'b self,
        z: &'b HostTensor,
        y: &'b HostTensor,
    ) -> Result<ResidualCurve<'b>> {
        if self.is_gaussian() {
            let path = self.operator.prox_path(z, y)?;
            return Ok(Box::new(move |gamma| path.residual_norm(gamma)));
        }
        let (y, w) = self.prepare(z, y, 0.0)?;
        if self.structure.gram().is_some() {
            return Ok(Box::new(move |gamma| {
                let x = (self.closed_form(z, &y, &w, gamma))
                    .unwrap_or_else(|| self.prox(z, &y, gamma))?;
                self.whitened_norm(&x, &y, &w)
            }));
        }
        let curve = Curve::new(self.operator, z, &y, w)?;
        Ok(Box::new(move |gamma| curve.residual_norm(gamma)))
    }

    fn measured_entries(&self, y: &HostTensor) -> usize {
        if matches!(self.model, NoiseModel::SaltPepper { .. })
            && let Ok(w) = self.weights(y)
        {
            return w.data().iter().filter(|w| **w > 0.0).count();
        }
        (y.dims4()).map_or(y.len(), |d| self.operator.measured_entries(d))
    }

    fn task_kind(&self) -> TaskKind {
        self.kind
    }
}
