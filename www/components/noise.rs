//! The noise and its level, also estimated.

use leptos::prelude::*;

use super::{choice::Choice, slider::Slider};
use crate::noise::{Noise, NoiseKind};
use crate::state::{Phase, Problem, state};
use crate::{engine, text};

/// Noise model, levels, and for degraded pictures an estimate.
#[component]
pub fn NoiseControls() -> impl IntoView {
    let state = state();
    let kind = Memo::new(move |_| state.noise.get().kind);
    let change = move |change: &dyn Fn(&mut Noise)| {
        state.noise_touched.set(true);
        state.noise.update(|n| change(n));
    };
    let value = move |of: fn(&Noise) -> f64| Signal::derive(move || of(&state.noise.get()));
    let peak = move || {
        view! {
            <Slider id="peak" label=text::PEAK min=0.0 max=4.0 step=0.05 hint=text::PEAK_HINT written=text::photons
                value=value(|n| n.log_peak) set=move |v| change(&|n| n.log_peak = v)/>
        }
    };
    let levels = move || {
        match kind.get() {
        NoiseKind::Gaussian => view! {
            <Slider id="noise" label=text::NOISE min=0.0 max=1.0 step=0.01 hint=text::NOISE_HINT
                value=value(|n| n.sigma) set=move |v| change(&|n| n.sigma = v)/>
        }
        .into_any(),
        NoiseKind::Poisson => peak().into_any(),
        NoiseKind::PoissonGaussian => view! {
            {peak()}
            <Slider id="read-out" label=text::READ_OUT min=0.0 max=0.5 step=0.01 hint=text::NOISE_HINT
                value=value(|n| n.read_out) set=move |v| change(&|n| n.read_out = v)/>
        }
        .into_any(),
        NoiseKind::SaltPepper => view! {
            <Slider id="share" label=text::SHARE min=0.0 max=0.9 step=0.01
                value=value(|n| n.share) set=move |v| change(&|n| n.share = v)/>
        }
        .into_any(),
        NoiseKind::Speckle => view! {
            <Slider id="speckle" label=text::SPECKLE min=0.0 max=1.0 step=0.01 hint=text::SPECKLE_HINT
                value=value(|n| n.speckle) set=move |v| change(&|n| n.speckle = v)/>
        }
        .into_any(),
    }
    };
    let idle = move || {
        state.phase.get() == Phase::Ready
            && state.source.with(Option::is_some)
            && !state.estimating.get()
    };
    // Of the picture that the engine restores: scaling changes noise.
    let estimate = move |_| {
        if !untrack(idle) {
            return;
        }
        let picture = untrack(|| {
            let side = state.side()?;
            state.source.with(|s| s.as_ref().map(|s| s.square(side)))
        });
        match picture {
            Some(Ok(picture)) => engine::estimate_noise(state, picture),
            Some(Err(problem)) => state.problem.set(Some::<Problem>(problem)),
            None => {}
        }
    };
    let said = move || {
        if state.estimating.get() {
            return text::ESTIMATING.to_owned();
        }
        let say =
            |(sigma, caution): (f64, Option<String>)| text::estimated(sigma, caution.as_deref());
        state.estimate.get().map(say).unwrap_or_default()
    };
    view! {
        <Choice id="noise-model" label=text::NOISE_MODEL
            options=Signal::stored(NoiseKind::ALL.map(|k| (k.key(), text::noise_name(k))).to_vec())
            value=Signal::derive(move || kind.get().key())
            set=move |key: &str| if let Some(kind) = NoiseKind::from_key(key) { change(&|n| n.kind = kind) }/>
        {levels}
        <Show when=move || state.measured.get()>
            <div class="field">
                <button type="button" class="button" id="estimate" aria-describedby="estimate-said"
                    aria-disabled=move || (!idle()).to_string() on:click=estimate>{text::ESTIMATE}</button>
                <p class="hint" id="estimate-said" role="status">{said}</p>
            </div>
        </Show>
    }
}
