//! LATINO on the tiny trained model against a plain PyTorch transcription
//! (tests/reference/latino.py), with the same weights and noises, on the CPU device.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![cfg(feature = "native")]

use std::path::Path;

use burn::tensor::Device;
use latino_web::engine::likelihood::task_kind;
use latino_web::engine::{Pipeline, files::Folder};
use latino_web::noise::{NoiseModel, NoisyLikelihood};
use latino_web::physics::{Extras, TaskSpec, build};
use latino_web::solver::{
    GivenNoise, Initialisation, LatinoOptions, NoiseStream, Observer, Problem, PublishedForm,
    PublishedTable, SeededNoise, StepReport, StepRule, latino,
};
use latino_web::{Error, HostTensor, Result};
use safetensors::SafeTensors;

const TIMESTEPS: [usize; 4] = [999, 759, 499, 259];

fn model() -> Pipeline {
    let files = Folder("tests/fixtures/tiny-lcm".into());
    pollster::block_on(Pipeline::load(&files, &Device::flex())).unwrap()
}

fn tensor(file: &SafeTensors, name: &str) -> HostTensor {
    let view = file.tensor(name).unwrap();
    let data = view
        .data()
        .as_chunks::<4>()
        .0
        .iter()
        .map(|b| f32::from_le_bytes(*b))
        .collect();
    HostTensor::new(view.shape().to_vec(), data).unwrap()
}

/// Keeps the reports; cancels at the given checkpoint.
#[derive(Default)]
struct Recorder {
    reports: Vec<StepReport>,
    checkpoints: usize,
    cancel_at: Option<usize>,
}

impl Observer<StepReport> for Recorder {
    fn notify(&mut self, report: StepReport) {
        self.reports.push(report);
    }

    async fn checkpoint(&mut self) -> Result<()> {
        self.checkpoints += 1;
        if self.cancel_at == Some(self.checkpoints) {
            return Err(Error::Cancelled);
        }
        Ok(())
    }
}

fn compare(what: &str, ours: &HostTensor, theirs: &HostTensor) {
    let error = ours.clone().zip(theirs, |a, b| a - b).unwrap().norm() / theirs.norm();
    println!("{what}: relative error {error:.2e}");
    assert!(error <= 1e-3, "{what}: relative error {error:.2e}");
}

fn trajectory(pipeline: &Pipeline, path: &Path) {
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let meta = header.metadata().clone().unwrap();
    let spec: TaskSpec = meta["task"].parse().unwrap();
    let operator = build(&spec, [3, 128, 128], &Extras::default()).unwrap();
    let gaussian = NoiseModel::Gaussian { sigma: 0.1 };
    let likelihood = NoisyLikelihood::new(operator.as_ref(), gaussian, task_kind(&spec)).unwrap();
    let y = tensor(&file, "y");
    let noises = (0..TIMESTEPS.len()).map(|k| tensor(&file, &format!("noise_{k}")));
    let rule = match meta["fixed"].parse() {
        Ok(gamma) => StepRule::Fixed(gamma),
        Err(_) => StepRule::Published {
            table: PublishedTable::Sd15Lcm,
            form: PublishedForm::ResolutionFree,
            renoise: true,
        },
    };
    let options = LatinoOptions {
        timesteps: TIMESTEPS.to_vec(),
        initialisation: Initialisation::Adjoint,
        rule,
        ..LatinoOptions::default()
    };
    let (_, embedding) = pollster::block_on(pipeline.embed(&meta["prompt"])).unwrap();
    let prior = pipeline.condition(&embedding, 1.0).unwrap();
    let problem = Problem {
        likelihood: &likelihood,
        y: &y,
        sigma: meta["noise"].parse().unwrap(),
    };
    let mut recorder = Recorder::default();
    let mut noise = GivenNoise::new(noises);
    let restored = pollster::block_on(latino(
        &prior,
        pipeline.scheduler(),
        problem,
        &options,
        &mut noise,
        &mut recorder,
    ))
    .unwrap();
    let name = path.file_stem().unwrap().to_string_lossy();
    for k in [0, TIMESTEPS.len() - 1] {
        let report = &recorder.reports[k];
        let named = |stage: &str| tensor(&file, &format!("{stage}_{k}"));
        compare(
            &format!("{name}, before prox {k}"),
            &report.before,
            &named("before"),
        );
        compare(
            &format!("{name}, after prox {k}"),
            &report.after,
            &named("after"),
        );
    }
    assert_eq!(
        restored.picture,
        recorder.reports[TIMESTEPS.len() - 1].after
    );
    assert_eq!(restored.evaluations, TIMESTEPS.len());
}

#[test]
fn trajectories_equal_the_pytorch_transcription() {
    let pipeline = model();
    for name in ["gaussian-blur", "super-resolution", "denoising"] {
        trajectory(
            &pipeline,
            Path::new(&format!("tests/fixtures/latino/{name}.safetensors")),
        );
    }
}

#[test]
fn same_seed_same_result_and_cancel_between_network_calls() {
    let pipeline = model();
    let spec: TaskSpec = "denoising".parse().unwrap();
    let operator = build(&spec, [3, 64, 64], &Extras::default()).unwrap();
    let gaussian = NoiseModel::Gaussian { sigma: 0.1 };
    let likelihood = NoisyLikelihood::new(operator.as_ref(), gaussian, task_kind(&spec)).unwrap();
    let data = (0..3 * 64 * 64)
        .map(|i| ((i % 97) as f32 / 48.5) - 1.0)
        .collect();
    let y = HostTensor::new([1, 3, 64, 64], data).unwrap();
    let (_, embedding) = pollster::block_on(pipeline.embed("a flat icon")).unwrap();
    let prior = pipeline.condition(&embedding, 1.0).unwrap();
    let run = |seed: u64, cancel_at: Option<usize>| {
        let options = LatinoOptions {
            timesteps: vec![999, 499],
            ..LatinoOptions::default()
        };
        let problem = Problem {
            likelihood: &likelihood,
            y: &y,
            sigma: 0.25,
        };
        let mut recorder = Recorder {
            cancel_at,
            ..Recorder::default()
        };
        let mut noise = SeededNoise::new(seed, NoiseStream::Solver);
        let result = pollster::block_on(latino(
            &prior,
            pipeline.scheduler(),
            problem,
            &options,
            &mut noise,
            &mut recorder,
        ));
        (result, recorder)
    };
    let (first, watched) = run(3, None);
    let first = first.unwrap();
    assert_eq!(first, run(3, None).0.unwrap());
    assert_ne!(first.picture, run(4, None).0.unwrap().picture);
    // Three networks a step (encode, predict, decode): at least as many chances to stop.
    assert!(
        watched.checkpoints >= 6,
        "{} checkpoints",
        watched.checkpoints
    );
    for at in 1..=watched.checkpoints {
        assert!(
            matches!(run(3, Some(at)).0, Err(Error::Cancelled)),
            "checkpoint {at}"
        );
    }
}
