//! Use without a network: everything works with the server gone, versions are never mixed, what is kept is checked.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use super::*;

const KEPT: &str = "return document.documentElement.dataset.offline === 'kept'";
/// Puts rubbish in the place of a kept shard, of the same length. Shards are kept under their hashes.
pub fn damage(browser: &Browser, shard: &str) {
    let name = shard.rsplit('/').next().unwrap().trim_end_matches(".bin");
    browser.run_async(&format!(
        "const models = await (await navigator.storage.getDirectory()).getDirectoryHandle('models');
         for await (const model of models.values()) {{
           const file = await model.getFileHandle('{name}').catch(() => null);
           if (!file) continue;
           const size = (await file.getFile()).size;
           const stream = await file.createWritable();
           await stream.write(new Uint8Array(size)); await stream.close();
           return true;
         }}
         throw 'no such shard'"
    ));
}

/// A copy of the built site that the test may change.
pub struct Copy(PathBuf);

impl Copy {
    /// Of `dist`.
    pub fn new() -> Self {
        static COPIES: AtomicU32 = AtomicU32::new(0);
        let number = COPIES.fetch_add(1, Ordering::Relaxed);
        let name = format!("site-{}-{number}", std::process::id());
        let to = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = std::fs::remove_dir_all(&to);
        let done = Command::new("cp").arg("-r").arg("dist").arg(&to).status();
        assert!(done.unwrap().success());
        Self(to)
    }

    /// Its folder.
    pub fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    /// One of its files.
    pub fn file(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Adds to the end of a file.
    pub fn append(&self, file: &str, text: &str) {
        let path = self.0.join(file);
        let old = std::fs::read_to_string(&path).unwrap();
        std::fs::write(path, old + text).unwrap();
    }

    /// What building does last.
    pub fn list(&self) {
        let done = Command::new("bash")
            .arg("scripts/shell.sh")
            .arg(&self.0)
            .status();
        assert!(done.unwrap().success());
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn version(browser: &Browser) -> String {
    let version = browser.run("return document.documentElement.dataset.version");
    version.as_str().unwrap().to_owned()
}

/// Restores the sample of that number with one step on the CPU.
fn restore_sample(browser: &Browser, sample: u32) {
    set(browser, "device", "cpu");
    wait(
        browser,
        "the CPU",
        "const d = document.documentElement.dataset; return d.engine === 'ready' && d.device === 'cpu'",
    );
    browser.run(&format!(
        "document.getElementById('sample-{sample}').click(); return true"
    ));
    wait(
        browser,
        "the sample",
        &format!(
            "return document.getElementById('sample-{sample}').getAttribute('aria-pressed') === 'true'"
        ),
    );
    set(browser, "steps", "1");
    wait(browser, "the button", &enabled("run"));
    std::thread::sleep(Duration::from_millis(1000));
    browser.run("document.getElementById('run').click(); return true");
    wait(
        browser,
        "the restoration",
        "return !!document.getElementById('metric-psnr-result')?.dataset.value",
    );
}

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn after_one_visit_no_server_is_needed() {
    let site = Site::serve("dist");
    let browser = Browser::start();
    browser.viewport(1440, 1000);
    browser.open(&site.url());
    wait(&browser, "the engine", &engine_state("ready"));
    wait(&browser, "the service worker", KEPT);
    wait(
        &browser,
        "the word",
        "return document.getElementById('offline').innerText.includes('no network')",
    );
    let wrong = browser.devtools("Page.getInstallabilityErrors", &json!({}));
    assert_eq!(wrong["installabilityErrors"], json!([]), "not installable");
    let icons = browser.run_async(
        "const at = document.querySelector('link[rel=manifest]').href;
         const { icons } = await (await fetch(at)).json();
         return Promise.all(icons.filter((i) => i.type === 'image/png').map(async (i) => {
           const picture = await createImageBitmap(await (await fetch(new URL(i.src, at))).blob());
           return [i.sizes === picture.width + 'x' + picture.height, i.purpose];
         }))",
    );
    assert_eq!(
        icons,
        json!([[true, "any"], [true, "any"], [true, "maskable"]])
    );

    // What is kept and damaged is noticed and fetched again, and nothing else is.
    let shard = shards().pop().unwrap();
    let name = shard.strip_prefix("models/emoji-lcm/").unwrap();
    damage(&browser, &shard);
    let requests = site.requests();
    browser.open(&site.url());
    wait(&browser, "the engine", &engine_state("ready"));
    let models: Vec<_> = site
        .since(requests)
        .into_iter()
        .filter(|r| r.contains("/models/"))
        .collect();
    assert_eq!(
        models,
        [
            "/sub/models/emoji-lcm/manifest.json".to_owned(),
            format!("/sub/{shard}")
        ]
    );

    site.stop();
    browser.open(&site.url());
    wait(
        &browser,
        "the engine without a server",
        &engine_state("ready"),
    );
    restore_sample(&browser, 3);
    browser.screenshot("offline");
    let error = browser.run("return document.getElementById('error').innerText.trim()");
    assert_eq!(error, json!(""));

    // Damaged and out of reach: said, and nothing wrong is used.
    damage(&browser, &shard);
    browser.open(&site.url());
    wait(&browser, "the message", &engine_state("failed"));
    let error = browser.run("return document.getElementById('error').innerText");
    assert!(
        error
            .as_str()
            .unwrap()
            .contains(&format!("{name} could not be fetched")),
        "{error}"
    );
}

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn versions_are_never_mixed() {
    let copy = Copy::new();
    let site = Site::serve(copy.path());
    let browser = Browser::start();
    browser.viewport(1440, 1000);
    browser.open(&site.url());
    wait(&browser, "the engine", &engine_state("ready"));
    wait(&browser, "the service worker", KEPT);
    browser.open(&site.url());
    wait(&browser, "the engine", &engine_state("ready"));
    let first = version(&browser);

    // The site is updated: the page says so and stays whole until the visitor agrees.
    copy.append("worker.js", "// a newer version\n");
    copy.list();
    let look = "const r = await navigator.serviceWorker.getRegistration(); await r.update().catch(() => {}); return true";
    browser.run_async(look);
    wait(
        &browser,
        "the offer",
        "return !!document.getElementById('update-now')",
    );
    browser.screenshot("update");
    restore_sample(&browser, 0);
    assert_eq!(version(&browser), first);
    let engine = browser.run_async("return (await fetch('worker.js')).text()");
    assert!(
        engine.as_str().unwrap().contains(&first) && !engine.as_str().unwrap().contains("newer")
    );
    browser.run("document.getElementById('update-now').click(); return true");
    wait(
        &browser,
        "the newer version",
        &format!(
            "const d = document.documentElement.dataset; return d.version !== '{first}' && d.engine === 'ready'"
        ),
    );
    let second = version(&browser);

    // A site caught in the middle of an update: its files do not fit its list, so it is not taken.
    copy.append("worker.js", "// the newest version\n");
    copy.list();
    copy.append("page.js", "// and something else\n");
    browser.run_async(look);
    wait(
        &browser,
        "the refusal",
        "return window.settled ?? (navigator.serviceWorker.getRegistration().then((r) => { if (!r.installing) window.settled = !r.waiting; }), false)",
    );
    browser.open(&site.url());
    wait(&browser, "the engine", &engine_state("ready"));
    assert_eq!(version(&browser), second);

    // Without a service worker such a mixture is refused by the engine itself.
    let browser = Browser::start();
    browser.before_pages("delete Navigator.prototype.serviceWorker");
    browser.open(&site.url());
    wait(&browser, "the engine", &engine_state("ready"));
    copy.append("index.html", "<!-- one more -->");
    copy.list();
    set(&browser, "device", "cpu");
    wait(&browser, "the refusal", &engine_state("failed"));
    let error = browser.run("return document.getElementById('error').innerText");
    assert!(
        error.as_str().unwrap().contains("different versions"),
        "{error}"
    );
}
