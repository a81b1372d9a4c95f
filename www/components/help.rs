//! The help, in a dialog.

use leptos::{html, prelude::*};

use crate::lecture::formulas::{MEASUREMENT, POSTERIOR, formula};
use crate::text;

/// A section with its formula.
fn section((title, paragraphs): text::Section, formula: Option<&'static str>) -> impl IntoView {
    view! {
        <section>
            <h3>{title}</h3>
            {formula.map(|f| view! { <div class="formula" inner_html=f></div> })}
            {paragraphs.iter().map(|p| view! { <p>{*p}</p> }).collect_view()}
        </section>
    }
}

/// The button and the dialog.
#[component]
pub fn Help() -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let open = move |_| {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.show_modal().ok();
        }
    };
    let close = move |_| {
        if let Some(dialog) = dialog.get_untracked() {
            dialog.close();
        }
    };
    let prox = formula(latino_web::protocol::Stage::Prox);
    view! {
        <button type="button" class="button" id="help-open" on:click=open>{text::HELP}</button>
        <dialog node_ref=dialog class="help" id="help" aria-labelledby="help-title">
            <h2 id="help-title">{text::HELP_TITLE}</h2>
            {section(text::HELP_MEASUREMENT, Some(MEASUREMENT))}
            {section(text::HELP_PRIOR, Some(POSTERIOR))}
            {section(text::HELP_PROX, Some(prox))}
            {section(text::HELP_LIMITS, None)}
            {section(text::HELP_PRIVACY, None)}
            <section>
                <h3>{text::HELP_REFERENCES}</h3>
                <ul>
                    {text::REFERENCES.iter().map(|(what, at)| view! {
                        <li>{*what}" "<a href=*at rel="noreferrer">{*at}</a></li>
                    }).collect_view()}
                </ul>
            </section>
            <button type="button" class="button primary" id="help-close" on:click=close>{text::HELP_CLOSE}</button>
        </dialog>
    }
}
