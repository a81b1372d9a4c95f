//! The model's download, from servers and browsers that misbehave: told in clear words, nothing damaged is used, and the next try goes
//! on where the last one ended.

use super::offline::Copy;
use super::site::Fault;
use super::*;

/// Kept files of all models, in the private file system: `{ name: bytes }`.
pub const STORED: &str = "const found = {};
    const models = await (await navigator.storage.getDirectory()).getDirectoryHandle('models', { create: true });
    for await (const model of models.values())
      for await (const file of model.values()) found[file.name] = (await file.getFile()).size;
    return found";

fn error(browser: &Browser) -> String {
    text(browser, "#error")
}

/// The shards that were asked for since then, each once for every request.
fn fetched(site: &Site, since: usize) -> Vec<String> {
    let asked = site.since(since).into_iter();
    let shards = asked.filter_map(|r| r.strip_prefix("/sub/").map(str::to_owned));
    shards.filter(|r| r.contains("/shards/")).collect()
}

/// Waits for the engine, and for where its files are.
fn place(browser: &Browser) -> String {
    wait(browser, "the engine", &engine_state("ready"));
    wait(
        browser,
        "the place",
        "return !!document.getElementById('kept')",
    );
    let place = browser.run("return document.getElementById('kept').dataset.place");
    place.as_str().unwrap().to_owned()
}

pub fn restart(browser: &Browser) {
    browser.run("document.getElementById('restart').click(); return true");
    wait(
        browser,
        "the next try",
        "return document.documentElement.dataset.engine !== 'failed'",
    );
}

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn a_download_survives_its_server() {
    let shards = shards();
    let site = Site::serve("dist");
    let browser = Browser::start();
    browser.viewport(1440, 1000);

    // What passes is tried again without a word being needed.
    site.fail(&shards[0], Fault::Status(503), 1);
    site.fail(&shards[1], Fault::Cut(1000), 1);
    site.fail(&shards[2], Fault::WrongByte, 1);
    site.fail("scheduler_config.json", Fault::Truncated, 1);
    site.fail(shards.last().unwrap(), Fault::Stalled, 1);
    browser.open(&site.url());
    assert_eq!(place(&browser), "files");
    for shard in [&shards[0], &shards[1], &shards[2], shards.last().unwrap()] {
        let times = fetched(&site, 0).iter().filter(|r| *r == shard).count();
        assert_eq!(times, 2, "{shard}");
    }
    let stored = browser.run_async(STORED);
    assert!(
        stored.as_object().unwrap().contains_key("manifest.json"),
        "{stored}"
    );

    // What lasts is told, and no model comes of it.
    let browser = Browser::start();
    browser.viewport(1440, 1000);
    site.mend();
    site.fail(&shards[1], Fault::Status(404), 9);
    browser.open(&site.url());
    wait(&browser, "the message", &engine_state("failed"));
    let told = error(&browser);
    assert!(
        told.contains("is not on the server (404)") && told.contains(&shards[1]),
        "{told}"
    );
    let stored = browser.run_async(STORED);
    assert!(
        !stored.as_object().unwrap().contains_key("manifest.json"),
        "not a model yet: {stored}"
    );
    browser.screenshot("download-missing");

    site.mend();
    site.fail(&shards[1], Fault::WebPage, 9);
    restart(&browser);
    wait(&browser, "the message", &engine_state("failed"));
    assert!(error(&browser).contains("web page"), "{}", error(&browser));

    // Slow: paused, it waits; stopped, what has come is kept.
    site.mend();
    let size = |shard: &&String| std::fs::metadata(format!("dist/{shard}")).unwrap().len();
    let slow = shards.iter().max_by_key(size).unwrap();
    site.fail(slow, Fault::Slow(400), 9);
    restart(&browser);
    wait(
        &browser,
        "the download",
        "return !!document.getElementById('pause-download') && document.getElementById('status').innerText.includes('MB/s')",
    );
    let status = browser.run("return document.getElementById('status').innerText");
    println!("a slow download: {status}");
    assert!(status.as_str().unwrap().contains(" left"), "{status}");
    browser.run("document.getElementById('pause-download').click(); return true");
    std::thread::sleep(Duration::from_millis(600));
    let share = "return document.getElementById('progress').value";
    let before = browser.run(share);
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(browser.run(share), before, "paused");
    browser.screenshot("download-paused");
    browser.run("document.getElementById('pause-download').click(); return true");
    std::thread::sleep(Duration::from_millis(1500));
    assert_ne!(browser.run(share), before, "going on");
    browser.run("document.getElementById('stop-download').click(); return true");
    wait(&browser, "the end", &engine_state("failed"));
    assert!(
        error(&browser).contains("was stopped"),
        "{}",
        error(&browser)
    );

    // The tab is closed in the middle; the next visit fetches what is missing, and only that.
    restart(&browser);
    wait(
        &browser,
        "the download",
        "return !!document.getElementById('pause-download')",
    );
    browser.open("about:blank");
    site.mend();
    let requests = site.requests();
    browser.open(&site.url());
    assert_eq!(place(&browser), "files");
    let again = fetched(&site, requests);
    assert!(
        again.contains(slow) && !again.contains(&shards[0]),
        "{again:?}"
    );

    // A second tab waits for the first.
    browser.run_async(
        "const models = await (await navigator.storage.getDirectory()).getDirectoryHandle('models');
         for await (const model of models.keys())
           navigator.locks.request('latino-web ' + model, () => new Promise((done) => { window.release = done; }));
         return true",
    );
    set(&browser, "device", "cpu");
    wait(
        &browser,
        "the waiting",
        "return document.getElementById('status').innerText.includes('another tab')",
    );
    browser.run("window.release(); return true");
    assert_eq!(place(&browser), "files");
}

/// What a browser without room, or without storage, does in the worker.
const NO_STORAGE: &str = "delete StorageManager.prototype.getDirectory;\nObject.defineProperty(self, 'caches', { value: undefined });\n";
const NO_FILES: &str = "delete StorageManager.prototype.getDirectory;\n";
const NO_ROOM: &str =
    "StorageManager.prototype.estimate = async () => ({ quota: 10, usage: 9 });\n";
const FULL: &str = "FileSystemWritableFileStream.prototype.write = async () => { throw new DOMException('full', 'QuotaExceededError'); };\n";

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn a_model_works_where_nothing_can_be_kept() {
    for (hook, kept, told) in [
        (NO_FILES, "cache", "cache"),
        (NO_STORAGE, "memory", "fetched again next time"),
        (NO_ROOM, "memory", "are missing"),
        (FULL, "memory", "full"),
    ] {
        let copy = Copy::new();
        copy.append("worker.js", hook);
        copy.list();
        let site = Site::serve(copy.path());
        let browser = Browser::start();
        browser.open(&site.url());
        assert_eq!(place(&browser), kept, "{hook}");
        let line = browser.run("return document.getElementById('kept').innerText");
        println!("{line}");
        assert!(line.as_str().unwrap().contains(told), "{line}");
    }
}

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn a_newer_manifest_is_told_and_what_is_kept_stays() {
    let copy = Copy::new();
    let site = Site::serve(copy.path());
    let browser = Browser::start();
    browser.open(&site.url());
    assert_eq!(place(&browser), "files");
    let path = copy.file("models/emoji-lcm/manifest.json");
    let whole = std::fs::read_to_string(&path).unwrap();
    let newer = whole
        .replacen("\"version\": 2", "\"version\": 3", 1)
        .replacen("\"version\":2", "\"version\":3", 1);
    assert_ne!(newer, whole);
    std::fs::write(&path, newer).unwrap();
    set(&browser, "device", "cpu");
    wait(&browser, "the message", &engine_state("failed"));
    assert!(error(&browser).contains("version 3"), "{}", error(&browser));
    std::fs::write(&path, whole).unwrap();
    let requests = site.requests();
    restart(&browser);
    assert_eq!(place(&browser), "files");
    assert!(
        fetched(&site, requests).is_empty(),
        "nothing is fetched again"
    );
}

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn kept_models_are_listed_verified_exported_and_removed() {
    let shard = shards().pop().unwrap();
    let site = Site::serve("dist");
    let browser = Browser::start();
    browser.viewport(1440, 1000);
    let saved = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("exported");
    let _ = std::fs::remove_dir_all(&saved);
    std::fs::create_dir_all(&saved).unwrap();
    browser.devtools(
        "Page.setDownloadBehavior",
        &json!({ "behavior": "allow", "downloadPath": saved }),
    );
    browser.open(&site.url());
    assert_eq!(place(&browser), "files");
    browser.run("document.getElementById('library').open = true; return true");
    wait(
        &browser,
        "the table",
        "return !!document.getElementById('library-table')",
    );
    let row = browser.run("return document.querySelector('#library-table tbody tr').innerText");
    let row = row.as_str().unwrap();
    assert!(
        row.contains("whole") && row.contains("MIT AND Apache-2.0") && row.contains("MB"),
        "{row}"
    );
    browser.run("document.getElementById('library').scrollIntoView(); return true");
    browser.screenshot("library");

    let press = |what: &str| {
        wait(
            &browser,
            "the buttons",
            &format!(
                "return document.querySelector('.library-{what}')?.getAttribute('aria-disabled') === 'false'"
            ),
        );
        browser.run(&format!(
            "document.querySelector('.library-{what}').click(); return true"
        ));
    };
    let said = |text: &str| {
        wait(
            &browser,
            text,
            &format!("return document.getElementById('library-said').innerText.includes('{text}')"),
        );
    };
    press("verify");
    said("are what their hashes say");
    offline::damage(&browser, &shard);
    press("verify");
    said("1 are damaged and 0 are missing");

    // The next start fetches it again, and the model is whole once more.
    let requests = site.requests();
    browser.open(&site.url());
    assert_eq!(place(&browser), "files");
    assert_eq!(fetched(&site, requests), [shard]);
    browser.run("document.getElementById('library').open = true; return true");
    press("export");
    said("to save");
    let archive = saved.join("emoji-lcm.tar");
    let begun = Instant::now();
    while !archive.exists() {
        assert!(begun.elapsed() < PATIENCE, "nothing was saved");
        std::thread::sleep(Duration::from_millis(100));
    }
    // Unpacked it is the model's folder again.
    let unpacked = (std::process::Command::new("tar").arg("-xf").arg(&archive))
        .arg("-C")
        .arg(&saved)
        .status();
    assert!(unpacked.unwrap().success());
    let same = (std::process::Command::new("diff").args([
        "-rq",
        "--exclude=README.md",
        "--exclude=*.tar",
    ]))
    .arg(&saved)
    .arg("dist/models/emoji-lcm")
    .output()
    .unwrap();
    assert!(
        same.status.success(),
        "{}",
        String::from_utf8_lossy(&same.stdout)
    );
    press("remove");
    wait(
        &browser,
        "nothing",
        "return document.getElementById('library-sum').innerText.includes('Nothing is kept')",
    );
    let stored = browser.run_async(STORED);
    assert_eq!(stored, json!({}));
}
