//! The CPU path: burn's `flex` tensors, matrix products and convolutions from `flex`
//! (`gemm`, SIMD), everything else as one plain loop an operation.

mod backward;

use burn::backend::ops::ConvOptions;
use burn::tensor::{DType, Shape, TensorData};
use burn_flex::{Flex, FlexTensor, ops};

use super::{Activation, Conv, extension::NetOps};

/// The values of a tensor, copied only when it is a strided view.
fn values(x: &FlexTensor) -> std::borrow::Cow<'_, [f32]> {
    match x.as_slice::<f32>() {
        Some(data) if x.is_contiguous() => {
            let start = x.layout().start_offset();
            std::borrow::Cow::Borrowed(&data[start..start + x.layout().num_elements()])
        }
        _ => std::borrow::Cow::Owned(x.to_contiguous().storage::<f32>().to_vec()),
    }
}

fn tensor(shape: Vec<usize>, data: Vec<f32>) -> FlexTensor {
    FlexTensor::from_data(TensorData::new(data, shape))
}

fn dims(x: &FlexTensor) -> Vec<usize> {
    x.layout().shape().to_vec()
}

fn map(x: &FlexTensor, f: impl Fn(f32) -> f32) -> FlexTensor {
    tensor(dims(x), values(x).iter().map(|v| f(*v)).collect())
}

fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + (-x).exp())
}

/// Exact GELU; erf by Abramowitz and Stegun 7.1.26 would be too coarse, libm's is not.
fn gelu(x: f32) -> f32 {
    0.5 * x * (1.0 + libm::erff(x * std::f32::consts::FRAC_1_SQRT_2))
}

fn activation(f: Activation) -> fn(f32) -> f32 {
    match f {
        Activation::Silu => |x| x * sigmoid(x),
        Activation::Gelu => gelu,
        Activation::QuickGelu => |x| x * sigmoid(1.702 * x),
        Activation::Relu => |x| x.max(0.0),
    }
}

/// Mean and 1 / sqrt(variance + eps), in f64: long sums lose nothing.
fn moments(x: &[f32], eps: f32) -> (f32, f32) {
    let n = x.len() as f64;
    let mean = x.iter().map(|v| f64::from(*v)).sum::<f64>() / n;
    let var = x
        .iter()
        .map(|v| (f64::from(*v) - mean).powi(2))
        .sum::<f64>()
        / n;
    (mean as f32, (1.0 / (var + f64::from(eps)).sqrt()) as f32)
}

/// softmax(scale x), in place.
fn softmax(row: &mut [f32], scale: f32) {
    let max = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut sum = 0.0;
    for s in row.iter_mut() {
        *s = ((*s - max) * scale).exp();
        sum += *s;
    }
    row.iter_mut().for_each(|s| *s /= sum);
}

/// `[B, rows, heads * d]` to `[B, heads, rows, d]`.
fn split_heads(x: &FlexTensor, heads: usize) -> FlexTensor {
    let d = dims(x);
    x.to_contiguous()
        .reshape(Shape::from(vec![d[0], d[1], heads, d[2] / heads]))
        .permute(&[0, 2, 1, 3])
        .to_contiguous()
}

/// `[B, heads, rows, d]` to `[B, rows, heads * d]`.
fn join_heads(x: &FlexTensor) -> FlexTensor {
    let d = dims(x);
    x.permute(&[0, 2, 1, 3])
        .to_contiguous()
        .reshape(Shape::from(vec![d[0], d[2], d[1] * d[3]]))
}

/// Zero-pads the last two dimensions by top, bottom, left, right.
fn pad(x: &FlexTensor, [top, bottom, left, right]: [usize; 4]) -> FlexTensor {
    let d = dims(x);
    let (h, w) = (d[2], d[3]);
    let (ph, pw) = (h + top + bottom, w + left + right);
    let mut out = vec![0.0; d[0] * d[1] * ph * pw];
    for (i, row) in values(x).chunks_exact(w).enumerate() {
        let start = ((i / h) * ph + top + i % h) * pw + left;
        out[start..start + w].copy_from_slice(row);
    }
    tensor(vec![d[0], d[1], ph, pw], out)
}

impl NetOps for Flex {
    fn net_linear(x: FlexTensor, w: FlexTensor, b: FlexTensor, biased: bool) -> FlexTensor {
        let d = dims(&x);
        let (n_in, n_out) = (d[2], dims(&w)[0]);
        let x = x
            .to_contiguous()
            .reshape(Shape::from(vec![d[0] * d[1], n_in]));
        let mut y = ops::matmul::matmul(x, w.transpose(0, 1));
        if biased {
            let b = values(&b);
            for row in y.storage_mut::<f32>().chunks_exact_mut(n_out) {
                row.iter_mut().zip(b.iter()).for_each(|(y, b)| *y += b);
            }
        }
        y.reshape(Shape::from(vec![d[0], d[1], n_out]))
    }

    fn net_conv2d(
        x: FlexTensor,
        w: FlexTensor,
        b: FlexTensor,
        biased: bool,
        conv: Conv,
    ) -> FlexTensor {
        let [top, bottom, left, right] = conv.padding;
        let (x, padding) = if top == bottom && left == right {
            (x, [top, left])
        } else {
            (pad(&x, conv.padding), [0, 0])
        };
        let options = ConvOptions::new([conv.stride, conv.stride], padding, [1, 1], 1);
        ops::conv::conv2d_f32(x, w, biased.then_some(b), &options)
    }

    fn net_attention(
        q: FlexTensor,
        k: FlexTensor,
        v: FlexTensor,
        heads: usize,
        causal: bool,
    ) -> FlexTensor {
        let (q, k, v) = (
            split_heads(&q, heads),
            split_heads(&k, heads),
            split_heads(&v, heads),
        );
        let (n, m, per_head) = (dims(&q)[2], dims(&k)[2], dims(&q)[3]);
        let mut scores = ops::matmul::matmul(q, k.transpose(2, 3));
        let scale = 1.0 / (per_head as f32).sqrt();
        for (i, row) in scores.storage_mut::<f32>().chunks_exact_mut(m).enumerate() {
            let seen = if causal { (i % n + 1).min(m) } else { m };
            let (row, hidden) = row.split_at_mut(seen);
            hidden.fill(0.0);
            softmax(row, scale);
        }
        join_heads(&ops::matmul::matmul(scores, v))
    }

    fn net_group_norm(
        x: FlexTensor,
        w: FlexTensor,
        b: FlexTensor,
        groups: usize,
        eps: f32,
        silu: bool,
    ) -> FlexTensor {
        let d = dims(&x);
        let plane = d[2] * d[3];
        let per_group = d[1] / groups;
        let mut out = values(&x).into_owned();
        let (w, b) = (values(&w), values(&b));
        for (i, group) in out.chunks_exact_mut(per_group * plane).enumerate() {
            let (mean, inv) = moments(group, eps);
            for (j, channel) in group.chunks_exact_mut(plane).enumerate() {
                let c = (i % groups) * per_group + j;
                let (scale, shift) = (w[c] * inv, b[c] - mean * w[c] * inv);
                for v in channel {
                    *v = *v * scale + shift;
                    if silu {
                        *v *= sigmoid(*v);
                    }
                }
            }
        }
        tensor(d, out)
    }

    fn net_layer_norm(x: FlexTensor, w: FlexTensor, b: FlexTensor, eps: f32) -> FlexTensor {
        let d = dims(&x);
        let mut out = values(&x).into_owned();
        let (w, b) = (values(&w), values(&b));
        for row in out.chunks_exact_mut(d[2]) {
            let (mean, inv) = moments(row, eps);
            for ((v, w), b) in row.iter_mut().zip(w.iter()).zip(b.iter()) {
                *v = (*v - mean) * inv * w + b;
            }
        }
        tensor(d, out)
    }

    fn net_geglu(x: FlexTensor) -> FlexTensor {
        let d = dims(&x);
        let half = d[2] / 2;
        let out = values(&x)
            .chunks_exact(d[2])
            .flat_map(|row| {
                let (a, g) = row.split_at(half);
                a.iter().zip(g).map(|(a, g)| a * gelu(*g))
            })
            .collect();
        tensor(vec![d[0], d[1], half], out)
    }

    fn net_activate(x: FlexTensor, f: Activation) -> FlexTensor {
        map(&x, activation(f))
    }

    fn net_add(a: FlexTensor, b: FlexTensor, inner: usize) -> FlexTensor {
        let mut out = values(&a).into_owned();
        let b = values(&b);
        for (chunk, b) in out.chunks_mut(inner).zip(b.iter().cycle()) {
            chunk.iter_mut().for_each(|v| *v += b);
        }
        tensor(dims(&a), out)
    }

    fn net_soft_clamp3(x: FlexTensor) -> FlexTensor {
        map(&x, |v| 3.0 * (v / 3.0).tanh())
    }

    fn net_affine(x: FlexTensor, scale: f32, shift: f32) -> FlexTensor {
        map(&x, |v| scale * v + shift)
    }

    fn net_upsample(x: FlexTensor, height: usize, width: usize) -> FlexTensor {
        let d = dims(&x);
        let (h, w) = (d[2], d[3]);
        let data = values(&x);
        let mut out = Vec::with_capacity(d[0] * d[1] * height * width);
        for plane in data.chunks_exact(h * w) {
            for y in 0..height {
                let row = &plane[(y * h / height) * w..][..w];
                out.extend((0..width).map(|x| row[x * w / width]));
            }
        }
        tensor(vec![d[0], d[1], height, width], out)
    }

    fn net_concat(a: FlexTensor, b: FlexTensor) -> FlexTensor {
        let (da, db) = (dims(&a), dims(&b));
        let (na, nb) = (da[1] * da[2] * da[3], db[1] * db[2] * db[3]);
        let (a, b) = (values(&a), values(&b));
        let mut out = Vec::with_capacity(a.len() + b.len());
        for (a, b) in a.chunks_exact(na).zip(b.chunks_exact(nb)) {
            out.extend_from_slice(a);
            out.extend_from_slice(b);
        }
        tensor(vec![da[0], da[1] + db[1], da[2], da[3]], out)
    }

    fn net_transpose(x: FlexTensor) -> FlexTensor {
        x.transpose(1, 2).to_contiguous()
    }

    fn net_embedding(table: FlexTensor, ids: FlexTensor) -> FlexTensor {
        debug_assert_eq!(ids.dtype(), DType::I32);
        let width = dims(&table)[1];
        let rows = values(&table);
        let ids = ids.to_contiguous();
        let out: Vec<f32> = ids
            .storage::<i32>()
            .iter()
            .flat_map(|i| rows[*i as usize * width..][..width].iter().copied())
            .collect();
        tensor(vec![out.len() / width, width], out)
    }

    fn net_take_channels(x: FlexTensor, start: usize, len: usize) -> FlexTensor {
        x.narrow(1, start, len).to_contiguous()
    }
}
