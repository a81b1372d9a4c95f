//! How much this site may store.

use wasm_bindgen::JsValue;

use crate::worker::js;

/// Bytes that this site may store beyond what it does; `None` where the browser does not say.
pub async fn free() -> Option<f64> {
    let storage = js::field(&js::global("navigator"), "storage");
    let estimate: JsValue = js::call(&storage, "estimate", &[]).await.ok()?;
    let number = |name| js::field(&estimate, name).as_f64();
    Some((number("quota")? - number("usage")?).max(0.0))
}
