//! Linear layers and attention.

use burn_cubecl::tensor::CubeTensor;

use super::launch::{Kernel, WORKGROUP, dims, launch, output};
use super::tile::{grid, lines, sum};

/// Below this many threads a large tile leaves the device idle.
const ENOUGH_THREADS: usize = 512;

/// x W^T + b; every thread computes a square tile of outputs in registers.
pub fn linear(x: CubeTensor, w: CubeTensor, b: Option<CubeTensor>) -> CubeTensor {
    let d = dims(&x);
    let (m, k, n) = (d[0] * d[1], d[2], dims(&w)[0]);
    let out = output(&x, [d[0], d[1], n]);
    let threads = |t: usize| m.div_ceil(t) * n.div_ceil(t);
    let tile = if threads(8) >= ENOUGH_THREADS { 8 } else { 4 };
    let (ty, vector) = if k.is_multiple_of(4) {
        ("vec4<f32>", 4)
    } else {
        ("f32", 1)
    };
    let product = |r, c| {
        if vector == 4 {
            format!("dot(x{r}, w{c})")
        } else {
            format!("x{r} * w{c}")
        }
    };
    let (bias, last) = if b.is_some() {
        (" + b2[n0 + COLu]", 3)
    } else {
        ("", 2)
    };
    let body = format!(
        "let nb = (p.n + {tile}u - 1u) / {tile}u;
let mb = (p.m + {tile}u - 1u) / {tile}u;
if (i >= nb * mb) {{ return; }}
let n0 = (i % nb) * {tile}u;
let m0 = (i / nb) * {tile}u;
{offsets}
{zeros}
for (var k = 0u; k < p.k; k = k + 1u) {{
{loads}
{products}
}}
{stores}",
        offsets = lines(tile, |r| format!(
            "let xo{r} = min(m0 + {r}u, p.m - 1u) * p.k;\nlet wo{r} = min(n0 + {r}u, p.n - 1u) * p.k;"
        )),
        zeros = grid(tile, tile, |r, c| format!("var a{r}_{c} = 0.0;")),
        loads = lines(tile, |r| format!(
            "let x{r} = b0[xo{r} + k];\nlet w{r} = b1[wo{r} + k];"
        )),
        products = grid(tile, tile, |r, c| format!(
            "a{r}_{c} = a{r}_{c} + {};",
            product(r, c)
        )),
        stores = grid(tile, tile, |r, c| format!(
            "if (m0 + {r}u < p.m && n0 + {c}u < p.n) {{ b{last}[(m0 + {r}u) * p.n + n0 + {c}u] = a{r}_{c}{}; }}",
            bias.replace("COL", &c.to_string())
        )),
    );
    let mut buffers = vec![ty, ty];
    let mut inputs = vec![&x, &w];
    if let Some(b) = &b {
        buffers.push("f32");
        inputs.push(b);
    }
    buffers.push("f32");
    let kernel = Kernel {
        key: format!("linear tile={tile} vector={vector} bias={}", b.is_some()),
        buffers,
        params: vec!["m", "n", "k"],
        globals: String::new(),
        body,
        workgroup: WORKGROUP,
    };
    let params = [m as u32, n as u32, (k / vector) as u32];
    launch(kernel, threads(tile), &inputs, &out, &params);
    out
}

/// Attention with the softmax computed on the way (Milakov and Gimelshein 2018): every thread owns
/// one query of one head, so that no score leaves the registers.
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
    let parts = per_head / vector;
    let zero = format!("{ty}(0.0)");
    let product = |c| {
        if vector == 4 {
            format!("dot(q{c}, b1[ko + {c}u])")
        } else {
            format!("q{c} * b1[ko + {c}u]")
        }
    };
    let body = format!(
        "if (i >= p.count) {{ return; }}
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
for (var j = 0u; j < seen; j = j + 1u) {{
let ko = (batch * p.m + j) * row + head * {parts}u;
let s = scale * ({score});
if (s > best) {{
let c = exp(best - s);
total = total * c;
{rescale}
best = s;
}}
let e = exp(s - best);
total = total + e;
{accumulate}
}}
{store}",
        load_q = lines(parts, |c| format!("let q{c} = b0[qo + {c}u];")),
        zeros = lines(parts, |c| format!("var a{c} = {zero};")),
        seen = if causal {
            "min(query + 1u, p.m)"
        } else {
            "p.m"
        },
        score = sum(parts, product),
        rescale = lines(parts, |c| format!("a{c} = a{c} * c;")),
        accumulate = lines(parts, |c| format!("a{c} = a{c} + e * b2[ko + {c}u];")),
        store = lines(parts, |c| format!("b3[qo + {c}u] = a{c} / total;")),
    );
    let kernel = Kernel {
        key: format!("attention parts={parts} vector={vector} causal={causal}"),
        buffers: vec![ty; 4],
        params: vec!["count", "n", "m", "heads", "scale"],
        globals: String::new(),
        body,
        workgroup: WORKGROUP,
    };
    let count = b * heads * n;
    let params = [
        count as u32,
        n as u32,
        m as u32,
        heads as u32,
        (1.0 / (per_head as f32).sqrt()).to_bits(),
    ];
    launch(kernel, count, &[&q, &k, &v], &out, &params);
    out
}
