//! Projected gradient ascent on a prompt embedding, token by token.

use crate::{Error, HostTensor, Result};

/// Keeps a token without gradient from dividing by zero.
const TINY: f64 = 1e-8;

/// An embedding `[1, N, width]` on its way, with the sum of its normalised gradients.
#[derive(Debug, Clone)]
pub struct PromptAscent {
    start: HostTensor,
    current: HostTensor,
    sum: Vec<f64>,
    width: usize,
    radius: f64,
    free: Vec<bool>,
}

impl PromptAscent {
    /// Starts at `embedding` `[1, N, width]`; every token stays within `radius` of its start, and those
    /// listed in `frozen` do not move. Fails with [`Error::Shape`] on another shape.
    pub fn new(embedding: &HostTensor, radius: f64, frozen: &[usize]) -> Result<Self> {
        let [1, tokens, width] = *embedding.shape() else {
            return Err(Error::shape(format!(
                "the prompt embedding is {:?}, expected [1, N, width]",
                embedding.shape()
            )));
        };
        if embedding.is_empty() {
            return Err(Error::shape("the prompt embedding is empty"));
        }
        Ok(Self {
            start: embedding.clone(),
            current: embedding.clone(),
            sum: vec![0.0; embedding.len()],
            width,
            radius,
            free: (0..tokens).map(|i| !frozen.contains(&i)).collect(),
        })
    }

    /// Goes on from `current`, of the start's shape: each token is moved into its ball, frozen ones stay at
    /// the start. The sum of gradients begins anew. Fails with [`Error::Shape`] on another shape.
    pub fn resume(&mut self, current: &HostTensor) -> Result<()> {
        current.expect_shape("prompt embedding", self.start.shape())?;
        let width = self.width;
        let tokens = self.current.data_mut().chunks_mut(width);
        for ((token, from), free) in tokens.zip(current.data().chunks(width)).zip(&self.free) {
            if *free {
                token.copy_from_slice(from);
            }
        }
        self.step(0.0);
        Ok(())
    }

    /// The embedding now.
    pub fn current(&self) -> &HostTensor {
        &self.current
    }

    /// Adds a gradient of the embedding's shape, each token's scaled to length one.
    pub fn add(&mut self, gradient: &HostTensor) -> Result<()> {
        gradient.expect_shape("prompt gradient", self.start.shape())?;
        let tokens = gradient.data().chunks(self.width);
        let tokens = tokens.zip(self.sum.chunks_mut(self.width)).zip(&self.free);
        for ((gradient, sum), _) in tokens.filter(|(_, free)| **free) {
            let length = norm(gradient.iter().map(|g| f64::from(*g))) + TINY;
            for (s, g) in sum.iter_mut().zip(gradient) {
                *s += f64::from(*g) / length;
            }
        }
        Ok(())
    }

    /// `c <- Pi(c + size G)`.
    pub fn step(&mut self, size: f64) {
        let width = self.width;
        let (current, start) = (self.current.data_mut(), self.start.data());
        let tokens = current.chunks_mut(width).zip(start.chunks(width));
        for ((current, start), sum) in tokens.zip(self.sum.chunks(width)) {
            let moved: Vec<f64> = (current.iter().zip(start).zip(sum))
                .map(|((c, s), g)| f64::from(*c) + size * g - f64::from(*s))
                .collect();
            let length = norm(moved.iter().copied());
            let shrink = if length > self.radius {
                self.radius / length
            } else {
                1.0
            };
            for ((c, s), m) in current.iter_mut().zip(start).zip(moved) {
                *c = (f64::from(*s) + shrink * m) as f32;
            }
        }
    }

    /// L2 distance of every token from its start.
    pub fn distances(&self) -> Vec<f64> {
        let tokens = self.current.data().chunks(self.width);
        tokens
            .zip(self.start.data().chunks(self.width))
            .map(|(c, s)| norm(c.iter().zip(s).map(|(c, s)| f64::from(c - s))))
            .collect()
    }
}

fn norm(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|v| v * v).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn tensor(values: &[f32]) -> HostTensor {
        HostTensor::new([1, values.len() / 2, 2], values.to_vec()).unwrap()
    }

    #[test]
    fn tokens_move_along_normalised_gradients_and_stay_in_their_balls() {
        let mut a = PromptAscent::new(&tensor(&[1.0, 1.0, 2.0, 2.0, 3.0, 3.0]), 0.5, &[0]).unwrap();
        let gradient = tensor(&[5.0, 5.0, 3.0, 4.0, 0.0, 0.0]);
        a.add(&gradient).unwrap();
        a.step(0.1);
        let got = a.current().data().to_vec();
        // Frozen; moved by 0.1 along (3, 4) / 5; no gradient, no move.
        for (g, e) in got.iter().zip([1.0, 1.0, 2.06, 2.08, 3.0, 3.0]) {
            assert!((g - e).abs() < 1e-6, "{got:?}");
        }
        // The sum is kept: now twice as far, and then the ball's border.
        a.add(&gradient).unwrap();
        a.step(0.1);
        assert!((a.distances()[1] - 0.3).abs() < 1e-6);
        a.step(10.0);
        let distances = a.distances();
        assert!((distances[1] - 0.5).abs() < 1e-6, "{distances:?}");
        assert_eq!((distances[0], distances[2]), (0.0, 0.0));
        assert!(a.add(&tensor(&[1.0, 2.0])).is_err());
        // Resuming keeps frozen tokens and the balls.
        let mut b = PromptAscent::new(&tensor(&[1.0, 1.0, 2.0, 2.0, 3.0, 3.0]), 0.5, &[0]).unwrap();
        b.resume(&tensor(&[9.0, 9.0, 2.3, 2.0, 3.0, 7.0])).unwrap();
        for (g, e) in b
            .current()
            .data()
            .iter()
            .zip([1.0, 1.0, 2.3, 2.0, 3.0, 3.5])
        {
            assert!((g - e).abs() < 1e-6);
        }
        assert!(b.resume(&tensor(&[1.0, 2.0])).is_err());
    }
}
