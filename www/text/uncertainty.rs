//! Samples as they come in, and how far their intervals can be trusted.

use latino_web::protocol::CalibrationReport;

pub const RUNNING: &str = "The samples so far";
pub const DEVIATION: &str = "Standard deviation";
pub const CALIBRATION: &str = "Can the intervals be trusted?";
pub const CHART_COVERAGE: &str = "True values inside the intervals, in %";
pub const NOMINAL: &str = "Nominal level in %";
pub const COVERED: &str = "Found";
pub const ATTAINABLE: &str = "Right samples, as many";
pub const CALIBRATION_HINT: &str = "Below the second line: the samples spread too little, as LATINO's are known to, or are off. The values of one picture depend on each other, so one picture scatters.";

/// How many samples are there.
pub fn so_far(done: usize, wanted: u32) -> String {
    format!("{done} of {wanted} samples: mean and standard deviation until now.")
}

/// What the calibration says.
pub fn calibration(samples: u32, report: &CalibrationReport) -> String {
    let ratio = report.error_to_spread;
    let verdict = if ratio > 1.15 {
        "the samples spread too little: read their intervals as lower bounds"
    } else if ratio < 0.87 {
        "the samples spread more than they need to"
    } else {
        "error and spread agree"
    };
    format!(
        "The mean's error is {ratio:.2} times what the spread of {samples} samples predicts: {verdict}."
    )
}
