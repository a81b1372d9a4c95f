//! The messages between the page and the engine worker. Plain data, no behaviour:
//! both programs compile this module, so they cannot disagree.
//!
//! Pictures travel as [`Rgba`]: 8-bit sRGB, row-major, which is what canvases want.

mod address;
mod lecture;
mod library;
mod profile;

use serde::{Deserialize, Serialize};

pub use self::address::{LOCAL, LOCAL_FILES, PRECISIONS, split_precision};
pub use self::lecture::{Pace, Stage};
pub use self::library::{Kept, LibraryEvent, LibraryRequest, Place, StoredModel};
pub use self::profile::{BlockProfile, KernelCount, MemoryProfile, NetworkProfile, Profile};
pub use crate::solver::OutputStage;

/// An 8-bit RGBA picture, row-major, `4 * width * height` bytes, not premultiplied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rgba {
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The bytes.
    #[serde(with = "serde_bytes")]
    pub bytes: Vec<u8>,
}

/// Which device the visitor asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeviceChoice {
    /// WebGPU when there is a hardware adapter, else the CPU.
    #[default]
    Auto,
    /// WebGPU, software adapters included.
    Gpu,
    /// The CPU (wasm SIMD).
    Cpu,
}

/// Which device runs, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceReport {
    /// True when WebGPU runs, false on the CPU.
    pub gpu: bool,
    /// Adapter description, or "CPU (wasm SIMD)".
    pub name: String,
    /// One sentence: why this device was taken.
    pub reason: String,
}

/// The solver settings that suit a model, as its makers measured them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Recommended {
    /// Network evaluations of LATINO.
    pub steps: u32,
    /// First timestep; the model's last when `None`.
    pub start: Option<u32>,
    /// Where to start.
    pub init: Initialisation,
    /// Step size rule.
    pub rule: StepRule,
    /// See [`ChainSettings::relaxation`].
    pub relaxation: f64,
}

impl Default for Recommended {
    fn default() -> Self {
        Self {
            steps: 8,
            start: None,
            init: Initialisation::default(),
            rule: StepRule::default(),
            relaxation: 0.0,
        }
    }
}

/// What the loaded model is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ModelReport {
    /// Display name.
    pub name: String,
    /// Licence, as its manifest states it.
    pub licence: String,
    /// Side of the square picture that the model was trained on, in pixels.
    pub picture_size: u32,
    /// Pictures must have sides that are multiples of this.
    pub picture_multiple: u32,
    /// Longest prompt in tokens, start and end included.
    pub max_tokens: u32,
    /// Number of parameters, all parts together.
    pub parameters: u64,
    /// Whether it brings a quick autoencoder for the hybrid codec; see [`RestoreJob::hybrid`].
    pub hybrid: bool,
    /// Whether it takes a guidance scale.
    pub guided: bool,
    /// The settings that suit it.
    pub recommended: Recommended,
}

/// Where the solver starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Initialisation {
    /// The operator's regularised inverse of y.
    #[default]
    PseudoInverse,
    /// A^T y, as in the published code.
    Adjoint,
    /// The total variation solution: clean where y is noisy, at the price of its seconds.
    TotalVariation,
}

/// How the step size gamma is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepRule {
    /// Discrepancy (Morozov): the residual after the prox equals the noise level.
    #[default]
    Discrepancy,
    /// The published table in resolution-free form.
    Published,
    /// Moment matching: the data weigh as much as the error of the current picture deserves.
    MomentMatching,
}

/// What restores.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Solver {
    /// LATINO.
    #[default]
    Latino,
    /// LATINO-PRO: fits the prompt embedding first.
    LatinoPro,
    /// Latent DiffPIR (Zhu et al. 2023): LATINO that keeps most of its noise.
    DiffPir,
    /// Total variation, for comparison; needs no model.
    Tv,
    /// Quadratic smoothness, for comparison; needs no model.
    Tikhonov,
    /// The operator's regularised inverse, for comparison; needs no model.
    PseudoInverse,
}

/// Settings of LATINO-PRO; see [`crate::solver::ProOptions`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ProSettings {
    /// Outer iterations.
    pub iterations: u32,
    /// Timesteps of the chain in each.
    pub chain_steps: u32,
    /// Step size.
    pub step: f64,
    /// Iterations before the step size decays.
    pub constant_iterations: u32,
    /// Factor per iteration after that.
    pub decay: f64,
    /// Radius of every token's ball.
    pub radius: f64,
    /// Tokens that never move, from the start.
    pub frozen: u32,
    /// The gradient's expectation over the chain's noise instead of a draw.
    pub expected: bool,
    /// The last run goes on from where the chains ended, as published, instead of starting where LATINO
    /// does.
    pub published: bool,
}

impl Default for ProSettings {
    fn default() -> Self {
        Self {
            iterations: 15,
            chain_steps: 4,
            step: 0.08,
            constant_iterations: 10,
            decay: 0.9,
            radius: 15.0,
            frozen: 4,
            expected: false,
            published: false,
        }
    }
}

/// Settings of a chain that most visitors leave alone.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ChainSettings {
    /// Target of the discrepancy rule as a multiple of the noise energy, above 0.
    pub rho: f64,
    /// Guidance scale, for models that take one; 1 is none.
    pub guidance: f32,
    /// DiffPIR's share of fresh noise, 0 to 1; 1 is LATINO.
    pub zeta: f64,
    /// Share of the last picture that every prior step keeps, 0 to below 1; 0 is as published.
    pub relaxation: f64,
    /// Encode only what the data step changed, at one more encoder call a step.
    pub corrected: bool,
    /// Published rule: the table for SDXL with DMD2 instead of the one for SD 1.5 with LCM-LoRA. LATINO-PRO has
    /// its own.
    pub sdxl: bool,
    /// Published rule: constants applied to the residual's norm as it is, not resolution-free.
    pub original: bool,
}

impl Default for ChainSettings {
    fn default() -> Self {
        Self {
            rho: 1.0,
            guidance: 1.0,
            zeta: 0.1,
            relaxation: 0.0,
            corrected: false,
            sdxl: false,
            original: false,
        }
    }
}

/// A restoration, complete: the same job on the same device gives the same result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RestoreJob {
    /// The picture, cropped and scaled by the page to sides that the model takes.
    /// For `measured` jobs: the measurement itself.
    pub picture: Rgba,
    /// True when `picture` is already degraded; false to simulate the degradation from it.
    pub measured: bool,
    /// Inpainting mask of the picture's size: white (255) = known, black = missing.
    pub mask: Option<Rgba>,
    /// Blur kernel for `blur:kernel=given`, any size: its brightness is the weight.
    pub kernel: Option<Rgba>,
    /// The operator, as `name:key=value,...`.
    pub task: String,
    /// The noise, as `name:key=value,...`, or the standard deviation of Gaussian noise for pictures
    /// in [0, 1].
    pub noise: String,
    /// What restores.
    pub solver: Solver,
    /// Posterior samples, 1 or more; from two on their spread is reported.
    pub samples: u32,
    /// For LATINO-PRO.
    pub pro: ProSettings,
    /// For LATINO-PRO: the embedding of an earlier run's last iteration under the same prompt.
    pub resume: Option<Vec<f32>>,
    /// Prompt, used verbatim.
    pub prompt: String,
    /// Network evaluations, 1 to 50.
    pub steps: u32,
    /// First timestep; the model's last when `None`, and always for inpainting. A lower one keeps
    /// more of the initial picture.
    pub start: Option<u32>,
    /// Seed of every random number.
    pub seed: u32,
    /// Where to start.
    pub init: Initialisation,
    /// What to return.
    pub output: OutputStage,
    /// Step size rule.
    pub rule: StepRule,
    /// Hybrid codec: the model's quick autoencoder inside the chain, its full one at the end. Fails for a
    /// model that has none.
    pub hybrid: bool,
    /// The rest of the chain's settings.
    pub chain: ChainSettings,
}

/// What an edit is to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct EditJob {
    /// The picture to edit.
    pub picture: Rgba,
    /// What it is to show.
    pub to: String,
    /// How far the result may differ, as a standard deviation for pictures in [0, 1].
    pub tolerance: f64,
    /// Whether the job's measurement must stay explained.
    pub keep: bool,
    /// Words of `to` whose tokens must not move, beside those that the edit changes.
    pub stay: String,
}

/// Page to worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// About the models that are kept.
    Library(LibraryRequest),
    /// Pauses the download of a model, or goes on with it.
    PauseDownload {
        /// Whether it is to wait.
        paused: bool,
    },
    /// Ends the download of a model. What has come is kept. Answered by `Failed`.
    StopDownload,
    /// Choose a device and load a model. Answered by `LoadProgress`*, then `Ready` or `Failed`.
    Load {
        /// Wanted device.
        device: DeviceChoice,
        /// Absolute URL of the model folder, ending in a slash.
        model_url: String,
    },
    /// Show what the measurement would look like, without restoring. Answered by `Measured` or `Failed`.
    Measure {
        /// Chosen by the page, echoed in the answer.
        id: u32,
        /// The job whose measurement is wanted.
        job: Box<RestoreJob>,
    },
    /// Restore. Answered by `Started`, `Step`*, then `Done` or `Failed`.
    Restore {
        /// Chosen by the page, echoed in the answers.
        id: u32,
        /// The job.
        job: Box<RestoreJob>,
    },
    /// Edit a picture by constrained prompt steps (docs/editing.md). Answered as `Restore` is.
    Edit {
        /// Chosen by the page, echoed in the answers.
        id: u32,
        /// Settings; its prompt says what the picture shows. Its own picture counts with `keep` only.
        job: Box<RestoreJob>,
        /// What to change.
        edit: Box<EditJob>,
    },
    /// Restore under several prompts with the same seeds: how much does the prompt decide? Answered by
    /// `Started`, `Progress`*, `PromptDone` for each, `PromptEffect`, then `Done` with the first sample of
    /// the first prompt, or `Failed`.
    ComparePrompts {
        /// Chosen by the page, echoed in the answers.
        id: u32,
        /// The job but for its prompt; at least two samples.
        job: Box<RestoreJob>,
        /// At least two, different prompts.
        prompts: Vec<String>,
    },
    /// Estimate the noise of a degraded picture. Answered by `NoiseEstimated` or `Failed`.
    EstimateNoise {
        /// Chosen by the page, echoed in the answer.
        id: u32,
        /// The picture.
        picture: Rgba,
    },
    /// Measure where the time goes in the loaded model. Answered by `Profiling`*, then `Profiled` or `Failed`.
    Profile {
        /// Chosen by the page, echoed in the answers.
        id: u32,
        /// Runs of each network that the medians are of.
        repeat: u32,
    },
    /// Show the parts of the job's steps, at this pace. Sent before the job and while it runs. Makes the run
    /// answer with `Stage`, too.
    Pace {
        /// The job.
        id: u32,
        /// How to go on.
        pace: Pace,
        /// Factor on the step size of the data steps to come; 1 is the rule's own choice.
        weight: f64,
    },
    /// Stop the job `id` at the next network call.
    Cancel {
        /// The job to stop.
        id: u32,
    },
    /// Count the tokens of a prompt. Answered by `Tokens`.
    CountTokens {
        /// The prompt.
        prompt: String,
    },
}

/// A word that a fitted token is like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WordMatch {
    /// The word.
    pub word: String,
    /// Cosine of the token's move and the move that this word in its place would make, in (0, 1].
    pub likeness: f64,
}

/// What LATINO-PRO made of one token of the prompt, in words.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TokenReading {
    /// Position in the prompt, the start token being 0.
    pub position: u32,
    /// The prompt's own token.
    pub token: String,
    /// What it has moved towards, the likest first; at most three, none when nothing is like it.
    pub words: Vec<WordMatch>,
}

/// Quality of a picture against the truth and the measurement.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// Peak signal to noise ratio in dB, peak 1 in [0, 1] units. `None` when the truth is unknown.
    pub psnr: Option<f64>,
    /// Structural similarity, Wang 2004. `None` when the truth is unknown.
    pub ssim: Option<f64>,
    /// Root mean square of A x - y in [0, 1] units; the noise level is what it should be near.
    pub residual: f64,
}

/// What several posterior samples say together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Uncertainty {
    /// How many samples.
    pub samples: u32,
    /// Their mean: the estimate of least squared error.
    pub mean: Rgba,
    /// Its quality.
    pub mean_metrics: Metrics,
    /// Standard deviation of every pixel (root mean square over the channels), row-major, [0, 1] units.
    /// Vanilla LATINO is under-dispersed: a lower bound.
    pub deviation: Vec<f32>,
    /// The central credible interval of [`Uncertainty::level`]: low ends, grey (mean over channels).
    pub low: Vec<f32>,
    /// Its high ends.
    pub high: Vec<f32>,
    /// The interval's nominal level.
    pub level: f64,
    /// How the samples relate to the truth, when it is known.
    pub calibration: Option<CalibrationReport>,
    /// What samples from the right law would cover, (K - 1) / (K + 1) at most.
    pub attainable: f64,
    /// The first principal components as pictures around mid-grey, the largest first.
    pub components: Vec<Component>,
}

/// How samples relate to a known truth; see [`crate::uncertainty::Calibration`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CalibrationReport {
    /// Coverage at several levels, in ascending order.
    pub rows: Vec<Coverage>,
    /// Error of the mean over what the spread predicts: 1 when calibrated, above when the samples spread
    /// too little.
    pub error_to_spread: f64,
}

/// Nominal against empirical coverage of the central credible intervals.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Coverage {
    /// Nominal level.
    pub nominal: f64,
    /// What as many samples from the right law would cover.
    pub attainable: f64,
    /// Share of the true values inside.
    pub empirical: f64,
}

/// A direction in which the samples differ.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Component {
    /// Share of the samples' variance.
    pub share: f64,
    /// mean - 2 deviations along it.
    pub low: Rgba,
    /// mean + 2 deviations along it.
    pub high: Rgba,
}

/// Why something failed: lets the page offer the right remedy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The visitor's input must change.
    Input,
    /// The model could not be fetched or is not valid.
    Model,
    /// The device is missing, lost or out of memory: rebuilding the engine, or the CPU, can help.
    Device,
    /// The network produced no picture.
    BadOutput,
    /// Cancelled by the visitor.
    Cancelled,
}

/// Worker to page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Event {
    /// The worker is up and takes requests.
    Hello,
    /// Weights are coming in.
    LoadProgress {
        /// What is being done, in a few words.
        stage: String,
        /// Bytes so far.
        done: f64,
        /// Bytes in all.
        total: f64,
        /// Bytes a second while files are being downloaded; `None` while they are not.
        rate: Option<f64>,
    },
    /// About the models that are kept.
    Library(LibraryEvent),
    /// Where the model's files are kept. Follows `Ready`.
    Kept(Kept),
    /// Device and model are ready.
    Ready {
        /// The device.
        device: DeviceReport,
        /// The model.
        model: ModelReport,
    },
    /// Answer to `Measure`.
    Measured {
        /// Echoed.
        id: u32,
        /// The measurement as a picture of its own size.
        measurement: Rgba,
        /// What one sees without a prior: the pseudo-inverse at the picture's size.
        baseline: Rgba,
        /// Quality of the baseline.
        metrics: Metrics,
    },
    /// Answer to `EstimateNoise`.
    NoiseEstimated {
        /// Echoed.
        id: u32,
        /// Standard deviation for pictures in [0, 1].
        sigma: f64,
        /// What to know about this estimate, if it cannot be relied on.
        caution: Option<String>,
    },
    /// A restoration begins.
    Started {
        /// Echoed.
        id: u32,
        /// Network evaluations to come, of all samples together.
        steps: u32,
        /// The measurement as a picture.
        measurement: Rgba,
        /// The pseudo-inverse at the picture's size.
        baseline: Rgba,
        /// Quality of the baseline.
        baseline_metrics: Metrics,
        /// Set when the prompt was too long: how many tokens were dropped.
        dropped_tokens: Option<u32>,
    },
    /// One step of LATINO is done.
    Step {
        /// Echoed.
        id: u32,
        /// 1 to `steps`.
        step: u32,
        /// The timestep t.
        timestep: u32,
        /// Picture before the prox: what the prior says.
        before: Rgba,
        /// Picture after the prox: made consistent with the measurement.
        after: Rgba,
        /// Root mean square residual before the prox, [0, 1] units.
        residual_before: f64,
        /// Root mean square residual after the prox, [0, 1] units.
        residual_after: f64,
        /// Step size gamma used.
        gamma: f64,
        /// Wall-clock seconds of this step.
        seconds: f64,
    },
    /// A part of a step is done, when `Pace` asked for it.
    Stage {
        /// Echoed.
        id: u32,
        /// Which part.
        stage: Stage,
        /// 1 to `steps`; 0 for the encoding of the initial picture.
        step: u32,
        /// Steps in all.
        steps: u32,
        /// The timestep t.
        timestep: u32,
        /// What it made; a latent in false colours up to the consistency step, then a picture.
        picture: Rgba,
    },
    /// A network evaluation of LATINO-PRO's outer iterations is done.
    Progress {
        /// Echoed.
        id: u32,
        /// Evaluations so far.
        done: u32,
        /// Evaluations in all.
        total: u32,
    },
    /// An outer iteration of LATINO-PRO is done.
    Iteration {
        /// Echoed.
        id: u32,
        /// 1 to `iterations`.
        iteration: u32,
        /// Iterations in all.
        iterations: u32,
        /// Step size used.
        step: f64,
        /// Distance of every token of the prompt from its start.
        distances: Vec<f64>,
        /// Root mean square residual of what the prior said, [0, 1] units.
        residual: f64,
        /// The chain's last picture.
        picture: Rgba,
        /// The tokens that have moved, in words.
        words: Vec<TokenReading>,
        /// The prompt embedding after it, to go on from.
        embedding: Vec<f32>,
        /// Wall-clock seconds of this iteration.
        seconds: f64,
    },
    /// A posterior sample is done; after the last comes `Done`.
    Sample {
        /// Echoed.
        id: u32,
        /// 1 to `samples`.
        sample: u32,
        /// Samples in all.
        samples: u32,
        /// The sample.
        picture: Rgba,
        /// Its quality.
        metrics: Metrics,
    },
    /// All samples under one of several prompts are done.
    PromptDone {
        /// Echoed.
        id: u32,
        /// Which prompt, from 0.
        prompt: u32,
        /// Its samples, in the order of their seeds.
        samples: Vec<Rgba>,
        /// Their quality.
        metrics: Vec<Metrics>,
        /// Their mean.
        mean: Rgba,
        /// Its quality.
        mean_metrics: Metrics,
        /// Set when the prompt was too long: how many tokens were dropped.
        dropped_tokens: Option<u32>,
    },
    /// What the prompts decided.
    PromptEffect {
        /// Echoed.
        id: u32,
        /// Share of the variance that the prompts explain, 0 to 1; the seeds explain the rest.
        share: f64,
        /// Deviation between the prompts at every pixel (root mean square over the channels) beyond what
        /// seeds explain, row-major, [0, 1] units.
        between: Vec<f32>,
        /// Deviation between the seeds of one prompt, likewise.
        within: Vec<f32>,
    },
    /// The result.
    Done {
        /// Echoed.
        id: u32,
        /// The restored picture.
        picture: Rgba,
        /// Its quality.
        metrics: Metrics,
        /// Network (UNet) evaluations used, by all samples together.
        evaluations: u32,
        /// What the samples say together, when there are several.
        uncertainty: Option<Box<Uncertainty>>,
        /// Wall-clock seconds in all.
        seconds: f64,
    },
    /// A profile has come to a network.
    Profiling {
        /// Echoed.
        id: u32,
        /// "text", "unet", "encode" or "decode".
        network: String,
    },
    /// Answer to `Profile`.
    Profiled {
        /// Echoed.
        id: u32,
        /// What was found.
        profile: Box<Profile>,
    },
    /// Answer to `CountTokens`.
    Tokens {
        /// The prompt counted.
        prompt: String,
        /// Tokens, start and end included, before truncation.
        count: u32,
        /// The most the model takes.
        max: u32,
        /// Its words, each with its number of tokens.
        words: Vec<(String, u32)>,
    },
    /// Something failed; `id` is missing when it was not a job.
    Failed {
        /// Echoed.
        id: Option<u32>,
        /// For the page's remedy.
        kind: FailureKind,
        /// One clear sentence.
        message: String,
    },
}
