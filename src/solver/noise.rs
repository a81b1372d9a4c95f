//! Where standard normal noise comes from.

use std::collections::VecDeque;

use rand_chacha::{ChaCha8Rng, rand_core::SeedableRng};
use rand_distr::{Distribution, StandardNormal};

use crate::{Error, HostTensor, Result};

/// A source of independent N(0, 1) tensors. Solvers document the order in which they draw.
pub trait NoiseSource {
    /// The next tensor, of the given shape.
    fn normal(&mut self, shape: &[usize]) -> Result<HostTensor>;
}

/// What a stream of noise is for. Streams of one seed are independent, so that changing what one
/// of them is used for (say, the number of steps) does not change the others (say, y).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoiseStream {
    /// The noise w in y = A x + w.
    Measurement,
    /// The solver's and the generator's own noise.
    Solver,
    /// Probes that estimate a property of an operator, such as its trace.
    Probe,
}

/// ChaCha8 under the ziggurat method: one seed gives the same values, row-major, on every platform.
#[derive(Debug, Clone)]
pub struct SeededNoise {
    rng: ChaCha8Rng,
}

impl SeededNoise {
    /// The key is `seed`, little-endian, in the first 8 of ChaCha's 32 key bytes, the rest zero.
    pub fn new(seed: u64, stream: NoiseStream) -> Self {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&seed.to_le_bytes());
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(match stream {
            NoiseStream::Measurement => 0,
            NoiseStream::Solver => 1,
            NoiseStream::Probe => 2,
        });
        Self { rng }
    }
}

impl NoiseSource for SeededNoise {
    fn normal(&mut self, shape: &[usize]) -> Result<HostTensor> {
        let n = shape.iter().product();
        let values = StandardNormal.sample_iter(&mut self.rng).take(n).collect();
        HostTensor::new(shape, values)
    }
}

/// One source for each picture of a batch: row k of every tensor is what source k gives alone.
#[derive(Debug, Clone)]
pub struct StackedNoise<S>(Vec<S>);

impl<S: NoiseSource> StackedNoise<S> {
    /// In the order of the batch.
    pub fn new(sources: impl IntoIterator<Item = S>) -> Self {
        Self(sources.into_iter().collect())
    }
}

impl<S: NoiseSource> NoiseSource for StackedNoise<S> {
    /// Fails with [`Error::Shape`] when the first dimension is not the number of sources.
    fn normal(&mut self, shape: &[usize]) -> Result<HostTensor> {
        let (Some(batch), rest) = (shape.first(), shape.get(1..).unwrap_or_default()) else {
            return Err(Error::shape("noise without a batch"));
        };
        if *batch != self.0.len() {
            return Err(Error::shape(format!(
                "noise of shape {shape:?} was asked of {} sources",
                self.0.len()
            )));
        }
        let row = [&[1], rest].concat();
        let mut values = Vec::with_capacity(shape.iter().product());
        for source in &mut self.0 {
            values.extend(source.normal(&row)?.into_data());
        }
        HostTensor::new(shape, values)
    }
}

/// Given tensors, handed out in order: for tests and for comparing with other programs.
#[derive(Debug, Clone)]
pub struct GivenNoise {
    left: VecDeque<HostTensor>,
    used: usize,
}

impl GivenNoise {
    /// Hands `tensors` out in order.
    pub fn new(tensors: impl IntoIterator<Item = HostTensor>) -> Self {
        Self {
            left: tensors.into_iter().collect(),
            used: 0,
        }
    }

    /// How many tensors have not been asked for.
    pub fn left(&self) -> usize {
        self.left.len()
    }
}

impl NoiseSource for GivenNoise {
    /// Fails with [`Error::Invalid`] when none is left, with [`Error::Shape`] when it has another shape.
    fn normal(&mut self, shape: &[usize]) -> Result<HostTensor> {
        let noise = self.left.pop_front().ok_or_else(|| {
            Error::invalid(format!(
                "all {} given noise tensors are used up, and one of {shape:?} is needed",
                self.used
            ))
        })?;
        self.used += 1;
        noise.expect_shape(&format!("given noise tensor {}", self.used), shape)?;
        Ok(noise)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn one_seed_is_one_stream_however_it_is_cut() {
        let mut whole = SeededNoise::new(42, NoiseStream::Solver);
        let mut parts = SeededNoise::new(42, NoiseStream::Solver);
        let whole = whole.normal(&[2, 500]).unwrap();
        let parts: Vec<f32> = (0..10)
            .flat_map(|_| parts.normal(&[100]).unwrap().into_data())
            .collect();
        assert_eq!(whole.data(), parts);
    }

    #[test]
    fn seeds_and_streams_differ() {
        let draw = |seed, stream| SeededNoise::new(seed, stream).normal(&[8]).unwrap();
        let base = draw(1, NoiseStream::Solver);
        assert_ne!(base, draw(2, NoiseStream::Solver));
        assert_ne!(base, draw(1, NoiseStream::Measurement));
        assert_ne!(base, draw(1 << 40 | 1, NoiseStream::Solver));
    }

    #[test]
    fn a_stack_gives_each_picture_its_own_noise() {
        let source = |seed| SeededNoise::new(seed, NoiseStream::Solver);
        let mut stack = StackedNoise::new([source(5), source(6)]);
        let (mut a, mut b) = (source(5), source(6));
        for _ in 0..2 {
            let both = stack.normal(&[2, 3, 4]).unwrap();
            let alone = [a.normal(&[1, 3, 4]).unwrap(), b.normal(&[1, 3, 4]).unwrap()];
            assert_eq!(both.data(), [alone[0].data(), alone[1].data()].concat());
        }
        assert!(matches!(stack.normal(&[3, 4]), Err(Error::Shape(_))));
        assert!(matches!(stack.normal(&[]), Err(Error::Shape(_))));
    }

    #[test]
    fn it_is_standard_normal() {
        let n = 200_000;
        let x = SeededNoise::new(7, NoiseStream::Measurement)
            .normal(&[n])
            .unwrap();
        let moment = |p| x.data().iter().map(|v| f64::from(*v).powi(p)).sum::<f64>() / n as f64;
        // Four standard errors of each moment.
        for (p, expected, variance) in
            [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)]
        {
            let error: f64 = moment(p) - expected;
            assert!(
                error.abs() < 4.0 * f64::sqrt(variance / n as f64),
                "{p}: {error}"
            );
        }
    }

    #[test]
    fn given_noise_is_checked() {
        let mut noise = GivenNoise::new([HostTensor::zeros([2]), HostTensor::zeros([3])]);
        assert!(noise.normal(&[2]).is_ok());
        assert!(matches!(noise.normal(&[2]), Err(Error::Shape(_))));
        assert!(matches!(noise.normal(&[2]), Err(Error::Invalid(_))));
    }
}
