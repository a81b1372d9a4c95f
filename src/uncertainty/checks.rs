//! Data consistency, spread across scales, and what the prompt decided.

use super::Samples;
use crate::solver::Likelihood;
use crate::{Error, HostTensor, Result};

/// |A x - y|^2 / (m sigma_n^2) for `x` `[1, C, H, W]`, m measured entries and sigma_n = 2 `sigma`: chi-square
/// per degree of freedom. About 1 +- sqrt(2 / m) when x explains the data as the truth would; far below,
/// x has fitted the noise; far above, x contradicts the data.
///
/// Fails with [`Error::Invalid`] without noise or without measured entries.
pub fn data_consistency(
    likelihood: &dyn Likelihood,
    x: &HostTensor,
    y: &HostTensor,
    sigma: f64,
) -> Result<f64> {
    let expected = likelihood.measured_entries(y) as f64 * (2.0 * sigma).powi(2);
    if !(expected > 0.0 && expected.is_finite()) {
        return Err(Error::invalid(
            "data consistency is relative to the noise, and there is none",
        ));
    }
    Ok(likelihood.residual_norm(x, y)?.powi(2) / expected)
}

/// How much of the difference between samples the prompt explains.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptEffect {
    /// Deviation between the prompts' means, beyond what the samples' own scatter explains, `[C, H, W]`.
    pub between: HostTensor,
    /// Deviation within a prompt, `[C, H, W]`.
    pub within: HostTensor,
    /// Variance between as a share of the whole, over the picture: 0, the prompt changed nothing that
    /// seeds do not; 1, it decided everything.
    pub share: f64,
}

/// Compares samples of one measurement under several prompts, one [`Samples`] each: one-way analysis
/// of variance with random effects at every value. With P prompts of K_p samples, within = the pooled
/// variance, between = max(0, variance of the means - within mean(1 / K_p)); `share` pools both over
/// the picture before the maximum is taken.
///
/// # Errors
/// [`Error::Invalid`] on fewer than two prompts or fewer than two samples of one of them,
/// [`Error::Shape`] when their shapes differ.
pub fn prompt_effect(prompts: &[&Samples]) -> Result<PromptEffect> {
    let [first, others @ ..] = prompts else {
        return Err(Error::invalid("no prompts to compare"));
    };
    if others.is_empty() {
        return Err(Error::invalid("two prompts or more are needed to compare"));
    }
    if let Some(other) = others.iter().find(|o| o.shape() != first.shape()) {
        return Err(Error::shape(format!(
            "samples of one prompt are {:?}, of another {:?}",
            first.shape(),
            other.shape()
        )));
    }
    let variances = prompts
        .iter()
        .map(|p| p.variances())
        .collect::<Result<Vec<_>>>()?;
    let count = prompts.len() as f64;
    let freedom: f64 = prompts.iter().map(|p| (p.len() - 1) as f64).sum();
    let scatter = prompts.iter().map(|p| 1.0 / p.len() as f64).sum::<f64>() / count;
    let n = first.means().len();
    let (mut between, mut within) = (Vec::with_capacity(n), Vec::with_capacity(n));
    for i in 0..n {
        let pooled = (prompts.iter().zip(&variances))
            .map(|(p, v)| (p.len() - 1) as f64 * v[i])
            .sum::<f64>()
            / freedom;
        let mean = prompts.iter().map(|p| p.means()[i]).sum::<f64>() / count;
        let spread = (prompts.iter())
            .map(|p| (p.means()[i] - mean).powi(2))
            .sum::<f64>()
            / (count - 1.0);
        within.push(pooled);
        between.push(spread - pooled * scatter);
    }
    let (b, w): (f64, f64) = (between.iter().sum(), within.iter().sum());
    let b = b.max(0.0);
    let root = |v: Vec<f64>| first.picture(v.into_iter().map(|v| v.max(0.0).sqrt() as f32));
    Ok(PromptEffect {
        between: root(between)?,
        within: root(within)?,
        share: if b + w > 0.0 { b / (b + w) } else { 0.0 },
    })
}

impl Samples {
    /// Root mean square deviation of the samples after averaging blocks of `factor` x `factor` (smaller
    /// at the right and lower border), over the picture: how sure they are of what is that large.
    /// `factor` 1 is the pixels themselves. Needs two samples; fails with [`Error::Invalid`] on factor 0.
    pub fn spread_at_scale(&self, factor: usize) -> Result<f64> {
        self.need(2)?;
        if factor == 0 {
            return Err(Error::invalid("the factor of a scale is 0"));
        }
        let [c, h, w] = self.shape();
        let mut coarse = Self::new([c, h.div_ceil(factor), w.div_ceil(factor)])?;
        for sample in self.all() {
            coarse.push(&block_means(sample, [c, h, w], factor)?)?;
        }
        let variances = coarse.variances()?;
        Ok((variances.iter().sum::<f64>() / variances.len() as f64).sqrt())
    }
}

fn block_means(x: &[f32], [c, h, w]: [usize; 3], factor: usize) -> Result<HostTensor> {
    let (rows, columns) = (h.div_ceil(factor), w.div_ceil(factor));
    let mut sums = vec![(0.0f64, 0u32); c * rows * columns];
    for (i, v) in x.iter().enumerate() {
        let (plane, row, column) = (i / (h * w), i / w % h, i % w);
        let (sum, n) = &mut sums[(plane * rows + row / factor) * columns + column / factor];
        *sum += f64::from(*v);
        *n += 1;
    }
    let means = sums
        .iter()
        .map(|(s, n)| (s / f64::from(*n)) as f32)
        .collect();
    HostTensor::new([c, rows, columns], means)
}
