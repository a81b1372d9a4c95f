//! Every text that visitors read, in one place.

use latino_web::protocol::ModelReport;

use crate::task::TaskKind;

pub const TITLE: &str = "LATINO Web";
pub const TAGLINE: &str =
    "Restores a degraded picture with a latent consistency model, on this device.";
pub const SKIP: &str = "Skip to the picture";
pub const SKIP_RESULT: &str = "Skip to the result";
pub const PRIVACY: &str = "Your pictures and prompts stay on this device: nothing is uploaded.";
pub const HONESTY: &str = "A restoration is a plausible picture that agrees with the measurement. Details in it may be invented.";
pub const CREDITS: &str = "Sample pictures: Noto Emoji by Google (Apache-2.0) and Fluent Emoji by Microsoft (MIT), of concepts that the model never saw.";

pub const SETTINGS: &str = "Settings";

// Theme
pub const THEME: &str = "Colours";
pub const THEME_AUTO: &str = "As the system";
pub const THEME_LIGHT: &str = "Light";
pub const THEME_DARK: &str = "Dark";

// Device and model
pub const DEVICE: &str = "Device";
pub const DEVICE_AUTO: &str = "Automatic";
pub const DEVICE_GPU: &str = "WebGPU";
pub const DEVICE_CPU: &str = "CPU";
pub const DEVICE_NONE: &str = "none yet";
pub const RUNS_ON: &str = "Runs on";
pub const MODEL: &str = "Model";
pub const NO_WEBGPU: &str = "This browser offers no WebGPU, so the CPU is used; that is slower.";

/// The model in one line.
pub fn model_line(model: &ModelReport) -> String {
    format!(
        "{}, {:.1} M parameters, {} x {} pixels, licence {}",
        model.name,
        model.parameters as f64 / 1e6,
        model.picture_size,
        model.picture_size,
        model.licence
    )
}

// Picture
pub const PICTURE: &str = "Picture";
pub const SAMPLES: &str = "Samples";
pub const CHOOSE: &str = "Choose a picture";
pub const DROP_HINT: &str = "or drop one anywhere, or paste it.";
pub const DROP_NOW: &str = "Drop the picture";
pub const CROP_LABEL: &str = "Your picture; the part outside the centred square is dimmed";
pub const PASTED: &str = "pasted picture";

/// What happens to the picture on its way in.
pub fn crop_line(name: &str, size: (u32, u32), crop: u32, side: Option<u32>) -> String {
    let (w, h) = size;
    let cut = if w == h {
        String::new()
    } else {
        format!(", the centre {crop} x {crop} is used")
    };
    let scaled = match side {
        Some(side) if side != crop => format!(", scaled to {side} x {side}"),
        _ => String::new(),
    };
    format!("{name}: {w} x {h} pixels{cut}{scaled}.")
}

// Degradation
pub const DEGRADATION: &str = "Degradation";
pub const SIMULATE: &str = "Simulate it";
pub const SIMULATE_HINT: &str =
    "The picture is intact. It is degraded first, so the result can be measured against the truth.";
pub const MEASURED: &str = "Already degraded";
pub const MEASURED_HINT: &str =
    "The picture is the measurement. Say what degraded it, as closely as you can.";
pub const TASK: &str = "What degrades the picture";
pub const SIGMA: &str = "Blur width (sigma)";
pub const LENGTH: &str = "Motion length";
pub const ANGLE: &str = "Motion angle";
pub const FACTOR: &str = "Factor";
pub const HOLE: &str = "Missing pixels";
pub const HOLE_BOX: &str = "A centred box";
pub const HOLE_RANDOM: &str = "Scattered at random";
pub const HOLE_BOX_FRACTION: &str = "Share of the area in the box";
pub const HOLE_RANDOM_FRACTION: &str = "Share of missing pixels";
pub const NOISE: &str = "Noise (sigma)";
pub const NOISE_HINT: &str = "Standard deviation, for pixel values from 0 to 1.";
pub const SR_MEASURED_HINT: &str =
    "Give the small picture: it is not enlarged before the restoration.";

/// Name of a degradation.
pub fn task_name(kind: TaskKind) -> &'static str {
    match kind {
        TaskKind::Denoise => "Noise only (denoising)",
        TaskKind::Gaussian => "Gaussian blur",
        TaskKind::Motion => "Motion blur",
        TaskKind::SuperResolution => "Low resolution (super-resolution)",
        TaskKind::Inpaint => "Missing pixels (inpainting)",
        TaskKind::Colourise => "Missing colour (colourisation)",
    }
}

pub const HOLE_OWN: &str = "Painted by you";
pub const INPAINT_MEASURED_HINT: &str = "The missing pixels must be a centred box of this share of the picture's area, or what you paint.";

// Mask
pub const MASK: &str = "Mask: paint what is missing";
pub const MASK_CANVAS: &str = "Mask over the picture";
pub const MASK_ROLE: &str = "drawing area";
pub const MASK_HINT: &str = "Draw with a mouse, finger or pen. Keys: arrows move the brush (with Shift by 8), Space paints, [ and ] change the size, E switches to the eraser, Ctrl+Z and Ctrl+Y undo and redo.";
pub const MASK_TOOL: &str = "Tool";
pub const BRUSH: &str = "Brush";
pub const ERASER: &str = "Eraser";
pub const BRUSH_SIZE: &str = "Size of the brush";
pub const UNDO: &str = "Undo";
pub const REDO: &str = "Redo";
pub const CLEAR: &str = "Clear";
pub const INVERT: &str = "Invert";
pub const MASK_IMPORT: &str = "Load a mask";
pub const MASK_EXPORT: &str = "Save the mask";
pub const MASK_FILE_HINT: &str =
    "A mask file is a square picture: black is missing, white is known.";
pub const MASK_EMPTY: &str = "Nothing is missing yet.";
pub const MASK_FULL: &str = "Everything is missing: the restoration needs some known pixels.";

/// How much of the picture the mask hides.
pub fn mask_share(share: f64) -> String {
    if share <= 0.0 {
        MASK_EMPTY.to_owned()
    } else if share >= 1.0 {
        MASK_FULL.to_owned()
    } else {
        format!("{:.1} % of the pixels are missing.", share * 100.0)
    }
}

// Restoration
pub const RESTORATION: &str = "Restoration";
pub const PROMPT: &str = "What the picture shows";
pub const PROMPT_PLACEHOLDER: &str = "a drawing of a cat face on a blue background";
pub const STEPS: &str = "Steps";
pub const START: &str = "First timestep";
pub const START_HINT: &str = "Lower keeps more of the initial picture; 999 starts from noise. Inpainting always starts from noise.";
pub const STEPS_HINT: &str = "Network evaluations. More take longer and are usually better.";
pub const SEED: &str = "Seed";
pub const DICE: &str = "New random seed";
pub const ADVANCED: &str = "Advanced";
pub const INIT: &str = "Start from";
pub const INIT_PSEUDO: &str = "Pseudo-inverse";
pub const INIT_TV: &str = "Total variation";
pub const INIT_ADJOINT: &str = "Adjoint (as published)";
pub const INIT_HINT: &str = "The first guess, from the measurement alone.";
pub const OUTPUT: &str = "Return";
pub const OUTPUT_PROX: &str = "After the data step";
pub const OUTPUT_DECODED: &str = "After the decoder (as published)";
pub const OUTPUT_BEFORE_PROX: &str = "Before the last data step";
pub const OUTPUT_HINT: &str = "The data step's picture agrees best with the measurement; the decoder's is the prior's last word.";
pub const RULE: &str = "Step size";
pub const RULE_DISCREPANCY: &str = "Discrepancy principle";
pub const RULE_PUBLISHED: &str = "Published table";
pub const RULE_MOMENTS: &str = "Moment matching";
pub const RULE_HINT: &str = "How strongly each step follows the data: until the residual equals the noise, or by the paper's table.";

/// The prompt's length.
pub fn tokens(count: u32, max: u32) -> String {
    if count > max {
        format!(
            "{count} of {max} tokens: the last {} will be dropped",
            count - max
        )
    } else {
        format!("{count} of {max} tokens")
    }
}

// Run
pub const RUN: &str = "Restore";
pub const CANCEL: &str = "Cancel";
pub const CANCEL_NOW: &str = "Stop now";
pub const PROGRESS: &str = "Progress";
pub const STARTING: &str = "Starting the engine";
pub const READY: &str = "Ready.";
pub const NO_PICTURE: &str = "Choose a picture to begin.";
pub const PREPARING: &str = "Preparing";
pub const CANCELLING: &str =
    "Cancelling after the current network call. \"Stop now\" restarts the engine instead.";
pub const CANCELLED: &str = "Cancelled.";
pub const NO_ENGINE: &str = "The engine is not running.";

/// What is loaded, and how much of it.
pub fn loading(stage: &str, done: f64, total: f64) -> String {
    if total > 0.0 {
        format!(
            "Loading: {stage}, {:.1} of {:.1} MB",
            done / 1e6,
            total / 1e6
        )
    } else {
        format!("Loading: {stage}")
    }
}

/// What is loaded, in quarters, for screen readers.
pub fn loading_quarter(quarter: u32) -> String {
    format!("Loading the model, {} %", quarter * 25)
}

/// Which step runs, for screen readers.
pub fn step_announcement(done: usize, total: u32) -> String {
    format!("Step {} of {total}", (done as u32 + 1).min(total))
}

/// Where the divider is, for screen readers.
pub fn slider_value(percent: f64, left: &str, right: &str) -> String {
    format!("{percent:.0} % {left}, the rest {right}")
}

/// Where a run is.
pub fn step_line(done: usize, total: u32, left: Option<f64>) -> String {
    let now = (done as u32 + 1).min(total);
    match left {
        Some(left) => format!("Step {now} of {total}, about {} left", duration(left)),
        None => format!("Step {now} of {total}"),
    }
}

/// What a run took.
pub fn done_line(seconds: f64, evaluations: u32) -> String {
    format!(
        "Done in {} with {evaluations} network evaluations.",
        duration(seconds)
    )
}

/// Seconds, for people.
pub fn duration(seconds: f64) -> String {
    if seconds < 10.0 {
        format!("{seconds:.1} s")
    } else if seconds < 90.0 {
        format!("{seconds:.0} s")
    } else {
        format!("{:.0} min", seconds / 60.0)
    }
}

/// A prompt was cut.
pub fn dropped(count: u32) -> String {
    format!("The prompt was too long: its last {count} tokens were dropped.")
}

// Comparison
pub const RESULT: &str = "Result";
pub const PANES: &str =
    "Without the prior: what the data alone say. Select one to compare with it.";
pub const TO_RESULT: &str = "See the result";
pub const COMPARE: &str = "Compare with";
pub const SLIDER: &str = "Position of the divider between the two pictures";
pub const SLIDER_HINT: &str =
    "Drag the divider, or use the arrow keys. Hold O to see the left picture alone.";
pub const PEEK: &str = "Hold to see the other picture";
pub const SAVE: &str = "Save PNG";
pub const SAVE_FAILED: &str = "This browser could not make a PNG of the result.";
pub const WAITING: &str = "The measurement appears here once the engine is ready.";
pub const EMPTY: &str = "Choose a sample or a picture of your own.";
pub const OF_MEASUREMENT: &str = "Measurement";
pub const OF_BASELINE: &str = "Pseudo-inverse";
pub const OF_TRUTH: &str = "Truth";
pub const OF_PICTURE: &str = "Your picture";
pub const OF_RESULT: &str = "Restored";

/// Name of a step's picture.
pub fn step_picture(step: u32, before: bool) -> String {
    if before {
        format!("Step {step}, prior")
    } else {
        format!("Step {step}, with data")
    }
}

// Metrics
pub const METRICS: &str = "Quality";
pub const METRIC: &str = "Measure";
pub const PSNR: &str = "PSNR (dB)";
pub const SSIM: &str = "SSIM";
pub const RESIDUAL: &str = "Residual";
pub const UNKNOWN: &str = "unknown";

/// How to read the table.
pub fn metrics_hint(noise: f64, truth: bool) -> String {
    let truth = if truth {
        "PSNR and SSIM compare with the truth: higher is better."
    } else {
        "PSNR and SSIM need the truth, which a degraded picture does not come with."
    };
    format!(
        "{truth} The residual is the distance from the measurement and should be near the noise, {noise:.3}."
    )
}

// Steps
pub const STEPS_STRIP: &str = "Step by step";
pub const STRIP_HINT: &str = "Upper row: what the prior proposes. Lower row: the same after the data step. Select one to see it large.";
pub const LATEST: &str = "Back to the latest";

/// A step's numbers.
pub fn step_numbers(timestep: u32, before: f64, after: f64, gamma: f64, seconds: f64) -> String {
    format!(
        "t = {timestep}, residual {before:.4} to {after:.4}, gamma {gamma:.3e}, {}",
        duration(seconds)
    )
}

// Problems
pub const RESTART: &str = "Start the engine again";
pub const USE_CPU: &str = "Use the CPU";
pub const DISMISS: &str = "Dismiss";
pub const NO_WORKER: &str = "This browser could not start the engine as a module worker. Please use a current Chrome, Edge, Firefox or Safari.";
pub const NO_MODULE_WORKERS: &str = "This browser is too old: it cannot run modules in workers. Please use a current Chrome, Edge, Firefox or Safari.";
pub const NO_SIMD: &str = "This browser is too old: its WebAssembly has no SIMD. Please use a current Chrome, Edge, Firefox or Safari.";
pub const NO_CANVAS: &str =
    "This browser could not draw the picture; there may be too little memory.";
pub const NOT_A_PICTURE: &str =
    "That holds no picture. PNG, JPEG, WebP, AVIF and GIF files work in most browsers.";

/// The file is too large.
pub fn file_too_big(name: &str, bytes: f64, max: f64) -> String {
    format!(
        "{name} is too large: {:.0} MB, and at most {:.0} MB are taken.",
        bytes / 1e6,
        max / 1e6
    )
}

/// The picture is too large.
pub fn too_many_pixels(name: &str, pixels: f64, max: f64) -> String {
    format!(
        "{name} is too large: {:.0} megapixels, and at most {:.0} are taken.",
        pixels / 1e6,
        max / 1e6
    )
}

/// The browser cannot decode it.
pub fn unreadable(name: &str) -> String {
    format!(
        "{name} could not be read as a picture. PNG, JPEG, WebP, AVIF and GIF files work in most browsers."
    )
}

/// A sample did not arrive.
pub fn sample_missing(name: &str) -> String {
    format!("The sample \"{name}\" could not be loaded. Check the connection.")
}

/// A message from elsewhere as a sentence of ours.
fn sentence(message: &str) -> String {
    let message = message.trim();
    if message.is_empty() || message.ends_with(['.', '!', '?']) {
        message.to_owned()
    } else {
        format!("{message}.")
    }
}

/// The worker died.
pub fn crashed(detail: &str) -> String {
    // Browsers say "Uncaught RangeError: ...".
    let detail = detail.trim_start_matches("Uncaught ");
    let detail = if detail.is_empty() {
        String::new()
    } else {
        format!(" ({detail})")
    };
    format!(
        "The engine stopped unexpectedly{detail}. It may have run out of memory. Your picture and settings are kept."
    )
}

/// The worker said something that the page does not know.
pub fn strange_message(detail: &str) -> String {
    format!("The engine and the page do not match ({detail}). Reload the page.")
}

/// The device is missing, lost or out of memory.
pub fn device_failed(message: &str) -> String {
    format!("{} Your picture and settings are kept.", sentence(message))
}

/// The model did not load.
pub fn model_failed(message: &str) -> String {
    format!(
        "{} Your picture and settings are kept; start the engine again to try once more.",
        sentence(message)
    )
}

/// The network produced no picture.
pub fn bad_output(message: &str) -> String {
    format!(
        "{} Another seed, fewer steps or the CPU may help.",
        sentence(message)
    )
}
