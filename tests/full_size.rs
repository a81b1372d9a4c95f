//! A model of Stable Diffusion 1.5's size, from another server into the page: downloaded, kept, checked and set up on the GPU, and set up again
//! from what is kept when that server is gone. Run by `scripts/full_size_page.sh`, which makes the model (random weights); too large for every test run.
#![allow(clippy::unwrap_used, clippy::expect_used, dead_code)]
#![cfg(not(target_arch = "wasm32"))]

#[path = "e2e/browser.rs"]
mod browser;
#[path = "e2e/site.rs"]
mod site;

use std::time::{Duration, Instant};

use browser::Browser;
use serde_json::json;
use site::Site;

/// Long enough for a gigabyte on a software adapter.
const PATIENCE: Duration = Duration::from_secs(1200);

/// The engine's own memory while a model of a gigabyte is loaded.
const HEAP: f64 = 256.0 * 1024.0 * 1024.0;

/// Waits until `script` is true; returns how long that took.
fn wait(browser: &Browser, what: &str, script: &str) -> Duration {
    let begun = Instant::now();
    while browser.run(script) != json!(true) {
        let failed = browser.run("return document.documentElement.dataset.engine === 'failed'");
        if failed == json!(true) || begun.elapsed() > PATIENCE {
            let page = browser.run("return document.body.innerText");
            panic!(
                "{what}: not after {:?}. The page says:\n{page}",
                begun.elapsed()
            );
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    begun.elapsed()
}

/// The engine on the GPU with a model whose name holds `name`, its files kept.
fn loaded(name: &str) -> String {
    format!(
        "const d = document.documentElement.dataset;
         return d.engine === 'ready' && d.device === 'gpu' && !!document.getElementById('heap')
           && document.getElementById('model-name').innerText.includes('{name}')"
    )
}

fn set(browser: &Browser, id: &str, value: &str) {
    browser.run(&format!(
        "const e = document.getElementById('{id}'); e.value = '{value}';
         for (const kind of ['input', 'change']) e.dispatchEvent(new Event(kind, {{ bubbles: true }}));
         return true"
    ));
}

/// The most memory that the engine has needed, in bytes.
fn heap(browser: &Browser) -> f64 {
    let bytes = browser.run("return Number(document.getElementById('heap').dataset.bytes)");
    bytes.as_f64().unwrap()
}

/// The page on the software adapter, with the panel of models open; how much memory the engine has needed so far.
fn begin(browser: &Browser, site: &Site) -> f64 {
    browser.viewport(1440, 1000);
    browser.open(&site.url());
    wait(
        browser,
        "the engine",
        "return document.documentElement.dataset.engine === 'ready'",
    );
    set(browser, "device", "gpu");
    wait(browser, "the software adapter", &loaded("Emoji"));
    browser.run("document.getElementById('library').open = true; return true");
    heap(browser)
}

/// Loads the model that `models` serve, called `name` then, and loads it again without them; checks the memory that this needs.
fn load_twice(browser: &Browser, models: &Site, name: &str) {
    set(browser, "model-address", &models.url());
    browser.run("document.getElementById('model-use').click(); return true");
    let took = wait(browser, "the model", &loaded(name));
    let first = heap(browser);
    browser.screenshot("full-size");
    println!(
        "{name}: fetched, kept, checked and set up in {:.1} s; peak wasm heap {:.1} MiB",
        took.as_secs_f64(),
        first / 1048576.0
    );
    let place = browser.run("return document.getElementById('kept').dataset.place");
    assert_eq!(place, json!("files"));
    assert!(first <= HEAP, "{first} bytes");

    // Another engine, without the model's server.
    models.stop();
    let before = models.requests();
    set(browser, "device", "cpu");
    wait(
        browser,
        "the end of the old engine",
        "return document.documentElement.dataset.device !== 'gpu'",
    );
    set(browser, "device", "gpu");
    let took = wait(browser, "the kept model", &loaded(name));
    let again = heap(browser);
    println!(
        "{name}: set up again from storage, its server gone, in {:.1} s; peak wasm heap {:.1} MiB",
        took.as_secs_f64(),
        again / 1048576.0
    );
    assert!(again <= HEAP, "{again} bytes");
    assert_eq!(models.requests(), before);
}

#[test]
#[ignore = "needs the built site, Chromium, chromedriver and a large model; scripts/full_size_page.sh runs it"]
fn a_full_size_model_is_fetched_kept_and_set_up_again() {
    let folder = std::env::var("FULL_SIZE_MODEL").expect("FULL_SIZE_MODEL: a packed model");
    let manifest = std::fs::read(format!("{folder}/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap();
    let name = manifest["name"].as_str().unwrap();
    let bytes = manifest["packed"]["total_bytes"].as_f64().unwrap();
    let models = Site::files(&folder, true);
    let site = Site::allowing("dist", &[&models]);
    let browser = Browser::start();
    let small = begin(&browser, &site);
    println!(
        "{name}: {:.1} MB; wasm heap with the embedded model {:.1} MiB",
        bytes / 1e6,
        small / 1048576.0
    );
    load_twice(&browser, &models, name);
}

#[test]
#[ignore = "needs the built site, Chromium, chromedriver and a large model; scripts/full_size_page.sh runs it"]
fn a_full_size_diffusers_folder_is_quantised_as_it_comes() {
    let folder = std::env::var("FULL_SIZE_SOURCE").expect("FULL_SIZE_SOURCE: a diffusers folder");
    let precision = std::env::var("FULL_SIZE_PRECISION").unwrap_or_else(|_| "q4".into());
    let models = Site::files(&folder, true);
    let site = Site::allowing("dist", &[&models]);
    let browser = Browser::start();
    begin(&browser, &site);
    set(&browser, "model-precision", &precision);
    load_twice(&browser, &models, &format!("sub ({precision})"));
}
