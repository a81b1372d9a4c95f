//! Picture in: crop, camera; and the queue of jobs.

use super::*;

fn open(site: &Site) -> Browser {
    let browser = Browser::start();
    browser.viewport(1440, 1000);
    browser.open(&site.url());
    on_the_cpu(&browser);
    previewed(&browser);
    browser
}

fn previewed(browser: &Browser) {
    std::thread::sleep(Duration::from_millis(1500));
    wait(
        browser,
        "the preview",
        "return !!document.getElementById('metric-psnr-baseline')?.dataset.value",
    );
}

/// Mean colour of the truth's pane.
fn mean(browser: &Browser) -> Vec<f64> {
    let found = browser.run(
        "const c = document.querySelectorAll('.panes canvas')[2];
         const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
         const sum = [0, 0, 0];
         for (let i = 0; i < d.length; i += 4) for (let k = 0; k < 3; k++) sum[k] += d[i + k];
         return sum.map((s) => s / (d.length / 4))",
    );
    serde_json::from_value(found).unwrap()
}

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn pictures_are_cropped_and_taken_by_camera() {
    let site = Site::serve("dist");
    let browser = open(&site);
    // Red at the left, blue at the right, dropped as a file.
    browser.run_async(
        "const c = new OffscreenCanvas(400, 200), g = c.getContext('2d');
         g.fillStyle = '#f00'; g.fillRect(0, 0, 200, 200); g.fillStyle = '#00f'; g.fillRect(200, 0, 200, 200);
         const t = new DataTransfer(); t.items.add(new File([await c.convertToBlob()], 'two.png', { type: 'image/png' }));
         dispatchEvent(new DragEvent('drop', { dataTransfer: t, bubbles: true, cancelable: true })); return true",
    );
    wait(
        &browser,
        "the picture",
        "return document.querySelector('.crop figcaption').innerText.startsWith('two.png: 400 x 200 pixels, a square of 200 x 200')",
    );
    previewed(&browser);
    let half = mean(&browser);
    assert!(
        (half[0] - 127.5).abs() < 3.0 && (half[2] - 127.5).abs() < 3.0,
        "{half:?}"
    );
    set(&browser, "crop-x", "0");
    previewed(&browser);
    assert_eq!(mean(&browser), [255.0, 0.0, 0.0]);
    set(&browser, "crop-x", "100");
    set(&browser, "crop-size", "50");
    previewed(&browser);
    assert_eq!(mean(&browser), [0.0, 0.0, 255.0]);
    // The middle of the square follows the pointer.
    let frame = browser.run("const r = document.querySelector('.crop canvas').getBoundingClientRect(); return [r.left, r.top, r.width, r.height]");
    let frame: Vec<f64> = serde_json::from_value(frame).unwrap();
    let at = |x: f64| (frame[0] + x * frame[2], frame[1] + 0.5 * frame[3]);
    browser.drag("mouse", &[at(0.8), at(0.2)]);
    previewed(&browser);
    assert_eq!(mean(&browser), [255.0, 0.0, 0.0]);
    browser.run("document.getElementById('crop-whole').click(); return true");
    previewed(&browser);
    // Half of the square is white.
    let whole = mean(&browser);
    assert!((whole[1] - 127.5).abs() < 3.0, "{whole:?}");
    browser.screenshot("crop");

    // Chromium's test picture stands for a camera.
    browser.run("document.getElementById('camera-open').click(); return true");
    wait(
        &browser,
        "the camera",
        "return document.getElementById('camera')?.videoWidth > 0",
    );
    browser.screenshot("camera");
    browser.run("document.getElementById('camera-take').click(); return true");
    wait(
        &browser,
        "its picture",
        "return !document.getElementById('camera') && document.querySelector('.crop figcaption').innerText.startsWith('camera picture')",
    );
    previewed(&browser);

    // A camera that may not be used is told as such.
    browser.run("navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('', 'NotAllowedError')); document.getElementById('camera-open').click(); return true");
    wait(
        &browser,
        "the message",
        "return document.getElementById('error').innerText.includes('may not be used')",
    );
}

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn jobs_wait_in_a_queue() {
    let site = Site::serve("dist");
    let browser = open(&site);
    set(&browser, "steps", "1");
    for seed in ["11", "12", "13"] {
        set(&browser, "seed", seed);
        browser.run("document.getElementById('queue-add').click(); return true");
    }
    let order = || text(&browser, "#queue ol");
    let places = |seeds: [&str; 3]| {
        let order = order();
        let at: Vec<_> = seeds
            .iter()
            .map(|s| order.find(&format!("seed {s}")))
            .collect();
        assert!(
            at.iter().all(Option::is_some) && at.is_sorted(),
            "{seeds:?}: {order}"
        );
    };
    places(["11", "12", "13"]);
    browser.run("document.getElementById('queue-up-3').click(); return true");
    places(["11", "13", "12"]);
    browser.run("document.getElementById('queue-down-1').click(); return true");
    places(["13", "11", "12"]);
    browser.run("document.getElementById('queue-remove-2').click(); return true");
    std::thread::sleep(Duration::from_millis(1500));
    browser.run("document.getElementById('queue-run').click(); return true");
    wait(
        &browser,
        "both results",
        "return document.querySelectorAll('#queue li canvas').length === 2 && document.documentElement.dataset.engine === 'ready'",
    );
    assert!(order().contains("dB"), "{}", order());
    browser.screenshot("queue");
    // The one that ran first, with its own settings.
    browser.run("document.getElementById('queue-show-3').click(); return true");
    wait(
        &browser,
        "its settings",
        "return document.getElementById('seed').value === '13' && !!document.getElementById('metric-psnr-result')?.dataset.value",
    );
    std::thread::sleep(Duration::from_millis(1500));
    assert!(
        number(&browser, "metric-psnr-result") > 0.0,
        "the result stays"
    );
}

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn screenshots_of_every_size_in_both_themes() {
    let site = Site::serve("dist");
    let browser = open(&site);
    set(&browser, "steps", "2");
    set(&browser, "samples", "2");
    previewed(&browser);
    browser.run("document.getElementById('run').click(); return true");
    wait(
        &browser,
        "the result",
        "return !!document.getElementById('metric-psnr-mean')?.dataset.value",
    );
    for (name, width, height) in [
        ("phone", 360, 740),
        ("laptop", 1366, 768),
        ("projector", 1920, 1080),
        ("4k", 3840, 2160),
    ] {
        browser.viewport(width, height);
        for theme in ["light", "dark"] {
            browser.run(&format!(
                "document.documentElement.dataset.theme = '{theme}'; scrollTo(0, 0); return true"
            ));
            browser.screenshot(&format!("size-{name}-{theme}"));
            browser.run("document.getElementById('result').scrollIntoView(); return true");
            browser.screenshot(&format!("size-{name}-{theme}-result"));
        }
        let wide = browser.run("return document.documentElement.scrollWidth - innerWidth");
        assert!(
            wide.as_f64().unwrap() <= 0.0,
            "{name}: {wide} pixels too wide"
        );
        browser.run("document.getElementById('help-open').click(); return true");
        browser.screenshot(&format!("size-{name}-help"));
        let fits = browser.run("const r = document.getElementById('help').getBoundingClientRect(); return r.left >= 0 && r.right <= innerWidth && r.bottom <= innerHeight");
        assert_eq!(fits, json!(true), "{name}: the help does not fit");
        browser.run("document.getElementById('help-close').click(); return true");
    }
    // High contrast as the system asks for it, and no motion.
    browser.viewport(1366, 768);
    browser.devtools(
        "Emulation.setEmulatedMedia",
        &json!({ "features": [{ "name": "forced-colors", "value": "active" }, { "name": "prefers-reduced-motion", "value": "reduce" }] }),
    );
    browser.run("document.getElementById('result').scrollIntoView(); return true");
    browser.screenshot("forced-colors");
    let moves = browser.run("return document.getAnimations().length");
    assert_eq!(moves, json!(0));
}
