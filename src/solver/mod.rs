//! Solvers for y = A x + w, written against [`Prior`], so that they know nothing of devices or networks.

mod prior;

pub use prior::{Codec, Observer, Prior, Silent};
