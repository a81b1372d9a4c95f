//! The UNet's vector-Jacobian product with respect to the text against PyTorch's autograd, on the
//! small random pipelines. `tests/reference/gradient.py` made the references.

#![cfg(feature = "engine")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use latino_web::Error;
use latino_web::models::weights::shard_files;
use latino_web::models::{UNet2DConditionModel, Weights};
use safetensors::SafeTensors;
use safetensors::tensor::Dtype;

fn fixtures() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

fn load(name: &str, device: &Device) -> UNet2DConditionModel {
    let folder = fixtures().join("pipelines").join(name).join("unet");
    let json = fs::read_to_string(folder.join("config.json")).unwrap();
    let stem = "diffusion_pytorch_model.safetensors";
    let files = match fs::read_to_string(folder.join(format!("{stem}.index.json"))) {
        Ok(index) => shard_files(&index).unwrap(),
        Err(_) => vec![stem.to_owned()],
    };
    let shards = files.iter().map(|f| fs::read(folder.join(f)).unwrap());
    let weights = Weights::new("unet", shards.collect()).unwrap();
    UNet2DConditionModel::load(&json, &weights, device).unwrap()
}

/// The f32 tensors of safetensors files, under one roof.
#[derive(Default)]
struct Tensors(HashMap<String, (Vec<usize>, Vec<f32>)>);

impl Tensors {
    fn read(&mut self, file: &Path) {
        let bytes = fs::read(file).unwrap();
        for (name, view) in SafeTensors::deserialize(&bytes).unwrap().iter() {
            if view.dtype() == Dtype::F32 {
                let (words, _) = view.data().as_chunks::<4>();
                let values = words.iter().map(|w| f32::from_le_bytes(*w)).collect();
                let entry = (view.shape().to_vec(), values);
                self.0.insert(name.to_owned(), entry);
            }
        }
    }

    /// Inputs and output of a pipeline's UNet, and the gradients.
    fn of(name: &str) -> Self {
        let mut tensors = Self::default();
        tensors.read(
            &fixtures()
                .join("pipelines")
                .join(name)
                .join("reference.safetensors"),
        );
        tensors.read(
            &fixtures()
                .join("gradient")
                .join(format!("{name}.safetensors")),
        );
        tensors
    }

    fn tensor<const D: usize>(&self, name: &str, device: &Device) -> Tensor<D> {
        let (shape, values) = &self.0[name];
        Tensor::from_data(TensorData::new(values.clone(), shape.clone()), device)
    }

    /// Relative L2 distance of `x` from the tensor `name`.
    fn error<const D: usize>(&self, name: &str, x: Tensor<D>) -> f64 {
        let (shape, expected) = &self.0[name];
        assert_eq!(x.dims().to_vec(), *shape, "{name}");
        distance(&x.into_data().try_to_vec().unwrap(), expected)
    }
}

fn distance(a: &[f32], b: &[f32]) -> f64 {
    let square = |x: f32| f64::from(x).powi(2);
    let difference: f64 = a.iter().zip(b).map(|(a, b)| square(a - b)).sum();
    (difference / b.iter().map(|b| square(*b)).sum::<f64>()).sqrt()
}

/// Both results of `forward_vjp` on part `part` of a pipeline's reference.
fn run(unet: &UNet2DConditionModel, r: &Tensors, part: &str, d: &Device) -> (Tensor<4>, Tensor<3>) {
    let name = |tensor: &str| format!("{part}.{tensor}");
    let guidance = r.0.get(&name("guidance")).map(|(_, scales)| {
        let rows = scales.iter().map(|s| unet.guidance(*s, 1, d).unwrap());
        Tensor::cat(rows.collect(), 0)
    });
    let timesteps = &r.0[&name("timesteps")].1;
    let (sample, context) = (r.tensor(&name("sample"), d), r.tensor(&name("context"), d));
    let result = unet.forward_vjp(sample, timesteps, context, guidance);
    let (output, pullback) = result.unwrap();
    (
        output,
        pullback.context(r.tensor(&name("seed"), d)).unwrap(),
    )
}

fn check_all(device: &Device, tolerance: f64) {
    for (pipeline, parts) in [
        ("sd15", ["unet"].as_slice()),
        ("lcm", &["unet"]),
        ("sd21", &["unet", "unet_odd"]),
    ] {
        let (r, unet) = (Tensors::of(pipeline), load(pipeline, device));
        for part in parts {
            let (output, gradient) = run(&unet, &r, part, device);
            let output = r.error(&format!("{part}.output"), output);
            let gradient = r.error(&format!("{part}.gradient"), gradient);
            println!("{pipeline} {part}: output {output:.1e}, gradient {gradient:.1e}");
            // Not `error > tolerance`: that lets NaN pass.
            assert!(
                output <= tolerance,
                "{pipeline} {part}: output {output:.1e}"
            );
            assert!(
                gradient <= tolerance,
                "{pipeline} {part}: gradient {gradient:.1e}"
            );
        }
    }
}

#[test]
fn gradients_match_autograd_on_the_cpu() {
    check_all(&Device::flex(), 2e-5);
}

#[test]
fn gradients_match_autograd_on_the_gpu() {
    // A machine without any Vulkan adapter cannot run this; CI installs a software one.
    let gpu = Device::wgpu_options().init().expect("a WebGPU adapter");
    check_all(&gpu, 1e-4);
}

#[test]
fn the_way_back_can_be_walked_in_steps() {
    let device = Device::flex();
    let (r, unet) = (Tensors::of("sd15"), load("sd15", &device));
    let inputs = || {
        (
            r.tensor("unet.sample", &device),
            r.tensor("unet.context", &device),
        )
    };
    let timesteps = &r.0["unet.timesteps"].1;
    let (sample, context) = inputs();
    let forward = unet.forward(sample, timesteps, context, None).unwrap();
    let (sample, context) = inputs();
    let (output, pullback) = unet.forward_vjp(sample, timesteps, context, None).unwrap();
    let values = |x: Tensor<4>| x.into_data().try_to_vec::<f32>().unwrap();
    assert_eq!(values(output), values(forward), "one forward pass");

    let wrong = Tensor::zeros([2, 3, 24, 40], &device);
    assert!(matches!(
        pullback.clone().context(wrong),
        Err(Error::Shape(_))
    ));

    let seed = || r.tensor::<4>("unet.seed", &device);
    let at_once = pullback.clone().context(seed()).unwrap();
    let mut backward = pullback.begin(seed()).unwrap();
    let mut steps = backward.remaining();
    // 8 in the down blocks and 3 downsamplers, 2 in the middle, 12 and 3 upsamplers going up.
    assert_eq!(steps, 28);
    while backward.step() {
        steps -= 1;
        assert_eq!(backward.remaining(), steps);
    }
    assert_eq!(steps, 0);
    let values = |x: Tensor<3>| x.into_data().try_to_vec::<f32>().unwrap();
    assert_eq!(values(backward.finish()), values(at_once));
}
