//! The model that the site ships: whole, small, and of use.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![cfg(all(feature = "native", not(target_arch = "wasm32")))]

use std::path::Path;
use std::process::Command;

use latino_web::pack::Manifest;

const MODEL: &str = "public/models/emoji-lcm";

#[test]
fn it_is_whole_and_at_most_twenty_megabytes() {
    let read = |path: &str| std::fs::read(Path::new(MODEL).join(path)).unwrap();
    let manifest = Manifest::parse(&read("manifest.json")).unwrap();
    let mut total = 0;
    for file in &manifest.files {
        file.check(&read(&file.path)).unwrap();
        total += file.bytes;
    }
    println!("{total} bytes in {} files", manifest.files.len());
    assert!(total <= 20_000_000, "{total} bytes");
    // A cut download loses one of these at most.
    let largest = manifest.files.iter().map(|f| f.bytes).max().unwrap();
    assert!(largest <= 4 << 20, "{largest}");
    assert_eq!(manifest.licence, "MIT AND Apache-2.0");
}

#[test]
fn what_it_is_tested_on_was_held_out() {
    let text = |path: &str| std::fs::read_to_string(path).unwrap();
    let held = text("training/heldout.txt");
    let samples: serde_json::Value =
        serde_json::from_str(&text("public/samples/samples.json")).unwrap();
    for sample in samples.as_array().unwrap() {
        let slug = sample["file"]
            .as_str()
            .unwrap()
            .strip_suffix(".png")
            .unwrap();
        assert!(held.lines().any(|l| l == slug), "{slug}");
    }
}

/// One picture a task, the settings that the model recommends; README.md and BENCHMARKS.md have the means of more.
#[test]
fn it_restores_what_it_has_not_seen() {
    for task in ["super-resolution:factor=8@0.02", "denoising@0.5"] {
        let run = Command::new(env!("CARGO_BIN_EXE_latino"))
            .args(["compare", "--model", MODEL, "--limit", "1", "--json"])
            .args(["--pictures", "public/samples/samples.json"])
            .args(["--columns", "degraded,tv,latino", "--task", task])
            .output()
            .unwrap();
        let errors = String::from_utf8_lossy(&run.stderr);
        assert!(run.status.success(), "{errors}");
        let report: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
        let psnr = |column: &str| {
            let columns = &report["rows"][0]["columns"];
            columns[column]["psnr"].as_f64().unwrap()
        };
        let (degraded, tv, latino) = (psnr("degraded"), psnr("TV"), psnr("LATINO"));
        println!("{task}: degraded {degraded:.2}, TV {tv:.2}, LATINO {latino:.2} dB");
        assert!(latino > degraded + 1.0 && latino > tv, "{task}");
    }
}
