//! Which timesteps a run visits.

use super::SchedulerConfig;
use crate::{Error, Result};

/// The timesteps that the distillation visited, from `start` (the last of all when `None`) downwards; see [`lcm_timesteps`]. Empty for a `start` below the first,
/// and for a config without steps.
pub fn distilled_timesteps(config: &SchedulerConfig, start: Option<usize>) -> Vec<usize> {
    let Some(stride) = (config.num_train_timesteps).checked_div(config.original_inference_steps)
    else {
        return Vec::new();
    };
    let start = start.unwrap_or(config.num_train_timesteps.saturating_sub(1));
    (1..=config.original_inference_steps)
        .rev()
        .filter_map(|i| (i * stride).checked_sub(1))
        .filter(|t| *t <= start)
        .collect()
}

/// `steps` timesteps, decreasing, by the rule of diffusers' `LCMScheduler.set_timesteps`.
///
/// With N = `num_train_timesteps` and K = `original_inference_steps`, the distillation visited
/// `o_i = i floor(N / K) - 1`, i = 1..=K. Those up to `start` (all when `None`), M in number, are
/// reversed, and entries `floor(j M / steps)`, j = 0..steps, are taken. `start = s N - 1` is
/// diffusers' `strength = s`.
///
/// Fails with [`Error::Invalid`] when `steps` is 0 or more than M.
pub fn lcm_timesteps(
    config: &SchedulerConfig,
    steps: usize,
    start: Option<usize>,
) -> Result<Vec<usize>> {
    config.check()?;
    let distilled = distilled_timesteps(config, start);
    let start = start.unwrap_or(config.num_train_timesteps - 1);
    subset(&distilled, steps).map_err(|_| {
        Error::invalid(format!(
            "{steps} steps were asked for; this model allows 1 to {} from timestep {start}",
            distilled.len()
        ))
    })
}

/// `steps` entries of a list of timesteps, evenly spread and starting with the first: entries
/// `floor(j len / steps)`. A few-step run on timesteps that the model was trained on.
///
/// Fails with [`Error::Invalid`] when `steps` is 0 or more than the list is long.
pub fn subset(timesteps: &[usize], steps: usize) -> Result<Vec<usize>> {
    if steps == 0 || steps > timesteps.len() {
        return Err(Error::invalid(format!(
            "{steps} steps were asked for; this list of timesteps allows 1 to {}",
            timesteps.len()
        )));
    }
    Ok((0..steps)
        .map(|j| timesteps[j * timesteps.len() / steps])
        .collect())
}

/// Published distillations whose timesteps LATINO uses (Spagnoletti et al. 2025).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distillation {
    /// SDXL with DMD2 (Yin et al. 2024): trained on 999, 749, 499, 249.
    SdxlDmd2,
    /// Stable Diffusion 1.5 with LCM-LoRA (Luo et al. 2023): the scheduler's own rule.
    Sd15Lcm,
}

impl Distillation {
    /// The list for 8 or 4 steps; fails with [`Error::Invalid`] for another number.
    pub fn timesteps(self, steps: usize) -> Result<Vec<usize>> {
        let eight = match self {
            Self::SdxlDmd2 => [999, 874, 749, 624, 499, 374, 249, 124],
            Self::Sd15Lcm => [999, 879, 759, 639, 499, 379, 259, 139],
        };
        match steps {
            8 | 4 => subset(&eight, steps),
            _ => Err(Error::invalid(format!(
                "there is no published list of {steps} timesteps: choose 4 or 8"
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn the_rule_gives_the_published_lcm_lists() {
        let config = SchedulerConfig::default();
        for steps in [4, 8] {
            assert_eq!(
                lcm_timesteps(&config, steps, None).unwrap(),
                Distillation::Sd15Lcm.timesteps(steps).unwrap()
            );
        }
        assert_eq!(
            Distillation::Sd15Lcm.timesteps(4).unwrap(),
            [999, 759, 499, 259]
        );
        assert_eq!(
            Distillation::SdxlDmd2.timesteps(4).unwrap(),
            [999, 749, 499, 249]
        );
    }

    #[test]
    fn impossible_counts_are_refused() {
        let config = SchedulerConfig::default();
        for (steps, start) in [(0, None), (51, None), (3, Some(39)), (1, Some(18))] {
            assert!(matches!(
                lcm_timesteps(&config, steps, start),
                Err(Error::Invalid(_))
            ));
        }
        assert_eq!(lcm_timesteps(&config, 2, Some(39)).unwrap(), [39, 19]);
        assert!(Distillation::SdxlDmd2.timesteps(5).is_err());
        assert!(subset(&[], 1).is_err());
    }
}
