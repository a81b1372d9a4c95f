//! The directions in which samples differ.

use super::Samples;
use super::jacobi::eigen;
use crate::{HostTensor, Result};

/// Components of less than this share of the variance are rounding.
const LEAST_SHARE: f64 = 1e-10;

/// One principal component of a set of samples.
#[derive(Debug, Clone, PartialEq)]
pub struct Component {
    /// Variance of the samples along `direction` (divisor K - 1).
    pub variance: f64,
    /// Its share of the total variance.
    pub share: f64,
    /// `[C, H, W]` of norm 1, its largest value positive. mean +- sqrt(variance) direction shows what it does.
    pub direction: HostTensor,
}

impl Samples {
    /// The principal components, the largest first, at most `most` and at most K - 1. With samples x_k and
    /// mean m, the Gram matrix G_kl = (x_k - m) . (x_l - m) of side K has the nonzero eigenvalues of the
    /// covariance times K - 1; an eigenvector u gives the direction sum_k u_k (x_k - m), normalised.
    /// Costs K^2 C H W / 2 multiplications. Needs two samples.
    pub fn components(&self, most: usize) -> Result<Vec<Component>> {
        self.need(2)?;
        let (k, mean) = (self.len(), self.means());
        let centred: Vec<Vec<f64>> = (self.all().iter())
            .map(|s| s.iter().zip(mean).map(|(v, m)| f64::from(*v) - m).collect())
            .collect();
        let mut gram = vec![0.0; k * k];
        for i in 0..k {
            for j in 0..=i {
                let dot: f64 = centred[i].iter().zip(&centred[j]).map(|(a, b)| a * b).sum();
                (gram[i * k + j], gram[j * k + i]) = (dot, dot);
            }
        }
        let total: f64 = (0..k).map(|i| gram[i * k + i]).sum();
        eigen(gram, k)
            .into_iter()
            .take(most.min(k - 1))
            .filter(|(value, _)| *value > LEAST_SHARE * total)
            .map(|(value, vector)| {
                let mut direction = vec![0.0; mean.len()];
                for (u, s) in vector.iter().zip(&centred) {
                    direction.iter_mut().zip(s).for_each(|(d, v)| *d += u * v);
                }
                let largest =
                    (direction.iter()).fold(0.0f64, |a, b| if b.abs() > a.abs() { *b } else { a });
                let scale = largest.signum() / value.sqrt();
                Ok(Component {
                    variance: value / (k - 1) as f64,
                    share: value / total,
                    direction: self.picture(direction.iter().map(|d| (d * scale) as f32))?,
                })
            })
            .collect()
    }
}
