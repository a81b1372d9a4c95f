//! Time, and giving the event loop a turn.

use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::DedicatedWorkerGlobalScope;

/// Milliseconds since some fixed moment.
pub fn now() -> f64 {
    js_sys::Date::now()
}

/// Lets pending messages and timers run: resolves in a later task, not merely a later microtask.
pub async fn give() {
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        let scope = js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>();
        let set = scope.and_then(|s| {
            s.set_timeout_with_callback_and_timeout_and_arguments_0(&resolve, 0)
                .map_err(Into::into)
        });
        if set.is_err() {
            // Without timers there is nothing to wait for.
            let _ = resolve.call0(&wasm_bindgen::JsValue::UNDEFINED);
        }
    });
    let _ = JsFuture::from(promise).await;
}
