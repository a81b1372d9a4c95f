//! Models from elsewhere: what the site's policy does not allow is not asked for, what another server does not share is told, and what it does
//! share is fetched, kept and used like the site's own.

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
        told.contains("manifest.json is not on the server (404)"),
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
    wait(
        &browser,
        "the site's model",
        "return document.documentElement.dataset.engine === 'ready' && document.getElementById('model-name')?.innerText.includes('Emoji LCM')",
    );
}
