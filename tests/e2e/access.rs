//! Keyboard alone, and narrow screens.

use super::*;

const TAB: char = '\u{e004}';
const ENTER: char = '\u{e007}';
const END: char = '\u{e010}';
const HOME: char = '\u{e011}';
const LEFT: char = '\u{e012}';
const RIGHT: char = '\u{e014}';

/// Presses Tab until the element `id` has the focus; every stop on the way must be visible as such.
fn tab_to(browser: &Browser, id: &str) {
    for _ in 0..120 {
        browser.keys(&[], &[TAB]);
        // Two controls lie hidden over or beside what stands for them; that is outlined instead.
        let stop = browser.run(
            "const e = document.activeElement, s = (x) => getComputedStyle(x).outlineStyle;
             const shown = e.type === 'file' ? e.nextElementSibling : e.id === 'compare-slider' ? e.parentElement : e;
             return [e.id, e === document.body || s(shown) !== 'none', e.outerHTML.slice(0, 120)]",
        );
        assert_eq!(stop[1], json!(true), "no visible focus on {}", stop[2]);
        if stop[0] == json!(id) {
            return;
        }
    }
    panic!("{id} cannot be reached with Tab");
}

fn value(browser: &Browser, id: &str) -> serde_json::Value {
    browser.run(&format!("return document.getElementById('{id}').value"))
}

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn the_keyboard_is_enough() {
    let site = Site::serve("dist");
    let browser = Browser::start();
    browser.viewport(1440, 1000);
    browser.open(&site.url());
    wait(&browser, "the engine", &engine_state("ready"));
    tab_to(&browser, "sample-7");
    browser.keys(&[], &[ENTER]);
    wait(
        &browser,
        "the raccoon",
        "return document.getElementById('sample-7').getAttribute('aria-pressed') === 'true'",
    );
    tab_to(&browser, "steps");
    browser.keys(&[], &[HOME, RIGHT]);
    assert_eq!(value(&browser, "steps"), json!("2"));
    tab_to(&browser, "run");
    wait(&browser, "the button", &enabled("run"));
    browser.keys(&[], &[ENTER]);
    wait(
        &browser,
        "the restoration",
        "return !!document.getElementById('metric-psnr-result')?.dataset.value",
    );
    assert_eq!(
        browser.run("return document.activeElement.id"),
        json!("run"),
        "the focus stays where it was"
    );
    tab_to(&browser, "compare-slider");
    for (key, expected) in [(HOME, "0"), (END, "100"), (LEFT, "99")] {
        browser.keys(&[], &[key]);
        assert_eq!(value(&browser, "compare-slider"), json!(expected));
    }
    browser.screenshot("keyboard");
    tab_to(&browser, "save");
}

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn narrow_screens_need_no_sideways_scrolling() {
    let site = Site::serve("dist");
    let browser = Browser::start();
    browser.open(&site.url());
    wait(&browser, "the engine", &engine_state("ready"));
    set(&browser, "task", "inpainting");
    set(&browser, "hole", "own");
    wait(
        &browser,
        "the preview",
        "return !!document.getElementById('metric-psnr-baseline')?.dataset.value",
    );
    for (width, height) in [(320, 640), (360, 740), (390, 844), (1440, 1000)] {
        browser.viewport(width, height);
        browser.run("scrollTo(0, 0); return true");
        browser.screenshot(&format!("width-{width}"));
        let wide = browser.run("return [document.documentElement.scrollWidth, innerWidth]");
        assert!(
            wide[0].as_f64() <= wide[1].as_f64(),
            "{width} pixels: the page is {} wide",
            wide[0]
        );
        let bottom = browser.run(
            "return document.getElementById('run').getBoundingClientRect().bottom / innerHeight",
        );
        assert!(
            bottom.as_f64().unwrap() <= 1.0,
            "{width} pixels: the run button is out of sight"
        );
        // WCAG 2.5.8. File inputs and the divider are hidden behind larger targets, radios lie in labels.
        let small = browser.run(
            "return [...document.querySelectorAll('main button, main select, main input, main summary, main label.button')]
               .filter((e) => e.offsetParent && e.type !== 'file' && e.type !== 'radio')
               .filter((e) => { const r = e.getBoundingClientRect(); return r.width < 24 || r.height < 24; })
               .map((e) => e.outerHTML.slice(0, 100))",
        );
        assert_eq!(small, json!([]), "{width} pixels: targets below 24 pixels");
    }
}
