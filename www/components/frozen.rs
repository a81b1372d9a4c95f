//! Which words of the prompt are frozen.

use leptos::prelude::*;

use crate::state::state;
use crate::text;

/// The first `count` tokens of a prompt of these words, the start token included.
fn tokens(words: &[(String, u32)], count: u32) -> Vec<String> {
    let of_word = |(word, parts): &(String, u32)| {
        let (word, parts) = (word.clone(), *parts);
        (1..=parts).map(move |part| match parts {
            1 => word.clone(),
            _ => text::part_of(&word, part, parts),
        })
    };
    let all = std::iter::once(text::START_TOKEN.to_owned()).chain(words.iter().flat_map(of_word));
    all.take(count as usize).collect()
}

/// The words, once the engine has counted the prompt's tokens.
#[component]
pub fn FrozenWords() -> impl IntoView {
    let state = state();
    let line = move || {
        let count = state.pro.get().frozen;
        state.tokens.with(|t| {
            let t = t
                .as_ref()
                .filter(|t| state.prompt.with(|p| *p == t.prompt))?;
            Some(text::frozen_words(&tokens(&t.words, count)))
        })
    };
    view! { <p class="hint" id="frozen-words">{line}</p> }
}
