//! Every WGSL kernel against the CPU path, at the shapes the models use and at awkward ones; the CPU
//! path's vector-Jacobian products against finite differences.
//!
//! Runs natively on whatever adapter there is (lavapipe on a machine without a GPU), and, compiled
//! to wasm, in a dedicated worker of a browser.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![cfg(feature = "engine")]

mod accuracy;
mod backward;
#[cfg(not(target_arch = "wasm32"))]
mod differences;
mod forward;
mod packed;
#[cfg(not(target_arch = "wasm32"))]
mod speed;
mod tiles;

use burn::tensor::{Device, Tensor, TensorData};
use latino_web::ops::Weight;

#[cfg(target_arch = "wasm32")]
wasm_bindgen_test::wasm_bindgen_test_configure!(run_in_dedicated_worker);

/// Reproducible values in about [-1, 1] without a crate.
fn values(n: usize, seed: u32) -> Vec<f32> {
    let mut s = seed.wrapping_mul(2_654_435_761).wrapping_add(12_345);
    (0..n)
        .map(|_| {
            s ^= s << 13;
            s ^= s >> 17;
            s ^= s << 5;
            (s as f32 / u32::MAX as f32) * 2.0 - 1.0
        })
        .collect()
}

fn t<const D: usize>(shape: [usize; D], seed: u32, device: &Device) -> Tensor<D> {
    let n = shape.iter().product();
    Tensor::from_data(TensorData::new(values(n, seed), shape), device)
}

/// The same as a weight in single precision.
fn w<const D: usize>(shape: [usize; D], seed: u32, device: &Device) -> Weight {
    t(shape, seed, device).into()
}

async fn read<const D: usize>(x: Tensor<D>) -> Vec<f32> {
    let data = x.into_data_async().await.unwrap();
    data.try_to_vec::<f32>().unwrap()
}

/// Runs `f` on both devices and compares.
async fn same<const D: usize>(name: &str, gpu: &Device, f: impl Fn(&Device) -> Tensor<D>) {
    compare(name, f(&Device::flex()), f(gpu)).await;
}

/// Compares `on_gpu` with the reference `cpu`.
async fn compare<const D: usize>(name: &str, cpu: Tensor<D>, on_gpu: Tensor<D>) {
    let shape = cpu.dims();
    assert_eq!(shape, on_gpu.dims(), "{name}: shapes differ");
    let (a, b) = (read(cpu).await, read(on_gpu).await);
    let norm: f64 = a.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
    let error: f64 = a
        .iter()
        .zip(&b)
        .map(|(a, b)| f64::from(a - b).powi(2))
        .sum::<f64>()
        .sqrt();
    assert!(norm > 0.0, "{name}: the reference is zero");
    assert!(
        error <= 2e-5 * norm,
        "{name}: relative error {:.2e}",
        error / norm
    );
}

/// The adapter's device, opened once: the tests of a program run side by side.
/// A machine without any Vulkan adapter has none; CI installs a software one.
#[cfg(not(target_arch = "wasm32"))]
fn adapter() -> Device {
    static GPU: std::sync::OnceLock<Device> = std::sync::OnceLock::new();
    let open = || latino_web::engine::Compute::native(true).map(|c| c.device);
    GPU.get_or_init(|| open().expect("a WebGPU adapter"))
        .clone()
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
fn kernels_match_the_cpu_path() {
    let gpu = adapter();
    pollster::block_on(async {
        forward::all(&gpu).await;
        backward::all(&gpu).await;
        packed::all(&gpu).await;
        tiles::all(&gpu).await;
    });
}

/// Writes all kernels' texts to the file that LATINO_KERNELS names, for a look by another compiler.
#[cfg(not(target_arch = "wasm32"))]
#[test]
#[ignore = "a tool"]
fn dump_kernels() {
    let gpu = adapter();
    pollster::block_on(async {
        tiles::all(&gpu).await;
        packed::all(&gpu).await;
        forward::all(&gpu).await;
        backward::all(&gpu).await;
    });
    let texts = serde_json::to_string(&latino_web::ops::kernel_texts()).unwrap();
    std::fs::write(std::env::var_os("LATINO_KERNELS").unwrap(), texts).unwrap();
}

#[cfg(not(target_arch = "wasm32"))]
#[test]
fn long_sums_are_accurate() {
    let gpu = adapter();
    pollster::block_on(accuracy::all(&gpu));
}

#[cfg(target_arch = "wasm32")]
#[wasm_bindgen_test::wasm_bindgen_test]
async fn kernels_match_the_cpu_path() {
    latino_web::engine::constructors::run();
    let gpu = Device::wgpu_options()
        .init_async()
        .await
        .expect("a WebGPU adapter");
    forward::all(&gpu).await;
    backward::all(&gpu).await;
    packed::all(&gpu).await;
    tiles::all(&gpu).await;
    accuracy::all(&gpu).await;
}

/// If the linker had every call run the static constructors, these would take a second.
#[cfg(target_arch = "wasm32")]
#[wasm_bindgen_test::wasm_bindgen_test]
fn calls_from_javascript_run_no_constructors() {
    latino_web::engine::constructors::run();
    let begun = js_sys::Date::now();
    for _ in 0..5000 {
        std::hint::black_box(js_sys::Object::new());
    }
    let took = js_sys::Date::now() - begun;
    assert!(took < 200.0, "5000 objects took {took} ms");
}
