//! What is wrong with a model folder or an input is named, not guessed at.

#![cfg(all(feature = "engine", not(target_arch = "wasm32")))]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/files.rs"]
mod files;
#[path = "support/pipelines.rs"]
mod pipelines;

use std::collections::HashMap;

use burn::tensor::{Device, Tensor};
use latino_web::Error;
use latino_web::models::{Autoencoder, ClipTextModel, UNet2DConditionModel, Weights};
use pipelines::fixture;
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView};

/// One part of the pipeline `lcm`.
fn part(name: &str) -> (String, Weights) {
    pipelines::part(&fixture("lcm"), name, false)
}

/// The weights of the fixture `lcm`'s part `name`, changed by `change`.
fn changed(name: &str, change: impl FnOnce(&mut HashMap<String, TensorView>)) -> Weights {
    let stem = match name {
        "text_encoder" => "model",
        _ => "diffusion_pytorch_model",
    };
    let bytes = files::read(&format!("{}/{name}/{stem}.safetensors", fixture("lcm")));
    let tensors = SafeTensors::deserialize(&bytes).unwrap();
    let mut tensors: HashMap<String, TensorView> = tensors.tensors().into_iter().collect();
    change(&mut tensors);
    let bytes = safetensors::serialize(tensors, None).unwrap();
    Weights::new(name, vec![bytes]).unwrap()
}

fn config(name: &str) -> String {
    part(name).0
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
    let whole = files::read(&fixture("lcm/vae/diffusion_pytorch_model.safetensors"));
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
    let (_, text_weights) = part("text_encoder");
    let text_model = |json: &str| ClipTextModel::load(json, &text_weights, &device);
    refused(
        text_model(&with(&text, "hidden_act", "relu".into())),
        &["text_encoder/config.json", "hidden_act", "relu"],
    );
    let (_, unet_weights) = part("unet");
    for (key, value) in [
        ("act_fn", "mish".into()),
        ("addition_embed_type", "text_time".into()),
        ("attention_head_dim", 5.into()),
        ("down_block_types", vec!["DownBlock2D"].into()),
        ("some_new_option", 1.into()),
        ("layers_per_block", 0.into()),
        ("block_out_channels", vec![32; 70].into()),
    ] {
        let json = with(&unet, key, value);
        let result = UNet2DConditionModel::load(&json, &unet_weights, &device);
        refused(result, &["unet/config.json", key]);
    }
    let (_, vae_weights) = part("vae");
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
    let kl = files::text(&fixture("sd15/vae/config.json"));
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
    let (json, weights) = part("vae");
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

    let (json, weights) = part("text_encoder");
    let text = ClipTextModel::load(&json, &weights, &device).unwrap();
    assert!(matches!(text.forward(&[2048], 1), Err(Error::Invalid(_))));
    assert!(matches!(text.forward(&[0; 25], 1), Err(Error::Invalid(_))));
    assert!(matches!(text.forward(&[0; 5], 2), Err(Error::Invalid(_))));

    let (json, weights) = part("unet");
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
