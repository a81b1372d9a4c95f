#![allow(clippy::unwrap_used, clippy::expect_used)]

use super::super::mock::{Diagonal, Fault, GaussianPrior, Recorder, block_on};
use super::*;
use crate::solver::{GenerateReport, GivenNoise, NoiseStream, SeededNoise, generate};

const SHAPE: [usize; 4] = [1, 3, 4, 4];
const STEPS: [usize; 4] = [999, 759, 499, 259];

fn options() -> LatinoOptions {
    LatinoOptions {
        timesteps: STEPS.to_vec(),
        ..Default::default()
    }
}

fn ramp(shape: [usize; 4]) -> HostTensor {
    let n = shape.iter().product::<usize>();
    let data = (0..n).map(|i| i as f32 / n as f32 - 0.5).collect();
    HostTensor::new(shape, data).unwrap()
}

fn noises(n: usize) -> Vec<HostTensor> {
    let mut source = SeededNoise::new(5, NoiseStream::Solver);
    (0..n).map(|_| source.normal(&SHAPE).unwrap()).collect()
}

struct Run {
    result: Result<Restoration>,
    reports: Vec<StepReport>,
    checkpoints: usize,
}

fn run(
    prior: &GaussianPrior,
    likelihood: &Diagonal,
    y: &HostTensor,
    sigma: f64,
    options: &LatinoOptions,
    noise: &mut impl NoiseSource,
) -> Run {
    let mut observer = Recorder::new();
    let problem = Problem {
        likelihood,
        y,
        sigma,
    };
    let result = block_on(latino(
        prior,
        &prior.scheduler,
        problem,
        options,
        noise,
        &mut observer,
    ));
    Run {
        result,
        reports: observer.events,
        checkpoints: observer.checkpoints,
    }
}

/// The whole chain written out once more, entry by entry, in f64.
#[test]
fn the_chain_is_the_published_one() {
    let mut prior = GaussianPrior::new(0.1, 0.3);
    prior.gain = 2.0;
    prior.loss = 0.01;
    let (a, sigma, gamma) = (0.8f64, 0.05, 2.5);
    let likelihood = Diagonal::scale(a as f32);
    let y = ramp(SHAPE);
    let noise = noises(4);
    for (initialisation, output, re_encoding, zeta, kappa) in [
        (
            Initialisation::Adjoint,
            OutputStage::Decoded,
            ReEncoding::Direct,
            1.0,
            0.0,
        ),
        (
            Initialisation::PseudoInverse,
            OutputStage::Prox,
            ReEncoding::Corrected,
            1.0,
            0.3,
        ),
        (
            Initialisation::PseudoInverse,
            OutputStage::BeforeProx,
            ReEncoding::Direct,
            0.4,
            0.6,
        ),
        (
            Initialisation::Picture(ramp(SHAPE).map(|v| -v)),
            OutputStage::Prox,
            ReEncoding::Direct,
            1.0,
            0.5,
        ),
    ] {
        let options = LatinoOptions {
            initialisation,
            output,
            re_encoding,
            rule: StepRule::Fixed(gamma),
            fresh_noise: zeta,
            relaxation: kappa,
            ..options()
        };
        let mut given = GivenNoise::new(noise.clone());
        let got = run(&prior, &likelihood, &y, sigma, &options, &mut given);
        assert_eq!(given.left(), 0);
        let picture = got.result.unwrap().picture;
        for i in 0..y.len() {
            let (gain, loss) = (2.0, 0.01f32 as f64);
            let y = f64::from(y.data()[i]);
            let n = |k: usize| f64::from(noise[k].data()[i]);
            let ab = |k: usize| prior.scheduler.alpha_bar(STEPS[k]).unwrap();
            let clip = |v: f64| v.clamp(-1.0, 1.0);
            let start = match &options.initialisation {
                Initialisation::Adjoint => a * y,
                Initialisation::PseudoInverse => y / a,
                Initialisation::Picture(x) => f64::from(x.data()[i]),
            };
            let mut z = ab(0).sqrt() * gain * clip(start) + (1.0 - ab(0)).sqrt() * n(0);
            let (mut x, mut xp) = (0.0, clip(start));
            for (k, t) in STEPS.into_iter().enumerate() {
                let z0 = prior.denoise(z, t);
                let kept = kappa * ab(k);
                let decoded = clip(z0 / gain - loss);
                x = (1.0 - kept) * decoded + kept * xp;
                xp = clip((x + gamma * a * y) / (1.0 + gamma * a * a));
                if k == 3 {
                    break;
                }
                let clean = match re_encoding {
                    ReEncoding::Direct => gain * xp,
                    ReEncoding::Corrected => z0 + gain * (xp - decoded),
                };
                let eps = (z - ab(k).sqrt() * clean) / (1.0 - ab(k)).sqrt();
                let mixed = f64::sqrt(1.0 - zeta) * eps + f64::sqrt(zeta) * n(k + 1);
                z = ab(k + 1).sqrt() * clean + (1.0 - ab(k + 1)).sqrt() * mixed;
            }
            let expected = match output {
                OutputStage::Prox => xp,
                OutputStage::BeforeProx => x,
                OutputStage::Decoded => xp - loss,
            };
            let got = f64::from(picture.data()[i]);
            assert!(
                (got - expected).abs() < 1e-5,
                "{output:?}: {got} {expected}"
            );
        }
    }
}

/// With a near-dogmatic likelihood the posterior is y, with none it is the prior.
#[test]
fn limits_of_the_posterior() {
    let prior = GaussianPrior::new(0.2, 1e-3);
    let y = ramp(SHAPE);
    let mut noise = SeededNoise::new(1, NoiseStream::Solver);
    let exact = run(
        &prior,
        &Diagonal::scale(1.0),
        &y,
        0.0,
        &options(),
        &mut noise,
    );
    for (got, y) in exact.result.unwrap().picture.data().iter().zip(y.data()) {
        assert!((got - y).abs() < 1e-5);
    }
    let blind = run(
        &prior,
        &Diagonal::scale(1.0),
        &y,
        2.0,
        &options(),
        &mut noise,
    );
    assert!(blind.reports.iter().all(|r| r.data[0].gamma == 0.0));
    for got in blind.result.unwrap().picture.data() {
        assert!((got - 0.2).abs() < 0.01);
    }
}

/// Denoising a Gaussian with the gamma that makes the prox a posterior mean, 1 / sigma_n^2 times
/// the variance left by the prior: the result must lie nearer to the truth than y does.
#[test]
fn a_gaussian_posterior_beats_its_measurement() {
    let shape = [1, 3, 32, 32];
    let prior = GaussianPrior::new(0.0, 0.15);
    let mut noise = SeededNoise::new(11, NoiseStream::Measurement);
    let truth = noise.normal(&shape).unwrap().map(|v| 0.15 * v);
    let sigma = 0.1;
    let w = noise.normal(&shape).unwrap();
    let y = truth.clone().zip(&w, |x, w| x + 0.2 * w).unwrap();
    let mut noise = SeededNoise::new(11, NoiseStream::Solver);
    let done = run(
        &prior,
        &Diagonal::scale(1.0),
        &y,
        sigma,
        &options(),
        &mut noise,
    );
    let error = |x: &HostTensor| {
        let d = x.clone().zip(&truth, |a, b| a - b).unwrap();
        d.norm() / (d.len() as f64).sqrt()
    };
    let picture = done.result.unwrap().picture;
    assert!(
        error(&picture) < 0.8 * error(&y),
        "{} {}",
        error(&picture),
        error(&y)
    );
}

#[test]
fn discrepancy_reports_the_noise_level_and_ignores_holes() {
    let prior = GaussianPrior::new(0.0, 0.5);
    let mask: Vec<bool> = (0..48).map(|i| i % 3 != 0).collect();
    let likelihood = Diagonal::mask(mask);
    let y = likelihood.forward(&ramp(SHAPE)).unwrap();
    let sigma = 0.02;
    let mut noise = SeededNoise::new(2, NoiseStream::Solver);
    let done = run(&prior, &likelihood, &y, sigma, &options(), &mut noise);
    assert_eq!(done.reports.len(), 4);
    for report in &done.reports {
        let data = report.data[0];
        assert!(data.gamma > 0.0 && data.residual_before > sigma);
        assert!((data.residual_after / sigma - 1.0).abs() < 5e-3, "{data:?}");
    }
    let restored = done.result.unwrap();
    assert_eq!(restored.evaluations, 4);
    assert_eq!(restored.picture, done.reports[3].after);
    let timesteps: Vec<_> = done.reports.iter().map(|r| (r.step, r.timestep)).collect();
    assert_eq!(timesteps, [(1, 999), (2, 759), (3, 499), (4, 259)]);
}

/// Pictures of a batch are solved as if alone, each with its own gamma.
#[test]
fn a_batch_is_its_pictures() {
    let prior = GaussianPrior::new(0.1, 0.4);
    let likelihood = Diagonal::scale(0.9);
    let (y1, n1) = (ramp(SHAPE), noises(8));
    let y2 = y1.clone().map(|v| 0.3 - v);
    let stack = |a: &HostTensor, b: &HostTensor| {
        let data = [a.data(), b.data()].concat();
        HostTensor::new([2, 3, 4, 4], data).unwrap()
    };
    let both = (0..4).map(|k| stack(&n1[k], &n1[k + 4]));
    let batch = run(
        &prior,
        &likelihood,
        &stack(&y1, &y2),
        0.03,
        &options(),
        &mut GivenNoise::new(both),
    );
    let alone = |y, n: &[HostTensor]| {
        let mut noise = GivenNoise::new(n.to_vec());
        run(&prior, &likelihood, y, 0.03, &options(), &mut noise)
    };
    let (one, two) = (alone(&y1, &n1[..4]), alone(&y2, &n1[4..]));
    assert_eq!(batch.reports[0].data[1], two.reports[0].data[0]);
    assert_ne!(
        batch.reports[0].data[0].gamma,
        batch.reports[0].data[1].gamma
    );
    assert_eq!(
        batch.result.unwrap().picture,
        stack(&one.result.unwrap().picture, &two.result.unwrap().picture)
    );
}

#[test]
fn seeds_reproduce() {
    let prior = GaussianPrior::new(0.0, 0.5);
    let mask: Vec<bool> = (0..48).map(|i| i % 2 == 0).collect();
    let likelihood = Diagonal::mask(mask);
    let y = likelihood.forward(&ramp(SHAPE)).unwrap();
    let restore = |seed| {
        let mut noise = SeededNoise::new(seed, NoiseStream::Solver);
        run(&prior, &likelihood, &y, 0.02, &options(), &mut noise)
            .result
            .unwrap()
    };
    assert_eq!(restore(4), restore(4));
    assert_ne!(restore(4), restore(5));
}

#[test]
fn network_calls_and_checkpoints_are_as_documented() {
    let y = ramp(SHAPE);
    for (output, re_encoding, calls) in [
        (OutputStage::Prox, ReEncoding::Direct, "eudeudeudeuD"),
        (OutputStage::Decoded, ReEncoding::Direct, "eudeudeudeuDeD"),
        (
            OutputStage::BeforeProx,
            ReEncoding::Corrected,
            "eudeeudeeudeeuD",
        ),
    ] {
        let prior = GaussianPrior::new(0.0, 0.5);
        let options = LatinoOptions {
            output,
            re_encoding,
            ..options()
        };
        let mut noise = SeededNoise::new(1, NoiseStream::Solver);
        let done = run(
            &prior,
            &Diagonal::scale(1.0),
            &y,
            0.02,
            &options,
            &mut noise,
        );
        done.result.unwrap();
        assert_eq!(*prior.calls.borrow(), calls);
        assert_eq!(done.checkpoints, calls.len());
    }
}

#[test]
fn cancelling_stops_before_the_next_network_call() {
    let y = ramp(SHAPE);
    let likelihood = Diagonal::scale(1.0);
    for cancel_at in 1..=12 {
        let prior = GaussianPrior::new(0.0, 0.5);
        let mut noise = SeededNoise::new(1, NoiseStream::Solver);
        let mut observer = Recorder::cancelling_at(cancel_at);
        let problem = Problem {
            likelihood: &likelihood,
            y: &y,
            sigma: 0.02,
        };
        let result = block_on(latino(
            &prior,
            &prior.scheduler,
            problem,
            &options(),
            &mut noise,
            &mut observer,
        ));
        assert!(matches!(result, Err(Error::Cancelled)));
        assert_eq!(prior.calls.borrow().len(), cancel_at - 1);
    }
}

#[test]
fn bad_network_output_names_stage_and_step() {
    let y = ramp(SHAPE);
    for (fault, parts) in [
        (
            Fault::Predict(759),
            ["denoising network", "step 2 of 4, t = 759"],
        ),
        (Fault::Encode(1), ["encoder", "before step 1"]),
        (Fault::Encode(3), ["encoder", "step 2 of 4"]),
        (Fault::Decode(4), ["decoder", "step 4 of 4, t = 259"]),
        (Fault::Decode(5), ["decoder", "last round trip"]),
        (Fault::Constant, ["one value everywhere", "step 1 of 4"]),
    ] {
        let prior = GaussianPrior::new(0.0, 0.5).with_fault(fault);
        let options = LatinoOptions {
            output: OutputStage::Decoded,
            ..options()
        };
        let mut noise = SeededNoise::new(1, NoiseStream::Solver);
        let done = run(
            &prior,
            &Diagonal::scale(1.0),
            &y,
            0.02,
            &options,
            &mut noise,
        );
        match done.result {
            Err(Error::BadOutput(message)) => {
                assert!(parts.iter().all(|p| message.contains(p)), "{message}");
            }
            other => panic!("{fault:?}: {other:?}"),
        }
    }
}

#[test]
fn options_out_of_range_are_refused() {
    let prior = GaussianPrior::new(0.0, 0.5);
    let y = ramp(SHAPE);
    let try_with = |y: &HostTensor, sigma, options: &LatinoOptions| {
        let mut noise = SeededNoise::new(1, NoiseStream::Solver);
        run(&prior, &Diagonal::scale(1.0), y, sigma, options, &mut noise).result
    };
    let bad_options = [
        LatinoOptions::default(),
        LatinoOptions {
            timesteps: vec![259, 499],
            ..options()
        },
        LatinoOptions {
            timesteps: vec![1000],
            ..options()
        },
        LatinoOptions {
            rule: StepRule::Fixed(-1.0),
            ..options()
        },
        LatinoOptions {
            fresh_noise: 1.5,
            ..options()
        },
        LatinoOptions {
            relaxation: 1.0,
            ..options()
        },
        LatinoOptions {
            relaxation: f64::NAN,
            ..options()
        },
    ];
    for bad in &bad_options {
        assert!(
            matches!(try_with(&y, 0.02, bad), Err(Error::Invalid(_))),
            "{bad:?}"
        );
    }
    for sigma in [-0.1, f64::NAN, f64::INFINITY] {
        assert!(matches!(
            try_with(&y, sigma, &options()),
            Err(Error::Invalid(_))
        ));
    }
    let nan = y.clone().map(|_| f32::NAN);
    assert!(matches!(
        try_with(&nan, 0.02, &options()),
        Err(Error::Invalid(_))
    ));
    assert!(prior.calls.borrow().is_empty());
}

/// With an exact denoiser, multi-step sampling is this affine chain.
#[test]
fn generation_follows_the_lcm_chain() {
    let prior = GaussianPrior::new(0.1, 0.3);
    let noise = noises(4);
    let mut observer = Recorder::<GenerateReport>::new();
    let mut given = GivenNoise::new(noise.clone());
    let picture = block_on(generate(
        &prior,
        &prior.scheduler,
        SHAPE,
        &STEPS,
        &mut given,
        &mut observer,
    ))
    .unwrap();
    assert_eq!(given.left(), 0);
    assert_eq!(*prior.calls.borrow(), "uuuud");
    assert_eq!((observer.events.len(), observer.checkpoints), (4, 5));
    for i in 0..picture.len() {
        let mut z = f64::from(noise[0].data()[i]);
        for (k, t) in STEPS.into_iter().enumerate() {
            z = prior.denoise(z, t);
            if let Some(next) = STEPS.get(k + 1) {
                let ab = prior.scheduler.alpha_bar(*next).unwrap();
                z = ab.sqrt() * z + (1.0 - ab).sqrt() * f64::from(noise[k + 1].data()[i]);
            }
        }
        assert!((f64::from(picture.data()[i]) - z.clamp(-1.0, 1.0)).abs() < 1e-5);
    }
}

#[test]
fn generation_can_be_cancelled_and_refuses_bad_output() {
    let attempt = |prior: GaussianPrior, cancel_at| {
        let mut observer = Recorder::<GenerateReport>::cancelling_at(cancel_at);
        let mut noise = SeededNoise::new(1, NoiseStream::Solver);
        block_on(generate(
            &prior,
            &prior.scheduler,
            SHAPE,
            &STEPS,
            &mut noise,
            &mut observer,
        ))
    };
    let good = || GaussianPrior::new(0.0, 0.5);
    assert!(attempt(good(), 6).is_ok());
    assert!(matches!(attempt(good(), 5), Err(Error::Cancelled)));
    let broken = good().with_fault(Fault::Predict(499));
    match attempt(broken, usize::MAX) {
        Err(Error::BadOutput(message)) => assert!(message.contains("step 3 of 4, t = 499")),
        other => panic!("{other:?}"),
    }
}

/// Keeps what it is shown, and weighs the data.
struct Audience {
    looks: Vec<(Stage, usize, usize, HostTensor)>,
    reports: Vec<StepReport>,
    weight: f64,
}

impl Observer<StepReport> for Audience {
    fn notify(&mut self, event: StepReport) {
        self.reports.push(event);
    }
    async fn checkpoint(&mut self) -> Result<()> {
        Ok(())
    }
    async fn look(&mut self, look: Look<'_>) -> Result<()> {
        let seen = (look.stage, look.step, look.timestep, look.made.clone());
        self.looks.push(seen);
        Ok(())
    }
    fn data_weight(&self) -> f64 {
        self.weight
    }
}

fn held(weight: f64) -> Audience {
    let prior = GaussianPrior::new(0.1, 0.3);
    let mut audience = Audience {
        looks: Vec::new(),
        reports: Vec::new(),
        weight,
    };
    let y = ramp(SHAPE);
    let problem = Problem {
        likelihood: &Diagonal::scale(0.8),
        y: &y,
        sigma: 0.05,
    };
    let mut noise = SeededNoise::new(1, NoiseStream::Solver);
    block_on(latino(
        &prior,
        &prior.scheduler,
        problem,
        &options(),
        &mut noise,
        &mut audience,
    ))
    .unwrap();
    audience
}

#[test]
fn every_part_is_shown_in_order_with_what_it_made() {
    let held = held(1.0);
    let mut expected = vec![(Stage::Encode, 0, STEPS[0])];
    for (k, t) in STEPS.into_iter().enumerate() {
        expected.push((Stage::Noise, k + 1, t));
        expected.push((Stage::Consistency, k + 1, t));
        expected.push((Stage::Decode, k + 1, t));
        expected.push((Stage::Prox, k + 1, t));
        if k + 1 < STEPS.len() {
            expected.push((Stage::Encode, k + 1, t));
        }
    }
    let places: Vec<_> = held.looks.iter().map(|l| (l.0, l.1, l.2)).collect();
    assert_eq!(places, expected);
    let made = |stage| {
        held.looks
            .iter()
            .filter(move |l| l.0 == stage)
            .map(|l| &l.3)
    };
    assert!(made(Stage::Decode).eq(held.reports.iter().map(|r| &r.before)));
    assert!(made(Stage::Prox).eq(held.reports.iter().map(|r| &r.after)));
}

#[test]
fn the_weight_scales_the_step_size() {
    let gamma = |weight| held(weight).reports[0].data[0].gamma;
    assert!((gamma(0.25) / gamma(1.0) - 0.25).abs() < 1e-9);
    let residual = |weight| held(weight).reports[0].data[0].residual_after;
    assert!(residual(4.0) < residual(1.0) && residual(1.0) < residual(0.1));
}
