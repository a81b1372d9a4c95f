//! Against diffusers: `tests/reference/scheduler.py` wrote what is expected.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use serde::Deserialize;

use super::*;
use crate::HostTensor;

#[derive(Deserialize)]
struct Case {
    config: serde_json::Value,
    alpha_bar: Vec<(usize, f64)>,
    rule: Vec<Rule>,
    half: Rule,
    run: Vec<Step>,
    add_noise: AddNoise,
}

#[derive(Deserialize)]
struct Rule {
    steps: usize,
    start: Option<usize>,
    timesteps: Vec<usize>,
}

#[derive(Deserialize)]
struct Step {
    t: usize,
    z: Vec<f32>,
    output: Vec<f32>,
    noise: Vec<f32>,
    next: Vec<f32>,
    denoised: Vec<f32>,
}

#[derive(Deserialize)]
struct AddNoise {
    t: usize,
    x0: f32,
    noise: f32,
    value: f32,
}

fn cases() -> Vec<Case> {
    serde_json::from_str(include_str!("../../tests/fixtures/scheduler.json")).unwrap()
}

fn tensor(values: &[f32]) -> HostTensor {
    HostTensor::new([1, 2, 2, 3], values.to_vec()).unwrap()
}

/// diffusers works in single precision: its products of 1000 factors carry about 1e-5.
fn assert_close(what: &str, got: &HostTensor, expected: &[f32]) {
    for (g, e) in got.data().iter().zip(expected) {
        assert!(
            (g - e).abs() <= 3e-5 * (1.0 + e.abs()),
            "{what}: {g} is not {e}"
        );
    }
}

#[test]
fn tables_match_diffusers() {
    for case in cases() {
        let s = LcmScheduler::from_json(&case.config.to_string()).unwrap();
        for (t, expected) in case.alpha_bar {
            let got = s.alpha_bar(t).unwrap();
            assert!(
                (got - expected).abs() <= 1e-6 + 2e-5 * expected,
                "{t}: {got} {expected}"
            );
        }
    }
}

#[test]
fn timesteps_match_diffusers() {
    for case in cases() {
        let config = SchedulerConfig::from_json(&case.config.to_string()).unwrap();
        for rule in case.rule.iter().chain([&case.half]) {
            let got = lcm_timesteps(&config, rule.steps, rule.start).unwrap();
            assert_eq!(got, rule.timesteps);
        }
    }
}

#[test]
fn steps_match_diffusers() {
    for case in cases() {
        let s = LcmScheduler::from_json(&case.config.to_string()).unwrap();
        for (i, step) in case.run.iter().enumerate() {
            let noise = tensor(&step.noise);
            let next = case.run.get(i + 1).map(|next| (next.t, &noise));
            let got = s
                .step(&tensor(&step.z), &tensor(&step.output), step.t, next)
                .unwrap();
            assert_close("denoised", &got.denoised, &step.denoised);
            assert_close("next", &got.next, &step.next);
        }
        let AddNoise {
            t,
            x0,
            noise,
            value,
        } = case.add_noise;
        let fill = |v: f32| HostTensor::full([1, 2, 2, 3], v);
        let got = s.add_noise(&fill(x0), &fill(noise), t).unwrap();
        assert_close("add_noise", &got, &[value; 12]);
    }
}
