//! The profile view's conversation with the engine.

use std::sync::Arc;

use latino_web::protocol::{FailureKind, Profile, Request};
use leptos::prelude::*;

use super::{next_id, send};
use crate::state::{Phase, ProfileView, State};
use crate::text;

/// Runs of each network that the medians are of.
const REPEAT: u32 = 3;

/// Starts a profile of the loaded model.
pub fn profile(state: State) {
    if state.phase.get_untracked() != Phase::Ready {
        return;
    }
    let id = next_id();
    state.problem.set(None);
    state.profile.set(ProfileView {
        id,
        ..ProfileView::default()
    });
    state.phase.set(Phase::Profiling);
    send(state, &Request::Profile { id, repeat: REPEAT });
}

/// Asks the engine to stop after the network that it is at.
pub fn cancel_profile(state: State) {
    if state.phase.get_untracked() == Phase::Profiling {
        let id = state.profile.with_untracked(|p| p.id);
        send(state, &Request::Cancel { id });
    }
}

/// The engine has come to a network.
pub(super) fn at(state: State, id: u32, network: String) {
    change(state, id, |view| view.at = Some(network));
}

/// The engine is done.
pub(super) fn done(state: State, id: u32, profile: Profile) {
    change(state, id, |view| {
        view.at = None;
        view.found = Some(Arc::new(profile));
    });
    leave(state);
}

/// Whether a failure was the profile's; then the page goes on.
pub(super) fn failed(state: State, id: Option<u32>, kind: FailureKind, message: &str) -> bool {
    let ours = state.profile.with_untracked(|p| id == Some(p.id));
    if !ours || state.phase.get_untracked() != Phase::Profiling {
        return false;
    }
    leave(state);
    if kind != FailureKind::Cancelled {
        state.fail(text::sentence(message), kind);
    }
    true
}

/// Nothing is being measured any more.
pub(super) fn forget(state: State) {
    state.profile.update(|view| view.at = None);
}

fn change(state: State, id: u32, f: impl FnOnce(&mut ProfileView)) {
    state.profile.update(|view| {
        if view.id == id {
            f(view);
        }
    });
}

fn leave(state: State) {
    forget(state);
    if state.phase.get_untracked() == Phase::Profiling {
        state.phase.set(Phase::Ready);
    }
}
