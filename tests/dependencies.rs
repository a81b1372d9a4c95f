//! What the program is made of: every dependency comes from the registry and has a licence that
//! suits MIT OR Apache-2.0. (Advisories need a network: run `cargo audit` where there is one.)

#![cfg(all(feature = "native", not(target_arch = "wasm32")))]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::Command;

/// Licences that a dependency may be used under.
const ALLOWED: [&str; 13] = [
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "ISC",
    "MPL-2.0",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// Whether an SPDX expression (OR, AND, parentheses; `/` is an old OR) can be met by [`ALLOWED`].
fn met(expression: &str) -> bool {
    let expression = expression
        .replace('/', " OR ")
        .replace('(', " ( ")
        .replace(')', " ) ");
    let words: Vec<&str> = expression.split_whitespace().collect();
    let mut at = 0;
    let value = any(&words, &mut at);
    assert_eq!(at, words.len(), "not understood: {expression}");
    value
}

fn any(words: &[&str], at: &mut usize) -> bool {
    let mut value = all(words, at);
    while words.get(*at) == Some(&"OR") {
        *at += 1;
        value |= all(words, at);
    }
    value
}

fn all(words: &[&str], at: &mut usize) -> bool {
    let mut value = one(words, at);
    while words.get(*at) == Some(&"AND") {
        *at += 1;
        value &= one(words, at);
    }
    value
}

fn one(words: &[&str], at: &mut usize) -> bool {
    if words[*at] == "(" {
        *at += 1;
        let value = any(words, at);
        assert_eq!(words[*at], ")");
        *at += 1;
        return value;
    }
    let mut name = words[*at].to_owned();
    *at += 1;
    if words.get(*at) == Some(&"WITH") {
        name = format!("{name} WITH {}", words[*at + 1]);
        *at += 2;
    }
    ALLOWED.contains(&name.as_str())
}

#[test]
fn expressions_are_understood() {
    assert!(met("MIT OR GPL-3.0"));
    assert!(met("MIT/GPL-3.0"));
    assert!(!met("MIT AND GPL-3.0"));
    assert!(met("(GPL-3.0 OR ISC) AND Apache-2.0 WITH LLVM-exception"));
    assert!(!met("GPL-3.0 WITH Classpath-exception-2.0"));
}

/// The programs: target and features.
const PROGRAMS: [&[&str]; 3] = [
    &["--target=x86_64-unknown-linux-gnu"],
    &[
        "--target=wasm32-unknown-unknown",
        "--no-default-features",
        "--features=worker",
    ],
    &[
        "--target=wasm32-unknown-unknown",
        "--no-default-features",
        "--features=page",
    ],
];

#[test]
fn licences_and_sources_are_allowed() {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let mut wrong = std::collections::BTreeSet::new();
    for program in PROGRAMS {
        let run = Command::new(&cargo)
            .args([
                "tree",
                "--locked",
                "--edges=normal",
                "--prefix=none",
                "--no-dedupe",
                "--format={p}\t{l}",
            ])
            .args(program)
            .output()
            .unwrap();
        assert!(
            run.status.success(),
            "{}",
            String::from_utf8_lossy(&run.stderr)
        );
        let text = String::from_utf8(run.stdout).unwrap();
        assert!(text.lines().count() > 50);
        // The first line is this package.
        for line in text.lines().skip(1) {
            let (package, licence) = line.split_once('\t').unwrap();
            // Of another registry, a path or a repository: "name v1 (where)".
            let elsewhere = package.contains('(') && !package.ends_with("(proc-macro)");
            if elsewhere || !met(licence) {
                wrong.insert(line.to_owned());
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
