//! Settings of the chain for those who want them.

pub const RHO: &str = "Target of the residual (rho)";
pub const RHO_HINT: &str =
    "As a multiple of the noise's energy: 1 is the discrepancy principle, more trusts the prior.";
pub const GUIDANCE: &str = "Guidance";
pub const GUIDANCE_HINT: &str =
    "How strongly the model follows the prompt; 1 is as published for LATINO.";
pub const ZETA: &str = "Fresh noise (DiffPIR's zeta)";
pub const ZETA_HINT: &str = "Share of the noise that is drawn anew each step; 1 would be LATINO.";
pub const RELAXATION: &str = "Relaxation";
pub const RELAXATION_HINT: &str = "Share of the last picture that every step of the prior keeps, less where more noise was added. Spares what a small autoencoder would lose; 0 is as published.";
pub const TABLE: &str = "Which published table";
pub const TABLE_HINT: &str = "The constants of LATINO's code. LATINO-PRO has its own.";
pub const TABLE_SD15: &str = "SD 1.5 with LCM-LoRA";
pub const TABLE_SDXL: &str = "SDXL with DMD2";
pub const TABLE_ORIGINAL: &str = "Constants as in the code, not scaled to the picture's size";
pub const HYBRID: &str = "Hybrid codec";
pub const HYBRID_HINT: &str = "The quick autoencoder inside the chain, the full one for the last picture: faster, a little softer on the way.";
pub const PRO_PUBLISHED: &str = "Last run goes on from the chains";
pub const PRO_PUBLISHED_HINT: &str =
    "As published. Off: it starts where LATINO does, under the prompt that was found.";
pub const WORDS: &str = "What the tokens have become, in words";
pub const WORDS_HINT: &str = "Each token that has moved, and the words that would have moved it the same way, with the cosine of the two moves. Few words explain a move wholly.";
pub const TOKEN: &str = "Token";
pub const LIKE: &str = "Has moved towards";
pub const LIKE_NOTHING: &str = "no single word";

/// A word and how well it explains a token's move.
pub fn likeness(word: &str, likeness: f64) -> String {
    format!("{word} ({likeness:.2})")
}

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
