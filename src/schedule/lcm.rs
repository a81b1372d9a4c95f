//! One step of a latent consistency model.

use super::{PredictionType, SchedulerConfig, alpha_bar_table, lcm_timesteps};
use crate::{Error, HostTensor, Result};

/// diffusers' `LCMScheduler`, without its hidden state: every call names its timestep.
/// Latents of any shape; arithmetic in f64, results in f32.
#[derive(Debug, Clone)]
pub struct LcmScheduler {
    config: SchedulerConfig,
    alpha_bar: Vec<f64>,
}

/// What [`LcmScheduler::step`] returns.
#[derive(Debug, Clone, PartialEq)]
pub struct LcmStep {
    /// The latent at the next timestep; after the last step, `denoised`.
    pub next: HostTensor,
    /// `c_out z_0 + c_skip z`, the consistency function's value.
    pub denoised: HostTensor,
}

impl LcmScheduler {
    /// Standard deviation of the first latent of a generation.
    pub const INIT_NOISE_SIGMA: f64 = 1.0;

    /// Computes the tables. Fails with [`Error::Model`] on a config out of range.
    pub fn new(config: SchedulerConfig) -> Result<Self> {
        let alpha_bar = alpha_bar_table(&config)?;
        Ok(Self { config, alpha_bar })
    }

    /// Reads `scheduler_config.json`; see [`SchedulerConfig::from_json`].
    pub fn from_json(text: &str) -> Result<Self> {
        Self::new(SchedulerConfig::from_json(text)?)
    }

    /// The configuration.
    pub fn config(&self) -> &SchedulerConfig {
        &self.config
    }

    /// alpha_bar_t; fails with [`Error::Invalid`] when the model has no timestep `t`.
    pub fn alpha_bar(&self, t: usize) -> Result<f64> {
        self.alpha_bar.get(t).copied().ok_or_else(|| {
            Error::invalid(format!(
                "timestep {t} does not exist: this model has 0 to {}",
                self.alpha_bar.len() - 1
            ))
        })
    }

    /// `steps` timesteps by the LCM rule from the top; see [`lcm_timesteps`].
    pub fn timesteps(&self, steps: usize) -> Result<Vec<usize>> {
        lcm_timesteps(&self.config, steps, None)
    }

    /// Fails with [`Error::Invalid`] unless `timesteps` is not empty, decreasing and within the model.
    pub fn check_timesteps(&self, timesteps: &[usize]) -> Result<()> {
        let Some(first) = timesteps.first() else {
            return Err(Error::invalid("the list of timesteps is empty"));
        };
        self.alpha_bar(*first)?;
        match timesteps.windows(2).find(|w| w[1] >= w[0]) {
            None => Ok(()),
            Some(w) => Err(Error::invalid(format!(
                "timesteps must decrease, but {} follows {}",
                w[1], w[0]
            ))),
        }
    }

    /// The boundary scalings (c_skip, c_out) at `t`: with tau = `timestep_scaling` t and
    /// sigma_data = 0.5, `c_skip = sigma_data^2 / (tau^2 + sigma_data^2)` and
    /// `c_out = tau / sqrt(tau^2 + sigma_data^2)` (Luo et al. 2023, section 4.1).
    pub fn boundary_scalings(&self, t: usize) -> (f64, f64) {
        const VARIANCE: f64 = 0.25;
        let tau = self.config.timestep_scaling * t as f64;
        let sum = tau * tau + VARIANCE;
        (VARIANCE / sum, tau / sum.sqrt())
    }

    /// The clean latent z_0 that the network's `output` at (`z`, `t`) stands for, clamped when the
    /// config says `clip_sample`.
    pub fn predict_x0(&self, z: &HostTensor, output: &HostTensor, t: usize) -> Result<HostTensor> {
        let (a, b) = self.signal_and_noise(t)?;
        let x0 = match self.config.prediction_type {
            PredictionType::Epsilon => combine(z, 1.0 / a, output, -b / a)?,
            PredictionType::VPrediction => combine(z, a, output, -b)?,
            PredictionType::Sample => {
                output.expect_shape("network output", z.shape())?;
                output.clone()
            }
        };
        Ok(match self.config.clip_sample {
            Some(range) => x0.clamp(-range as f32, range as f32),
            None => x0,
        })
    }

    /// The noise that the network's `output` at (`z`, `t`) stands for.
    pub fn predict_epsilon(
        &self,
        z: &HostTensor,
        output: &HostTensor,
        t: usize,
    ) -> Result<HostTensor> {
        let (a, b) = self.signal_and_noise(t)?;
        match self.config.prediction_type {
            PredictionType::Epsilon => {
                output.expect_shape("network output", z.shape())?;
                Ok(output.clone())
            }
            PredictionType::VPrediction => combine(z, b, output, a),
            PredictionType::Sample => combine(z, 1.0 / b, output, -a / b),
        }
    }

    /// `sqrt(alpha_bar_t) x0 + sqrt(1 - alpha_bar_t) noise`.
    pub fn add_noise(&self, x0: &HostTensor, noise: &HostTensor, t: usize) -> Result<HostTensor> {
        let (a, b) = self.signal_and_noise(t)?;
        combine(x0, a, noise, b)
    }

    /// The gradient of `log p(z_{t'} | z_t, c) = -|z_{t'} - sqrt(alpha_bar') z_0|^2 / (2 (1 - alpha_bar'))`
    /// with respect to the network's output at t, where z_0 = [`Self::predict_x0`] (not clamped), t' =
    /// `next`, and `target` stands for z_{t'}. The cotangent that a prompt's gradient starts from.
    pub fn log_likelihood_seed(
        &self,
        z0: &HostTensor,
        target: &HostTensor,
        t: usize,
        next: usize,
    ) -> Result<HostTensor> {
        let (a, b) = self.signal_and_noise(t)?;
        // d z_0 / d output.
        let slope = match self.config.prediction_type {
            PredictionType::Epsilon => -b / a,
            PredictionType::VPrediction => -b,
            PredictionType::Sample => 1.0,
        };
        let (signal, noise) = self.signal_and_noise(next)?;
        let scale = slope * signal / (noise * noise);
        combine(target, scale, z0, -scale * signal)
    }

    /// One consistency step from (`z`, `t`) given the network's `output` there. `next` is the next
    /// timestep and fresh standard normal noise of the shape of `z`; `None` at the last step.
    pub fn step(
        &self,
        z: &HostTensor,
        output: &HostTensor,
        t: usize,
        next: Option<(usize, &HostTensor)>,
    ) -> Result<LcmStep> {
        let (c_skip, c_out) = self.boundary_scalings(t);
        let denoised = combine(&self.predict_x0(z, output, t)?, c_out, z, c_skip)?;
        let next = match next {
            Some((t, noise)) => self.add_noise(&denoised, noise, t)?,
            None => denoised.clone(),
        };
        Ok(LcmStep { next, denoised })
    }

    /// (sqrt(alpha_bar_t), sqrt(1 - alpha_bar_t)).
    fn signal_and_noise(&self, t: usize) -> Result<(f64, f64)> {
        let a = self.alpha_bar(t)?;
        Ok((a.sqrt(), (1.0 - a).sqrt()))
    }
}

/// `p u + q v`, in f64.
fn combine(u: &HostTensor, p: f64, v: &HostTensor, q: f64) -> Result<HostTensor> {
    u.clone()
        .zip(v, |u, v| (p * f64::from(u) + q * f64::from(v)) as f32)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn scheduler(prediction_type: PredictionType) -> LcmScheduler {
        LcmScheduler::new(SchedulerConfig {
            prediction_type,
            ..Default::default()
        })
        .unwrap()
    }

    fn tensor(values: &[f32]) -> HostTensor {
        HostTensor::new([values.len()], values.to_vec()).unwrap()
    }

    /// Whatever the network predicts, a perfect network gives back z_0 and the noise.
    #[test]
    fn perfect_outputs_recover_signal_and_noise() {
        let (x0, noise, t) = (tensor(&[0.3, -1.2, 2.0]), tensor(&[-0.5, 1.5, 0.1]), 759);
        for prediction in [
            PredictionType::Epsilon,
            PredictionType::VPrediction,
            PredictionType::Sample,
        ] {
            let s = scheduler(prediction);
            let z = s.add_noise(&x0, &noise, t).unwrap();
            let (a, b) = s.signal_and_noise(t).unwrap();
            let output = match prediction {
                PredictionType::Epsilon => noise.clone(),
                PredictionType::VPrediction => combine(&noise, a, &x0, -b).unwrap(),
                PredictionType::Sample => x0.clone(),
            };
            let got_x0 = s.predict_x0(&z, &output, t).unwrap();
            let got_noise = s.predict_epsilon(&z, &output, t).unwrap();
            for i in 0..3 {
                assert!(
                    (got_x0.data()[i] - x0.data()[i]).abs() < 2e-6,
                    "{prediction:?}"
                );
                assert!(
                    (got_noise.data()[i] - noise.data()[i]).abs() < 2e-6,
                    "{prediction:?}"
                );
            }
        }
    }

    #[test]
    fn boundary_scalings_are_the_identity_at_zero_and_the_network_above() {
        let s = scheduler(PredictionType::Epsilon);
        assert_eq!(s.boundary_scalings(0), (1.0, 0.0));
        for t in s.timesteps(8).unwrap() {
            let (c_skip, c_out) = s.boundary_scalings(t);
            assert!(c_skip > 0.0 && c_skip <= 1.6e-7);
            assert!(c_out < 1.0 && 1.0 - c_out <= 8.1e-8);
        }
    }

    #[test]
    fn bad_timesteps_and_shapes_are_refused() {
        let s = scheduler(PredictionType::Epsilon);
        assert!(s.check_timesteps(&[999, 499, 0]).is_ok());
        for list in [&[][..], &[1000], &[499, 499], &[499, 999]] {
            assert!(matches!(s.check_timesteps(list), Err(Error::Invalid(_))));
        }
        let (u, v) = (tensor(&[0.0; 3]), tensor(&[0.0; 2]));
        assert!(matches!(s.predict_x0(&u, &v, 1), Err(Error::Shape(_))));
        assert!(matches!(s.predict_epsilon(&u, &v, 1), Err(Error::Shape(_))));
        assert!(matches!(s.add_noise(&u, &u, 1000), Err(Error::Invalid(_))));
    }
}
