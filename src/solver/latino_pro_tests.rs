#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::super::mock::{Diagonal, Fault, GaussianPrior, PromptedGaussian, Recorder, block_on};
use super::super::{NoiseStream, SeededNoise, Silent, StepRule, latino};
use super::*;

const SHAPE: [usize; 4] = [1, 3, 16, 16];
const SIGMA: f64 = 0.25;

/// Truth 0.6 + N(0, 0.1^2) seen through noise of 0.5 in [-1, 1] units.
fn measurement() -> (HostTensor, HostTensor) {
    let mut noise = SeededNoise::new(11, NoiseStream::Measurement);
    let truth = noise.normal(&SHAPE).unwrap().map(|n| 0.6 + 0.1 * n);
    let w = noise.normal(&SHAPE).unwrap();
    let y = truth
        .clone()
        .zip(&w, |x, n| x + 2.0 * SIGMA as f32 * n)
        .unwrap();
    (truth, y)
}

fn options() -> ProOptions {
    let rule = StepRule::Fixed(0.01 / (4.0 * SIGMA * SIGMA));
    let chain = |timesteps: &[usize]| LatinoOptions {
        timesteps: timesteps.to_vec(),
        rule,
        ..LatinoOptions::default()
    };
    ProOptions {
        chain: chain(&[999, 749, 499, 249]),
        last: chain(&[999, 874, 749, 624, 499, 374, 249, 124]),
        // Three tokens of width two; the mean moves by up to sqrt(2) per unit of each free token.
        step: 0.01,
        frozen: vec![0],
        direction: Direction::Expected,
        ..ProOptions::default()
    }
}

/// A prompt that says -0.4 where the truth is 0.6.
fn wrong() -> HostTensor {
    HostTensor::full([1, 3, 2], -0.4 / 6.0)
}

fn mse(a: &HostTensor, b: &HostTensor) -> f64 {
    a.clone().zip(b, |a, b| a - b).unwrap().norm().powi(2) / a.len() as f64
}

fn run(options: &ProOptions, observer: &mut impl Observer<ProEvent>) -> Result<ProRestoration> {
    let prior = PromptedGaussian(GaussianPrior::new(0.0, 0.1));
    let (_, y) = measurement();
    let likelihood = Diagonal::scale(1.0);
    let problem = Problem {
        likelihood: &likelihood,
        y: &y,
        sigma: SIGMA,
    };
    let mut noise = SeededNoise::new(1, NoiseStream::Solver);
    block_on(latino_pro(
        &prior,
        &prior.0.scheduler,
        problem,
        &wrong(),
        options,
        &mut noise,
        observer,
    ))
}

#[test]
fn the_seed_is_the_gradient_of_the_transition() {
    use crate::schedule::{PredictionType, SchedulerConfig};
    for kind in [
        PredictionType::Epsilon,
        PredictionType::VPrediction,
        PredictionType::Sample,
    ] {
        let scheduler = LcmScheduler::new(SchedulerConfig {
            prediction_type: kind,
            ..Default::default()
        })
        .unwrap();
        let mut noise = SeededNoise::new(2, NoiseStream::Solver);
        let mut draw = || noise.normal(&[1, 1, 2, 2]).unwrap();
        let (z, output, target) = (draw(), draw(), draw());
        let (t, next) = (499, 259);
        let log_p = |output: &HostTensor| {
            let z0 = scheduler.predict_x0(&z, output, t).unwrap();
            let ab = scheduler.alpha_bar(next).unwrap();
            let d = target
                .clone()
                .zip(&z0, |a, b| a - ab.sqrt() as f32 * b)
                .unwrap();
            -d.norm().powi(2) / (2.0 * (1.0 - ab))
        };
        let z0 = scheduler.predict_x0(&z, &output, t).unwrap();
        let seed = scheduler
            .log_likelihood_seed(&z0, &target, t, next)
            .unwrap();
        for i in 0..4 {
            let moved = |h: f32| {
                let mut o = output.clone();
                o.data_mut()[i] += h;
                log_p(&o)
            };
            let slope = (moved(0.05) - moved(-0.05)) / 0.1;
            assert!(
                (slope - f64::from(seed.data()[i])).abs() < 2e-3 * (1.0 + slope.abs()),
                "{kind:?} {slope}"
            );
        }
    }
}

#[test]
fn it_regains_what_a_wrong_prompt_lost() {
    let (truth, y) = measurement();
    let pro = run(&options(), &mut Silent).unwrap();
    let mean: f32 = pro.embedding.data().iter().sum();
    assert!((mean - 0.6).abs() < 0.2, "the prompt says {mean}");
    let prior = PromptedGaussian(GaussianPrior::new(0.0, 0.1));
    let likelihood = Diagonal::scale(1.0);
    let problem = Problem {
        likelihood: &likelihood,
        y: &y,
        sigma: SIGMA,
    };
    let c = wrong();
    let at = AtPrompt {
        prior: &prior,
        embedding: &c,
    };
    let mut noise = SeededNoise::new(1, NoiseStream::Solver);
    let plain = block_on(latino(
        &at,
        &prior.0.scheduler,
        problem,
        &options().last,
        &mut noise,
        &mut Silent,
    ))
    .unwrap();
    let (with, without) = (
        mse(&pro.restoration.picture, &truth),
        mse(&plain.picture, &truth),
    );
    assert!(with < without / 4.0, "{with} {without}");
    // The start token did not move.
    assert_eq!(pro.embedding.data()[..2], wrong().data()[..2]);
}

/// The last run from its own initialisation is LATINO under the fitted embedding, bit for bit.
#[test]
fn the_last_run_can_start_where_latino_does() {
    let options = ProOptions {
        last_start: LastStart::Initialisation,
        ..options()
    };
    let pro = run(&options, &mut Silent).unwrap();
    let prior = PromptedGaussian(GaussianPrior::new(0.0, 0.1));
    let (_, y) = measurement();
    let likelihood = Diagonal::scale(1.0);
    let problem = Problem {
        likelihood: &likelihood,
        y: &y,
        sigma: SIGMA,
    };
    let at = AtPrompt {
        prior: &prior,
        embedding: &pro.embedding,
    };
    let mut noise = SeededNoise::new(1, NoiseStream::Solver);
    for _ in 0..15 * 4 {
        noise.normal(&SHAPE).unwrap();
    }
    let plain = block_on(latino(
        &at,
        &prior.0.scheduler,
        problem,
        &options.last,
        &mut noise,
        &mut Silent,
    ))
    .unwrap();
    assert_eq!(pro.restoration.picture, plain.picture);
    assert_eq!(pro.restoration.evaluations, 68);
}

#[test]
fn the_published_direction_has_the_same_mean() {
    let mut options = options();
    options.direction = Direction::Published;
    let mean: f32 = run(&options, &mut Silent)
        .unwrap()
        .embedding
        .data()
        .iter()
        .sum();
    assert!(mean > 0.0, "the prompt says {mean}");
}

#[test]
fn evaluations_are_counted_and_reported() {
    let mut recorder = Recorder::new();
    let options = options();
    let pro = run(&options, &mut recorder).unwrap();
    assert_eq!(
        (options.evaluations(), pro.restoration.evaluations),
        (68, 68)
    );
    let count = |f: &dyn Fn(&ProEvent) -> bool| recorder.events.iter().filter(|e| f(e)).count();
    assert_eq!(
        count(&|e| matches!(e, ProEvent::Progress { total: 68, .. })),
        60
    );
    assert_eq!(count(&|e| matches!(e, ProEvent::Step(_))), 8);
    let iterations: Vec<_> = (recorder.events.iter())
        .filter_map(|e| match e {
            ProEvent::Iteration(i) => Some(i),
            _ => None,
        })
        .collect();
    assert_eq!(iterations.len(), 15);
    // 0.01 eleven times, then falling by a tenth.
    assert!(
        (iterations[10].step - 0.01).abs() < 1e-12 && (iterations[11].step - 0.009).abs() < 1e-12
    );
    // The further the prompt comes, the closer what it says is to the data.
    assert!(iterations[14].residual < iterations[0].residual);
    assert_eq!(iterations[14].distances[0], 0.0);
    assert!(iterations[14].distances[1] > iterations[0].distances[1]);
}

#[test]
fn a_cancelled_run_goes_on_where_it_was() {
    let whole = run(&options(), &mut Silent).unwrap();
    let mut recorder = Recorder::cancelling_at(60);
    assert!(matches!(
        run(&options(), &mut recorder),
        Err(Error::Cancelled)
    ));
    let kept = recorder.events.iter().rev().find_map(|e| match e {
        ProEvent::Iteration(i) => Some(i.embedding.clone()),
        _ => None,
    });
    let kept = kept.unwrap();
    let mean = |c: &HostTensor| c.data().iter().sum::<f32>();
    assert!(mean(&kept) > mean(&wrong()) && mean(&kept) < mean(&whole.embedding));
    let more = ProOptions {
        iterations: 1,
        resume: Some(kept.clone()),
        ..options()
    };
    let on = run(&more, &mut Silent).unwrap();
    assert!(mean(&on.embedding) > mean(&kept));
}

#[test]
fn it_can_be_cancelled_anywhere_and_refuses_bad_input() {
    let mut counter = Recorder::new();
    run(&options(), &mut counter).unwrap();
    for stop in [1, 2, 40, counter.checkpoints] {
        let mut recorder = Recorder::cancelling_at(stop);
        assert!(matches!(
            run(&options(), &mut recorder),
            Err(Error::Cancelled)
        ));
    }
    for bad in [
        ProOptions {
            iterations: 0,
            ..options()
        },
        ProOptions {
            radius: f64::NAN,
            ..options()
        },
        ProOptions {
            step: -1.0,
            ..options()
        },
        ProOptions {
            chain: options().last.clone(),
            last: LatinoOptions::default(),
            ..options()
        },
        ProOptions {
            chain: LatinoOptions {
                timesteps: vec![999],
                ..options().chain
            },
            ..options()
        },
    ] {
        assert!(matches!(run(&bad, &mut Silent), Err(Error::Invalid(_))));
    }
    let prior = PromptedGaussian(GaussianPrior::new(0.0, 0.1).with_fault(Fault::Predict(749)));
    let (_, y) = measurement();
    let likelihood = Diagonal::scale(1.0);
    let problem = Problem {
        likelihood: &likelihood,
        y: &y,
        sigma: SIGMA,
    };
    let mut noise = SeededNoise::new(1, NoiseStream::Solver);
    let result = block_on(latino_pro(
        &prior,
        &prior.0.scheduler,
        problem,
        &wrong(),
        &options(),
        &mut noise,
        &mut Silent,
    ));
    let message = result.unwrap_err().to_string();
    assert!(message.contains("iteration 1, t = 749"), "{message}");
}
