//! Posterior samples and their mean, small.

use latino_web::protocol::Metrics;
use leptos::prelude::*;

use super::canvas::Picture;
use crate::state::{Shared, Shown, State, state};
use crate::text;

/// A small picture that is shown large when it is pressed, and not any more when pressed again.
pub fn thumb(
    state: State,
    shown: Shown,
    name: String,
    picture: impl Fn() -> Option<Shared> + Send + Sync + 'static,
) -> impl IntoView {
    view! {
        <button type="button" class="thumb" aria-pressed=move || (state.shown.get() == shown).to_string()
            on:click=move |_| state.shown.update(|s| *s = if *s == shown { Shown::Latest } else { shown })>
            <Picture picture=Signal::derive(picture) label=Signal::stored(name)/>
        </button>
    }
}

/// The strip.
#[component]
pub fn SamplesView() -> impl IntoView {
    let state = state();
    let count = Memo::new(move |_| {
        state
            .run
            .with(|r| r.as_ref().map_or(0, |r| r.samples.len()))
    });
    let run = Memo::new(move |_| state.run.with(|r| r.as_ref().map(|r| r.id)));
    let sample = move |k: usize| {
        state.run.with(|r| {
            let sample = r.as_ref()?.samples.get(k)?;
            Some((sample.picture.clone(), sample.metrics))
        })
    };
    let mean = move || {
        state.run.with(|r| {
            let spread = r.as_ref()?.outcome.as_ref()?.spread.as_ref()?;
            Some((spread.mean.clone(), spread.mean_metrics))
        })
    };
    let any_mean = Memo::new(move |_| mean().is_some());
    let quality = |m: Option<(Shared, Metrics)>| m.map(|(_, m)| text::quality_line(&m));
    view! {
        <Show when=move || { count.get() > 0 }>
            <section class="card" id="samples-view" aria-labelledby="samples-view-title">
                <h2 id="samples-view-title">{text::SAMPLES_VIEW}</h2>
                <p class="hint">{text::SAMPLES_VIEW_HINT}</p>
                <ol class="strip">
                    <For each=move || { let id = run.get(); (0..count.get()).map(move |k| (id, k)).collect::<Vec<_>>() } key=|key| *key
                        children=move |(_, k)| view! {
                            <li>
                                {thumb(state, Shown::Sample(k), text::sample(k), move || sample(k).map(|s| s.0))}
                                <p class="hint">{text::sample(k)}<br/>{move || quality(sample(k))}</p>
                            </li>
                        }/>
                    <Show when=move || any_mean.get()>
                        <li>
                            {thumb(state, Shown::Mean, text::OF_MEAN.to_owned(), move || mean().map(|m| m.0))}
                            <p class="hint"><strong>{text::OF_MEAN}</strong><br/>{move || quality(mean())}</p>
                        </li>
                    </Show>
                </ol>
            </section>
        </Show>
    }
}
