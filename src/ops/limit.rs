//! What the device offers. The largest tensor that it can hold and bind: WebGPU guarantees 128 MiB, and
//! many adapters offer no more; a decoder's feature maps at 512 x 512 pixels are larger. And whether its
//! shaders know half precision.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

static LARGEST: AtomicUsize = AtomicUsize::new(usize::MAX);
static HALVES: AtomicBool = AtomicBool::new(false);

/// Tells whether shaders may use `f16` (WebGPU's feature `shader-f16`).
pub fn set_halves(known: bool) {
    HALVES.store(known, Ordering::Relaxed);
}

/// Whether shaders may use `f16`.
pub fn halves() -> bool {
    HALVES.load(Ordering::Relaxed)
}

/// Tells the largest tensor in bytes. Hosts call it when they open a device; one device is in use
/// at a time.
pub fn set_largest_tensor(bytes: usize) {
    LARGEST.store(bytes, Ordering::Relaxed);
}

/// The largest tensor in bytes.
pub fn largest_tensor() -> usize {
    LARGEST.load(Ordering::Relaxed)
}

/// Into how many parts of as many channels each a feature map of `channels` channels and `bytes` bytes
/// must be cut: a power of two that divides the channels, at most 32, which is also the number of
/// groups of the normalisations of large maps.
pub fn parts(channels: usize, bytes: usize) -> usize {
    parts_below(channels, bytes, largest_tensor())
}

/// The same for a given largest tensor.
pub fn parts_below(channels: usize, bytes: usize, largest: usize) -> usize {
    let mut parts = 1;
    while bytes.div_ceil(parts) > largest && parts < 32 && channels.is_multiple_of(2 * parts) {
        parts *= 2;
    }
    parts
}
