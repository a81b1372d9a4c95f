//! The profile view: time per network and block, memory, kernel variants.

use std::sync::Arc;

use latino_web::protocol::{NetworkProfile, Profile};
use leptos::prelude::*;

use crate::state::{Phase, state};
use crate::{engine, text};

/// The disclosure.
#[component]
pub fn Developer() -> impl IntoView {
    let state = state();
    let running = Memo::new(move |_| state.phase.get() == Phase::Profiling);
    let idle = move || state.phase.get() != Phase::Ready;
    let found = Memo::new(move |_| state.profile.with(|p| p.found.clone()));
    // One button, so that the focus stays where it is.
    let press = move |_| match running.get_untracked() {
        true => engine::cancel_profile(state),
        false => engine::profile(state),
    };
    let label = move || match running.get() {
        true => text::PROFILE_CANCEL,
        false => text::PROFILE_RUN,
    };
    view! {
        <section class="card" aria-labelledby="developer-title">
            <details class="advanced" id="developer">
                <summary id="developer-title">{text::DEVELOPER}</summary>
                <p class="hint">{text::PROFILE_HINT}</p>
                <button type="button" class="button" id="profile"
                    aria-disabled=move || (idle() && !running.get()).to_string() on:click=press>{label}</button>
                {move || found.get().map(|profile| view! { <Found profile/> })}
            </details>
        </section>
    }
}

/// The tables of a profile.
#[component]
fn Found(profile: Arc<Profile>) -> impl IntoView {
    let memory = profile.memory.map(|m| (m.reserved, m.in_use));
    let line = text::profile_line(profile.side, profile.repeat, memory);
    let kernels: Vec<_> = profile
        .networks
        .iter()
        .flat_map(|n| n.kernels.iter().map(|k| (n.name.clone(), k.clone())))
        .collect();
    view! {
        <p id="profile-line">{line}</p>
        <div class="wide" tabindex="0" role="region" aria-label=text::PROFILE_TABLE>
            <table class="metrics comparison" id="profile-table" aria-label=text::PROFILE_TABLE>
                <thead><tr>
                    <th scope="col">{text::NETWORK}</th><th scope="col">{text::BLOCK}</th><th scope="col">{text::MILLISECONDS}</th>
                    <th scope="col">{text::RATE}</th><th scope="col">{text::DISPATCHES}</th>
                </tr></thead>
                {profile.networks.iter().map(|n| rows(n, profile.tick)).collect_view()}
            </table>
        </div>
        {(!kernels.is_empty()).then(|| view! {
            <div class="wide" tabindex="0" role="region" aria-label=text::KERNEL_TABLE>
                <table class="metrics comparison" id="kernel-table" aria-label=text::KERNEL_TABLE>
                    <thead><tr>
                        <th scope="col">{text::NETWORK}</th><th scope="col">{text::KERNEL}</th><th scope="col">{text::LAUNCHES}</th>
                    </tr></thead>
                    <tbody>{kernels.into_iter().map(|(network, k)| view! {
                        <tr><td>{text::network(&network)}</td><th scope="row">{k.kernel}</th><td>{k.count}</td></tr>
                    }).collect_view()}</tbody>
                </table>
            </div>
        })}
    }
}

/// The whole network, then its blocks; a clock that moves every `tick` seconds timed them.
fn rows(network: &NetworkProfile, tick: f64) -> impl IntoView + use<> {
    let name = text::network(&network.name);
    let row = |block: String, seconds: f64, flops: f64, dispatches: u32| {
        let rate = if flops > 0.0 && seconds > tick {
            format!("{:.2}", flops / seconds / 1e9)
        } else {
            String::new()
        };
        let dispatches = (dispatches > 0).then_some(dispatches);
        view! {
            <tr data-network=name data-seconds=seconds.to_string()>
                <td>{name}</td><th scope="row">{block}</th><td>{text::milliseconds(seconds, tick)}</td><td>{rate}</td><td>{dispatches}</td>
            </tr>
        }
    };
    let whole = row(
        text::WHOLE.to_owned(),
        network.seconds,
        network.flops,
        network.dispatches,
    );
    let blocks = network.blocks.iter();
    let blocks: Vec<_> = blocks
        .map(|b| row(b.name.clone(), b.seconds, b.flops, b.dispatches))
        .collect();
    view! { <tbody data-network=name>{whole}{blocks}</tbody> }
}
