//! The comparison's program for the browser: this project's networks and single operations, and burn's
//! stock operations of the same sizes, behind a few functions that `bench/page/contestant.js` calls.
//! A program of its own (feature `bench`), so that the product does not link burn's kernels.

#[cfg(target_arch = "wasm32")]
mod contestant;
#[cfg(target_arch = "wasm32")]
mod files;
#[cfg(target_arch = "wasm32")]
mod operation;
#[cfg(target_arch = "wasm32")]
mod stock;

fn main() {
    latino_web::engine::constructors::run();
    #[cfg(target_arch = "wasm32")]
    console_error_panic_hook::set_once();
}
