//! How much this site may store.

use wasm_bindgen::JsValue;

use super::store::Store;
use crate::worker::js;

/// Bytes that this site may store beyond what it does; `None` where the browser does not say.
pub async fn free() -> Option<f64> {
    let storage = js::field(&js::global("navigator"), "storage");
    let estimate: JsValue = js::call(&storage, "estimate", &[]).await.ok()?;
    let number = |name| js::field(&estimate, name).as_f64();
    Some((number("quota")? - number("usage")?).max(0.0))
}

/// Keeps what is to come in memory where the site may not store `bytes` more.
pub async fn check(store: &Store, bytes: f64) {
    if let Some(free) = free().await.filter(|free| bytes > *free) {
        store.refuse(&format!(
            "{:.1} MB are missing, and this browser lets the site store {:.1} MB more",
            bytes / 1e6,
            free / 1e6
        ));
    }
}
