//! The networks against diffusers and transformers, on small random pipelines and on the emoji
//! model. `tests/reference/*.py` made the references and say what is in them.

#![cfg(feature = "engine")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};

use burn::tensor::{Device, Tensor, TensorData};
use latino_web::Error;
use latino_web::models::weights::shard_files;
use latino_web::models::{Autoencoder, ClipTextModel, UNet2DConditionModel, Weights};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn fixture(name: &str) -> PathBuf {
    root().join("tests/fixtures/pipelines").join(name)
}

/// The text of `config.json` and the weights of one part of a model.
fn part(model: &Path, name: &str) -> (String, Weights) {
    let folder = model.join(name);
    let json = fs::read_to_string(folder.join("config.json")).unwrap();
    let stem = if name == "text_encoder" {
        "model"
    } else {
        "diffusion_pytorch_model"
    };
    let files = match fs::read_to_string(folder.join(format!("{stem}.safetensors.index.json"))) {
        Ok(index) => shard_files(&index).unwrap(),
        Err(_) => vec![format!("{stem}.safetensors")],
    };
    let shards = files.iter().map(|f| fs::read(folder.join(f)).unwrap());
    (json, Weights::new(name, shards.collect()).unwrap())
}

/// The contents of a `reference.safetensors`.
struct Reference {
    tensors: HashMap<String, (Vec<usize>, Vec<f32>)>,
    ids: HashMap<String, (usize, Vec<u32>)>,
    facts: serde_json::Value,
}

impl Reference {
    fn read(folder: &Path) -> Self {
        let bytes = fs::read(folder.join("reference.safetensors")).unwrap();
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
    fn check<const D: usize>(&self, name: &str, x: Tensor<D>, tolerance: f64) {
        let (shape, expected) = &self.tensors[name];
        assert_eq!(x.dims().to_vec(), *shape, "{name}");
        let values: Vec<f32> = x.into_data().try_to_vec().unwrap();
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
fn check_model(model: &Path, reference: &Path, device: &Device, tolerance: f64) {
    let r = Reference::read(reference);
    let (json, weights) = part(model, "text_encoder");
    let text = ClipTextModel::load(&json, &weights, device).unwrap();
    let (json, weights) = part(model, "unet");
    let unet = UNet2DConditionModel::load(&json, &weights, device).unwrap();
    let (json, weights) = part(model, "vae");
    let vae = Autoencoder::load(&json, &weights, device).unwrap();
    assert_eq!(text.parameters(), r.parameters("text"));
    assert_eq!(unet.parameters(), r.parameters("unet"));
    assert_eq!(vae.parameters(), r.parameters("vae"));

    let (batch, ids) = &r.ids["text.ids"];
    r.check("text.hidden", text.forward(ids, *batch).unwrap(), tolerance);

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
        r.check(&name("output"), output.unwrap(), tolerance);
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
    r.check("vae.mean", mean, tolerance);
    let picture = vae.decode(r.tensor("vae.latent", device)).unwrap();
    r.check("vae.decoded", picture, tolerance);

    let latents = generate(model, &r, &text, &unet, device);
    r.check("generate.latents", latents.clone(), tolerance);
    let unscaled = latents / vae.scaling_factor() + vae.shift_factor();
    r.check("generate.picture", vae.decode(unscaled).unwrap(), tolerance);
}

/// Latent consistency sampling (Luo et al., 2023) with the reference's noises, in f64 scalars and
/// plain tensor arithmetic.
fn generate(
    model: &Path,
    r: &Reference,
    text: &ClipTextModel,
    unet: &UNet2DConditionModel,
    device: &Device,
) -> Tensor<4> {
    let config = fs::read_to_string(model.join("scheduler/scheduler_config.json")).unwrap();
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

/// All models with references, on one device.
fn check_all(device: &Device, tolerance: f64) {
    for name in ["sd15", "lcm", "sd21"] {
        println!("{name}");
        check_model(&fixture(name), &fixture(name), device, tolerance);
    }
    println!("emoji-lcm");
    let model = root().join("public/models/emoji-lcm");
    let reference = root().join("tests/fixtures/emoji-lcm");
    check_model(&model, &reference, device, tolerance);
}

#[test]
fn networks_match_diffusers_on_the_cpu() {
    check_all(&Device::flex(), 1e-4);
}

/// The weights of the fixture `lcm`'s part `name`, changed by `change`.
fn changed(name: &str, change: impl FnOnce(&mut HashMap<String, TensorView>)) -> Weights {
    let stem = match name {
        "text_encoder" => "model",
        _ => "diffusion_pytorch_model",
    };
    let file = fixture("lcm")
        .join(name)
        .join(format!("{stem}.safetensors"));
    let bytes = fs::read(file).unwrap();
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let mut tensors: HashMap<String, TensorView> = tensors.tensors().into_iter().collect();
    change(&mut tensors);
    let bytes = safetensors::serialize(tensors, None).unwrap();
    Weights::new(name, vec![bytes]).unwrap()
}

fn config(name: &str) -> String {
    part(&fixture("lcm"), name).0
}

/// `json` with `key` set to `value`.
fn with(json: &str, key: &str, value: serde_json::Value) -> String {
    let mut config: serde_json::Value = serde_json::from_str(json).unwrap();
    config[key] = value;
    config.to_string()
}

/// Asserts that `result` is a model error whose message has all of `words`.
fn refused<T: std::fmt::Debug>(result: Result<T, Error>, words: &[&str]) {
    let error = result.expect_err("must be refused");
    assert!(matches!(error, Error::Model(_)), "{error:?}");
    let message = error.to_string();
    for word in words {
        assert!(message.contains(word), "\"{word}\" is not in: {message}");
    }
}

#[test]
fn a_missing_tensor_is_named() {
    let device = Device::flex();
    let key = "mid_block.attentions.0.norm.bias";
    let weights = changed("unet", |t| assert!(t.remove(key).is_some()));
    let result = UNet2DConditionModel::load(&config("unet"), &weights, &device);
    refused(result, &["unet", key, "missing"]);
}

#[test]
fn an_extra_tensor_is_named() {
    let device = Device::flex();
    let weights = changed("vae", |t| {
        let copy = t["encoder.layers.0.bias"].clone();
        t.insert("encoder.layers.99.bias".into(), copy);
    });
    let result = Autoencoder::load(&config("vae"), &weights, &device);
    refused(result, &["vae", "encoder.layers.99.bias", "no place"]);
}

#[test]
fn a_misshaped_tensor_is_named() {
    let device = Device::flex();
    let key = "encoder.layers.1.mlp.fc1.weight";
    let weights = changed("text_encoder", |t| {
        let view = t.remove(key).unwrap();
        let turned = vec![view.shape()[1], view.shape()[0]];
        let view = TensorView::new(view.dtype(), turned, view.data()).unwrap();
        t.insert(key.into(), view);
    });
    let result = ClipTextModel::load(&config("text_encoder"), &weights, &device);
    refused(result, &["text_encoder", key, "[24, 48]", "[48, 24]"]);
}

#[test]
fn a_tensor_of_integers_is_refused() {
    let device = Device::flex();
    let key = "final_layer_norm.weight";
    let weights = changed("text_encoder", |t| {
        let view = t.remove(key).unwrap();
        let view = TensorView::new(Dtype::I16, view.shape().to_vec(), view.data()).unwrap();
        t.insert(key.into(), view);
    });
    let result = ClipTextModel::load(&config("text_encoder"), &weights, &device);
    refused(result, &[key, "I16", "F16"]);
}

#[test]
fn damaged_files_are_refused() {
    let file = fixture("lcm/vae/diffusion_pytorch_model.safetensors");
    let whole = fs::read(file).unwrap();
    let cut = whole[..whole.len() - 1].to_vec();
    refused(
        Weights::new("vae", vec![cut]).map(|_| ()),
        &["vae", "whole"],
    );
    let twice = vec![whole.clone(), whole];
    refused(Weights::new("vae", twice).map(|_| ()), &["vae", "in two"]);
}

#[test]
fn unsupported_config_values_are_named() {
    let device = Device::flex();
    let (text, unet, vae) = (config("text_encoder"), config("unet"), config("vae"));
    let (_, text_weights) = part(&fixture("lcm"), "text_encoder");
    let text_model = |json: &str| ClipTextModel::load(json, &text_weights, &device);
    refused(
        text_model(&with(&text, "hidden_act", "relu".into())),
        &["text_encoder/config.json", "hidden_act", "relu"],
    );
    let (_, unet_weights) = part(&fixture("lcm"), "unet");
    for (key, value) in [
        ("act_fn", "mish".into()),
        ("addition_embed_type", "text_time".into()),
        ("attention_head_dim", 5.into()),
        ("down_block_types", vec!["DownBlock2D"].into()),
        ("some_new_option", 1.into()),
    ] {
        let json = with(&unet, key, value);
        let result = UNet2DConditionModel::load(&json, &unet_weights, &device);
        refused(result, &["unet/config.json", key]);
    }
    let (_, vae_weights) = part(&fixture("lcm"), "vae");
    let autoencoder = |json: &str| Autoencoder::load(json, &vae_weights, &device);
    for (key, value) in [
        ("_class_name", "AutoencoderDC".into()),
        ("upsample_fn", "bilinear".into()),
        ("encoder_block_out_channels", vec![16, 16, 32].into()),
        ("num_decoder_blocks", vec![1, 1].into()),
        ("scaling_factor", 0.into()),
    ] {
        refused(
            autoencoder(&with(&vae, key, value)),
            &["vae/config.json", key],
        );
    }
    refused(autoencoder("{}"), &["vae/config.json", "_class_name"]);
    let kl = fs::read_to_string(fixture("sd15/vae/config.json")).unwrap();
    for (key, value) in [
        ("latents_mean", vec![0.5].into()),
        ("up_block_types", vec!["AttnUpDecoderBlock2D"].into()),
        ("norm_num_groups", 7.into()),
    ] {
        refused(
            autoencoder(&with(&kl, key, value)),
            &["vae/config.json", key],
        );
    }
}

#[test]
fn inputs_that_do_not_fit_are_refused() {
    let device = Device::flex();
    let zeros = |shape: [usize; 4]| Tensor::<4>::zeros(shape, &device);
    let (json, weights) = part(&fixture("lcm"), "vae");
    let vae = Autoencoder::load(&json, &weights, &device).unwrap();
    assert!(matches!(
        vae.encode(zeros([1, 3, 8, 10])),
        Err(Error::Shape(_))
    ));
    assert!(matches!(
        vae.encode(zeros([1, 4, 8, 8])),
        Err(Error::Shape(_))
    ));
    assert!(matches!(
        vae.decode(zeros([1, 3, 2, 2])),
        Err(Error::Shape(_))
    ));

    let (json, weights) = part(&fixture("lcm"), "text_encoder");
    let text = ClipTextModel::load(&json, &weights, &device).unwrap();
    assert!(matches!(text.forward(&[2048], 1), Err(Error::Invalid(_))));
    assert!(matches!(text.forward(&[0; 25], 1), Err(Error::Invalid(_))));
    assert!(matches!(text.forward(&[0; 5], 2), Err(Error::Invalid(_))));

    let (json, weights) = part(&fixture("lcm"), "unet");
    let unet = UNet2DConditionModel::load(&json, &weights, &device).unwrap();
    let forward = |channels: usize, timesteps: &[f32], width: usize, cond: usize| {
        let context = Tensor::<3>::zeros([1, 4, width], &device);
        let cond = Tensor::<2>::zeros([1, cond], &device);
        unet.forward(zeros([1, channels, 4, 4]), timesteps, context, Some(cond))
    };
    assert!(forward(4, &[1.0], 24, 32).is_ok());
    assert!(matches!(forward(3, &[1.0], 24, 32), Err(Error::Shape(_))));
    assert!(matches!(
        forward(4, &[1.0; 3], 24, 32),
        Err(Error::Shape(_))
    ));
    assert!(matches!(forward(4, &[1.0], 32, 32), Err(Error::Shape(_))));
    assert!(matches!(forward(4, &[1.0], 24, 16), Err(Error::Shape(_))));
}
