//! What degrades the picture, and the mask editor.

use crate::noise::NoiseKind;
use crate::task::TaskKind;

// Degradation
pub const DEGRADATION: &str = "Degradation";
pub const SIMULATE: &str = "Simulate it";
pub const SIMULATE_HINT: &str =
    "The picture is intact. It is degraded first, so the result can be measured against the truth.";
pub const MEASURED: &str = "Already degraded";
pub const MEASURED_HINT: &str =
    "The picture is the measurement. Say what degraded it, as closely as you can.";
pub const TASK: &str = "What degrades the picture";
pub const HOLE: &str = "Missing pixels";
pub const HOLE_BOX: &str = "A centred box";
pub const HOLE_RANDOM: &str = "Scattered at random";
pub const NOISE: &str = "Noise (sigma)";
pub const NOISE_HINT: &str = "Standard deviation, for pixel values from 0 to 1.";
pub const SR_MEASURED_HINT: &str =
    "Give the small picture: it is not enlarged before the restoration.";

/// Name of a degradation.
pub fn task_name(kind: TaskKind) -> &'static str {
    match kind {
        TaskKind::Denoise => "Noise only (denoising)",
        TaskKind::Gaussian => "Gaussian blur",
        TaskKind::Anisotropic => "Slanted Gaussian blur",
        TaskKind::Disk => "Out of focus (disk blur)",
        TaskKind::Motion => "Motion blur",
        TaskKind::Shake => "Shaken camera (random motion)",
        TaskKind::OwnKernel => "Blur with a kernel of your own",
        TaskKind::SuperResolution => "Low resolution (super-resolution)",
        TaskKind::Inpaint => "Missing pixels (inpainting)",
        TaskKind::Colourise => "Missing colour (colourisation)",
        TaskKind::Bayer => "One colour per pixel (demosaicing)",
        TaskKind::Fourier => "Missing frequencies (as in MRI)",
        TaskKind::Jpeg => "JPEG compression",
        TaskKind::Custom => "Your own, or several in a row",
    }
}

/// Name of a group of degradations.
pub fn task_group(key: &str) -> &'static str {
    match key {
        "noise" => "Noise",
        "blur" => "Blur",
        "resolution" => "Resolution",
        "missing" => "Missing pixels",
        "colour" => "Colour",
        "transform" => "Transforms and compression",
        _ => "Written by you",
    }
}

/// Label and explanation of a parameter, by its control's id.
pub fn parameter(id: &str) -> (&'static str, &'static str) {
    match id {
        "sigma" => ("Blur width (sigma)", ""),
        "sigma-x" => ("Blur width along the angle", ""),
        "sigma-y" => ("Blur width across it", ""),
        "angle" => ("Angle", "Counter-clockwise from the horizontal."),
        "radius" => ("Radius of the disk", ""),
        "length" => ("Motion length", ""),
        "walk-size" => ("Reach of the motion", ""),
        "intensity" => ("How erratic", "0 is nearly straight, 1 trembles."),
        "walk-seed" => ("Seed of the motion", ""),
        "boundary" => (
            "Beyond the border",
            "Real photographs continue in unknown ways; the others are exact for simulations.",
        ),
        "factor" => ("Factor", ""),
        "sr-kernel" => ("How it is made smaller", ""),
        "sr-sigma" => ("Width of the Gaussian (sigma)", ""),
        "sr-grid" => (
            "Where samples sit",
            "Image software puts them at the centres of blocks; LATINO's code is half a block off.",
        ),
        "fraction" => (
            "Share of missing pixels",
            "Of the picture's area for a box, of the pixels when scattered.",
        ),
        "mask-seed" => ("Seed of the mask", ""),
        "pattern" => ("Pattern of the sensor", "Colours of the first two rows."),
        "acceleration" => ("Acceleration", "One row in so many is measured."),
        "centre" => ("Share of low frequencies measured in full", ""),
        "fourier-seed" => ("Seed of the rows", ""),
        "quality" => ("JPEG quality", "1 is the worst, 100 the best."),
        _ => ("Setting", ""),
    }
}

/// Name of a value on offer.
pub fn option(key: &str) -> &'static str {
    match key {
        "circular" => "The picture repeats",
        "reflect" => "Its mirror image",
        "free" => "Unknown",
        "2" => "x2",
        "4" => "x4",
        "8" => "x8",
        "16" => "x16",
        "32" => "x32",
        "64" => "x64",
        "bicubic" => "Bicubic with antialiasing",
        "area" => "Means of blocks",
        "gaussian" => "Gaussian",
        "decimation" => "Every n-th pixel",
        "published" => "As in LATINO's code",
        "centred" => "As in image software",
        "rggb" => "RG / GB",
        "bggr" => "BG / GR",
        "grbg" => "GR / BG",
        "gbrg" => "GB / RG",
        _ => "Other",
    }
}

pub const CUSTOM: &str = "Operator";
pub const CUSTOM_HINT: &str = "name:key=value,... and up to four of them joined by |, applied from left to right. JPEG can only be the last. mask=given and kernel=given take what you paint.";
pub const THEN: &str = "Then also";
pub const THEN_NOTHING: &str = "Nothing more";
pub const THEN_HINT: &str =
    "A second degradation, applied to the result of the first, before the noise.";

/// The second control of a number.
pub fn as_number(label: &str) -> String {
    format!("{label}, as a number")
}

/// What a field takes.
pub fn out_of_range(low: f64, high: f64, whole: bool) -> String {
    let kind = if whole { "whole number" } else { "number" };
    format!("This must be a {kind} from {low} to {high}; the last good value is used.")
}
pub const CUSTOM_LIST: &str = "What can be written";
pub const FOURIER_MEASURED_HINT: &str =
    "The picture is taken as the inverse transform of the measured rows.";

/// An operator and its keys, as one writes them.
pub fn spec(name: &str, keys: &[&str]) -> String {
    if keys.is_empty() {
        name.to_owned()
    } else {
        format!("{name}: {}", keys.join(", "))
    }
}

// Noise
pub const NOISE_MODEL: &str = "Noise model";
pub const PEAK: &str = "Photons at white";
pub const PEAK_HINT: &str = "Fewer photons are noisier.";
pub const READ_OUT: &str = "Read-out noise (sigma)";
pub const SHARE: &str = "Share of black and white values";
pub const SPECKLE: &str = "Relative noise (sigma)";
pub const SPECKLE_HINT: &str = "Standard deviation as a share of the pixel's own value.";
pub const ESTIMATE: &str = "Estimate the noise";
pub const ESTIMATING: &str = "Estimating";

/// Name of a noise model.
pub fn noise_name(kind: NoiseKind) -> &'static str {
    match kind {
        NoiseKind::Gaussian => "Gaussian, the same everywhere",
        NoiseKind::Poisson => "Poisson (photon counts)",
        NoiseKind::PoissonGaussian => "Poisson, then Gaussian (sensor)",
        NoiseKind::SaltPepper => "Salt and pepper",
        NoiseKind::Speckle => "Speckle (multiplicative)",
    }
}

/// What the estimate of the noise says.
pub fn estimated(sigma: f64, caution: Option<&str>) -> String {
    let caution = caution.map(|c| format!(" {c}")).unwrap_or_default();
    format!("Estimated: sigma {sigma:.3}, and filled in.{caution}")
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
