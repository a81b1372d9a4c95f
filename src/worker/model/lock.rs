//! One download of a model at a time, whatever number of tabs wants it (Web Locks).

use js_sys::{Function, Promise};
use wasm_bindgen::JsValue;
use wasm_bindgen::closure::Closure;

use crate::worker::js;

/// Held until it is dropped; the browser also lets go of it when the tab closes.
pub struct Lock(Option<Function>);

impl Drop for Lock {
    fn drop(&mut self) {
        if let Some(release) = &self.0 {
            // Resolving a promise does not fail.
            let _ = release.call0(&JsValue::UNDEFINED);
        }
    }
}

/// A promise and the function that resolves it.
fn promise() -> (Promise, Option<Function>) {
    let mut resolve = None;
    let promise = Promise::new(&mut |yes, _| resolve = Some(yes));
    (promise, resolve)
}

/// Asks for the lock; true when it is held. With `now` it is not waited for.
async fn request(locks: &JsValue, name: &str, now: bool, held: &Promise) -> Result<bool, JsValue> {
    let (asked, answer) = promise();
    let held = held.clone();
    let callback = Closure::once_into_js(move |lock: JsValue| -> JsValue {
        let got = !lock.is_null() && !lock.is_undefined();
        if let Some(answer) = answer {
            let _ = answer.call1(&JsValue::UNDEFINED, &got.into());
        }
        if got { held.into() } else { JsValue::UNDEFINED }
    });
    let options = js::object(&[("ifAvailable", now.into())]);
    js::invoke(locks, "request", &[name.into(), options, callback])?;
    Ok(js::settled(asked.into()).await?.is_truthy())
}

fn locks() -> Option<JsValue> {
    Some(js::field(&js::global("navigator"), "locks")).filter(JsValue::is_object)
}

fn name(folder: &str) -> String {
    format!("latino-web {folder}")
}

/// Waits until no other tab is at the model's `folder`; `waiting` is called when one is. A browser without locks does not wait.
pub async fn acquire(folder: &str, waiting: impl FnOnce()) -> Lock {
    let Some(locks) = locks() else {
        return Lock(None);
    };
    let (held, release) = promise();
    let mut got = request(&locks, &name(folder), true, &held).await;
    if matches!(got, Ok(false)) {
        waiting();
        got = request(&locks, &name(folder), false, &held).await;
    }
    Lock(matches!(got, Ok(true)).then_some(release).flatten())
}

/// The lock if nobody holds it.
pub async fn at_once(folder: &str) -> Option<Lock> {
    let Some(locks) = locks() else {
        return Some(Lock(None));
    };
    let (held, release) = promise();
    match request(&locks, &name(folder), true, &held).await {
        Ok(false) => None,
        got => Some(Lock(got.ok().and(release))),
    }
}
