//! How much the prompt decided.

use super::solvers::{count, no_console_errors, open, press, run};
use super::*;

#[test]
#[ignore = "needs the built site, Chromium and chromedriver; scripts/test.sh runs it"]
fn prompts_are_compared() {
    let site = Site::serve("dist");
    let browser = open(&site);
    // A hard task from the model's last timestep: there is something to decide.
    set(&browser, "task", "super-resolution");
    set(&browser, "factor", "16");
    set(&browser, "start", "999");
    std::thread::sleep(Duration::from_millis(1500));
    assert_eq!(count(&browser, "#prompts-plan input[type=text]"), 2);
    browser.run("document.getElementById('add-prompt').click(); return true");
    assert_eq!(count(&browser, "#prompts-plan input[type=text]"), 3);
    press(&browser, "#prompts-plan .seed button", 2);
    assert_eq!(count(&browser, "#prompts-plan input[type=text]"), 2);
    // The same prompt twice counts once; alone it is not enough.
    set(&browser, "other-prompt-0", "");
    let own = browser.run("return document.getElementById('prompt').value");
    set(&browser, "other-prompt-1", own.as_str().unwrap());
    assert!(text(&browser, "#prompts-cost").contains("At least two"));
    let disabled = browser
        .run("return document.getElementById('compare-prompts').getAttribute('aria-disabled')");
    assert_eq!(disabled, json!("true"));
    set(
        &browser,
        "other-prompt-1",
        "a drawing of a blue car on a green background",
    );
    // Two prompts, two seeds, two steps.
    assert!(
        text(&browser, "#prompts-cost").contains("8 network evaluations"),
        "the cost is told beforehand"
    );
    run(&browser, &site, "compare-prompts");
    browser.run("document.getElementById('prompts').scrollIntoView(); return true");
    browser.screenshot("prompts");
    assert!(text(&browser, "#status").contains("8 network evaluations"));
    assert_eq!(count(&browser, "#prompts-table tbody tr"), 2);
    assert_eq!(
        count(&browser, "#prompts-table .thumb"),
        6,
        "seeds and mean"
    );
    let share = number(&browser, "prompts-share");
    println!("prompts explain {share:.3} of the variance");
    assert!((0.0..=1.0).contains(&share), "{share}");
    let sentence = text(&browser, "#prompts-share");
    let percent = format!("{:.0} %", share * 100.0);
    assert!(sentence.contains(&percent), "{sentence}");
    // The same seed under two prompts is not the same picture, and the map tells prompts from seeds.
    let pixels = |selector: &str, index: usize| {
        browser.run(&format!(
            "const c = document.querySelectorAll('{selector}')[{index}];
             return [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data].join()"
        ))
    };
    let seeds = "#prompts-table canvas";
    assert_ne!(pixels(seeds, 0), pixels(seeds, 3));
    let between = pixels("#prompts .spread-picture canvas", 0);
    set(&browser, "prompts-map", "within");
    assert_ne!(pixels("#prompts .spread-picture canvas", 0), between);
    // In the big view, with its quality beside the result's.
    press(&browser, "#prompts-table .thumb", 3);
    assert!(text(&browser, "#compare .at-right").contains("blue car"));
    assert!(number(&browser, "metric-residual-prompt") > 0.0);
    // The first sample of one's own prompt is the restoration itself.
    let first = pixels(seeds, 0);
    run(&browser, &site, "run");
    assert_eq!(count(&browser, "#prompts-table tbody tr"), 2, "still there");
    assert_eq!(pixels("#compare > canvas", 0), first);

    // On a phone, and in the dark.
    browser.viewport(390, 844);
    browser.run("document.documentElement.dataset.theme = 'dark'; document.getElementById('prompts').scrollIntoView(); return true");
    browser.screenshot("prompts-phone");
    let wide = browser.run("return document.documentElement.scrollWidth <= innerWidth");
    assert_eq!(wide, json!(true));
    browser.viewport(1440, 1000);

    // Cancelled, nothing is left of it; another measurement is another question.
    wait(&browser, "the button", &enabled("compare-prompts"));
    browser.run("document.getElementById('compare-prompts').click(); return true");
    wait(&browser, "the start", &engine_state("running"));
    browser.run("document.getElementById('cancel').click(); return true");
    wait(&browser, "the end", &engine_state("ready"));
    assert_eq!(count(&browser, "#prompts-table"), 0);
    no_console_errors(&browser);
}
