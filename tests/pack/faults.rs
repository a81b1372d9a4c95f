//! Packed models that are not what they should be: each fault has its own message.

use std::path::{Path, PathBuf};

use latino_web::pack::Precision;
use latino_web::pack::layout::SHARD_BYTES;

use crate::support::{MODEL, Scratch, fails, pack_all, root};

/// The only shard of the part at place `part`.
fn shard(folder: &Path, part: usize) -> PathBuf {
    let json = std::fs::read(folder.join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_slice(&json).unwrap();
    let hash = manifest["packed"]["shards"][part].as_str().unwrap();
    folder.join(format!("shards/{hash}.bin"))
}

#[test]
fn each_fault_has_its_own_message() {
    let files = Scratch::new("faults");
    let good = files.0.join("good");
    pack_all(&root(MODEL), &good, Precision::Q8, SHARD_BYTES);
    let edit = |name: &str, spoil: &dyn Fn(&Path)| {
        let folder = files.0.join(name);
        crate::support::copy(&good, &folder);
        spoil(&folder);
        folder.to_str().unwrap().to_owned()
    };
    let out = files.path("out.png");
    let generate = |model: &str, words: &[&str]| {
        let call = ["generate", "--model", model, "--prompt", "x", "--out", &out];
        fails(&call, words);
    };
    for part in 0..3 {
        let path = shard(&good, part);
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let byte = edit(&format!("byte{part}"), &|f| {
            let mut bytes = std::fs::read(shard(f, part)).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            std::fs::write(shard(f, part), bytes).unwrap();
        });
        generate(&byte, &[&name, "damaged", "SHA-256"]);
    }
    let cut = edit("cut", &|f| {
        let bytes = std::fs::read(shard(f, 1)).unwrap();
        std::fs::write(shard(f, 1), &bytes[..1000]).unwrap();
    });
    generate(&cut, &["damaged", "1000 bytes"]);
    let missing = edit("missing", &|f| std::fs::remove_file(shard(f, 2)).unwrap());
    generate(&missing, &["shards/", "missing", "not whole"]);
    let manifest = |change: &dyn Fn(&str) -> String| {
        edit(&format!("manifest{}", change("").len()), &|f| {
            let path = f.join("manifest.json");
            let json = std::fs::read_to_string(&path).unwrap();
            std::fs::write(path, change(&json)).unwrap();
        })
    };
    let newer = manifest(&|json| json.replacen("\"version\":2", "\"version\":3", 1));
    generate(&newer, &["version 3", "versions 1 and 2"]);
    let broken = files.path("broken");
    crate::support::copy(&good, Path::new(&broken));
    std::fs::write(format!("{broken}/manifest.json"), "{").unwrap();
    generate(&broken, &["manifest.json is malformed", "broken"]);
    // Without its manifest a packed folder is a diffusers folder without weights.
    let bare = files.path("bare");
    crate::support::copy(&good, Path::new(&bare));
    std::fs::remove_file(format!("{bare}/manifest.json")).unwrap();
    generate(&bare, &["text_encoder/model.safetensors is missing"]);
    assert!(!Path::new(&out).exists());
}

#[test]
fn a_manifest_of_something_else_is_no_obstacle() {
    let files = Scratch::new("other");
    let folder = files.0.join("model");
    crate::support::copy(&root(MODEL), &folder);
    std::fs::write(folder.join("manifest.json"), r#"{"icons": []}"#).unwrap();
    let out = files.path("out.png");
    let model = folder.to_str().unwrap();
    let call = [
        "generate", "--model", model, "--prompt", "x", "--steps", "1",
    ];
    crate::support::succeeds(&[&call[..], &["--out", &out]].concat());
}
