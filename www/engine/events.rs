//! What the engine's answers change.

use std::sync::Arc;

use latino_web::protocol::{Event, FailureKind};
use leptos::prelude::*;

use super::comparison::{end_comparison, next_solver, settle};
use super::first_prompt::first_prompt_done;
use super::profile;
use super::prompts::{effect, prompt_done};
use super::{
    ESTIMATE, MEASURE, MEASURING, forget_iteration, forget_others, forget_unfinished, load, lost,
    now,
};
use crate::lecture::player as lecture;
use crate::noise::Noise;
use crate::prompts::Effect;
use crate::state::{
    Found, IterationView, Load, Outcome, Phase, Preview, Problem, Run, SampleView, Shown, Spread,
    Standing, State, StepView, Tokens, psnr,
};
use crate::{library, queue, text};

/// Changes the run `id`, if it is the current one.
fn with_run(state: State, id: u32, change: impl FnOnce(&mut Run)) {
    state.run.update(|run| {
        if let Some(run) = run.as_mut().filter(|r| r.id == id) {
            change(run);
        }
    });
}

/// Takes an answer of the engine.
pub fn receive(state: State, event: Event) {
    state.record.update_value(|record| {
        if let Some(record) = record {
            record.take(&event);
        }
    });
    match event {
        Event::Hello => {
            state.library.update(|l| l.busy = false);
            load(state);
        }
        Event::LoadProgress {
            stage,
            done,
            total,
            rate,
        } => state.load.set(Some(Load {
            stage,
            done,
            total,
            rate,
        })),
        Event::Library(event) => library::take(state, event),
        Event::Kept(kept) => {
            state.kept.set(Some(kept));
            // A list that is shown says what is there now.
            library::refresh(state);
        }
        Event::Ready { device, model } => {
            state.device.set(Some(device));
            state.recommend(&model);
            state.model.set(Some(model));
            state.load.set(None);
            state.phase.set(Phase::Ready);
        }
        Event::Measured {
            id,
            measurement,
            baseline,
            metrics,
        } => {
            if id != MEASURE.get() || state.phase.get_untracked() == Phase::Running {
                return;
            }
            MEASURING.set(false);
            let truth = state.truth();
            state.preview.set(Some(Preview {
                truth,
                measurement: Arc::new(measurement),
                baseline: Arc::new(baseline),
                metrics,
            }));
            let solved = |p: &Option<Problem>| p.as_ref().is_some_and(|p| p.of_preview);
            if state.problem.with_untracked(solved) {
                state.problem.set(None);
            }
            // The settings have moved on from the result that was shown.
            state.run.set(None);
            state.shown.set(Shown::Latest);
            forget_iteration(state);
            let job = untrack(|| state.job()).and_then(Result::ok);
            match job {
                Some(job) => forget_others(state, &job),
                None => {
                    state.comparison.set(None);
                    state.prompts.set(None);
                }
            }
        }
        Event::Started {
            id,
            steps,
            measurement,
            baseline,
            baseline_metrics,
            dropped_tokens,
        } => {
            with_run(state, id, |run| {
                run.total = steps;
                run.begun = now();
                run.dropped = dropped_tokens;
                run.preview = Some(Preview {
                    truth: run.truth.clone(),
                    measurement: Arc::new(measurement),
                    baseline: Arc::new(baseline),
                    metrics: baseline_metrics,
                });
            });
        }
        Event::Step {
            id,
            step,
            timestep,
            before,
            after,
            residual_before,
            residual_after,
            gamma,
            seconds,
        } => {
            with_run(state, id, |run| {
                let psnr = run.truth.as_ref().and_then(|t| psnr(&after, t));
                run.steps.push(StepView {
                    sample: run.samples.len(),
                    step,
                    timestep,
                    psnr,
                    before: Arc::new(before),
                    after: Arc::new(after),
                    residual_before,
                    residual_after,
                    gamma,
                    seconds,
                });
            });
        }
        Event::Stage {
            id,
            stage,
            step,
            steps,
            timestep,
            picture,
        } => lecture::shown(state, id, stage, (step, steps, timestep), picture),
        Event::Progress { id, done, .. } => with_run(state, id, |run| run.chained = done),
        Event::Iteration {
            id,
            iteration,
            step,
            distances,
            residual,
            picture,
            embedding,
            words,
            seconds,
            ..
        } => {
            with_run(state, id, |run| {
                state.found.set(Some(Found {
                    prompt: run.prompt.clone(),
                    embedding: Arc::new(embedding),
                }));
                run.iterations.push(IterationView {
                    iteration,
                    step,
                    distances,
                    residual,
                    words,
                    picture: Arc::new(picture),
                    seconds,
                });
            });
        }
        Event::PromptDone {
            id,
            samples,
            metrics,
            mean,
            mean_metrics,
            dropped_tokens,
            ..
        } => {
            let mean = (mean, mean_metrics);
            prompt_done(state, id, samples, metrics, mean, dropped_tokens);
        }
        Event::PromptEffect {
            id,
            share,
            between,
            within,
        } => {
            let found = Effect {
                share,
                between,
                within,
            };
            effect(state, id, found);
        }
        Event::Sample {
            id,
            picture,
            metrics,
            ..
        } => {
            with_run(state, id, |run| {
                let picture = Arc::new(picture);
                run.samples.push(SampleView { picture, metrics });
            });
        }
        Event::Done {
            id,
            picture,
            metrics,
            evaluations,
            uncertainty,
            seconds,
        } => {
            let running = |run: &Option<Run>| run.as_ref().is_some_and(|r| r.id == id);
            if !state.run.with_untracked(running) {
                return;
            }
            let outcome = Outcome {
                picture: Arc::new(picture),
                metrics,
                evaluations,
                spread: uncertainty.map(|u| Arc::new(Spread::from(*u))),
                seconds,
            };
            if first_prompt_done(state, id, &outcome) {
                return;
            }
            settle(state, Standing::Done(outcome.clone()));
            lecture::finished(state, id, &outcome);
            with_run(state, id, |run| run.outcome = Some(outcome));
            state.shown.set(Shown::Latest);
            // A solver that could not be stopped has finished all the same.
            if state.cancelling.get_untracked() {
                end_comparison(state);
            }
            state.cancelling.set(false);
            if !next_solver(state) {
                state.phase.set(Phase::Ready);
            }
            queue::finished(state, id);
        }
        Event::NoiseEstimated { id, sigma, caution } => {
            if id == ESTIMATE.get() {
                state.estimating.set(false);
                // As many digits as an estimate deserves.
                let sigma = ((sigma * 1000.0).round() / 1000.0).clamp(0.0, 1.0);
                state.noise_touched.set(true);
                let others = state.noise.get_untracked();
                state.noise.set(Noise {
                    kind: crate::noise::NoiseKind::Gaussian,
                    sigma,
                    ..others
                });
                state.estimate.set(Some((sigma, caution)));
            }
        }
        Event::Tokens {
            prompt,
            count,
            max,
            words,
        } => state.tokens.set(Some(Tokens {
            prompt,
            count,
            max,
            words,
        })),
        Event::Profiling { id, network } => profile::at(state, id, network),
        Event::Profiled { id, profile } => profile::done(state, id, *profile),
        Event::Failed { id, kind, message } if profile::failed(state, id, kind, &message) => {}
        Event::Failed { id, kind, message } => failed(state, id, kind, &message),
    }
}

fn failed(state: State, id: Option<u32>, kind: FailureKind, message: &str) {
    let running = state.run.with_untracked(|run| run.as_ref().map(|r| r.id));
    let of_run = state.phase.get_untracked() == Phase::Running && (id.is_none() || id == running);
    match kind {
        // A lost device leaves nothing to go on with.
        FailureKind::Device => lost(state, text::device_failed(message), kind),
        FailureKind::Model if id.is_none() => lost(state, text::model_failed(message), kind),
        _ => {
            let measure = id.is_some_and(|id| id == MEASURE.get());
            if measure {
                MEASURING.set(false);
            }
            if id.is_some_and(|id| id == ESTIMATE.get()) {
                state.estimating.set(false);
                state.fail(text::sentence(message), kind);
                return;
            }
            if of_run && kind == FailureKind::Cancelled {
                end_comparison(state);
            }
            if of_run && !state.cancelling.get_untracked() {
                // The others may do better.
                settle(state, Standing::Failed(text::sentence(message)));
                if next_solver(state) {
                    if state.phase.get_untracked() == Phase::Ready {
                        state.run.set(None);
                        state.preview_again();
                    }
                    return;
                }
            }
            if of_run {
                let stopped = kind == FailureKind::Cancelled || state.cancelling.get_untracked();
                state.cancelling.set(false);
                if !stopped && queue::failed(state, &text::sentence(message)) {
                    return;
                }
                forget_unfinished(state);
                state.phase.set(Phase::Ready);
            } else if !measure && id.is_some() {
                // The answer to something that no longer matters.
                return;
            }
            match kind {
                FailureKind::Cancelled => state.cancelled.set(of_run),
                FailureKind::BadOutput => state.fail(text::bad_output(message), kind),
                _ => state.fail(message, kind),
            }
            if measure {
                state.problem.update(|p| {
                    if let Some(p) = p {
                        p.of_preview = true;
                    }
                });
            }
        }
    }
}
