//! Attention: one kernel for two statistics of each query, one for dq with a thread a query, and
//! for dk and dv one each with a thread a key. Scores are computed again in each and stored in none
//! (Dao et al., FlashAttention, 2022).

use burn_cubecl::tensor::CubeTensor;

use super::heads::Heads;
use super::pointwise::sum_parts;
use crate::ops::gpu::launch::{dims, output};

/// With fewer keys than this in all heads, several threads share the queries of a key.
const ENOUGH_THREADS: usize = 16_384;
/// The fewest queries worth a thread of their own.
const FEWEST_QUERIES: usize = 64;

impl Heads {
    /// For each query and head log(sum(exp(score))) and sum(P dP), `[B, heads, N, 2]`.
    fn statistics(
        &self,
        q: &CubeTensor,
        k: &CubeTensor,
        v: &CubeTensor,
        g: &CubeTensor,
    ) -> CubeTensor {
        let parts = self.parts;
        let body = format!(
            "let query = i % p.n;
let head = (i / p.n) % p.heads;
let batch = i / (p.n * p.heads);
let qo = (batch * p.n + query) * row + head * {parts}u;
{load_q}
{load_g}
var best = -1e30;
var total = 0.0;
var mean = 0.0;
for (var j = 0u; j < p.m; j = j + 1u) {{
let ko = (batch * p.m + j) * row + head * {parts}u;
let s = scale * ({score});
if (s > best) {{
let c = exp(best - s);
total = total * c;
mean = mean * c;
best = s;
}}
let e = exp(s - best);
total = total + e;
mean = mean + e * ({dp});
}}
b4[i] = vec2<f32>(best + log(total), mean / total);",
            load_q = self.load("q", "b0", "qo"),
            load_g = self.load("g", "b3", "qo"),
            score = self.dot("q", "b1", "ko"),
            dp = self.dot("g", "b2", "ko"),
        );
        let out = output(q, [self.batch, self.heads, self.queries, 2]);
        let ty = self.ty;
        let buffers = vec![ty, ty, ty, ty, "vec2<f32>"];
        let count = self.batch * self.heads * self.queries;
        self.run("statistics", buffers, body, [count, 0], &[q, k, v, g], &out);
        out
    }

    /// dq, from q, k, v, g and the statistics.
    fn queries(&self, inputs: &[&CubeTensor; 5]) -> CubeTensor {
        let parts = self.parts;
        let body = format!(
            "let query = i % p.n;
let head = (i / p.n) % p.heads;
let batch = i / (p.n * p.heads);
let qo = (batch * p.n + query) * row + head * {parts}u;
{load_q}
{load_g}
{zeros}
let known = b4[i];
for (var j = 0u; j < p.m; j = j + 1u) {{
let ko = (batch * p.m + j) * row + head * {parts}u;
let prob = exp(scale * ({score}) - known.x);
let ds = scale * prob * (({dp}) - known.y);
{accumulate}
}}
{store}",
            load_q = self.load("q", "b0", "qo"),
            load_g = self.load("g", "b3", "qo"),
            zeros = self.zeros(),
            score = self.dot("q", "b1", "ko"),
            dp = self.dot("g", "b2", "ko"),
            accumulate = self.accumulate("ds", "b1", "ko"),
            store = self.store("b5", "qo"),
        );
        let out = output(inputs[0], dims(inputs[0]));
        let ty = self.ty;
        let buffers = vec![ty, ty, ty, ty, "vec2<f32>", ty];
        let count = self.batch * self.heads * self.queries;
        self.run("dq", buffers, body, [count, 0], inputs, &out);
        out
    }

    /// dk or dv: a thread a key and chunk of queries, then the sum over the chunks. The last two
    /// inputs are g and the statistics, the first two q and k. `setup` loads what `step` needs
    /// besides `prob`, the query's offset `qo` and its statistics `known` to add to `a0, a1, ...`.
    fn keys(&self, name: &str, inputs: &[&CubeTensor], setup: &str, step: &str) -> CubeTensor {
        let parts = self.parts;
        let threads = self.batch * self.heads * self.keys;
        let chunks = (ENOUGH_THREADS / threads).clamp(1, self.queries.div_ceil(FEWEST_QUERIES));
        let chunk = self.queries.div_ceil(chunks);
        let chunks = self.queries.div_ceil(chunk);
        let (stats, to) = (inputs.len() - 1, inputs.len());
        let body = format!(
            "let key = i % p.m;
let head = (i / p.m) % p.heads;
let batch = (i / (p.m * p.heads)) % p.batch;
let part = i / (p.m * p.heads * p.batch);
let ko = (batch * p.m + key) * row + head * {parts}u;
{load_k}
{setup}
{zeros}
let end = min((part + 1u) * p.chunk, p.n);
for (var j = part * p.chunk; j < end; j = j + 1u) {{
let qo = (batch * p.n + j) * row + head * {parts}u;
let known = b{stats}[(batch * p.heads + head) * p.n + j];
let prob = exp(scale * ({score}) - known.x);
{step}
}}
let to = ((part * p.batch + batch) * p.m + key) * row + head * {parts}u;
{store}",
            load_k = self.load("k", "b1", "ko"),
            zeros = self.zeros(),
            score = self.dot("k", "b0", "qo"),
            store = self.store(&format!("b{to}"), "to"),
        );
        let ty = self.ty;
        let mut buffers = vec![ty; to + 1];
        buffers[stats] = "vec2<f32>";
        let out = output(inputs[1], [chunks * self.batch, self.keys, self.width]);
        self.run(name, buffers, body, [threads * chunks, chunk], inputs, &out);
        if chunks == 1 {
            return out;
        }
        let whole = output(inputs[1], dims(inputs[1]));
        sum_parts(out, whole, chunks)
    }
}

/// dq, dk and dv for the cotangent `g` of the attention of `q` to `k` and `v`.
pub fn attention(
    q: CubeTensor,
    k: CubeTensor,
    v: CubeTensor,
    g: CubeTensor,
    heads: usize,
) -> (CubeTensor, CubeTensor, CubeTensor) {
    let h = Heads::new(&q, &k, heads);
    let stats = h.statistics(&q, &k, &v, &g);
    let dq = h.queries(&[&q, &k, &v, &g, &stats]);
    let dk = h.keys(
        "dk",
        &[&q, &k, &v, &g, &stats],
        &h.load("v", "b2", "ko"),
        &format!(
            "let ds = scale * prob * (({}) - known.y);\n{}",
            h.dot("v", "b3", "qo"),
            h.accumulate("ds", "b0", "qo")
        ),
    );
    let dv = h.keys(
        "dv",
        &[&q, &k, &g, &stats],
        "",
        &h.accumulate("prob", "b2", "qo"),
    );
    (dq, dk, dv)
}
