//! What the posterior samples do not agree on.

use std::sync::Arc;

use leptos::prelude::*;

use super::canvas::Picture;
use super::probe::Probe;
use super::samples::thumb;
use super::shown::result;
use super::slider::Slider;
use crate::colour_map::{colour, scale};
use crate::state::{Shared, Shown, Spread, state};
use crate::text;
use latino_web::protocol::Rgba;

/// Width of the legend's picture in pixels.
const LEGEND: u32 = 256;

fn painted(width: u32, height: u32, share: impl Iterator<Item = f64>) -> Shared {
    let bytes = share.flat_map(|s| {
        let [r, g, b] = colour(s);
        [r, g, b, 255]
    });
    Arc::new(Rgba {
        width,
        height,
        bytes: bytes.collect(),
    })
}

fn largest(spread: &Spread) -> f64 {
    scale(f64::from(
        spread.deviation.iter().copied().fold(0.0, f32::max),
    ))
}

/// The deviations as a picture.
fn map(spread: &Spread) -> Shared {
    let most = largest(spread);
    let shares = spread.deviation.iter().map(|d| f64::from(*d) / most);
    painted(spread.mean.width, spread.mean.height, shares)
}

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
    let over = Signal::derive(move || spread.with(|s| s.as_ref().map(|s| map(s))));
    let under = Signal::derive(move || result(state).map(|r| r.1));
    let most = Memo::new(move |_| spread.with(|s| s.as_ref().map_or(0.01, |s| largest(s))));
    let legend = Signal::stored(Some(painted(
        LEGEND,
        1,
        (0..LEGEND).map(|i| f64::from(i) / f64::from(LEGEND - 1)),
    )));
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
                        <figure class="legend" id="legend">
                            <figcaption>{text::LEGEND}</figcaption>
                            <div aria-hidden="true"><Picture picture=legend label=text::LEGEND/></div>
                            <ol class="legend-marks" data-value=move || most.get().to_string()>
                                {move || [0.0, 0.5, 1.0].map(|share| view! { <li>{text::deviation(share * most.get())}</li> }).collect_view()}
                            </ol>
                        </figure>
                        <Slider id="map-opacity" label=text::OPACITY min=0.0 max=100.0 step=5.0 unit=" %"
                            value=opacity set=move |v| opacity.set(v)/>
                        <p id="spread-summary">{summary}</p>
                        <p id="coverage">{coverage}</p>
                    </div>
                </div>
                <h3>{text::COMPONENTS}</h3>
                <p class="hint">{text::COMPONENTS_HINT}</p>
                <ol class="strip pairs">{components}</ol>
            </section>
        </Show>
    }
}
