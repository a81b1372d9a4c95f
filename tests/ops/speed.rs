//! How long the kernels take with each of some tiles. Not a test of anything: run with
//! `cargo test --test ops speed -- --ignored --nocapture`.

use std::time::Instant;

use burn::tensor::{Device, Tensor};
use latino_web::ops::tune::{
    ConvTile, LinearTile, StagedConv, StagedLinear, Tiles, set_tiles, tiles,
};
use latino_web::ops::{self, Conv, Weight};
use latino_web::pack::Precision;
use latino_web::pack::matrix::Encoded;

use super::{read, t, values};

fn weight(shape: [usize; 4], precision: Precision, device: &Device) -> Weight {
    let cols = shape[1] * shape[2] * shape[3];
    let mut e = Encoded::default();
    let v = values(shape[0] * cols, 7);
    e.push_rows(&v, cols, precision).unwrap();
    Weight::from_packed(e, shape, precision, device)
}

/// The least of some seconds for `f`.
async fn seconds<const D: usize>(f: impl Fn() -> Tensor<D>) -> f64 {
    read(f()).await;
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let begun = Instant::now();
        read(f()).await;
        best = best.min(begun.elapsed().as_secs_f64());
    }
    best
}

#[test]
#[ignore = "a measurement"]
fn speed() {
    let gpu = crate::adapter();
    pollster::block_on(async {
        for (c, side) in [(64, 64), (32, 128), (128, 16), (256, 8)] {
            let x: Tensor<4> = t([1, c, side, side], 1, &gpu);
            let work = (c * c * 9 * side * side) as f64;
            for precision in [Precision::F32, Precision::F16, Precision::Q8, Precision::Q4] {
                let w = weight([c, c, 3, 3], precision, &gpu);
                for (tc, tx, lanes) in [
                    (8, 8, 64),
                    (4, 8, 64),
                    (8, 4, 64),
                    (16, 4, 64),
                    (16, 8, 64),
                    (8, 8, 16),
                    (4, 4, 16),
                    (8, 4, 16),
                    (4, 4, 4),
                ] {
                    if precision != Precision::F32 && (tc, tx) != (8, 8) {
                        continue;
                    }
                    let tile = ConvTile::Staged(StagedConv { tc, tx, lanes });
                    set_tiles(Tiles {
                        conv: [tile; 3],
                        speed: 1e10,
                        ..tiles()
                    });
                    let s = seconds(|| ops::conv2d(x.clone(), &w, None, Conv::same(3))).await;
                    println!(
                        "conv {c}x{side} {precision} {tile:?}: {:.1} ms, {:.2} GFMA/s",
                        s * 1e3,
                        work / s / 1e9
                    );
                }
            }
        }
        for (m, k, n) in [
            (4096, 64, 64),
            (1024, 256, 256),
            (64, 640, 640),
            (1, 512, 2048),
        ] {
            let x: Tensor<3> = t([1, m, k], 1, &gpu);
            let work = (m * k * n) as f64;
            for precision in [Precision::F32, Precision::F16, Precision::Q8, Precision::Q4] {
                let w = weight([n, k, 1, 1], precision, &gpu);
                for (tm, tn, lanes, depth) in [
                    (8, 8, 8, 16),
                    (8, 8, 16, 16),
                    (8, 8, 64, 32),
                    (8, 4, 8, 16),
                    (4, 8, 8, 16),
                    (4, 4, 8, 16),
                    (4, 4, 4, 16),
                    (1, 4, 1, 8),
                ] {
                    if precision != Precision::F32 && (tm, tn) != (8, 8) {
                        continue;
                    }
                    let tile = LinearTile::Staged(StagedLinear {
                        tm,
                        tn,
                        lanes,
                        depth,
                    });
                    set_tiles(Tiles {
                        linear: [tile; 3],
                        speed: 1e10,
                        ..tiles()
                    });
                    let s = seconds(|| ops::linear(x.clone(), &w, None)).await;
                    println!(
                        "linear {m}x{k}x{n} {precision} {tile:?}: {:.1} ms, {:.2} GFMA/s",
                        s * 1e3,
                        work / s / 1e9
                    );
                }
            }
        }
        for (n, m, heads, width) in [(1024, 1024, 8, 64), (1024, 77, 8, 320), (512, 512, 1, 512)] {
            let q: Tensor<3> = t([1, n, width], 1, &gpu);
            let k: Tensor<3> = t([1, m, width], 2, &gpu);
            let s = seconds(|| ops::attention(q.clone(), k.clone(), k.clone(), heads, false)).await;
            println!(
                "attention {n}x{m}, {heads} heads, {width}: {:.1} ms, {:.2} GFMA/s",
                s * 1e3,
                (2 * n * m * width) as f64 / s / 1e9
            );
        }
    });
}
