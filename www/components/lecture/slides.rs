//! What is on the screen: the choice, an introduction, a part of a step, results.

use leptos::prelude::*;

use super::maps::map;
use crate::chart::Series;
use crate::components::{canvas::Picture, chart::Chart, shown::current};
use crate::difference::difference;
use crate::lecture::formulas::{MEASUREMENT, POSTERIOR, PROMPT_STEP, STAGES, formula};
use crate::lecture::player::choose;
use crate::lecture::{Finished, Part, Place, TalkKind};
use crate::state::{IterationView, Shared, State, StepView, state};
use crate::text;

/// A picture with its name below.
fn picture(name: String, picture: Option<Shared>, more: Option<String>) -> AnyView {
    let Some(shared) = picture else {
        return ().into_any();
    };
    let (width, height) = (shared.width, shared.height);
    // Few pixels are shown as the squares that they are.
    let coarse = width.max(height) <= 64;
    view! {
        <figure class="lecture-picture" class:coarse=coarse>
            <Picture picture=Signal::stored(Some(shared)) label=Signal::stored(name.clone())/>
            <figcaption>{name}{more.map(|m| view! { <br/><span class="hint">{m}</span> })}</figcaption>
        </figure>
    }
    .into_any()
}

fn menu(state: State) -> AnyView {
    view! {
        <ul class="lecture-menu">
            {TalkKind::ALL.map(|talk| view! {
                <li>
                    <button type="button" class="button" id=format!("talk-{}", talk.key()) on:click=move |_| choose(state, talk)>
                        <strong>{text::talk_name(talk)}</strong>
                        <span>{text::talk_claim(talk)}</span>
                    </button>
                </li>
            }).collect_view()}
        </ul>
        <p class="hint">{text::LECTURE_KEYS}</p>
    }
    .into_any()
}

fn intro(state: State, talk: TalkKind) -> AnyView {
    let seen = move || current(state);
    view! {
        <div class="lecture-intro">
            <div class="lecture-words">
                <p class="lecture-claim">{text::talk_claim(talk)}</p>
                <div class="formula" inner_html=MEASUREMENT></div>
                <div class="formula" inner_html=POSTERIOR></div>
            </div>
            <div class="lecture-row">
                {move || seen().map(|p| view! {
                    {picture(text::OF_TRUTH.to_owned(), p.truth, None)}
                    {picture(text::OF_MEASUREMENT.to_owned(), Some(p.measurement), None)}
                })}
            </div>
        </div>
    }
    .into_any()
}

/// While LATINO-PRO fits the prompt there are no parts yet, but iterations.
fn fitting(state: State) -> AnyView {
    let latest = move || {
        state.run.with(|run| {
            let iteration = run.as_ref()?.iterations.last()?;
            Some((iteration.iteration, iteration.picture.clone()))
        })
    };
    let series = Signal::derive(move || {
        state.run.with(|run| {
            let iterations = run.iter().flat_map(|r| &r.iterations);
            let points = iterations.map(|i: &IterationView| (i.iteration, i.mean_distance()));
            vec![Series {
                name: text::DISTANCE,
                points: points.collect(),
            }]
        })
    });
    view! {
        <div class="lecture-part">
            <div>{move || current(state).map(|p| picture(text::OF_MEASUREMENT.to_owned(), Some(p.measurement), None))}</div>
            <div class="lecture-words">
                <div class="formula" inner_html=PROMPT_STEP></div>
                <p class="lecture-line" role="status">{move || match latest() {
                    Some((number, _)) => text::iteration(number),
                    None => text::LECTURE_WAIT.to_owned(),
                }}</p>
                <Chart id="lecture-distance" title=text::CHART_DISTANCE across=text::ITERATION digits=3 series=series/>
            </div>
            <div>{move || latest().map(|(number, shown)| picture(text::iteration(number), Some(shown), None))}</div>
        </div>
    }
    .into_any()
}

/// The numbers of the prox that made a part.
fn numbers(state: State, part: &Part) -> Option<String> {
    let of = |s: &&StepView| s.sample == part.sample && s.step == part.step;
    let step = state
        .run
        .with(|r| r.as_ref()?.steps.iter().find(of).cloned())?;
    Some(text::lecture_prox(
        step.gamma,
        step.residual_before,
        step.residual_after,
        step.psnr,
    ))
}

fn part(state: State, index: usize) -> AnyView {
    let l = state.lecture;
    let pair = l.parts.with_untracked(|parts| {
        let now = parts.get(index)?.clone();
        let before = index.checked_sub(1).and_then(|i| parts.get(i)).cloned();
        Some((before.filter(|b| b.sample == now.sample), now))
    });
    let Some((before, now)) = pair else {
        return fitting(state);
    };
    let several = state
        .run
        .with_untracked(|r| r.as_ref().is_some_and(|r| r.wanted > 1));
    let measurement = untrack(|| current(state)).map(|p| p.measurement);
    let acts_on = match before {
        Some(b) => picture(text::stage_made(b.stage).to_owned(), Some(b.picture), None),
        None => picture(text::LECTURE_FIRST.to_owned(), measurement.clone(), None),
    };
    let is_prox = now.stage == latino_web::protocol::Stage::Prox;
    let y = is_prox.then(|| picture(text::OF_MEASUREMENT.to_owned(), measurement, None));
    let number = is_prox.then(|| untrack(|| numbers(state, &now))).flatten();
    let place = text::lecture_place(
        now.step,
        now.steps,
        now.timestep,
        several.then_some(now.sample),
    );
    view! {
        <ol class="lecture-stages" aria-label=text::LECTURE>
            {STAGES.map(|stage| view! {
                <li aria-current=(stage == now.stage).then_some("step")>{text::stage_name(stage)}</li>
            }).collect_view()}
        </ol>
        <div class="lecture-part">
            <div>
                <h3 class="hint">{text::LECTURE_ACTS_ON}</h3>
                {acts_on}
                <div class="lecture-y">{y}</div>
            </div>
            <div class="lecture-words">
                <p class="lecture-place" id="lecture-place" role="status">{text::stage_name(now.stage)}": "{place}</p>
                <div class="formula" inner_html=formula(now.stage)></div>
                <p class="lecture-line">{text::stage_line(now.stage)}</p>
                <p class="lecture-numbers">{number}</p>
            </div>
            <div>
                <h3 class="hint">{text::LECTURE_MAKES}</h3>
                {picture(text::stage_made(now.stage).to_owned(), Some(now.picture), None)}
            </div>
        </div>
    }
    .into_any()
}

/// Result and quality of an act.
fn result(done: &Finished) -> AnyView {
    let (shown, metrics) = match &done.outcome.spread {
        Some(spread) => (spread.mean.clone(), spread.mean_metrics),
        None => (done.outcome.picture.clone(), done.outcome.metrics),
    };
    let quality = text::lecture_quality(metrics.psnr, metrics.residual);
    picture(done.name.clone(), Some(shown), Some(quality))
}

fn spread(done: &Finished) -> Option<AnyView> {
    let spread = done.outcome.spread.as_ref()?;
    let map = map(
        text::LECTURE_SPREAD,
        spread.mean.width,
        spread.deviation.clone(),
    );
    Some(map.into_any())
}

fn outcome(state: State) -> AnyView {
    let l = state.lecture;
    let done = l.finished.with_untracked(|f| f.last().cloned());
    let seen = untrack(|| current(state));
    let samples = state.run.with_untracked(|r| {
        let run = r.as_ref().filter(|r| r.wanted > 1)?;
        let all = run.samples.iter().enumerate();
        Some(
            all.map(|(k, s)| picture(text::sample(k), Some(s.picture.clone()), None))
                .collect_view(),
        )
    });
    view! {
        <div class="lecture-row">
            {seen.clone().map(|p| picture(text::OF_MEASUREMENT.to_owned(), Some(p.measurement), None))}
            {done.as_ref().map(result)}
            {done.as_ref().and_then(spread)}
            {seen.map(|p| picture(text::OF_TRUTH.to_owned(), p.truth, None))}
        </div>
        {samples.map(|s| view! { <div class="lecture-row small">{s}</div> })}
    }
    .into_any()
}

fn closing(state: State, talk: TalkKind) -> AnyView {
    let l = state.lecture;
    let done = l.finished.get_untracked();
    let apart = match done.as_slice() {
        [a, b] => {
            let (a, b) = (&a.outcome.picture, &b.outcome.picture);
            difference(a, b).map(|values| map(text::LECTURE_DIFFERENCE, a.width, values).into_any())
        }
        [one] => spread(one),
        _ => None,
    };
    let truth = untrack(|| current(state)).and_then(|p| p.truth);
    view! {
        <p class="lecture-claim">{text::talk_lesson(talk)}</p>
        <div class="lecture-row">
            {done.iter().map(result).collect_view()}
            {apart}
            {picture(text::OF_TRUTH.to_owned(), truth, None)}
        </div>
    }
    .into_any()
}

/// The screen's middle.
#[component]
pub fn Slides() -> impl IntoView {
    let state = state();
    let l = state.lecture;
    let any = Memo::new(move |_| l.parts.with(|p| !p.is_empty()));
    move || {
        let talk = l.talk.get();
        match l.place.get() {
            Place::Menu => menu(state),
            Place::Intro => intro(state, talk),
            // The first part replaces what is shown before it.
            Place::Part(index) => {
                any.track();
                part(state, index)
            }
            Place::Outcome => outcome(state),
            Place::Closing => closing(state, talk),
        }
    }
}
