//! Whether an operator, or its Gram matrix, is diagonal.

use crate::physics::Operator;
use crate::solver::{NoiseSource, NoiseStream, SeededNoise};
use crate::{HostTensor, Result};

/// What is known of A beside its interface; holds one measurement's worth of numbers.
pub(super) enum Structure {
    /// A = diag(a).
    Diagonal { a: Vec<f64>, gram: Vec<f64> },
    /// A A^T = diag(d).
    DiagonalGram(Vec<f64>),
    /// Anything else.
    General,
}

impl Structure {
    /// The diagonal of A A^T, where it is one.
    pub(super) fn gram(&self) -> Option<&[f64]> {
        match self {
            Self::Diagonal { gram, .. } | Self::DiagonalGram(gram) => Some(gram),
            Self::General => None,
        }
    }
}

/// Finds out with random numbers whether A or A A^T is diagonal: A v = (A 1) v, entry by entry, holds for
/// a normal v with probability zero otherwise.
pub(super) fn probe(operator: &dyn Operator) -> Result<Structure> {
    let [c, h, w] = operator.picture_shape();
    let shape = operator.measurement_shape([1, c, h, w])?;
    let v = SeededNoise::new(0, NoiseStream::Solver).normal(&shape)?;
    let ones = HostTensor::full(shape, 1.0);
    let diagonal = |f: &dyn Fn(&HostTensor) -> Result<HostTensor>| -> Result<Option<Vec<f64>>> {
        let (d, fv) = (f(&ones)?, f(&v)?);
        let expected = d.clone().zip(&v, |d, v| d * v)?;
        let error = fv.clone().zip(&expected, |a, b| a - b)?.norm();
        let same = error <= 1e-5 * fv.norm();
        Ok(same.then(|| d.data().iter().map(|d| f64::from(*d)).collect()))
    };
    let Some(gram) = diagonal(&|v| operator.forward(&operator.adjoint(v)?))? else {
        return Ok(Structure::General);
    };
    if shape == [1, c, h, w]
        && let Some(a) = diagonal(&|v| operator.forward(v))?
    {
        return Ok(Structure::Diagonal { a, gram });
    }
    Ok(Structure::DiagonalGram(gram))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::physics::{Extras, build};

    #[test]
    fn structures_are_recognised() {
        for (task, expected) in [
            ("denoising", 2),
            ("inpainting:random=0.3", 2),
            ("colorization", 1),
            ("super-resolution:factor=4,kernel=area", 1),
            ("super-resolution:factor=4", 0),
            ("gaussian-blur:sigma=0.6", 0),
        ] {
            let op = build(&task.parse().unwrap(), [3, 16, 16], &Extras::default()).unwrap();
            let found = match probe(op.as_ref()).unwrap() {
                Structure::Diagonal { a, gram } => {
                    assert!(a.iter().zip(&gram).all(|(a, g)| (a * a - g).abs() < 1e-6));
                    2
                }
                Structure::DiagonalGram(_) => 1,
                Structure::General => 0,
            };
            assert_eq!(found, expected, "{task}");
        }
    }
}
