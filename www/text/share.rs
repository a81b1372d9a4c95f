//! Keeping and sharing an experiment.

pub const KEEP: &str = "Keep and share";
pub const EXPERIMENT_SAVE: &str = "Save the experiment";
pub const EXPERIMENT_OPEN: &str = "Open an experiment";
pub const EXPERIMENT_HINT: &str = "One file with the picture, all settings, the measurement and every result; it reopens exactly as it is.";
pub const EXPERIMENT_WAIT: &str = "The engine is busy: open the experiment when it is ready.";
pub const NOT_AN_EXPERIMENT: &str =
    "This file is no experiment of LATINO Web (their names end in .latino).";
pub const EXPERIMENT_NEWER: &str =
    "This experiment was saved by a newer version of the page. Reload the page and try again.";
pub const EXPERIMENT_BROKEN: &str = "This experiment's file is damaged or incomplete.";
pub const EXPERIMENT_FAILED: &str =
    "This browser could not save the experiment; there may be too little memory.";
pub const LINK: &str = "Link to these settings";
pub const LINK_HINT: &str = "Carries the settings and which sample picture; your own pictures and masks stay with you, in the file.";
pub const LINK_COPY: &str = "Copy";
pub const LINK_COPIED: &str = "Copied.";
pub const LINK_SELECTED: &str = "Selected: copy it with Ctrl+C.";

/// An experiment of another model.
pub fn other_model(name: &str) -> String {
    format!(
        "This experiment was made with the model \"{name}\". Its results are shown; a new run uses the model that is loaded."
    )
}
