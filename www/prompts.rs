//! One measurement under several prompts: what is asked, and what came back.

use std::sync::Arc;

use latino_web::protocol::{Metrics, RestoreJob};

use crate::results::Shared;

/// Fewest and most prompts that are compared.
pub const PROMPTS: (usize, usize) = (2, 6);

/// A prompt that says what no picture of ours shows.
const CONTRADICTING: &str = "a drawing of a blue car on a green background";
/// The same for a picture that it would be right for.
const OTHER: &str = "a drawing of a red apple on a yellow background";
/// A prompt that fits any picture.
const GENERIC: &str = "a drawing";

/// Which prompts are to be compared, and with how many samples of each.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptPlan {
    /// Other prompts than the one above the run button.
    pub others: Vec<String>,
    /// Samples of each.
    pub samples: u32,
}

impl Default for PromptPlan {
    fn default() -> Self {
        Self {
            others: vec![GENERIC.into(), CONTRADICTING.into()],
            samples: 2,
        }
    }
}

impl PromptPlan {
    /// All prompts, `own` first, without those that are empty or there twice.
    pub fn all(&self, own: &str) -> Vec<String> {
        let mut all: Vec<String> = Vec::new();
        for prompt in std::iter::once(own).chain(self.others.iter().map(String::as_str)) {
            let prompt = prompt.trim();
            if !prompt.is_empty() && !all.iter().any(|p| p == prompt) {
                all.push(prompt.to_owned());
            }
        }
        all
    }

    /// A prompt to add that is not there yet: generic, or one that contradicts `own`.
    pub fn suggestion(&self, own: &str) -> String {
        let there = self.all(own);
        let fits = |p: &&str| !there.iter().any(|t| t == *p);
        let offered = [
            GENERIC,
            CONTRADICTING,
            OTHER,
            "a photo",
            "a black and white drawing",
        ];
        (offered.into_iter().find(fits)).map_or_else(String::new, str::to_owned)
    }
}

/// The samples under one prompt.
#[derive(Debug, Clone)]
pub struct Prompted {
    /// In the order of their seeds.
    pub samples: Vec<Shared>,
    /// Their quality.
    pub metrics: Vec<Metrics>,
    /// Their mean.
    pub mean: Shared,
    /// Its quality.
    pub mean_metrics: Metrics,
    /// Tokens that did not fit.
    pub dropped: Option<u32>,
}

/// What the prompts explain.
#[derive(Debug, Clone)]
pub struct Effect {
    /// Share of the variance, 0 to 1.
    pub share: f64,
    /// Deviation between the prompts at every pixel, for pictures in [0, 1].
    pub between: Vec<f32>,
    /// Deviation between the seeds of one prompt.
    pub within: Vec<f32>,
}

/// A comparison of prompts, running or done.
#[derive(Debug, Clone)]
pub struct PromptRun {
    /// The number of its run.
    pub id: u32,
    /// Its job, but for the prompt.
    pub job: RestoreJob,
    /// The prompts.
    pub prompts: Vec<String>,
    /// What is finished, in the same order.
    pub done: Vec<Prompted>,
    /// What they explain, once all are finished.
    pub effect: Option<Arc<Effect>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_and_repeated_prompts_are_left_out() {
        let mut plan = PromptPlan::default();
        assert_eq!(plan.all("a cat").len(), 3);
        assert_eq!(plan.all(" a drawing ")[0], GENERIC);
        assert_eq!(plan.all("a drawing").len(), 2);
        plan.others = vec!["  ".into(), "a cat".into(), "a cat ".into()];
        assert_eq!(plan.all("a cat"), ["a cat"]);
    }

    #[test]
    fn suggestions_are_new_until_there_are_none() {
        let mut plan = PromptPlan::default();
        plan.others.clear();
        for _ in 0..5 {
            let new = plan.suggestion("a cat");
            assert!(!new.is_empty() && !plan.all("a cat").contains(&new));
            plan.others.push(new);
        }
        assert_eq!(plan.suggestion("a cat"), "");
    }
}
