//! Measurement noise: its models, their simulation, and the likelihood step that each implies.
//!
//! | file | what lives there |
//! |---|---|
//! | `model` | [`NoiseModel`], the textual form `name:key=value,...` |
//! | `simulate` | [`NoiseModel::apply`]: a noisy measurement from a clean one |
//! | `weights` | variance of every entry, estimated from the measurement |
//! | `quadratic` | the variance-weighted quadratic likelihood and its proximal step |
//! | `counts` | the exact proximal step of photon counts where A is diagonal |
//! | `curve` | the residual after that step as a function of the step size |
//! | `likelihood` | [`NoisyLikelihood`]: an operator and a noise model as the solver sees them |
//! | `structure` | whether an operator or its Gram matrix is diagonal |
//! | `estimate` | [`estimate_noise`]: the level of unknown noise, from one picture |
//! | `clipping` | what clipping leaves of noise |
//!
//! Noise levels are stated for intensities u in [0, 1]. Tensors hold 2 u - 1 in [-1, 1], where
//! every standard deviation is **twice** as large; `sigma` is the former, `sigma_n` the latter.

mod clipping;
mod counts;
mod curve;
mod estimate;
mod likelihood;
mod model;
mod quadratic;
mod simulate;
mod structure;
#[cfg(test)]
mod tests;
mod weights;

pub use estimate::{NoiseEstimate, estimate_noise};
pub use likelihood::NoisyLikelihood;
pub use model::{NOISES, NoiseInfo, NoiseModel};
