//! Browser functions by reflection: typed bindings would bring dozens of features of web-sys and make the engine larger.

use js_sys::{Array, Function, Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;

/// What a browser function came to; errors are whatever it threw.
pub type Js<T> = Result<T, JsValue>;

/// A field of an object; `undefined` where there is none.
pub fn field(object: &JsValue, name: &str) -> JsValue {
    Reflect::get(object, &name.into()).unwrap_or(JsValue::UNDEFINED)
}

/// A field of the global scope.
pub fn global(name: &str) -> JsValue {
    field(&js_sys::global(), name)
}

/// Calls a method. Fails when there is none of that name, or with what it throws.
pub fn invoke(object: &JsValue, name: &str, arguments: &[JsValue]) -> Js<JsValue> {
    let method: Function = Reflect::get(object, &name.into())?
        .dyn_into()
        .map_err(|_| js_sys::Error::new(&format!("this browser has no {name}")))?;
    method.apply(object, &arguments.iter().collect::<Array>())
}

/// Calls a method and waits for what it promises.
pub async fn call(object: &JsValue, name: &str, arguments: &[JsValue]) -> Js<JsValue> {
    settled(invoke(object, name, arguments)?).await
}

/// What a value comes to that may be a promise.
pub async fn settled(value: JsValue) -> Js<JsValue> {
    match value.dyn_into::<Promise>() {
        Ok(promise) => JsFuture::from(promise).await,
        Err(value) => Ok(value),
    }
}

/// A new object of a class of the global scope.
pub fn new(class: &str, arguments: &[JsValue]) -> Js<JsValue> {
    let class: Function = global(class).dyn_into()?;
    Reflect::construct(&class, &arguments.iter().collect::<Array>())
}

/// An object with these fields.
pub fn object(fields: &[(&str, JsValue)]) -> JsValue {
    let object = js_sys::Object::new();
    for (name, value) in fields {
        // Fails on frozen objects only.
        let _ = Reflect::set(&object, &(*name).into(), value);
    }
    object.into()
}

/// Name of a thrown error, as "QuotaExceededError"; empty where it has none.
pub fn error_name(error: &JsValue) -> String {
    field(error, "name").as_string().unwrap_or_default()
}

/// Message of a thrown error.
pub fn error_message(error: &JsValue) -> String {
    let message = field(error, "message").as_string();
    message
        .or_else(|| error.as_string())
        .unwrap_or_else(|| "unknown error".into())
}

/// Bytes of this program's own memory.
pub fn heap() -> f64 {
    let buffer = field(&wasm_bindgen::memory(), "buffer");
    field(&buffer, "byteLength").as_f64().unwrap_or_default()
}
