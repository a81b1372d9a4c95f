//! A blur kernel that is drawn or loaded.

use super::solvers::{no_console_errors, open, run};
use super::*;

const CONTROL: char = '\u{e009}';
const LEFT: char = '\u{e012}';

/// A picture of the fixtures: `even` is white, 4 x 2; `black` 5 x 5; `large` white, 200 x 9.
fn picture(name: &str) -> String {
    let path = std::fs::canonicalize(format!("tests/fixtures/kernels/{name}.png")).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The measurement's pixels, once they are others than `before`.
fn measured(browser: &Browser, before: &serde_json::Value) -> serde_json::Value {
    let read = "const c = document.querySelector('.panes canvas');
        const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
        let sum = 0; for (let i = 0; i < d.length; i++) sum = (sum * 31 + d[i]) % 1e9;
        return [c.width, sum]";
    let begun = Instant::now();
    loop {
        let now = browser.run(read);
        if now != *before {
            return now;
        }
        assert!(begun.elapsed() < PATIENCE, "the measurement stays {before}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn a_kernel_is_drawn_and_loaded() {
    let site = Site::serve("dist");
    let browser = open(&site);
    let before = measured(&browser, &json!(null));
    set(&browser, "task", "blur");
    wait(
        &browser,
        "the editor",
        "return !!document.getElementById('kernel')",
    );
    let first = measured(&browser, &before);
    let sum = number(&browser, "kernel-facts");
    assert!(sum > 1.0, "the first kernel weighs {sum}");

    // The keyboard alone: clear, one pixel at the origin, and it is no blur any more.
    browser.run("document.getElementById('kernel-clear').click(); return true");
    assert_eq!(number(&browser, "kernel-facts"), 0.0);
    assert!(text(&browser, "#kernel-error").contains("black"));
    set(&browser, "kernel-size", "1");
    browser.run("document.getElementById('kernel').focus(); return true");
    browser.keys(&[], &[' ']);
    assert_eq!(number(&browser, "kernel-facts"), 1.0);
    assert_eq!(text(&browser, "#kernel-error"), "");
    assert!(!text(&browser, "#kernel-facts").contains("moves"));
    let point = measured(&browser, &first);
    // Two pixels to the left: the picture moves.
    browser.keys(&[], &[LEFT, LEFT, ' ']);
    assert!(text(&browser, "#kernel-facts").contains("1.0 px to the left"));
    let two = measured(&browser, &point);
    browser.keys(&[CONTROL], &['z']);
    assert_eq!(number(&browser, "kernel-facts"), 1.0);
    // Drawn with a pointer.
    let frame = browser.run(
        "const e = document.getElementById('kernel'); e.scrollIntoView({ block: 'center' });
         const r = e.getBoundingClientRect(); return [r.left, r.top, r.width]",
    );
    let frame: Vec<f64> = serde_json::from_value(frame).unwrap();
    let at = |x: f64, y: f64| (frame[0] + x * frame[2], frame[1] + y * frame[2]);
    browser.drag("mouse", &[at(0.2, 0.5), at(0.8, 0.5)]);
    assert!(number(&browser, "kernel-facts") > 5.0);
    let drawn = measured(&browser, &two);
    browser.screenshot("kernel");
    // An even side keeps what is drawn.
    set(&browser, "kernel-side", "16");
    assert!(text(&browser, "#kernel-facts").starts_with("16 x 16"));

    // Loaded: even, not square.
    browser.upload("kernel-file", &picture("even"));
    wait(
        &browser,
        "the kernel",
        "return document.getElementById('kernel-facts').innerText.startsWith('4 x 2')",
    );
    assert_eq!(number(&browser, "kernel-facts"), 8.0);
    let loaded = measured(&browser, &drawn);
    // Black and too large ones are refused with a reason, and the kernel stays.
    for (file, said) in [(picture("black"), "black"), (picture("large"), "200 x 9")] {
        browser.upload("kernel-file", &file);
        wait(
            &browser,
            said,
            &format!("return document.getElementById('kernel-error').innerText.includes('{said}')"),
        );
        assert_eq!(number(&browser, "kernel-facts"), 8.0);
    }
    assert_eq!(measured(&browser, &drawn), loaded);

    // It serves every part of a chain that asks for it, with another border, and restores.
    // With an unknown border the measurement is smaller.
    set(&browser, "boundary", "free");
    wait(
        &browser,
        "the smaller measurement",
        "return document.querySelector('.panes canvas').width === 125",
    );
    set(&browser, "boundary", "reflect");
    wait(
        &browser,
        "the whole measurement",
        "return document.querySelector('.panes canvas').width === 128",
    );
    set(&browser, "then", "super-resolution");
    set(&browser, "then-factor", "2");
    wait(
        &browser,
        "the small measurement",
        "return document.querySelector('.panes canvas').width === 64",
    );
    std::thread::sleep(Duration::from_millis(1500));
    run(&browser, &site, "run");
    let (blurred, restored) = (
        number(&browser, "metric-residual-baseline"),
        number(&browser, "metric-residual-result"),
    );
    println!("own kernel: residual {blurred:.4} without a prior, {restored:.4} restored");
    assert!(restored < 0.05, "{restored}");
    no_console_errors(&browser);
}

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn numbers_beyond_the_sliders_and_wrong_ones() {
    let site = Site::serve("dist");
    let browser = open(&site);
    let before = measured(&browser, &json!(null));
    set(&browser, "task", "gaussian-blur");
    let usual = measured(&browser, &before);
    // The engine takes more than the slider shows.
    set(&browser, "sigma-number", "25");
    let wide = measured(&browser, &usual);
    let slider = browser.run("return document.getElementById('sigma').value");
    assert_eq!(slider, json!("8"));
    for wrong in ["0", "61", "much"] {
        set(&browser, "sigma-number", wrong);
        let said = text(&browser, "#sigma-error");
        assert!(said.contains("0.1 to 60"), "{wrong}: {said}");
        let invalid = browser
            .run("return document.getElementById('sigma-number').getAttribute('aria-invalid')");
        assert_eq!(invalid, json!("true"));
    }
    std::thread::sleep(Duration::from_millis(800));
    set(&browser, "sigma", "3");
    assert_eq!(
        text(&browser, "#sigma-error"),
        "",
        "the slider makes it right"
    );
    let back = measured(&browser, &wide);
    set(&browser, "noise-model", "poisson");
    set(&browser, "peak-number", "7.5");
    measured(&browser, &back);
    let peak = browser.run("return document.getElementById('peak-number').value");
    assert_eq!(peak, json!("7.5"));

    // JPEG is not linear: nothing can follow it, and the field says so.
    set(&browser, "task", "jpeg");
    set(&browser, "then", "bayer");
    assert!(text(&browser, "#then-error").contains("last"));
    set(&browser, "then", "none");
    assert_eq!(
        browser.run("return document.getElementById('then-error').innerText"),
        json!("")
    );
    // Small pictures that are brought were made by image software.
    set(&browser, "task", "super-resolution");
    let grid = || browser.run("return document.getElementById('sr-grid').value");
    assert_eq!(grid(), json!("published"));
    browser.run("document.getElementById('measured').click(); return true");
    assert_eq!(grid(), json!("centred"));
    browser.viewport(390, 844);
    browser.run("document.getElementById('task').scrollIntoView(); return true");
    browser.screenshot("numbers-phone");
    let wide = browser.run("return document.documentElement.scrollWidth <= innerWidth");
    assert_eq!(wide, json!(true));
    no_console_errors(&browser);
}
