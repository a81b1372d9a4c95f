//! What lecture mode says.

use latino_web::protocol::Stage;

use super::deviation;
use crate::lecture::TalkKind;

pub const LECTURE: &str = "Lecture";
pub const LECTURE_OPEN: &str = "Lecture mode";
pub const LECTURE_HINT: &str =
    "Six experiments, each live on this device, step by step for an audience.";
pub const LECTURE_MENU: &str = "Choose an experiment";
pub const LECTURE_KEYS: &str = "Page down, → or Space: on. Page up or ←: back. P: run or pause. R: again. B: black. Home: this choice. Escape: leave. Presentation remotes work.";
pub const LECTURE_NEXT: &str = "Next";
pub const LECTURE_BACK: &str = "Back";
pub const LECTURE_FLOW: &str = "Run on";
pub const LECTURE_PAUSE: &str = "Pause";
pub const LECTURE_AGAIN: &str = "Again";
pub const LECTURE_BLACK: &str = "Black";
pub const LECTURE_LEAVE: &str = "Leave";
pub const LECTURE_CHANGE: &str = "Change a parameter";
pub const LECTURE_CHANGE_HINT: &str = "The weight of the data counts from the next prox on, in the middle of a run. Prompt, noise and seed count when the act is started again.";
pub const LECTURE_WEIGHT: &str = "Weight of the data";
pub const LECTURE_ACTS_ON: &str = "It acts on";
pub const LECTURE_MAKES: &str = "It makes";
pub const LECTURE_WAIT: &str = "Computing";
pub const LECTURE_EDIT_FIRST: &str = "There is no result to edit yet: run the first act.";
pub const LECTURE_DIFFERENCE: &str = "Difference of the two results";
pub const LECTURE_SPREAD: &str = "Standard deviation of the samples";

/// Name of an experiment.
pub fn talk_name(talk: TalkKind) -> &'static str {
    match talk {
        TalkKind::Zoom => "Extreme zoom",
        TalkKind::Noise => "Extreme noise",
        TalkKind::Prompt => "A wrong prompt, and LATINO-PRO",
        TalkKind::Uncertainty => "Uncertainty",
        TalkKind::Bias => "The biased prior",
        TalkKind::Edit => "Editing",
    }
}

/// What an experiment asks.
pub fn talk_claim(talk: TalkKind) -> &'static str {
    match talk {
        TalkKind::Zoom => {
            "64 pixels are all that is left of 16 384. Many pictures agree with them: the prior chooses one that is plausible."
        }
        TalkKind::Noise => {
            "The noise is as strong as the whole range from black to white. What of the picture is in there?"
        }
        TalkKind::Prompt => {
            "Nine of ten pixels are missing, and the prompt says something that is not there. Then LATINO-PRO fits the prompt's embedding to the measurement."
        }
        TalkKind::Uncertainty => {
            "A quarter of the picture is hidden. The answer is not one picture but a distribution: five samples, and where they differ."
        }
        TalkKind::Bias => {
            "A quarter of the picture is hidden. Two prompts, one measurement: whatever differs was decided by the prompt and by what the prior has seen."
        }
        TalkKind::Edit => {
            "A restored picture, and a few constrained steps on the prompt: what is to change is said in words, the rest is to stay."
        }
    }
}

/// What to take home from an experiment; the numbers beside it are measured live.
pub fn talk_lesson(talk: TalkKind) -> &'static str {
    match talk {
        TalkKind::Zoom => {
            "The result agrees with the measurement. Its details are the prior's: plausible, and possibly wrong."
        }
        TalkKind::Noise => {
            "Averaging over what pictures look like removes noise that no filter could. What the prior does not know, it cannot find."
        }
        TalkKind::Prompt => {
            "Where the data are silent the prompt speaks. Maximising p(y | c) over the prompt lets the data correct it."
        }
        TalkKind::Uncertainty => {
            "The map is large where the data say nothing. LATINO's samples are known to differ too little: read it as a lower bound."
        }
        TalkKind::Bias => {
            "Both agree with the same data. A prior learnt from collected pictures has its own idea of what is usual, and will not tell you when it used it."
        }
        TalkKind::Edit => {
            "The edit is a sample under another prompt near the picture, not a measurement of anything. This is the project's own reading of constrained prompt steps."
        }
    }
}

/// Name of a part of a step.
pub fn stage_name(stage: Stage) -> &'static str {
    match stage {
        Stage::Encode => "Encode",
        Stage::Noise => "Noise",
        Stage::Consistency => "Consistency step",
        Stage::Decode => "Decode",
        Stage::Prox => "Prox",
    }
}

/// What a part does.
pub fn stage_line(stage: Stage) -> &'static str {
    match stage {
        Stage::Encode => {
            "The encoder E brings the picture to the latent space, where the prior lives. Shown: the latent's first three channels as colours, zero is grey."
        }
        Stage::Noise => {
            "Fresh noise n, as much as the timestep t says: it hides what the last step got wrong. At small t most of z stays."
        }
        Stage::Consistency => {
            "One evaluation of the network jumps from the noisy latent to a clean one that the prompt c finds plausible. This is the prior."
        }
        Stage::Decode => "The decoder D brings it back to pixels: what the prior proposes.",
        Stage::Prox => {
            "The nearest picture that also agrees with the measurement y. γ is how much the data weigh. This is the likelihood."
        }
    }
}

/// What a part has made.
pub fn stage_made(stage: Stage) -> &'static str {
    match stage {
        Stage::Encode => "Latent z",
        Stage::Noise => "Noisy latent",
        Stage::Consistency => "Clean latent",
        Stage::Decode => "What the prior proposes, u",
        Stage::Prox => "With the data, x",
    }
}

/// What a run begins with.
pub const LECTURE_FIRST: &str = "Measurement y; the run starts from its total variation solution";

/// Where a run is.
pub fn lecture_place(step: u32, steps: u32, timestep: u32, sample: Option<usize>) -> String {
    let sample = sample
        .map(|s| format!("Sample {}, ", s + 1))
        .unwrap_or_default();
    match step {
        0 => format!("{sample}before step 1 of {steps}"),
        _ => format!("{sample}step {step} of {steps}, t = {timestep}"),
    }
}

/// The prox in numbers.
pub fn lecture_prox(gamma: f64, before: f64, after: f64, psnr: Option<f64>) -> String {
    let psnr = psnr
        .map(|p| format!(", PSNR {p:.2} dB"))
        .unwrap_or_default();
    format!("γ = {gamma:.3e}, residual {before:.4} → {after:.4}{psnr}")
}

/// Which act of how many.
pub fn lecture_act(index: usize, count: usize, prompt: &str) -> String {
    match count {
        1 => format!("Prompt: “{prompt}”"),
        _ => format!("Run {} of {count}. Prompt: “{prompt}”", index + 1),
    }
}

/// The name of LATINO-PRO's result.
pub fn lecture_fitted(prompt: &str) -> String {
    format!("{prompt}, then fitted by LATINO-PRO")
}

/// An act's quality.
pub fn lecture_quality(psnr: Option<f64>, residual: f64) -> String {
    match psnr {
        Some(psnr) => format!("PSNR {psnr:.2} dB, residual {residual:.4}"),
        None => format!("residual {residual:.4}"),
    }
}

/// The largest and the mean value of a map.
pub fn lecture_map(mean: f64, most: f64) -> String {
    format!(
        "On average {}, at most {}.",
        deviation(mean),
        deviation(most)
    )
}
