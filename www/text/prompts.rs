//! How much the prompt decided.

pub const PROMPTS: &str = "How much did the prompt decide?";
pub const PROMPTS_HINT: &str = "Restores this measurement under several prompts with the same seeds. Where the results differ from prompt to prompt, the words have decided and not the data.";
pub const PROMPTS_WHICH: &str = "The prompts";
pub const PROMPTS_OWN: &str = "Prompt 1, from above";
pub const PROMPTS_OWN_EMPTY: &str = "Write a prompt above: it is the first to be compared.";
pub const PROMPTS_REMOVE: &str = "Remove";
pub const PROMPTS_ADD: &str = "Add a prompt";
pub const PROMPTS_SAMPLES: &str = "Samples of each prompt";
pub const PROMPTS_SAMPLES_HINT: &str = "More tell prompts and seeds apart more surely.";
pub const PROMPTS_RUN: &str = "Compare prompts";
pub const PROMPTS_FEW: &str = "At least two different prompts are needed.";
pub const PROMPTS_NO_MODEL: &str =
    "The chosen solver takes no prompt: LATINO restores here instead.";
pub const PROMPTS_TABLE: &str = "Results by prompt and seed";
pub const PROMPT_COLUMN: &str = "Prompt";
pub const PROMPTS_MAP: &str = "Where";
pub const PROMPTS_BETWEEN: &str = "The prompt decided (differences between prompts)";
pub const PROMPTS_WITHIN: &str = "Chance decided (differences between seeds)";
pub const PROMPTS_MAP_LABEL: &str = "Map of the differences";
pub const PROMPTS_BIAS: &str = "A prior learnt from pictures and captions of the internet shows what such captions usually go with: it fills in the usual, and what it fills in can be wrong for this picture. Where the map is bright, do not take the restored detail for evidence.";

/// Name of a prompt by its place, from 0.
pub fn prompt_number(index: usize) -> String {
    format!("Prompt {}", index + 1)
}

/// Name of a prompt's field.
pub fn prompt_field(index: usize) -> String {
    format!("Prompt {}", index + 2)
}

/// The button that removes a prompt.
pub fn remove_prompt(index: usize) -> String {
    format!("Remove prompt {}", index + 2)
}

/// A picture under a prompt.
pub fn prompted(prompt: &str, sample: Option<usize>) -> String {
    match sample {
        Some(k) => format!("\"{prompt}\", sample {}", k + 1),
        None => format!("\"{prompt}\", mean"),
    }
}

/// Which of several prompts runs, from 0.
pub fn prompting(index: usize, count: usize) -> String {
    format!("Prompt {} of {count}. ", (index + 1).min(count))
}

/// What a comparison costs.
pub fn prompts_cost(prompts: usize, samples: u32, evaluations: u32) -> String {
    format!("{prompts} prompts of {samples} samples: {evaluations} network evaluations.")
}

/// A prompt that was cut.
pub fn prompt_cut(count: u32) -> String {
    format!("too long: its last {count} tokens were dropped")
}

/// What the prompts explain of the variance, in a sentence.
pub fn prompts_share(share: f64) -> String {
    let percent = (share * 100.0).round();
    let verdict = if share >= 0.5 {
        "The words decide more than chance does: the measurement leaves room, and the prompt fills it."
    } else if share >= 0.15 {
        "The words matter, but chance decides more."
    } else {
        "The words hardly matter here: the measurement, or the seed, decides."
    };
    format!(
        "Prompts explain {percent:.0} % of the variance between these results, seeds the other {:.0} %. {verdict}",
        100.0 - percent
    )
}
