//! Feature maps larger than the largest tensor of the device, with a small limit made up. In a file of
//! its own, since the limit holds for the process.

#![cfg(all(feature = "engine", not(target_arch = "wasm32")))]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/files.rs"]
mod files;
#[path = "support/pipelines.rs"]
mod pipelines;

use burn::tensor::{Device, Tensor, TensorData};
use latino_web::models::Autoencoder;
use latino_web::ops::limit;

fn waves<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    let n: usize = shape.iter().product();
    let values: Vec<f32> = (0..n).map(|i| (i as f32 * 0.37).sin()).collect();
    Tensor::from_data(TensorData::new(values, shape), device)
}

fn host<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    let data = pollster::block_on(x.into_data_async()).unwrap();
    data.try_to_vec().unwrap()
}

/// In debug builds a larger tensor than allowed is a panic on the GPU.
#[test]
fn maps_beyond_the_limit_are_cut() {
    let gpu = Device::wgpu_options().init().expect("a WebGPU adapter");
    for model in ["sd15", "lcm", "sd21"] {
        let (json, weights) = pipelines::part(&pipelines::fixture(model), "vae", false);
        for (device, name) in [(Device::flex(), "CPU"), (gpu.clone(), "GPU")] {
            let vae = Autoencoder::load(&json, &weights, &device).unwrap();
            let side = 16;
            let f = vae.downsample_factor();
            let latent = waves([1, vae.latent_channels(), side, side], &device);
            let picture = waves([2, 3, side * f, side * f], &device);
            let run = || {
                let decoded = host(vae.decode(latent.clone()).unwrap());
                [decoded, host(vae.encode(picture.clone()).unwrap())]
            };
            limit::set_largest_tensor(usize::MAX);
            let whole = run();
            // A picture must fit, and it is the largest that is not cut.
            let picture_bytes = 4 * 2 * 3 * (side * f) * (side * f);
            limit::set_largest_tensor(picture_bytes.max(200_000));
            let cut = run();
            limit::set_largest_tensor(usize::MAX);
            for (a, b) in whole.iter().zip(&cut) {
                let size: f32 = a.iter().map(|v| v * v).sum();
                let error: f32 = a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum();
                let error = (error / size).sqrt();
                println!("{model}, {name}: relative error {error:.1e}");
                assert!(error <= 1e-5, "{model}, {name}: {error:.1e}");
            }
        }
    }
}

#[test]
fn parts_divide_the_channels() {
    let cases = [(128, 1), (256, 2), (96, 1), (200, 2), (512, 4), (7, 1)];
    for (channels, expected) in cases {
        let bytes = 4 * channels * 512 * 512;
        let cut = limit::parts_below(channels, bytes, 128 << 20);
        assert_eq!(cut, expected, "{channels} channels");
    }
}
