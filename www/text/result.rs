//! Pictures, numbers and charts of a result.

use latino_web::protocol::Metrics;

use super::duration;
use crate::chart::Series;
use crate::results::Spread;

// Comparison
pub const RESULT: &str = "Result";
pub const PANES: &str =
    "Without the prior: what the data alone say. Select one to compare with it.";
pub const TO_RESULT: &str = "See the result";
pub const COMPARE: &str = "Compare with";
pub const SLIDER: &str = "Position of the divider between the two pictures";
pub const SLIDER_HINT: &str = "Drag the divider, or use the arrow keys. Hold O to see the left picture alone. + and - zoom, 0 shows all, Shift with the arrow keys or dragging moves.";
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

/// Whose steps are shown.
pub fn steps_of(sample: usize) -> String {
    format!("{}. ", self::sample(sample))
}

// Charts
pub const STEPS_CHART: &str = "Over the steps";
pub const STEPS_CHART_HINT: &str = "The data step pulls the residual towards the noise. PSNR is that of the picture after it, rounded to 8 bits.";
pub const CHART_RESIDUAL: &str = "Residual";
pub const CHART_PSNR: &str = "PSNR in dB";
pub const BEFORE_DATA: &str = "Before the data step";
pub const AFTER_DATA: &str = "After it";
pub const STEP: &str = "Step";
pub const ITERATION: &str = "Iteration";
pub const AS_TABLE: &str = "As a table";

/// A chart in words.
pub fn chart(across: &str, digits: usize, series: &[Series]) -> String {
    let line = |s: &Series| {
        let (Some(first), Some(last)) = (s.points.first(), s.points.last()) else {
            return String::new();
        };
        format!(
            "{}: {:.digits$} at {} {}, {:.digits$} at {}. ",
            s.name,
            first.1,
            across.to_lowercase(),
            first.0,
            last.1,
            last.0
        )
    };
    series
        .iter()
        .map(line)
        .collect::<String>()
        .trim()
        .to_owned()
}

// Samples
pub const SAMPLES_VIEW: &str = "Posterior samples";
pub const SAMPLES_VIEW_HINT: &str = "All agree with the measurement. Select one to see it large; the mean is blurred where they differ.";
pub const OF_MEAN: &str = "Mean";

/// Name of a sample, from 0.
pub fn sample(index: usize) -> String {
    format!("Sample {}", index + 1)
}

/// Which sample of how many.
pub fn sample_of(index: usize, count: u32) -> String {
    format!("Sample {} of {count}", index + 1)
}

/// Something of a sample.
pub fn of_sample(name: &str, index: usize) -> String {
    format!("{name}, sample {}", index + 1)
}

/// Quality in a few words.
pub fn quality_line(m: &Metrics) -> String {
    match m.psnr {
        Some(psnr) => format!("{psnr:.2} dB, residual {:.4}", m.residual),
        None => format!("residual {:.4}", m.residual),
    }
}

// Uncertainty
pub const UNCERTAINTY: &str = "Uncertainty";
pub const LOWER_BOUND: &str = "The spread of vanilla LATINO's samples is a lower bound: they differ less than what the measurement leaves open.";
pub const MAP: &str = "Map of the standard deviation of the samples";
pub const LEGEND: &str = "Standard deviation, for pixel values from 0 to 1, and in 8-bit levels";
pub const OPACITY: &str = "Opacity of the map";
pub const COMPONENTS: &str = "How the samples differ most";
pub const COMPONENTS_HINT: &str = "Principal components: the mean, two standard deviations to either side. Select one to see it large.";
pub const PROBE: &str = "Probe of single pixels";
pub const PROBE_ROLE: &str = "picture with a cursor";
pub const PROBE_HINT: &str =
    "Point at the picture, or move the cursor with the arrow keys (with Shift by 8).";
pub const PROBE_EMPTY: &str = "No pixel chosen yet.";

/// A standard deviation in both units.
pub fn deviation(value: f64) -> String {
    let levels = value * 255.0;
    let digits = if levels == 0.0 || levels >= 10.0 {
        0
    } else {
        1
    };
    // A scale's end is round; its middle needs one digit more.
    let digits_of_value = if value == 0.0 {
        0
    } else {
        (1.0 - value.log10().floor()).max(1.0) as usize
    };
    let text = format!("{value:.digits_of_value$}");
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    format!("{text} ({levels:.digits$})")
}

/// What is known about a pixel.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Column and row, from 0.
    pub place: (u32, u32),
    /// Grey value of the picture in view.
    pub shown: Option<f64>,
    /// Grey value of the mean.
    pub mean: f64,
    /// Standard deviation.
    pub deviation: f64,
    /// Low end of the credible interval.
    pub low: f64,
    /// Its high end.
    pub high: f64,
    /// Its nominal level.
    pub level: f64,
}

impl Reading {
    /// In one line.
    pub fn line(&self) -> String {
        let (x, y) = self.place;
        let shown = self
            .shown
            .map(|v| format!("value {v:.3}, "))
            .unwrap_or_default();
        format!(
            "Pixel {x}, {y}: {shown}mean {:.3}, {:.0} % interval {:.3} to {:.3}, standard deviation {:.4} ({:.1} of 255).",
            self.mean,
            self.level * 100.0,
            self.low,
            self.high,
            self.deviation,
            self.deviation * 255.0
        )
    }
}

/// The map in a sentence.
pub fn summary(deviations: &[f32]) -> String {
    let n = deviations.len().max(1) as f64;
    let mean = deviations.iter().map(|d| f64::from(*d)).sum::<f64>() / n;
    let most = f64::from(deviations.iter().copied().fold(0.0, f32::max));
    format!(
        "Standard deviation: {mean:.4} ({:.1} of 255) on average, {most:.4} ({:.1}) at most.",
        mean * 255.0,
        most * 255.0
    )
}

/// How many true values the interval holds.
pub fn coverage(spread: &Spread) -> String {
    let percent = |v: f64| format!("{:.1} %", v * 100.0);
    let intervals = format!(
        "{} samples give intervals of {} nominally, {} at most with so few",
        spread.samples,
        percent(spread.level),
        percent(spread.attainable)
    );
    match spread.coverage() {
        Some(found) => format!(
            "{intervals}; {} of the true values lie inside.",
            percent(found)
        ),
        None => format!("{intervals}. How many true values lie inside needs the truth."),
    }
}

/// Name of an end of a component, from 0.
pub fn component(index: usize, high: bool) -> String {
    let end = if high { "high" } else { "low" };
    format!("Component {}, {end}", index + 1)
}

/// How much of the samples' variance a component has.
pub fn component_share(index: usize, share: f64) -> String {
    format!("{}: {:.0} % of the variance", index + 1, share * 100.0)
}

// LATINO-PRO
pub const PRO_VIEW: &str = "LATINO-PRO's iterations";
pub const PRO_VIEW_HINT: &str = "What each iteration's short chain has found while the prompt was fitted. Select one to see it large.";
pub const EDIT: &str = "Edit the result";
pub const EDIT_HINT: &str = "The prompt above says what the picture shows. Say what it is to show instead, in the same words up to what changes: those words stay, the others adapt to the picture. This project's own reading of constrained prompt steps.";
pub const EDIT_TO: &str = "What it is to show";
pub const EDIT_STAY: &str = "Words that must stay";
pub const EDIT_STAY_HINT: &str = "Of the new description, separated by spaces. Their tokens are frozen beside those that you changed; the others adapt to the picture. May be empty.";
pub const OF_BEFORE_EDIT: &str = "Before the edit";
pub const EDIT_TOLERANCE: &str = "Tolerance";
pub const EDIT_TOLERANCE_HINT: &str =
    "How far the picture may change: at 0.02 hardly, at 1 entirely.";
pub const EDIT_START_HINT: &str =
    "999 keeps nothing of the layout but what the picture pulls back; lower keeps more.";
pub const EDIT_ITERATIONS: &str = "Prompt steps";
pub const EDIT_RADIUS: &str = "Radius";
pub const EDIT_RADIUS_HINT: &str = "How far the unchanged words' tokens may move.";
pub const EDIT_KEEP: &str = "Stay true to the measurement instead of the picture";
pub const EDIT_RUN: &str = "Edit";
pub const PRO_FOUND: &str = "The prompt found so far";
pub const PRO_FOUND_HINT: &str = "LATINO-PRO's last iteration is kept, after a cancelled run too.";
pub const PRO_RESUME: &str = "Go on from it for more iterations";
pub const PRO_ENDS: &str = "Compare the first iteration with the last";
pub const PRO_FIRST: &str = "Compare with the first prompt";
pub const PRO_FIRST_HINT: &str = "Runs LATINO once more under the prompt as you wrote it, with the same seed: what fitting the prompt has changed.";
pub const OF_FIRST_PROMPT: &str = "Under the first prompt";
pub const OF_FIRST_ITERATION: &str = "First iteration";
pub const CHART_DISTANCE: &str = "Mean distance of the tokens from their start";
pub const CHART_STEP: &str = "Step size of the prompt";
pub const CHART_PRO_RESIDUAL: &str = "Residual of what the prior says";
pub const DISTANCE: &str = "Distance";

/// The quality under the first prompt and under the last.
pub fn prompts_quality(first: &Metrics, last: &Metrics) -> String {
    format!(
        "First prompt: {}. Last prompt: {}.",
        quality_line(first),
        quality_line(last)
    )
}

/// Name of an iteration, from 1.
pub fn iteration(number: u32) -> String {
    format!("Iteration {number}")
}

/// Which iteration of how many.
pub fn iteration_of(number: u32, count: u32) -> String {
    format!("Iteration {number} of {count}")
}

/// An iteration's numbers.
pub fn iteration_numbers(number: u32, distance: f64, residual: f64, seconds: f64) -> String {
    format!(
        "{number}: moved by {distance:.2}, residual {residual:.4}, {}",
        duration(seconds)
    )
}

// Comparison of solvers
pub const SOLVERS: &str = "Comparison of solvers";
pub const SOLVERS_HINT: &str =
    "Runs them one after the other on this measurement, with the same seed and settings.";
pub const SOLVERS_RUN: &str = "Compare solvers";
pub const WITH_PRO: &str = "with LATINO-PRO";
pub const SOLVER_COLUMN: &str = "Solver";
pub const EVALUATIONS: &str = "Evaluations";
pub const SECONDS: &str = "Seconds";
pub const WAITS: &str = "waits";
pub const RUNS: &str = "runs";
pub const CSV: &str = "Save CSV";
pub const CSV_FAILED: &str = "This browser could not save the table.";

/// What a comparison took.
pub fn compared(count: usize, seconds: f64) -> String {
    format!("Compared {count} solvers in {}.", duration(seconds))
}

/// A button that shows a picture large.
pub fn show(name: &str) -> String {
    format!("Show the result of {name}")
}
