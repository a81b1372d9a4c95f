//! The ingredients of baseline JPEG (ITU-T T.81 and T.871): tables, colours, 8 x 8 cosine transform.

/// Luma quantisation steps of T.81, table K.1, row-major by vertical frequency.
const LUMA: [u16; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, //
    12, 12, 14, 19, 26, 58, 60, 55, //
    14, 13, 16, 24, 40, 57, 69, 56, //
    14, 17, 22, 29, 51, 87, 80, 62, //
    18, 22, 37, 56, 68, 109, 103, 77, //
    24, 35, 55, 64, 81, 104, 113, 92, //
    49, 64, 78, 87, 103, 121, 120, 101, //
    72, 92, 95, 98, 112, 100, 103, 99,
];

/// Chroma quantisation steps of T.81, table K.2.
const CHROMA: [u16; 64] = [
    17, 18, 24, 47, 99, 99, 99, 99, //
    18, 21, 26, 66, 99, 99, 99, 99, //
    24, 26, 56, 99, 99, 99, 99, 99, //
    47, 66, 99, 99, 99, 99, 99, 99, //
    99, 99, 99, 99, 99, 99, 99, 99, //
    99, 99, 99, 99, 99, 99, 99, 99, //
    99, 99, 99, 99, 99, 99, 99, 99, //
    99, 99, 99, 99, 99, 99, 99, 99,
];

/// Quantisation steps for luma or chroma at `quality` 1 to 100, scaled as the Independent JPEG Group's
/// software does: by 5000 / q below 50, else by 200 - 2 q percent, in 1 to 255.
pub(super) fn steps(quality: u8, chroma: bool) -> [f64; 64] {
    let quality = i32::from(quality.clamp(1, 100));
    let scale = if quality < 50 {
        5000 / quality
    } else {
        200 - 2 * quality
    };
    let table = if chroma { CHROMA } else { LUMA };
    table.map(|t| f64::from(((i32::from(t) * scale + 50) / 100).clamp(1, 255)))
}

/// Rows: Y, Cb, Cr of T.871 from red, green, blue.
pub(super) const COLOURS: [[f64; 3]; 3] = [
    [0.299, 0.587, 0.114],
    [-0.299 / 1.772, -0.587 / 1.772, 0.5],
    [0.5, -0.587 / 1.402, -0.114 / 1.402],
];

/// Rows: red, green, blue from Y, Cb, Cr.
pub(super) const COLOURS_BACK: [[f64; 3]; 3] = [
    [1.0, 0.0, 1.402],
    [1.0, -0.114 * 1.772 / 0.587, -0.299 * 1.402 / 0.587],
    [1.0, 1.772, 0.0],
];

/// The orthonormal 8-point cosine transform (DCT-II), one row per frequency.
fn basis() -> [[f64; 8]; 8] {
    std::array::from_fn(|u| {
        std::array::from_fn(|x| {
            let scale = if u == 0 { 0.125f64.sqrt() } else { 0.5 };
            scale * ((2 * x + 1) as f64 * u as f64 * std::f64::consts::PI / 16.0).cos()
        })
    })
}

/// Transforms every 8 x 8 block of planes `width` wide in place, or back. Sides are multiples of 8.
/// The transform is orthonormal; coefficient (v, u) of a block stands where its pixel (v, u) stood.
pub(super) fn transform(planes: &mut [f64], width: usize, back: bool) {
    let basis = basis();
    let weight = |k: usize, i: usize| if back { basis[i][k] } else { basis[k][i] };
    for band in planes.chunks_mut(8 * width) {
        for left in (0..width).step_by(8) {
            let mut half = [[0.0; 8]; 8];
            for (k, row) in half.iter_mut().enumerate() {
                for (x, v) in row.iter_mut().enumerate() {
                    *v = (0..8)
                        .map(|i| weight(k, i) * band[i * width + left + x])
                        .sum();
                }
            }
            for (y, row) in half.iter().enumerate() {
                for k in 0..8 {
                    band[y * width + left + k] = (0..8).map(|i| weight(k, i) * row[i]).sum();
                }
            }
        }
    }
}

/// Position within its block, row-major, of entry `i` of planes `width` wide.
pub(super) fn frequency(i: usize, width: usize) -> usize {
    i / width % 8 * 8 + i % width % 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_scale_as_everywhere() {
        assert_eq!(steps(50, false)[0], 16.0);
        assert_eq!(steps(10, false)[..3], [80.0, 55.0, 50.0]);
        assert_eq!(steps(90, true)[..3], [3.0, 4.0, 5.0]);
        assert!(steps(100, true).iter().all(|s| *s == 1.0));
        assert!(steps(1, false).iter().all(|s| *s == 255.0));
    }

    #[test]
    fn transforms_invert_and_keep_the_norm() {
        let plane: Vec<f64> = (0..16 * 24).map(|i| (i * i % 31) as f64 - 15.0).collect();
        let mut out = plane.clone();
        transform(&mut out, 24, false);
        let energy = |p: &[f64]| p.iter().map(|v| v * v).sum::<f64>();
        assert!((energy(&out) / energy(&plane) - 1.0).abs() < 1e-12);
        let mean: f64 = (0..64).map(|i| plane[i / 8 * 24 + i % 8]).sum::<f64>() / 8.0;
        assert!((out[0] - mean).abs() < 1e-10);
        transform(&mut out, 24, true);
        for (a, b) in out.iter().zip(&plane) {
            assert!((a - b).abs() < 1e-10);
        }
        for (r, row) in COLOURS.iter().enumerate() {
            let product: [f64; 3] = std::array::from_fn(|c| {
                (row.iter().zip(COLOURS_BACK)).map(|(a, b)| a * b[c]).sum()
            });
            for (c, v) in product.iter().enumerate() {
                assert!((v - if r == c { 1.0 } else { 0.0 }).abs() < 1e-12);
            }
        }
    }
}
