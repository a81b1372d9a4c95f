//! A line chart as SVG, with its numbers as a table.

use leptos::{prelude::*, svg};

use crate::chart::{FRAME, Plot, SIZE, Series, plot};
use crate::text;

/// A point of a line: round on the first line, square on the second, so that not colour alone tells.
fn mark(line: usize, (x, y): (f64, f64)) -> AnyView {
    if line == 0 {
        view! { <circle cx=x cy=y r="3"/> }.into_any()
    } else {
        view! { <rect x=x - 3.0 y=y - 3.0 width="6" height="6"/> }.into_any()
    }
}

fn drawing(plot: Plot, across: &'static str) -> impl IntoView {
    let (left, top, right, bottom) = FRAME;
    let digits = plot.digits;
    view! {
        {plot.left.into_iter().map(|(y, value)| view! {
            <line class="chart-grid" x1=left x2=right y1=y y2=y/>
            <text x=left - 6.0 y=y + 4.0 text-anchor="end">{format!("{value:.digits$}")}</text>
        }).collect_view()}
        {plot.below.into_iter().map(|(x, value)| view! {
            <line class="chart-grid" x1=x x2=x y1=bottom y2=bottom + 4.0/>
            <text x=x y=bottom + 17.0 text-anchor="middle">{value}</text>
        }).collect_view()}
        <text x=(left + right) / 2.0 y=SIZE.1 - 6.0 text-anchor="middle">{across}</text>
        <line class="chart-axis" x1=left x2=left y1=top y2=bottom/>
        {plot.lines.into_iter().enumerate().map(|(i, points)| {
            let path: Vec<_> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            view! {
                <g class=format!("chart-line line-{i}")>
                    <polyline points=path.join(" ") fill="none"/>
                    {points.into_iter().map(|p| mark(i, p)).collect_view()}
                </g>
            }
        }).collect_view()}
    }
}

/// The chart; nothing while it has no points.
#[component]
pub fn Chart(
    /// Id of the figure.
    id: &'static str,
    /// What it shows.
    title: &'static str,
    /// What the horizontal axis counts.
    across: &'static str,
    /// Digits after the point in the table.
    digits: usize,
    /// The lines, at most two.
    #[prop(into)]
    series: Signal<Vec<Series>>,
) -> impl IntoView {
    let (title_id, desc_id) = (format!("{id}-title"), format!("{id}-desc"));
    let labels = format!("{title_id} {desc_id}");
    let layout = Memo::new(move |_| series.with(|s| plot(s)));
    let some = Memo::new(move |_| layout.with(Option::is_some));
    let described = move || series.with(|s| text::chart(across, digits, s));
    let names = move || {
        let names: Vec<_> = series.with(|s| s.iter().map(|s| s.name).collect());
        (names.len() > 1).then(|| {
            names
                .into_iter()
                .enumerate()
                .map(|(i, name)| {
                    view! {
                        <li>
                            <svg viewBox="0 0 28 10" width="28" height="10" aria-hidden="true">
                                <g class=format!("chart-line line-{i}")>
                                    <polyline points="0,5 28,5" fill="none"/>
                                    {mark(i, (14.0, 5.0))}
                                </g>
                            </svg>
                            {name}
                        </li>
                    }
                })
                .collect_view()
        })
    };
    let rows = move || {
        series.with(|series| {
            let mut places: Vec<u32> = series.iter().flat_map(|s| s.points.iter().map(|p| p.0)).collect();
            places.sort_unstable();
            places.dedup();
            places.into_iter().map(|place| {
                let cells: Vec<_> = series.iter().map(|s| {
                    let value = s.points.iter().find(|p| p.0 == place).map(|p| p.1);
                    value.map_or_else(|| "–".to_owned(), |v| format!("{v:.digits$}"))
                }).collect();
                view! { <tr><th scope="row">{place}</th>{cells.into_iter().map(|c| view! { <td>{c}</td> }).collect_view()}</tr> }
            }).collect_view()
        })
    };
    let head = move || {
        series.with(|s| {
            s.iter()
                .map(|s| view! { <th scope="col">{s.name}</th> })
                .collect_view()
        })
    };
    let (title_id, desc_id, labels) = (
        StoredValue::new(title_id),
        StoredValue::new(desc_id),
        StoredValue::new(labels),
    );
    view! {
        <Show when=move || some.get()>
            <figure class="chart" id=id>
                <figcaption>{title}</figcaption>
                <svg viewBox=format!("0 0 {} {}", SIZE.0, SIZE.1) role="img" aria-labelledby=labels.get_value()>
                    {svg::title().attr("id", title_id.get_value()).child(title)}
                    {svg::desc().attr("id", desc_id.get_value()).child(described)}
                    {move || layout.get().map(|plot| drawing(plot, across))}
                </svg>
                <ul class="chart-names">{names}</ul>
                <details class="advanced">
                    <summary>{text::AS_TABLE}</summary>
                    <table class="metrics">
                        <caption class="hidden">{title}</caption>
                        <thead><tr><th scope="col">{across}</th>{head}</tr></thead>
                        <tbody>{rows}</tbody>
                    </table>
                </details>
            </figure>
        </Show>
    }
}
