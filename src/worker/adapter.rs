//! What the browser says of its WebGPU adapter, before a device is opened on it.

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

fn get(object: &JsValue, key: &str) -> Option<JsValue> {
    let value = Reflect::get(object, &JsValue::from_str(key)).ok()?;
    (!value.is_undefined() && !value.is_null()).then_some(value)
}

fn text(object: &JsValue, key: &str) -> String {
    get(object, key)
        .and_then(|v| v.as_string())
        .unwrap_or_default()
}

/// The adapter's name and whether it is a software adapter; `None` when there is no adapter.
/// Reflection instead of typed bindings, since those are behind an unstable flag.
pub async fn describe() -> Option<(String, bool)> {
    let gpu = get(&get(&js_sys::global(), "navigator")?, "gpu")?;
    let request: Function = get(&gpu, "requestAdapter")?.dyn_into().ok()?;
    let promise: Promise = request.call0(&gpu).ok()?.dyn_into().ok()?;
    let adapter = JsFuture::from(promise).await.ok()?;
    if adapter.is_null() || adapter.is_undefined() {
        return None;
    }
    let info = get(&adapter, "info").unwrap_or(JsValue::UNDEFINED);
    if info.is_undefined() {
        return Some(("WebGPU adapter".into(), false));
    }
    let parts: Vec<String> = ["vendor", "architecture", "description"]
        .iter()
        .map(|k| text(&info, k))
        .filter(|s| !s.is_empty())
        .collect();
    let name = if parts.is_empty() {
        "WebGPU adapter".into()
    } else {
        parts.join(" ")
    };
    let flagged = [&info, &adapter]
        .iter()
        .any(|o| get(o, "isFallbackAdapter").and_then(|v| v.as_bool()) == Some(true));
    let software = flagged || name.to_lowercase().contains("swiftshader");
    Some((name, software))
}
