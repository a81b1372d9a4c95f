//! Vector-Jacobian products on the CPU.

use burn_flex::{Flex, FlexTensor, ops::matmul::matmul};

use super::conv::{Geometry, conv2d};
use super::functions::{erf, exp, gelu, sigmoid};
use super::rows::{Packed, Rows};
use super::{dims, join_heads, moments, softmax, split_heads, tensor, values};
use crate::ops::{Activation, Conv, ConvCall, Form, Fused, extension::NetBackwardOps};

/// Derivative of x sigmoid(a x).
fn swish_slope(x: f32, a: f32) -> f32 {
    let s = sigmoid(a * x);
    s * (1.0 + a * x * (1.0 - s))
}

/// Derivative of GELU: Phi(x) + x phi(x).
fn gelu_slope(x: f32) -> f32 {
    let root = 0.5 * std::f32::consts::FRAC_2_SQRT_PI * std::f32::consts::FRAC_1_SQRT_2;
    0.5 * (1.0 + erf(x * std::f32::consts::FRAC_1_SQRT_2)) + x * root * exp(-0.5 * x * x)
}

fn slope(f: Activation) -> fn(f32) -> f32 {
    match f {
        Activation::Silu => |x| swish_slope(x, 1.0),
        Activation::Gelu => gelu_slope,
        Activation::QuickGelu => |x| swish_slope(x, 1.702),
        Activation::Relu => |x| if x > 0.0 { 1.0 } else { 0.0 },
    }
}

/// inv (d - mean(d) - x' mean(d x')), written over d, for the normalised values x' = (x - mean) inv.
fn normalisation(x: &[f32], d: &mut [f32], mean: f32, inv: f32) {
    let n = d.len() as f64;
    let normal = |x: f32| (x - mean) * inv;
    let first = d.iter().map(|d| f64::from(*d)).sum::<f64>() / n;
    let second = x
        .iter()
        .zip(d.iter())
        .map(|(x, d)| f64::from(normal(*x)) * f64::from(*d))
        .sum::<f64>()
        / n;
    let (first, second) = (first as f32, second as f32);
    for (x, d) in x.iter().zip(d) {
        *d = inv * (*d - first - normal(*x) * second);
    }
}

impl NetBackwardOps for Flex {
    fn net_linear_backward(
        g: FlexTensor,
        words: FlexTensor,
        scales: FlexTensor,
        form: Form,
    ) -> FlexTensor {
        let d = dims(&g);
        let g = g.to_contiguous().reshape([d[0] * d[1], d[2]].into());
        let w = Packed::new(&words, &scales, form).dequantised();
        matmul(g, w).reshape([d[0], d[1], form.cols()].into())
    }

    fn net_conv2d_turned(
        g: FlexTensor,
        words: FlexTensor,
        scales: FlexTensor,
        form: Form,
        padding: [usize; 4],
    ) -> FlexTensor {
        let [c_out, c_in, kh, kw] = form.shape;
        let taps = form.taps();
        let w = Packed::new(&words, &scales, form).dequantised();
        let w = values(&w);
        let mut turned = Vec::with_capacity(w.len());
        for i in 0..c_in {
            for o in 0..c_out {
                turned.extend(w[(o * c_in + i) * taps..][..taps].iter().rev());
            }
        }
        let turned = tensor(vec![c_in, c_out * taps], turned);
        let conv = Conv { stride: 1, padding };
        let geometry = Geometry {
            kernel: [kh, kw],
            call: ConvCall::new(conv),
        };
        conv2d(&g, &Rows::Plain(turned), geometry, &g, &g, Fused::default())
    }

    fn net_dilate(
        x: FlexTensor,
        stride: usize,
        top: i32,
        left: i32,
        height: usize,
        width: usize,
    ) -> FlexTensor {
        let d = dims(&x);
        let mut out = vec![0.0; d[0] * d[1] * height * width];
        // Where a source index lands, if inside.
        let place = |i: usize, first: i32, size: usize| {
            let at = (i * stride) as i64 + i64::from(first);
            usize::try_from(at).ok().filter(|at| *at < size)
        };
        for (i, row) in values(&x).chunks_exact(d[3]).enumerate() {
            let Some(y) = place(i % d[2], top, height) else {
                continue;
            };
            let start = ((i / d[2]) * height + y) * width;
            for (j, v) in row.iter().enumerate() {
                if let Some(x) = place(j, left, width) {
                    out[start + x] = *v;
                }
            }
        }
        tensor(vec![d[0], d[1], height, width], out)
    }

    fn net_attention_backward(
        q: FlexTensor,
        k: FlexTensor,
        v: FlexTensor,
        g: FlexTensor,
        heads: usize,
    ) -> (FlexTensor, FlexTensor, FlexTensor) {
        let [q, k, v, g] = [&q, &k, &v, &g].map(|x| split_heads(x, heads));
        let (dq_dims, dk_dims) = (dims(&q), dims(&k));
        let (m, d) = (dk_dims[2], dk_dims[3]);
        let scale = 1.0 / (d as f32).sqrt();
        // One head at a time: the scores of all heads can be gigabytes.
        let head = |x: &FlexTensor, i: usize| {
            let rows = dims(x)[2];
            tensor(
                vec![rows, d],
                values(x)[i * rows * d..][..rows * d].to_vec(),
            )
        };
        let (mut dq, mut dk, mut dv) = (Vec::new(), Vec::new(), Vec::new());
        for i in 0..dq_dims[0] * heads {
            let [q, k, v, g] = [&q, &k, &v, &g].map(|x| head(x, i));
            let mut p = matmul(q.clone(), k.transpose(0, 1));
            for row in p.storage_mut::<f32>().chunks_exact_mut(m) {
                softmax(row, scale);
            }
            let mut s = matmul(g.clone(), v.transpose(0, 1));
            let rows = s.storage_mut::<f32>().chunks_exact_mut(m);
            for (s, p) in rows.zip(values(&p).chunks_exact(m)) {
                let dot: f32 = s.iter().zip(p).map(|(s, p)| s * p).sum();
                s.iter_mut()
                    .zip(p)
                    .for_each(|(s, p)| *s = scale * p * (*s - dot));
            }
            dv.extend_from_slice(&values(&matmul(p.transpose(0, 1), g)));
            dk.extend_from_slice(&values(&matmul(s.transpose(0, 1), q)));
            dq.extend_from_slice(&values(&matmul(s, k)));
        }
        (
            join_heads(&tensor(dq_dims, dq)),
            join_heads(&tensor(dk_dims.clone(), dk)),
            join_heads(&tensor(dk_dims, dv)),
        )
    }

    fn net_group_norm_backward(
        x: FlexTensor,
        w: FlexTensor,
        b: FlexTensor,
        g: FlexTensor,
        groups: usize,
        eps: f32,
        silu: bool,
    ) -> FlexTensor {
        let d = dims(&x);
        let plane = d[2] * d[3];
        let per_group = d[1] / groups;
        let size = per_group * plane;
        let mut out = values(&g).into_owned();
        let (x, w, b) = (values(&x), values(&w), values(&b));
        let pairs = x.chunks_exact(size).zip(out.chunks_exact_mut(size));
        for (i, (x, d)) in pairs.enumerate() {
            let (mean, inv) = moments(x, eps);
            let channels = x.chunks_exact(plane).zip(d.chunks_exact_mut(plane));
            for (j, (x, d)) in channels.enumerate() {
                let c = (i % groups) * per_group + j;
                for (x, d) in x.iter().zip(d) {
                    if silu {
                        *d *= swish_slope((x - mean) * inv * w[c] + b[c], 1.0);
                    }
                    *d *= w[c];
                }
            }
            normalisation(x, d, mean, inv);
        }
        tensor(d, out)
    }

    fn net_layer_norm_backward(
        x: FlexTensor,
        w: FlexTensor,
        g: FlexTensor,
        eps: f32,
    ) -> FlexTensor {
        let d = dims(&x);
        let mut out = values(&g).into_owned();
        let (x, w) = (values(&x), values(&w));
        for (x, d) in x.chunks_exact(d[2]).zip(out.chunks_exact_mut(d[2])) {
            let (mean, inv) = moments(x, eps);
            d.iter_mut().zip(w.iter()).for_each(|(d, w)| *d *= w);
            normalisation(x, d, mean, inv);
        }
        tensor(d, out)
    }

    fn net_geglu_backward(x: FlexTensor, g: FlexTensor) -> FlexTensor {
        let d = dims(&x);
        let half = d[2] / 2;
        let mut out = values(&x).into_owned();
        for (row, g) in out
            .chunks_exact_mut(d[2])
            .zip(values(&g).chunks_exact(half))
        {
            let (a, gate) = row.split_at_mut(half);
            for ((a, gate), g) in a.iter_mut().zip(gate).zip(g) {
                (*a, *gate) = (g * gelu(*gate), g * *a * gelu_slope(*gate));
            }
        }
        tensor(d, out)
    }

    fn net_activate_backward(x: FlexTensor, g: FlexTensor, f: Activation) -> FlexTensor {
        let slope = slope(f);
        let (v, g) = (values(&x), values(&g));
        let out = v.iter().zip(g.iter()).map(|(x, g)| g * slope(*x)).collect();
        tensor(dims(&x), out)
    }

    fn net_upsample_backward(g: FlexTensor, height: usize, width: usize) -> FlexTensor {
        let d = dims(&g);
        let (h, w) = (d[2], d[3]);
        let mut out = vec![0.0; d[0] * d[1] * height * width];
        for (i, row) in values(&g).chunks_exact(w).enumerate() {
            let start = ((i / h) * height + (i % h) * height / h) * width;
            for (x, v) in row.iter().enumerate() {
                out[start + x * width / w] += v;
            }
        }
        tensor(vec![d[0], d[1], height, width], out)
    }
}
