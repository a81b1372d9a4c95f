//! Bicubic resampling.

use crate::{Error, HostTensor, Result};

/// Resizes `x` `[B, C, H, W]` to `height` x `width`: Keys' cubic with a = -0.5, stretched by the scale
/// when shrinking (antialiased), pixel centres at half-integers, weights renormalised at the borders;
/// the convention of Pillow's BICUBIC. Not clamped: cubic weights overshoot at edges.
/// Fails with [`Error::Picture`] when a side is zero.
pub fn bicubic(x: &HostTensor, height: usize, width: usize) -> Result<HostTensor> {
    bicubic_shifted(x, height, width, 0.0)
}

/// [`bicubic`] where output pixel (0, 0) looks `shift` input pixels further down and right: for
/// measurements whose grid is not centred in the picture's.
pub fn bicubic_shifted(
    x: &HostTensor,
    height: usize,
    width: usize,
    shift: f64,
) -> Result<HostTensor> {
    let [b, c, h, w] = x.dims4()?;
    if [h, w, height, width].contains(&0) {
        return Err(Error::Picture(format!(
            "cannot resize {w}x{h} pixels to {width}x{height}"
        )));
    }
    let (rows, columns) = (weights(h, height, shift), weights(w, width, shift));
    let mut out = Vec::with_capacity(b * c * height * width);
    for plane in x.data().chunks(h * w) {
        let wide: Vec<f64> = (plane.chunks(w))
            .flat_map(|row| {
                columns.iter().map(move |(first, taps)| {
                    let row = &row[*first..];
                    taps.iter().zip(row).map(|(t, v)| t * f64::from(*v)).sum()
                })
            })
            .collect();
        for (first, taps) in &rows {
            for column in 0..width {
                let sum: f64 = (taps.iter().enumerate())
                    .map(|(k, t)| t * wide[(first + k) * width + column])
                    .sum();
                out.push(sum as f32);
            }
        }
    }
    HostTensor::new([b, c, height, width], out)
}

/// For every output sample: the first input sample that counts, and normalised weights.
fn weights(from: usize, to: usize, shift: f64) -> Vec<(usize, Vec<f64>)> {
    let scale = from as f64 / to as f64;
    let stretch = scale.max(1.0);
    (0..to)
        .map(|i| {
            let centre = (i as f64 + 0.5) * scale + shift;
            let first = ((centre - 2.0 * stretch + 0.5).floor().max(0.0)) as usize;
            let end = ((centre + 2.0 * stretch + 0.5).floor() as usize).min(from);
            let taps: Vec<f64> = (first..end)
                .map(|j| keys((j as f64 + 0.5 - centre) / stretch))
                .collect();
            let sum: f64 = taps.iter().sum();
            (first, taps.iter().map(|t| t / sum).collect())
        })
        .collect()
}

/// Keys' cubic convolution kernel, a = -0.5 (Keys 1981).
pub(crate) fn keys(x: f64) -> f64 {
    let x = x.abs();
    match x {
        _ if x < 1.0 => (1.5 * x - 2.5) * x * x + 1.0,
        _ if x < 2.0 => ((2.5 - 0.5 * x) * x - 4.0) * x + 2.0,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// Expected values: Pillow 13, `Image.fromarray(float32).resize((w, h), BICUBIC)` of
    /// x[i] = (i * 7 % 13) / 6 - 1 as 6 rows of 8.
    #[test]
    fn matches_pillow() {
        let x: Vec<f32> = (0..48).map(|i| (i * 7 % 13) as f32 / 6.0 - 1.0).collect();
        let x = HostTensor::new([1, 1, 6, 8], x).unwrap();
        for (h, w, expected) in [(2, 3, DOWN.as_slice()), (7, 5, UP.as_slice())] {
            let y = bicubic(&x, h, w).unwrap();
            assert_eq!(y.len(), expected.len());
            for (a, b) in y.data().iter().zip(expected) {
                assert!((a - b).abs() < 1e-5, "{a} {b}");
            }
        }
        assert!(bicubic(&x, 0, 3).is_err());
    }

    #[test]
    fn a_shift_moves_a_ramp() {
        let ramp: Vec<f32> = (0..64).map(|i| (i % 8) as f32).collect();
        let ramp = HostTensor::new([1, 1, 8, 8], ramp).unwrap();
        let (a, b) = (
            bicubic(&ramp, 32, 32).unwrap(),
            bicubic_shifted(&ramp, 32, 32, 0.5).unwrap(),
        );
        // Away from the borders a linear ramp is reproduced exactly.
        for x in 10..20 {
            let d = b.data()[16 * 32 + x] - a.data()[16 * 32 + x];
            assert!((d - 0.5).abs() < 1e-5, "{d}");
        }
    }

    const DOWN: [f32; 6] = [
        -0.0319953,
        -0.00318526,
        -0.0839363,
        -0.0191261,
        0.0221787,
        -0.00116768,
    ];
    const UP: [f32; 35] = [
        -0.55356, -0.348205, -0.186404, 0.0114973, 0.218678, 0.0278773, 0.245344, 0.359316,
        -0.518452, -0.351144, -0.0353521, 0.160714, 0.257085, -0.0503525, 0.0211742, 0.300519,
        -0.37107, -0.189377, 0.011165, 0.222301, 0.473385, -0.357956, -0.13077, 0.0649079,
        -0.226109, -0.113729, 0.155559, 0.30125, 0.524783, -0.540857, -0.253823, -0.205482,
        -0.0967409, 0.00936084, 0.102966,
    ];
}
