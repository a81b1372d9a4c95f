//! Lecture mode: the experiments part by part, with the keys of a presenter's remote.

use super::*;

const PAGE_DOWN: char = '\u{e00f}';
const PAGE_UP: char = '\u{e00e}';
const ESCAPE: char = '\u{e00c}';
const RIGHT: char = '\u{e014}';

fn place(browser: &Browser) -> String {
    text(browser, "#lecture-place")
}

/// Presses a key and waits for that place.
fn go(browser: &Browser, key: char, expected: &str) {
    browser.keys(&[], &[key]);
    wait(
        browser,
        expected,
        &format!(
            "return !!document.getElementById('lecture-place')?.innerText.startsWith('{expected}')"
        ),
    );
}

/// Opens an experiment and waits until its measurement is on the screen.
fn talk(browser: &Browser, key: &str) {
    browser.run(&format!(
        "document.getElementById('talk-{key}').click(); return true"
    ));
    wait(
        browser,
        "the introduction",
        "return document.documentElement.dataset.engine === 'ready' && document.querySelectorAll('.lecture-intro canvas').length === 2",
    );
    // The measurement that is shown is the new one's.
    std::thread::sleep(Duration::from_millis(1500));
}

fn pictures(browser: &Browser) -> u64 {
    browser
        .run("return document.querySelectorAll('.lecture-body .lecture-picture').length")
        .as_u64()
        .unwrap()
}

/// Lets all acts of an experiment run through and returns the seconds they took.
fn run_through(browser: &Browser, acts: usize) -> f64 {
    let begun = Instant::now();
    for _ in 0..acts {
        browser.keys(&[], &[PAGE_DOWN]);
        wait(browser, "the act", &engine_state("running"));
        let flows = browser.run("return document.getElementById('lecture-flow').innerText");
        if flows == json!("Run on") {
            browser.keys(&[], &['p']);
        }
        wait(browser, "the result", &engine_state("ready"));
        wait(
            browser,
            "the outcome",
            "return !!document.querySelector('.lecture-body > .lecture-row')",
        );
    }
    begun.elapsed().as_secs_f64()
}

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn a_lecture_is_held() {
    let site = Site::serve("dist");
    let browser = Browser::start();
    browser.viewport(1920, 1080);
    browser.open(&site.url());
    on_the_cpu(&browser);
    browser.run("document.getElementById('lecture-open').click(); return true");
    wait(
        &browser,
        "the choice",
        "return !!document.getElementById('talk-zoom')",
    );
    browser.screenshot("lecture-menu");
    // From here on nothing may come from the network but the samples' pictures.
    let requests = site.requests();

    // Part by part: the engine waits for every key.
    talk(&browser, "zoom");
    browser.screenshot("lecture-intro");
    go(&browser, PAGE_DOWN, "Encode: before step 1 of 8");
    std::thread::sleep(Duration::from_millis(1500));
    assert!(
        place(&browser).starts_with("Encode"),
        "the engine has not paused"
    );
    assert_eq!(
        browser.run("return document.documentElement.dataset.engine"),
        json!("running")
    );
    go(&browser, PAGE_DOWN, "Noise: step 1 of 8");
    go(&browser, RIGHT, "Consistency step: step 1 of 8");
    browser.screenshot("lecture-consistency");
    go(&browser, PAGE_DOWN, "Decode: step 1 of 8");
    go(&browser, ' ', "Prox: step 1 of 8");
    browser.screenshot("lecture-prox");
    assert!(text(&browser, ".lecture-numbers").contains("residual"));
    let formula = browser
        .run("return document.querySelector('.lecture-part .formula math').getBoundingClientRect().height");
    assert!(formula.as_f64().unwrap() > 20.0, "no formula is drawn");
    // What is on the screen really is what the formula acts on and makes.
    let same = browser.run(
        "const read = (c) => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.join();
         const [before, y, after] = document.querySelectorAll('.lecture-part canvas');
         return [read(before) === read(after), y.width, after.width]",
    );
    assert_eq!(same, json!([false, 8, 128]));

    // Back and on again without the engine; a parameter in the middle of the run.
    go(&browser, PAGE_UP, "Decode: step 1 of 8");
    go(&browser, PAGE_DOWN, "Prox: step 1 of 8");
    set(&browser, "lecture-weight", "-1");
    std::thread::sleep(Duration::from_millis(500));
    assert!(
        place(&browser).starts_with("Prox: step 1"),
        "a parameter is no key"
    );
    browser.keys(&[], &['b']);
    assert_eq!(
        browser.run("return !!document.getElementById('lecture-black')"),
        json!(true)
    );
    browser.keys(&[], &['b']);
    assert_eq!(
        browser.run("return !!document.getElementById('lecture-black')"),
        json!(false)
    );
    browser.run("document.activeElement.blur(); return true");
    browser.keys(&[], &['p']);
    wait(
        &browser,
        "the result",
        "return !!document.querySelector('.lecture-body > .lecture-row')",
    );
    browser.screenshot("lecture-outcome");
    assert!(text(&browser, ".lecture-body").contains("PSNR"));
    browser.keys(&[], &[PAGE_DOWN]);
    wait(
        &browser,
        "the lesson",
        "return !!document.querySelector('.lecture-body > .lecture-claim')",
    );

    // The others, each within a minute.
    for (key, acts, shown) in [
        ("noise", 1, 2),
        ("prompt", 2, 4),
        ("uncertainty", 1, 3),
        ("bias", 2, 4),
        // An edit is to differ from the truth, which is not shown beside it.
        ("edit", 2, 3),
    ] {
        browser.keys(&[], &['\u{e011}']);
        wait(
            &browser,
            "the choice",
            "return !!document.getElementById('talk-zoom')",
        );
        talk(&browser, key);
        let seconds = run_through(&browser, acts);
        println!("{key}: {seconds:.1} s");
        browser.screenshot(&format!("lecture-{key}-outcome"));
        browser.keys(&[], &[PAGE_DOWN]);
        wait(
            &browser,
            "the lesson",
            "return !!document.querySelector('.lecture-body > .lecture-claim')",
        );
        browser.screenshot(&format!("lecture-{key}"));
        assert_eq!(pictures(&browser), shown, "{key}");
        assert!(seconds < 60.0, "{key} took {seconds} s");
        let problem = text(&browser, ".lecture-problem");
        assert_eq!(problem, "", "{key}");
    }
    let sent: Vec<_> = site
        .asked_since(requests)
        .into_iter()
        .filter(|r| !r.contains("/samples/"))
        .collect();
    assert!(sent.is_empty(), "requests during a lecture: {sent:?}");

    // Out: the last experiment is in the workspace.
    browser.keys(&[], &[ESCAPE]);
    wait(
        &browser,
        "the workspace",
        "return !document.getElementById('lecture').open",
    );
    let prompt = browser.run("return document.getElementById('prompt').value");
    assert_eq!(
        prompt,
        json!("a drawing of a green pear on a white background")
    );
    let errors = browser.console_errors();
    assert!(errors.is_empty(), "console errors: {errors:#?}");
}
