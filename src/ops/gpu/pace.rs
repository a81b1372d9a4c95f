//! How much work goes to the device at once. A browser kills a device whose queue does not move for
//! some seconds, so that a dispatch, and all dispatches of one submission together, must be short
//! on whatever adapter this is: its speed is what calibration measured ([`super::calibrate`]).

use std::sync::atomic::{AtomicU64, Ordering};

use cubecl::client::Client;

/// Multiply-additions per second, for the slowest adapters known until the speed is measured.
static SPEED: AtomicU64 = AtomicU64::new(500_000_000);
/// Multiply-additions since the last submission.
static PENDING: AtomicU64 = AtomicU64::new(0);
/// The longest that a submission should take, in seconds.
const LONGEST: f64 = 0.5;

/// Tells the speed of the device in multiply-additions per second.
pub fn set_speed(per_second: f64) {
    SPEED.store(per_second.max(1e7) as u64, Ordering::Relaxed);
}

fn budget() -> u64 {
    (SPEED.load(Ordering::Relaxed) as f64 * LONGEST) as u64
}

/// How many of `groups` workgroups, which do `work` multiply-additions together, go into one
/// dispatch.
pub fn groups_at_once(groups: usize, work: u64) -> usize {
    let parts = work.div_ceil(budget().max(1)).max(1) as usize;
    groups.div_ceil(parts).max(1)
}

/// Takes note of a dispatch; submits what there is when it is enough.
pub fn submitted(client: &Client, work: u64) {
    if PENDING.fetch_add(work, Ordering::Relaxed) + work >= budget() {
        PENDING.store(0, Ordering::Relaxed);
        // What is wrong with the device is told by the next read, which can say so.
        let _ = client.flush();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_work_is_cut() {
        // Half a second of the default speed.
        let whole = 250_000_000;
        assert_eq!(groups_at_once(100, whole), 100);
        assert_eq!(groups_at_once(100, whole + 1), 50);
        assert_eq!(groups_at_once(100, 10 * whole), 10);
        assert_eq!(groups_at_once(3, 100 * whole), 1);
    }
}
