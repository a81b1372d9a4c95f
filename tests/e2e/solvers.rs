//! Operators, posterior samples, LATINO-PRO and the comparison of solvers, on the CPU with few steps.

use super::*;

const RIGHT: char = '\u{e014}';

/// Keeps what the engine answers to previews, and the newest file that is offered.
const LISTEN: &str = "const Real = Worker;
    window.answers = [];
    window.Worker = class extends Real {
      constructor(...a) {
        super(...a);
        this.addEventListener('message', ({ data }) => {
          for (const kind of ['measured', 'failed']) {
            if (data[kind]) window.answers.push(data[kind].message ?? kind);
          }
        });
      }
    };
    const url = URL.createObjectURL;
    URL.createObjectURL = (blob) => { window.offered = blob; return url.call(URL, blob); };";

/// The page with the engine on the CPU, the raccoon and two steps.
pub(super) fn open(site: &Site) -> Browser {
    let browser = Browser::start();
    browser.viewport(1440, 1000);
    browser.before_pages(LISTEN);
    browser.open(&site.url());
    on_the_cpu(&browser);
    browser.run("document.getElementById('sample-7').click(); return true");
    wait(
        &browser,
        "the raccoon",
        "return document.getElementById('sample-7').getAttribute('aria-pressed') === 'true'",
    );
    set(&browser, "steps", "2");
    wait(
        &browser,
        "the preview",
        "return !!document.getElementById('metric-psnr-baseline')?.dataset.value",
    );
    // Changes are answered a moment later; nothing may be on its way when a run starts.
    std::thread::sleep(Duration::from_millis(1500));
    browser
}

/// Presses a button and waits for the engine to be ready again.
pub(super) fn run(browser: &Browser, site: &Site, button: &str) {
    let requests = site.requests();
    wait(browser, "the button", &enabled(button));
    browser.run(&format!(
        "document.getElementById('{button}').click(); return true"
    ));
    wait(browser, "the start", &engine_state("running"));
    wait(browser, "the end", &engine_state("ready"));
    let error = text(browser, "#error");
    assert_eq!(error, "", "the page reports a problem");
    let sent = site.asked_since(requests);
    assert!(sent.is_empty(), "requests during a run: {sent:?}");
}

pub(super) fn count(browser: &Browser, selector: &str) -> u64 {
    let script = format!("return document.querySelectorAll('{selector}').length");
    browser.run(&script).as_u64().unwrap()
}

/// Presses the button of that number among those which `selector` finds.
pub(super) fn press(browser: &Browser, selector: &str, index: usize) {
    browser.run(&format!(
        "document.querySelectorAll('{selector}')[{index}].click(); return true"
    ));
}

/// The pixels of the result in view.
fn result(browser: &Browser) -> serde_json::Value {
    browser.run(
        "const c = document.querySelector('#compare > canvas');
         return [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].join()",
    )
}

pub(super) fn no_console_errors(browser: &Browser) {
    let errors = browser.console_errors();
    assert!(errors.is_empty(), "console errors: {errors:#?}");
}

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn every_operator_and_noise_is_previewed() {
    let site = Site::serve("dist");
    let browser = open(&site);
    let answers = || {
        browser
            .run("return window.answers.length")
            .as_u64()
            .unwrap()
    };
    let previewed = |id: &str, value: &str| {
        let before = answers();
        set(&browser, id, value);
        wait(
            &browser,
            &format!("the preview of {value}"),
            &format!("return window.answers.length > {before}"),
        );
        let said = browser.run("return window.answers.at(-1)");
        assert_eq!(said, json!("measured"), "{value}");
    };
    let tasks =
        browser.run("return [...document.getElementById('task').options].map((o) => o.value)");
    let tasks: Vec<String> = serde_json::from_value(tasks).unwrap();
    assert!(tasks.len() >= 13, "{tasks:?}");
    for task in tasks.iter().filter(|t| *t != "denoising") {
        previewed("task", task);
    }
    for noise in ["poisson", "poisson-gaussian", "salt-pepper", "speckle"] {
        previewed("noise-model", noise);
    }

    // What cannot be read is said at its field in the engine's words, and never sent.
    let before = answers();
    set(&browser, "custom", "sharpen:amount=2");
    std::thread::sleep(Duration::from_millis(1500));
    assert!(text(&browser, "#custom-error").contains("gaussian-blur"));
    assert_eq!(
        (answers(), text(&browser, "#error")),
        (before, String::new())
    );
    // A composition: its measurement is half as large.
    previewed(
        "custom",
        "gaussian-blur:sigma=1.5 | super-resolution:factor=2",
    );
    assert_eq!(text(&browser, "#custom-error"), "");
    let side = browser.run("return document.querySelector('.panes canvas').width");
    assert_eq!(side, json!(64));

    // The noise of a picture that is taken as degraded.
    browser.run("document.getElementById('measured').click(); return true");
    wait(&browser, "the button", &enabled("estimate"));
    browser.run("document.getElementById('estimate').click(); return true");
    wait(
        &browser,
        "the estimate",
        "return document.getElementById('estimate-said').innerText.includes('sigma')",
    );
    let model = browser.run("return document.getElementById('noise-model').value");
    assert_eq!(model, json!("gaussian"), "what is estimated is filled in");
    no_console_errors(&browser);
}

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn samples_show_their_uncertainty() {
    let site = Site::serve("dist");
    let browser = open(&site);
    set(&browser, "samples", "3");
    assert!(text(&browser, "#cost").starts_with("6 network evaluations"));
    // While they come in, their mean and deviation are shown.
    browser.run(
        "const look = () => { const c = document.getElementById('running-count'); if (c) window.sofar = c.innerText; };
         new MutationObserver(look).observe(document.body, { subtree: true, childList: true, characterData: true });
         return true",
    );
    run(&browser, &site, "run");
    assert!(text(&browser, "#status").contains("6 network evaluations"));
    browser.screenshot("samples");
    let sofar = browser.run("return window.sofar ?? ''");
    assert!(sofar.as_str().unwrap().contains("of 3 samples"), "{sofar}");
    assert_eq!(count(&browser, "#running"), 0, "the whole view follows");
    // Coverage against nominal levels, and what the known truth says of the spread.
    assert_eq!(count(&browser, "#chart-coverage tbody tr"), 9);
    assert!(number(&browser, "calibration-verdict") > 0.0);
    assert_eq!(
        count(&browser, "#samples-view .thumb"),
        4,
        "three and the mean"
    );
    let (before, mean) = (
        number(&browser, "metric-psnr-baseline"),
        number(&browser, "metric-psnr-mean"),
    );
    assert!(
        mean > before,
        "the mean has {mean:.2} dB, {before:.2} before"
    );

    // A map of more than a few colours, on a scale that is not empty.
    let colours = browser.run(
        "const c = document.querySelector('#uncertainty-map canvas');
         const d = c.getContext('2d').getImageData(0, 0, c.width, c.height).data;
         const seen = new Set();
         for (let i = 0; i < d.length; i += 4) seen.add(d[i] << 16 | d[i + 1] << 8 | d[i + 2]);
         return [c.width, seen.size]",
    );
    assert_eq!(colours[0], json!(128));
    assert!(colours[1].as_u64().unwrap() > 20, "{colours}");
    let scale = browser.run("return Number(document.querySelector('.legend-marks').dataset.value)");
    assert!((0.001..=1.0).contains(&scale.as_f64().unwrap()), "{scale}");
    // Three samples cover half of what they would need to cover.
    let coverage = text(&browser, "#coverage");
    assert!(
        coverage.contains("90.0 %") && coverage.contains("50.0 %"),
        "{coverage}"
    );
    assert!(coverage.contains("lie inside"), "{coverage}");
    assert_eq!(
        count(&browser, "#uncertainty .pair .thumb"),
        4,
        "two components"
    );

    // The probe follows the arrow keys.
    browser.run("document.getElementById('probe-area').focus(); return true");
    browser.keys(&[], &[RIGHT, RIGHT]);
    let reading = text(&browser, "#probe");
    assert!(reading.starts_with("Pixel 66, 64: value "), "{reading}");
    assert!(
        reading.contains("interval") && reading.contains("of 255"),
        "{reading}"
    );
    assert!((0.0..0.5).contains(&number(&browser, "probe")));

    // The second sample in the big view, with its own steps below.
    press(&browser, "#samples-view .thumb", 1);
    assert_eq!(text(&browser, "#compare .at-right"), "Sample 2");
    assert!(text(&browser, "main").contains("Sample 2. Upper row"));
    assert_eq!(
        count(&browser, "#chart-residual .line-0 circle"),
        2 + 1,
        "two steps and the legend"
    );
    press(&browser, "#samples-view .thumb", 3);
    assert_eq!(text(&browser, "#compare .at-right"), "Mean");
    no_console_errors(&browser);
}

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn latino_pro_shows_its_iterations() {
    let site = Site::serve("dist");
    let browser = open(&site);
    set(&browser, "solver", "latino-pro");
    wait(
        &browser,
        "the settings",
        "return !!document.getElementById('pro-iterations')",
    );
    set(&browser, "pro-iterations", "2");
    set(&browser, "pro-chain", "2");
    set(&browser, "pro-frozen", "2");
    wait(
        &browser,
        "the frozen words",
        "return document.getElementById('frozen-words').textContent === 'Frozen: the start token, a.'",
    );
    run(&browser, &site, "run");
    browser.screenshot("latino-pro");
    assert!(text(&browser, "#status").contains("6 network evaluations"));
    assert_eq!(count(&browser, "#pro .strip li"), 2);
    // Every chart has a name, a description and its numbers as a table.
    for id in ["chart-distance", "chart-step", "chart-pro-residual"] {
        let named = browser.run(&format!(
            "const svg = document.querySelector('#{id} > svg');
             return svg.getAttribute('aria-labelledby').split(' ').every((i) => document.getElementById(i).textContent.length > 5)"
        ));
        assert_eq!(named, json!(true), "{id}");
        assert_eq!(count(&browser, &format!("#{id} tbody tr")), 2, "{id}");
    }
    let moved = browser.run(
        "return [...document.querySelectorAll('#chart-distance tbody td')].map((c) => Number(c.textContent))",
    );
    assert!(
        moved[0].as_f64().unwrap() > 0.0,
        "the prompt has not moved: {moved}"
    );
    let last = result(&browser);
    browser.run("document.getElementById('pro-ends').click(); return true");
    assert_eq!(text(&browser, "#compare .at-left"), "Iteration 1");
    assert_eq!(text(&browser, "#compare .at-right"), "Iteration 2");
    // LATINO under the first prompt, beside what was found under the last.
    run(&browser, &site, "pro-first");
    assert_eq!(
        text(&browser, "#compare .at-left"),
        "Under the first prompt"
    );
    assert!(text(&browser, "#pro-quality").contains("Last prompt"));
    assert_eq!(
        result(&browser),
        last,
        "the result is still that of LATINO-PRO"
    );
    assert_eq!(count(&browser, "#pro .strip li"), 2);
    // Going on starts from what was found: further from the start than the first time.
    run(&browser, &site, "pro-resume");
    let again = browser
        .run("return Number(document.querySelector('#chart-distance tbody td').textContent)");
    assert!(
        again.as_f64().unwrap() > moved[0].as_f64().unwrap(),
        "{again} {moved}"
    );
    no_console_errors(&browser);
}

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn solvers_are_compared() {
    let site = Site::serve("dist");
    let browser = open(&site);
    run(&browser, &site, "compare-solvers");
    browser.screenshot("comparison");
    let rows = browser.run(
        "return [...document.querySelectorAll('#comparison-table tbody tr')].map((row) =>
           [row.querySelector('th').innerText, ...[...row.querySelectorAll('td[data-value]')].map((c) => Number(c.dataset.value))])",
    );
    let rows: Vec<(String, f64, f64, f64, f64, f64)> = serde_json::from_value(rows).unwrap();
    for row in &rows {
        println!("{row:?}");
    }
    let names: Vec<_> = rows.iter().map(|r| r.0.as_str()).collect();
    assert_eq!(
        names,
        [
            "Pseudo-inverse",
            "Tikhonov",
            "Total variation",
            "DiffPIR",
            "LATINO"
        ]
    );
    let evaluations: Vec<_> = rows.iter().map(|r| r.4).collect();
    assert_eq!(evaluations, [0.0, 0.0, 0.0, 2.0, 2.0]);
    // At this noise, edges are worth knowing about.
    assert!(rows[2].1 > rows[0].1 + 3.0, "total variation against none");

    press(&browser, "#comparison-table .thumb", 2);
    assert_eq!(text(&browser, "#compare .at-right"), "Total variation");
    assert_eq!(number(&browser, "metric-psnr-solver"), rows[2].1);
    assert!(text(&browser, "#status").starts_with("Compared 5 solvers"));
    browser.run("document.getElementById('csv').click(); return true");
    let csv = browser.run("return window.offered.text()");
    let lines: Vec<&str> = csv.as_str().unwrap().lines().collect();
    assert_eq!(lines.len(), 6, "{csv}");
    assert!(lines[0].starts_with("solver,psnr_db,ssim"));
    assert!(lines[5].starts_with("LATINO,"));

    // Another seed is another measurement: the table does not outlive it.
    set(&browser, "seed", "99");
    wait(
        &browser,
        "the new measurement",
        "return !document.getElementById('comparison-table')",
    );
    no_console_errors(&browser);
}

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn a_result_is_edited() {
    let site = Site::serve("dist");
    let browser = open(&site);
    run(&browser, &site, "run");
    set(&browser, "edit-to", "a drawing of a purple dog");
    let before = result(&browser);
    // A word that the new description does not say cannot stay.
    set(&browser, "edit-stay", "raccoon");
    wait(&browser, "the button", &enabled("edit"));
    browser.run("document.getElementById('edit').click(); return true");
    wait(
        &browser,
        "the reason",
        "return document.getElementById('error').innerText.includes('raccoon')",
    );
    wait(&browser, "the end", &engine_state("ready"));
    let kept = result(&browser);
    assert_eq!(kept, before, "the result outlives an edit that fails");
    set(&browser, "edit-stay", "drawing");
    set(&browser, "edit-iterations", "1");
    set(&browser, "edit-tolerance", "0.5");
    wait(&browser, "the button", &enabled("edit"));
    run(&browser, &site, "edit");
    browser.screenshot("edited");
    // One iteration of four evaluations, and the last run of two steps.
    assert!(text(&browser, "#status").contains("6 network evaluations"));
    assert_eq!(count(&browser, "#pro .strip li"), 1);
    // The picture before the edit is what it is compared with.
    assert_eq!(text(&browser, "#compare .at-left"), "Before the edit");
    let left = browser.run(
        "const c = document.querySelector('#compare .compare-left canvas');
         return [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].join()",
    );
    assert_eq!(left, before);
    no_console_errors(&browser);
}
