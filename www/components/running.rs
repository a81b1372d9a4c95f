//! Mean and deviation of the samples so far, while more come in.

use leptos::prelude::*;

use super::canvas::Picture;
use super::map::{Legend, largest, painted_map};
use crate::running::running;
use crate::state::{Shared, state};
use crate::text;

/// The section, until the run is done: then the whole view takes its place.
#[component]
pub fn RunningView() -> impl IntoView {
    let state = state();
    // Samples so far of how many, while the run lasts.
    let count = Memo::new(move |_| {
        state.run.with(|run| {
            let run = run.as_ref().filter(|r| r.outcome.is_none())?;
            (run.samples.len() > 1).then_some((run.id, run.samples.len(), run.wanted))
        })
    });
    let found = Memo::new_with_compare(
        move |_| {
            count.get()?;
            state.run.with_untracked(|run| {
                let samples = &run.as_ref()?.samples;
                let pictures: Vec<_> = samples.iter().map(|s| &*s.picture).collect();
                let (mean, deviation) = running(&pictures)?;
                let (size, most) = ((mean.width, mean.height), largest(&deviation));
                Some((Shared::new(mean), painted_map(&deviation, size, most), most))
            })
        },
        |_, _| true,
    );
    let mean = Signal::derive(move || found.with(|f| f.as_ref().map(|f| f.0.clone())));
    let map = Signal::derive(move || found.with(|f| f.as_ref().map(|f| f.1.clone())));
    let most = Signal::derive(move || found.with(|f| f.as_ref().map_or(0.01, |f| f.2)));
    let line = move || {
        count
            .get()
            .map(|(_, done, wanted)| text::so_far(done, wanted))
    };
    view! {
        <Show when=move || count.get().is_some()>
            <section class="card" id="running" aria-labelledby="running-title">
                <h2 id="running-title">{text::RUNNING}</h2>
                <p class="hint" id="running-count">{line}</p>
                <div class="pair running">
                    <figure><Picture picture=mean label=text::OF_MEAN/><figcaption>{text::OF_MEAN}</figcaption></figure>
                    <figure><Picture picture=map label=text::MAP/><figcaption>{text::DEVIATION}</figcaption></figure>
                </div>
                <Legend most=most/>
                <p class="hint">{text::LOWER_BOUND}</p>
            </section>
        </Show>
    }
}
