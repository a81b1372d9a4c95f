//! What the engine has answered: previews, runs and comparisons, with pictures that views share.

use std::sync::Arc;

use latino_web::protocol::{CalibrationReport, Metrics, Rgba, Solver, TokenReading, Uncertainty};

/// A picture that many views share.
pub type Shared = Arc<Rgba>;

/// What the degradation does to the picture, before any restoration.
#[derive(Debug, Clone)]
pub struct Preview {
    /// The picture it was made from, when that is the truth.
    pub truth: Option<Shared>,
    /// The measurement.
    pub measurement: Shared,
    /// The pseudo-inverse.
    pub baseline: Shared,
    /// Its quality.
    pub metrics: Metrics,
}

/// One finished step.
#[derive(Debug, Clone)]
pub struct StepView {
    /// Of which sample, from 0.
    pub sample: usize,
    /// From 1.
    pub step: u32,
    /// The timestep t.
    pub timestep: u32,
    /// What the prior says.
    pub before: Shared,
    /// Made consistent with the measurement.
    pub after: Shared,
    /// Residual before the prox.
    pub residual_before: f64,
    /// Residual after the prox.
    pub residual_after: f64,
    /// PSNR after the prox, of the 8-bit picture, when the truth is known.
    pub psnr: Option<f64>,
    /// Step size.
    pub gamma: f64,
    /// Seconds it took.
    pub seconds: f64,
}

/// The prompt embedding of the last iteration of LATINO-PRO, which a cancelled run leaves behind.
#[derive(Debug, Clone)]
pub struct Found {
    /// The prompt that it started from.
    pub prompt: String,
    /// Its values.
    pub embedding: Arc<Vec<f32>>,
}

/// One finished iteration of LATINO-PRO.
#[derive(Debug, Clone)]
pub struct IterationView {
    /// From 1.
    pub iteration: u32,
    /// Step size.
    pub step: f64,
    /// Distance of every token from its start.
    pub distances: Vec<f64>,
    /// Residual of what the prior said.
    pub residual: f64,
    /// The tokens that have moved, in words.
    pub words: Vec<TokenReading>,
    /// The chain's last picture.
    pub picture: Shared,
    /// Seconds it took.
    pub seconds: f64,
}

impl IterationView {
    /// Mean distance of the tokens from their start.
    pub fn mean_distance(&self) -> f64 {
        let n = self.distances.len().max(1) as f64;
        self.distances.iter().sum::<f64>() / n
    }
}

/// One finished posterior sample.
#[derive(Debug, Clone)]
pub struct SampleView {
    /// The picture.
    pub picture: Shared,
    /// Its quality.
    pub metrics: Metrics,
}

/// What several samples say together; see [`Uncertainty`].
#[derive(Debug, Clone)]
pub struct Spread {
    /// How many.
    pub samples: u32,
    /// Their mean.
    pub mean: Shared,
    /// Its quality.
    pub mean_metrics: Metrics,
    /// Standard deviation of every pixel.
    pub deviation: Vec<f32>,
    /// Low ends of the credible interval, grey.
    pub low: Vec<f32>,
    /// Its high ends.
    pub high: Vec<f32>,
    /// Its nominal level.
    pub level: f64,
    /// How the samples relate to the truth, when it is known.
    pub calibration: Option<CalibrationReport>,
    /// What right samples would cover.
    pub attainable: f64,
    /// Principal components: share of the variance, low and high picture.
    pub components: Vec<(f64, Shared, Shared)>,
}

impl Spread {
    /// Share of true values inside the interval, when the truth is known.
    pub fn coverage(&self) -> Option<f64> {
        let rows = &self.calibration.as_ref()?.rows;
        let own = rows
            .iter()
            .find(|r| (r.nominal - self.level).abs() < 1e-9)?;
        Some(own.empirical)
    }
}

impl From<Uncertainty> for Spread {
    fn from(u: Uncertainty) -> Self {
        let pair =
            |c: latino_web::protocol::Component| (c.share, Arc::new(c.low), Arc::new(c.high));
        Self {
            samples: u.samples,
            mean: Arc::new(u.mean),
            mean_metrics: u.mean_metrics,
            deviation: u.deviation,
            low: u.low,
            high: u.high,
            level: u.level,
            calibration: u.calibration,
            attainable: u.attainable,
            components: u.components.into_iter().map(pair).collect(),
        }
    }
}

/// A finished restoration.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The picture.
    pub picture: Shared,
    /// Its quality.
    pub metrics: Metrics,
    /// Network evaluations.
    pub evaluations: u32,
    /// What several samples say together.
    pub spread: Option<Arc<Spread>>,
    /// Seconds in all.
    pub seconds: f64,
}

/// A restoration, from its start on.
#[derive(Debug, Clone)]
pub struct Run {
    /// Its number.
    pub id: u32,
    /// What restores.
    pub solver: Solver,
    /// The prompt it started with.
    pub prompt: String,
    /// The picture before an edit, if this run is one.
    pub before_edit: Option<Shared>,
    /// LATINO-PRO: what LATINO restores under the first prompt, once it was asked for.
    pub first_prompt: Option<Outcome>,
    /// The undegraded picture, when known.
    pub truth: Option<Shared>,
    /// The noise level, for pictures in [0, 1].
    pub noise: f64,
    /// What the engine said at its start; `None` until then.
    pub preview: Option<Preview>,
    /// When that was, in milliseconds of the page's clock.
    pub begun: f64,
    /// Network evaluations to come.
    pub total: u32,
    /// Evaluations of LATINO-PRO's iterations so far.
    pub chained: u32,
    /// Iterations that LATINO-PRO makes.
    pub rounds: u32,
    /// How many samples are wanted.
    pub wanted: u32,
    /// Finished steps, of all samples.
    pub steps: Vec<StepView>,
    /// Finished iterations.
    pub iterations: Vec<IterationView>,
    /// Finished samples, when several are wanted.
    pub samples: Vec<SampleView>,
    /// The result.
    pub outcome: Option<Outcome>,
    /// Tokens dropped from a prompt that was too long.
    pub dropped: Option<u32>,
}

impl Run {
    /// Network evaluations so far.
    pub fn done(&self) -> u32 {
        (self.chained + self.steps.len() as u32).min(self.total)
    }
}

/// What the result is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    /// The degraded picture.
    Measurement,
    /// The pseudo-inverse.
    Baseline,
    /// The undegraded picture.
    Truth,
    /// What LATINO-PRO's first iteration has found.
    FirstIteration,
    /// What LATINO restores under LATINO-PRO's first prompt.
    FirstPrompt,
    /// The picture before an edit.
    BeforeEdit,
}

/// Which picture stands for the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shown {
    /// The newest one.
    Latest,
    /// That of a step: index among all, and true for the picture before the prox.
    Step(usize, bool),
    /// A posterior sample.
    Sample(usize),
    /// The samples' mean.
    Mean,
    /// A principal component, and true for its high end.
    Component(usize, bool),
    /// An iteration of LATINO-PRO.
    Iteration(usize),
    /// A row of the comparison.
    Row(usize),
    /// Under one of several prompts: a sample, or their mean.
    Prompt(usize, Option<usize>),
}

/// PSNR in dB of one 8-bit picture against another of its size, colours only.
pub fn psnr(a: &Rgba, b: &Rgba) -> Option<f64> {
    if (a.width, a.height) != (b.width, b.height) || a.bytes.len() != b.bytes.len() {
        return None;
    }
    let pixels = || a.bytes.chunks_exact(4).zip(b.bytes.chunks_exact(4));
    let square = |(a, b): (&u8, &u8)| (f64::from(*a) - f64::from(*b)).powi(2);
    let sum: f64 = pixels()
        .map(|(a, b)| a.iter().zip(b).take(3).map(square).sum::<f64>())
        .sum();
    let mean = sum / (3 * pixels().count().max(1)) as f64 / 255.0 / 255.0;
    (mean > 0.0).then(|| -10.0 * mean.log10())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flat(value: u8) -> Rgba {
        Rgba {
            width: 2,
            height: 2,
            bytes: [value, value, value, 255].repeat(4),
        }
    }

    #[test]
    fn psnr_is_that_of_a_constant_error() {
        // 51 of 255 is 0.2: -20 log10(0.2).
        let value = psnr(&flat(100), &flat(151)).expect("same size");
        assert!((value - 13.979_400).abs() < 1e-5, "{value}");
        assert_eq!(psnr(&flat(3), &flat(3)), None, "infinite");
        let small = Rgba {
            width: 1,
            height: 1,
            bytes: vec![0; 4],
        };
        assert_eq!(psnr(&flat(3), &small), None, "another size");
    }
}
