//! What the posterior samples do not agree on.

use std::sync::Arc;

use leptos::prelude::*;

use super::calibration::Calibration;
use super::canvas::Picture;
use super::map::{Legend, largest, painted_map};
use super::probe::Probe;
use super::samples::thumb;
use super::shown::result;
use super::slider::Slider;
use crate::state::{Shown, state};
use crate::text;

/// The section.
#[component]
pub fn SpreadView() -> impl IntoView {
    let state = state();
    let spread = Memo::new_with_compare(
        move |_| {
            state
                .run
                .with(|r| r.as_ref()?.outcome.as_ref()?.spread.clone())
        },
        |a, b| match (a, b) {
            (Some(Some(a)), Some(Some(b))) => !Arc::ptr_eq(a, b),
            (Some(None), Some(None)) => false,
            _ => true,
        },
    );
    let there = Memo::new(move |_| spread.with(Option::is_some));
    let opacity = RwSignal::new(75.0_f64);
    let over = Signal::derive(move || {
        spread.with(|s| {
            let s = s.as_ref()?;
            let size = (s.mean.width, s.mean.height);
            Some(painted_map(&s.deviation, size, largest(&s.deviation)))
        })
    });
    let under = Signal::derive(move || result(state).map(|r| r.1));
    let most =
        Memo::new(move |_| spread.with(|s| s.as_ref().map_or(0.01, |s| largest(&s.deviation))));
    let coverage = move || spread.with(|s| s.as_ref().map(|s| text::coverage(s)));
    let summary = move || spread.with(|s| s.as_ref().map(|s| text::summary(&s.deviation)));
    let components = move || {
        spread.get().map(|s| {
            (0..s.components.len())
                .map(|k| {
                    let share = s.components.get(k).map_or(0.0, |c| c.0);
                    let end = |high: bool| {
                        let s = s.clone();
                        let picture = move || {
                            s.components
                                .get(k)
                                .map(|c| if high { c.2.clone() } else { c.1.clone() })
                        };
                        thumb(
                            state,
                            Shown::Component(k, high),
                            text::component(k, high),
                            picture,
                        )
                    };
                    view! {
                        <li>
                            <div class="pair">{end(false)}{end(true)}</div>
                            <p class="hint">{text::component_share(k, share)}</p>
                        </li>
                    }
                })
                .collect_view()
        })
    };
    view! {
        <Show when=move || there.get()>
            <section class="card" id="uncertainty" aria-labelledby="uncertainty-title">
                <h2 id="uncertainty-title">{text::UNCERTAINTY}</h2>
                <p class="hint">{text::LOWER_BOUND}</p>
                <div class="spread">
                    <div class="spread-picture">
                        <Probe spread=spread>
                            <div aria-hidden="true"><Picture picture=under label=text::OF_RESULT/></div>
                            <div id="uncertainty-map" style:opacity=move || (opacity.get() / 100.0).to_string()>
                                <Picture picture=over label=text::MAP/>
                            </div>
                        </Probe>
                    </div>
                    <div class="spread-side">
                        <Legend most=most/>
                        <Slider id="map-opacity" label=text::OPACITY min=0.0 max=100.0 step=5.0 unit=" %"
                            value=opacity set=move |v| opacity.set(v)/>
                        <p id="spread-summary">{summary}</p>
                        <p id="coverage">{coverage}</p>
                    </div>
                </div>
                <Calibration spread=spread/>
                <h3>{text::COMPONENTS}</h3>
                <p class="hint">{text::COMPONENTS_HINT}</p>
                <ol class="strip pairs">{components}</ol>
            </section>
        </Show>
    }
}
