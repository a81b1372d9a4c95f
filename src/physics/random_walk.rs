//! The blur of a shaken camera: a point spread function along a random walk.

use super::kernels::Kernel;
use crate::{Error, Result};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use rand_distr::{Beta, Distribution};

/// Width of the line, as a deviation relative to the kernel's diagonal.
const WIDTH: f64 = 0.01;

impl Kernel {
    /// Motion along a random walk, in the manner of the point spread functions of LATINO's motion
    /// blur experiments (size 122, intensity 0.5 at 1024 pixels).
    ///
    /// With D the kernel's diagonal and i the intensity, the walk is 3/4 D (u + v) long, u uniform in
    /// [0, 1] and v in [0, i^2]; its steps are (1 - i) D times a Beta(1, 30) variable. The largest
    /// turn is m, uniform in [0, i pi]. The first turn is uniform in [-m, m]; every later one has a
    /// triangular size in [0, m] with mode i m, and against the turn before it the opposite sign with
    /// a probability drawn once from Beta(2, 20). The walk is then rotated at random and its centre of
    /// gravity put on the origin. A tap is the time spent there, at constant speed, under a Gaussian
    /// of deviation D / 100 (at least half a pixel).
    ///
    /// `size` is the side in pixels (at least 1), `intensity` lies in [0, 1]; equal seeds give equal
    /// kernels. Fails with [`Error::Invalid`] outside these ranges.
    pub fn random_walk(size: usize, intensity: f64, seed: u64) -> Result<Self> {
        if size == 0 || !(0.0..=1.0).contains(&intensity) {
            return Err(Error::invalid(format!(
                "a random walk needs a size above 0 and an intensity from 0 to 1, found {size} and {intensity}"
            )));
        }
        let diagonal = (size as f64).hypot(size as f64);
        let points = centred(walk(intensity, seed)?, diagonal);
        let deviation = (WIDTH * diagonal).max(0.5);
        let mut taps = vec![0.0; size * size];
        let origin = ((size - 1) / 2) as f64;
        let reach = 4.0 * deviation;
        for [x, y] in points {
            let (cx, cy) = (x + origin, y + origin);
            let range = |c: f64| {
                let low = (c - reach).ceil().max(0.0) as usize;
                low..((c + reach).floor().max(-1.0) + 1.0).min(size as f64) as usize
            };
            for row in range(cy) {
                for column in range(cx) {
                    let r2 = (row as f64 - cy).powi(2) + (column as f64 - cx).powi(2);
                    taps[row * size + column] += (-r2 / (2.0 * deviation * deviation)).exp();
                }
            }
        }
        Self::normalised(size, size, taps)
    }
}

/// The corners of the walk, relative to the diagonal.
fn walk(intensity: f64, seed: u64) -> Result<Vec<[f64; 2]>> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut uniform = {
        let rng = &mut rng;
        move || f64::from(rng.next_u32()) / 2f64.powi(32)
    };
    let length = 0.75 * (uniform() + intensity.powi(2) * uniform());
    let largest = intensity * std::f64::consts::PI * uniform();
    let first = (2.0 * uniform() - 1.0) * largest;
    let turned = std::f64::consts::PI * uniform();

    let beta = |a: f64, b: f64| {
        Beta::new(a, b).map_err(|e| Error::invalid(format!("no Beta({a}, {b}) variable: {e}")))
    };
    let steps = beta(1.0, 30.0)?;
    let flip = beta(2.0, 20.0)?.sample(&mut rng);
    let (mut at, mut heading, mut turn, mut walked) = ([0.0, 0.0], turned, first, 0.0);
    let mut corners = vec![at];
    while walked < length {
        // A walk of intensity 1 would stand still.
        let step = (steps.sample(&mut rng) * (1.0 - intensity))
            .max(2e-3)
            .min(length - walked + 1e-9);
        at = [at[0] + step * heading.cos(), at[1] + step * heading.sin()];
        corners.push(at);
        walked += step;
        heading += turn;
        let u = f64::from(rng.next_u32()) / 2f64.powi(32);
        // Inverse of the triangular distribution on [0, 1] with mode `intensity`.
        let size = if u < intensity {
            (u * intensity).sqrt()
        } else {
            1.0 - ((1.0 - u) * (1.0 - intensity)).sqrt()
        };
        let flips = f64::from(rng.next_u32()) / 2f64.powi(32) < flip;
        let sign = if flips { -turn.signum() } else { turn.signum() };
        turn = sign * size * largest;
    }
    Ok(corners)
}

/// Points along the walk at most a quarter pixel apart, equally spaced in time, around their centre of
/// gravity.
fn centred(corners: Vec<[f64; 2]>, diagonal: f64) -> Vec<[f64; 2]> {
    let mut points = Vec::new();
    let spacing = 0.25;
    let mut ahead = 0.0;
    for pair in corners.windows(2) {
        let [[x0, y0], [x1, y1]] = [pair[0], pair[1]].map(|p| p.map(|v| v * diagonal));
        let length = (x1 - x0).hypot(y1 - y0);
        while ahead < length {
            let t = ahead / length;
            points.push([x0 + t * (x1 - x0), y0 + t * (y1 - y0)]);
            ahead += spacing;
        }
        ahead -= length;
    }
    if points.is_empty() {
        points.push([0.0, 0.0]);
    }
    let n = points.len() as f64;
    let mean = [0, 1].map(|i| points.iter().map(|p| p[i]).sum::<f64>() / n);
    points
        .iter()
        .map(|p| [p[0] - mean[0], p[1] - mean[1]])
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn centre_and_spread(k: &Kernel) -> ([f64; 2], f64) {
        let moment = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
            (k.taps.iter().enumerate())
                .map(|(i, t)| t * f((i % k.width) as f64, (i / k.width) as f64))
                .sum()
        };
        let (x, y) = (moment(&|x, _| x), moment(&|_, y| y));
        let spread = moment(&|a, b| (a - x).powi(2) + (b - y).powi(2));
        ([x, y], spread.sqrt())
    }

    #[test]
    fn walks_differ_by_seed_and_stay_centred() {
        let mut spreads = Vec::new();
        for seed in 0..20 {
            let k = Kernel::random_walk(31, 0.5, seed).unwrap();
            assert_eq!((k.height, k.width), (31, 31));
            assert_eq!(k, Kernel::random_walk(31, 0.5, seed).unwrap());
            assert_ne!(
                k.taps,
                Kernel::random_walk(31, 0.5, seed + 100).unwrap().taps
            );
            assert!((k.taps.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            assert!(k.taps.iter().all(|t| *t >= 0.0));
            let ([x, y], spread) = centre_and_spread(&k);
            assert!(
                (x - 15.0).abs() < 1.5 && (y - 15.0).abs() < 1.5,
                "{seed}: {x} {y}"
            );
            spreads.push(spread);
        }
        // Some walks are short, some fill the kernel.
        assert!(spreads.iter().any(|s| *s > 5.0) && spreads.iter().any(|s| *s < 5.0));
    }

    #[test]
    fn no_intensity_walks_straight() {
        for seed in 0..5 {
            let k = Kernel::random_walk(41, 0.0, seed).unwrap();
            let ([x, y], _) = centre_and_spread(&k);
            let moment = |f: &dyn Fn(f64, f64) -> f64| -> f64 {
                (k.taps.iter().enumerate())
                    .map(|(i, t)| t * f((i % 41) as f64 - x, (i / 41) as f64 - y))
                    .sum()
            };
            let (xx, yy, xy) = (
                moment(&|x, _| x * x),
                moment(&|_, y| y * y),
                moment(&|x, y| x * y),
            );
            // The smaller principal variance is that of the line's width.
            let across = (xx + yy) / 2.0 - ((xx - yy) / 2.0).hypot(xy);
            assert!(across < 0.6, "{seed}: {across}");
        }
        assert!(Kernel::random_walk(5, 1.0, 0).is_ok());
        assert!(Kernel::random_walk(5, 1.5, 0).is_err() && Kernel::random_walk(0, 0.5, 0).is_err());
    }
}
