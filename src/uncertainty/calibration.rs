//! Nominal against empirical coverage, when the truth is known.

use super::Samples;
use crate::{HostTensor, Result};

/// One line of a reliability table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibrationRow {
    /// Nominal level of the central credible interval.
    pub nominal: f64,
    /// What K samples of the truth's own law would cover: the nominal level, or (K - 1) / (K + 1) when
    /// that is less.
    pub attainable: f64,
    /// Share of the values whose truth lies inside. Below `attainable`: the samples are under-dispersed
    /// or biased.
    pub empirical: f64,
}

/// How samples relate to a known truth.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// Coverage at each level asked for.
    pub rows: Vec<CalibrationRow>,
    /// Root mean square of z = (truth - mean) / (s sqrt(1 + 1 / K)) with s the samples' deviation, divided by
    /// what normal samples of the truth's own law give, sqrt((K - 1) / (K - 3)): the root mean square of
    /// Student's t. 1 when calibrated, above when under-dispersed. None for K below 4. Values at which all
    /// samples agree are left out.
    pub z_deviation: Option<f64>,
    /// Mean of z: bias in units of the deviation.
    pub z_mean: f64,
    /// Root mean squared error of the mean over root mean square of s sqrt(1 + 1 / K) (Fortin et al. 2014). 1 when
    /// calibrated; robust against places of little spread, unlike z.
    pub error_to_spread: f64,
    /// Share of values at which all samples agree exactly.
    pub without_spread: f64,
}

impl Samples {
    /// Compares the samples with `truth` `[C, H, W]` at the given nominal levels, each in (0, 1).
    /// Values of one picture are correlated: one picture's table scatters more than its number of
    /// values suggests. Needs two samples.
    ///
    /// Fails with [`crate::Error::Shape`] on another shape, [`crate::Error::Invalid`] on another level.
    pub fn calibration(&self, truth: &HostTensor, levels: &[f64]) -> Result<Calibration> {
        self.check("the truth", truth)?;
        let variances = self.variances()?;
        let n = variances.len() as f64;
        let rows = levels
            .iter()
            .map(|level| {
                let (low, high) = self.interval(*level)?;
                let inside = (truth.data().iter().zip(low.data()).zip(high.data()))
                    .filter(|((t, low), high)| *low <= *t && *t <= *high)
                    .count();
                Ok(CalibrationRow {
                    nominal: *level,
                    attainable: level.min(self.widest_level()),
                    empirical: inside as f64 / n,
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let k = self.len() as f64;
        // The mean of K samples is itself uncertain.
        let inflation = 1.0 + 1.0 / k;
        let (mut z_sum, mut z_squares, mut spread, mut errors, mut count) =
            (0.0, 0.0, 0.0, 0.0, 0usize);
        for ((t, mean), variance) in truth.data().iter().zip(self.means()).zip(&variances) {
            let error = f64::from(*t) - mean;
            errors += error * error;
            spread += inflation * variance;
            if *variance > 0.0 {
                let z = error / (inflation * variance).sqrt();
                z_sum += z;
                z_squares += z * z;
                count += 1;
            }
        }
        let with_spread = count.max(1) as f64;
        Ok(Calibration {
            rows,
            z_deviation: (k > 3.0 && count > 0)
                .then(|| (z_squares / with_spread * (k - 3.0) / (k - 1.0)).sqrt()),
            z_mean: z_sum / with_spread,
            error_to_spread: (errors / spread.max(f64::MIN_POSITIVE)).sqrt(),
            without_spread: 1.0 - count as f64 / n,
        })
    }
}
