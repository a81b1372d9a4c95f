//! Editing a picture by constrained prompt steps: this project's reading of the idea, see
//! `docs/editing.md`. The published material gives no algorithm for it.

use super::events;
use super::{JobEvent, Restoration, Setup, SolverSettings};
use crate::engine::Pipeline;
use crate::engine::prior::Prompted;
use crate::noise::NoiseModel;
use crate::protocol::Solver;
use crate::solver::{
    Initialisation, LastStart, NoiseStream, Observer, Problem, SeededNoise, latino_pro,
};
use crate::tokenizer::Tokenizer;
use crate::{Error, HostTensor, Result};

use super::Finished;

/// What an edit is to do.
#[derive(Debug, Clone)]
pub struct Edit {
    /// What the picture shows.
    pub from: String,
    /// What it is to show.
    pub to: String,
    /// Standard deviation, for pictures in [0, 1], by which the edited picture may differ from the
    /// given one: the data step's noise level. 0.02 to 1; more lets more change.
    pub tolerance: f64,
    /// Words of `to` that must stay what the text encoder made of them, beside those that the edit
    /// changes; separated by spaces, may be empty.
    pub stay: String,
}

/// Positions at which two prompts' tokens differ, and the start token: what must not move.
fn changed(from: &[u32], to: &[u32]) -> Vec<usize> {
    let longest = from.len().max(to.len());
    (0..longest)
        .filter(|i| *i == 0 || from.get(*i) != to.get(*i))
        .collect()
}

/// Positions in `to` of the tokens of all words in `words`. Fails with [`Error::Invalid`] on a word that
/// `to` does not say.
fn staying(tokenizer: &Tokenizer, to: &[u32], words: &str) -> Result<Vec<usize>> {
    let mut positions = Vec::new();
    for word in words.split_whitespace() {
        let encoding = tokenizer.encode(word);
        let inner = encoding.count_before_truncation - encoding.dropped - 1;
        let ids = &encoding.ids[1..inner];
        let found: Vec<_> = (to.windows(ids.len().max(1)).enumerate())
            .filter(|(_, w)| *w == ids)
            .flat_map(|(i, w)| i..i + w.len())
            .collect();
        if found.is_empty() {
            return Err(Error::invalid(format!(
                "{word:?} is to stay, but what the picture is to show does not say it"
            )));
        }
        positions.extend(found);
    }
    Ok(positions)
}

/// Edits `picture` `[1, 3, H, W]` in [-1, 1].
///
/// Starts at the embedding of `edit.to` and runs `settings.pro.iterations` (4 or so) steps of projected
/// stochastic gradient ascent on log p(picture | c), the picture seen through noise of
/// `edit.tolerance`, or, with a `measurement`, on log p(y | c). The constraint: tokens that `to` changed do
/// not move, so the words asked for stay, nor do those of `edit.stay`; the others stay within `settings.pro.radius` of their start.
/// Then LATINO runs once under that embedding from the noised picture, from `settings.start`.
///
/// # Errors
/// As [`latino_pro`]; [`Error::Invalid`] when the prompts are the same or the tolerance is out of range.
pub async fn edit(
    picture: &HostTensor,
    edit: &Edit,
    measurement: Option<&Restoration>,
    seed: u64,
    settings: &SolverSettings,
    pipeline: &Pipeline,
    observer: &mut impl Observer<JobEvent>,
) -> Result<Finished> {
    if !(0.02..=1.0).contains(&edit.tolerance) {
        return Err(Error::invalid(format!(
            "the tolerance is {}; it must lie between 0.02 and 1",
            edit.tolerance
        )));
    }
    let own;
    let problem = match measurement {
        Some(restoration) => restoration,
        None => {
            own = Restoration::new(Setup {
                picture: picture.clone(),
                measured: true,
                mask: None,
                kernel: None,
                task: "denoising".into(),
                noise: NoiseModel::Gaussian {
                    sigma: edit.tolerance,
                },
                seed,
            })?;
            &own
        }
    };
    let tokenizer = pipeline.tokenizer();
    let (from, to) = (tokenizer.encode(&edit.from), tokenizer.encode(&edit.to));
    let mut frozen = changed(&from.ids, &to.ids);
    if frozen.len() < 2 {
        return Err(Error::invalid(
            "the two prompts are the same: say what the picture is to show instead",
        ));
    }
    frozen.extend(staying(tokenizer, &to.ids, &edit.stay)?);
    frozen.sort_unstable();
    frozen.dedup();
    let (encoding, embedding) = pipeline.embed(&edit.to).await?;
    let settings = SolverSettings {
        solver: Solver::LatinoPro,
        ..settings.clone()
    };
    observer.notify(problem.started(settings.evaluations(), encoding.dropped));
    observer.checkpoint().await?;
    problem.check_multiple(pipeline)?;
    let scheduler = pipeline.scheduler();
    let mut options = settings.latino_pro(scheduler, false, None)?;
    options.frozen = frozen;
    options.last_start = LastStart::Chain;
    options.chain.initialisation = Initialisation::Picture(picture.clone());
    options.chain.timesteps = settings.chain_from_start(scheduler)?;
    let likelihood = problem.likelihood()?;
    let words = pipeline.prompt_words(&to, &options.frozen, observer);
    let words = words.await?;
    let found = latino_pro(
        &Prompted::new(pipeline, settings.guidance).hybrid(settings.hybrid),
        scheduler,
        Problem {
            likelihood: &likelihood,
            y: &problem.measurement,
            sigma: likelihood.sigma(),
        },
        &embedding,
        &options,
        &mut SeededNoise::new(seed, NoiseStream::Solver),
        &mut events::ProSolver { observer, words },
    )
    .await?;
    let result = found.restoration;
    problem.finished(result.picture, result.evaluations, Some(found.embedding))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_the_edit_changed_is_frozen() {
        assert_eq!(changed(&[9, 1, 2, 3, 8], &[9, 1, 5, 3, 8]), [0, 2]);
        assert_eq!(changed(&[9, 1, 8], &[9, 1, 8]), [0]);
    }

    #[test]
    fn words_that_stay_are_found_and_must_be_there() {
        let folder = "tests/fixtures/tiny-lcm/tokenizer";
        let read = |name: &str| std::fs::read_to_string(format!("{folder}/{name}")).unwrap();
        let tokenizer =
            Tokenizer::from_vocab(&read("vocab.json"), &read("merges.txt"), None).unwrap();
        let to = tokenizer.encode("a red pear, a red apple").ids;
        let twice = staying(&tokenizer, &to, " red ").unwrap();
        assert!(
            twice.len() >= 2 && twice.iter().all(|i| *i > 0),
            "{twice:?}"
        );
        assert!(staying(&tokenizer, &to, "").unwrap().is_empty());
        let error = staying(&tokenizer, &to, "red green").unwrap_err();
        assert!(error.to_string().contains("green"), "{error}");
    }
}
