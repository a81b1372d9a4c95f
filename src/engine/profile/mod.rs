//! Where the time goes: every network of a model, block by block, on the device that runs it.
//!
//! | file | what lives there |
//! |---|---|
//! | `ceiling` | the rate of large matrix products, as a measure of the device |
//! | `stopwatch` | waits for the device after each block |

mod ceiling;
mod stopwatch;

use burn::tensor::{Device, Tensor, TensorData};

use self::stopwatch::{Stopwatch, tick};
use super::Pipeline;
use super::transfer::{download, upload};
use crate::models::watch::Watch;
use crate::ops::trace::{self, Trace};
use crate::protocol::{KernelCount, MemoryProfile, NetworkProfile, Profile};
use crate::solver::Observer;
use crate::{Error, HostTensor, Result};

pub use ceiling::matmul_ceiling;

/// Most runs of each network in a profile.
const MAX_REPEAT: u32 = 100;

/// What a profile is to cover.
#[derive(Debug, Clone, Copy)]
pub struct Wanted {
    /// Side of the picture; the model's own size when `None`.
    pub side: Option<usize>,
    /// Runs of each network that the medians are of, 1 to 100.
    pub repeat: u32,
    /// Whether to measure the rate of large matrix products, too.
    pub ceiling: bool,
}

/// Which network a profile is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Profiling(pub &'static str);

/// The inputs of all networks, on the host.
struct Inputs {
    tokens: Vec<u32>,
    context: HostTensor,
    picture: HostTensor,
    latent: HostTensor,
}

/// Runs every network of `pipeline` on made-up inputs and says how long it and its blocks took.
/// `clock` gives seconds. Fails with [`Error::Invalid`] when the picture's side or the number of
/// runs is not possible, with [`Error::Cancelled`] when `observer` says so between two runs, and
/// with [`Error::BadOutput`] when a network's result is not finite.
pub async fn profile(
    pipeline: &Pipeline,
    wanted: Wanted,
    clock: impl Fn() -> f64 + Copy,
    observer: &mut impl Observer<Profiling>,
) -> Result<Profile> {
    if !(1..=MAX_REPEAT).contains(&wanted.repeat) {
        return Err(Error::invalid(format!(
            "a profile repeats 1 to {MAX_REPEAT} times, not {}",
            wanted.repeat
        )));
    }
    let report = pipeline.report();
    let side = wanted.side.unwrap_or(report.picture_size as usize);
    let multiple = report.picture_multiple as usize;
    if side == 0 || !side.is_multiple_of(multiple) {
        return Err(Error::invalid(format!(
            "pictures of this model have sides that are multiples of {multiple}, not {side}"
        )));
    }
    let (encoding, context) = pipeline.embed("a picture").await?;
    let factor = pipeline.autoencoder().downsample_factor();
    let channels = pipeline.autoencoder().latent_channels();
    let small = side / factor;
    let inputs = Inputs {
        tokens: encoding.ids,
        context,
        picture: wave([1, 3, side, side])?,
        latent: wave([1, channels, small, small])?,
    };
    let mut networks = Vec::new();
    // Counting must end with the profile, however it ends.
    let counting = Counting::begin();
    for name in ["text", "unet", "encode", "decode"] {
        observer.notify(Profiling(name));
        let n = network(pipeline, name, &inputs, wanted.repeat, clock, observer).await?;
        networks.push(n);
    }
    drop(counting);
    let usage = pipeline.device().memory_pool_usage();
    let ceiling = match wanted.ceiling {
        true => Some(matmul_ceiling(pipeline.device(), clock).await?),
        false => None,
    };
    Ok(Profile {
        side: side as u32,
        repeat: wanted.repeat,
        tick: tick(clock),
        networks,
        memory: usage.map(|u| MemoryProfile {
            reserved: u.bytes_reserved,
            in_use: u.bytes_in_use,
        }),
        ceiling,
    })
}

struct Counting;

impl Counting {
    fn begin() -> Self {
        trace::begin();
        Self
    }
}

impl Drop for Counting {
    fn drop(&mut self) {
        trace::end();
    }
}

/// Values of about unit variance without long runs: no network sees an input that it never does.
fn wave(shape: [usize; 4]) -> Result<HostTensor> {
    let values = (0..shape.iter().product()).map(|i: usize| 1.3 * (i as f32 * 0.7).sin());
    HostTensor::new(shape.to_vec(), values.collect())
}

/// The first run, `repeat` runs as in use, and `repeat` runs with a wait after every block.
async fn network(
    pipeline: &Pipeline,
    name: &str,
    inputs: &Inputs,
    repeat: u32,
    clock: impl Fn() -> f64 + Copy,
    observer: &mut impl Observer<Profiling>,
) -> Result<NetworkProfile> {
    let mut seconds = Vec::new();
    let mut trace = Trace::default();
    for _ in 0..=repeat {
        observer.checkpoint().await?;
        trace::take();
        let begun = clock();
        let out = run(pipeline, name, inputs, &mut Unwatched).await?;
        seconds.push(clock() - begun);
        trace = trace::take();
        if !out.data().iter().all(|v| v.is_finite()) {
            return Err(Error::BadOutput(format!(
                "{name} gave values that are not finite"
            )));
        }
    }
    let first = seconds.remove(0);
    let mut stopwatch = Stopwatch::new(pipeline.device(), clock);
    for _ in 0..repeat {
        observer.checkpoint().await?;
        stopwatch.start().await?;
        run(pipeline, name, inputs, &mut stopwatch).await?;
    }
    Ok(NetworkProfile {
        name: name.into(),
        first,
        seconds: median(&mut seconds),
        flops: trace.flops,
        dispatches: trace.dispatches(),
        blocks: stopwatch.blocks(),
        kernels: kernels(trace),
    })
}

/// The most frequent first.
fn kernels(trace: Trace) -> Vec<KernelCount> {
    let mut kernels: Vec<KernelCount> = trace
        .kernels
        .into_iter()
        .map(|(kernel, count)| KernelCount { kernel, count })
        .collect();
    kernels.sort_by_key(|k| std::cmp::Reverse(k.count));
    kernels
}

/// The middle of some times; of an even number the lower one.
fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times
        .get(times.len().saturating_sub(1) / 2)
        .copied()
        .unwrap_or(0.0)
}

struct Unwatched;

impl Watch for Unwatched {
    async fn done(&mut self, _: &str) -> Result<()> {
        Ok(())
    }
}

/// One run of a network, inputs and result included.
async fn run(
    pipeline: &Pipeline,
    name: &str,
    inputs: &Inputs,
    watch: &mut impl Watch,
) -> Result<HostTensor> {
    let device = pipeline.device();
    match name {
        "text" => {
            let out = pipeline.text().forward(&inputs.tokens, 1)?;
            watch.done("text encoder").await?;
            download(out).await
        }
        "unet" => {
            let unet = pipeline.unet();
            let context = upload(&inputs.context, device)?;
            let cond = unet.guidance(1.0, 1, device);
            let z = upload(&inputs.latent, device)?;
            download(
                unet.forward_watched(z, &[499.0], context, cond, watch)
                    .await?,
            )
            .await
        }
        "encode" => {
            let picture = upload(&inputs.picture, device)?;
            download(
                pipeline
                    .autoencoder()
                    .encode_watched(picture, watch)
                    .await?,
            )
            .await
        }
        _ => {
            let latent = upload(&inputs.latent, device)?;
            download(pipeline.autoencoder().decode_watched(latent, watch).await?).await
        }
    }
}

/// Waits until the device has done everything that was queued before: a readback of one value, which
/// the queue orders after it.
async fn barrier(device: &Device) -> Result<()> {
    let one: Tensor<1> = Tensor::from_data(TensorData::new(vec![0.0f32], [1]), device);
    download(one).await.map(|_| ())
}
