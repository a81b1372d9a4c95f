//! Files in the browser's origin-private file system.

use js_sys::Uint8Array;
use wasm_bindgen::JsValue;

use crate::worker::js::{self, Js};

/// Its name.
const ROOT: &str = "models";

/// One model's folder.
pub struct Folder(JsValue);

fn create() -> JsValue {
    js::object(&[("create", true.into())])
}

/// The folder of all models.
async fn models() -> Js<JsValue> {
    let storage = js::field(&js::global("navigator"), "storage");
    let root = js::call(&storage, "getDirectory", &[]).await?;
    js::call(&root, "getDirectoryHandle", &[ROOT.into(), create()]).await
}

/// The names of the models' folders.
pub async fn folders() -> Js<Vec<String>> {
    names(&models().await?).await
}

/// Removes a model's folder with all that is in it.
pub async fn remove_folder(name: &str) -> Js<()> {
    let all = js::object(&[("recursive", true.into())]);
    js::call(&models().await?, "removeEntry", &[name.into(), all]).await?;
    Ok(())
}

impl Folder {
    /// Opens the folder, which is made if it is not there. Fails where there is no such file system, or one that cannot write.
    pub async fn open(name: &str) -> Js<Self> {
        let models = models().await?;
        let folder = js::call(&models, "getDirectoryHandle", &[name.into(), create()]).await?;
        let prototype = js::field(&js::global("FileSystemFileHandle"), "prototype");
        if !js::field(&prototype, "createWritable").is_function() {
            return Err(
                js_sys::Error::new("this browser's private files cannot be written").into(),
            );
        }
        Ok(Self(folder))
    }

    /// The file as the browser has it, a blob.
    pub async fn file(&self, name: &str) -> Js<JsValue> {
        let handle = js::call(&self.0, "getFileHandle", &[name.into()]).await?;
        js::call(&handle, "getFile", &[]).await
    }

    /// Size in bytes.
    pub async fn size(&self, name: &str) -> Js<u64> {
        let size = js::field(&self.file(name).await?, "size").as_f64();
        size.map(|s| s as u64).ok_or(JsValue::UNDEFINED)
    }

    /// The bytes.
    pub async fn read(&self, name: &str) -> Js<Uint8Array> {
        let buffer = js::call(&self.file(name).await?, "arrayBuffer", &[]).await?;
        Ok(Uint8Array::new(&buffer))
    }

    /// Writes beside the file; closing puts the whole in its place. A tab that is closed in between leaves what was there before.
    pub async fn write(&self, name: &str, bytes: &Uint8Array) -> Js<()> {
        let handle = js::call(&self.0, "getFileHandle", &[name.into(), create()]).await?;
        let stream = js::call(&handle, "createWritable", &[]).await?;
        let written = js::call(&stream, "write", &[bytes.into()]).await;
        let done = match written {
            Ok(_) => js::call(&stream, "close", &[]).await,
            Err(e) => {
                let _ = js::call(&stream, "abort", &[]).await;
                Err(e)
            }
        };
        if let Err(e) = done {
            // Else an empty file would be left.
            let _ = self.remove(name).await;
            return Err(e);
        }
        Ok(())
    }

    /// Removes a file.
    pub async fn remove(&self, name: &str) -> Js<()> {
        js::call(&self.0, "removeEntry", &[name.into()]).await?;
        Ok(())
    }

    /// The files' names.
    pub async fn names(&self) -> Js<Vec<String>> {
        names(&self.0).await
    }
}

/// What is in a folder.
async fn names(folder: &JsValue) -> Js<Vec<String>> {
    let keys = js::invoke(folder, "keys", &[])?;
    let mut found = Vec::new();
    loop {
        let next = js::call(&keys, "next", &[]).await?;
        if js::field(&next, "done").is_truthy() {
            return Ok(found);
        }
        found.extend(js::field(&next, "value").as_string());
    }
}
