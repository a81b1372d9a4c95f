//! A measurement and everything known about it.

use std::cell::OnceCell;

use crate::image::{self, bicubic_shifted, psnr, ssim};
use crate::noise::{NoiseModel, NoisyLikelihood};
use crate::physics::{Extras, Operator, TaskSpec, build};
use crate::protocol::{Metrics, RestoreJob, Rgba};
use crate::solver::Likelihood;
use crate::{HostTensor, Result};

use super::super::likelihood::task_kind;

/// Side limit of a picture, in pixels: above, a browser's memory would not do.
const MAX_SIDE: usize = 2048;

/// A restoration's settings and its picture, in host tensors.
#[derive(Debug, Clone)]
pub struct Setup {
    /// `[1, 3, H, W]` in [-1, 1]: the truth, or the measurement when `measured`.
    pub picture: HostTensor,
    /// Whether `picture` is already degraded.
    pub measured: bool,
    /// Inpainting mask `[1, 1, H, W]` in [0, 1], 1 = known.
    pub mask: Option<HostTensor>,
    /// Blur kernel `[1, 1, h, w]`, scaled to sum 1 when used.
    pub kernel: Option<HostTensor>,
    /// The task SPEC.
    pub task: String,
    /// The noise.
    pub noise: NoiseModel,
    /// Seed of the measurement noise and the solver.
    pub seed: u64,
}

impl Setup {
    /// From a page's job.
    pub fn from_job(job: &RestoreJob) -> Result<Self> {
        Ok(Self {
            picture: image::from_rgba8(&job.picture)?,
            measured: job.measured,
            mask: job.mask.as_ref().map(image::mask_from_rgba8).transpose()?,
            kernel: (job.kernel.as_ref().map(image::mask_from_rgba8)).transpose()?,
            task: job.task.clone(),
            noise: job.noise.parse()?,
            seed: u64::from(job.seed),
        })
    }
}

/// A measurement and everything known about it, ready for a solver.
pub struct Restoration {
    pub(super) spec: TaskSpec,
    pub(super) operator: Box<dyn Operator>,
    pub(super) truth: Option<HostTensor>,
    pub(super) measurement: HostTensor,
    pub(super) baseline: HostTensor,
    pub(super) noise: NoiseModel,
    pub(super) seed: u64,
    /// The total variation solution, once it was needed.
    pub(super) total_variation: OnceCell<HostTensor>,
}

impl Restoration {
    /// Builds the operator and the measurement of a page's job.
    pub fn prepare(job: &RestoreJob) -> Result<Self> {
        Self::new(Setup::from_job(job)?)
    }

    /// Builds the operator, simulates the measurement unless the picture is one, and computes the
    /// baseline. Fails when the SPEC, the noise level or the sizes do not fit.
    pub fn new(setup: Setup) -> Result<Self> {
        setup.noise.check()?;
        let [_, c, h, w] = setup.picture.dims4()?;
        let spec: TaskSpec = setup.task.parse()?;
        let scale = if setup.measured { spec.factor() } else { 1 };
        let shape = [c, h * scale, w * scale];
        image::check_size(shape[2], shape[1], MAX_SIDE)?;
        let extras = Extras {
            mask: setup.mask,
            kernel: setup.kernel,
        };
        let operator = build(&spec, shape, &extras)?;
        let (truth, measurement) = if setup.measured {
            (None, operator.measurement_from_picture(&setup.picture)?)
        } else {
            let clean = operator.forward(&setup.picture)?;
            let y = setup.noise.apply(&clean, setup.seed)?;
            (Some(setup.picture), operator.keep_measured(&y)?)
        };
        // Noise is stated for pictures in [0, 1]; ours span [-1, 1].
        let likelihood = NoisyLikelihood::new(operator.as_ref(), setup.noise, task_kind(&spec))?;
        let baseline = likelihood
            .pseudo_inverse(&measurement, 2.0 * setup.noise.effective_sigma() as f32)?
            .clamp(-1.0, 1.0);
        Ok(Self {
            spec,
            operator,
            truth,
            measurement,
            baseline,
            noise: setup.noise,
            seed: setup.seed,
            total_variation: OnceCell::new(),
        })
    }

    /// The measurement as a picture.
    pub fn measurement_picture(&self) -> Result<HostTensor> {
        self.operator.measurement_picture(&self.measurement)
    }

    /// The pseudo-inverse, clamped.
    pub fn baseline(&self) -> &HostTensor {
        &self.baseline
    }

    /// The measurement as common software would show it at the picture's size: enlarged by bicubic
    /// interpolation when it is smaller, as it is otherwise.
    pub fn bicubic(&self) -> Result<HostTensor> {
        let picture = self.measurement_picture()?;
        let ([_, c, h, w], [_, _, height, width]) = (picture.dims4()?, self.baseline.dims4()?);
        let grown = if (h, w) == (height, width) {
            picture
        } else {
            bicubic_shifted(&picture, height, width, self.spec.grid_shift())?.clamp(-1.0, 1.0)
        };
        if c == 3 {
            return Ok(grown);
        }
        HostTensor::new([1, 3, height, width], grown.data().repeat(3))
    }

    /// The measurement for canvases; the baseline when the operator has no picture of it.
    pub fn measurement_rgba(&self) -> Rgba {
        image::to_rgba8(
            &self
                .measurement_picture()
                .unwrap_or_else(|_| self.baseline.clone()),
        )
    }

    /// The baseline for canvases.
    pub fn baseline_rgba(&self) -> Rgba {
        image::to_rgba8(&self.baseline)
    }

    /// Quality of the baseline.
    pub fn baseline_metrics(&self) -> Metrics {
        self.metrics(&self.baseline)
    }

    /// The likelihood that the solvers use.
    pub(super) fn likelihood(&self) -> Result<NoisyLikelihood<'_>> {
        NoisyLikelihood::new(self.operator.as_ref(), self.noise, task_kind(&self.spec))
    }

    /// The undegraded picture, when it is known.
    pub fn truth(&self) -> Option<&HostTensor> {
        self.truth.as_ref()
    }

    /// Quality of `x`: against the truth when it is known, and against the measurement.
    pub fn metrics(&self, x: &HostTensor) -> Metrics {
        let m = self
            .measurement
            .dims4()
            .map(|d| self.operator.measured_entries(d));
        let residual = self
            .operator
            .residual_norm(x, &self.measurement)
            .ok()
            .zip(m.ok())
            .map_or(f64::NAN, |(norm, m)| norm / 2.0 / (m.max(1) as f64).sqrt());
        Metrics {
            psnr: self.truth.as_ref().and_then(|t| psnr(x, t).ok()),
            ssim: self.truth.as_ref().and_then(|t| ssim(x, t).ok()),
            residual,
        }
    }
}
