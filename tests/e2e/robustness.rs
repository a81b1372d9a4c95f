//! What can go wrong in a browser, as truly as Chromium allows: no WebGPU, a device that is lost, a crash in the middle
//! of a run, a page in the background, a model that arrives damaged.

use super::offline::Copy;
use super::*;

/// Hooks in the worker: its devices can be destroyed, and it can be made to crash.
const HOOKS: &str = "const devices = [];
if (typeof GPUAdapter !== 'undefined') {
  const request = GPUAdapter.prototype.requestDevice;
  GPUAdapter.prototype.requestDevice = async function (...a) { const d = await request.apply(this, a); devices.push(d); return d; };
}
new BroadcastChannel('test').onmessage = ({ data }) => {
  if (data === 'lose') devices.forEach((d) => d.destroy());
  if (data === 'crash') setTimeout(() => { throw new RangeError('out of memory'); });
};
";

fn on(browser: &Browser, device: &str) {
    set(browser, "device", device);
    wait(
        browser,
        device,
        &format!(
            "const d = document.documentElement.dataset; return d.engine === 'ready' && d.device === '{device}'"
        ),
    );
    std::thread::sleep(Duration::from_millis(1500));
    wait(browser, "the button", &enabled("run"));
}

fn finish(browser: &Browser) {
    browser.run("document.getElementById('run').click(); return true");
    wait(
        browser,
        "the result",
        "return !!document.getElementById('metric-psnr-result')?.dataset.value",
    );
}

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn the_page_copes_with_what_browsers_do() {
    let copy = Copy::new();
    copy.append("worker.js", HOOKS);
    copy.list();
    let site = Site::serve(copy.path());
    let browser = Browser::start();
    browser.viewport(1440, 1000);
    browser.open(&site.url());
    wait(&browser, "the engine", &engine_state("ready"));
    browser.run("document.getElementById('sample-4').click(); return true");
    set(&browser, "seed", "31");
    set(&browser, "steps", "2");

    // The device is destroyed in the middle of a run: told, nothing lost, a new engine works.
    on(&browser, "gpu");
    browser.run("document.getElementById('run').click(); return true");
    wait(&browser, "the start", &engine_state("running"));
    browser.run("new BroadcastChannel('test').postMessage('lose'); return true");
    wait(&browser, "the loss", &engine_state("failed"));
    let error = browser.run("return document.getElementById('error').innerText");
    println!("a lost device: {error}");
    assert!(
        error.as_str().unwrap().contains("settings are kept"),
        "{error}"
    );
    browser.run("document.getElementById('use-cpu').click(); return true");
    wait(&browser, "the next engine", &engine_state("ready"));
    let kept = browser.run("return [document.getElementById('seed').value, document.querySelector('.sample[aria-pressed=true]').id]");
    assert_eq!(kept, json!(["31", "sample-4"]));
    std::thread::sleep(Duration::from_millis(1500));
    finish(&browser);

    // The worker crashes out of memory: what helps is said.
    set(&browser, "steps", "20");
    std::thread::sleep(Duration::from_millis(1500));
    browser.run("document.getElementById('run').click(); return true");
    wait(&browser, "the start", &engine_state("running"));
    browser.run("new BroadcastChannel('test').postMessage('crash'); return true");
    wait(&browser, "the crash", &engine_state("failed"));
    let error = browser.run("return document.getElementById('error').innerText");
    assert!(
        error.as_str().unwrap().contains("fewer posterior samples"),
        "{error}"
    );
    browser.run("document.getElementById('restart').click(); return true");
    wait(&browser, "the next engine", &engine_state("ready"));

    // In the background the run goes on.
    set(&browser, "steps", "4");
    std::thread::sleep(Duration::from_millis(1500));
    browser.run("document.getElementById('run').click(); return true");
    let hidden = browser.devtools("Page.setWebLifecycleState", &json!({ "state": "frozen" }));
    println!("frozen: {hidden}");
    std::thread::sleep(Duration::from_secs(3));
    browser.devtools("Page.setWebLifecycleState", &json!({ "state": "active" }));
    wait(
        &browser,
        "the result",
        "return !!document.getElementById('metric-psnr-result')?.dataset.value",
    );

    // No WebGPU at all: the CPU, and a word about it. The model is kept, so nothing is fetched again.
    let requests = site.requests();
    browser.before_pages("delete Navigator.prototype.gpu");
    browser.open(&site.url());
    wait(&browser, "the engine", &engine_state("ready"));
    let said = browser.run("return [document.documentElement.dataset.device, document.querySelector('.machine').innerText.includes('no WebGPU')]");
    assert_eq!(said, json!(["cpu", true]));
    let fetched: Vec<_> = site
        .since(requests)
        .into_iter()
        .filter(|r| r.contains("/shards/"))
        .collect();
    assert!(fetched.is_empty(), "{fetched:?}");
}

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn a_download_that_is_cut_continues() {
    let copy = Copy::new();
    let shards = shards();
    let (whole_one, unet) = (&shards[0], &shards[1]);
    let whole = std::fs::read(copy.file(unet)).unwrap();
    std::fs::write(copy.file(unet), &whole[..whole.len() / 2]).unwrap();
    let site = Site::serve(copy.path());
    let browser = Browser::start();
    browser.open(&site.url());
    wait(&browser, "the message", &engine_state("failed"));
    let error = browser.run("return document.getElementById('error').innerText");
    println!("a cut download: {error}");
    assert!(
        error
            .as_str()
            .unwrap()
            .contains(unet.rsplit('/').next().unwrap()),
        "{error}"
    );
    // A wrong byte is no better.
    let mut wrong = whole.clone();
    let middle = wrong.len() / 2;
    wrong[middle] ^= 1;
    std::fs::write(copy.file(unet), &wrong).unwrap();
    browser.run("document.getElementById('restart').click(); return true");
    wait(&browser, "the start", &engine_state("loading"));
    wait(&browser, "the message", &engine_state("failed"));
    // Whole again: only what was missing is fetched.
    std::fs::write(copy.file(unet), &whole).unwrap();
    let requests = site.requests();
    browser.run("document.getElementById('restart').click(); return true");
    wait(&browser, "the engine", &engine_state("ready"));
    let fetched: Vec<_> = site
        .since(requests)
        .into_iter()
        .filter(|r| r.contains(whole_one.as_str()))
        .collect();
    assert!(fetched.is_empty(), "fetched again: {fetched:?}");
}
