//! A colour map for numbers: a straight line in Oklab (Ottosson 2020), so equal steps of the number look
//! equally large; from dark blue to light yellow, which all forms of colour blindness tell apart, the
//! common red-green ones with all of its hues.

/// Oklab at 0 and at 1: lightness, green to red, blue to yellow.
const ENDS: [[f64; 3]; 2] = [[0.22, 0.0, -0.12], [0.97, -0.04, 0.12]];

/// Linear sRGB of an Oklab colour.
fn linear([l, a, b]: [f64; 3]) -> [f64; 3] {
    let cones = [
        l + 0.396_337_777_4 * a + 0.215_803_757_3 * b,
        l - 0.105_561_345_8 * a - 0.063_854_172_8 * b,
        l - 0.089_484_177_5 * a - 1.291_485_548_0 * b,
    ]
    .map(|v| v.powi(3));
    [
        [4.076_741_662_1, -3.307_711_591_3, 0.230_969_929_2],
        [-1.268_438_004_6, 2.609_757_401_1, -0.341_319_396_5],
        [-0.004_196_086_3, -0.703_418_614_7, 1.707_614_701_0],
    ]
    .map(|row| row.iter().zip(cones).map(|(m, c)| m * c).sum())
}

fn encode(linear: f64) -> f64 {
    if linear <= 0.003_130_8 {
        12.92 * linear
    } else {
        1.055 * linear.powf(1.0 / 2.4) - 0.055
    }
}

/// Oklab of a share.
fn along(share: f64) -> [f64; 3] {
    let t = share.clamp(0.0, 1.0);
    let [from, to] = ENDS;
    [0, 1, 2].map(|i| from[i] + t * (to[i] - from[i]))
}

/// The 8-bit sRGB colour of a share from 0 to 1; what lies outside has the colour of its end.
pub fn colour(share: f64) -> [u8; 3] {
    linear(along(share)).map(|v| (encode(v.clamp(0.0, 1.0)) * 255.0).round() as u8)
}

/// A round number at or above `largest`: 1, 2 or 5 times a power of ten.
pub fn scale(largest: f64) -> f64 {
    if !(largest.is_finite() && largest > 0.0) {
        return 0.01;
    }
    let power = 10_f64.powf(largest.log10().floor());
    let factor = [1.0, 2.0, 5.0, 10.0];
    let fits = factor
        .into_iter()
        .map(|f| f * power)
        .find(|v| *v >= largest * (1.0 - 1e-9));
    fits.unwrap_or(10.0 * power)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_colour_exists_on_screens() {
        for i in 0..=100 {
            for v in linear(along(f64::from(i) / 100.0)) {
                assert!((-1e-3..=1.001).contains(&v), "at {i} %: {v}");
            }
        }
    }

    #[test]
    fn colours_get_lighter_all_the_way() {
        let light = |i: u32| {
            let [r, g, b] = colour(f64::from(i) / 50.0).map(f64::from);
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        assert!((1..=50).all(|i| light(i) > light(i - 1)));
        assert!(light(0) < 40.0 && light(50) > 220.0);
        assert_eq!(colour(-1.0), colour(0.0));
        assert_eq!(colour(2.0), colour(1.0));
    }

    #[test]
    fn scales_are_round_and_large_enough() {
        for (largest, expected) in [(0.034, 0.05), (0.1, 0.1), (0.11, 0.2), (0.7, 1.0)] {
            assert!((scale(largest) - expected).abs() < 1e-12, "{largest}");
        }
        assert!(scale(0.0) > 0.0 && scale(f64::NAN) > 0.0);
    }
}
