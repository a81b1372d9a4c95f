//! burn's own operations, as a model written with burn would call them.

use burn::tensor::activation::sigmoid;
use burn::tensor::ops::{AttentionModuleOptions, ConvOptions};
use burn::tensor::{Tensor, module};

use crate::operation::Sizes;

pub fn conv(x: &Tensor<4>, w: &Tensor<4>, b: Option<&Tensor<1>>, s: &Sizes) -> Tensor<4> {
    let options = ConvOptions::new([s.stride; 2], [s.padding; 2], [1, 1], 1);
    module::conv2d(x.clone(), w.clone(), b.cloned(), options)
}

/// `w` is `[in, out]`.
pub fn linear(x: &Tensor<3>, w: &Tensor<2>, b: Option<&Tensor<1>>) -> Tensor<3> {
    module::linear(x.clone(), w.clone(), b.cloned())
}

pub fn attention(q: &Tensor<3>, k: &Tensor<3>, v: &Tensor<3>, heads: usize) -> Tensor<3> {
    let split = |x: &Tensor<3>| {
        let [b, n, width] = x.dims();
        let x: Tensor<4> = x.clone().reshape([b, n, heads, width / heads]);
        x.swap_dims(1, 2)
    };
    let options = AttentionModuleOptions::default();
    let y = module::attention(split(q), split(k), split(v), None, None, options);
    y.swap_dims(1, 2).reshape(q.dims())
}

/// Followed by SiLU.
pub fn group_norm(x: &Tensor<4>, w: &Tensor<1>, b: &Tensor<1>, groups: usize) -> Tensor<4> {
    let [batch, c, h, width] = x.dims();
    let grouped: Tensor<3> = x.clone().reshape([batch, groups, c / groups * h * width]);
    let centred = grouped.clone() - grouped.mean_dim(2);
    let variance = (centred.clone() * centred.clone()).mean_dim(2);
    let y: Tensor<4> = (centred / (variance + 1e-5).sqrt()).reshape([batch, c, h, width]);
    let channel = |t: &Tensor<1>| -> Tensor<4> { t.clone().reshape([1, c, 1, 1]) };
    let y = y * channel(w) + channel(b);
    y.clone() * sigmoid(y)
}
