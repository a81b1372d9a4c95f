//! Settings of the chain for those who want them.

pub const RHO: &str = "Target of the residual (rho)";
pub const RHO_HINT: &str =
    "As a multiple of the noise's energy: 1 is the discrepancy principle, more trusts the prior.";
pub const GUIDANCE: &str = "Guidance";
pub const GUIDANCE_HINT: &str =
    "How strongly the model follows the prompt; 1 is as published for LATINO.";
pub const ZETA: &str = "Fresh noise (DiffPIR's zeta)";
pub const ZETA_HINT: &str = "Share of the noise that is drawn anew each step; 1 would be LATINO.";
pub const CORRECTED: &str = "Encode only what the data changed";
pub const CORRECTED_HINT: &str = "Spares the rest a round trip of the autoencoder, at one more encoder call a step. Off is as published.";
pub const PRO_CONSTANT: &str = "Iterations before the step decays";
pub const PRO_DECAY: &str = "Decay of the step per iteration after that";

/// Which words the frozen tokens are.
pub fn frozen_words(words: &[String]) -> String {
    match words {
        [] => "Nothing is frozen.".to_owned(),
        words => format!("Frozen: {}.", words.join(", ")),
    }
}

/// Name of the start token.
pub const START_TOKEN: &str = "the start token";
/// A part of a word.
pub fn part_of(word: &str, part: u32, parts: u32) -> String {
    format!("{word} ({part} of {parts})")
}
