//! Sinusoidal embeddings of the timestep and of the guidance scale, and the network on top.

use burn::tensor::{Tensor, TensorData};

use super::UNetConfig;
use crate::Result;
use crate::models::layers::Linear;
use crate::models::weights::Reader;
use crate::ops::{self, Activation};

/// `[sin(t f_i), cos(t f_i)]`, `dim` values, with f_i = 10000^(-i / (dim / 2 - shift)); cosines
/// first when `flip`. Angles are rounded to f32 as PyTorch does, since at t = 1000 that rounding
/// is what the network was trained with.
pub fn timestep_embedding(t: f32, dim: usize, flip: bool, shift: f64) -> Vec<f32> {
    let half = dim / 2;
    let log_period = -(10000f64.ln() as f32);
    let exponent = |i| log_period * i as f32 / (half as f64 - shift) as f32;
    sinusoids(t, dim, flip, exponent)
}

/// The guidance embedding of a latent consistency model for w = guidance scale - 1: `dim` values,
/// the sinusoids of 1000 w with f_i = 10000^(-i / (dim / 2 - 1)), sines first.
/// `dim` must be at least 4.
pub fn guidance_embedding(w: f32, dim: usize) -> Vec<f32> {
    let step = -(10000f64.ln() as f32) / (dim / 2 - 1) as f32;
    sinusoids(w * 1000.0, dim, false, |i| i as f32 * step)
}

/// An odd `dim` gets a zero at the end.
fn sinusoids(t: f32, dim: usize, flip: bool, exponent: impl Fn(usize) -> f32) -> Vec<f32> {
    let frequency = |i| f64::from(exponent(i)).exp() as f32;
    let angles: Vec<f64> = (0..dim / 2).map(|i| f64::from(t * frequency(i))).collect();
    let sin = angles.iter().map(|a| a.sin() as f32);
    let cos = angles.iter().map(|a| a.cos() as f32);
    let mut values: Vec<f32> = if flip {
        cos.chain(sin).collect()
    } else {
        sin.chain(cos).collect()
    };
    values.resize(dim, 0.0);
    values
}

/// linear(silu(linear(sinusoids + projected guidance embedding))).
#[derive(Debug)]
pub(super) struct TimeEmbedding {
    linear_1: Linear,
    linear_2: Linear,
    cond_proj: Option<Linear>,
    input: usize,
    flip: bool,
    shift: f64,
    device: burn::tensor::Device,
}

impl TimeEmbedding {
    pub fn load(w: &Reader, config: &UNetConfig) -> Result<Self> {
        let input = config.block_out_channels[0];
        let width = config.time_embedding_dim;
        let cond_proj = match config.time_cond_proj_dim {
            Some(dim) => Some(Linear::load_unbiased(&w.at("cond_proj"), dim, input)?),
            None => None,
        };
        Ok(Self {
            linear_1: Linear::load(&w.at("linear_1"), input, width)?,
            linear_2: Linear::load(&w.at("linear_2"), width, width)?,
            cond_proj,
            input,
            flip: config.flip_sin_to_cos,
            shift: config.freq_shift,
            device: w.device().clone(),
        })
    }

    /// `[batch, width]` for one timestep, or one for each in the batch.
    pub fn forward(&self, timesteps: &[f32], batch: usize, cond: Option<Tensor<2>>) -> Tensor<2> {
        let embed = |t: &f32| timestep_embedding(*t, self.input, self.flip, self.shift);
        let values: Vec<f32> = if timesteps.len() == 1 {
            embed(&timesteps[0]).repeat(batch)
        } else {
            timesteps.iter().flat_map(embed).collect()
        };
        let x = Tensor::<2>::from_data(TensorData::new(values, [batch, self.input]), &self.device);
        let x = match (&self.cond_proj, cond) {
            (Some(project), Some(cond)) => ops::add(x, project.forward_rows(cond)),
            _ => x,
        };
        let x = x.reshape([1, batch, self.input]);
        let x = self.linear_1.forward_then(x, Activation::Silu);
        let y = self.linear_2.forward(x);
        let width = y.dims()[2];
        y.reshape([batch, width])
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn timestep_embedding_is_the_formula() {
        let e = timestep_embedding(7.0, 8, true, 0.0);
        for i in 0..4 {
            let angle = 7.0 * 10000f64.powf(-(i as f64) / 4.0);
            assert!((f64::from(e[i]) - angle.cos()).abs() < 1e-6);
            assert!((f64::from(e[4 + i]) - angle.sin()).abs() < 1e-6);
        }
        let sines_first = timestep_embedding(7.0, 8, false, 0.0);
        assert_eq!(sines_first[..4], e[4..]);
    }

    #[test]
    fn guidance_embedding_reaches_the_lowest_frequency() {
        let e = guidance_embedding(7.5, 6);
        for (i, f) in [1.0, 1e-2, 1e-4].into_iter().enumerate() {
            let angle: f64 = 7500.0 * f;
            assert!((f64::from(e[i]) - angle.sin()).abs() < 1e-3, "{i}");
            assert!((f64::from(e[3 + i]) - angle.cos()).abs() < 1e-3, "{i}");
        }
        assert_eq!(guidance_embedding(0.0, 7), [0., 0., 0., 1., 1., 1., 0.]);
    }
}
