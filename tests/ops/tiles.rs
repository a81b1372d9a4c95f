//! Every tile that a calibration may choose computes the same. Tiles hold for the process: the test
//! puts the usual ones back.

use burn::tensor::Device;
use latino_web::ops::calibrate::candidates;
use latino_web::ops::tune::{Tiles, set_tiles};
use latino_web::ops::{self, Conv, backward};

use super::{same, t, w};

pub async fn all(gpu: &Device) {
    let (convs, linears) = candidates();
    for tile in convs {
        set_tiles(Tiles {
            conv: [tile; 3],
            ..Tiles::DEFAULT
        });
        for conv in [
            Conv::same(3),
            Conv {
                stride: 2,
                padding: [0, 1, 0, 1],
            },
        ] {
            same(&format!("{tile:?}, {conv:?}"), gpu, |d| {
                let kernel = w([37, 19, 3, 3], 2, d);
                ops::conv2d(
                    t([2, 19, 21, 23], 1, d),
                    &kernel,
                    Some(&t([37], 3, d)),
                    conv,
                )
            })
            .await;
        }
    }
    for tile in linears {
        set_tiles(Tiles {
            linear: [tile; 3],
            ..Tiles::DEFAULT
        });
        for k in [44, 33] {
            same(&format!("{tile:?}, {k}"), gpu, |d| {
                ops::linear(t([2, 39, k], 1, d), &w([29, k], 2, d), Some(&t([29], 3, d)))
            })
            .await;
            same(&format!("{tile:?}, {k}, backward"), gpu, |d| {
                backward::linear(t([2, 39, k], 1, d), &w([k, 29], 2, d))
            })
            .await;
        }
    }
    set_tiles(Tiles::DEFAULT);
}
