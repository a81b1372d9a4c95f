//! Nominal against empirical coverage of the samples' credible intervals.

use std::sync::Arc;

use latino_web::protocol::{CalibrationReport, Coverage};
use leptos::prelude::*;

use super::chart::Chart;
use crate::chart::Series;
use crate::state::Spread;
use crate::text;

/// The chart and what it means; nothing without the truth.
#[component]
pub fn Calibration(
    /// What the samples say.
    #[prop(into)]
    spread: Signal<Option<Arc<Spread>>>,
) -> impl IntoView {
    let report = move || -> Option<CalibrationReport> {
        spread.with(|s| s.as_ref().and_then(|s| s.calibration.clone()))
    };
    let line = move |name: &'static str, of: fn(&Coverage) -> f64| {
        let rows = report().map(|r| r.rows).unwrap_or_default();
        let at = |r: &Coverage| ((r.nominal * 100.0).round() as u32, of(r) * 100.0);
        Series {
            name,
            points: rows.iter().map(at).collect(),
        }
    };
    let series = Signal::derive(move || {
        vec![
            line(text::COVERED, |r| r.empirical),
            line(text::ATTAINABLE, |r| r.attainable),
        ]
    });
    let samples = move || spread.with(|s| s.as_ref().map_or(0, |s| s.samples));
    let verdict = move || report().map(|r| text::calibration(samples(), &r));
    view! {
        <Show when=move || report().is_some()>
            <div class="field" id="calibration">
                <h3>{text::CALIBRATION}</h3>
                <Chart id="chart-coverage" title=text::CHART_COVERAGE across=text::NOMINAL digits=1 series=series/>
                <p id="calibration-verdict" data-value=move || report().map(|r| r.error_to_spread.to_string())>{verdict}</p>
                <p class="hint">{text::CALIBRATION_HINT}</p>
            </div>
        </Show>
    }
}
