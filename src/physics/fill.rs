//! Smooth filling of holes: pull-push on a pyramid, smoothed towards the harmonic fill.

/// Jacobi sweeps of Laplace's equation per pyramid level.
const SWEEPS: usize = 12;

/// Values where `weights` (0 to 1, row-major `height` x `width`) are large, a smooth continuation where
/// they vanish. Constants continue exactly.
pub(super) fn fill(values: &[f64], weights: &[f64], height: usize, width: usize) -> Vec<f64> {
    if weights.iter().all(|w| *w > 0.999) {
        return values.to_vec();
    }
    if height == 1 && width == 1 {
        return values.to_vec();
    }
    let (h, w) = (height.div_ceil(2), width.div_ceil(2));
    let (mut sums, mut masses) = (vec![0.0; h * w], vec![0.0f64; h * w]);
    for i in 0..height * width {
        let coarse = i / width / 2 * w + i % width / 2;
        sums[coarse] += weights[i] * values[i];
        masses[coarse] += weights[i];
    }
    for (sum, mass) in sums.iter_mut().zip(&mut masses) {
        if *mass > 0.0 {
            *sum /= *mass;
        }
        *mass = mass.min(1.0);
    }
    let coarse = fill(&sums, &masses, h, w);

    // Push: bilinear from the cell centres, then blend.
    let line = |i: usize, n: usize| {
        let u = ((i as f64 - 0.5) / 2.0).clamp(0.0, (n - 1) as f64);
        (u as usize, (u as usize + 1).min(n - 1), u.fract())
    };
    let mut out: Vec<f64> = (0..height * width)
        .map(|i| {
            let ((y0, y1, fy), (x0, x1, fx)) = (line(i / width, h), line(i % width, w));
            let row = |y: usize| coarse[y * w + x0] * (1.0 - fx) + coarse[y * w + x1] * fx;
            let pushed = row(y0) * (1.0 - fy) + row(y1) * fy;
            weights[i] * values[i] + (1.0 - weights[i]) * pushed
        })
        .collect();
    for _ in 0..SWEEPS {
        let old = out.clone();
        for i in (0..height * width).filter(|i| weights[*i] < 0.999) {
            let (y, x) = (i / width, i % width);
            let up = old[y.saturating_sub(1) * width + x];
            let down = old[(y + 1).min(height - 1) * width + x];
            let left = old[y * width + x.saturating_sub(1)];
            let right = old[y * width + (x + 1).min(width - 1)];
            let mean = (up + down + left + right) / 4.0;
            out[i] = weights[i] * values[i] + (1.0 - weights[i]) * mean;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn continues_a_ramp_into_a_hole() {
        let (h, w) = (33, 40);
        let ramp: Vec<f64> = (0..h * w).map(|i| (i % w) as f64 / w as f64).collect();
        let hole = |i: usize| (10..22).contains(&(i / w)) && (12..25).contains(&(i % w));
        let weights: Vec<f64> = (0..h * w)
            .map(|i| if hole(i) { 0.0 } else { 1.0 })
            .collect();
        let values: Vec<f64> = (ramp.iter().zip(&weights)).map(|(v, m)| v * m).collect();
        for (a, b) in fill(&values, &weights, h, w).iter().zip(&ramp) {
            assert!((a - b).abs() < 0.05, "{a} {b}");
        }
    }

    #[test]
    fn one_known_pixel_fills_everything() {
        let (mut values, mut weights) = (vec![0.0; 35], vec![0.0; 35]);
        (values[17], weights[17]) = (0.7, 1.0);
        for v in fill(&values, &weights, 5, 7) {
            assert!((v - 0.7).abs() < 1e-12);
        }
    }
}
