//! Samples of normal laws whose moments, components and coverage are known.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::*;
use crate::noise::{NoiseModel, NoisyLikelihood};
use crate::physics::{Extras, build};
use crate::solver::{NoiseSource, NoiseStream, SeededNoise, TaskKind};
use crate::{Error, HostTensor};

fn normal(seed: u64, shape: [usize; 3]) -> HostTensor {
    SeededNoise::new(seed, NoiseStream::Solver)
        .normal(&shape)
        .unwrap()
}

/// K samples mean_i + deviation_i n with mean i / 100 and deviation 0.1 + i / 1000.
fn independent(k: u64, shape: [usize; 3], scale: f32) -> Samples {
    let mut samples = Samples::new(shape).unwrap();
    (0..k).for_each(|s| samples.push(&draw(s, shape, scale)).unwrap());
    samples
}

fn draw(seed: u64, shape: [usize; 3], scale: f32) -> HostTensor {
    let mut x = normal(seed, shape);
    for (i, v) in x.data_mut().iter_mut().enumerate() {
        *v = i as f32 / 100.0 + scale * (0.1 + i as f32 / 1000.0) * *v;
    }
    x
}

#[test]
fn moments_are_those_of_two_passes_and_of_the_law() {
    let shape = [2, 3, 4];
    let (k, n) = (400, 24);
    let samples = independent(k, shape, 1.0);
    let (mean, deviation) = (samples.mean().unwrap(), samples.deviation().unwrap());
    for i in 0..n {
        let values: Vec<f64> = (0..k as usize)
            .map(|s| f64::from(samples.sample(s).unwrap().data()[i]))
            .collect();
        let m = values.iter().sum::<f64>() / k as f64;
        let v = values.iter().map(|x| (x - m).powi(2)).sum::<f64>() / (k - 1) as f64;
        assert!((f64::from(mean.data()[i]) - m).abs() < 1e-6);
        assert!((f64::from(deviation.data()[i]) - v.sqrt()).abs() < 1e-6);
        let law = 0.1 + i as f64 / 1000.0;
        assert!((m - i as f64 / 100.0).abs() < 4.5 * law / 20.0);
        assert!((v.sqrt() / law - 1.0).abs() < 4.5 / (2.0 * k as f64).sqrt());
    }
    let map = samples.deviation_map().unwrap();
    assert_eq!(map.shape(), [1, 3, 4]);
    let by_hand = ((deviation.data()[5].powi(2) + deviation.data()[17].powi(2)) / 2.0).sqrt();
    assert!((map.data()[5] - by_hand).abs() < 1e-6);
    assert_eq!(
        samples.values_at(1, 0, 2).unwrap()[7],
        samples.sample(7).unwrap().data()[14]
    );
    assert!(samples.values_at(2, 0, 0).is_err());
}

#[test]
fn quantiles_are_weibulls() {
    let mut samples = Samples::new([1, 1, 1]).unwrap();
    for v in [0.4, 0.1, 0.3] {
        samples.push(&HostTensor::full([1, 1, 1, 1], v)).unwrap();
    }
    // Ranks 4 p: 0.1 at p <= 1/4, 0.3 at 1/2, 0.4 at p >= 3/4.
    for (p, expected) in [
        (0.0, 0.1),
        (0.25, 0.1),
        (0.375, 0.2),
        (0.5, 0.3),
        (0.7, 0.38),
        (0.75, 0.4),
        (1.0, 0.4),
    ] {
        let q = samples.quantile(p).unwrap().data()[0];
        assert!((q - expected).abs() < 1e-6, "{p}: {q}");
    }
    let (low, high) = samples.interval(0.5).unwrap();
    assert_eq!((low.data()[0], high.data()[0]), (0.1, 0.4));
    assert_eq!(samples.widest_level(), 0.5);
    assert!(samples.quantile(1.1).is_err() && samples.interval(1.0).is_err());
}

#[test]
fn components_of_a_known_covariance() {
    // x = m + 2 a e1 + 0.5 b e2 with orthonormal e1, e2.
    let shape = [1, 8, 8];
    let e1 = HostTensor::full(shape, 0.125);
    let e2 = HostTensor::new(
        shape,
        (0..64)
            .map(|i| if i % 2 == 0 { 0.125 } else { -0.125 })
            .collect(),
    )
    .unwrap();
    let k = 300;
    let ab = normal(1, [1, k, 2]);
    let mut samples = Samples::new(shape).unwrap();
    for ab in ab.data().chunks(2) {
        let x = e1
            .clone()
            .zip(&e2, |u, v| 0.3 + 2.0 * ab[0] * u + 0.5 * ab[1] * v)
            .unwrap();
        samples.push(&x).unwrap();
    }
    let parts = samples.components(5).unwrap();
    assert_eq!(parts.len(), 2, "two directions, the rest is rounding");
    for (part, (e, variance)) in parts.iter().zip([(&e1, 4.0), (&e2, 0.25)]) {
        // Four standard errors of a variance; the directions mix by about 1 / sqrt(K) / 4.
        assert!((part.variance / variance - 1.0).abs() < 4.0 * (2.0 / k as f64).sqrt());
        let dot: f32 = part
            .direction
            .data()
            .iter()
            .zip(e.data())
            .map(|(a, b)| a * b)
            .sum();
        assert!(dot > 0.99, "{dot}");
        assert!((part.direction.norm() - 1.0).abs() < 1e-5);
    }
    assert!((parts[0].share + parts[1].share - 1.0).abs() < 1e-6);
    // The variances add up to those of the values.
    let total: f64 = samples.variances().unwrap().iter().sum();
    assert!((parts.iter().map(|p| p.variance).sum::<f64>() / total - 1.0).abs() < 1e-6);
}

#[test]
fn calibrated_samples_are_found_so_and_under_dispersed_ones_too() {
    let shape = [3, 64, 64];
    let levels = [0.3, 0.5, 0.8, 0.9, 0.99];
    for k in [8, 16] {
        let truth = draw(1000, shape, 1.0);
        let found = independent(k, shape, 1.0)
            .calibration(&truth, &levels)
            .unwrap();
        for row in &found.rows {
            let error = row.empirical - row.attainable;
            assert!(error.abs() < 0.02, "{k}: {row:?}");
        }
        assert!((found.rows[4].attainable - (k as f64 - 1.0) / (k as f64 + 1.0)).abs() < 1e-12);
        assert!((found.z_deviation.unwrap() - 1.0).abs() < 0.03, "{found:?}");
        assert!((found.error_to_spread - 1.0).abs() < 0.03 && found.z_mean.abs() < 0.05);
        assert_eq!(found.without_spread, 0.0);
        // Half the spread: intervals half as wide.
        let narrow = independent(k, shape, 0.5)
            .calibration(&truth, &levels)
            .unwrap();
        for (row, calibrated) in narrow.rows.iter().zip(&found.rows) {
            assert!(row.empirical < 0.8 * calibrated.empirical, "{row:?}");
        }
        // The error of the mean itself shrinks too: sqrt((1 + 1 / 4K) / ((1 + 1 / K) / 4)).
        let expected = ((1.0 + 0.25 / k as f64) / (1.0 + 1.0 / k as f64)).sqrt() * 2.0;
        assert!(
            (narrow.error_to_spread / expected - 1.0).abs() < 0.03,
            "{narrow:?}"
        );
        assert!(narrow.z_deviation.unwrap() > 1.8);
    }
    let three = independent(3, shape, 1.0)
        .calibration(&draw(9, shape, 1.0), &[0.5])
        .unwrap();
    assert!(three.z_deviation.is_none());
}

#[test]
fn agreement_is_counted_not_divided_by() {
    let mut samples = Samples::new([1, 1, 2]).unwrap();
    for v in [0.1, 0.2, 0.3, 0.4] {
        samples
            .push(&HostTensor::new([1, 1, 2], vec![v, 0.5]).unwrap())
            .unwrap();
    }
    let truth = HostTensor::new([1, 1, 2], vec![0.25, 0.9]).unwrap();
    let found = samples.calibration(&truth, &[0.5]).unwrap();
    assert_eq!(found.without_spread, 0.5);
    assert!(found.z_mean.abs() < 1e-6 && found.z_deviation.unwrap() < 1e-6);
    assert_eq!(found.rows[0].empirical, 0.5);
}

#[test]
fn independent_errors_average_out_and_common_ones_do_not() {
    let shape = [1, 32, 32];
    let (mut white, mut common) = (Samples::new(shape).unwrap(), Samples::new(shape).unwrap());
    for seed in 0..40 {
        let x = normal(seed, shape);
        common.push(&HostTensor::full(shape, x.data()[0])).unwrap();
        white.push(&x).unwrap();
    }
    for factor in [1, 2, 4, 8] {
        let spread = white.spread_at_scale(factor).unwrap() * factor as f64;
        assert!((spread - 1.0).abs() < 0.15, "{factor}: {spread}");
        let same = common.spread_at_scale(factor).unwrap();
        assert!((same / common.spread_at_scale(1).unwrap() - 1.0).abs() < 1e-5);
    }
    // Blocks that are cut off at the border.
    assert!(white.spread_at_scale(5).unwrap() < 0.3 && white.spread_at_scale(0).is_err());
}

#[test]
fn the_prompts_share_is_found() {
    let shape = [1, 16, 16];
    let group = |seed: u64, offset: f32| {
        let mut samples = Samples::new(shape).unwrap();
        for s in 0..6 {
            samples
                .push(&normal(seed + s, shape).map(|v| offset + 0.3 * v))
                .unwrap();
        }
        samples
    };
    let (a, b, c) = (group(0, 0.0), group(10, 0.0), group(20, 0.8));
    assert!(prompt_effect(&[&a, &b]).unwrap().share < 0.02);
    let effect = prompt_effect(&[&a, &c]).unwrap();
    // Variance between 0.8^2 / 2, within 0.09.
    assert!(
        (effect.share - 0.32 / 0.41).abs() < 0.03,
        "{}",
        effect.share
    );
    let rms = |x: &HostTensor| x.norm() / (x.len() as f64).sqrt();
    assert!((rms(&effect.within) - 0.3).abs() < 0.02);
    assert!((rms(&effect.between) - 0.32f64.sqrt()).abs() < 0.03);
    assert!(prompt_effect(&[&a]).is_err() && prompt_effect(&[]).is_err());
    let other = Samples::new([1, 2, 2]).unwrap();
    assert!(matches!(prompt_effect(&[&a, &other]), Err(Error::Shape(_))));
}

#[test]
fn the_truth_is_consistent_with_its_data_and_others_are_not() {
    let op = build(
        &"gaussian-blur:sigma=1".parse().unwrap(),
        [3, 32, 32],
        &Extras::default(),
    )
    .unwrap();
    let truth = normal(3, [3, 32, 32]).map(|v| (0.2 * v).clamp(-0.8, 0.8));
    let truth = HostTensor::new([1, 3, 32, 32], truth.into_data()).unwrap();
    for model in ["0.05", "poisson:peak=20"] {
        let model: NoiseModel = model.parse().unwrap();
        let like = NoisyLikelihood::new(op.as_ref(), model, TaskKind::Other).unwrap();
        let y = model.apply(&op.forward(&truth).unwrap(), 1).unwrap();
        let chi = |x: &HostTensor| data_consistency(&like, x, &y, like.sigma()).unwrap();
        assert!(
            (chi(&truth) - 1.0).abs() < 4.0 * (2.0f64 / 3072.0).sqrt(),
            "{}",
            chi(&truth)
        );
        assert!(chi(&truth.clone().map(|v| v + 0.5)) > 1.5);
        assert!(data_consistency(&like, &truth, &y, 0.0).is_err());
    }
}

#[test]
fn what_is_missing_or_misshapen_is_named() {
    let mut samples = Samples::new([1, 2, 2]).unwrap();
    assert!(samples.is_empty() && samples.mean().is_err() && samples.quantile(0.5).is_err());
    samples.push(&HostTensor::zeros([1, 1, 2, 2])).unwrap();
    assert!(samples.mean().is_ok());
    let message = samples.deviation().unwrap_err().to_string();
    assert!(message.contains("2 samples"), "{message}");
    assert!(samples.components(1).is_err() && samples.spread_at_scale(1).is_err());
    assert!(matches!(
        samples.push(&HostTensor::zeros([1, 2, 3])),
        Err(Error::Shape(_))
    ));
    assert!(
        samples
            .push(&HostTensor::full([1, 2, 2], f32::NAN))
            .is_err()
    );
    assert!(Samples::new([0, 2, 2]).is_err());
    assert_eq!(samples.len(), 1);
}
