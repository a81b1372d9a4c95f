//! The engine is lost while it works: the page says so, keeps what the visitor did, and starts another.

use super::*;

/// Keeps hold of the worker, so that the test can speak in its name.
const HOLD: &str = "const Real = Worker;
    window.Worker = class extends Real { constructor(...a) { super(...a); window.engineWorker = this; } };";

fn settings(browser: &Browser) -> serde_json::Value {
    browser.run(
        "return [...['task', 'seed', 'prompt'].map((id) => document.getElementById(id).value),
           document.querySelector('.sample[aria-pressed=true]').id]",
    )
}

/// Starts a restoration, lets `loss` happen and answers with the button `remedy`.
fn lose(browser: &Browser, loss: &str, remedy: &str) {
    wait(browser, "the button", &enabled("run"));
    browser.run("document.getElementById('run').click(); return true");
    wait(browser, "the start of the run", &engine_state("running"));
    browser.run(&format!("{loss}; return true"));
    wait(browser, "the loss", &engine_state("failed"));
    wait(
        browser,
        "the remedy",
        &format!("return !!document.querySelector('#error #{remedy}')"),
    );
    browser.screenshot(&format!("lost-{remedy}"));
    browser.run(&format!(
        "document.getElementById('{remedy}').click(); return true"
    ));
    wait(browser, "the next engine", &engine_state("ready"));
    let error = browser.run("return document.getElementById('error').innerText.trim()");
    assert_eq!(error, json!(""), "the problem is solved");
}

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn a_lost_engine_is_started_again() {
    let site = Site::serve("dist");
    let browser = Browser::start();
    browser.viewport(1440, 1000);
    browser.before_pages(HOLD);
    browser.open(&site.url());
    wait(&browser, "the engine", &engine_state("ready"));
    browser.run("document.getElementById('sample-5').click(); return true");
    wait(
        &browser,
        "the sample",
        "return document.getElementById('sample-5').getAttribute('aria-pressed') === 'true'",
    );
    set(&browser, "task", "motion-blur");
    set(&browser, "seed", "77");
    set(&browser, "steps", "2");
    let before = settings(&browser);
    lose(
        &browser,
        "window.engineWorker.onmessage({ data: { failed: { id: null, kind: 'device', message: 'The graphics device was lost' } } })",
        "restart",
    );
    lose(
        &browser,
        "window.engineWorker.onerror(new ErrorEvent('error', { message: 'RangeError: out of memory' }))",
        "use-cpu",
    );
    assert_eq!(settings(&browser), before, "picture and settings are kept");
    let device = browser.run("return document.getElementById('device').value");
    assert_eq!(device, json!("cpu"));
    wait(
        &browser,
        "the preview",
        "return !!document.getElementById('metric-psnr-baseline')?.dataset.value",
    );
    wait(&browser, "the button", &enabled("run"));
    browser.run("document.getElementById('run').click(); return true");
    wait(
        &browser,
        "the restoration",
        "return !!document.getElementById('metric-psnr-result')?.dataset.value",
    );
}
