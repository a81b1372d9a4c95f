//! Samples of one picture, their running moments and their quantiles.

use crate::{Error, HostTensor, Result};

/// Posterior samples of one picture, in the order in which they were pushed.
///
/// Mean and deviation are updated as samples come (Welford 1962), in f64; the samples are kept for
/// quantiles and components: 4 K C H W bytes.
#[derive(Debug, Clone)]
pub struct Samples {
    shape: [usize; 3],
    mean: Vec<f64>,
    /// Sums of squared deviations from the mean.
    squares: Vec<f64>,
    samples: Vec<Vec<f32>>,
}

impl Samples {
    /// No samples yet, of pictures `[C, H, W]`. Fails with [`Error::Shape`] when a side is zero.
    pub fn new(shape: [usize; 3]) -> Result<Self> {
        let n: usize = shape.iter().product();
        if n == 0 {
            return Err(Error::shape(format!(
                "samples of shape {shape:?} are empty"
            )));
        }
        Ok(Self {
            shape,
            mean: vec![0.0; n],
            squares: vec![0.0; n],
            samples: Vec::new(),
        })
    }

    /// Adds a sample, `[C, H, W]` or `[1, C, H, W]`.
    /// Fails with [`Error::Shape`] on another shape, with [`Error::BadOutput`] when it is not finite.
    pub fn push(&mut self, sample: &HostTensor) -> Result<()> {
        self.check("sample", sample)?;
        if !sample.is_finite() {
            return Err(Error::BadOutput(format!(
                "sample {} has values that are not finite",
                self.samples.len() + 1
            )));
        }
        self.samples.push(sample.data().to_vec());
        let k = self.samples.len() as f64;
        for ((v, mean), squares) in (sample.data().iter())
            .zip(&mut self.mean)
            .zip(&mut self.squares)
        {
            let v = f64::from(*v);
            let before = v - *mean;
            *mean += before / k;
            *squares += before * (v - *mean);
        }
        Ok(())
    }

    /// How many samples there are, K.
    pub fn len(&self) -> usize {
        self.samples.len()
    }

    /// True before the first sample.
    pub fn is_empty(&self) -> bool {
        self.samples.is_empty()
    }

    /// `[C, H, W]` of every sample.
    pub fn shape(&self) -> [usize; 3] {
        self.shape
    }

    /// Sample `k`, `[C, H, W]`, if there is one.
    pub fn sample(&self, k: usize) -> Option<HostTensor> {
        HostTensor::new(self.shape, self.samples.get(k)?.clone()).ok()
    }

    /// What all samples have at one place, in their order; for a probe under the pointer.
    /// Fails with [`Error::Invalid`] outside of the picture.
    pub fn values_at(&self, channel: usize, row: usize, column: usize) -> Result<Vec<f32>> {
        let [c, h, w] = self.shape;
        if channel >= c || row >= h || column >= w {
            return Err(Error::invalid(format!(
                "channel {channel}, row {row}, column {column} lies outside of {:?}",
                self.shape
            )));
        }
        let i = (channel * h + row) * w + column;
        Ok(self.samples.iter().map(|s| s[i]).collect())
    }

    /// The mean, `[C, H, W]`: the estimate of least squared error. Needs one sample.
    pub fn mean(&self) -> Result<HostTensor> {
        self.need(1)?;
        self.picture(self.mean.iter().map(|v| *v as f32))
    }

    /// The standard deviation of each value (divisor K - 1), `[C, H, W]`. Needs two samples.
    pub fn deviation(&self) -> Result<HostTensor> {
        self.picture(self.variances()?.into_iter().map(|v| v.sqrt() as f32))
    }

    /// The root mean square of the deviation over channels, `[1, H, W]`: the map to look at.
    /// Needs two samples.
    pub fn deviation_map(&self) -> Result<HostTensor> {
        let [c, h, w] = self.shape;
        let variances = self.variances()?;
        let at = |i: usize| {
            let sum: f64 = (0..c).map(|k| variances[k * h * w + i]).sum();
            (sum / c as f64).sqrt() as f32
        };
        HostTensor::new([1, h, w], (0..h * w).map(at).collect())
    }

    /// The quantile of probability `p` in [0, 1] of each value, `[C, H, W]`, by linear interpolation at
    /// rank p (K + 1), clamped to 1..K (type 6 of Hyndman and Fan 1996, due to Weibull): a truth drawn
    /// from the same law as the samples lies below the j-th smallest with probability j / (K + 1), so
    /// these quantiles are unbiased where they are not clamped.
    ///
    /// Fails with [`Error::Invalid`] on p outside of [0, 1] or without samples.
    pub fn quantile(&self, p: f64) -> Result<HostTensor> {
        self.quantiles(&[p])?
            .pop()
            .ok_or_else(|| Error::invalid("no quantile was asked for"))
    }

    /// The central credible interval of probability `level` in (0, 1): the quantiles at (1 - level) / 2
    /// and (1 + level) / 2. K samples cannot tell intervals wider than [`Samples::widest_level`]
    /// apart. Fails as [`Samples::quantile`] does.
    pub fn interval(&self, level: f64) -> Result<(HostTensor, HostTensor)> {
        if !(level > 0.0 && level < 1.0) {
            return Err(Error::invalid(format!(
                "the credible level is {level}; it must lie between 0 and 1"
            )));
        }
        let low = self.quantile((1.0 - level) / 2.0)?;
        Ok((low, self.quantile((1.0 + level) / 2.0)?))
    }

    /// (K - 1) / (K + 1): how often the range of K samples covers a truth of their own law.
    pub fn widest_level(&self) -> f64 {
        let k = self.len() as f64;
        ((k - 1.0) / (k + 1.0)).max(0.0)
    }

    /// One picture per probability; every value's samples are sorted once.
    pub(super) fn quantiles(&self, probabilities: &[f64]) -> Result<Vec<HostTensor>> {
        self.need(1)?;
        if let Some(p) = probabilities.iter().find(|p| !(0.0..=1.0).contains(*p)) {
            return Err(Error::invalid(format!(
                "the probability of a quantile is {p}; it must be 0 to 1"
            )));
        }
        let k = self.len();
        let mut out = vec![HostTensor::zeros(self.shape); probabilities.len()];
        let mut values = vec![0.0f32; k];
        for i in 0..self.mean.len() {
            for (v, s) in values.iter_mut().zip(&self.samples) {
                *v = s[i];
            }
            values.sort_unstable_by(f32::total_cmp);
            for (out, p) in out.iter_mut().zip(probabilities) {
                let rank = (p * (k + 1) as f64).clamp(1.0, k as f64);
                let below = rank as usize;
                let (low, high) = (values[below - 1], values[below.min(k - 1)]);
                out.data_mut()[i] = low + (rank - below as f64) as f32 * (high - low);
            }
        }
        Ok(out)
    }

    pub(super) fn variances(&self) -> Result<Vec<f64>> {
        self.need(2)?;
        let divisor = (self.len() - 1) as f64;
        Ok(self.squares.iter().map(|s| s / divisor).collect())
    }

    pub(super) fn means(&self) -> &[f64] {
        &self.mean
    }

    pub(super) fn all(&self) -> &[Vec<f32>] {
        &self.samples
    }

    pub(super) fn picture(&self, values: impl Iterator<Item = f32>) -> Result<HostTensor> {
        HostTensor::new(self.shape, values.collect())
    }

    pub(super) fn need(&self, k: usize) -> Result<()> {
        if self.len() >= k {
            return Ok(());
        }
        Err(Error::invalid(format!(
            "this needs {k} samples or more, and there are {}",
            self.len()
        )))
    }

    /// Fails unless `x` is `[C, H, W]` or `[1, C, H, W]` of these samples.
    pub(super) fn check(&self, what: &str, x: &HostTensor) -> Result<()> {
        let [c, h, w] = self.shape;
        if x.shape() == [1, c, h, w] {
            return Ok(());
        }
        x.expect_shape(what, &self.shape)
    }
}
