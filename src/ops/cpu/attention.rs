//! Attention on the CPU, some queries of one head at a time: the scores of all heads and queries of
//! Stable Diffusion's first level would be 537 MB.

use burn::tensor::Shape;
use burn_flex::{FlexTensor, ops::matmul::matmul};

use super::{dims, softmax, tensor};

/// Scores in memory at once, about what the second-level cache holds.
const SCORES: usize = 1 << 18;

/// softmax(q k^T / sqrt(d)) v per head.
pub fn attention(
    q: &FlexTensor,
    k: &FlexTensor,
    v: &FlexTensor,
    heads: usize,
    causal: bool,
) -> FlexTensor {
    let (dq, m) = (dims(q), dims(k)[1]);
    let [batch, n, width] = [dq[0], dq[1], dq[2]];
    let per_head = width / heads;
    let scale = 1.0 / (per_head as f32).sqrt();
    let flat = |x: &FlexTensor, rows: usize| {
        x.to_contiguous()
            .reshape(Shape::from(vec![batch * rows, width]))
    };
    let (q, k, v) = (flat(q, n), flat(k, m), flat(v, m));
    let head = |x: &FlexTensor, first: usize, rows: usize, h: usize| {
        x.narrow(0, first, rows).narrow(1, h * per_head, per_head)
    };
    let at_once = (SCORES / m.max(1)).clamp(16, n.max(16));
    let mut out = vec![0.0; batch * n * width];
    for (b, out) in out.chunks_exact_mut(n * width).enumerate() {
        for h in 0..heads {
            let (k, v) = (head(&k, b * m, m, h), head(&v, b * m, m, h));
            for first in (0..n).step_by(at_once) {
                let count = at_once.min(n - first);
                let q = head(&q, b * n + first, count, h);
                let mut scores = matmul(q, k.transpose(0, 1));
                for (i, row) in scores.storage_mut::<f32>().chunks_exact_mut(m).enumerate() {
                    let seen = if causal { (first + i + 1).min(m) } else { m };
                    let (row, hidden) = row.split_at_mut(seen);
                    hidden.fill(0.0);
                    softmax(row, scale);
                }
                let result = matmul(scores, v.clone());
                let rows = out[first * width..].chunks_mut(width);
                for (to, from) in rows.zip(super::values(&result).chunks_exact(per_head)) {
                    to[h * per_head..][..per_head].copy_from_slice(from);
                }
            }
        }
    }
    tensor(vec![batch, n, width], out)
}
