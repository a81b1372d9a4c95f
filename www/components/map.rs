//! Maps of standard deviations in colour, and their legend.

use std::sync::Arc;

use latino_web::protocol::Rgba;
use leptos::prelude::*;

use super::canvas::Picture;
use crate::colour_map::{colour, scale};
use crate::state::Shared;
use crate::text;

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

/// The round number that a map's scale ends at.
pub fn largest(deviations: &[f32]) -> f64 {
    scale(f64::from(deviations.iter().copied().fold(0.0, f32::max)))
}

/// Deviations of a picture of that size (width, height) in colour; the scale ends at `most`.
pub fn painted_map(deviations: &[f32], (width, height): (u32, u32), most: f64) -> Shared {
    painted(
        width,
        height,
        deviations.iter().map(|d| f64::from(*d) / most),
    )
}

/// The scale of a map that ends at `most`.
#[component]
pub fn Legend(
    /// Its end.
    #[prop(into)]
    most: Signal<f64>,
) -> impl IntoView {
    let legend = Signal::stored(Some(painted(
        LEGEND,
        1,
        (0..LEGEND).map(|i| f64::from(i) / f64::from(LEGEND - 1)),
    )));
    view! {
        <figure class="legend">
            <figcaption>{text::LEGEND}</figcaption>
            <div aria-hidden="true"><Picture picture=legend label=text::LEGEND/></div>
            <ol class="legend-marks" data-value=move || most.get().to_string()>
                {move || [0.0, 0.5, 1.0].map(|share| view! { <li>{text::deviation(share * most.get())}</li> }).collect_view()}
            </ol>
        </figure>
    }
}
