//! Every text that visitors read, in one place.

use latino_web::protocol::ModelReport;

mod chain;
mod compare;
mod degradation;
mod developer;
mod help;
mod kernel;
mod lecture;
mod library;
mod model_source;
mod offline;
mod problems;
mod prompts;
mod queue;
mod restoration;
mod result;
mod share;
mod uncertainty;

pub use self::{
    chain::*, compare::*, degradation::*, developer::*, help::*, kernel::*, lecture::*, library::*,
    model_source::*, offline::*, problems::*, prompts::*, queue::*, restoration::*, result::*,
    share::*, uncertainty::*,
};

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
pub const CROP_LABEL: &str =
    "Your picture; the part outside the square that is used is dimmed. Drag the square to move it.";
pub const CROP: &str = "Crop";
pub const CROP_WHOLE: &str = "Use the whole picture, with white margins";
pub const CROP_SIZE: &str = "Size of the square";
pub const CROP_X: &str = "From left to right";
pub const CROP_Y: &str = "From top to bottom";

// Camera
pub const CAMERA: &str = "Use the camera";
pub const CAMERA_TAKE: &str = "Take the picture";
pub const CAMERA_CLOSE: &str = "Close the camera";
pub const CAMERA_VIEW: &str = "What the camera sees";
pub const CAMERA_PICTURE: &str = "camera picture";

/// Why there is no picture of a camera's, from the browser's name of the error.
pub fn camera_failed(name: &str) -> &'static str {
    match name {
        "NotAllowedError" | "SecurityError" => {
            "The camera may not be used: allow it for this page in the browser's address bar."
        }
        "NotFoundError" | "OverconstrainedError" => "No camera was found.",
        "NotReadableError" | "AbortError" => {
            "The camera could not be started: another program may be using it."
        }
        _ => "This browser offers no camera here. It does on https:// and on localhost.",
    }
}
pub const PASTED: &str = "pasted picture";

/// What happens to the picture on its way in.
pub fn crop_line(name: &str, size: (u32, u32), crop: u32, side: Option<u32>) -> String {
    let (w, h) = size;
    let cut = if (w, h) == (crop, crop) {
        String::new()
    } else {
        format!(", a square of {crop} x {crop} is used")
    };
    let scaled = match side {
        Some(side) if side != crop => format!(", scaled to {side} x {side}"),
        _ => String::new(),
    };
    format!("{name}: {w} x {h} pixels{cut}{scaled}.")
}
