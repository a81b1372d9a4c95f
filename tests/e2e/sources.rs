//! Models from elsewhere: what the site's policy does not allow is not asked for, what another server does not share is told, and what it does
//! share is fetched, kept and used like the site's own.

use std::path::{Path, PathBuf};
use std::process::Command;

use latino_web::pack::Precision;
use latino_web::pack::folder::{Job, pack};
use site::Fault;

use super::*;

/// Gives the address as a visitor does.
fn ask_for(browser: &Browser, address: &str) {
    browser.run("document.getElementById('library').open = true; return true");
    set(browser, "model-address", address);
    browser.run("document.getElementById('model-use').click(); return true");
}

/// Waits for a failure and returns what the page says.
fn failure(browser: &Browser) -> String {
    wait(browser, "the message", &engine_state("failed"));
    text(browser, "#error")
}

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn models_come_from_other_sites_if_both_sides_allow_it() {
    let open = Site::files("tests/fixtures", true);
    let closed = Site::files("tests/fixtures", false);
    let unknown = Site::files("tests/fixtures", true);
    let site = Site::allowing("dist", &[&open, &closed]);
    let browser = Browser::start();
    browser.viewport(1440, 1000);
    browser.open(&site.url());
    wait(&browser, "the engine", &engine_state("ready"));

    // Refused before anything is sent.
    ask_for(&browser, "tiny-lcm");
    assert!(text(&browser, "#model-refused").contains("no address"));
    ask_for(&browser, &format!("{}tiny-lcm/", unknown.url()));
    let refused = text(&browser, "#model-refused");
    assert!(
        refused.contains("policy allows") && refused.contains("127.0.0.1"),
        "{refused}"
    );
    assert_eq!(unknown.requests(), 0);
    axe::check(&browser, "model sources");
    browser.run("document.getElementById('library').scrollIntoView(); return true");
    browser.screenshot("model-sources");
    wait(&browser, "the engine as it was", &engine_state("ready"));

    // A server that does not share.
    ask_for(&browser, &format!("{}tiny-lcm/", closed.url()));
    let told = failure(&browser);
    assert!(
        told.contains("does not let this page read from it"),
        "{told}"
    );

    // Not a model.
    ask_for(&browser, &format!("{}gradient/", open.url()));
    let told = failure(&browser);
    assert!(
        told.contains("neither a packed model nor a whole diffusers folder"),
        "{told}"
    );
    browser.screenshot("model-not-there");

    // One that does; it is kept, and chosen again at the next visit.
    ask_for(&browser, &format!("{}tiny-lcm/manifest.json", open.url()));
    wait(&browser, "the other model", &engine_state("ready"));
    assert!(text(&browser, "#model-name").contains("Tiny LCM"));
    let before = open.requests();
    browser.open(&site.url());
    wait(&browser, "the next visit", &engine_state("ready"));
    assert!(text(&browser, "#model-name").contains("Tiny LCM"));
    let again = open.since(before);
    assert!(
        again.iter().all(|r| r.ends_with("/manifest.json")),
        "{again:?}"
    );

    // And back.
    set(&browser, "model-choice", "models/emoji-lcm/");
    wait(&browser, "the site's model", &named("Emoji LCM"));
}

/// What `latino pack` makes of `from` with the UNet in this precision: the SHA-256 of each of its files.
fn packed(from: &Path, unet: Precision) -> Vec<String> {
    let to = scratch("packed");
    let mut job = Job::new(from, &to);
    job.unet = unet;
    let manifest = pack(&job, &mut |_| ()).unwrap();
    manifest.files.into_iter().map(|f| f.sha256).collect()
}

/// A path where nothing is.
fn scratch(name: &str) -> PathBuf {
    let name = format!("sources-{}-{name}", std::process::id());
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = std::fs::remove_dir_all(&path);
    path
}

/// Loads another model than the last with this name, ready.
fn named(name: &str) -> String {
    format!(
        "return document.documentElement.dataset.engine === 'ready' && !!document.getElementById('model-name')?.innerText.includes('{name}')"
    )
}

/// Whether all of `files` are kept.
fn all_kept(browser: &Browser, files: &[String]) -> bool {
    let stored = browser.run_async(download::STORED);
    files.iter().all(|sha| stored.get(sha).is_some())
}

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn a_repository_is_quantised_as_it_comes() {
    // As on a hub: the repository's server sends on to another for the large files.
    let models = scratch("hub");
    let copied = (Command::new("cp").arg("-r"))
        .args(["tests/fixtures/pipelines"])
        .arg(&models)
        .status();
    assert!(copied.unwrap().success());
    std::fs::write(
        models.join("lcm/README.md"),
        "---\nlicense: openrail++\n---\n",
    )
    .unwrap();
    let hub = Site::files(models.to_str().unwrap(), true);
    let large = Site::files(models.to_str().unwrap(), true);
    hub.fail(".safetensors", Fault::Moved(large.port()), usize::MAX);
    let site = Site::allowing("dist", &[&hub, &large]);
    let browser = Browser::start();
    browser.viewport(1440, 1000);
    browser.open(&site.url());
    wait(&browser, "the engine", &engine_state("ready"));

    // The UNet's bytes are cut again and again: the text encoder, which comes before, is kept.
    browser.run("document.getElementById('library').open = true; return true");
    set(&browser, "model-precision", "q4");
    let unet = "unet/diffusion_pytorch_model.safetensors";
    large.fail(unet, Fault::Cut(100_000), usize::MAX);
    ask_for(&browser, &format!("{}lcm", hub.url()));
    let told = failure(&browser);
    assert!(told.contains("was cut after"), "{told}");
    large.mend();
    let before = large.requests();
    download::restart(&browser);
    wait(&browser, "the model", &named("lcm (q4)"));
    let asked = large.since(before);
    let of = |part: &str| asked.iter().filter(|r| r.contains(part)).count();
    // The header in two pieces, and nothing of what is there already.
    assert_eq!(of("text_encoder/model.safetensors"), 2, "{asked:?}");
    assert!(of(unet) > 2, "{asked:?}");
    // What the page makes is what the program makes.
    let files = packed(&models.join("lcm"), Precision::Q4);
    assert!(all_kept(&browser, &files));
    wait(
        &browser,
        "the table",
        "return document.getElementById('library').innerText.includes('openrail++')",
    );
    browser.run("document.getElementById('library').scrollIntoView(); return true");
    browser.screenshot("quantised-here");

    // It is used as it is at the next visit, and a damaged shard is made again by itself.
    let before = (hub.requests(), large.requests());
    browser.open(&site.url());
    wait(&browser, "the next visit", &named("lcm (q4)"));
    assert_eq!((hub.requests(), large.requests()), before);
    let shard = files.last().unwrap();
    offline::damage(&browser, shard);
    browser.open(&site.url());
    let told = failure(&browser);
    assert!(told.contains("was damaged"), "{told}");
    let before = large.requests();
    download::restart(&browser);
    wait(&browser, "the mended model", &named("lcm (q4)"));
    let asked = large.since(before);
    let of = |part: &str| asked.iter().filter(|r| r.contains(part)).count();
    assert_eq!(
        (of("text_encoder/model.safetensors"), of(unet)),
        (2, 2),
        "{asked:?}"
    );
    assert!(all_kept(&browser, &files));

    // Another precision is another model.
    set(&browser, "model-precision", "f16");
    ask_for(&browser, &format!("{}lcm/model_index.json", hub.url()));
    wait(&browser, "half precision", &named("lcm (f16)"));
    assert!(all_kept(&browser, &files));

    // What cannot be run is refused before its weights are read.
    let spoil = |file: &str, from: &str, to: &str| {
        let path = models.join("lcm").join(file);
        let whole = std::fs::read_to_string(&path).unwrap();
        let spoilt = whole.replacen(from, to, 1);
        assert_ne!(whole, spoilt);
        std::fs::write(&path, &spoilt).unwrap();
        let before = large.requests();
        set(&browser, "model-precision", "q8");
        ask_for(&browser, &format!("{}lcm/", hub.url()));
        let told = failure(&browser);
        std::fs::write(&path, whole).unwrap();
        (told, large.requests() - before)
    };
    let (told, asked) = spoil("model_index.json", "\"unet\"", "\"transformer\"");
    assert!(told.contains("it has no UNet") && asked == 0, "{told}");
    let (told, asked) = spoil(
        "unet/config.json",
        "\"addition_embed_type\": null",
        "\"addition_embed_type\": \"text_time\"",
    );
    assert!(told.contains("addition_embed_type") && asked == 0, "{told}");
    let (told, asked) = spoil(
        "unet/config.json",
        "\"conv_in_kernel\": 5",
        "\"conv_in_kernel\": 3",
    );
    assert!(
        told.contains("conv_in.weight") && told.contains("expected"),
        "{told}"
    );
    // Of the text encoder and the UNet: a look for half precision, and the header in two pieces.
    assert_eq!(asked, 6);
    // A server without Range requests.
    large.fail(".safetensors", Fault::Whole, usize::MAX);
    ask_for(&browser, &format!("{}lcm/", hub.url()));
    let told = failure(&browser);
    assert!(told.contains("only as a whole"), "{told}");
    // A single file of weights.
    ask_for(&browser, &format!("{}lcm/{unet}", hub.url()));
    assert!(text(&browser, "#model-refused").contains("single file"));
    let _ = std::fs::remove_dir_all(&models);
}

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn models_come_from_the_visitors_disk() {
    let site = Site::serve("dist");
    let browser = Browser::start();
    browser.viewport(1440, 1000);
    browser.open(&site.url());
    wait(&browser, "the engine", &engine_state("ready"));
    browser.run("document.getElementById('library').open = true; return true");
    let root = std::env::current_dir().unwrap();
    let folder = root.join("tests/fixtures/pipelines/lcm");
    let before = site.requests();
    browser.upload("model-folder", folder.to_str().unwrap());
    wait(&browser, "the folder's model", &named("lcm (q8)"));
    assert!(all_kept(&browser, &packed(&folder, Precision::Q8)));
    axe::check(&browser, "a model of this computer");
    // Nothing but the engine's own program is asked for.
    let asked = site.asked_since(before);
    assert!(!asked.iter().any(|r| r.contains("lcm")), "{asked:?}");
    // Without the folder, as long as it is kept.
    browser.open(&site.url());
    wait(&browser, "the next visit", &named("lcm (q8)"));
    browser.run("document.getElementById('library').open = true; return true");
    let remove = "const b = document.querySelectorAll('.library-remove'); const n = [...b].find((x) => x.ariaLabel.includes('lcm (q8)')); if (!n) return false; n.click(); return true";
    wait(&browser, "its row", remove);
    wait(
        &browser,
        "its removal",
        "return !document.querySelector('#library-table')?.innerText.includes('lcm (q8)')",
    );
    browser.open(&site.url());
    let told = failure(&browser);
    assert!(told.contains("not at hand any more"), "{told}");
    browser.screenshot("files-not-at-hand");

    // A packed model in an archive, as the page exports it.
    let archive = scratch("archive").with_extension("tar");
    let made = (Command::new("tar").arg("-cf").arg(&archive))
        .args(["-C", "tests/fixtures/tiny-lcm", "."])
        .status();
    assert!(made.unwrap().success());
    browser.run("document.getElementById('library').open = true; return true");
    browser.upload("model-archive", archive.to_str().unwrap());
    wait(&browser, "the archive's model", &named("Tiny LCM"));

    // No model at all.
    let other = root.join("tests/fixtures/physics");
    browser.upload("model-folder", other.to_str().unwrap());
    let told = failure(&browser);
    assert!(told.contains("holds no model"), "{told}");
    browser.run("document.getElementById('own-model').click(); return true");
    wait(&browser, "the site's model", &named("Emoji LCM"));
    let _ = std::fs::remove_file(&archive);
}
