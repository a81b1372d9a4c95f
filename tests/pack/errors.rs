//! How far quantised networks are from those in single precision.

use latino_web::engine::files::Folder;
use latino_web::pack::Precision;
use latino_web::pack::layout::SHARD_BYTES;

use crate::networks::{PARTS, answers, errors, rounded};
use crate::support::{MODEL, Scratch, TINY, copy, pack_all, read, root, write};

/// Relative errors of text, unet, encode and decode that are let pass.
type Bounds = [f64; 4];

/// Packs `model` and compares: with f32 within the bounds, with rounding on loading exactly.
fn check(model: &str, reference: &str, cases: &[(Precision, Bounds)]) {
    let files = Scratch::new(&format!("errors-{}", model.replace('/', "-")));
    let inputs = read(&root(reference));
    let exact = rounded(model, &inputs, Precision::F32);
    for (precision, bounds) in cases {
        let to = files.0.join(precision.to_string());
        let manifest = pack_all(&root(model), &to, *precision, SHARD_BYTES);
        let packed = manifest.packed.unwrap();
        let outputs = answers(&Folder(to), &inputs);
        let found = errors(&outputs, &exact);
        let line = PARTS.iter().zip(found).map(|(p, e)| format!("{p} {e:.1e}"));
        let line = line.collect::<Vec<_>>().join(", ");
        println!("{model} {precision}: {} bytes; {line}", packed.total_bytes);
        for (part, (error, bound)) in PARTS.iter().zip(found.iter().zip(bounds)) {
            // Not `error > bound`: that lets NaN pass.
            assert!(error <= bound, "{precision} {part}: {error:.2e}");
        }
        assert!(
            outputs == rounded(model, &inputs, *precision),
            "{precision}"
        );
    }
}

/// The random pipeline is in f16 itself.
#[test]
fn the_random_pipeline_within_bounds() {
    let reference = format!("{MODEL}/reference.safetensors");
    let cases = [
        (Precision::F16, [0.0; 4]),
        (Precision::Q8, [2e-2; 4]),
        (Precision::Q4, [3e-1; 4]),
    ];
    check(MODEL, &reference, &cases);
}

/// `cargo test --test pack quantisation -- --nocapture` prints the table of BENCHMARKS.md.
#[test]
fn quantisation_of_a_trained_model_within_bounds() {
    let cases = [
        (Precision::F16, [0.0; 4]),
        (Precision::Q8, [2e-2, 6e-3, 1e-2, 2e-2]),
        (Precision::Q4, [3e-1, 1e-1, 1e-1, 2e-1]),
    ];
    check(
        TINY,
        "tests/fixtures/tiny-lcm/reference.safetensors",
        &cases,
    );
}

/// Weights that are no halves are rounded to the nearest ones, and to nothing else.
#[test]
fn half_precision_is_exactly_rounding_to_halves() {
    let files = Scratch::new("halves");
    let (fine, coarse) = (files.0.join("fine"), files.0.join("coarse"));
    let mut moved = 0;
    for folder in [&fine, &coarse] {
        copy(&root(MODEL), folder);
    }
    for file in [
        "text_encoder/model.safetensors",
        "unet/diffusion_pytorch_model.safetensors",
        "vae/diffusion_pytorch_model.safetensors",
    ] {
        let mut tensors = read(&fine.join(file));
        for (_, values) in tensors.values_mut() {
            for (i, v) in values.iter_mut().enumerate() {
                *v *= 1.0 + 3e-4 * ((i % 7) as f32 - 3.0);
            }
        }
        write(&fine.join(file), &tensors);
        for (_, values) in tensors.values_mut() {
            for v in values {
                let half = half::f16::from_f32(*v).to_f32();
                moved += usize::from(half != *v);
                *v = half;
            }
        }
        write(&coarse.join(file), &tensors);
    }
    assert!(moved > 100_000);
    let inputs = read(&root(MODEL).join("reference.safetensors"));
    let to = files.0.join("packed");
    pack_all(&fine, &to, Precision::F16, SHARD_BYTES);
    let packed = answers(&Folder(to), &inputs);
    assert!(packed == answers(&Folder(coarse.clone()), &inputs));
    assert!(packed != answers(&Folder(fine.clone()), &inputs));
    // In single precision nothing is rounded.
    let to = files.0.join("single");
    pack_all(&fine, &to, Precision::F32, SHARD_BYTES);
    assert!(answers(&Folder(to), &inputs) == answers(&Folder(fine), &inputs));
}
