//! What is written: shards, manifest, and the command's contract.

use std::path::Path;

use latino_web::engine::files::{Folder, sha256};
use latino_web::engine::{ModelFiles, Pipeline};
use latino_web::pack::folder::{Job, pack};
use latino_web::pack::layout::{ALIGNMENT, SHARD_BYTES};
use latino_web::pack::{Manifest, Precision};

use crate::networks::answers;
use crate::support::{MODEL, Scratch, TINY, copy, fails, pack_all, read, root, succeeds, unpack};

fn manifest(folder: &Path) -> Manifest {
    Manifest::parse(&std::fs::read(folder.join("manifest.json")).unwrap()).unwrap()
}

#[test]
fn shards_are_small_named_by_content_and_hold_every_tensor() {
    let files = Scratch::new("shards");
    // sd21's UNet is sharded itself.
    let from = root("tests/fixtures/pipelines/sd21");
    let inputs = read(&from.join("reference.safetensors"));
    let whole = files.0.join("whole");
    pack_all(&from, &whole, Precision::Q4, SHARD_BYTES);
    assert_eq!(manifest(&whole).packed.unwrap().shards.len(), 3);
    let cut = files.0.join("cut");
    let limit = 4096;
    pack_all(&from, &cut, Precision::Q4, limit);
    let made = manifest(&cut);
    let packed = made.packed.as_ref().unwrap();
    let mut total = 0;
    for file in &made.files {
        let bytes = std::fs::read(cut.join(&file.path)).unwrap();
        file.check(&bytes).unwrap();
        total += bytes.len() as u64;
        if let Some(hash) = file.path.strip_prefix("shards/") {
            assert_eq!(hash, format!("{}.bin", sha256(&bytes)));
            assert!(bytes.len() <= limit, "{}", bytes.len());
        }
    }
    assert_eq!(packed.total_bytes, total);
    // A tensor larger than a shard is split by rows, and only such a tensor.
    let mut split = 0;
    let mut parameters = 0;
    for part in &packed.parts {
        for tensor in &part.tensors {
            parameters += tensor.shape.iter().product::<usize>() as u64;
            let bytes: u64 = tensor.pieces.iter().map(|p| p.length).sum();
            assert!(tensor.pieces.len() == 1 || bytes > limit as u64 - 512);
            split += usize::from(tensor.pieces.len() > 1);
            for piece in &tensor.pieces {
                assert_eq!(piece.offset % ALIGNMENT as u64, 0);
                assert_eq!(piece.scales.unwrap_or(0) % ALIGNMENT as u64, 0);
                let quantised = matches!(tensor.precision, Precision::Q8 | Precision::Q4);
                assert_eq!(piece.scales.is_some(), quantised);
            }
        }
    }
    assert!(split > 5, "{split}");
    assert_eq!(packed.parameters, parameters);
    for part in ["text_encoder", "unet", "vae"] {
        assert!(unpack(&whole, part) == unpack(&cut, part), "{part}");
    }
    assert!(answers(&Folder(whole), &inputs) == answers(&Folder(cut), &inputs));
}

#[test]
fn a_quick_autoencoder_is_packed_with_the_rest() {
    let files = Scratch::new("hybrid");
    let (from, to) = (files.0.join("from"), files.0.join("to"));
    copy(&root(MODEL), &from);
    copy(&from.join("vae"), &from.join("vae_quick"));
    pack_all(&from, &to, Precision::F16, SHARD_BYTES);
    assert!(unpack(&to, "vae_quick") == unpack(&to, "vae"));
    let load = |folder: &Path| {
        let device = burn::tensor::Device::flex();
        pollster::block_on(Pipeline::load(&Folder(folder.into()), &device)).unwrap()
    };
    assert!(load(&to).report().hybrid && !load(&root(MODEL)).report().hybrid);
}

#[test]
fn packing_again_writes_the_same_bytes() {
    let files = Scratch::new("again");
    let (a, b) = (files.0.join("a"), files.0.join("b"));
    for to in [&a, &b] {
        let mut job = Job::new(root(TINY), to);
        job.unet = Precision::Q4;
        let mut seen = Vec::new();
        let manifest = pack(&job, &mut |p| {
            seen.push((p.part.to_owned(), p.done, p.total));
        })
        .unwrap();
        assert!(seen.is_sorted_by_key(|s| s.1));
        let (last, done, total) = seen.last().unwrap();
        assert_eq!((last.as_str(), done), ("vae", total));
        // The source's manifest says what the model is.
        let json = std::fs::read(root(TINY).join("manifest.json")).unwrap();
        let original = Manifest::parse(&json).unwrap();
        assert_eq!(manifest.name, original.name);
        assert_eq!(manifest.licence, original.licence);
        assert_eq!(manifest.recommended, original.recommended);
        assert_eq!(Folder(to.clone()).recommended(), original.recommended);
    }
    assert_eq!(
        std::fs::read(a.join("manifest.json")).unwrap(),
        std::fs::read(b.join("manifest.json")).unwrap()
    );
    // Text and UNet in about half and a quarter of f16, the autoencoder as it was.
    let size = manifest(&a).packed.unwrap().total_bytes;
    assert!(size < 700_000, "{size}");
}

#[test]
fn a_packed_folder_is_a_model_for_every_command() {
    let files = Scratch::new("commands");
    let to = files.path("packed");
    let from = root(MODEL);
    let from = from.to_str().unwrap();
    let printed = succeeds(&[
        "pack",
        "--from",
        from,
        "--to",
        &to,
        "--unet",
        "q4",
        "--name",
        "Tiny",
        "--licence",
        "MIT",
        "--source",
        "random",
        "--steps",
        "5",
    ]);
    assert!(printed.contains("unet: q4") && printed.contains("text_encoder: q8"));
    assert!(printed.contains("vae: f16"), "{printed}");
    let made = manifest(Path::new(&to));
    assert_eq!((made.version, made.name.as_str()), (2, "Tiny"));
    assert_eq!(
        (made.licence.as_str(), made.source.as_str()),
        ("MIT", "random")
    );
    assert_eq!(made.recommended.steps, 5);

    // An existing target is refused and left as it is.
    let before = std::fs::read(format!("{to}/manifest.json")).unwrap();
    fails(
        &["pack", "--from", from, "--to", &to],
        &["there already", &to],
    );
    assert_eq!(
        std::fs::read(format!("{to}/manifest.json")).unwrap(),
        before
    );
    // Nothing unfinished is left beside it.
    let beside = std::fs::read_dir(&files.0).unwrap();
    assert_eq!(beside.count(), 1);

    // `manifest` would overwrite the table.
    let manifest = ["manifest", "--model", &to, "--name", "x", "--licence", "x"];
    fails(
        &[&manifest[..], &["--source", "x"]].concat(),
        &["packed", "latino pack"],
    );

    let picture = files.path("in.png");
    let values = (0..3 * 32 * 32).map(|i| ((i % 32) as f32 / 10.0).sin() * 0.8);
    let tensor = latino_web::HostTensor::new([1, 3, 32, 32], values.collect()).unwrap();
    latino_web::image::png::write_png(&picture, &tensor).unwrap();
    let out = files.path("out");
    let report = succeeds(&[
        "restore",
        "--model",
        &to,
        "--image",
        &picture,
        "--task",
        "gaussian-blur:sigma=3",
        "--noise",
        "0.05",
        "--prompt",
        "a cat",
        "--out",
        &out,
        "--json",
    ]);
    let report: serde_json::Value = serde_json::from_str(&report).unwrap();
    // The recommended number of steps is the manifest's.
    assert_eq!(report["samples"][0]["evaluations"], 5);
    let made = files.path("made.png");
    succeeds(&[
        "generate", "--model", &to, "--prompt", "a dog", "--steps", "1", "--out", &made,
    ]);

    // `forward` on the packed folder is `forward --weights` on the plain one.
    let reference = read(&root(MODEL).join("reference.safetensors"));
    let inputs = files.path("inputs.safetensors");
    let latent = ("latent".to_owned(), reference["vae.latent"].clone());
    let sample = ("sample".to_owned(), reference["unet.sample"].clone());
    let context = reference["unet.context"].clone();
    let context = ("encoder_hidden_states".to_owned(), context);
    let timestep = ("timestep".to_owned(), reference["unet.timesteps"].clone());
    let all = [latent, sample, context, timestep].into();
    crate::support::write(Path::new(&inputs), &all);
    let forward = |model: &str, part: &str, weights: &str| {
        let outputs = files.path("outputs.safetensors");
        succeeds(&[
            "forward",
            "--model",
            model,
            "--part",
            part,
            "--inputs",
            &inputs,
            "--outputs",
            &outputs,
            "--weights",
            weights,
        ]);
        read(Path::new(&outputs))
    };
    assert!(forward(&to, "unet", "f32") == forward(from, "unet", "q4"));
    assert!(forward(&to, "unet", "f32") != forward(from, "unet", "q8"));
    assert!(forward(&to, "decode", "f32") == forward(from, "decode", "f16"));
    fails(
        &[
            "forward",
            "--model",
            &to,
            "--part",
            "unet",
            "--inputs",
            &inputs,
            "--outputs",
            "x",
            "--weights",
            "q8",
        ],
        &["--weights q8", "packed"],
    );
}

#[test]
fn what_cannot_be_packed_is_refused_and_leaves_nothing() {
    let files = Scratch::new("refused");
    let to = files.path("packed");
    let missing = files.path("no-such");
    fails(
        &["pack", "--from", &missing, "--to", &to],
        &["no-such", "scheduler_config.json"],
    );
    let from = files.0.join("from");
    crate::support::copy(&root(MODEL), &from);
    let from_text = from.to_str().unwrap();
    let unet = from.join("unet/diffusion_pytorch_model.safetensors");
    let whole = std::fs::read(&unet).unwrap();
    std::fs::write(&unet, &whole[..whole.len() / 2]).unwrap();
    let call = ["pack", "--from", from_text, "--to", &to];
    fails(&call, &["unet", "not a whole safetensors file"]);
    // A value that is no number is found only while packing.
    let mut spoiled = whole.clone();
    let end = spoiled.len();
    spoiled[end - 2..].copy_from_slice(&[0xff, 0x7e]);
    std::fs::write(&unet, spoiled).unwrap();
    fails(&call, &["unet", "NaN", ".weight"]);
    std::fs::remove_file(&unet).unwrap();
    fails(&call, &["unet", "is missing"]);
    let left: Vec<_> = std::fs::read_dir(&files.0).unwrap().collect();
    assert_eq!(left.len(), 1, "{left:?}");
    let precision = crate::support::latino(&["pack", "--from", "x", "--to", &to, "--unet", "q5"]);
    assert!(!precision.status.success());
}

#[test]
fn the_report_names_what_the_manifest_names() {
    let files = Scratch::new("report");
    let to = files.0.join("packed");
    pack_all(&root(MODEL), &to, Precision::Q8, SHARD_BYTES);
    let device = latino_web::engine::Compute::native(false).unwrap().device;
    let plain = pollster::block_on(Pipeline::load(&Folder(root(MODEL)), &device)).unwrap();
    let packed = pollster::block_on(Pipeline::load(&Folder(to), &device)).unwrap();
    assert_eq!(plain.report().parameters, packed.report().parameters);
    assert_eq!(plain.report().picture_size, packed.report().picture_size);
}
