//! LATINO-PRO's embedding in words.

use latino_web::protocol::TokenReading;
use leptos::prelude::*;

use crate::state::state;
use crate::text;

fn row(reading: &TokenReading) -> impl IntoView + use<> {
    let words = reading
        .words
        .iter()
        .map(|w| text::likeness(&w.word, w.likeness));
    let words: Vec<_> = words.collect();
    view! {
        <tr>
            <th scope="row">{reading.token.clone()}</th>
            <td>{if words.is_empty() { text::LIKE_NOTHING.to_owned() } else { words.join(", ") }}</td>
        </tr>
    }
}

/// What the tokens have become after one of the iterations, the last at first.
#[component]
pub fn Words(
    /// How many iterations there are.
    #[prop(into)]
    count: Signal<usize>,
) -> impl IntoView {
    let state = state();
    // None: the last, whichever that is.
    let chosen = RwSignal::new(None::<usize>);
    let at = Memo::new(move |_| {
        let last = count.get().saturating_sub(1);
        chosen.get().map_or(last, |k| k.min(last))
    });
    let rows = move || {
        let k = at.get();
        state.run.with(|r| {
            let words = r
                .as_ref()
                .and_then(|r| r.iterations.get(k))
                .map(|i| &i.words);
            words.into_iter().flatten().map(row).collect_view()
        })
    };
    let any = move || {
        state.run.with(|r| {
            let all = r.iter().flat_map(|r| &r.iterations);
            all.flat_map(|i| &i.words).next().is_some()
        })
    };
    let choose = move |event: web_sys::Event| {
        let k = event_target_value(&event).parse::<usize>().unwrap_or(1);
        chosen.set((k < count.get_untracked()).then(|| k.saturating_sub(1)));
    };
    view! {
        <Show when=any>
            <div class="field" id="pro-words">
                <h3>{text::WORDS}</h3>
                <p class="hint">{text::WORDS_HINT}</p>
                <Show when=move || { count.get() > 1 }>
                    <div class="field-head">
                        <label for="pro-words-of">{text::ITERATION}</label>
                        <output for="pro-words-of">{move || text::iteration_of(at.get() as u32 + 1, count.get() as u32)}</output>
                    </div>
                    <input type="range" id="pro-words-of" min="1" max=move || count.get().to_string() step="1"
                        prop:value=move || (at.get() + 1).to_string() on:input=choose on:change=choose/>
                </Show>
                <table class="metrics words">
                    <caption class="hidden">{text::WORDS}</caption>
                    <thead><tr><th scope="col">{text::TOKEN}</th><th scope="col">{text::LIKE}</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </div>
        </Show>
    }
}
