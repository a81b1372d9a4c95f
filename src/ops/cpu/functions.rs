//! Nonlinearities without branches or calls, so that loops over them become SIMD, in wasm too.

use crate::ops::Activation;

/// e^x with a relative error below 2e-7; arguments are clamped to [-87, 88], where f32 is normal.
pub fn exp(x: f32) -> f32 {
    // Adding 1.5 2^23 leaves the nearest integer in the lowest bits.
    const SHIFT: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + SHIFT;
    let n = shifted - SHIFT;
    // ln 2 in two parts, so that n times the first is exact (Cody and Waite).
    let r = x - n * 0.693_359_4 + n * 2.121_944_4e-4;
    let mut p = 1.0 / 5040.0;
    for c in [
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ] {
        p = p * r + c;
    }
    let power = f32::from_bits((shifted.to_bits() << 23).wrapping_add(127 << 23));
    p * power
}

pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// erf by the rational Chebyshev fit of Numerical Recipes, whose complement has a fractional error
/// below 1.2e-7.
pub fn erf(x: f32) -> f32 {
    let z = x.abs();
    let t = 1.0 / (1.0 + 0.5 * z);
    let mut p = 0.170_872_77;
    for c in [
        -0.822_152_23,
        1.488_515_9,
        -1.135_204,
        0.278_868_08,
        -0.186_288_06,
        0.096_784_18,
        0.374_091_96,
        1.000_023_7,
        -1.265_512_2,
    ] {
        p = p * t + c;
    }
    (1.0 - t * exp(p - z * z)).copysign(x)
}

/// Exact GELU.
pub fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2))
}

/// Applies `f` to all values; one loop a function, so that each is inlined.
pub fn activate(x: &mut [f32], f: Activation) {
    match f {
        Activation::Silu => x.iter_mut().for_each(|v| *v *= sigmoid(*v)),
        Activation::Gelu => x.iter_mut().for_each(|v| *v = gelu(*v)),
        Activation::QuickGelu => x.iter_mut().for_each(|v| *v *= sigmoid(1.702 * *v)),
        Activation::Relu => x
            .iter_mut()
            .for_each(|v| *v = if *v < 0.0 { 0.0 } else { *v }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_keep_their_bounds() {
        for i in -8700..=8800 {
            let x = i as f32 * 0.01;
            let exact = f64::from(x).exp();
            let error = (f64::from(exp(x)) / exact - 1.0).abs();
            assert!(error < 2e-7, "exp({x}): {error:e}");
        }
        assert!(exp(-1e30) < 1e-37 && exp(f32::NAN).is_nan());
        for i in -600..=600 {
            let x = i as f32 * 0.01;
            let error = f64::from(erf(x)) - libm::erf(f64::from(x));
            assert!(error.abs() < 2e-7, "erf({x}): {error:e}");
        }
    }
}
