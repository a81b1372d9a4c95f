//! WCAG 2.2 A and AA as far as axe can see, in the main states and both themes.

use super::*;

/// axe-core 4.14.1 (MPL-2.0), unchanged.
const AXE: &str = include_str!("../vendor/axe/axe.min.js");

/// Looks at what is on the page; every violation is told with its places.
pub fn check(browser: &Browser, what: &str) {
    if browser.run("return typeof axe === 'undefined'") == json!(true) {
        // As a script of the driver's, which the page's policy does not concern.
        browser.run(&format!("{AXE}; window.axe = axe; return true"));
    }
    for theme in ["light", "dark"] {
        browser.run(&format!(
            "document.documentElement.dataset.theme = '{theme}'; return true"
        ));
        let found = browser.run_async(
            "const { violations } = await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
             return violations.map((v) => [v.id, v.help, ...v.nodes.slice(0, 4).map((n) => n.html.slice(0, 160) + ' ' + (n.any[0]?.message ?? ''))])",
        );
        assert_eq!(found, json!([]), "{what}, {theme}: {found:#}");
    }
}

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn axe_finds_nothing() {
    let site = Site::serve("dist");
    let browser = Browser::start();
    browser.viewport(1440, 1000);
    browser.open(&site.url());
    on_the_cpu(&browser);
    wait(
        &browser,
        "the preview",
        "return !!document.getElementById('metric-psnr-baseline')?.dataset.value",
    );
    browser.run(
        "document.querySelectorAll('details').forEach((d) => { d.open = true; }); return true",
    );
    check(&browser, "before a run");
    set(&browser, "steps", "2");
    set(&browser, "samples", "2");
    std::thread::sleep(Duration::from_millis(1500));
    browser.run("document.getElementById('run').click(); return true");
    wait(
        &browser,
        "the result",
        "return !!document.getElementById('metric-psnr-mean')?.dataset.value",
    );
    browser.run(
        "document.querySelectorAll('details').forEach((d) => { d.open = true; }); return true",
    );
    check(&browser, "after a run");
    set(&browser, "way", "difference");
    set(&browser, "reference", "truth");
    check(&browser, "the difference");
    set(&browser, "way", "side");
    set(&browser, "task", "inpainting");
    set(&browser, "hole", "own");
    browser.run("document.getElementById('measured').click(); return true");
    wait(
        &browser,
        "the mask",
        "return !!document.getElementById('mask')",
    );
    check(&browser, "side by side, with a mask");
    browser.run("document.getElementById('lecture-open').click(); return true");
    wait(
        &browser,
        "the choice",
        "return !!document.getElementById('talk-noise')",
    );
    check(&browser, "the lectures");
    browser.run("document.getElementById('talk-noise').click(); return true");
    wait(
        &browser,
        "the introduction",
        "return document.documentElement.dataset.engine === 'ready' && document.querySelectorAll('.lecture-intro canvas').length === 2",
    );
    check(&browser, "an introduction");
    std::thread::sleep(Duration::from_millis(1500));
    browser.run("document.getElementById('lecture-next').click(); return true");
    wait(
        &browser,
        "the first part",
        "return !!document.getElementById('lecture-place')",
    );
    check(&browser, "a part of a step");
}
