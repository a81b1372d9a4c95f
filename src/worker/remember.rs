//! A little text that outlives the worker, in the browser's cache storage: workers have no
//! `localStorage`. A browser that keeps nothing only costs time, so nothing here fails.

use wasm_bindgen::JsValue;

use super::js;

/// Name of the cache.
const CACHE: &str = "latino-kernels";
/// The only entry; caches are keyed by URL.
const ENTRY: &str = "kernels.json";

async fn cache() -> Option<JsValue> {
    js::call(&js::global("caches"), "open", &[CACHE.into()])
        .await
        .ok()
}

/// The text that was kept last.
pub async fn recall() -> Option<String> {
    let response = js::call(&cache().await?, "match", &[ENTRY.into()])
        .await
        .ok()?;
    js::call(&response, "text", &[]).await.ok()?.as_string()
}

/// Keeps `text` instead of what was kept before.
pub async fn keep(text: &str) {
    if let (Some(cache), Ok(response)) = (cache().await, js::new("Response", &[text.into()])) {
        let _ = js::call(&cache, "put", &[ENTRY.into(), response]).await;
    }
}
