//! The built site in headless Chromium, driven as a visitor would: upload, restore on both devices,
//! look at the numbers. Needs `trunk build --release` before; `scripts/test.sh` does both.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![cfg(not(target_arch = "wasm32"))]

#[path = "e2e/access.rs"]
mod access;
#[path = "e2e/axe.rs"]
mod axe;
#[path = "e2e/browser.rs"]
mod browser;
#[path = "e2e/developer.rs"]
mod developer;
#[path = "e2e/download.rs"]
mod download;
#[path = "e2e/failures.rs"]
mod failures;
#[path = "e2e/kernel.rs"]
mod kernel;
#[path = "e2e/lecture.rs"]
mod lecture;
#[path = "e2e/mask.rs"]
mod mask;
#[path = "e2e/model.rs"]
mod model;
#[path = "e2e/offline.rs"]
mod offline;
#[path = "e2e/prompts.rs"]
mod prompts;
#[path = "e2e/robustness.rs"]
mod robustness;
#[path = "e2e/share.rs"]
mod share;
#[path = "e2e/site.rs"]
mod site;
#[path = "e2e/solvers.rs"]
mod solvers;
#[path = "e2e/sources.rs"]
mod sources;
#[path = "e2e/workspace.rs"]
mod workspace;

use std::time::{Duration, Instant};

use browser::Browser;
use model::shards;
use serde_json::json;
use site::Site;

/// Long enough for a software adapter on two busy cores.
const PATIENCE: Duration = Duration::from_secs(420);

fn wait(browser: &Browser, what: &str, script: &str) {
    let begun = Instant::now();
    loop {
        if browser.run(script) == json!(true) {
            return;
        }
        if begun.elapsed() > PATIENCE {
            browser.screenshot("timeout");
            let page = browser.run("return document.body.innerText");
            panic!("{what}: still waiting after {PATIENCE:?}. The page says:\n{page}");
        }
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn engine_state(state: &str) -> String {
    format!("return document.documentElement.dataset.engine === '{state}'")
}

/// What is shown of the element that `selector` finds; there must be one.
fn text(browser: &Browser, selector: &str) -> String {
    let script = format!("return document.querySelector('{selector}')?.innerText.trim() ?? null");
    match browser.run(&script) {
        serde_json::Value::String(text) => text,
        _ => panic!("there is no {selector}"),
    }
}

/// Waits for the engine, and for it again on the CPU.
fn on_the_cpu(browser: &Browser) {
    wait(browser, "the engine", &engine_state("ready"));
    set(browser, "device", "cpu");
    wait(
        browser,
        "the CPU",
        "const d = document.documentElement.dataset; return d.engine === 'ready' && d.device === 'cpu'",
    );
}

/// Whether the button `id` can be pressed.
fn enabled(id: &str) -> String {
    format!(
        "const b = document.getElementById('{id}'); return !!b && !b.disabled && b.getAttribute('aria-disabled') !== 'true'"
    )
}

/// Sets a control's value as typing would and tells the page.
fn set(browser: &Browser, id: &str, value: &str) {
    // The recommended start may leave fewer steps than a test is about.
    if id == "steps" {
        set(browser, "start", "999");
    }
    browser.run(&format!(
        "const e = document.getElementById('{id}');
         const proto = e instanceof HTMLSelectElement ? HTMLSelectElement : e instanceof HTMLTextAreaElement ? HTMLTextAreaElement : HTMLInputElement;
         Object.getOwnPropertyDescriptor(proto.prototype, 'value').set.call(e, '{value}');
         e.dispatchEvent(new Event('input', {{ bubbles: true }}));
         e.dispatchEvent(new Event('change', {{ bubbles: true }}));
         return true"
    ));
}

fn number(browser: &Browser, id: &str) -> f64 {
    let value = browser.run(&format!(
        "return Number(document.getElementById('{id}').dataset.value)"
    ));
    value
        .as_f64()
        .unwrap_or_else(|| panic!("{id} holds {value}, not a number"))
}

/// Restores the uploaded picture on `device` and checks what a visitor would see.
fn restore(browser: &Browser, site: &Site, device: &str, steps: u32) {
    set(browser, "device", device);
    wait(
        browser,
        &format!("the engine on {device}"),
        &format!(
            "const d = document.documentElement.dataset; return d.engine === 'ready' && d.device === '{device}'"
        ),
    );
    set(browser, "steps", &steps.to_string());
    wait(browser, "the button", &enabled("run"));
    // The preview of the measurement is computed a moment after the last change.
    std::thread::sleep(Duration::from_millis(1500));
    let requests = site.requests();
    browser.run("document.getElementById('run').click(); return true");
    wait(browser, "the start of the run", &engine_state("running"));
    wait(
        browser,
        &format!("the restoration on {device}"),
        "return document.documentElement.dataset.engine !== 'running' \
         && (!!document.getElementById('metric-psnr-result')?.dataset.value || !!document.getElementById('error')?.innerText.trim())",
    );
    let error = browser.run("return document.getElementById('error')?.innerText.trim() || null");
    assert!(error.is_null(), "the page reports: {error}");
    browser.screenshot(&format!("restored-{device}"));
    let (before, after) = (
        number(browser, "metric-psnr-baseline"),
        number(browser, "metric-psnr-result"),
    );
    println!("{device}: PSNR {before:.2} dB without a prior, {after:.2} dB restored");
    assert!(
        after > before + 1.0,
        "no gain on {device}: {before:.2} to {after:.2} dB"
    );
    assert!(number(browser, "metric-ssim-result") > 0.0);
    let sent: Vec<String> = site.asked_since(requests);
    assert!(
        sent.is_empty(),
        "a restoration must stay on the device, but requested {sent:?}"
    );
}

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn a_visitor_restores_a_picture() {
    let site = Site::serve("dist");
    let browser = Browser::start();
    browser.resize(1440, 1000);
    browser.open(&site.url());
    wait(&browser, "the engine", &engine_state("ready"));
    browser.screenshot("ready");
    let picture = std::fs::canonicalize("public/samples/raccoon.png").unwrap();
    browser.upload("file-input", picture.to_str().unwrap());
    wait(&browser, "the preview of the upload", &enabled("run"));
    set(&browser, "task", "denoising");
    set(&browser, "noise", "0.5");
    set(
        &browser,
        "prompt",
        "a drawing of a raccoon on a white background",
    );
    restore(&browser, &site, "cpu", 8);
    restore(&browser, &site, "gpu", 4);
    // Phone size and dark theme, for the eye.
    browser.resize(390, 844);
    browser.screenshot("phone");
    browser.resize(1440, 1000);
    browser.run("document.documentElement.dataset.theme = 'dark'; return true");
    browser.screenshot("dark");

    // A file that is no picture: a clear message, and the page still works.
    browser.upload(
        "file-input",
        std::fs::canonicalize("Cargo.toml")
            .unwrap()
            .to_str()
            .unwrap(),
    );
    wait(
        &browser,
        "the message",
        "return !!document.getElementById('error')?.innerText.trim()",
    );
    let errors = browser.console_errors();
    assert!(errors.is_empty(), "console errors: {errors:#?}");
}

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn cancel_stops_at_the_next_network_call() {
    let site = Site::serve("dist");
    let browser = Browser::start();
    browser.open(&site.url());
    wait(&browser, "the engine", &engine_state("ready"));
    browser.run("document.getElementById('sample-0').click(); return true");
    wait(&browser, "the button", &enabled("run"));
    browser.run("document.getElementById('run').click(); return true");
    wait(&browser, "the start of the run", &engine_state("running"));
    browser.run("document.getElementById('cancel').click(); return true");
    wait(&browser, "the end of the run", &engine_state("ready"));
    let result =
        browser.run("return document.getElementById('metric-psnr-result')?.dataset.value ?? null");
    assert!(
        result.is_null() || result == json!(""),
        "a cancelled run has no result, found {result}"
    );
}
