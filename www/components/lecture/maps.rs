//! Maps with a legend: the spread of samples, the difference of two results.

use std::sync::Arc;

use leptos::prelude::*;

use crate::colour_map::scale;
use crate::components::canvas::Picture;
use crate::components::compare::legend;
use crate::difference::painted;
use crate::text;

/// `values`, row-major and `width` wide, as a picture with its scale and numbers.
pub fn map(name: &'static str, width: u32, values: Vec<f32>) -> impl IntoView {
    let most = values.iter().copied().fold(0.0, f32::max);
    let mean = values.iter().sum::<f32>() / values.len().max(1) as f32;
    let end = scale(f64::from(most));
    let picture = Arc::new(painted(&values, width, end));
    let bar = Arc::new(legend());
    view! {
        <figure class="lecture-picture lecture-map">
            <Picture picture=Signal::stored(Some(picture)) label=Signal::stored(name.to_owned())/>
            <div class="legend">
                <div aria-hidden="true"><Picture picture=Signal::stored(Some(bar)) label=Signal::stored(String::new())/></div>
                <ol class="legend-marks">
                    {[0.0, 0.5, 1.0].map(|share| view! { <li>{text::deviation(share * end)}</li> }).collect_view()}
                </ol>
            </div>
            <figcaption>{name}<br/><span class="hint">{text::lecture_map(f64::from(mean), f64::from(most))}</span></figcaption>
        </figure>
    }
}
