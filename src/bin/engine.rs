//! The engine's program in the browser: a dedicated Web Worker.

fn main() {
    #[cfg(target_arch = "wasm32")]
    if let Err(e) = latino_web::worker::start() {
        wasm_bindgen::throw_val(e);
    }
}
