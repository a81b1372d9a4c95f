//! An experiment as a file that reopens exactly, and as a link.

use super::*;

/// Keeps the newest file that is offered.
const LISTEN: &str = "const url = URL.createObjectURL;
    URL.createObjectURL = (blob) => { window.offered = blob; return url.call(URL, blob); };";

/// The pixels of the pictures in view, as one number each.
const PIXELS: &str = "return [...document.querySelectorAll('#compare canvas, .panes canvas, .strip canvas')].map((c) => {
      let sum = c.width;
      for (const v of c.getContext('2d').getImageData(0, 0, c.width, c.height).data) sum = (sum * 31 + v) % 1000000007;
      return sum;
    })";

fn settings(browser: &Browser) -> serde_json::Value {
    browser.run(
        "return ['task', 'factor', 'noise', 'prompt', 'solver', 'steps', 'samples', 'seed', 'start', 'init', 'rule', 'output']
           .map((id) => document.getElementById(id)?.value ?? null)",
    )
}

fn open(site: &Site, hash: &str) -> Browser {
    let browser = Browser::start();
    browser.viewport(1440, 1000);
    browser.before_pages(LISTEN);
    browser.open(&format!("{}{hash}", site.url()));
    on_the_cpu(&browser);
    wait(
        &browser,
        "the preview",
        "return !!document.getElementById('metric-psnr-baseline')?.dataset.value",
    );
    std::thread::sleep(Duration::from_millis(1500));
    browser
}

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn an_experiment_reopens_exactly_and_travels_as_a_link() {
    let site = Site::serve("dist");
    let browser = open(&site, "");
    browser.run("document.getElementById('sample-2').click(); return true");
    for (id, value) in [
        ("task", "super-resolution"),
        ("factor", "4"),
        ("noise", "0.05"),
        ("prompt", "a rooster, drawn & coloured"),
        ("steps", "2"),
        ("samples", "2"),
        ("seed", "4242"),
        ("start", "499"),
        ("rule", "discrepancy"),
    ] {
        set(&browser, id, value);
    }
    std::thread::sleep(Duration::from_millis(1500));
    wait(&browser, "the button", &enabled("run"));
    browser.run("document.getElementById('run').click(); return true");
    wait(
        &browser,
        "the result",
        "return !!document.getElementById('metric-psnr-mean')?.dataset.value",
    );
    let psnr = number(&browser, "metric-psnr-result");
    let (wanted, pixels) = (settings(&browser), browser.run(PIXELS));
    assert!(pixels.as_array().unwrap().len() > 6, "{pixels}");
    let link = browser.run("return document.getElementById('link').value");
    let link = link.as_str().unwrap();
    assert!(link.contains("#experiment=1&sample=rooster.png"), "{link}");
    browser.run("document.getElementById('experiment-save').click(); return true");
    let bytes = browser.run_async("return [...new Uint8Array(await window.offered.arrayBuffer())]");
    let bytes: Vec<u8> = serde_json::from_value(bytes).unwrap();
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("e2e.latino");
    std::fs::write(&path, &bytes).unwrap();
    println!("the experiment's file has {} KB", bytes.len() / 1000);

    // Another visit, another device's page: the file alone brings everything back, without a run.
    let other = open(&site, "");
    let requests = site.requests();
    other.upload("experiment-file", path.to_str().unwrap());
    wait(
        &other,
        "the experiment",
        "return !!document.getElementById('metric-psnr-mean')?.dataset.value",
    );
    // Nothing replaces it a moment later.
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(number(&other, "metric-psnr-result"), psnr);
    assert_eq!(
        (settings(&other), other.run(PIXELS)),
        (wanted.clone(), pixels.clone())
    );
    assert!(site.asked_since(requests).is_empty());
    other.screenshot("reopened");
    // And the same settings give the same result again: the picture came back exactly.
    other.run("document.getElementById('run').click(); return true");
    wait(&other, "the start", &engine_state("running"));
    wait(&other, "the end", &engine_state("ready"));
    assert_eq!(number(&other, "metric-psnr-result"), psnr);

    // Damaged files are told as such.
    std::fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    other.upload("experiment-file", path.to_str().unwrap());
    wait(
        &other,
        "the message",
        "return document.getElementById('error').innerText.includes('damaged')",
    );
    drop(other);

    // The link brings the settings.
    let linked = open(&site, &link[link.find('#').unwrap()..]);
    assert_eq!(settings(&linked), wanted);
    let sample = linked.run("return document.querySelector('.sample[aria-pressed=true]').id");
    assert_eq!(sample, json!("sample-2"));
}

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn all_pictures_share_one_zoom() {
    let site = Site::serve("dist");
    let browser = open(&site, "");
    let zoomed = "return [...document.querySelectorAll('#result canvas')].map((c) => new DOMMatrix(getComputedStyle(c).transform).a)";
    let all = |scale: f64| {
        let scales: Vec<f64> = serde_json::from_value(browser.run(zoomed)).unwrap();
        assert!(scales.len() >= 4, "{scales:?}");
        assert!(
            scales.iter().all(|s| (s - scale).abs() < 1e-6),
            "{scales:?}, not {scale}"
        );
    };
    all(1.0);
    browser.run("document.getElementById('zoom-in').click(); return true");
    all(1.5);
    browser.run("document.getElementById('compare-slider').focus(); return true");
    browser.keys(&[], &['+']);
    all(2.25);
    browser.screenshot("zoomed");
    // Side by side, dragged together.
    set(&browser, "way", "side");
    all(2.25);
    let frame = browser.run("const r = document.querySelector('.side-pane').getBoundingClientRect(); return [r.left, r.top, r.width]");
    let frame: Vec<f64> = serde_json::from_value(frame).unwrap();
    let at = |x: f64| (frame[0] + x * frame[2], frame[1] + 0.5 * frame[2]);
    let left =
        "return Number(document.querySelector('.compare-views').style.getPropertyValue('--pan-x'))";
    let before = browser.run(left).as_f64().unwrap();
    browser.drag("mouse", &[at(0.8), at(0.3)]);
    let after = browser.run(left).as_f64().unwrap();
    assert!(
        (after - before - 0.5 / 2.25).abs() < 0.02,
        "{before} to {after}"
    );
    browser.screenshot("side-by-side");
    browser.run("document.getElementById('zoom-all').click(); return true");
    all(1.0);
    // The difference of the truth and the pseudo-inverse, read at a pixel.
    set(&browser, "way", "difference");
    set(&browser, "reference", "baseline");
    browser.run("document.getElementById('difference').focus(); return true");
    browser.keys(&[], &['\u{e014}']);
    let reading = browser.run("return document.getElementById('difference-probe').innerText");
    assert!(
        reading
            .as_str()
            .unwrap()
            .starts_with("Pixel 65, 64: red green blue"),
        "{reading}"
    );
    browser.screenshot("difference");
}
