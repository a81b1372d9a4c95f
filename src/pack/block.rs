//! Symmetric quantisation of blocks of 32 values: x is kept as s q with an integer q and a
//! half-precision scale s that the block shares.

use half::f16;

/// Values in a block.
pub const BLOCK: usize = 32;

/// One quantised block: x[i] = scale * q[i].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Block {
    /// The scale; negative scales occur in 4 bits.
    pub scale: f16,
    /// The integers: -127 to 127 in 8 bits, -8 to 7 in 4 bits.
    pub q: [i8; BLOCK],
}

impl Block {
    const ZERO: Self = Self {
        scale: f16::ZERO,
        q: [0; BLOCK],
    };

    /// The value of element `i`.
    pub fn value(&self, i: usize) -> f32 {
        self.scale.to_f32() * f32::from(self.q[i])
    }

    /// The sum of squared errors against `x`.
    pub fn squared_error(&self, x: &[f32; BLOCK]) -> f32 {
        let errors = x.iter().enumerate().map(|(i, x)| x - self.value(i));
        errors.map(|e| e * e).sum()
    }
}

/// The smallest f16 that is not below `x` >= 0; infinite above 65504.
fn round_up(x: f32) -> f16 {
    let nearest = f16::from_f32(x);
    if nearest.to_f32() < x {
        // Bit patterns of non-negative halves are in the order of their values.
        f16::from_bits(nearest.to_bits() + 1)
    } else {
        nearest
    }
}

fn largest(x: &[f32; BLOCK]) -> f32 {
    x.iter().fold(0.0, |m, v| v.abs().max(m))
}

/// Rounds to the nearest multiple of a scale that takes the largest value to `top`. Since the scale
/// is rounded up, nothing is clipped and each error is at most half a scale:
/// |error| <= (max|x| / top (1 + 2^-10) + 2^-24) / 2. `None` when the scale is beyond f16.
fn nearest(x: &[f32; BLOCK], top: f32) -> Option<Block> {
    let scale = round_up(largest(x) / top);
    if !scale.is_finite() {
        return None;
    }
    if scale == f16::ZERO {
        return Some(Block::ZERO);
    }
    let s = scale.to_f32();
    let q = x.map(|v| (v / s).round().clamp(-top, top) as i8);
    Some(Block { scale, q })
}

/// Eight bits: round to nearest, q from -127 to 127. `None` when the values are not finite or so
/// large that the scale is beyond f16.
pub fn eight_bits(x: &[f32; BLOCK]) -> Option<Block> {
    x.iter().all(|v| v.is_finite()).then(|| nearest(x, 127.0))?
}

/// Four bits: the block, with q from -8 to 7, of least squared error found among trial scales of
/// both signs (the largest value may fall on -8 or on 7, or be clipped), each judged with its best
/// scale in the sense of least squares. Never worse than rounding to nearest with q from -7 to 7.
/// `None` as for [`eight_bits`].
pub fn four_bits(x: &[f32; BLOCK]) -> Option<Block> {
    if !x.iter().all(|v| v.is_finite()) {
        return None;
    }
    let plain = nearest(x, 7.0)?;
    if plain.scale == f16::ZERO {
        return Some(plain);
    }
    let max = largest(x);
    let mut best = (0.0, max / 7.0);
    for step in 0..8 {
        let trial = max / (5.5 + 0.5 * step as f32);
        for scale in [trial, -trial] {
            let (gain, refined) = least_squares(x, scale);
            if gain > best.0 {
                best = (gain, refined);
            }
        }
    }
    let (_, refined) = least_squares(x, best.1);
    let mut chosen = plain;
    let mut error = plain.squared_error(x);
    for scale in [best.1, refined] {
        let candidate = with_scale(x, f16::from_f32(scale));
        let e = candidate.squared_error(x);
        if e < error {
            (chosen, error) = (candidate, e);
        }
    }
    Some(chosen)
}

/// The nearest integer within -8 to 7, for |v| < 2^22: adding 1.5 * 2^23 leaves no bits for a
/// fraction, which is quicker than `round`.
fn level(v: f32) -> f32 {
    const SHIFT: f32 = 12_582_912.0;
    ((v + SHIFT) - SHIFT).clamp(-8.0, 7.0)
}

/// With q rounded under `scale`: by how much the squared error falls below the sum of squares when
/// the scale is then the best one, and that scale. Both are 0 when every q is.
fn least_squares(x: &[f32; BLOCK], scale: f32) -> (f32, f32) {
    let inverse = 1.0 / scale;
    let (mut xq, mut qq) = (0.0, 0.0);
    for v in x {
        let q = level(v * inverse);
        xq += v * q;
        qq += q * q;
    }
    if qq == 0.0 || !xq.is_finite() {
        return (0.0, 0.0);
    }
    (xq * xq / qq, xq / qq)
}

fn with_scale(x: &[f32; BLOCK], scale: f16) -> Block {
    if scale.to_f32() == 0.0 || !scale.is_finite() {
        return Block::ZERO;
    }
    let inverse = 1.0 / scale.to_f32();
    Block {
        scale,
        q: x.map(|v| level((v * inverse).clamp(-16.0, 16.0)) as i8),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::solver::{NoiseSource, NoiseStream, SeededNoise};

    /// Blocks of Gaussian values whose spreads run over many magnitudes, with outliers in some.
    fn blocks() -> Vec<[f32; BLOCK]> {
        let mut noise = SeededNoise::new(5, NoiseStream::Solver);
        let values = noise.normal(&[600, BLOCK]).unwrap();
        let (rows, _) = values.data().as_chunks::<BLOCK>();
        let spread = |i: usize| 10f32.powi((i % 12) as i32 - 8);
        let mut blocks: Vec<[f32; BLOCK]> = rows
            .iter()
            .enumerate()
            .map(|(i, r)| r.map(|v| v * spread(i)))
            .collect();
        for (i, block) in blocks.iter_mut().enumerate().step_by(7) {
            block[i % BLOCK] *= 20.0;
        }
        blocks.push([0.0; BLOCK]);
        blocks.push([1e-30; BLOCK]);
        blocks
    }

    /// Half a scale, the scale being at most the next f16 above max / top.
    fn bound(x: &[f32; BLOCK], top: f32) -> f64 {
        let scale = f64::from(largest(x)) / f64::from(top) * (1.0 + 2f64.powi(-10));
        (scale + 2f64.powi(-24)) / 2.0 * (1.0 + 1e-6)
    }

    #[test]
    fn eight_bits_keep_the_analytic_bound_on_every_value() {
        for x in blocks() {
            let block = eight_bits(&x).unwrap();
            for (i, v) in x.iter().enumerate() {
                let error = f64::from(v - block.value(i)).abs();
                assert!(error <= bound(&x, 127.0), "{v} {error}");
            }
        }
    }

    #[test]
    fn four_bits_keep_the_analytic_bound_on_every_block() {
        for x in blocks() {
            let block = four_bits(&x).unwrap();
            assert!(block.q.iter().all(|q| (-8..=7).contains(q)));
            let error = f64::from(block.squared_error(&x)).sqrt();
            let worst = bound(&x, 7.0) * (BLOCK as f64).sqrt();
            assert!(error <= worst * (1.0 + 1e-5), "{error} {worst}");
        }
    }

    #[test]
    fn the_search_pays_and_never_costs() {
        let (mut searched, mut rounded) = (0.0, 0.0);
        for x in blocks() {
            let size: f32 = x.iter().map(|v| v * v).sum();
            let (a, b) = (four_bits(&x).unwrap(), nearest(&x, 7.0).unwrap());
            let (a, b) = (a.squared_error(&x), b.squared_error(&x));
            assert!(a <= b);
            // Below the smallest halves no scale helps.
            if size > 1e-8 {
                searched += f64::from(a / size);
                rounded += f64::from(b / size);
            }
        }
        assert!(searched < 0.8 * rounded, "{searched} {rounded}");
    }

    #[test]
    fn the_asymmetric_range_is_used_on_either_side() {
        let mut x = [0.0f32; BLOCK];
        for (i, v) in x.iter_mut().enumerate() {
            *v = (i % 16) as f32 - 8.0;
        }
        let block = four_bits(&x).unwrap();
        assert_eq!(block.squared_error(&x), 0.0);
        let block = four_bits(&x.map(|v| -v)).unwrap();
        assert!(block.scale < f16::ZERO);
        assert_eq!(block.squared_error(&x.map(|v| -v)), 0.0);
    }

    #[test]
    fn what_has_no_scale_is_refused() {
        for bad in [f32::NAN, f32::INFINITY, 1e30] {
            let mut x = [1.0; BLOCK];
            x[3] = bad;
            assert_eq!(eight_bits(&x), None);
            assert_eq!(four_bits(&x), None);
        }
    }
}
