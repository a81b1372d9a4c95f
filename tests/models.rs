//! The networks against diffusers and transformers, on small random pipelines and on a tiny
//! trained model, on the CPU and on WebGPU, natively and in a browser. `tests/reference/*.py` made the
//! references and say what is in them.

#![cfg(feature = "engine")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/files.rs"]
mod files;
#[path = "support/pipelines.rs"]
mod pipelines;

use std::collections::HashMap;

use burn::tensor::{Device, Tensor, TensorData};
use latino_web::models::{Autoencoder, ClipTextModel, UNet2DConditionModel};
use pipelines::{fixture, part};
use safetensors::SafeTensors;
use safetensors::tensor::Dtype;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);

/// The contents of a `reference.safetensors`.
struct Reference {
    tensors: HashMap<String, (Vec<usize>, Vec<f32>)>,
    ids: HashMap<String, (usize, Vec<u32>)>,
    facts: serde_json::Value,
}

impl Reference {
    fn read(folder: &str) -> Self {
        let bytes = files::read(&format!("{folder}/reference.safetensors"));
        let (_, metadata) = SafeTensors::read_metadata(&bytes).unwrap();
        let mut tensors = HashMap::new();
        let mut ids = HashMap::new();
        for (name, view) in SafeTensors::deserialize(&bytes).unwrap().iter() {
            let (words, _) = view.data().as_chunks::<4>();
            let name = name.to_owned();
            if view.dtype() == Dtype::I32 {
                let values = words.iter().map(|w| u32::from_le_bytes(*w)).collect();
                ids.insert(name, (view.shape()[0], values));
            } else {
                assert_eq!(view.dtype(), Dtype::F32, "{name}");
                let values = words.iter().map(|w| f32::from_le_bytes(*w)).collect();
                tensors.insert(name, (view.shape().to_vec(), values));
            }
        }
        let facts = &metadata.metadata().as_ref().unwrap()["facts"];
        let facts = serde_json::from_str(facts).unwrap();
        Self {
            tensors,
            ids,
            facts,
        }
    }

    fn has(&self, name: &str) -> bool {
        self.tensors.contains_key(name)
    }

    fn values(&self, name: &str) -> &[f32] {
        &self.tensors[name].1
    }

    fn tensor<const D: usize>(&self, name: &str, device: &Device) -> Tensor<D> {
        let (shape, values) = &self.tensors[name];
        Tensor::from_data(TensorData::new(values.clone(), shape.clone()), device)
    }

    /// Asserts that `x` is the tensor `name`, up to the relative L2 error `tolerance`.
    async fn check<const D: usize>(&self, name: &str, x: Tensor<D>, tolerance: f64) {
        let (shape, expected) = &self.tensors[name];
        assert_eq!(x.dims().to_vec(), *shape, "{name}");
        let data = x.into_data_async().await.unwrap();
        let values: Vec<f32> = data.try_to_vec().unwrap();
        let square = |x: f64| x * x;
        let difference = values.iter().zip(expected);
        let difference: f64 = difference.map(|(a, b)| square(f64::from(a - b))).sum();
        let size: f64 = expected.iter().map(|b| square(f64::from(*b))).sum();
        let error = (difference / size).sqrt();
        println!("{name}: relative error {error:.1e}");
        // Not `error > tolerance`: that lets NaN pass.
        assert!(error <= tolerance, "{name}: relative error {error:.1e}");
    }

    fn parameters(&self, part: &str) -> u64 {
        self.facts[format!("{part}.parameters")].as_u64().unwrap()
    }
}

/// Loads all parts of the model in `model` and compares each, and a whole generation, with the
/// references in `reference`.
async fn check_model(model: &str, reference: &str, device: &Device, tolerance: f64) {
    let r = Reference::read(reference);
    let (json, weights) = part(model, "text_encoder", false);
    let text = ClipTextModel::load(&json, &weights, device).unwrap();
    let (json, weights) = part(model, "unet", model.ends_with("sd21"));
    let unet = UNet2DConditionModel::load(&json, &weights, device).unwrap();
    let (json, weights) = part(model, "vae", false);
    let vae = Autoencoder::load(&json, &weights, device).unwrap();
    assert_eq!(text.parameters(), r.parameters("text"));
    assert_eq!(unet.parameters(), r.parameters("unet"));
    assert_eq!(vae.parameters(), r.parameters("vae"));

    let (batch, ids) = &r.ids["text.ids"];
    r.check("text.hidden", text.forward(ids, *batch).unwrap(), tolerance)
        .await;

    for part in ["unet", "unet_odd"] {
        let name = |tensor: &str| format!("{part}.{tensor}");
        if !r.has(&name("sample")) {
            continue;
        }
        let guidance = r.has(&name("guidance")).then(|| {
            let scales = r.values(&name("guidance")).iter();
            let rows = scales.map(|s| unet.guidance(*s, 1, device).unwrap());
            Tensor::cat(rows.collect(), 0)
        });
        let output = unet.forward(
            r.tensor(&name("sample"), device),
            r.values(&name("timesteps")),
            r.tensor(&name("context"), device),
            guidance,
        );
        r.check(&name("output"), output.unwrap(), tolerance).await;
    }

    let mean = vae.encode(r.tensor("vae.picture", device)).unwrap();
    let [_, channels, h, w] = mean.dims();
    assert_eq!(channels, vae.latent_channels());
    let factor = vae.downsample_factor();
    assert_eq!(
        r.tensors["vae.picture"].0[2..],
        [factor * h, factor * w],
        "downsampling factor"
    );
    r.check("vae.mean", mean, tolerance).await;
    let picture = vae.decode(r.tensor("vae.latent", device)).unwrap();
    r.check("vae.decoded", picture, tolerance).await;

    let latents = generate(model, &r, &text, &unet, device);
    r.check("generate.latents", latents.clone(), tolerance)
        .await;
    let unscaled = latents / vae.scaling_factor() + vae.shift_factor();
    r.check("generate.picture", vae.decode(unscaled).unwrap(), tolerance)
        .await;
}

/// Latent consistency sampling (Luo et al., 2023) with the reference's noises, in f64 scalars and
/// plain tensor arithmetic.
fn generate(
    model: &str,
    r: &Reference,
    text: &ClipTextModel,
    unet: &UNet2DConditionModel,
    device: &Device,
) -> Tensor<4> {
    let config = files::text(&format!("{model}/scheduler/scheduler_config.json"));
    let config: serde_json::Value = serde_json::from_str(&config).unwrap();
    assert_eq!(config["beta_schedule"], "scaled_linear");
    let root = |key: &str| config[key].as_f64().unwrap().sqrt();
    let (first, last) = (root("beta_start"), root("beta_end"));
    let beta = |i: usize| (first + (last - first) * i as f64 / 999.0).powi(2);
    let alpha_bar = |t: usize| (0..=t).map(|i| 1.0 - beta(i)).product::<f64>();

    let (batch, ids) = &r.ids["generate.ids"];
    let context = text.forward(ids, *batch).unwrap();
    let guidance = r.facts["guidance"].as_f64();
    let guidance = guidance.map(|scale| unet.guidance(scale as f32, 1, device).unwrap());
    let noise: Tensor<5> = r.tensor("generate.noise", device);
    let noise = |i: usize| noise.clone().narrow(0, i, 1).squeeze_dim::<4>(0);
    let timesteps = r.values("generate.timesteps");
    let mut z = noise(0);
    for (i, t) in timesteps.iter().enumerate() {
        let out = unet.forward(z.clone(), &[*t], context.clone(), guidance.clone());
        let out = out.unwrap();
        let a = alpha_bar(*t as usize);
        let (signal, sigma) = (a.sqrt(), (1.0 - a).sqrt());
        let clean = match config["prediction_type"].as_str().unwrap() {
            "epsilon" => (z.clone() - out * sigma) / signal,
            "v_prediction" => z.clone() * signal - out * sigma,
            other => panic!("{other}"),
        };
        let tau = 10.0 * f64::from(*t);
        let skip = 0.25 / (tau * tau + 0.25);
        let denoised = clean * (tau / (tau * tau + 0.25).sqrt()) + z * skip;
        z = match timesteps.get(i + 1) {
            None => denoised,
            Some(next) => {
                let a = alpha_bar(*next as usize);
                denoised * a.sqrt() + noise(i + 1) * (1.0 - a).sqrt()
            }
        };
    }
    z
}

/// All random pipelines, on one device.
async fn check_pipelines(device: &Device, tolerance: f64) {
    for name in ["sd15", "lcm", "sd21"] {
        println!("{name}");
        check_model(&fixture(name), &fixture(name), device, tolerance).await;
    }
}

/// The tiny trained model.
#[cfg(not(target_arch = "wasm32"))]
async fn check_trained(device: &Device, tolerance: f64) {
    let model = "tests/fixtures/tiny-lcm";
    check_model(model, model, device, tolerance).await;
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
fn networks_match_diffusers_on_the_cpu() {
    pollster::block_on(async {
        check_pipelines(&Device::flex(), 1e-4).await;
        check_trained(&Device::flex(), 1e-4).await;
    });
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
fn networks_match_diffusers_on_webgpu() {
    pollster::block_on(async {
        let device = Device::wgpu_options()
            .init_async()
            .await
            .expect("no adapter: install a Vulkan driver such as mesa-vulkan-drivers");
        check_pipelines(&device, 1e-3).await;
        check_trained(&device, 1e-3).await;
    });
}

#[cfg(target_arch = "wasm32")]
#[wasm_bindgen_test::wasm_bindgen_test]
async fn networks_match_diffusers_in_the_browser() {
    latino_web::engine::constructors::run();
    check_pipelines(&Device::flex(), 1e-4).await;
    let device = Device::wgpu_options()
        .init_async()
        .await
        .expect("the browser has no WebGPU adapter");
    check_pipelines(&device, 1e-3).await;
}
