//! The profile view.

// Developer
pub const DEVELOPER: &str = "Developer: where the time goes";
pub const PROFILE_HINT: &str = "Runs every network of the model a few times on made-up inputs and times its blocks. Waiting for the device after each block makes the blocks' sum more than the whole.";
pub const PROFILE_RUN: &str = "Measure";
pub const PROFILE_CANCEL: &str = "Stop measuring";
pub const PROFILE_TABLE: &str = "Time of networks and blocks";
pub const KERNEL_TABLE: &str = "Kernel variants";
pub const NETWORK: &str = "Network";
pub const BLOCK: &str = "Block";
pub const WHOLE: &str = "whole";
pub const MILLISECONDS: &str = "ms";
pub const RATE: &str = "GFLOP/s";
pub const DISPATCHES: &str = "Dispatches";
pub const KERNEL: &str = "Kernel";
pub const LAUNCHES: &str = "Launches";

/// A time by a clock that moves every `tick` seconds, in milliseconds.
pub fn milliseconds(seconds: f64, tick: f64) -> String {
    if seconds < tick {
        format!("< {:.2}", 1e3 * tick)
    } else {
        format!("{:.2}", 1e3 * seconds)
    }
}

/// A network of the model.
pub fn network(name: &str) -> &'static str {
    match name {
        "text" => "Text encoder",
        "unet" => "UNet",
        "encode" => "Encoder",
        _ => "Decoder",
    }
}

/// What is being measured.
pub fn profiling(name: Option<&str>) -> String {
    match name {
        Some(name) => format!("Measuring: {}", network(name)),
        None => "Measuring".to_owned(),
    }
}

/// What the profile was of, and the memory.
pub fn profile_line(side: u32, repeat: u32, memory: Option<(u64, u64)>) -> String {
    let mib = |bytes: u64| bytes as f64 / 1_048_576.0;
    let memory = memory.map_or_else(String::new, |(reserved, in_use)| {
        format!(
            " Device memory: {:.1} MiB reserved at most, {:.1} MiB in use.",
            mib(reserved),
            mib(in_use)
        )
    });
    format!("{side} x {side} pixels, medians of {repeat} runs.{memory}")
}
