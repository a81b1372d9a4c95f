//! The experiments on offer: each runs live on the embedded model within a minute on a CPU.

use latino_web::protocol::{ProSettings, Solver};

use crate::task::{HoleKind, Task, TaskKind};

/// An experiment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TalkKind {
    /// Few pixels.
    Zoom,
    /// Much noise.
    Noise,
    /// A wrong prompt, and LATINO-PRO.
    Prompt,
    /// Several samples.
    Uncertainty,
    /// One measurement, two prompts.
    Bias,
    /// A result, and another prompt.
    Edit,
}

/// A run of an experiment.
#[derive(Debug, Clone, Copy)]
pub struct Act {
    /// The prompt; the sample's own when `None`.
    pub prompt: Option<&'static str>,
    /// What restores.
    pub solver: Solver,
    /// Network evaluations.
    pub steps: u32,
    /// Where to start, as a timestep; as the model recommends when `None`.
    pub start: Option<u32>,
    /// Posterior samples.
    pub samples: u32,
    /// LATINO-PRO's iterations.
    pub iterations: u32,
    /// What the result before is to show instead.
    pub edit: Option<&'static str>,
    /// Whether it runs through at first instead of part by part.
    pub flows: bool,
}

const ACT: Act = Act {
    prompt: None,
    solver: Solver::Latino,
    steps: 4,
    start: None,
    samples: 1,
    iterations: 0,
    edit: None,
    flows: false,
};

/// A prompt that fits none of the samples used with it.
const WRONG: &str = "a drawing of a blue car on a green background";

impl TalkKind {
    /// All, in the order shown.
    pub const ALL: [Self; 6] = [
        Self::Zoom,
        Self::Noise,
        Self::Prompt,
        Self::Uncertainty,
        Self::Bias,
        Self::Edit,
    ];

    /// A short name without spaces.
    pub fn key(self) -> &'static str {
        match self {
            Self::Zoom => "zoom",
            Self::Noise => "noise",
            Self::Prompt => "prompt",
            Self::Uncertainty => "uncertainty",
            Self::Bias => "bias",
            Self::Edit => "edit",
        }
    }

    /// The one after it.
    pub fn following(self) -> Option<Self> {
        let at = Self::ALL.iter().position(|t| *t == self)?;
        Self::ALL.get(at + 1).copied()
    }

    /// Which sample picture.
    pub fn sample(self) -> usize {
        match self {
            Self::Zoom => 7,
            Self::Noise => 3,
            Self::Prompt | Self::Bias | Self::Edit => 0,
            Self::Uncertainty => 1,
        }
    }

    /// What degrades it.
    pub fn task(self) -> Task {
        let mut task = Task::default();
        match self {
            Self::Zoom => {
                task.kind = TaskKind::SuperResolution;
                task.set_choice("factor", "16");
            }
            Self::Noise | Self::Edit => task.kind = TaskKind::Denoise,
            Self::Prompt => {
                task.kind = TaskKind::Inpaint;
                task.hole = HoleKind::Random;
                task.set_number("fraction", 0.9);
            }
            Self::Uncertainty | Self::Bias => {
                task.kind = TaskKind::Inpaint;
                task.hole = HoleKind::Box;
                task.set_number("fraction", 0.25);
            }
        }
        task
    }

    /// The noise, as a standard deviation for pictures in [0, 1].
    pub fn sigma(self) -> f64 {
        match self {
            Self::Zoom => 0.01,
            Self::Noise => 1.0,
            Self::Edit => 0.1,
            Self::Prompt | Self::Uncertainty | Self::Bias => 0.02,
        }
    }

    /// Its runs.
    pub fn acts(self) -> Vec<Act> {
        match self {
            Self::Zoom | Self::Noise => vec![Act { steps: 8, ..ACT }],
            Self::Prompt => vec![
                Act {
                    prompt: Some(WRONG),
                    steps: 8,
                    ..ACT
                },
                Act {
                    prompt: Some(WRONG),
                    solver: Solver::LatinoPro,
                    steps: 8,
                    iterations: 5,
                    flows: true,
                    ..ACT
                },
            ],
            Self::Uncertainty => vec![Act {
                samples: 5,
                flows: true,
                ..ACT
            }],
            Self::Bias => vec![
                Act {
                    prompt: Some("a drawing of a green pear on a white background"),
                    start: Some(999),
                    ..ACT
                },
                Act {
                    prompt: Some("a drawing of a blue car on a red background"),
                    start: Some(999),
                    flows: true,
                    ..ACT
                },
            ],
            Self::Edit => vec![
                Act {
                    prompt: Some("a drawing of a green pear on a white background"),
                    ..ACT
                },
                Act {
                    prompt: Some("a drawing of a green pear on a white background"),
                    solver: Solver::LatinoPro,
                    start: Some(599),
                    iterations: 4,
                    edit: Some("a drawing of a red pear on a white background"),
                    flows: true,
                    ..ACT
                },
            ],
        }
    }
}

impl Act {
    /// LATINO-PRO's settings.
    pub fn pro(&self) -> ProSettings {
        ProSettings {
            iterations: self.iterations.max(1),
            expected: true,
            radius: if self.edit.is_some() { 5.0 } else { 15.0 },
            ..ProSettings::default()
        }
    }

    /// Network evaluations, gradients not counted.
    #[cfg(test)]
    pub fn evaluations(&self) -> u32 {
        self.steps * self.samples + self.iterations * self.pro().chain_steps
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::samples;

    #[test]
    fn every_talk_can_run_and_is_short() {
        for talk in TalkKind::ALL {
            assert_eq!(talk.task().error(), None);
            assert!(talk.sample() < samples().len());
            let acts = talk.acts();
            // Half a second an evaluation on one CPU thread, a gradient as much as three.
            let seconds: f64 = acts
                .iter()
                .map(|a| 0.5 * f64::from(a.evaluations()) + 1.5 * f64::from(a.iterations * 3))
                .sum();
            assert!(seconds < 60.0, "{}: {seconds} s", talk.key());
            assert!(acts.iter().all(|a| a.edit.is_none() || acts.len() > 1));
        }
        assert_eq!(TalkKind::Edit.following(), None);
    }
}
