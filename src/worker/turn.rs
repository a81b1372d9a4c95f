//! Time, and giving the event loop a turn.

use js_sys::{Function, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::DedicatedWorkerGlobalScope;

/// Milliseconds since some fixed moment.
pub fn now() -> f64 {
    js_sys::Date::now()
}

/// Seconds on the worker's own clock, finer than [`now`]. By reflection, as the typed binding would
/// be one more feature of web-sys.
pub fn seconds() -> f64 {
    let get = |o: &JsValue, k: &str| Reflect::get(o, &JsValue::from_str(k)).ok();
    let ask = || {
        let performance = get(&js_sys::global(), "performance")?;
        let now: Function = get(&performance, "now")?.dyn_into().ok()?;
        now.call0(&performance).ok()?.as_f64()
    };
    ask().unwrap_or_else(now) / 1000.0
}

/// A promise that resolves to `value` after so many milliseconds, and its timer.
pub fn after(milliseconds: i32, value: &JsValue) -> (js_sys::Promise, Option<i32>) {
    let mut timer = None;
    let promise = js_sys::Promise::new(&mut |resolve, _| {
        let scope = js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>();
        let set = scope.and_then(|s| {
            s.set_timeout_with_callback_and_timeout_and_arguments_1(&resolve, milliseconds, value)
                .map_err(Into::into)
        });
        match set {
            Ok(id) => timer = Some(id),
            Err(_) => {
                // Without timers there is nothing to wait for.
                let _ = resolve.call1(&JsValue::UNDEFINED, value);
            }
        }
    });
    (promise, timer)
}

/// Stops a timer; its promise never resolves.
pub fn forget(timer: Option<i32>) {
    if let (Some(timer), Ok(scope)) = (
        timer,
        js_sys::global().dyn_into::<DedicatedWorkerGlobalScope>(),
    ) {
        scope.clear_timeout_with_handle(timer);
    }
}

/// Waits so many milliseconds.
pub async fn sleep(milliseconds: i32) {
    let _ = JsFuture::from(after(milliseconds, &JsValue::UNDEFINED).0).await;
}

/// Lets pending messages and timers run: resolves in a later task, not merely a later microtask.
pub async fn give() {
    sleep(0).await;
}
