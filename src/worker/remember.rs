//! A little text that outlives the worker, in the browser's cache storage: workers have no
//! `localStorage`. A browser that keeps nothing only costs time, so nothing here fails.

use js_sys::{Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// Name of the cache.
const CACHE: &str = "latino-kernels";
/// The only entry; caches are keyed by URL.
const ENTRY: &str = "kernels.json";

async fn call(object: &JsValue, name: &str, arguments: &[JsValue]) -> Option<JsValue> {
    let method: Function = Reflect::get(object, &name.into()).ok()?.dyn_into().ok()?;
    let arguments: js_sys::Array = arguments.iter().collect();
    let value = method.apply(object, &arguments).ok()?;
    match value.dyn_into::<Promise>() {
        Ok(promise) => JsFuture::from(promise).await.ok(),
        Err(value) => Some(value),
    }
}

async fn cache() -> Option<JsValue> {
    let caches = Reflect::get(&js_sys::global(), &"caches".into()).ok()?;
    call(&caches, "open", &[CACHE.into()]).await
}

/// The text that was kept last.
pub async fn recall() -> Option<String> {
    let response = call(&cache().await?, "match", &[ENTRY.into()]).await?;
    call(&response, "text", &[]).await?.as_string()
}

/// Keeps `text` instead of what was kept before.
pub async fn keep(text: &str) {
    let response = Reflect::get(&js_sys::global(), &"Response".into())
        .and_then(|class| class.dyn_into::<Function>())
        .and_then(|class| Reflect::construct(&class, &js_sys::Array::of1(&text.into())));
    if let (Some(cache), Ok(response)) = (cache().await, response) {
        call(&cache, "put", &[ENTRY.into(), response]).await;
    }
}
