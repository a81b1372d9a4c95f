//! Interpolation of a Bayer mosaic.

use super::choices::Pattern;

/// Index of a signal of length n continued by reflection that does not repeat the border, and hence
/// keeps the colour of a mosaic; for offsets of at most two.
fn reflect(i: i64, n: usize) -> usize {
    let last = n as i64 - 1;
    let i = i.abs();
    (last - (last - i).abs()).clamp(0, last) as usize
}

/// Red, green and blue planes of `height` x `width` from a mosaic.
///
/// Green at red and blue pixels is the mean of its two neighbours plus a quarter of the second
/// difference of the colour there, along the direction of smaller variation (Hamilton and Adams,
/// US patent 5629734, 1997, expired). Red and blue are green plus the bilinear interpolation of their
/// difference to it.
pub(super) fn demosaic(y: &[f32], height: usize, width: usize, pattern: Pattern) -> Vec<f32> {
    let n = height * width;
    let value = |r: i64, c: i64| f64::from(y[reflect(r, height) * width + reflect(c, width)]);
    let green: Vec<f64> = (0..n)
        .map(|i| {
            let (r, c) = ((i / width) as i64, (i % width) as i64);
            let here = value(r, c);
            if pattern.channel(i / width, i % width) == 1 {
                return here;
            }
            let line = |dr: i64, dc: i64| {
                let (a, b) = (value(r - dr, c - dc), value(r + dr, c + dc));
                let second =
                    2.0 * here - value(r - 2 * dr, c - 2 * dc) - value(r + 2 * dr, c + 2 * dc);
                ((a - b).abs() + second.abs(), (a + b) / 2.0 + second / 4.0)
            };
            // A single row or column has neighbours along itself only.
            let along = |n: usize, dr, dc| {
                if n > 1 {
                    line(dr, dc)
                } else {
                    (f64::INFINITY, here)
                }
            };
            let (rows, columns) = (along(width, 0, 1), along(height, 1, 0));
            match rows.0.total_cmp(&columns.0) {
                std::cmp::Ordering::Less => rows.1,
                std::cmp::Ordering::Greater => columns.1,
                std::cmp::Ordering::Equal => (rows.1 + columns.1) / 2.0,
            }
        })
        .collect();
    let difference = |i: usize, channel: usize| {
        let (mut sum, mut mass) = (0.0, 0.0);
        for k in 0..9 {
            let (dr, dc) = (k / 3, k % 3);
            let (r, c) = (
                (i / width + dr).wrapping_sub(1),
                (i % width + dc).wrapping_sub(1),
            );
            if r < height && c < width && pattern.channel(r, c) == channel {
                let weight = [1.0, 2.0, 1.0][dr] * [1.0, 2.0, 1.0][dc];
                sum += weight * (f64::from(y[r * width + c]) - green[r * width + c]);
                mass += weight;
            }
        }
        // A colour that the mosaic lacks here, at the border of tiny pictures, is grey.
        if mass > 0.0 { sum / mass } else { 0.0 }
    };
    (0..3 * n)
        .map(|i| match i / n {
            1 => green[i % n] as f32,
            channel => (green[i % n] + difference(i % n, channel)) as f32,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_was_measured_and_continues_ramps() {
        let (h, w) = (9, 12);
        // All channels are one ramp plus a constant of their own.
        let truth: Vec<f32> = (0..3 * h * w)
            .map(|i| (i / (h * w)) as f32 * 0.2 + (i % w) as f32 * 0.03 - (i / w % h) as f32 * 0.02)
            .collect();
        for pattern in [Pattern::Rggb, Pattern::Bggr, Pattern::Grbg, Pattern::Gbrg] {
            let mosaic: Vec<f32> = (0..h * w)
                .map(|i| truth[pattern.channel(i / w, i % w) * h * w + i])
                .collect();
            let out = demosaic(&mosaic, h, w, pattern);
            for (i, m) in mosaic.iter().enumerate() {
                let same = out[pattern.channel(i / w, i % w) * h * w + i];
                assert!((same - m).abs() < 1e-6);
            }
            // Exact inside, where no sample is mirrored.
            for (i, (a, b)) in out.iter().zip(&truth).enumerate() {
                let (r, c) = (i / w % h, i % w);
                if (3..h - 3).contains(&r) && (3..w - 3).contains(&c) {
                    assert!((a - b).abs() < 1e-5, "{pattern:?} {i}: {a} {b}");
                }
            }
        }
    }
}
