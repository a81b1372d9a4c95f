//! Which solver, with which settings, and what it reports.

use std::{fmt, str::FromStr};

use crate::physics::Operator;
use crate::{Error, HostTensor, Result};

/// A reference solver. [`fmt::Display`] prints what [`FromStr`] reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Baseline {
    /// The operator's own regularised inverse.
    PseudoInverse,
    /// min 1/2 |A x - y|^2 + weight / 2 |grad x|^2.
    Tikhonov,
    /// min 1/2 |A x - y|^2 + weight TV(x), TV coupling the channels (Bresson and Chan 2008).
    TotalVariation,
}

impl Baseline {
    /// All of them, the cheapest first.
    pub const ALL: [Self; 3] = [Self::PseudoInverse, Self::Tikhonov, Self::TotalVariation];

    /// Its name: `pseudo-inverse`, `tikhonov` or `tv`.
    pub fn name(self) -> &'static str {
        match self {
            Self::PseudoInverse => "pseudo-inverse",
            Self::Tikhonov => "tikhonov",
            Self::TotalVariation => "tv",
        }
    }
}

impl fmt::Display for Baseline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Baseline {
    type Err = Error;

    /// Fails with [`Error::Invalid`] on an unknown name, listing what is valid.
    fn from_str(text: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|b| b.name() == text.trim());
        found.ok_or_else(|| {
            Error::invalid(format!(
                "the solver {text:?} is not known; choose from: {}",
                Self::ALL.map(Self::name).join(", ")
            ))
        })
    }
}

/// How the balance between data and regularisation is found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Weight {
    /// Morozov's discrepancy principle, |A x - y|^2 = rho m sigma_n^2 with m measured entries: the
    /// smoothest x that explains y as well as the truth would. Where an operator can hardly follow white
    /// noise (a wide blur), the bound is raised to what it cannot follow, with three standard
    /// deviations to spare, as x would explode otherwise.
    Discrepancy {
        /// Positive. 1 is the principle; less trusts the data more. The principle is known to smooth a
        /// little too much, hence the default of 0.97.
        rho: f64,
    },
    /// This weight, positive.
    Fixed(f64),
}

/// Settings of [`super::solve`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BaselineOptions {
    /// The regularisation.
    pub weight: Weight,
    /// At most so many iterations (for Tikhonov, at each of the weights tried), 1 or more.
    pub iterations: usize,
    /// The iteration ends when its residuals are this small relative to what they are made of.
    pub tolerance: f64,
}

impl Default for BaselineOptions {
    fn default() -> Self {
        Self {
            weight: Weight::Discrepancy { rho: 0.97 },
            iterations: 400,
            tolerance: 5e-3,
        }
    }
}

impl BaselineOptions {
    /// Fails with [`Error::Invalid`] on a number out of range.
    pub fn check(&self) -> Result<()> {
        let (what, value) = match self.weight {
            Weight::Discrepancy { rho } => ("the discrepancy factor rho", rho),
            Weight::Fixed(weight) => ("the regularisation weight", weight),
        };
        for (what, value) in [(what, value), ("the tolerance", self.tolerance)] {
            if !(value > 0.0 && value.is_finite()) {
                return Err(Error::invalid(format!(
                    "{what} is {value}; it must be positive"
                )));
            }
        }
        if self.iterations == 0 {
            return Err(Error::invalid("the number of iterations is 0"));
        }
        Ok(())
    }
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BaselineProgress {
    /// Iterations done on the present picture.
    pub iteration: usize,
    /// The most that may be needed.
    pub iterations: usize,
    /// The stopping criterion's present value; the run ends at [`BaselineOptions::tolerance`].
    pub change: f64,
}

/// One picture's problem, checked.
pub(super) struct Problem<'a> {
    pub operator: &'a dyn Operator,
    /// Square roots of the weights of the measurement's entries, shaped as `y`; none when they are 1.
    pub roots: Option<HostTensor>,
    /// `[1, C', H', W']`, holes zeroed, times `roots`.
    pub y: HostTensor,
    /// `[1, C, H, W]`.
    pub start: HostTensor,
    /// The |A x - y| that the discrepancy principle asks for.
    pub delta: f64,
}

impl Problem<'_> {
    /// W^(1/2) A x.
    pub fn forward(&self, x: &HostTensor) -> Result<HostTensor> {
        let ax = self.operator.forward(x)?;
        match &self.roots {
            Some(roots) => ax.zip(roots, |a, r| a * r),
            None => Ok(ax),
        }
    }

    /// A^T W^(1/2) v.
    pub fn adjoint(&self, v: &HostTensor) -> Result<HostTensor> {
        match &self.roots {
            Some(roots) => self.operator.adjoint(&v.clone().zip(roots, |v, r| v * r)?),
            None => self.operator.adjoint(v),
        }
    }

    /// |W^(1/2) A x - y|.
    pub fn residual_norm(&self, x: &HostTensor) -> Result<f64> {
        Ok(self.forward(x)?.zip(&self.y, |a, y| a - y)?.norm())
    }
}
