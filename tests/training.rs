//! The training pipeline from corpus to packed model, in a few minutes: `cargo test --test training -- --ignored`.
//! Needs Python 3.11 with its venv module (or PYTHON, an interpreter with `training/requirements.txt`), npm, and the network.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![cfg(all(feature = "native", not(target_arch = "wasm32")))]

use std::process::Command;

#[test]
#[ignore = "downloads PyTorch and trains for minutes; not part of CI"]
fn the_quick_pipeline_makes_a_model_that_runs() {
    let work = std::env::temp_dir().join(format!("latino-training-{}-quick", std::process::id()));
    let latino = env!("CARGO_BIN_EXE_latino");
    let train = || {
        let run = Command::new("training/run.sh")
            .args(["--quick", "--work", work.to_str().unwrap()])
            .env("LATINO", latino)
            .status()
            .unwrap();
        assert!(run.success());
    };
    train();
    let pack = work.join("pack");
    let picture = work.join("generated.png");
    let run = Command::new(latino)
        .args([
            "generate",
            "--prompt",
            "a drawing of a pear",
            "--steps",
            "2",
        ])
        .args(["--seed", "1", "--model", pack.to_str().unwrap()])
        .args(["--out", picture.to_str().unwrap()])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&run.stderr).into_owned();
    assert!(run.status.success(), "{errors}");
    assert!(work.join("report/README.md").exists());
    // What is done is left alone.
    let before = std::fs::read(pack.join("manifest.json")).unwrap();
    train();
    assert_eq!(std::fs::read(pack.join("manifest.json")).unwrap(), before);
    std::fs::remove_dir_all(&work).unwrap();
}
