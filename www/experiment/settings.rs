//! The settings as pairs of names and values.

use latino_web::protocol::{Initialisation, OutputStage, ProSettings, Solver, StepRule};
use leptos::prelude::*;
use serde::{Serialize, de::DeserializeOwned};

use crate::noise::{Noise, NoiseKind};
use crate::state::State;
use crate::task::Task;

/// The protocol's name of a choice, as in messages.
fn name_of<T: Serialize>(choice: &T) -> String {
    let value = serde_json::to_value(choice).unwrap_or_default();
    value.as_str().unwrap_or_default().to_owned()
}

fn named<T: DeserializeOwned>(name: &str) -> Option<T> {
    serde_json::from_value(name.into()).ok()
}

fn number(value: &str, low: f64, high: f64) -> Option<f64> {
    let value: f64 = value.parse().ok()?;
    value.is_finite().then(|| value.clamp(low, high))
}

fn whole(value: &str, low: u32, high: u32) -> Option<u32> {
    number(value, f64::from(low), f64::from(high)).map(|v| v.round() as u32)
}

/// Names and values, in the order in which they are to be taken.
pub type Pairs = Vec<(String, String)>;

fn noise_pairs(noise: &Noise) -> Vec<(&'static str, String)> {
    let mut pairs = vec![("noise-model", noise.kind.key().to_owned())];
    let peak = ("peak", noise.peak.to_string());
    match noise.kind {
        NoiseKind::Gaussian => pairs.push(("noise", noise.sigma.to_string())),
        NoiseKind::Poisson => pairs.push(peak),
        NoiseKind::PoissonGaussian => {
            pairs.extend([peak, ("read-out", noise.read_out.to_string())]);
        }
        NoiseKind::SaltPepper => pairs.push(("share", noise.share.to_string())),
        NoiseKind::Speckle => pairs.push(("speckle", noise.speckle.to_string())),
    }
    pairs
}

/// All settings but the picture and the painted mask.
pub fn pairs(state: State) -> Pairs {
    let pro = state.pro.get();
    let mut pairs = state.task.with(Task::pairs);
    let mut more = noise_pairs(&state.noise.get());
    more.extend([
        ("measured", state.measured.get().to_string()),
        ("prompt", state.prompt.get()),
        ("solver", name_of(&state.solver.get())),
        ("steps", state.steps.get().to_string()),
        ("samples", state.samples.get().to_string()),
        ("seed", state.seed.get().to_string()),
        ("start", state.start.get().to_string()),
        ("init", name_of(&state.init.get())),
        ("output", name_of(&state.output.get())),
        ("rule", name_of(&state.rule.get())),
        ("relaxation", state.chain.get().relaxation.to_string()),
    ]);
    if state.solver.get() == Solver::LatinoPro || state.with_pro.get() {
        more.extend([
            ("pro-iterations", pro.iterations.to_string()),
            ("pro-chain", pro.chain_steps.to_string()),
            ("pro-step", pro.step.to_string()),
            ("pro-radius", pro.radius.to_string()),
            ("pro-frozen", pro.frozen.to_string()),
            ("pro-expected", pro.expected.to_string()),
        ]);
    }
    pairs.extend(
        more.into_iter()
            .map(|(name, value)| (name.to_owned(), value)),
    );
    pairs
}

fn take_noise(noise: &mut Noise, name: &str, value: &str) -> Option<()> {
    match name {
        "noise-model" => noise.kind = NoiseKind::from_key(value)?,
        "noise" => noise.sigma = number(value, 0.0, 2.0)?,
        "peak" => noise.peak = number(value, 0.1, 1e6)?,
        "read-out" => noise.read_out = number(value, 0.0, 2.0)?,
        "share" => noise.share = number(value, 0.0, 0.95)?,
        "speckle" => noise.speckle = number(value, 0.0, 2.0)?,
        _ => return None,
    }
    Some(())
}

fn take_pro(pro: &mut ProSettings, name: &str, value: &str) -> Option<()> {
    match name {
        "pro-iterations" => pro.iterations = whole(value, 1, 30)?,
        "pro-chain" => pro.chain_steps = whole(value, 2, 8)?,
        "pro-step" => pro.step = number(value, 0.01, 0.5)?,
        "pro-radius" => pro.radius = number(value, 1.0, 40.0)?,
        "pro-frozen" => pro.frozen = whole(value, 0, 10)?,
        "pro-expected" => pro.expected = value == "true",
        _ => return None,
    }
    Some(())
}

/// Takes settings; names that are not known and values that cannot be are passed over.
pub fn take(state: State, pairs: &[(String, String)]) {
    let mut task = state.task.get_untracked();
    let mut noise = state.noise.get_untracked();
    let mut pro = state.pro.get_untracked();
    for (name, value) in pairs {
        task.take(name, value);
        if take_noise(&mut noise, name, value).is_some() {
            state.noise_touched.set(true);
        }
        take_pro(&mut pro, name, value);
        let whole = |low, high| whole(value, low, high);
        match name.as_str() {
            "measured" => state.measured.set(value == "true"),
            "prompt" => state.prompt.set(value.clone()),
            "solver" => set(state.solver, named::<Solver>(value)),
            "steps" => set(state.steps, whole(1, 20)),
            "samples" => set(state.samples, whole(1, 16)),
            "seed" => set(state.seed, whole(0, u32::MAX)),
            "start" => set(state.start, whole(0, crate::state::LAST_TIMESTEP)),
            "init" => set(state.init, named::<Initialisation>(value)),
            "output" => set(state.output, named::<OutputStage>(value)),
            "rule" => set(state.rule, named::<StepRule>(value)),
            "relaxation" => {
                let relaxation = number(value, 0.0, 0.99);
                state
                    .chain
                    .update(|c| c.relaxation = relaxation.unwrap_or(c.relaxation));
            }
            _ => {}
        }
    }
    state.task.set(task);
    state.noise.set(noise);
    state.pro.set(pro);
}

fn set<T: Send + Sync + 'static>(signal: RwSignal<T>, value: Option<T>) {
    if let Some(value) = value {
        signal.set(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_have_the_names_of_the_protocol() {
        assert_eq!(name_of(&Solver::LatinoPro), "latino-pro");
        assert_eq!(
            named::<StepRule>("moment-matching"),
            Some(StepRule::MomentMatching)
        );
        assert_eq!(named::<Solver>("magic"), None);
        assert_eq!(whole("1e12", 0, 7), Some(7));
        assert_eq!(whole("many", 0, 7), None);
    }

    #[test]
    fn every_noise_survives_its_pairs() {
        for kind in NoiseKind::ALL {
            let noise = Noise {
                kind,
                peak: 2.25,
                read_out: 0.125,
                share: 0.25,
                speckle: 0.5,
                ..Noise::gaussian(0.375)
            };
            let mut again = Noise::gaussian(0.1);
            for (name, value) in noise_pairs(&noise) {
                assert!(take_noise(&mut again, name, &value).is_some());
            }
            assert_eq!(again.spec(), noise.spec());
        }
    }
}
