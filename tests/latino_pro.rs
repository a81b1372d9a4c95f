//! LATINO-PRO on the embedded model against a plain PyTorch transcription with autograd
//! (tests/reference/latino_pro.py), with the same weights and noises, on the CPU device.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![cfg(feature = "native")]

use burn::tensor::Device;
use latino_web::HostTensor;
use latino_web::engine::likelihood::task_kind;
use latino_web::engine::{Pipeline, files::Folder, prior::Prompted};
use latino_web::noise::{NoiseModel, NoisyLikelihood};
use latino_web::physics::{Extras, TaskSpec, build};
use latino_web::solver::{
    GivenNoise, Initialisation, LatinoOptions, ProOptions, Problem, Silent, StepRule, latino_pro,
};
use safetensors::SafeTensors;

const SIGMA: f64 = 0.25;

fn tensor(file: &SafeTensors, name: &str) -> HostTensor {
    let view = file.tensor(name).unwrap();
    let (words, _) = view.data().as_chunks::<4>();
    let data = words.iter().map(|b| f32::from_le_bytes(*b)).collect();
    HostTensor::new(view.shape().to_vec(), data).unwrap()
}

fn difference(a: &HostTensor, b: &HostTensor) -> HostTensor {
    a.clone().zip(b, |a, b| a - b).unwrap()
}

#[test]
fn a_run_equals_the_pytorch_transcription() {
    let bytes = std::fs::read("tests/fixtures/latino/pro.safetensors").unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
    let prompt = &header.metadata().as_ref().unwrap()["prompt"];
    let folder = Folder("tests/fixtures/tiny-lcm".into());
    let pipeline = pollster::block_on(Pipeline::load(&folder, &Device::flex())).unwrap();
    let spec: TaskSpec = "denoising".parse().unwrap();
    let operator = build(&spec, [3, 64, 64], &Extras::default()).unwrap();
    let model = NoiseModel::Gaussian { sigma: SIGMA };
    let likelihood = NoisyLikelihood::new(operator.as_ref(), model, task_kind(&spec)).unwrap();
    let y = tensor(&file, "y");
    let noise = tensor(&file, "noise");
    let [_, shape @ ..] = noise.shape() else {
        panic!("noise has no shape")
    };
    let size: usize = shape.iter().product();
    let noises = noise
        .data()
        .chunks(size)
        .map(|n| HostTensor::new(shape.to_vec(), n.to_vec()).unwrap());
    let chain = |timesteps: &[usize]| LatinoOptions {
        timesteps: timesteps.to_vec(),
        initialisation: Initialisation::Adjoint,
        rule: StepRule::Fixed(0.5),
        ..LatinoOptions::default()
    };
    let options = ProOptions {
        chain: chain(&[999, 639, 259]),
        last: chain(&[999, 499]),
        iterations: 3,
        step: 0.5,
        radius: 2.0,
        ..ProOptions::default()
    };
    let (_, start) = pollster::block_on(pipeline.embed(prompt)).unwrap();
    let prior = Prompted::new(&pipeline, 1.0);
    let problem = Problem {
        likelihood: &likelihood,
        y: &y,
        sigma: SIGMA,
    };
    let mut noise = GivenNoise::new(noises);
    let found = pollster::block_on(latino_pro(
        &prior,
        pipeline.scheduler(),
        problem,
        &start,
        &options,
        &mut noise,
        &mut Silent,
    ))
    .unwrap();
    assert_eq!(noise.left(), 0);
    assert_eq!(found.restoration.evaluations, 3 * 3 + 2);
    // What the prompt moved is what is compared, not the prompt.
    let expected = difference(&tensor(&file, "embedding"), &start);
    let error = difference(&found.embedding, &start);
    let error = difference(&error, &expected).norm() / expected.norm();
    println!(
        "embedding moved by {:.3}, relative error {error:.1e}",
        expected.norm()
    );
    assert!(expected.norm() > 1.0);
    assert!(error < 1e-2, "embedding: relative error {error:.1e}");
    let picture = tensor(&file, "picture");
    let error = difference(&found.restoration.picture, &picture).norm() / picture.norm();
    println!("picture: relative error {error:.1e}");
    assert!(error < 1e-3, "picture: relative error {error:.1e}");
}
