//! The level of unknown noise, from one degraded picture.

use super::clipping::unclip;
use crate::{Error, HostTensor, Result};

/// The median of |n| for n ~ N(0, 1).
pub(super) const MEDIAN_ABSOLUTE: f64 = 0.674_489_75;

/// Values closer than this to -1 or 1 are clipped: half a step of 8 bits.
const CLIPPED: f32 = 1.0 - 1.0 / 255.0;

/// From this share of clipped values on, clipping is corrected for.
const MUCH_CLIPPED: f64 = 0.01;

/// Fewest filter responses that an estimate rests on.
const FEWEST: usize = 30;

/// An estimate of additive white noise, for intensities in [0, 1].
#[derive(Debug, Clone, PartialEq)]
pub struct NoiseEstimate {
    /// Standard deviation over all channels.
    pub sigma: f64,
    /// Standard deviation of each channel.
    pub channels: Vec<f64>,
    /// Share of values at black or white.
    pub clipped_share: f64,
    /// True when the level was inferred from mid-grey places alone, as much was clipped.
    pub corrected: bool,
}

impl NoiseEstimate {
    /// What a reader should know about this estimate, in one sentence; none when it can be relied on.
    pub fn caution(&self) -> Option<&'static str> {
        if self.clipped_share >= MUCH_CLIPPED && !self.corrected {
            Some(
                "Much of the picture is clipped to black or white, which hides noise: the true level is higher.",
            )
        } else if self.corrected && self.sigma > 0.6 {
            Some("Clipping hides most of so much noise: the level is a rough guess.")
        } else if self.corrected {
            Some("The level was inferred from mid-grey places, as the noise is clipped elsewhere.")
        } else if self.sigma < 0.004 {
            Some("So little noise cannot be told from fine texture and rounding to 8 bits.")
        } else {
            None
        }
    }
}

/// Estimates the standard deviation of white Gaussian noise in `picture` `[B, C, H, W]` in [-1, 1].
///
/// Two filters that smooth pictures do not pass are applied everywhere, and the median absolute
/// response, which edges hardly move, is divided by 0.6745 and the filter's norm: the diagonal Haar
/// wavelet of the finest scale (Donoho and Johnstone 1994), and the product of second differences
/// (Immerkaer 1996, there with the mean, which edges do move). Structure only adds to either, hence
/// the smaller of the two is taken.
///
/// Clipping to [0, 1] cuts noise off. When 1 % of the values or more are clipped, only places whose 7 x 7
/// mean lies between 0.4 and 0.6 are used, and the level is the one that, clipped, has the median Haar
/// response found there; without enough such places the estimate is too low, and
/// [`NoiseEstimate::caution`] says so.
///
/// Measures white noise: noise that a camera or JPEG has smoothed is underrated, fine texture that fills
/// more than half of the picture counts as noise. Signal-dependent noise gives its typical level.
///
/// # Errors
/// [`Error::Picture`] when a side is below 8 pixels, [`Error::Invalid`] when a value is not finite.
pub fn estimate_noise(picture: &HostTensor) -> Result<NoiseEstimate> {
    let [_, c, h, w] = picture.dims4()?;
    if h < 8 || w < 8 || picture.is_empty() {
        return Err(Error::Picture(format!(
            "{w}x{h} pixels are too few to estimate noise; 8 a side are needed"
        )));
    }
    if !picture.is_finite() {
        return Err(Error::invalid(
            "the picture has values that are not finite; its noise cannot be estimated",
        ));
    }
    let clipped = picture.data().iter().filter(|v| v.abs() >= CLIPPED).count();
    let clipped_share = clipped as f64 / picture.len() as f64;
    let gather = |grey_only: bool| {
        let mut all = vec![Responses::default(); c];
        for (i, plane) in picture.data().chunks(h * w).enumerate() {
            all[i % c].add(plane, h, w, grey_only);
        }
        all
    };
    let mut corrected = clipped_share >= MUCH_CLIPPED;
    let mut responses = gather(corrected);
    if corrected && responses.iter().any(|r| r.haar.len() < FEWEST) {
        corrected = false;
        responses = gather(false);
    }
    let level = |mut r: Responses| {
        if corrected {
            unclip(median(&mut r.haar) / MEDIAN_ABSOLUTE)
        } else {
            r.deviation()
        }
    };
    let mut all = Responses::default();
    for r in &responses {
        all.haar.extend(&r.haar);
        all.second.extend(&r.second);
    }
    Ok(NoiseEstimate {
        sigma: level(all),
        channels: responses.into_iter().map(level).collect(),
        clipped_share,
        corrected,
    })
}

/// Absolute responses of the two filters, scaled to pass white noise at its own deviation in [0, 1] units.
#[derive(Clone, Default)]
struct Responses {
    haar: Vec<f32>,
    second: Vec<f32>,
}

impl Responses {
    fn add(&mut self, plane: &[f32], h: usize, w: usize, grey_only: bool) {
        let at = |y: usize, x: usize| plane[y * w + x];
        for y in 1..h - 1 {
            for x in 1..w - 1 {
                if grey_only && !is_grey(plane, h, w, y, x) {
                    continue;
                }
                let haar = at(y, x) - at(y, x + 1) - at(y + 1, x) + at(y + 1, x + 1);
                let second = |y: usize| at(y, x - 1) - 2.0 * at(y, x) + at(y, x + 1);
                let product = second(y - 1) - 2.0 * second(y) + second(y + 1);
                // Norms 2 and 6; half again for [0, 1].
                self.haar.push(haar.abs() / 4.0);
                self.second.push(product.abs() / 12.0);
            }
        }
    }

    fn deviation(mut self) -> f64 {
        let level = |v: &mut [f32]| median(v) / MEDIAN_ABSOLUTE;
        level(&mut self.haar).min(level(&mut self.second))
    }
}

/// True when the mean intensity around a pixel lies between 0.4 and 0.6.
fn is_grey(plane: &[f32], h: usize, w: usize, y: usize, x: usize) -> bool {
    let (rows, columns) = (
        y.saturating_sub(3)..(y + 4).min(h),
        x.saturating_sub(3)..(x + 4).min(w),
    );
    let count = rows.len() * columns.len();
    let sum: f32 = rows
        .map(|r| plane[r * w..][columns.clone()].iter().sum::<f32>())
        .sum();
    (sum / count as f32).abs() <= 0.2
}

fn median(v: &mut [f32]) -> f64 {
    if v.is_empty() {
        return 0.0;
    }
    let middle = v.len() / 2;
    f64::from(*v.select_nth_unstable_by(middle, f32::total_cmp).1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::clipping::clipped_response;
    use super::*;
    use crate::noise::NoiseModel;

    /// Ramps, discs and bars: piecewise smooth, with edges, in [0.1, 0.9].
    fn picture(side: usize) -> HostTensor {
        let at = |i: usize| {
            let (c, y, x) = (i / (side * side), i / side % side, i % side);
            let (u, v) = (x as f32 / side as f32, y as f32 / side as f32);
            let disc = (u - 0.6).hypot(v - 0.4) < 0.25;
            let bar = v > 0.75 && (x / 9) % 2 == 0;
            let base = 0.5 + 0.25 * (u * 3.0 + c as f32).sin() * (v * 2.0).cos();
            base + if disc { 0.15 } else { 0.0 } - if bar { 0.15 } else { 0.0 }
        };
        let data = (0..3 * side * side).map(|i| 2.0 * at(i) - 1.0).collect();
        HostTensor::new([1, 3, side, side], data).unwrap()
    }

    #[test]
    fn levels_from_one_to_fifty_percent_are_found() {
        let clean = picture(128);
        for sigma in [0.01, 0.02, 0.05, 0.1, 0.2, 0.5] {
            let noisy = NoiseModel::Gaussian { sigma }.apply(&clean, 4).unwrap();
            // Not clipped: such values do not come from a file, but from a simulation.
            let free = Responses::default();
            let mut free = [free];
            for plane in noisy.data().chunks(128 * 128) {
                free[0].add(plane, 128, 128, false);
            }
            let [free] = free;
            let ratio = free.deviation() / sigma;
            assert!((ratio - 1.0).abs() < 0.05, "{sigma}: {ratio}");
            // Clipped to 8 bits, as in a file.
            let file = noisy.map(|v| ((v.clamp(-1.0, 1.0) + 1.0) * 127.5).round() / 127.5 - 1.0);
            let estimate = estimate_noise(&file).unwrap();
            let ratio = estimate.sigma / sigma;
            assert!((ratio - 1.0).abs() < 0.08, "{sigma}: {ratio} {estimate:?}");
            assert_eq!(estimate.channels.len(), 3);
            assert_eq!(estimate.corrected, sigma >= 0.2);
            assert_eq!(estimate.caution().is_some(), sigma >= 0.2);
        }
    }

    #[test]
    fn a_clean_picture_has_hardly_any() {
        let estimate = estimate_noise(&picture(128)).unwrap();
        assert!(estimate.sigma < 1e-3, "{estimate:?}");
        assert!(estimate.caution().unwrap().contains("8 bits"));
    }

    #[test]
    fn clipping_without_mid_grey_is_confessed() {
        let dark = HostTensor::full([1, 1, 64, 64], -0.95);
        let noisy = (NoiseModel::Gaussian { sigma: 0.1 }.apply(&dark, 1).unwrap()).clamp(-1.0, 1.0);
        let estimate = estimate_noise(&noisy).unwrap();
        assert!(!estimate.corrected && estimate.sigma < 0.09);
        assert!(estimate.caution().unwrap().contains("higher"));
    }

    #[test]
    fn the_law_of_clipped_noise_is_that_of_a_draw() {
        let clean = HostTensor::zeros([1, 1, 256, 256]);
        let noisy = (NoiseModel::Gaussian { sigma: 0.5 }.apply(&clean, 2)).unwrap();
        let mut drawn = Responses::default();
        drawn.add(noisy.clamp(-1.0, 1.0).data(), 256, 256, false);
        let drawn = median(&mut drawn.haar) / MEDIAN_ABSOLUTE;
        assert!(
            (clipped_response(0.5) / drawn - 1.0).abs() < 0.01,
            "{drawn}"
        );
    }

    #[test]
    fn small_and_broken_pictures_are_refused() {
        assert!(estimate_noise(&HostTensor::zeros([1, 1, 7, 64])).is_err());
        assert!(estimate_noise(&HostTensor::full([1, 1, 8, 8], f32::NAN)).is_err());
    }
}
