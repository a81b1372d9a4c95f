//! The noise and its level, also estimated.

use leptos::prelude::*;

use super::choice::Choice;
use super::number::{Bounds, Number};
use crate::noise::{self, Noise, NoiseKind};
use crate::state::{Phase, Problem, state};
use crate::{engine, text};

/// A standard deviation's ranges; the slider's with that end.
const fn sigma(max: f64) -> Bounds {
    Bounds {
        usual: [0.0, max, 0.01],
        limits: [0.0, 2.0],
        whole: false,
    }
}

/// Ranges of the photons at white; the slider's is the decimal logarithm.
const PEAK: Bounds = Bounds {
    usual: [0.0, 4.0, 0.05],
    limits: [0.1, 1e6],
    whole: false,
};

/// Ranges of a share of values.
const SHARE: Bounds = Bounds {
    usual: [0.0, 0.9, 0.01],
    limits: [0.0, 0.95],
    whole: false,
};

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
            <Number id="peak" label=text::PEAK bounds=PEAK hint=text::PEAK_HINT scale=(noise::peak, f64::log10)
                value=value(|n| n.peak) set=move |v| change(&|n| n.peak = v)/>
        }
    };
    let levels = move || match kind.get() {
        NoiseKind::Gaussian => view! {
            <Number id="noise" label=text::NOISE bounds=sigma(1.0) hint=text::NOISE_HINT
                value=value(|n| n.sigma) set=move |v| change(&|n| n.sigma = v)/>
        }
        .into_any(),
        NoiseKind::Poisson => peak().into_any(),
        NoiseKind::PoissonGaussian => view! {
            {peak()}
            <Number id="read-out" label=text::READ_OUT bounds=sigma(0.5) hint=text::NOISE_HINT
                value=value(|n| n.read_out) set=move |v| change(&|n| n.read_out = v)/>
        }
        .into_any(),
        NoiseKind::SaltPepper => view! {
            <Number id="share" label=text::SHARE bounds=SHARE
                value=value(|n| n.share) set=move |v| change(&|n| n.share = v)/>
        }
        .into_any(),
        NoiseKind::Speckle => view! {
            <Number id="speckle" label=text::SPECKLE bounds=sigma(1.0) hint=text::SPECKLE_HINT
                value=value(|n| n.speckle) set=move |v| change(&|n| n.speckle = v)/>
        }
        .into_any(),
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
