//! The CPU path on burn's `flex` tensors: matrix products ([`product`]), and everything else as one
//! plain loop an operation.

mod attention;
mod backward;
mod conv;
mod finish;
mod functions;
mod product;
mod rows;
mod window;
mod winograd;

use burn::tensor::{DType, Shape, TensorData};
use burn_flex::{Flex, FlexTensor};

use self::conv::{Geometry, conv2d};
use self::finish::finish;
use self::functions::{exp, gelu};
use self::product::{Columns, product};
use self::rows::Packed;
use super::{Activation, ConvCall, Form, Fused, extension::NetOps};

/// The values of a tensor, copied only when it is a strided view.
fn values(x: &FlexTensor) -> std::borrow::Cow<'_, [f32]> {
    match x.as_slice::<f32>() {
        Some(data) => std::borrow::Cow::Borrowed(data),
        None => std::borrow::Cow::Owned(x.to_contiguous().storage::<f32>().to_vec()),
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

/// The sum of f(x): in f32 over short runs, eight side by side, then in f64, so that long sums lose
/// nothing.
fn sum(x: &[f32], f: impl Fn(f32) -> f32) -> f64 {
    let mut total = 0.0;
    for run in x.chunks(256) {
        let mut lanes = [0.0; 8];
        let (eights, rest) = run.as_chunks::<8>();
        for eight in eights {
            for (lane, v) in lanes.iter_mut().zip(eight) {
                *lane += f(*v);
            }
        }
        let rest: f32 = rest.iter().map(|v| f(*v)).sum();
        total += f64::from(lanes.iter().sum::<f32>() + rest);
    }
    total
}

/// Mean and 1 / sqrt(variance + eps).
fn moments(x: &[f32], eps: f32) -> (f32, f32) {
    let n = x.len() as f64;
    let mean = (sum(x, |v| v) / n) as f32;
    let var = sum(x, |v| (v - mean) * (v - mean)) / n;
    (mean, (1.0 / (var + f64::from(eps)).sqrt()) as f32)
}

/// softmax(scale x), in place.
fn softmax(row: &mut [f32], scale: f32) {
    // In wasm `f32::max` is a call.
    let larger = |a: f32, b: f32| if b > a { b } else { a };
    let max = row.iter().copied().fold(f32::NEG_INFINITY, larger);
    row.iter_mut().for_each(|s| *s = exp((*s - max) * scale));
    let inverse = (1.0 / sum(row, |v| v)) as f32;
    row.iter_mut().for_each(|s| *s *= inverse);
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

impl NetOps for Flex {
    fn net_bits(x: FlexTensor) -> FlexTensor {
        let x = x.to_contiguous();
        FlexTensor::from_arc(x.data_arc(), x.layout().clone(), DType::I32)
    }

    fn net_linear(
        x: FlexTensor,
        words: FlexTensor,
        scales: FlexTensor,
        form: Form,
        b: FlexTensor,
        residual: FlexTensor,
        fused: Fused,
    ) -> FlexTensor {
        let (d, n_out) = (dims(&x), form.rows());
        // (W x^T)^T: the large matrix is read as it lies; the two small ones are turned.
        let w = Packed::new(&words, &scales, form).into();
        let y = product(&w, Columns::transposed(&values(&x), d[2]));
        let mut y = y.transpose(0, 1).to_contiguous();
        let rows = y.storage_mut::<f32>();
        if fused.bias > 0 {
            let b = values(&b);
            for row in rows.chunks_exact_mut(n_out) {
                row.iter_mut().zip(b.iter()).for_each(|(y, b)| *y += b);
            }
        }
        finish(rows, &residual, fused);
        y.reshape(Shape::from(vec![d[0], d[1], n_out]))
    }

    fn net_conv2d(
        x: FlexTensor,
        words: FlexTensor,
        scales: FlexTensor,
        form: Form,
        b: FlexTensor,
        residual: FlexTensor,
        (fused, call): (Fused, ConvCall),
    ) -> FlexTensor {
        let kernel = [form.shape[2], form.shape[3]];
        let out = form.shape[0];
        let part = call.channels(out, form.shape[1]);
        let [first, count] = part.output;
        let taps = form.taps();
        let w = Packed::new(&words, &scales, form)
            .rows(first, count)
            .columns(part.input[0] * taps, part.input[1] * taps);
        let b = if fused.bias > 0 && count < out {
            b.reshape(Shape::from(vec![fused.bias, out]))
                .narrow(1, first, count)
        } else {
            b
        };
        let geometry = Geometry { kernel, call };
        conv2d(&x, &w.into(), geometry, &b, &residual, fused)
    }

    fn net_attention(
        q: FlexTensor,
        k: FlexTensor,
        v: FlexTensor,
        heads: usize,
        causal: bool,
    ) -> FlexTensor {
        attention::attention(&q, &k, &v, heads, causal)
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
                channel.iter_mut().for_each(|v| *v = *v * scale + shift);
                if silu {
                    functions::activate(channel, Activation::Silu);
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
        let data = values(&x);
        let mut out = vec![0.0; d[0] * d[1] * half];
        for (row, out) in data.chunks_exact(d[2]).zip(out.chunks_exact_mut(half)) {
            let (a, g) = row.split_at(half);
            for ((out, a), g) in out.iter_mut().zip(a).zip(g) {
                *out = a * gelu(*g);
            }
        }
        tensor(vec![d[0], d[1], half], out)
    }

    fn net_activate(x: FlexTensor, f: Activation) -> FlexTensor {
        let mut out = values(&x).into_owned();
        functions::activate(&mut out, f);
        tensor(dims(&x), out)
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

    fn net_embedding(
        words: FlexTensor,
        scales: FlexTensor,
        form: Form,
        ids: FlexTensor,
    ) -> FlexTensor {
        debug_assert_eq!(ids.dtype(), DType::I32);
        let ids = ids.to_contiguous();
        let table = Packed::new(&words, &scales, form);
        let ids = ids.storage::<i32>();
        let mut out = vec![0.0; ids.len() * form.cols()];
        for (id, out) in ids.iter().zip(out.chunks_exact_mut(form.cols())) {
            table.read(*id as usize, out);
        }
        tensor(vec![ids.len(), form.cols()], out)
    }

    fn net_take_channels(x: FlexTensor, start: usize, len: usize) -> FlexTensor {
        x.narrow(1, start, len).to_contiguous()
    }
}
