//! The step sizes of the published LATINO code (Spagnoletti et al. 2025), resolution-free.
//!
//! The code sets `gamma = delta (1 - alpha_bar_t) / sigma_n^2` with `delta = c' |A x + sigma n - y|`,
//! an unnormalised norm at one picture size. With m measured entries the norm is sqrt(m) RMSE, so
//! `c = c' sqrt(m)` with the m of the published size (SDXL: 1024 x 1024, SD1.5: 512 x 512) gives
//! `delta = c RMSE`, which carries over to other sizes. For Gaussian blur both models then agree.

use super::TaskKind;

/// The two columns of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PublishedModel {
    /// SDXL with DMD2, tuned at 1024 x 1024.
    SdxlDmd2,
    /// Stable Diffusion 1.5 with LCM-LoRA, tuned at 512 x 512.
    #[default]
    Sd15Lcm,
}

/// delta at timestep `t`; `rmse` is the root mean square of A x - y (noise included, see
/// [`super::StepRule::Published`]) and `sigma_n` the noise level, both in [-1, 1] units.
///
/// Super-resolution factors other than 16 and 32 have no published value: a factor f takes the
/// constants of the nearest of the two, scaled by (f / 16)^2 or (f / 32)^2, which keeps the data
/// weight gamma / f^2 (the operator's squared singular values are about 1 / f^2).
///
/// `sigma_n = 0` is allowed: where the table divides by sigma_n, delta is infinite.
pub fn published_delta(
    model: PublishedModel,
    task: TaskKind,
    t: usize,
    rmse: f64,
    sigma_n: f64,
) -> f64 {
    use PublishedModel::{Sd15Lcm, SdxlDmd2};
    // c = (published constant) * sqrt(m): 3 channels of `side`^2 pixels.
    let c = |constant: f64, side: f64| constant * 3f64.sqrt() * side;
    let at = |switch: usize, early: f64, late: f64| if t > switch { early } else { late };
    match (task, model) {
        (TaskKind::SuperResolution { factor }, _) => {
            let nearest = if factor < 24 { 16 } else { 32 };
            let scale = (factor as f64 / f64::from(nearest)).powi(2);
            let constant = match (nearest, model) {
                (16, SdxlDmd2) => c(at(300, 0.3, 0.2), 64.0),
                (16, Sd15Lcm) => c(at(300, 0.02, 0.002) / sigma_n, 32.0),
                (_, SdxlDmd2) => c(at(300, 0.15, 0.3), 32.0),
                (_, Sd15Lcm) => c(at(300, 2.0, 0.9), 16.0),
            };
            scale * constant * rmse
        }
        (TaskKind::GaussianBlur { sigma }, SdxlDmd2) if sigma >= 10.0 => {
            c(at(400, 7e-4, 3e-4), 1024.0) * rmse
        }
        (TaskKind::GaussianBlur { .. }, SdxlDmd2) => c(at(400, 5e-4, 2e-4), 1024.0) * rmse,
        (TaskKind::GaussianBlur { .. }, Sd15Lcm) => c(at(300, 1e-3, 4e-4), 512.0) * rmse,
        // The published code tells sigma = 0.01 (that is sigma_n = 0.02) apart by equality.
        (TaskKind::MotionBlur, SdxlDmd2) if (sigma_n - 0.02).abs() < 1e-6 => {
            c(at(400, 4e-4, 2e-4), 1024.0) * rmse
        }
        (TaskKind::MotionBlur, SdxlDmd2) => {
            let late = if t > 0 { 9e-5 } else { 2e-7 };
            c(at(400, 5e-5, late), 1024.0) * rmse
        }
        (TaskKind::MotionBlur, Sd15Lcm) => c(at(400, 8e-4, 7e-4), 512.0) * rmse,
        (TaskKind::Inpainting, _) => at(500, 1.0, 0.5),
        (TaskKind::Other, _) => at(200, 0.01, 1.0),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    /// delta / RMSE early and late, at sigma = 0.01.
    #[test]
    fn constants_per_rmse() {
        use PublishedModel::{Sd15Lcm, SdxlDmd2};
        use TaskKind::{GaussianBlur, MotionBlur, SuperResolution};
        for (model, task, early, late) in [
            (SdxlDmd2, GaussianBlur { sigma: 6.0 }, 0.887, 0.355),
            (Sd15Lcm, GaussianBlur { sigma: 3.0 }, 0.887, 0.355),
            (SdxlDmd2, GaussianBlur { sigma: 10.0 }, 1.24, 0.53),
            (SdxlDmd2, MotionBlur, 0.709, 0.355),
            (Sd15Lcm, MotionBlur, 0.709, 0.621),
            (SdxlDmd2, SuperResolution { factor: 16 }, 33.3, 22.2),
            (Sd15Lcm, SuperResolution { factor: 16 }, 55.4, 5.54),
            (SdxlDmd2, SuperResolution { factor: 32 }, 8.31, 16.6),
            (Sd15Lcm, SuperResolution { factor: 32 }, 55.4, 24.9),
        ] {
            for (t, expected) in [(499, early), (259, late)] {
                let delta = published_delta(model, task, t, 0.1, 0.02);
                assert!(
                    (delta / 0.1 / expected - 1.0).abs() < 5e-3,
                    "{task:?} {delta}"
                );
            }
        }
    }

    /// Rows without RMSE, and where rows switch.
    #[test]
    fn fixed_rows_and_switches() {
        let delta = |task, t| published_delta(PublishedModel::SdxlDmd2, task, t, 9.0, 0.3);
        assert_eq!(delta(TaskKind::Inpainting, 501), 1.0);
        assert_eq!(delta(TaskKind::Inpainting, 500), 0.5);
        assert_eq!(delta(TaskKind::Other, 201), 0.01);
        assert_eq!(delta(TaskKind::Other, 200), 1.0);
        let motion = |t| delta(TaskKind::MotionBlur, t) / 9.0;
        assert!((motion(401) - 0.0887).abs() < 1e-3);
        assert!((motion(400) - 0.1596).abs() < 1e-3);
        assert!((motion(0) - 3.547e-4).abs() < 1e-6);
    }

    #[test]
    fn other_factors_keep_the_data_weight() {
        let delta = |factor| {
            let task = TaskKind::SuperResolution { factor };
            published_delta(PublishedModel::SdxlDmd2, task, 999, 0.1, 0.02)
        };
        assert!((delta(8) * 4.0 / delta(16) - 1.0).abs() < 1e-12);
        assert!((delta(64) / 4.0 / delta(32) - 1.0).abs() < 1e-12);
    }
}
