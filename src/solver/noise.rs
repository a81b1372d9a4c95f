//! Standard normal noise: seeded for users, given for tests.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, StandardNormal};

use crate::{Error, HostTensor, Result};

/// Independent streams of one seed, so that changing the solver's steps leaves the measurement alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// The measurement's noise.
    Measurement,
    /// The solver's noises.
    Solver,
}

/// Where a solver's noise comes from.
pub trait NoiseSource {
    /// The next standard normal tensor of `shape`. Given noises fail when none is left or its
    /// shape differs; seeded noise never fails.
    fn standard_normal(&mut self, shape: &[usize]) -> Result<HostTensor>;
}

/// Noise from a seed: the same on every platform (ChaCha with 8 rounds, ziggurat normals in f32).
#[derive(Debug, Clone)]
pub struct SeededNoise(ChaCha8Rng);

impl SeededNoise {
    /// The stream `stream` of `seed`.
    pub fn new(seed: u64, stream: Stream) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(match stream {
            Stream::Measurement => 1,
            Stream::Solver => 2,
        });
        Self(rng)
    }
}

impl NoiseSource for SeededNoise {
    fn standard_normal(&mut self, shape: &[usize]) -> Result<HostTensor> {
        let n = shape.iter().product();
        let data = (0..n).map(|_| StandardNormal.sample(&mut self.0)).collect();
        HostTensor::new(shape, data)
    }
}

/// Given noises, used in order.
#[derive(Debug, Clone)]
pub struct GivenNoise(std::vec::IntoIter<HostTensor>);

impl GivenNoise {
    /// Hands out `noises` one by one.
    pub fn new(noises: Vec<HostTensor>) -> Self {
        Self(noises.into_iter())
    }
}

impl NoiseSource for GivenNoise {
    fn standard_normal(&mut self, shape: &[usize]) -> Result<HostTensor> {
        let noise = self
            .0
            .next()
            .ok_or_else(|| Error::invalid("more noises are needed than were given"))?;
        noise.expect_shape("the given noise", shape)?;
        Ok(noise)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn is_standard_normal_and_reproducible() {
        let draw = |seed, stream| {
            let mut source = SeededNoise::new(seed, stream);
            source.standard_normal(&[20_000]).unwrap()
        };
        let a = draw(7, Stream::Solver);
        let n = a.len() as f64;
        let mean = a.data().iter().map(|v| f64::from(*v)).sum::<f64>() / n;
        assert!(mean.abs() < 0.03, "mean {mean}");
        let var = a.norm().powi(2) / n;
        assert!((var - 1.0).abs() < 0.04, "variance {var}");
        assert_eq!(a, draw(7, Stream::Solver));
        assert_ne!(a, draw(8, Stream::Solver));
        assert_ne!(a, draw(7, Stream::Measurement));
    }

    #[test]
    fn given_noise_is_checked() {
        let mut source = GivenNoise::new(vec![HostTensor::zeros([2, 2])]);
        assert!(source.clone().standard_normal(&[3]).is_err());
        source.standard_normal(&[2, 2]).unwrap();
        assert!(source.standard_normal(&[2, 2]).is_err());
    }
}
