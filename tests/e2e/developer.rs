//! The developer panel.

use super::*;

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn the_developer_panel_says_where_the_time_goes() {
    let site = Site::serve("dist");
    let browser = Browser::start();
    browser.viewport(1440, 1000);
    browser.open(&site.url());
    wait(&browser, "the engine", &engine_state("ready"));
    // The offline copy of the page is fetched beside it on the first visit.
    browser.run("return navigator.serviceWorker.ready.then(() => true)");
    let open = "return document.getElementById('developer').open";
    assert_eq!(browser.run(open), json!(false), "closed to visitors");
    browser.run("document.getElementById('developer-title').click(); return true");
    for device in ["cpu", "gpu"] {
        set(&browser, "device", device);
        wait(
            &browser,
            &format!("the engine on {device}"),
            &format!(
                "const d = document.documentElement.dataset; return d.engine === 'ready' && d.device === '{device}'"
            ),
        );
        wait(&browser, "the button", &enabled("profile"));
        let requests = site.requests();
        browser.run("document.getElementById('profile').focus(); return true");
        browser.keys(&[], &['\u{e007}']);
        wait(&browser, "the start", &engine_state("profiling"));
        assert!(
            browser.run(
                "return document.getElementById('run').getAttribute('aria-disabled') === 'true'"
            ) == json!(true),
            "no restoration while measuring"
        );
        wait(
            &browser,
            &format!("the profile on {device}"),
            &engine_state("ready"),
        );
        // Every network, and more than one block of the UNet, with times above zero, or below what
        // the browser's clock can tell.
        let rows = browser.run(
            "return [...document.querySelectorAll('#profile-table tbody')].map((body) =>
               [body.dataset.network, body.rows.length, [...body.rows].every((r) => Number(r.dataset.seconds) > 0 || r.cells[2].innerText.startsWith('< 0.')),
                Number(body.rows[0].dataset.seconds) > 0])",
        );
        println!("{device}: {rows}");
        let names = ["Text encoder", "UNet", "Encoder", "Decoder"];
        for (row, name) in rows.as_array().unwrap().iter().zip(names) {
            assert_eq!(row[0], json!(name));
            assert_eq!(row[2], json!(true), "{name}: a block's time is 0");
            assert_eq!(row[3], json!(true), "{name}: the time is 0");
        }
        assert_eq!(rows[1][1], json!(8), "the UNet and its 7 blocks");
        let kernels =
            browser.run("return document.querySelectorAll('#kernel-table tbody tr').length");
        assert_eq!(
            kernels.as_u64().unwrap() > 5,
            device == "gpu",
            "{device}: {kernels} kernels"
        );
        assert_eq!(
            browser.run("return document.activeElement.id"),
            json!("profile"),
            "the focus stays where it was"
        );
        let sent = site.asked_since(requests);
        assert!(sent.is_empty(), "measuring asks for nothing: {sent:?}");
        browser.run("document.getElementById('developer').scrollIntoView(); return true");
        browser.screenshot(&format!("developer-{device}"));
        if device == "cpu" {
            assert_eq!(
                browser.run("return !document.getElementById('kernel-table')"),
                json!(true)
            );
        }
    }
    // Measuring can be stopped, and the page goes on.
    browser.run("document.getElementById('profile').click(); return true");
    wait(&browser, "the start", &engine_state("profiling"));
    browser.run("document.getElementById('profile').click(); return true");
    wait(&browser, "the end", &engine_state("ready"));
    let error = browser.run("return document.getElementById('error')?.innerText.trim() || null");
    assert!(error.is_null(), "stopping is no error: {error}");
    for (width, height) in [(320, 640), (390, 844)] {
        browser.viewport(width, height);
        let wide = browser.run("return [document.documentElement.scrollWidth, innerWidth]");
        assert!(
            wide[0].as_f64() <= wide[1].as_f64(),
            "{width} pixels: the page is {} wide",
            wide[0]
        );
    }
    browser.screenshot("developer-phone");
    let errors = browser.console_errors();
    assert!(errors.is_empty(), "console errors: {errors:#?}");
}
