//! The profile view's request.

use super::{State, loaded, post, turn};
use crate::engine::profile::{Profiling, Wanted, profile};
use crate::protocol::Event;
use crate::solver::Observer;
use crate::{Error, Result};

/// Profiles the loaded model at its own size and posts what was found.
pub(super) async fn run(state: &State, id: u32, repeat: u32) -> Result<()> {
    let pipeline = loaded(state)?;
    let wanted = Wanted {
        side: None,
        repeat,
        ceiling: false,
    };
    let mut watch = Watch { state, id };
    let profile = profile(&pipeline, wanted, turn::seconds, &mut watch).await?;
    post(&Event::Profiled {
        id,
        profile: profile.into(),
    });
    Ok(())
}

/// Says which network is being measured, and hears `Cancel`.
struct Watch<'a> {
    state: &'a State,
    id: u32,
}

impl Observer<Profiling> for Watch<'_> {
    fn notify(&mut self, Profiling(network): Profiling) {
        post(&Event::Profiling {
            id: self.id,
            network: network.into(),
        });
    }

    async fn checkpoint(&mut self) -> Result<()> {
        turn::give().await;
        if self.state.cancelled.borrow().contains(&self.id) {
            return Err(Error::Cancelled);
        }
        Ok(())
    }
}
