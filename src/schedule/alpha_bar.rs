//! The cumulative signal power alpha_bar_t = prod_{s <= t} (1 - beta_s).

use super::{BetaSchedule, SchedulerConfig};
use crate::Result;

/// alpha_bar for t = `0..num_train_timesteps`, in f64, decreasing; in (0, 1), or ending at 0 when
/// `rescale_betas_zero_snr`. Fails as [`SchedulerConfig::check`] does.
pub fn alpha_bar_table(config: &SchedulerConfig) -> Result<Vec<f64>> {
    config.check()?;
    let table = betas(config)
        .into_iter()
        .scan(1.0, |product, beta| {
            *product *= 1.0 - beta;
            Some(*product)
        })
        .collect();
    Ok(if config.rescale_betas_zero_snr {
        zero_terminal_snr(table)
    } else {
        table
    })
}

fn betas(config: &SchedulerConfig) -> Vec<f64> {
    if let Some(betas) = &config.trained_betas {
        return betas.clone();
    }
    let n = config.num_train_timesteps;
    let line = |a: f64, b: f64, i: usize| a + (b - a) * i as f64 / (n - 1) as f64;
    let (start, end) = (config.beta_start, config.beta_end);
    (0..n)
        .map(|i| match config.beta_schedule {
            BetaSchedule::Linear => line(start, end, i),
            BetaSchedule::ScaledLinear => line(start.sqrt(), end.sqrt(), i).powi(2),
            BetaSchedule::SquaredcosCapV2 => {
                let at = |i: usize| cosine_alpha_bar(i as f64 / n as f64);
                (1.0 - at(i + 1) / at(i)).min(0.999)
            }
        })
        .collect()
}

/// Nichol and Dhariwal 2021, equation 17, without its normalisation (it cancels in beta).
fn cosine_alpha_bar(u: f64) -> f64 {
    ((u + 0.008) / 1.008 * std::f64::consts::FRAC_PI_2)
        .cos()
        .powi(2)
}

/// Lin et al. 2023, algorithm 1: shifts sqrt(alpha_bar) so that it ends at 0, and scales it so
/// that it still starts where it did.
fn zero_terminal_snr(table: Vec<f64>) -> Vec<f64> {
    let (Some(first), Some(last)) = (table.first().copied(), table.last().copied()) else {
        return table;
    };
    let (first, last) = (first.sqrt(), last.sqrt());
    table
        .into_iter()
        .map(|a| ((a.sqrt() - last) * first / (first - last)).powi(2))
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    /// Stable Diffusion's schedule, computed independently in double precision.
    #[test]
    fn stable_diffusion_values() {
        let table = alpha_bar_table(&SchedulerConfig::default()).unwrap();
        for (t, expected) in [
            (999, 0.004660),
            (879, 0.017534),
            (874, 0.018433),
            (759, 0.052213),
            (749, 0.056623),
            (639, 0.125911),
            (624, 0.138644),
            (499, 0.277670),
            (379, 0.458509),
            (374, 0.466710),
            (259, 0.658976),
            (249, 0.675432),
            (139, 0.843140),
            (124, 0.863408),
        ] {
            assert!((table[t] - expected).abs() < 6e-7, "{t}: {}", table[t]);
        }
    }

    #[test]
    fn tables_decrease() {
        for beta_schedule in [
            BetaSchedule::Linear,
            BetaSchedule::ScaledLinear,
            BetaSchedule::SquaredcosCapV2,
        ] {
            let config = SchedulerConfig {
                beta_schedule,
                ..Default::default()
            };
            let table = alpha_bar_table(&config).unwrap();
            assert!(table.windows(2).all(|w| w[1] < w[0]) && table[999] > 0.0);
        }
    }
}
