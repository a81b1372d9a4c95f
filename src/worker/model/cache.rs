//! Files in the browser's Cache API, for browsers without private files that a worker can write.

use js_sys::{Array, Uint8Array};
use wasm_bindgen::JsValue;

use crate::worker::js::{self, Js};

/// The cache's name; the site's service worker leaves it alone.
const NAME: &str = "latino-web models";

/// What all keys begin with, after the origin.
const ROOT: &str = "/kept-models/";

/// The names of the models' folders.
pub async fn folders() -> Js<Vec<String>> {
    let cache = js::call(&js::global("caches"), "open", &[NAME.into()]).await?;
    let mut found: Vec<String> = Vec::new();
    for url in urls(&cache).await? {
        let path = url.split_once(ROOT).map(|(_, path)| path);
        let folder = path.and_then(|p| p.split('/').next()).unwrap_or_default();
        if !folder.is_empty() && !found.iter().any(|f| f == folder) {
            found.push(folder.into());
        }
    }
    Ok(found)
}

/// The addresses of all entries.
async fn urls(cache: &JsValue) -> Js<Vec<String>> {
    let requests = js::call(cache, "keys", &[]).await?;
    let requests = Array::from(&requests);
    let urls = requests.iter().map(|r| js::field(&r, "url"));
    Ok(urls.filter_map(|u| u.as_string()).collect())
}

/// One model's entries: caches are keyed by addresses, so a folder is the beginning of one.
pub struct Folder {
    cache: JsValue,
    base: String,
}

/// Forgets all of it, which an earlier version of this program filled: called where there is a better place.
pub async fn forget() {
    // What cannot be forgotten only takes space.
    let _ = js::call(&js::global("caches"), "delete", &[NAME.into()]).await;
}

impl Folder {
    /// Opens the cache. Fails where there is none, as on pages without encryption.
    pub async fn open(name: &str) -> Js<Self> {
        let origin = js::field(&js::global("location"), "origin");
        let caches = js::global("caches");
        Ok(Self {
            cache: js::call(&caches, "open", &[NAME.into()]).await?,
            base: format!(
                "{}/kept-models/{name}/",
                origin.as_string().unwrap_or_default()
            ),
        })
    }

    fn key(&self, name: &str) -> JsValue {
        format!("{}{name}", self.base).into()
    }

    /// Size in bytes.
    pub async fn size(&self, name: &str) -> Js<u64> {
        Ok(u64::from(self.read(name).await?.length()))
    }

    /// The bytes.
    pub async fn read(&self, name: &str) -> Js<Uint8Array> {
        let response = js::call(&self.cache, "match", &[self.key(name)]).await?;
        let buffer = js::call(&response, "arrayBuffer", &[]).await?;
        Ok(Uint8Array::new(&buffer))
    }

    /// Keeps a file.
    pub async fn write(&self, name: &str, bytes: &Uint8Array) -> Js<()> {
        let response = js::new("Response", &[bytes.into()])?;
        js::call(&self.cache, "put", &[self.key(name), response]).await?;
        Ok(())
    }

    /// Removes a file.
    pub async fn remove(&self, name: &str) -> Js<()> {
        js::call(&self.cache, "delete", &[self.key(name)]).await?;
        Ok(())
    }

    /// The files' names.
    pub async fn names(&self) -> Js<Vec<String>> {
        let urls = urls(&self.cache).await?.into_iter();
        let names = urls.filter_map(|u| Some(u.strip_prefix(&self.base)?.to_owned()));
        Ok(names.collect())
    }
}
