//! The likelihood step of every noise model on every kind of operator.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::quadratic::{Stop, WeightedProx};
use super::weights::weights;
use super::*;
use crate::HostTensor;
use crate::physics::{Extras, Operator, build};
use crate::solver::{Likelihood, TaskKind};

const MODELS: [&str; 5] = [
    "gaussian:sigma=0.1",
    "poisson:peak=8",
    "poisson-gaussian:peak=20,sigma=0.05",
    "salt-pepper:share=0.15",
    "speckle:sigma=0.25",
];

const TASKS: [&str; 6] = [
    "denoising",
    "inpainting:random=0.4,seed=2",
    "super-resolution:factor=2,kernel=area",
    "super-resolution:factor=2",
    "gaussian-blur:sigma=1.2",
    "colorization",
];

fn operator(task: &str, side: usize) -> Box<dyn Operator> {
    build(&task.parse().unwrap(), [3, side, side], &Extras::default()).unwrap()
}

/// Smooth, with one edge, intensities in [0.15, 0.85].
fn picture(side: usize) -> HostTensor {
    let at = |i: usize| {
        let (c, y, x) = (i / (side * side), i / side % side, i % side);
        let (u, v) = (x as f32 / side as f32, y as f32 / side as f32);
        let wave = 0.2 * (6.0 * u + c as f32).sin() * (5.0 * v).cos();
        0.5 + wave + if u + v > 1.0 { 0.12 } else { -0.12 }
    };
    let data = (0..3 * side * side).map(|i| 2.0 * at(i) - 1.0).collect();
    HostTensor::new([1, 3, side, side], data).unwrap()
}

fn measure(model: &NoiseModel, op: &dyn Operator, x: &HostTensor, seed: u64) -> HostTensor {
    let y = model.apply(&op.forward(x).unwrap(), seed).unwrap();
    op.keep_measured(&y).unwrap()
}

fn dot(a: &HostTensor, b: &HostTensor) -> f64 {
    (a.data().iter().zip(b.data()))
        .map(|(a, b)| f64::from(*a) * f64::from(*b))
        .sum()
}

/// The stated objective gamma L(x) + 1/2 |x - z|^2, in f64 from its definition.
fn objective(
    model: &NoiseModel,
    op: &dyn Operator,
    exact_counts: bool,
    x: &HostTensor,
    z: &HostTensor,
    y: &HostTensor,
    gamma: f64,
) -> f64 {
    let ax = op.forward(x).unwrap();
    let near = (x.data().iter().zip(z.data()))
        .map(|(x, z)| (f64::from(*x) - f64::from(*z)).powi(2) / 2.0)
        .sum::<f64>();
    let w = weights(model, op, y).unwrap();
    let sigma_n2 = (2.0 * model.effective_sigma()).powi(2);
    let data: f64 = (ax.data().iter().zip(y.data()).zip(w.data()))
        .filter(|(_, w)| **w > 0.0)
        .map(|((a, y), w)| {
            let (a, y) = (f64::from(*a), f64::from(*y));
            match counts::law(model) {
                Some((peak, shift)) if exact_counts => {
                    let rate = peak * (a + 1.0) / 2.0 + shift;
                    let n = (peak * (y + 1.0) / 2.0 + shift).max(0.0);
                    sigma_n2 * (rate - if n > 0.0 { n * rate.ln() } else { 0.0 })
                }
                _ => f64::from(*w) * (a - y).powi(2) / 2.0,
            }
        })
        .sum();
    gamma * data + near
}

/// The directional derivatives of the objective at the step are small against those at z, and every
/// move away from the step costs.
#[test]
fn every_step_minimises_its_stated_objective() {
    let side = 16;
    let x = picture(side);
    for task in TASKS {
        let op = operator(task, side);
        let op = op.as_ref();
        let exact_counts = task == "denoising" || task.starts_with("inpainting");
        for model in MODELS {
            let model: NoiseModel = model.parse().unwrap();
            let y = measure(&model, op, &x, 5);
            let like = NoisyLikelihood::new(op, model, TaskKind::Other).unwrap();
            let z = NoiseModel::Gaussian { sigma: 0.03 }
                .apply(&x, 8)
                .unwrap()
                .map(|v| 0.9 * v);
            for gamma in [0.01, 1.0, 30.0, 1e3] {
                let p = like.prox(&z, &y, gamma).unwrap();
                let at = |x: &HostTensor| objective(&model, op, exact_counts, x, &z, &y, gamma);
                let (start, end) = (at(&z), at(&p));
                let what = format!("{task} {model} gamma {gamma}");
                assert!(end <= start + 1e-9, "{what}: {start} {end}");
                for seed in 0..4 {
                    let d = NoiseModel::Gaussian { sigma: 1.0 }
                        .apply(&HostTensor::zeros(z.shape()), 100 + seed)
                        .unwrap();
                    let d = if seed < 2 {
                        d
                    } else {
                        op.adjoint(&op.forward(&d).unwrap()).unwrap()
                    };
                    // Where no photon came the rate may end at zero, beyond which there is nothing.
                    let d = d.zip(&p, |d, p| if p < -0.99 { 0.0 } else { d }).unwrap();
                    let size = 2e-3 / (d.norm() / (d.len() as f64).sqrt());
                    let slope = |x: &HostTensor| {
                        let moved =
                            |s: f64| x.clone().zip(&d, |x, d| x + (s * size) as f32 * d).unwrap();
                        (
                            at(&moved(1.0)) - at(&moved(-1.0)),
                            at(&moved(1.0)) + at(&moved(-1.0)),
                        )
                    };
                    let (gradient, sum) = slope(&p);
                    let curvature = sum - 2.0 * end;
                    // The minimum along d is gradient / (2 curvature) moves of `size` away.
                    assert!(curvature > 0.0, "{what}: {curvature}");
                    let away = (gradient / (2.0 * curvature)).abs() * 2e-3;
                    assert!(away < 2e-5 * (1.0 + z.norm()), "{what}: {away}");
                }
            }
        }
    }
}

#[test]
fn the_truth_meets_the_discrepancy_in_expectation() {
    let side = 48;
    let x = picture(side);
    for task in TASKS {
        let op = operator(task, side);
        for model in MODELS.into_iter().chain(["poisson:peak=1.5"]) {
            let model: NoiseModel = model.parse().unwrap();
            let like = NoisyLikelihood::new(op.as_ref(), model, TaskKind::Other).unwrap();
            let sigma_n = 2.0 * like.sigma();
            let (mut sum, runs) = (0.0, 12);
            for seed in 0..runs {
                let mut y = measure(&model, op.as_ref(), &x, seed);
                if matches!(model, NoiseModel::SaltPepper { .. }) {
                    // What is not struck is exact but for the rounding of a picture file.
                    y = y.map(|v| ((v + 1.0) * 127.5).round() / 127.5 - 1.0);
                    y = op.keep_measured(&y).unwrap();
                }
                let m = like.measured_entries(&y) as f64;
                sum += like.residual_norm(&x, &y).unwrap().powi(2) / (m * sigma_n * sigma_n);
            }
            let ratio = sum / runs as f64;
            // The rounding errors of a smooth picture are not quite uniform.
            let accepted = match model {
                NoiseModel::SaltPepper { .. } => 0.08,
                _ => 0.04,
            };
            assert!((ratio - 1.0).abs() < accepted, "{task} {model}: {ratio}");
        }
    }
}

#[test]
fn residuals_after_the_step_agree_and_fall_with_gamma() {
    let side = 16;
    let x = picture(side);
    for task in TASKS {
        let op = operator(task, side);
        for model in MODELS {
            let model: NoiseModel = model.parse().unwrap();
            let y = measure(&model, op.as_ref(), &x, 3);
            let like = NoisyLikelihood::new(op.as_ref(), model, TaskKind::Other).unwrap();
            let z = x.clone().map(|v| 0.7 * v + 0.1);
            let curve = like.residual_curve(&z, &y).unwrap();
            // In the order of a search: both ends first.
            for gamma in [1e-6, 1e8, 3.0, 0.2, 20.0, 200.0] {
                let p = like.prox(&z, &y, gamma).unwrap();
                let direct = like.residual_norm(&p, &y).unwrap();
                let after = like.residual_norm_after_prox(&z, &y, gamma).unwrap();
                let curved = curve(gamma).unwrap();
                let what = format!("{task} {model} gamma {gamma}: {direct} {after} {curved}");
                assert!((direct - after).abs() <= 1e-6 * direct + 1e-6, "{what}");
                let scale = direct + 2e-3 * like.residual_norm(&z, &y).unwrap();
                // At the end of the search it need only be seen that the noise level is undercut.
                let target = 2.0 * like.sigma() * (like.measured_entries(&y) as f64).sqrt();
                let floor = if gamma == 1e8 { target / 2.0 } else { 1e-6 };
                // Missing entries under an operator that mixes take the search longest.
                let accepted = match model {
                    NoiseModel::SaltPepper { .. } => 5e-2,
                    _ => 5e-3,
                };
                assert!((direct - curved).abs() < accepted * scale + floor, "{what}");
            }
            let mut last = f64::INFINITY;
            for gamma in [0.0, 0.1, 1.0, 10.0, 100.0] {
                let norm = like.residual_norm_after_prox(&z, &y, gamma).unwrap();
                assert!(norm < last, "{task} {model} {gamma}: {norm} {last}");
                last = norm;
            }
            assert!(like.prox(&z, &y, -1.0).is_err() && like.prox(&z, &y, f64::NAN).is_err());
        }
    }
}

/// Conjugate gradients never raise the objective, and a plain majorise-minimise loop ends where they do.
#[test]
fn the_iteration_descends_to_the_fixed_point_of_the_majoriser() {
    let side = 24;
    let x = picture(side);
    let op = operator("gaussian-blur:sigma=1.2", side);
    let op = op.as_ref();
    for (model, gamma) in [
        ("poisson:peak=8", 5.0),
        ("speckle:sigma=0.25", 50.0),
        ("salt-pepper", 20.0),
    ] {
        let model: NoiseModel = model.parse().unwrap();
        let y = measure(&model, op, &x, 1);
        let w = weights(&model, op, &y).unwrap();
        let z = x.clone().map(|v| 0.7 * v + 0.1);
        let problem = WeightedProx::new(op, &z, y.clone(), w.clone());
        let mut last = f64::INFINITY;
        let mut steps = 0;
        for iterations in 0..25 {
            let stop = Stop {
                tolerance: 1e-5,
                iterations,
            };
            let mut at = problem.start().unwrap();
            steps = problem.solve(gamma, &mut at, stop).unwrap();
            let value = problem.objective(gamma, &at).unwrap();
            assert!(
                value <= last * (1.0 + 1e-6),
                "{model} {iterations}: {value} {last}"
            );
            last = value;
        }
        assert!(steps < 24, "{model}: {steps} steps");
        let top = w.data().iter().fold(0.0f32, |a, b| a.max(*b));
        let mut mm = z.clone();
        for _ in 0..600 {
            let ax = op.forward(&mm).unwrap();
            let mut s = ax.clone();
            for ((s, y), w) in s.data_mut().iter_mut().zip(y.data()).zip(w.data()) {
                *s += w / top * (y - *s);
            }
            mm = op.prox(&z, &s, gamma * f64::from(top)).unwrap();
        }
        let like = NoisyLikelihood::new(op, model, TaskKind::Other).unwrap();
        let p = like.prox(&z, &y, gamma).unwrap();
        let gap = p.clone().zip(&mm, |a, b| a - b).unwrap().norm();
        let moved = p.zip(&z, |a, b| a - b).unwrap().norm();
        assert!(gap < 2e-3 * moved, "{model}: {gap} of {moved}");
    }
}

#[test]
fn gaussian_noise_is_the_operators_own_prox() {
    let op = operator("gaussian-blur:sigma=1.2", 16);
    let like =
        NoisyLikelihood::new(op.as_ref(), NoiseModel::default(), TaskKind::MotionBlur).unwrap();
    let (x, y) = (picture(16), picture(16).map(|v| 0.5 * v));
    assert_eq!(
        like.prox(&x, &y, 3.0).unwrap(),
        op.prox(&x, &y, 3.0).unwrap()
    );
    assert_eq!(
        like.residual_norm(&x, &y).unwrap(),
        op.residual_norm(&x, &y).unwrap()
    );
    assert_eq!(like.task_kind(), TaskKind::MotionBlur);
    assert!(dot(&x, &like.adjoint(&y).unwrap()) != 0.0);
}

#[test]
fn struck_pixels_are_not_looked_at() {
    let op = operator("denoising", 16);
    let model = NoiseModel::SaltPepper { share: 0.2 };
    let like = NoisyLikelihood::new(op.as_ref(), model, TaskKind::Other).unwrap();
    let x = picture(16);
    let y = measure(&model, op.as_ref(), &x, 7);
    let struck = y.data().iter().filter(|v| v.abs() == 1.0).count();
    assert!(struck > 100 && like.measured_entries(&y) == 768 - struck);
    let z = HostTensor::full(x.shape(), 0.1);
    let p = like.prox(&z, &y, 1e8).unwrap();
    for ((p, y), x) in p.data().iter().zip(y.data()).zip(x.data()) {
        let expected = if y.abs() == 1.0 { 0.1 } else { *x };
        assert!((p - expected).abs() < 1e-5);
    }
    let start = like.pseudo_inverse(&y, 0.0).unwrap();
    let error = |a: &HostTensor| a.clone().zip(&x, |a, b| a - b).unwrap().norm();
    assert!(
        error(&start) < 0.3 * error(&y),
        "{} {}",
        error(&start),
        error(&y)
    );
}
