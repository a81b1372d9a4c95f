//! The profile: block by block the networks compute what they compute as a whole, the counts are what
//! the sizes say, and every block is there.

#![cfg(all(feature = "native", not(target_arch = "wasm32")))]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::time::Instant;

use burn::tensor::Device;
use latino_web::engine::files::Folder;
use latino_web::engine::profile::{Wanted, profile};
use latino_web::engine::transfer::{download, upload};
use latino_web::engine::{Compute, Pipeline};
use latino_web::models::watch::Watch;
use latino_web::ops::trace;
use latino_web::solver::Silent;
use latino_web::{HostTensor, Result};

/// The names it is told, in order.
#[derive(Default)]
struct Names(Vec<String>);

impl Watch for Names {
    async fn done(&mut self, name: &str) -> Result<()> {
        self.0.push(name.into());
        Ok(())
    }
}

fn wave(shape: &[usize]) -> HostTensor {
    let n = shape.iter().product::<usize>();
    HostTensor::new(
        shape.to_vec(),
        (0..n).map(|i| (i as f32 * 0.37).sin()).collect(),
    )
    .unwrap()
}

fn load(model: &str, device: &Device) -> Pipeline {
    pollster::block_on(Pipeline::load(&Folder(model.into()), device)).unwrap()
}

/// Watched and unwatched are equal bit for bit.
async fn same_results(model: &str, unet_blocks: &[&str], decoder_blocks: usize) {
    let device = Device::flex();
    let pipeline = load(model, &device);
    let (unet, ae) = (pipeline.unet(), pipeline.autoencoder());
    let factor = ae.downsample_factor() * unet.config().downsample_factor();
    let side = 2 * factor;
    let small = side / ae.downsample_factor();
    let (_, context) = pipeline.embed("a picture").await.unwrap();
    let z = || upload::<4>(&wave(&[1, ae.latent_channels(), small, small]), &device).unwrap();
    let c = || upload::<3>(&context, &device).unwrap();
    let cond = || unet.guidance(1.0, 1, &device);
    let mut names = Names::default();
    let watched = unet.forward_watched(z(), &[499.0], c(), cond(), &mut names);
    let watched = download(watched.await.unwrap()).await.unwrap();
    let plain = unet.forward(z(), &[499.0], c(), cond()).unwrap();
    assert_eq!(watched, download(plain).await.unwrap(), "{model}: UNet");
    assert_eq!(names.0, unet_blocks, "{model}");

    let picture = || upload::<4>(&wave(&[1, 3, side, side]), &device).unwrap();
    let mut names = Names::default();
    let watched = ae.encode_watched(picture(), &mut names).await.unwrap();
    let plain = download(ae.encode(picture()).unwrap()).await.unwrap();
    assert_eq!(download(watched).await.unwrap(), plain, "{model}: encoder");

    let mut names = Names::default();
    let watched = ae.decode_watched(z(), &mut names).await.unwrap();
    let plain = download(ae.decode(z()).unwrap()).await.unwrap();
    assert_eq!(download(watched).await.unwrap(), plain, "{model}: decoder");
    assert_eq!(names.0.len(), decoder_blocks, "{model}: {:?}", names.0);
}

#[test]
fn watched_networks_compute_the_same() {
    let two = [
        "time_embedding, conv_in",
        "down_blocks.0",
        "down_blocks.1",
        "mid_block",
        "up_blocks.0",
        "up_blocks.1",
        "conv_out",
    ];
    // AutoencoderTiny: four levels and the last convolution.
    pollster::block_on(same_results("tests/fixtures/tiny-lcm", &two, 5));
    let four = [
        "time_embedding, conv_in",
        "down_blocks.0",
        "down_blocks.1",
        "down_blocks.2",
        "down_blocks.3",
        "mid_block",
        "up_blocks.0",
        "up_blocks.1",
        "up_blocks.2",
        "up_blocks.3",
        "conv_out",
    ];
    // AutoencoderKL: in, middle, its levels, out.
    let fixture = "tests/fixtures/pipelines/sd15";
    pollster::block_on(same_results(fixture, &four, 3 + 4));
}

fn check(device: &Device, gpu: bool) {
    let pipeline = load("tests/fixtures/tiny-lcm", device);
    let begun = Instant::now();
    let wanted = Wanted {
        side: None,
        repeat: 1,
        ceiling: false,
    };
    let clock = || begun.elapsed().as_secs_f64();
    let found = pollster::block_on(profile(&pipeline, wanted, clock, &mut Silent)).unwrap();
    let names: Vec<&str> = found.networks.iter().map(|n| n.name.as_str()).collect();
    assert_eq!(names, ["text", "unet", "encode", "decode"]);
    assert_eq!((found.side, found.memory.is_some()), (128, gpu));
    assert!(found.tick > 0.0 && found.tick < 1e-4, "{}", found.tick);
    for n in &found.networks {
        assert!(n.seconds > 0.0 && n.first > 0.0, "{}", n.name);
        let blocks: f64 = n.blocks.iter().map(|b| b.flops).sum();
        assert_eq!(blocks, n.flops, "{}: the blocks are all of it", n.name);
        let launches: u32 = n.blocks.iter().map(|b| b.dispatches).sum();
        let kernels: u32 = n.kernels.iter().map(|k| k.count).sum();
        assert_eq!(n.dispatches > 0, gpu, "{}", n.name);
        assert_eq!(kernels, n.dispatches, "{}", n.name);
        // What follows the last block is not a block's: at most a change of scale.
        assert!(
            launches <= n.dispatches && launches + 1 >= n.dispatches,
            "{}",
            n.name
        );
    }
    // PyTorch's hooks on the same network count 0.414 GFLOP in the decoder's convolutions.
    let decode = &found.networks[3];
    assert!(
        (decode.flops / 1e9 - 0.414).abs() < 0.002,
        "{}",
        decode.flops
    );
    // Counting has ended.
    assert_eq!(trace::take(), trace::Trace::default());
}

#[test]
fn the_cpu_profile_is_whole() {
    check(&Device::flex(), false);
}

#[test]
fn the_gpu_profile_is_whole() {
    check(&Compute::native(true).unwrap().device, true);
}

#[test]
fn impossible_profiles_are_refused() {
    let pipeline = load("tests/fixtures/tiny-lcm", &Device::flex());
    for (side, repeat, message) in [
        (None, 0, "1 to 100 times, not 0"),
        (Some(100), 1, "not 100"),
    ] {
        let wanted = Wanted {
            side,
            repeat,
            ceiling: false,
        };
        let clock = || 0.0;
        let e = pollster::block_on(profile(&pipeline, wanted, clock, &mut Silent)).unwrap_err();
        assert!(e.to_string().contains(message), "{e}");
    }
}

#[test]
fn the_command_line_reports_json() {
    let model = "tests/fixtures/pipelines/lcm";
    let arguments = [
        "bench", "--model", model, "--repeat", "1", "--latino", "1", "--json",
    ];
    let program = env!("CARGO_BIN_EXE_latino");
    let out = std::process::Command::new(program)
        .args(arguments)
        .output()
        .unwrap();
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let report: serde_json::Value = serde_json::from_slice(&out.stdout).unwrap();
    assert!(report["profile"]["ceiling"].as_f64().unwrap() > 1e8);
    assert!(report["latino"]["seconds"].as_f64().unwrap() > 0.0);
    assert_eq!(report["profile"]["networks"].as_array().unwrap().len(), 4);
    let out = std::process::Command::new(program)
        .args(["bench", "--model", model, "--size", "7"])
        .output()
        .unwrap();
    assert!(!out.status.success());
    assert!(String::from_utf8_lossy(&out.stderr).contains("multiples of"));
}
