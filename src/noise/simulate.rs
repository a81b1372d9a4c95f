//! Noisy measurements from clean ones.

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use rand_distr::{Distribution, Poisson};

use super::NoiseModel;
use crate::solver::{NoiseSource, NoiseStream, SeededNoise};
use crate::{Error, HostTensor, Result};

/// ChaCha8 streams of their own, beside those of [`NoiseStream`], under the same key.
const PHOTONS: u64 = 16;
const IMPULSES: u64 = 17;

fn generator(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    let mut rng = ChaCha8Rng::from_seed(key);
    rng.set_stream(stream);
    rng
}

impl NoiseModel {
    /// A noisy version of the clean measurement `clean`, any shape, values 2 u - 1. Not clamped.
    ///
    /// Normal noise is drawn from [`NoiseStream::Measurement`] of `seed`, so that Gaussian noise of
    /// one seed is the same picture at every level; photons and impulses have streams of their own.
    /// The values are the same on every platform, photon counts up to its rounding of exp and ln.
    ///
    /// # Errors
    /// [`Error::Invalid`] when a setting is out of range or `clean` is not finite.
    pub fn apply(&self, clean: &HostTensor, seed: u64) -> Result<HostTensor> {
        self.check()?;
        if !clean.is_finite() {
            return Err(Error::invalid(
                "noise: the clean measurement has values that are not finite",
            ));
        }
        let normal = || SeededNoise::new(seed, NoiseStream::Measurement).normal(clean.shape());
        match *self {
            Self::Gaussian { sigma } => {
                let sigma_n = 2.0 * sigma as f32;
                clean.clone().zip(&normal()?, |y, n| y + sigma_n * n)
            }
            Self::Poisson { peak } => photons(clean, peak, seed),
            Self::PoissonGaussian { peak, sigma } => {
                let sigma_n = 2.0 * sigma as f32;
                photons(clean, peak, seed)?.zip(&normal()?, |y, n| y + sigma_n * n)
            }
            Self::SaltPepper { share } => Ok(impulses(clean, share, seed)),
            Self::Speckle { sigma } => {
                let sigma = sigma as f32;
                (clean.clone()).zip(&normal()?, |y, n| (y + 1.0) * (1.0 + sigma * n) - 1.0)
            }
        }
    }
}

fn photons(clean: &HostTensor, peak: f64, seed: u64) -> Result<HostTensor> {
    let mut rng = generator(seed, PHOTONS);
    let mut out = clean.clone();
    for v in out.data_mut() {
        let rate = peak * (f64::from(*v) + 1.0) / 2.0;
        // A rate of zero or less (bicubic overshoot) is darkness.
        let count = if rate > 0.0 {
            let law = Poisson::new(rate).map_err(|e| {
                Error::invalid(format!("noise: {rate} photons cannot be drawn ({e})"))
            })?;
            law.sample(&mut rng)
        } else {
            0.0
        };
        *v = (2.0 * count / peak - 1.0) as f32;
    }
    Ok(out)
}

/// One 32-bit draw per entry: its lower share / 2 is pepper, the next share / 2 salt.
fn impulses(clean: &HostTensor, share: f64, seed: u64) -> HostTensor {
    let mut rng = generator(seed, IMPULSES);
    let mut out = clean.clone();
    for v in out.data_mut() {
        let draw = f64::from(rng.next_u32()) / 2f64.powi(32);
        if draw < share {
            *v = if draw < share / 2.0 { -1.0 } else { 1.0 };
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const N: usize = 200_000;

    /// Noisy intensities of a flat picture of intensity u.
    fn draw(model: &str, u: f64, seed: u64) -> Vec<f64> {
        let model: NoiseModel = model.parse().unwrap();
        let clean = HostTensor::full([N], (2.0 * u - 1.0) as f32);
        let noisy = model.apply(&clean, seed).unwrap();
        (noisy.data().iter())
            .map(|v| (f64::from(*v) + 1.0) / 2.0)
            .collect()
    }

    fn moments(v: &[f64]) -> (f64, f64) {
        let n = v.len() as f64;
        let mean = v.iter().sum::<f64>() / n;
        (mean, v.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n)
    }

    #[test]
    fn mean_and_variance_are_the_stated_ones() {
        for u in [0.05, 0.5, 0.9] {
            for (model, variance) in [
                ("0.1", 0.01),
                ("poisson:peak=3", u / 3.0),
                ("poisson:peak=1000", u / 1e3),
                ("poisson-gaussian:peak=20,sigma=0.1", u / 20.0 + 0.01),
                ("speckle:sigma=0.3", (0.3 * u) * (0.3 * u)),
            ] {
                let (mean, got) = moments(&draw(model, u, 3));
                // Five standard errors; the kurtosis of a Poisson law of rate 0.15 is 3 + 6.7.
                let error = 5.0 * (variance / N as f64).sqrt();
                assert!((mean - u).abs() < error, "{model} {u}: mean {mean}");
                let ratio = got / variance;
                assert!(
                    (ratio - 1.0).abs() < 5.0 * (9.0 / N as f64).sqrt(),
                    "{model} {u}: {ratio}"
                );
            }
        }
    }

    #[test]
    fn impulses_strike_their_share_and_leave_the_rest() {
        let v = draw("salt-pepper:share=0.2", 0.25, 1);
        let share = |x: f64| v.iter().filter(|v| **v == x).count() as f64 / N as f64;
        for (value, expected) in [(0.0, 0.1), (1.0, 0.1), (0.25, 0.8)] {
            assert!((share(value) - expected).abs() < 5.0 * (0.16 / N as f64).sqrt());
        }
    }

    #[test]
    fn gaussian_noise_is_the_measurement_stream_and_seeds_differ() {
        let clean = HostTensor::full([50], 0.25);
        let model = NoiseModel::Gaussian { sigma: 0.1 };
        let n = SeededNoise::new(9, NoiseStream::Measurement)
            .normal(&[50])
            .unwrap();
        let expected = clean.clone().zip(&n, |y, n| y + 0.2 * n).unwrap();
        assert_eq!(model.apply(&clean, 9).unwrap(), expected);
        for model in [
            "0.1",
            "poisson",
            "poisson-gaussian",
            "salt-pepper",
            "speckle",
        ] {
            assert_eq!(draw(model, 0.5, 1), draw(model, 0.5, 1));
            assert_ne!(draw(model, 0.5, 1), draw(model, 0.5, 2), "{model}");
        }
    }

    #[test]
    fn darkness_has_no_photons_and_bad_values_are_refused() {
        let model = NoiseModel::Poisson { peak: 10.0 };
        let dark = HostTensor::new([2], vec![-1.0, -1.3]).unwrap();
        assert_eq!(model.apply(&dark, 0).unwrap().data(), [-1.0, -1.0]);
        assert!(model.apply(&HostTensor::full([1], f32::NAN), 0).is_err());
        let bad = NoiseModel::Poisson { peak: -1.0 };
        assert!(bad.apply(&dark, 0).is_err());
    }
}
