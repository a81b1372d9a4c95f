//! Optimality, limits and quality of the reference solvers.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::gradient::{Field, adjoint, gradient, lengths};
use super::options::Problem;
use super::*;
use crate::image::psnr;
use crate::noise::NoiseModel;
use crate::physics::{Extras, build};
use crate::solver::Silent;
use pollster::block_on;

fn operator(task: &str, side: usize) -> Box<dyn Operator> {
    build(&task.parse().unwrap(), [3, side, side], &Extras::default()).unwrap()
}

/// Coloured discs and boxes on a ramp, values in [-0.9, 0.9].
fn picture(side: usize) -> HostTensor {
    let at = |i: usize| -> f32 {
        let (c, y, x) = (i / (side * side), i / side % side, i % side);
        let (u, v) = (x as f32 / side as f32, y as f32 / side as f32);
        let mut value = -0.5 + 0.3 * u;
        for (k, (cx, cy, r)) in [(0.3, 0.3, 0.2), (0.7, 0.6, 0.25), (0.25, 0.8, 0.12)]
            .into_iter()
            .enumerate()
        {
            if (u - cx).hypot(v - cy) < r {
                value = if c == k { 0.8 } else { -0.1 };
            }
        }
        if u > 0.55 && v < 0.25 {
            value = if c == 2 { -0.7 } else { 0.6 };
        }
        value
    };
    let data = (0..3 * side * side).map(at).collect();
    HostTensor::new([1, 3, side, side], data).unwrap()
}

fn run(
    baseline: Baseline,
    op: &dyn Operator,
    y: &HostTensor,
    sigma_n: f64,
    options: BaselineOptions,
) -> HostTensor {
    block_on(solve(baseline, op, y, sigma_n, &options, &mut Silent)).unwrap()
}

/// Cancels after so many checkpoints.
struct Impatient(usize);

impl Observer<BaselineProgress> for Impatient {
    fn notify(&mut self, event: BaselineProgress) {
        assert!(event.iteration < event.iterations && event.change >= 0.0);
    }
    async fn checkpoint(&mut self) -> Result<()> {
        if self.0 == 0 {
            return Err(Error::Cancelled);
        }
        self.0 -= 1;
        Ok(())
    }
}

fn measure(op: &dyn Operator, x: &HostTensor, sigma: f64) -> HostTensor {
    let y = NoiseModel::Gaussian { sigma }
        .apply(&op.forward(x).unwrap(), 3)
        .unwrap();
    op.keep_measured(&y).unwrap()
}

fn random(n: usize, seed: u64) -> Vec<f32> {
    let unit = NoiseModel::Gaussian { sigma: 0.5 };
    unit.apply(&HostTensor::zeros([n]), seed)
        .unwrap()
        .into_data()
}

/// Sum over pixels of the norm of the gradients of all channels together.
fn total_variation(x: &HostTensor, h: usize, w: usize) -> f64 {
    let g = gradient(x.data(), h, w);
    lengths(&g, h * w).iter().map(|v| f64::from(*v)).sum()
}

#[test]
fn the_adjoint_of_the_gradient_is_one_and_its_norm_is_bounded() {
    for (h, w) in [(5, 7), (1, 4), (6, 1)] {
        let n = 2 * h * w;
        let (x, right, down) = (random(n, 1), random(n, 2), random(n, 3));
        let g = gradient(&x, h, w);
        // Components that no difference fills must not be looked at.
        let p = Field { right, down };
        let at = adjoint(&p, h, w);
        let dot =
            |a: &[f32], b: &[f32]| -> f64 { a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum() };
        let gap = dot(&g.right, &p.right) + dot(&g.down, &p.down) - dot(&x, &at);
        assert!(gap.abs() < 1e-4, "{gap}");
        let square = dot(&g.right, &g.right) + dot(&g.down, &g.down);
        assert!(square <= f64::from(super::gradient::NORM2) * dot(&x, &x));
    }
}

/// For A = I: gap = P(x) - D(p) with P = 1/2 |x - y|^2 + w TV(x) and D = 1/2 |y|^2 - 1/2 |y - w grad^T p|^2
/// for any p of joint lengths at most 1; it bounds 1/2 |x - x*|^2.
#[test]
fn denoising_closes_the_duality_gap() {
    let side = 32;
    let op = operator("denoising", side);
    let y = measure(op.as_ref(), &picture(side), 0.2);
    for weight in [0.02, 0.3, 2.0] {
        let options = BaselineOptions {
            weight: Weight::Fixed(weight),
            iterations: 3000,
            tolerance: 1e-4,
        };
        let problem = Problem {
            operator: op.as_ref(),
            roots: None,
            y: y.clone(),
            start: y.clone(),
            delta: 0.0,
        };
        let solution = block_on(tv::solve(problem, &options, &mut Silent)).unwrap();
        let distance = y.clone().zip(&solution.x, |a, b| a - b).unwrap().norm();
        let primal = 0.5 * distance.powi(2) + weight * total_variation(&solution.x, side, side);
        let lift = adjoint(&solution.dual, side, side);
        let rest: f64 = (y.data().iter().zip(&lift))
            .map(|(y, l)| (f64::from(*y) - weight * f64::from(*l)).powi(2))
            .sum();
        let dual = 0.5 * y.norm().powi(2) - 0.5 * rest;
        let gap = primal - dual;
        assert!(
            gap > -1e-3 && gap < 1e-3 * primal,
            "{weight}: {gap} of {primal}"
        );
    }
}

#[test]
fn a_vanishing_weight_reproduces_the_data() {
    let side = 24;
    let op = operator("denoising", side);
    let y = measure(op.as_ref(), &picture(side), 0.02);
    for baseline in [Baseline::Tikhonov, Baseline::TotalVariation] {
        let options = BaselineOptions {
            weight: Weight::Fixed(1e-6),
            ..BaselineOptions::default()
        };
        let x = run(baseline, op.as_ref(), &y, 0.04, options);
        let gap = x
            .zip(&y.clone().clamp(-1.0, 1.0), |a, b| a - b)
            .unwrap()
            .norm();
        assert!(gap < 1e-3 * y.norm(), "{baseline}: {gap}");
    }
}

/// The gradient of Tikhonov's objective vanishes at its minimiser.
#[test]
fn tikhonov_solves_its_normal_equations() {
    let side = 24;
    for task in [
        "gaussian-blur:sigma=1.5",
        "super-resolution:factor=4",
        "inpainting:box=0.2",
    ] {
        let op = operator(task, side);
        let y = measure(op.as_ref(), &picture(side), 0.02);
        let weight = 0.05;
        let options = BaselineOptions {
            weight: Weight::Fixed(weight),
            iterations: 2000,
            tolerance: 1e-5,
        };
        let problem = Problem {
            operator: op.as_ref(),
            roots: None,
            y: y.clone(),
            start: op.pseudo_inverse(&y, 0.04).unwrap(),
            delta: 0.0,
        };
        let x = block_on(tikhonov::solve(problem, &options, &mut Silent)).unwrap();
        let data = op
            .adjoint(&op.forward(&x).unwrap().zip(&y, |a, b| a - b).unwrap())
            .unwrap();
        let smooth = HostTensor::new(
            x.shape(),
            adjoint(&gradient(x.data(), side, side), side, side),
        )
        .unwrap();
        let total = data
            .zip(&smooth, |d, s| d + weight as f32 * s)
            .unwrap()
            .norm();
        let scale = op.adjoint(&y).unwrap().norm();
        assert!(total < 1e-5 * scale, "{task}: {total} of {scale}");
    }
}

/// The discrepancy principle holds, and each solver beats the one before it on a piecewise smooth picture.
#[test]
fn quality_on_many_tasks() {
    let side = 64;
    let x = picture(side);
    // Task, noise, least gain in dB of TV over the pseudo-inverse.
    for (task, sigma, gain) in [
        ("denoising", 0.1, 10.0),
        ("denoising", 0.5, 12.0),
        ("gaussian-blur:sigma=2", 0.02, 2.0),
        ("super-resolution:factor=4", 0.01, 1.0),
        ("super-resolution:factor=8", 0.05, 0.2),
        ("super-resolution:factor=16", 0.01, 0.2),
        ("inpainting:random=0.7", 0.05, 2.0),
        ("inpainting:box=0.05", 0.02, 0.5),
    ] {
        let op = operator(task, side);
        let y = measure(op.as_ref(), &x, sigma);
        let m = op.measured_entries(y.dims4().unwrap()) as f64;
        let quality = |baseline| {
            let restored = run(
                baseline,
                op.as_ref(),
                &y,
                2.0 * sigma,
                BaselineOptions::default(),
            );
            let expected = (0.97 * m).sqrt() * 2.0 * sigma;
            let misfit = op.residual_norm(&restored, &y).unwrap() / expected;
            if baseline != Baseline::PseudoInverse {
                // Clamping moves it a little.
                assert!(
                    (misfit - 1.0).abs() < 0.04,
                    "{task} {sigma} {baseline}: {misfit}"
                );
            }
            psnr(&restored, &x).unwrap()
        };
        let [plain, tikhonov, tv] = Baseline::ALL.map(quality);
        assert!(tv > plain + gain, "{task} {sigma}: {plain} {tikhonov} {tv}");
        // Sixteen measured pixels leave little to tell them apart.
        assert!(
            tv > tikhonov || task.ends_with("16"),
            "{task} {sigma}: {tikhonov} {tv}"
        );
    }
}

/// With weights of 1 the dualised data term leads to the same minimiser as the exact prox.
#[test]
fn both_total_variations_agree() {
    let side = 32;
    for task in [
        "denoising",
        "gaussian-blur:sigma=1",
        "super-resolution:factor=2",
    ] {
        let op = operator(task, side);
        let y = measure(op.as_ref(), &picture(side), 0.1);
        for weight in [Weight::Discrepancy { rho: 1.0 }, Weight::Fixed(0.1)] {
            let options = BaselineOptions {
                weight,
                iterations: 6000,
                tolerance: 2e-4,
            };
            let problem = || Problem {
                operator: op.as_ref(),
                roots: None,
                y: y.clone(),
                start: op.pseudo_inverse(&y, 0.2).unwrap().clamp(-1.0, 1.0),
                delta: 0.2 * (y.len() as f64).sqrt(),
            };
            let exact = block_on(tv::solve(problem(), &options, &mut Silent))
                .unwrap()
                .x;
            let dual = block_on(tv_weighted::solve(problem(), &options, &mut Silent)).unwrap();
            let gap = exact.clone().zip(&dual, |a, b| a - b).unwrap().norm();
            assert!(
                gap < 0.02 * exact.norm(),
                "{task} {weight:?}: {gap} of {}",
                exact.norm()
            );
        }
    }
}

#[test]
fn every_noise_model_has_its_baselines() {
    let side = 64;
    let x = picture(side);
    for (model, task, gain) in [
        ("poisson:peak=10", "denoising", 8.0),
        ("salt-pepper:share=0.3", "denoising", 5.0),
        ("speckle:sigma=0.5", "denoising", 6.0),
        ("poisson:peak=30", "super-resolution:factor=2", 2.0),
        ("salt-pepper:share=0.1", "gaussian-blur:sigma=1", 1.0),
        (
            "poisson-gaussian:peak=100,sigma=0.02",
            "gaussian-blur:sigma=1",
            2.0,
        ),
        ("0.1", "denoising", 8.0),
    ] {
        let op = operator(task, side);
        let noise: NoiseModel = model.parse().unwrap();
        let y = noise.apply(&op.forward(&x).unwrap(), 4).unwrap();
        let options = BaselineOptions::default();
        let quality = |baseline| {
            let mut watch = Silent;
            let x0 = solve_with_noise(baseline, op.as_ref(), &y, &noise, &options, &mut watch);
            psnr(&block_on(x0).unwrap(), &x).unwrap()
        };
        let [plain, tikhonov, tv] = Baseline::ALL.map(quality);
        assert!(
            tv > plain + gain && tv > tikhonov,
            "{model} {task}: {plain} {tikhonov} {tv}"
        );
    }
}

#[test]
fn batches_are_their_pictures_and_bad_input_is_refused() {
    let side = 16;
    let op = operator("inpainting:random=0.5", side);
    let x = picture(side);
    let (a, b) = (
        measure(op.as_ref(), &x, 0.05),
        measure(op.as_ref(), &x.clone().map(|v| -v), 0.2),
    );
    let both = HostTensor::new([2, 3, side, side], [a.data(), b.data()].concat()).unwrap();
    let options = BaselineOptions::default();
    for baseline in Baseline::ALL {
        let together = run(baseline, op.as_ref(), &both, 0.1, options);
        let first = run(baseline, op.as_ref(), &a, 0.1, options);
        assert_eq!(&together.data()[..first.len()], first.data());
        assert_eq!(baseline.to_string().parse::<Baseline>().unwrap(), baseline);
        let go = |sigma, options: &BaselineOptions| {
            block_on(solve(
                baseline,
                op.as_ref(),
                &a,
                sigma,
                options,
                &mut Silent,
            ))
            .is_err()
        };
        assert!(go(-1.0, &options) && go(f64::NAN, &options));
        let bad = BaselineOptions {
            weight: Weight::Fixed(0.0),
            ..options
        };
        assert!(go(0.1, &bad));
        let wrong = HostTensor::zeros([1, 3, side, side + 1]);
        assert!(
            block_on(solve(
                baseline,
                op.as_ref(),
                &wrong,
                0.1,
                &options,
                &mut Silent
            ))
            .is_err()
        );
        if baseline != Baseline::PseudoInverse {
            // At the first look and at a later one.
            for patience in [0, 1] {
                let mut watch = Impatient(patience);
                let end = block_on(solve(baseline, op.as_ref(), &a, 0.1, &options, &mut watch));
                assert!(
                    matches!(end, Err(Error::Cancelled)),
                    "{baseline} {patience}"
                );
            }
        }
    }
    assert!(
        "nlm"
            .parse::<Baseline>()
            .unwrap_err()
            .to_string()
            .contains("tikhonov")
    );
}
