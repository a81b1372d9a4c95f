//! One GET of a model file, which may fail in a way that passes or in one that lasts.

use std::ops::Range;

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};

use super::control::Control;
use crate::Error;
use crate::worker::js::{self, Js};
use crate::worker::turn;

/// Milliseconds without a byte after which a connection counts as dead.
const STALL: i32 = 20_000;
/// What the timer says; neither a response nor a chunk is a text.
const LATE: &str = "late";

/// Why a file did not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// The next try may go better: a cut or stalled connection, a busy server, damaged bytes.
    Passing(String),
    /// It will not.
    Lasting(String),
    /// There is no such file.
    Missing(String),
    /// The visitor stopped the download.
    Stopped,
}

impl Fault {
    /// For the visitor.
    pub fn message(&self) -> &str {
        match self {
            Self::Passing(message) | Self::Lasting(message) | Self::Missing(message) => message,
            Self::Stopped => "The download was stopped",
        }
    }

    /// As the end of a download, what has come of which is kept.
    pub fn error(&self) -> Error {
        let on = match self {
            Self::Stopped => "start the engine",
            _ => "try",
        };
        Error::Io(format!(
            "{}. What has come is kept: {on} again to go on from there.",
            self.message()
        ))
    }
}

/// What is wanted of a file.
#[derive(Debug, Clone, Default)]
pub struct Want {
    /// The size that it, or its part, must have, if that is known.
    pub bytes: Option<u64>,
    /// Only these bytes of it; as many must come.
    pub range: Option<Range<u64>>,
    /// Past the browser's own cache.
    pub fresh: bool,
}

/// What came, in memory outside the wasm heap.
pub struct Got {
    /// The bytes.
    pub bytes: Uint8Array,
    /// What the server or the disk says that changes when the file does; empty where nothing is said.
    pub version: String,
}

/// What a promise comes to within [`STALL`]; `None` when it does not.
async fn in_time(value: JsValue) -> Js<Option<JsValue>> {
    let value: Promise = value.dyn_into()?;
    let (late, timer) = turn::after(STALL, &LATE.into());
    let first = Promise::race(&js_sys::Array::of2(&value, &late));
    let settled = js::settled(first.into()).await;
    turn::forget(timer);
    let settled = settled?;
    Ok((settled.as_string().as_deref() != Some(LATE)).then_some(settled))
}

fn status(url: &str, status: u32, redirected: bool) -> Fault {
    let to = if redirected { " after a redirect" } else { "" };
    match status {
        404 | 410 => Fault::Missing(format!("{url} is not on the server{to} ({status})")),
        401 | 403 => Fault::Lasting(format!(
            "the server does not give {url} to this page ({status})"
        )),
        408 | 425 | 429 | 500..=599 => {
            Fault::Passing(format!("the server answered {status} for {url}"))
        }
        _ => Fault::Lasting(format!("the server answered {status} for {url}")),
    }
}

/// GETs `url`. `report` hears the bytes so far. Waits where `control` is paused.
pub async fn get(
    url: &str,
    want: &Want,
    control: &Control,
    mut report: impl FnMut(f64),
) -> Result<Got, Fault> {
    let bytes = (want.range.as_ref()).map_or(want.bytes, |r| Some(r.end - r.start));
    let unreachable = |e: &JsValue| {
        Fault::Passing(format!(
            "{url} could not be fetched ({}): there is no connection, or that server does not let this page read from it",
            js::error_message(e)
        ))
    };
    let abort = js::new("AbortController", &[]).map_err(|e| unreachable(&e))?;
    let stop = || {
        // What is aborted already has nothing to say.
        let _ = js::invoke(&abort, "abort", &[]);
    };
    let stalled = || {
        stop();
        Fault::Passing(format!(
            "{url} stalled: nothing came for {} seconds",
            STALL / 1000
        ))
    };
    let mut options = vec![("signal", js::field(&abort, "signal"))];
    let cache = if let Some(range) = &want.range {
        let header = format!("bytes={}-{}", range.start, range.end.saturating_sub(1));
        options.push(("headers", js::object(&[("Range", header.into())])));
        // What is read in pieces is gigabytes, and wanted once.
        "no-store"
    } else if want.fresh {
        "reload"
    } else {
        "default"
    };
    options.push(("cache", cache.into()));
    let options = js::object(&options);
    let answer = js::invoke(&js_sys::global(), "fetch", &[url.into(), options])
        .map_err(|e| unreachable(&e))?;
    let response = in_time(answer)
        .await
        .map_err(|e| unreachable(&e))?
        .ok_or_else(stalled)?;
    let redirected = js::field(&response, "redirected").is_truthy();
    if !js::field(&response, "ok").is_truthy() {
        let code = js::field(&response, "status").as_f64().unwrap_or_default();
        return Err(status(url, code as u32, redirected));
    }
    let headers = js::field(&response, "headers");
    let header = |name: &str| {
        let value = js::invoke(&headers, "get", &[name.into()]).ok();
        value.and_then(|v| v.as_string()).unwrap_or_default()
    };
    let part = js::field(&response, "status").as_f64() == Some(206.0);
    if want.range.is_some() && !part {
        stop();
        return Err(Fault::Lasting(format!(
            "the server sends {url} only as a whole, and weights that are quantised here are read in pieces (Range requests)"
        )));
    }
    if header("content-type").starts_with("text/html") {
        stop();
        return Err(Fault::Lasting(format!(
            "the server answers with a web page where {url} should be"
        )));
    }
    let body = js::field(&response, "body");
    let reader = js::invoke(&body, "getReader", &[]).map_err(|e| unreachable(&e))?;
    let mut chunks = Vec::new();
    let mut so_far = 0u64;
    loop {
        control.wait().await;
        if control.stopped() {
            stop();
            return Err(Fault::Stopped);
        }
        let next = js::invoke(&reader, "read", &[]).map_err(|e| unreachable(&e))?;
        let cut = |_| Fault::Passing(format!("{url} was cut after {so_far} bytes"));
        let next = in_time(next).await.map_err(cut)?.ok_or_else(stalled)?;
        if js::field(&next, "done").is_truthy() {
            break;
        }
        let chunk = Uint8Array::new(&js::field(&next, "value"));
        so_far += u64::from(chunk.length());
        chunks.push(chunk);
        if bytes.is_some_and(|all| so_far > all) {
            break;
        }
        report(so_far as f64);
    }
    if let Some(all) = bytes.filter(|all| *all != so_far) {
        stop();
        let than = if so_far < all { "less" } else { "more" };
        let say = match want.range {
            Some(_) => "its header says",
            None => "the manifest says",
        };
        return Err(Fault::Passing(format!(
            "{url} has {than} than the {all} bytes that {say}: it was cut, or has changed"
        )));
    }
    let whole = Uint8Array::new_with_length(so_far as u32);
    let mut at = 0;
    for chunk in chunks {
        whole.set(&chunk, at);
        at += chunk.length();
    }
    Ok(Got {
        bytes: whole,
        version: format!("{} {}", header("etag"), header("last-modified")),
    })
}
