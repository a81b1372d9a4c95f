//! Bicubic interpolation between the samples of super-resolution.

use crate::image::keys;
use crate::{HostTensor, Result};

/// Applies `f` to every plane of `x`, in f64.
pub(super) fn planes(
    x: &HostTensor,
    size: usize,
    shape: [usize; 4],
    f: impl Fn(&[f64]) -> Vec<f64>,
) -> Result<HostTensor> {
    let data = (x.data().chunks(size))
        .flat_map(|p| f(&p.iter().map(|v| f64::from(*v)).collect::<Vec<_>>()))
        .map(|v| v as f32)
        .collect();
    HostTensor::new(shape, data)
}

/// Keys interpolation of `y` at every pixel of a picture of `shape` `[C, H, W]`, when sample j of y sits
/// at picture coordinate `factor * j + offset`. Borders are repeated.
pub(super) fn interpolate(
    y: &HostTensor,
    shape: [usize; 3],
    factor: usize,
    offset: f64,
) -> Result<HostTensor> {
    let [b, c, lh, lw] = y.dims4()?;
    let [_, h, w] = shape;
    let line = |n: usize, m: usize| -> Vec<[(usize, f64); 4]> {
        (0..n)
            .map(|i| {
                let u = (i as f64 - offset) / factor as f64;
                let base = u.floor();
                [-1.0, 0.0, 1.0, 2.0].map(|d| {
                    let j = (base + d).clamp(0.0, (m - 1) as f64) as usize;
                    (j, keys(u - base - d))
                })
            })
            .collect()
    };
    let (rows, columns) = (line(h, lh), line(w, lw));
    planes(y, lh * lw, [b, c, h, w], |p| {
        let wide: Vec<f64> = (0..lh * w)
            .map(|i| {
                columns[i % w]
                    .iter()
                    .map(|(j, t)| t * p[i / w * lw + j])
                    .sum()
            })
            .collect();
        (0..h * w)
            .map(|i| {
                rows[i / w]
                    .iter()
                    .map(|(j, t)| t * wide[j * w + i % w])
                    .sum()
            })
            .collect()
    })
}
