//! What the operations do, counted while a profile is taken: arithmetic and kernel launches.
//!
//! Operations run on the thread that calls them, so the counters are that thread's. Outside a
//! profile they cost one look at a thread-local flag.

use std::cell::RefCell;
use std::collections::BTreeMap;

/// What was counted.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trace {
    /// Multiplications and additions of linear layers, convolutions and attention.
    pub flops: f64,
    /// Launches of each kernel variant. Empty on the CPU.
    pub kernels: BTreeMap<String, u32>,
}

impl Trace {
    /// Kernel launches in all.
    pub fn dispatches(&self) -> u32 {
        self.kernels.values().sum()
    }
}

thread_local! {
    static TRACE: RefCell<Option<Trace>> = const { RefCell::new(None) };
}

/// Starts counting on this thread, from zero.
pub fn begin() {
    TRACE.set(Some(Trace::default()));
}

/// What was counted since [`begin`] or the last call; counting goes on from zero.
pub fn take() -> Trace {
    TRACE.with_borrow_mut(|trace| trace.as_mut().map(std::mem::take).unwrap_or_default())
}

/// Stops counting.
pub fn end() {
    TRACE.set(None);
}

/// Adds to the arithmetic.
pub(super) fn work(flops: impl FnOnce() -> f64) {
    TRACE.with_borrow_mut(|trace| {
        if let Some(trace) = trace {
            trace.flops += flops();
        }
    });
}

/// Adds a launch of the kernel `key`.
pub(super) fn launched(key: &str) {
    TRACE.with_borrow_mut(|trace| {
        if let Some(trace) = trace {
            match trace.kernels.get_mut(key) {
                Some(n) => *n += 1,
                None => {
                    trace.kernels.insert(key.into(), 1);
                }
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_only_while_asked_to() {
        work(|| panic!("nothing is being counted"));
        begin();
        work(|| 2.0);
        launched("conv");
        launched("conv");
        launched("norm");
        let seen = take();
        assert_eq!((seen.flops, seen.dispatches()), (2.0, 3));
        assert_eq!(seen.kernels["conv"], 2);
        assert_eq!(take(), Trace::default());
        launched("conv");
        end();
        assert_eq!(take(), Trace::default());
    }
}
