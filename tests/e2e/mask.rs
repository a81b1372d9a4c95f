//! Inpainting with a mask that the visitor paints.

use super::*;

const CONTROL: char = '\u{e009}';
const SHIFT: char = '\u{e008}';
const UP: char = '\u{e013}';

fn share(browser: &Browser) -> f64 {
    number(browser, "mask-share")
}

/// The PSNR in dB of a picture on the page against the truth's, and of the measurement's: from the canvases.
fn psnr(browser: &Browser, canvas: &str) -> f64 {
    let script = format!(
        "const read = (c) => c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
         const panes = document.querySelectorAll('.panes canvas');
         const a = read(document.querySelector('{canvas}')), b = read(panes[2]);
         let sum = 0, n = 0;
         for (let i = 0; i < b.length; i++) if (i % 4 !== 3) {{ sum += (a[i] - b[i]) ** 2; n++; }}
         return -10 * Math.log10(sum / n / 255 ** 2)"
    );
    browser.run(&script).as_f64().unwrap()
}

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn a_painted_mask_is_inpainted() {
    let site = Site::serve("dist");
    let browser = Browser::start();
    browser.viewport(1440, 1000);
    browser.open(&site.url());
    on_the_cpu(&browser);
    browser.run("document.getElementById('sample-3').click(); return true");
    set(&browser, "task", "inpainting");
    set(&browser, "hole", "own");
    wait(
        &browser,
        "the mask editor",
        "return !!document.getElementById('mask')",
    );
    assert_eq!(share(&browser), 0.0, "a new mask hides nothing");

    let frame = browser.run(
        "const e = document.getElementById('mask'); e.scrollIntoView({ block: 'center' });
         const r = e.getBoundingClientRect(); return [r.left, r.top, r.width]",
    );
    let frame: Vec<f64> = serde_json::from_value(frame).unwrap();
    let at = |x: f64, y: f64| (frame[0] + x * frame[2], frame[1] + y * frame[2]);
    browser.drag("mouse", &[at(0.2, 0.2), at(0.5, 0.25), at(0.8, 0.2)]);
    let painted = share(&browser);
    assert!(
        (0.02..0.2).contains(&painted),
        "a stroke of 12 pixels over 60 % of the width hides {painted}"
    );
    // A stroke is one change; the editor has the keyboard after it.
    browser.keys(&[CONTROL], &['z']);
    assert_eq!(share(&browser), 0.0, "undone");
    browser.keys(&[CONTROL, SHIFT], &['z']);
    assert_eq!(share(&browser), painted, "made again");
    browser.keys(&[CONTROL], &['z']);
    browser.keys(&[CONTROL], &['y']);
    assert_eq!(share(&browser), painted, "made again with the other key");
    // A finger paints more, the eraser takes some away.
    browser.drag("touch", &[at(0.2, 0.8), at(0.8, 0.8)]);
    let two = share(&browser);
    assert!(two > painted, "{painted}, then {two}");
    browser.keys(&[], &['e']);
    browser.drag("mouse", &[at(0.2, 0.8), at(0.3, 0.8)]);
    let erased = share(&browser);
    assert!((painted..two).contains(&erased), "{two}, then {erased}");
    browser.keys(&[], &['e']);
    // The keyboard alone: smaller brush, sixteen pixels up, Space.
    browser.keys(&[], &['[', '[']);
    assert_eq!(
        browser.run("return document.getElementById('mask-size').value"),
        json!("8")
    );
    browser.keys(&[SHIFT], &[UP, UP]);
    browser.keys(&[], &[' ']);
    assert!(share(&browser) > erased, "Space paints");
    let kept = share(&browser);
    browser.run("document.getElementById('mask-invert').click(); return true");
    assert!((share(&browser) - (1.0 - kept)).abs() < 1e-9, "inverted");
    browser.run("document.getElementById('mask-undo').click(); return true");
    assert_eq!(share(&browser), kept);
    browser.screenshot("mask");

    std::thread::sleep(Duration::from_millis(1500));
    browser.run("document.getElementById('run').click(); return true");
    wait(
        &browser,
        "the inpainting",
        "return !!document.getElementById('metric-psnr-result')?.dataset.value || !!document.getElementById('error').innerText.trim()",
    );
    browser.screenshot("inpainted");
    let error = browser.run("return document.getElementById('error').innerText.trim() || null");
    assert!(error.is_null(), "the page reports: {error}");
    let (measured, restored) = (
        psnr(&browser, ".panes canvas"),
        psnr(&browser, "#compare > canvas"),
    );
    println!("painted mask: PSNR {measured:.2} dB with holes, {restored:.2} dB restored");
    assert!(
        restored > measured + 3.0,
        "no gain: {measured:.2} to {restored:.2} dB"
    );
    // The known pixels agree with the measurement as closely as its noise allows.
    let residual = number(&browser, "metric-residual-result");
    assert!(residual < 0.03, "residual {residual}");
    let errors = browser.console_errors();
    assert!(errors.is_empty(), "console errors: {errors:#?}");
}
