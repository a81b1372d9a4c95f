//! Attention with the softmax computed on the way (Milakov and Gimelshein 2018): no score is stored
//! outside a workgroup. Two kernels: in one a thread owns some queries of a head; in the other,
//! for heads too wide for a thread's registers, a workgroup owns 16 queries.

use burn_cubecl::tensor::CubeTensor;

use super::launch::{Kernel, WORKGROUP, dims, flags, launch_groups, output};
use super::tile::{grid, lines, sum};

/// Vectors of a head that a thread can hold twice for a query.
const NARROW: usize = 40;
/// Keys that a thread takes at once.
const KEYS: usize = 4;
/// Queries of a workgroup of the second kernel: two for 8 threads.
const QUERIES: usize = 16;
/// Keys that it takes at once.
const BLOCK: usize = 32;

/// What kernels need to know of a head.
#[derive(Debug, Clone, Copy)]
struct Head {
    /// Vectors, or numbers where the width is no multiple of 4.
    parts: usize,
    /// Their WGSL type.
    ty: &'static str,
    causal: bool,
}

impl Head {
    fn dot(&self, a: &str, b: &str) -> String {
        if self.ty == "f32" {
            format!("{a} * {b}")
        } else {
            format!("dot({a}, {b})")
        }
    }

    fn zero(&self) -> String {
        format!("{}(0.0)", self.ty)
    }
}

/// softmax(q k^T / sqrt(d)) v per head.
pub fn attention(
    q: CubeTensor,
    k: CubeTensor,
    v: CubeTensor,
    heads: usize,
    causal: bool,
) -> CubeTensor {
    let d = dims(&q);
    let (b, n, width) = (d[0], d[1], d[2]);
    let m = dims(&k)[1];
    let per_head = width / heads;
    let out = output(&q, [b, n, width]);
    let (ty, vector) = if per_head.is_multiple_of(4) {
        ("vec4<f32>", 4)
    } else {
        ("f32", 1)
    };
    let head = Head {
        parts: per_head / vector,
        ty,
        causal,
    };
    let wide = per_head > 4 * NARROW;
    let (name, body, groups) = if wide {
        let groups = b * heads * n.div_ceil(QUERIES);
        ("by workgroup", by_workgroup(head), groups)
    } else {
        (
            "by thread",
            by_thread(head),
            (b * heads * n).div_ceil(WORKGROUP),
        )
    };
    let kernel = Kernel {
        key: format!(
            "attention {name} {} {}{}",
            head.parts,
            head.ty,
            flags([(head.causal, "causal")])
        ),
        buffers: vec![ty; 4],
        params: vec!["batch", "n", "m", "heads", "scale"],
        globals: if wide { shared() } else { String::new() },
        body,
        workgroup: WORKGROUP,
    };
    let params = [
        b as u32,
        n as u32,
        m as u32,
        heads as u32,
        (1.0 / (per_head as f32).sqrt()).to_bits(),
    ];
    let work = 2 * (b * n * m * width) as u64;
    launch_groups(kernel, groups, work, &[&q, &k, &v], &out, &params);
    out
}

/// A thread owns one query of one head.
fn by_thread(head: Head) -> String {
    let parts = head.parts;
    format!(
        "if (i >= p.batch * p.n * p.heads) {{ return; }}
let query = i % p.n;
let head = (i / p.n) % p.heads;
let batch = i / (p.n * p.heads);
let row = p.heads * {parts}u;
let qo = (batch * p.n + query) * row + head * {parts}u;
{load_q}
{zeros}
var best = -1e30;
var total = 0.0;
let scale = bitcast<f32>(p.scale);
let seen = {seen};
for (var j = 0u; j < seen; j = j + {KEYS}u) {{
{keys}
let top = {top};
if (top > best) {{
let c = exp(best - top);
total = total * c;
{rescale}
best = top;
}}
{exps}
total = total + {all};
{accumulate}
}}
{store}",
        load_q = lines(parts, |c| format!("let q{c} = b0[qo + {c}u];")),
        zeros = lines(parts, |c| format!("var a{c} = {};", head.zero())),
        seen = if head.causal {
            "min(query + 1u, p.m)"
        } else {
            "p.m"
        },
        keys = lines(KEYS, |t| format!(
            "let k{t} = (batch * p.m + min(j + {t}u, p.m - 1u)) * row + head * {parts}u;
let s{t} = select(-1e30, scale * ({}), j + {t}u < seen);",
            sum(parts, |c| head
                .dot(&format!("q{c}"), &format!("b1[k{t} + {c}u]")))
        )),
        top = (1..KEYS).fold("s0".to_owned(), |a, t| format!("max({a}, s{t})")),
        rescale = lines(parts, |c| format!("a{c} = a{c} * c;")),
        exps = lines(KEYS, |t| format!("let e{t} = exp(s{t} - best);")),
        all = sum(KEYS, |t| format!("e{t}")),
        accumulate = lines(parts, |c| format!(
            "a{c} = a{c} + {};",
            sum(KEYS, |t| format!("e{t} * b2[k{t} + {c}u]"))
        )),
        store = lines(parts, |c| format!("b3[qo + {c}u] = a{c} / total;")),
    )
}

/// Rows of scores are padded by one against bank conflicts.
const STRIDE: usize = BLOCK + 1;

fn shared() -> String {
    let size = QUERIES * STRIDE;
    format!(
        "var<workgroup> scores: array<f32, {size}>;
var<workgroup> weights: array<f32, {size}>;
var<workgroup> factors: array<f32, {QUERIES}>;
var<workgroup> totals: array<f32, {WORKGROUP}>;"
    )
}

/// A workgroup owns 16 queries of one head: 8 threads share two queries, each taking 4 of 32 keys
/// for the scores and every eighth part of the head for the result.
fn by_workgroup(head: Head) -> String {
    let parts = head.parts;
    let mine = parts.div_ceil(8);
    let hidden = if head.causal { " || key > query" } else { "" };
    let place = |j: usize| format!("min(col + {}u, {parts}u - 1u)", 8 * j);
    format!(
        "let blocks = (p.n + {QUERIES}u - 1u) / {QUERIES}u;
let which = group / blocks;
if (which >= p.batch * p.heads) {{ return; }}
let first = (group % blocks) * {QUERIES}u;
let head = which % p.heads;
let batch = which / p.heads;
let row = p.heads * {parts}u;
let scale = bitcast<f32>(p.scale);
let pair = (lane / 8u) * 2u;
let col = lane % 8u;
let mine = lane / 4u;
let part = (lane % 4u) * 8u;
{queries}
{zeros}
var best = -1e30;
var total = 0.0;
let seen = {seen};
for (var j = 0u; j < seen; j = j + {BLOCK}u) {{
{begin}
for (var c = 0u; c < {parts}u; c = c + 1u) {{
let x0 = b0[qo0 + c];
let x1 = b0[qo1 + c];
{dots}
}}
{hide}
workgroupBarrier();
var top = best;
for (var t = 0u; t < {BLOCK}u; t = t + 1u) {{ top = max(top, scores[mine * {STRIDE}u + t]); }}
let factor = exp(best - top);
best = top;
total = total * factor;
for (var t = part; t < part + 8u; t = t + 1u) {{
let e = exp(scores[mine * {STRIDE}u + t] - top);
total = total + e;
weights[mine * {STRIDE}u + t] = e;
}}
if (part == 0u) {{ factors[mine] = factor; }}
workgroupBarrier();
{rescale}
for (var t = 0u; t < {BLOCK}u; t = t + 1u) {{
let vo = (batch * p.m + min(j + t, p.m - 1u)) * row + head * {parts}u;
let w0 = weights[pair * {STRIDE}u + t];
let w1 = weights[pair * {STRIDE}u + {STRIDE}u + t];
{accumulate}
}}
}}
totals[lane] = total;
workgroupBarrier();
{sums}
{store}",
        queries = lines(2, |r| format!(
            "let query{r} = first + pair + {r}u;
let qo{r} = (batch * p.n + min(query{r}, p.n - 1u)) * row + head * {parts}u;"
        )),
        zeros = grid(2, mine, |r, c| format!("var a{r}_{c} = {};", head.zero())),
        seen = if head.causal {
            format!("min(first + {QUERIES}u, p.m)")
        } else {
            "p.m".into()
        },
        begin = lines(4, |t| format!(
            "let k{t} = (batch * p.m + min(j + col + {}u, p.m - 1u)) * row + head * {parts}u;
var s0_{t} = 0.0;\nvar s1_{t} = 0.0;",
            8 * t
        )),
        dots = lines(4, |t| format!(
            "let y{t} = b1[k{t} + c];\ns0_{t} = s0_{t} + {};\ns1_{t} = s1_{t} + {};",
            head.dot("x0", &format!("y{t}")),
            head.dot("x1", &format!("y{t}"))
        )),
        hide = grid(2, 4, |r, t| {
            format!(
            "{{ let key = j + col + {at}u; let query = query{r};
scores[(pair + {r}u) * {STRIDE}u + col + {at}u] = select(scale * s{r}_{t}, -1e30, key >= p.m{hidden}); }}",
            at = 8 * t
        )
        }),
        rescale = grid(2, mine, |r, c| format!(
            "a{r}_{c} = a{r}_{c} * factors[pair + {r}u];"
        )),
        accumulate = lines(mine, |c| format!(
            "let v{c} = b2[vo + {}];\na0_{c} = a0_{c} + w0 * v{c};\na1_{c} = a1_{c} + w1 * v{c};",
            place(c)
        )),
        sums = lines(2, |r| format!(
            "let t{r} = {};",
            sum(4, |j| format!("totals[(pair + {r}u) * 4u + {j}u]"))
        )),
        store = grid(2, mine, |r, c| format!(
            "if (query{r} < p.n && col + {}u < {parts}u) {{ b3[qo{r} + {}] = a{r}_{c} / t{r}; }}",
            8 * c,
            place(c)
        )),
    )
}
