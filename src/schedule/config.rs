//! The scheduler's configuration, read from diffusers' `scheduler_config.json`.

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Map, Value};

use crate::{Error, Result};

/// How beta runs from `beta_start` to `beta_end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BetaSchedule {
    /// Linear in beta (Ho et al. 2020).
    Linear,
    /// Linear in sqrt(beta): Stable Diffusion.
    ScaledLinear,
    /// alpha_bar follows a squared cosine, beta capped at 0.999 (Nichol and Dhariwal 2021).
    SquaredcosCapV2,
}

/// What the network's output means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PredictionType {
    /// The noise n.
    Epsilon,
    /// `v = sqrt(alpha_bar) n - sqrt(1 - alpha_bar) z_0` (Salimans and Ho 2022).
    VPrediction,
    /// The clean latent z_0.
    Sample,
}

/// The keys of diffusers' `LCMScheduler` that change a number; a missing key has its default there.
/// Configs of other discrete-time schedulers (DDIM, PNDM, Euler, ...) are taken as well, as
/// `LCMScheduler.from_config` takes them.
#[derive(Debug, Clone, PartialEq)]
pub struct SchedulerConfig {
    /// Number of diffusion timesteps, 1000 by default.
    pub num_train_timesteps: usize,
    /// First beta, in (0, 1).
    pub beta_start: f64,
    /// Last beta, in (0, 1).
    pub beta_end: f64,
    /// How beta runs between them.
    pub beta_schedule: BetaSchedule,
    /// Every beta, given outright; replaces the three above.
    pub trained_betas: Option<Vec<f64>>,
    /// Timesteps that the distillation used, 50 by default.
    pub original_inference_steps: usize,
    /// What the network's output means.
    pub prediction_type: PredictionType,
    /// `Some(r)`: the predicted z_0 is clamped to [-r, r] (`clip_sample`, `clip_sample_range`).
    pub clip_sample: Option<f64>,
    /// Factor on t in the boundary scalings, 10 by default.
    pub timestep_scaling: f64,
    /// Rescale beta so that alpha_bar ends at 0 (Lin et al. 2023, algorithm 1).
    pub rescale_betas_zero_snr: bool,
}

impl Default for SchedulerConfig {
    fn default() -> Self {
        Self {
            num_train_timesteps: 1000,
            beta_start: 0.00085,
            beta_end: 0.012,
            beta_schedule: BetaSchedule::ScaledLinear,
            trained_betas: None,
            original_inference_steps: 50,
            prediction_type: PredictionType::Epsilon,
            clip_sample: None,
            timestep_scaling: 10.0,
            rescale_betas_zero_snr: false,
        }
    }
}

/// Schedulers over the same discrete diffusion; flow matching and sigma-space (EDM) models are not.
const DISCRETE_DIFFUSION: [&str; 17] = [
    "LCMScheduler",
    "TCDScheduler",
    "DDIMScheduler",
    "DDIMInverseScheduler",
    "DDPMScheduler",
    "PNDMScheduler",
    "LMSDiscreteScheduler",
    "EulerDiscreteScheduler",
    "EulerAncestralDiscreteScheduler",
    "HeunDiscreteScheduler",
    "KDPM2DiscreteScheduler",
    "KDPM2AncestralDiscreteScheduler",
    "DPMSolverMultistepScheduler",
    "DPMSolverSinglestepScheduler",
    "DPMSolverSDEScheduler",
    "DEISMultistepScheduler",
    "UniPCMultistepScheduler",
];

impl SchedulerConfig {
    /// Reads `scheduler_config.json`. Fails with [`Error::Model`], naming key and value, on a value
    /// that is not understood or not supported.
    pub fn from_json(text: &str) -> Result<Self> {
        let keys: Map<String, Value> = serde_json::from_str(text).map_err(|e| {
            Error::model(format!("scheduler_config.json is not a JSON object: {e}"))
        })?;
        if let Some(class) = field::<Option<String>>(&keys, "_class_name", None)?
            && !DISCRETE_DIFFUSION.contains(&class.as_str())
        {
            return Err(unsupported("_class_name", &class));
        }
        if field(&keys, "thresholding", false)? {
            return Err(unsupported("thresholding", "true"));
        }
        let default = Self::default();
        let clip = field(&keys, "clip_sample", false)?;
        let range: f64 = field(&keys, "clip_sample_range", 1.0)?;
        let config = Self {
            num_train_timesteps: field(&keys, "num_train_timesteps", default.num_train_timesteps)?,
            beta_start: field(&keys, "beta_start", default.beta_start)?,
            beta_end: field(&keys, "beta_end", default.beta_end)?,
            beta_schedule: field(&keys, "beta_schedule", default.beta_schedule)?,
            trained_betas: field(&keys, "trained_betas", None)?,
            original_inference_steps: field(
                &keys,
                "original_inference_steps",
                default.original_inference_steps,
            )?,
            prediction_type: field(&keys, "prediction_type", default.prediction_type)?,
            clip_sample: clip.then_some(range),
            timestep_scaling: field(&keys, "timestep_scaling", default.timestep_scaling)?,
            rescale_betas_zero_snr: field(&keys, "rescale_betas_zero_snr", false)?,
        };
        config.check()?;
        Ok(config)
    }

    /// Fails with [`Error::Model`], naming key and value, on a number out of range.
    pub fn check(&self) -> Result<()> {
        // Bounds the tables; no published model has more than 4000.
        if !(2..=100_000).contains(&self.num_train_timesteps) {
            return Err(unsupported("num_train_timesteps", self.num_train_timesteps));
        }
        for (key, beta) in [("beta_start", self.beta_start), ("beta_end", self.beta_end)] {
            if !(beta > 0.0 && beta < 1.0) {
                return Err(unsupported(key, beta));
            }
        }
        if let Some(betas) = &self.trained_betas {
            if betas.len() != self.num_train_timesteps {
                return Err(unsupported(
                    "trained_betas",
                    format!(
                        "a list of {} for num_train_timesteps {}",
                        betas.len(),
                        self.num_train_timesteps
                    ),
                ));
            }
            if let Some(beta) = betas.iter().find(|b| !(**b > 0.0 && **b < 1.0)) {
                return Err(unsupported("trained_betas", format!("a list with {beta}")));
            }
        }
        if !(1..=self.num_train_timesteps).contains(&self.original_inference_steps) {
            return Err(unsupported(
                "original_inference_steps",
                self.original_inference_steps,
            ));
        }
        if let Some(range) = self.clip_sample
            && !(range > 0.0 && range.is_finite())
        {
            return Err(unsupported("clip_sample_range", range));
        }
        if !(self.timestep_scaling > 0.0 && self.timestep_scaling.is_finite()) {
            return Err(unsupported("timestep_scaling", self.timestep_scaling));
        }
        if self.rescale_betas_zero_snr && self.prediction_type == PredictionType::Epsilon {
            // At alpha_bar = 0 the latent is the noise, so epsilon says nothing about z_0.
            return Err(unsupported(
                "rescale_betas_zero_snr",
                "true with prediction_type \"epsilon\"",
            ));
        }
        Ok(())
    }
}

/// The value at `key`; `default` when it is missing or null.
fn field<T: DeserializeOwned>(keys: &Map<String, Value>, key: &str, default: T) -> Result<T> {
    match keys.get(key) {
        None | Some(Value::Null) => Ok(default),
        Some(value) => {
            serde_json::from_value(value.clone()).map_err(|_| unsupported(key, short(value)))
        }
    }
}

/// A value for a message, cut when long.
fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(80) {
        Some((cut, _)) => format!("{}...", &text[..cut]),
        None => text,
    }
}

fn unsupported(key: &str, value: impl std::fmt::Display) -> Error {
    Error::model(format!(
        "scheduler_config.json: {key} = {value} is not supported"
    ))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn message(json: &str) -> String {
        match SchedulerConfig::from_json(json) {
            Err(Error::Model(message)) => message,
            other => panic!("expected a model error, got {other:?}"),
        }
    }

    #[test]
    fn an_empty_object_is_the_default() {
        assert_eq!(
            SchedulerConfig::from_json("{}").unwrap(),
            SchedulerConfig::default()
        );
    }

    #[test]
    fn a_pndm_config_gets_lcm_defaults() {
        let config = SchedulerConfig::from_json(
            r#"{"_class_name": "PNDMScheduler", "beta_end": 0.012, "beta_schedule": "scaled_linear",
                "beta_start": 0.00085, "num_train_timesteps": 1000, "set_alpha_to_one": false,
                "skip_prk_steps": true, "steps_offset": 1, "trained_betas": null, "clip_sample": false}"#,
        )
        .unwrap();
        assert_eq!(config, SchedulerConfig::default());
    }

    #[test]
    fn clip_sample_keeps_its_range() {
        let json =
            r#"{"clip_sample": true, "clip_sample_range": 2.5, "prediction_type": "sample"}"#;
        let config = SchedulerConfig::from_json(json).unwrap();
        assert_eq!(config.clip_sample, Some(2.5));
        assert_eq!(config.prediction_type, PredictionType::Sample);
    }

    #[test]
    fn errors_name_key_and_value() {
        for (json, key, value) in [
            (
                r#"{"beta_schedule": "sigmoid"}"#,
                "beta_schedule",
                "\"sigmoid\"",
            ),
            (
                r#"{"prediction_type": "flow_prediction"}"#,
                "prediction_type",
                "flow_prediction",
            ),
            (r#"{"thresholding": true}"#, "thresholding", "true"),
            (r#"{"beta_start": "small"}"#, "beta_start", "small"),
            (r#"{"beta_end": 1.5}"#, "beta_end", "1.5"),
            (
                r#"{"num_train_timesteps": -1}"#,
                "num_train_timesteps",
                "-1",
            ),
            (r#"{"num_train_timesteps": 1}"#, "num_train_timesteps", "1"),
            (
                r#"{"original_inference_steps": 0}"#,
                "original_inference_steps",
                "0",
            ),
            (
                r#"{"original_inference_steps": 1001}"#,
                "original_inference_steps",
                "1001",
            ),
            (r#"{"trained_betas": [0.1, 0.2]}"#, "trained_betas", "2"),
            (
                r#"{"clip_sample": true, "clip_sample_range": 0}"#,
                "clip_sample_range",
                "0",
            ),
            (r#"{"timestep_scaling": 0}"#, "timestep_scaling", "0"),
            (
                r#"{"rescale_betas_zero_snr": true}"#,
                "rescale_betas_zero_snr",
                "epsilon",
            ),
            (
                r#"{"_class_name": "FlowMatchEulerDiscreteScheduler"}"#,
                "_class_name",
                "FlowMatchEulerDiscreteScheduler",
            ),
        ] {
            let message = message(json);
            assert!(
                message.contains(key) && message.contains(value),
                "{message}"
            );
        }
        assert!(message("[1]").contains("scheduler_config.json"));
        assert!(message("{").contains("scheduler_config.json"));
    }
}
