//! Settings of the restoration, and its run.

use latino_web::protocol::{Kept, Place, Solver};

// Restoration
pub const RESTORATION: &str = "Restoration";
pub const PROMPT: &str = "What the picture shows";
pub const PROMPT_PLACEHOLDER: &str = "a drawing of a cat face on a blue background";
pub const STEPS: &str = "Steps";
pub const START: &str = "First timestep";
pub const START_HINT: &str = "Lower keeps more of the initial picture; 999 starts from noise. Filling a box or a drawn mask, and zooms beyond x8, always start from noise.";
pub const STEPS_HINT: &str = "Network evaluations; fewer where the first timestep leaves fewer.";
pub const SEED: &str = "Seed";
pub const DICE: &str = "New random seed";
pub const ADVANCED: &str = "Advanced";
pub const INIT: &str = "Start from";
pub const INIT_PSEUDO: &str = "Pseudo-inverse";
pub const INIT_TV: &str = "Total variation";
pub const INIT_ADJOINT: &str = "Adjoint (as published)";
pub const INIT_HINT: &str =
    "The first guess, from the measurement alone. Total variation is cleaner and takes longer.";
pub const OUTPUT: &str = "Return";
pub const OUTPUT_PROX: &str = "After the data step";
pub const OUTPUT_DECODED: &str = "After the decoder (as published)";
pub const OUTPUT_BEFORE_PROX: &str = "Before the last data step";
pub const OUTPUT_HINT: &str = "The data step's picture agrees best with the measurement; the decoder's is the prior's last word.";
pub const RULE: &str = "Step size";
pub const RULE_DISCREPANCY: &str = "Discrepancy principle";
pub const RULE_PUBLISHED: &str = "Published table, SD 1.5";
pub const RULE_MOMENTS: &str = "Moment matching";
pub const RULE_HINT: &str = "How strongly each step follows the data: until the residual equals the noise, or by the paper's table.";

// Solvers
pub const SOLVER: &str = "Solver";
pub const SAMPLE_COUNT: &str = "Posterior samples";
pub const SAMPLE_COUNT_HINT: &str = "From two on, their spread shows how sure the result is, but says next to nothing where the first timestep is below 259. Each takes as long as one restoration.";
pub const PRO: &str = "LATINO-PRO";
pub const PRO_ITERATIONS: &str = "Iterations";
pub const PRO_CHAIN: &str = "Steps of each iteration's chain";
pub const PRO_CHAIN_HINT: &str = "Every iteration runs this short chain once.";
pub const PRO_STEP: &str = "Step size";
pub const PRO_RADIUS: &str = "Radius";
pub const PRO_RADIUS_HINT: &str = "How far every token may move from where the prompt put it.";
pub const PRO_FROZEN: &str = "Frozen tokens";
pub const PRO_FROZEN_HINT: &str = "So many from the start, the start token included, never move.";
pub const PRO_EXPECTED: &str = "Expected gradient";
pub const PRO_EXPECTED_HINT: &str = "Averages the gradient over the chain's noise: the same direction with less scatter. Off is as published.";

/// Name of a solver.
pub fn solver_name(solver: Solver) -> &'static str {
    match solver {
        Solver::Latino => "LATINO",
        Solver::LatinoPro => "LATINO-PRO",
        Solver::DiffPir => "DiffPIR",
        Solver::Tv => "Total variation",
        Solver::Tikhonov => "Tikhonov",
        Solver::PseudoInverse => "Pseudo-inverse",
    }
}

/// What a solver does, in one line.
pub fn solver_hint(solver: Solver) -> &'static str {
    match solver {
        Solver::Latino => {
            "Alternates between the model's guess and the data, with fresh noise each step."
        }
        Solver::LatinoPro => {
            "Fits the prompt to the measurement first, then runs LATINO. Takes several times as long."
        }
        Solver::DiffPir => "Like LATINO, but keeps most of its noise from step to step.",
        Solver::Tv => {
            "Without a model: the picture with the fewest and sharpest edges that fits the data."
        }
        Solver::Tikhonov => "Without a model: the smoothest picture that fits the data.",
        Solver::PseudoInverse => "Without a model: undoes the degradation where noise allows.",
    }
}

/// How many network evaluations are to come.
pub fn cost(solver: Solver, steps: u32, samples: u32, chains: u32) -> String {
    let steps_of_all = steps * samples;
    match solver {
        Solver::Tv | Solver::Tikhonov | Solver::PseudoInverse => {
            "No network evaluations: prompt, steps and samples do not matter.".to_owned()
        }
        Solver::LatinoPro => format!(
            "{} network evaluations at most: {chains} to fit the prompt, then {steps_of_all}.",
            chains + steps_of_all
        ),
        Solver::Latino | Solver::DiffPir if samples > 1 => {
            format!("{steps_of_all} network evaluations at most: {samples} samples of {steps}.")
        }
        Solver::Latino | Solver::DiffPir => format!("At most {steps} network evaluations."),
    }
}

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
pub fn loading(stage: &str, done: f64, total: f64, rate: Option<f64>) -> String {
    if total <= 0.0 {
        return format!("Loading: {stage}");
    }
    let so_far = format!(
        "Loading: {stage}, {:.1} of {:.1} MB",
        done / 1e6,
        total / 1e6
    );
    match rate.filter(|r| *r > 0.0) {
        Some(rate) => format!(
            "{so_far}, {:.1} MB/s, {} left",
            rate / 1e6,
            time_left((total - done) / rate)
        ),
        None => so_far,
    }
}

fn time_left(seconds: f64) -> String {
    match seconds {
        s if s < 90.0 => format!("{:.0} s", s.max(1.0)),
        s if s < 5400.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

// The model's download
pub const PAUSE: &str = "Pause download";
pub const GO_ON: &str = "Go on";
pub const STOP_DOWNLOAD: &str = "Stop download";
pub const PAUSED: &str = "The download is paused.";

pub const KEPT: &str = "Model's files";
pub const HEAP: &str = "Engine's own memory";

/// Where the model's files are.
pub fn kept(kept: &Kept) -> String {
    let size = kept.bytes / 1e6;
    let place = match kept.place {
        Place::Files => format!("{size:.1} MB in this browser's private files"),
        Place::Cache => format!("{size:.1} MB in this browser's cache"),
        Place::Memory => format!("{size:.1} MB in memory only: it will be fetched again next time"),
    };
    let refused = kept.refused.as_ref().map(|r| format!(" ({r})"));
    let free = kept
        .free
        .map(|f| format!(". This site may store {:.1} GB more", f / 1e9));
    place + &refused.unwrap_or_default() + &free.unwrap_or_default()
}

/// What is loaded, in quarters, for screen readers.
pub fn loading_quarter(quarter: u32) -> String {
    format!("Loading the model, {} %", quarter * 25)
}

/// Which step runs, for screen readers.
pub fn step_announcement(done: u32, total: u32) -> String {
    format!("Step {} of {total}", (done + 1).min(total))
}

/// Where the divider is, for screen readers.
pub fn slider_value(percent: f64, left: &str, right: &str) -> String {
    format!("{percent:.0} % {left}, the rest {right}")
}

/// Where a run is; `stage` is what of several parts it is in, or nothing.
pub fn step_line(stage: &str, done: u32, total: u32, left: Option<f64>) -> String {
    let now = (done + 1).min(total);
    let stage = if stage.is_empty() {
        String::new()
    } else {
        format!("{stage}: ")
    };
    match left {
        Some(left) => format!(
            "{stage}Step {now} of {total}, about {} left",
            duration(left)
        ),
        None => format!("{stage}Step {now} of {total}"),
    }
}

/// Which of several solvers runs.
pub fn comparing(index: usize, count: usize, solver: Solver) -> String {
    format!("Solver {} of {count}, {}. ", index + 1, solver_name(solver))
}

pub const COMPUTING: &str = "Computing";

/// What a run took.
pub fn done_line(seconds: f64, evaluations: u32) -> String {
    let took = duration(seconds);
    match evaluations {
        1 => format!("Done in {took} with one network evaluation."),
        _ => format!("Done in {took} with {evaluations} network evaluations."),
    }
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
