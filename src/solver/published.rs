//! The step sizes of the published code (Spagnoletti et al. 2025), as they are and resolution-free.
//!
//! The code sets `gamma = delta (1 - alpha_bar_t) / sigma_n^2` with `delta = c |A x + sigma n - y|`, an
//! unnormalised norm at one picture size. With m measured entries the norm is sqrt(m) RMSE. The
//! resolution-free form puts the m of the published size in its place (SDXL: 1024 x 1024 pixels,
//! SD1.5: 512 x 512), so that the constants carry over to other sizes. For Gaussian blur the two models then agree.

use super::TaskKind;

/// The published tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PublishedTable {
    /// LATINO with SDXL and DMD2, tuned at 1024 x 1024.
    SdxlDmd2,
    /// LATINO with Stable Diffusion 1.5 and LCM-LoRA, tuned at 512 x 512.
    #[default]
    Sd15Lcm,
    /// LATINO-PRO (SDXL), the chains of 4 timesteps.
    ProChain,
    /// LATINO-PRO (SDXL), the last run of 8 timesteps.
    ProLast,
}

/// How a table's constants are applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PublishedForm {
    /// As if the measurement had the published size.
    #[default]
    ResolutionFree,
    /// To the norm of the residual as it is.
    Original,
}

/// The size of a residual A x - y.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ResidualSize {
    /// Root mean square in [-1, 1] units, noise included, see [`super::StepRule::Published`].
    pub rmse: f64,
    /// Measured entries m.
    pub entries: usize,
}

/// delta at timestep `t`; `sigma_n` is the noise level in [-1, 1] units.
///
/// LATINO's tables have values for the super-resolution factors 16 and 32 only: a factor f takes the
/// constants of the nearest of the two, scaled by (f / 16)^2 or (f / 32)^2, which keeps the data weight
/// gamma / f^2 (the operator's squared singular values are about 1 / f^2). LATINO-PRO's says 1 for the others.
///
/// `sigma_n = 0` is allowed: where a table divides by sigma_n, delta is infinite.
pub fn published_delta(
    table: PublishedTable,
    form: PublishedForm,
    task: TaskKind,
    t: usize,
    residual: ResidualSize,
    sigma_n: f64,
) -> f64 {
    // |A x - y|, or what it would be for 3 channels of `side`^2 entries.
    let norm = |side: f64| {
        residual.rmse
            * match form {
                PublishedForm::ResolutionFree => 3f64.sqrt() * side,
                PublishedForm::Original => (residual.entries as f64).sqrt(),
            }
    };
    let at = |switch: usize, early: f64, late: f64| if t > switch { early } else { late };
    let of = Entry {
        norm: &norm,
        at: &at,
    };
    match table {
        PublishedTable::SdxlDmd2 => sdxl(task, t, sigma_n, &of),
        PublishedTable::Sd15Lcm => sd15(task, sigma_n, &of),
        PublishedTable::ProChain => pro(task, sigma_n, 4, &of),
        PublishedTable::ProLast => pro(task, sigma_n, 8, &of),
    }
}

/// What the rows of a table are made of.
struct Entry<'a> {
    norm: &'a dyn Fn(f64) -> f64,
    /// The early value above a timestep, else the late one.
    at: &'a dyn Fn(usize, f64, f64) -> f64,
}

/// The nearer of the factors 16 and 32, and what its constants are multiplied by.
fn nearest(factor: usize) -> (usize, f64) {
    let nearest = if factor < 24 { 16 } else { 32 };
    (nearest, (factor as f64 / nearest as f64).powi(2))
}

fn sdxl(task: TaskKind, t: usize, sigma_n: f64, of: &Entry) -> f64 {
    let Entry { norm, at } = of;
    match task {
        TaskKind::SuperResolution { factor } => match nearest(factor) {
            (16, scale) => scale * at(300, 0.3, 0.2) * norm(64.0),
            (_, scale) => scale * at(300, 0.15, 0.3) * norm(32.0),
        },
        TaskKind::GaussianBlur { sigma } if sigma >= 10.0 => at(400, 7e-4, 3e-4) * norm(1024.0),
        TaskKind::GaussianBlur { .. } => at(400, 5e-4, 2e-4) * norm(1024.0),
        // The code tells sigma = 0.01 (that is sigma_n = 0.02) apart by equality.
        TaskKind::MotionBlur if (sigma_n - 0.02).abs() < 1e-6 => at(400, 4e-4, 2e-4) * norm(1024.0),
        TaskKind::MotionBlur => {
            let late = if t > 0 { 9e-5 } else { 2e-7 };
            at(400, 5e-5, late) * norm(1024.0)
        }
        TaskKind::Inpainting => at(500, 1.0, 0.5),
        TaskKind::Other => at(200, 0.01, 1.0),
    }
}

fn sd15(task: TaskKind, sigma_n: f64, of: &Entry) -> f64 {
    let Entry { norm, at } = of;
    match task {
        TaskKind::SuperResolution { factor } => match nearest(factor) {
            (16, scale) => scale * at(300, 0.02, 0.002) / sigma_n * norm(32.0),
            (_, scale) => scale * at(300, 2.0, 0.9) * norm(16.0),
        },
        TaskKind::GaussianBlur { .. } => at(300, 1e-3, 4e-4) * norm(512.0),
        TaskKind::MotionBlur => at(400, 8e-4, 7e-4) * norm(512.0),
        TaskKind::Inpainting => at(500, 1.0, 0.5),
        TaskKind::Other => at(200, 0.01, 1.0),
    }
}

/// LATINO-PRO's rows for runs of `steps` timesteps.
fn pro(task: TaskKind, sigma_n: f64, steps: usize, of: &Entry) -> f64 {
    let Entry { norm, at } = of;
    let little = sigma_n / 2.0 < 0.05;
    let short = steps == 4;
    match task {
        TaskKind::SuperResolution { factor: 16 } if little => {
            at(300, 6e-4, 9e-4) / sigma_n * norm(64.0)
        }
        TaskKind::SuperResolution { factor: 16 } if short => {
            at(500, 0.05, 0.008) / sigma_n * norm(64.0)
        }
        TaskKind::SuperResolution { factor: 16 } => at(700, 0.06, 0.02) / sigma_n * norm(64.0),
        TaskKind::SuperResolution { factor: 32 } if little => {
            at(300, 0.015, 0.009) / sigma_n * norm(32.0)
        }
        TaskKind::SuperResolution { factor: 32 } => at(300, 0.15, 0.09) / sigma_n * norm(32.0),
        TaskKind::SuperResolution { .. } => 1.0,
        TaskKind::GaussianBlur { sigma } if little && sigma < 10.0 => match short {
            true => at(500, 4e-3, 2e-3) * norm(1024.0),
            false => 4e-4 * norm(1024.0),
        },
        TaskKind::GaussianBlur { sigma } if little && sigma > 10.0 => {
            at(400, 2e-2, 2e-3) * norm(1024.0)
        }
        TaskKind::GaussianBlur { .. } => {
            at(if short { 500 } else { 400 }, 8e-3, 5e-3) * norm(1024.0)
        }
        TaskKind::MotionBlur => match short {
            true => at(500, 4e-4, 5e-4) * norm(1024.0),
            false => at(400, 5e-4, 9e-4) * norm(1024.0),
        },
        TaskKind::Inpainting | TaskKind::Other => at(200, 0.01, 1.0),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::PublishedForm::{Original, ResolutionFree};
    use super::PublishedTable::{ProChain, ProLast, Sd15Lcm, SdxlDmd2};
    use super::TaskKind::{GaussianBlur, Inpainting, MotionBlur, Other, SuperResolution};
    use super::*;

    fn delta(
        (table, form): (PublishedTable, PublishedForm),
        task: TaskKind,
        t: usize,
        entries: usize,
        sigma_n: f64,
    ) -> f64 {
        let residual = ResidualSize { rmse: 0.1, entries };
        published_delta(table, form, task, t, residual, sigma_n)
    }

    /// delta / RMSE early and late, at sigma = 0.01.
    #[test]
    fn constants_per_rmse() {
        for (table, task, early, late) in [
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
                let got = delta((table, ResolutionFree), task, t, 7, 0.02);
                assert!((got / 0.1 / expected - 1.0).abs() < 5e-3, "{task:?} {got}");
            }
        }
    }

    /// At the published size both forms are the code's: constant times norm.
    #[test]
    fn the_forms_agree_at_the_published_size() {
        for (table, side) in [
            (SdxlDmd2, 1024),
            (Sd15Lcm, 512),
            (ProChain, 1024),
            (ProLast, 1024),
        ] {
            for (task, m) in [
                (GaussianBlur { sigma: 6.0 }, 3 * side * side),
                (MotionBlur, 3 * side * side),
                (
                    SuperResolution { factor: 16 },
                    3 * (side / 16) * (side / 16),
                ),
                (
                    SuperResolution { factor: 32 },
                    3 * (side / 32) * (side / 32),
                ),
                (Inpainting, side * side),
                (Other, 3),
            ] {
                for t in [999, 450, 350, 124] {
                    for sigma_n in [0.02, 0.2] {
                        let free = delta((table, ResolutionFree), task, t, m, sigma_n);
                        let original = delta((table, Original), task, t, m, sigma_n);
                        assert!((free / original - 1.0).abs() < 1e-12, "{table:?} {task:?}");
                    }
                }
            }
        }
        // Elsewhere the original norm grows with the number of entries.
        let blur = GaussianBlur { sigma: 6.0 };
        let got = delta((SdxlDmd2, Original), blur, 999, 3 * 128 * 128, 0.02);
        assert!((got - 5e-4 * 0.1 * (3.0 * 128.0 * 128.0f64).sqrt()).abs() < 1e-12);
    }

    /// Every row of LATINO-PRO's table: delta over the norm, early and late, and where it switches.
    #[test]
    fn latino_pros_rows() {
        let (s16, s32) = (
            SuperResolution { factor: 16 },
            SuperResolution { factor: 32 },
        );
        let gauss = |sigma| GaussianBlur { sigma };
        for (table, task, sigma, early, late, switch) in [
            (ProChain, s16, 0.01, 0.03, 0.045, 300),
            (ProLast, s16, 0.01, 0.03, 0.045, 300),
            (ProChain, s32, 0.01, 0.75, 0.45, 300),
            (ProChain, s16, 0.05, 0.5, 0.08, 500),
            (ProLast, s16, 0.05, 0.6, 0.2, 700),
            (ProLast, s32, 0.05, 1.5, 0.9, 300),
            (ProChain, gauss(6.0), 0.01, 4e-3, 2e-3, 500),
            (ProLast, gauss(6.0), 0.01, 4e-4, 4e-4, 500),
            (ProChain, gauss(20.0), 0.01, 2e-2, 2e-3, 400),
            (ProLast, gauss(20.0), 0.01, 2e-2, 2e-3, 400),
            (ProChain, gauss(10.0), 0.01, 8e-3, 5e-3, 500),
            (ProLast, gauss(6.0), 0.05, 8e-3, 5e-3, 400),
            (ProChain, MotionBlur, 0.01, 4e-4, 5e-4, 500),
            (ProLast, MotionBlur, 0.01, 5e-4, 9e-4, 400),
        ] {
            for (t, expected) in [(switch + 1, early), (switch, late)] {
                let got = delta((table, Original), task, t, 100, 2.0 * sigma);
                // RMSE 0.1 of 100 entries: the norm is 1.
                assert!(
                    (got / expected - 1.0).abs() < 1e-12,
                    "{table:?} {task:?} {got}"
                );
            }
        }
        for (task, t, expected) in [
            (SuperResolution { factor: 8 }, 999, 1.0),
            (Inpainting, 201, 0.01),
            (Other, 200, 1.0),
        ] {
            assert_eq!(delta((ProLast, ResolutionFree), task, t, 9, 0.02), expected);
        }
    }

    /// Rows without RMSE, and where rows switch.
    #[test]
    fn fixed_rows_and_switches() {
        let delta = |task, t| delta((SdxlDmd2, ResolutionFree), task, t, 5, 0.3);
        assert_eq!(delta(Inpainting, 501), 1.0);
        assert_eq!(delta(Inpainting, 500), 0.5);
        assert_eq!(delta(Other, 201), 0.01);
        assert_eq!(delta(Other, 200), 1.0);
        let motion = |t| delta(MotionBlur, t) / 0.1;
        assert!((motion(401) - 0.0887).abs() < 1e-3);
        assert!((motion(400) - 0.1596).abs() < 1e-3);
        assert!((motion(0) - 3.547e-4).abs() < 1e-6);
    }

    #[test]
    fn other_factors_keep_the_data_weight() {
        let delta = |factor| {
            let task = SuperResolution { factor };
            delta((SdxlDmd2, ResolutionFree), task, 999, 5, 0.02)
        };
        assert!((delta(8) * 4.0 / delta(16) - 1.0).abs() < 1e-12);
        assert!((delta(64) / 4.0 / delta(32) - 1.0).abs() < 1e-12);
    }
}
