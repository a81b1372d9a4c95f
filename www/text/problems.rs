//! What went wrong.

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

/// A file cannot be read at all.
pub fn unreadable_file(name: &str) -> String {
    format!("{name} could not be read.")
}

/// A sample did not arrive.
pub fn sample_missing(name: &str) -> String {
    format!("The sample \"{name}\" could not be loaded. Check the connection.")
}

/// A message from elsewhere as a sentence of ours.
pub fn sentence(message: &str) -> String {
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
        "The engine stopped unexpectedly{detail}. It may have run out of memory: fewer posterior samples, fewer open tabs or the CPU need less. Your picture and settings are kept."
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
