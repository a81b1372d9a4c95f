//! The noise schedule alpha_bar, the timesteps and the latent consistency step, as diffusers'
//! `LCMScheduler` defines them (Luo et al. 2023, "Latent Consistency Models").
//!
//! Diffusion: `z_t = sqrt(alpha_bar_t) z_0 + sqrt(1 - alpha_bar_t) n`, `n ~ N(0, I)`, t in `0..1000`.

mod alpha_bar;
mod config;
mod lcm;
mod timesteps;

pub use alpha_bar::alpha_bar_table;
pub use config::{BetaSchedule, PredictionType, SchedulerConfig};
pub use lcm::{LcmScheduler, LcmStep};
pub use timesteps::{Distillation, distilled_timesteps, lcm_timesteps, subset};

#[cfg(test)]
mod reference_tests;
