//! What `latino` reports of a job: progress for JSON, maps as pictures.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use anyhow::{Result, bail};
use serde_json::{Value, json};

use crate::HostTensor;
use crate::engine::job::{JobEvent, Spread};
use crate::image::png::write_png;
use crate::protocol::Metrics;
use crate::solver::{Observer, StepReport};
use crate::uncertainty::PromptEffect;

/// Collects the steps for the report and warns of a prompt that was cut.
pub(super) struct Log {
    pub(super) steps: Vec<Value>,
    pub(super) iterations: Vec<Value>,
    /// The steps of the samples that are done, when there are several.
    pub(super) samples: Vec<Vec<Value>>,
    last: Instant,
}

impl Log {
    /// Nothing yet; time counts from `now`.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            steps: Vec::new(),
            iterations: Vec::new(),
            samples: Vec::new(),
            last: now,
        }
    }
}

/// Prints to standard output; a closed pipe is an error, not a crash.
pub(super) fn print(text: &str) -> Result<()> {
    Ok(writeln!(std::io::stdout(), "{text}")?)
}

impl Observer<JobEvent> for Log {
    fn notify(&mut self, event: JobEvent) {
        let seconds = self.last.elapsed().as_secs_f64();
        self.last = Instant::now();
        match event {
            JobEvent::Started { dropped, .. } => {
                if dropped > 0 {
                    eprintln!(
                        "warning: the prompt is too long; its last {dropped} tokens are not used"
                    );
                }
            }
            JobEvent::Iteration {
                iteration: i,
                words,
            } => self.iterations.push(json!({
                "iteration": i.iteration, "step": i.step, "residual": i.residual, "distances": i.distances,
                "words": words, "seconds": seconds,
            })),
            JobEvent::Sample { .. } => {
                self.samples.push(std::mem::take(&mut self.steps));
            }
            JobEvent::Progress { .. } | JobEvent::Prompt { .. } => {}
            JobEvent::Step(StepReport {
                step,
                timestep,
                data,
                ..
            }) => {
                for d in data {
                    self.steps.push(json!({
                        "step": step, "timestep": timestep, "residual_before": d.residual_before,
                        "residual_after": d.residual_after, "gamma": d.gamma, "seconds": seconds,
                    }));
                }
            }
        }
    }

    async fn checkpoint(&mut self) -> crate::Result<()> {
        Ok(())
    }
}

pub(super) fn metrics(m: &Metrics) -> Value {
    json!({ "psnr": m.psnr, "ssim": m.ssim, "residual": m.residual })
}

/// A map `[1, H, W]` in [0, 1] units as a picture, its largest value white.
fn map_picture(map: &HostTensor) -> Result<HostTensor> {
    let largest = map.data().iter().copied().fold(f32::MIN_POSITIVE, f32::max);
    let [1, h, w] = *map.shape() else {
        bail!("the map is {:?}", map.shape());
    };
    let grey = map.clone().map(|v| 2.0 * v / largest - 1.0);
    Ok(HostTensor::new([1, 3, h, w], grey.data().repeat(3))?)
}

/// Writes what several samples say together and returns its part of the report.
pub(super) fn write_spread(out: &Path, spread: &Spread) -> Result<Value> {
    write_png(out.join("mean.png"), &spread.mean)?;
    let deviation = spread.samples.deviation_map()?;
    write_png(out.join("deviation.png"), &map_picture(&deviation)?)?;
    let largest = deviation.data().iter().copied().fold(0.0, f32::max);
    let calibration = spread.calibration.as_ref().map(|c| {
        let rows = c.rows.iter().map(
            |r| json!({ "nominal": r.nominal, "attainable": r.attainable, "empirical": r.empirical }),
        );
        json!({
            "rows": rows.collect::<Vec<_>>(), "z_deviation": c.z_deviation, "z_mean": c.z_mean,
            "error_to_spread": c.error_to_spread,
        })
    });
    let shares = spread.samples.components(5)?;
    Ok(json!({
        "mean": metrics(&spread.mean_metrics),
        // Half of the [-1, 1] units; white in deviation.png.
        "largest_deviation": f64::from(largest) / 2.0,
        "calibration": calibration,
        "component_shares": shares.iter().map(|c| c.share).collect::<Vec<_>>(),
    }))
}

/// Writes where the prompts' samples differ, root mean square over the channels, as `prompt-effect.png`.
pub(super) fn write_effect(out: &Path, effect: &PromptEffect) -> Result<()> {
    let [c, h, w] = *effect.between.shape() else {
        bail!("the map is {:?}", effect.between.shape());
    };
    let grey = (0..h * w).map(|i| {
        let square = |ch: usize| effect.between.data()[ch * h * w + i].powi(2);
        ((0..c).map(square).sum::<f32>() / c as f32).sqrt()
    });
    let map = HostTensor::new([1, h, w], grey.collect())?;
    Ok(write_png(
        out.join("prompt-effect.png"),
        &map_picture(&map)?,
    )?)
}
