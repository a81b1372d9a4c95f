//! Model files kept in the browser's Cache API, so that a second visit needs no network.
//!
//! A file is kept under its URL and its SHA-256: another version of it is another entry, and what comes
//! out is checked like what comes from the network. Keeping is best effort: a browser that forbids storage or is
//! out of it fetches again. Reflection instead of typed bindings, as for fetching.

use js_sys::{Array, Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// The cache's name; the site's service worker leaves it alone.
const NAME: &str = "latino-web models";

/// Kept model files; of nothing where the browser has no storage.
pub struct Store(Option<JsValue>);

fn field(object: &JsValue, name: &str) -> Result<JsValue, JsValue> {
    Reflect::get(object, &JsValue::from_str(name))
}

/// What the promise of a method's call comes to.
async fn call(object: &JsValue, name: &str, arguments: &Array) -> Result<JsValue, JsValue> {
    let function: Function = field(object, name)?.dyn_into()?;
    let promise: Promise = Reflect::apply(&function, object, arguments)?.dyn_into()?;
    JsFuture::from(promise).await
}

async fn open() -> Result<JsValue, JsValue> {
    // Pages without encryption have no caches: then this fails.
    let caches = field(&js_sys::global(), "caches")?;
    call(&caches, "open", &Array::of1(&NAME.into())).await
}

async fn read(cache: &JsValue, key: &str) -> Result<Vec<u8>, JsValue> {
    let response = call(cache, "match", &Array::of1(&key.into())).await?;
    let buffer = call(&response, "arrayBuffer", &Array::new()).await?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

async fn write(cache: &JsValue, key: &str, bytes: &[u8]) -> Result<(), JsValue> {
    let constructor: Function = field(&js_sys::global(), "Response")?.dyn_into()?;
    let body = Uint8Array::from(bytes);
    let response = Reflect::construct(&constructor, &Array::of1(&body))?;
    call(cache, "put", &Array::of2(&key.into(), &response)).await?;
    Ok(())
}

async fn keep_only(cache: &JsValue, base: &str, keys: &[String]) -> Result<(), JsValue> {
    let requests = call(cache, "keys", &Array::new()).await?;
    for request in Array::from(&requests).iter() {
        let url = field(&request, "url")?.as_string().unwrap_or_default();
        if url.starts_with(base) && !keys.contains(&url) {
            call(cache, "delete", &Array::of1(&request)).await?;
        }
    }
    Ok(())
}

impl Store {
    /// Opens the store.
    pub async fn open() -> Self {
        Self(open().await.ok())
    }

    /// The bytes kept under `key`, an absolute URL.
    pub async fn get(&self, key: &str) -> Option<Vec<u8>> {
        read(self.0.as_ref()?, key).await.ok()
    }

    /// Keeps `bytes` under `key`. False when the browser could not.
    pub async fn put(&self, key: &str, bytes: &[u8]) -> bool {
        match &self.0 {
            Some(cache) => write(cache, key, bytes).await.is_ok(),
            None => false,
        }
    }

    /// Forgets what is kept below the folder `base`, but for `keys`. What cannot be forgotten only takes
    /// space.
    pub async fn keep_only(&self, base: &str, keys: &[String]) {
        if let Some(cache) = &self.0 {
            keep_only(cache, base, keys).await.ok();
        }
    }
}
