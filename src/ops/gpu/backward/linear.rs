//! Linear layers.

use burn_cubecl::tensor::CubeTensor;

use crate::ops::gpu::launch::{Kernel, WORKGROUP, dims, launch, output};
use crate::ops::gpu::tile::{grid, lines, sum};

/// Below this many threads a large tile leaves the device idle.
const ENOUGH_THREADS: usize = 512;

/// g W for `g` `[B, N, out]` and `w` `[out, in]`; every thread computes a square tile in registers.
pub fn linear(g: CubeTensor, w: CubeTensor) -> CubeTensor {
    let d = dims(&g);
    let (m, k, n) = (d[0] * d[1], d[2], dims(&w)[1]);
    let out = output(&g, [d[0], d[1], n]);
    let threads = |t: usize| m.div_ceil(t) * n.div_ceil(t);
    let tile = if threads(8) >= ENOUGH_THREADS { 8 } else { 4 };
    // Vectors lie along k in g, but along n in w.
    let (ty, zero, parts) = if k.is_multiple_of(4) && n.is_multiple_of(4) {
        (
            "vec4<f32>",
            "vec4<f32>(0.0)",
            [".x", ".y", ".z", ".w"].as_slice(),
        )
    } else {
        ("f32", "0.0", [""].as_slice())
    };
    let vector = parts.len();
    let columns = tile / vector;
    let body = format!(
        "let nb = (p.n + {columns}u - 1u) / {columns}u;
let mb = (p.m + {tile}u - 1u) / {tile}u;
if (i >= nb * mb) {{ return; }}
let first = (i % nb) * {columns}u;
let top = (i / nb) * {tile}u;
{rows}
{cols}
{zeros}
for (var k = 0u; k < p.k; k = k + 1u) {{
{load_g}
{load_w}
{products}
}}
{stores}",
        rows = lines(tile, |r| format!(
            "let go{r} = min(top + {r}u, p.m - 1u) * p.k;"
        )),
        cols = lines(columns, |c| format!(
            "let n{c} = min(first + {c}u, p.n - 1u);"
        )),
        zeros = grid(tile, columns, |r, c| format!("var a{r}_{c} = {zero};")),
        load_g = lines(tile, |r| format!("let g{r} = b0[go{r} + k];")),
        load_w = grid(vector, columns, |v, c| format!(
            "let w{v}_{c} = b1[(k * {vector}u + {v}u) * p.n + n{c}];"
        )),
        products = grid(tile, columns, |r, c| format!(
            "a{r}_{c} = a{r}_{c} + {};",
            sum(vector, |v| format!("g{r}{} * w{v}_{c}", parts[v]))
        )),
        stores = grid(tile, columns, |r, c| format!(
            "if (top + {r}u < p.m && first + {c}u < p.n) {{ b2[(top + {r}u) * p.n + first + {c}u] = a{r}_{c}; }}"
        )),
    );
    let kernel = Kernel {
        key: format!("linear_backward tile={tile} vector={vector}"),
        buffers: vec![ty; 3],
        params: vec!["m", "n", "k"],
        globals: String::new(),
        body,
        workgroup: WORKGROUP,
    };
    let params = [m, n / vector, k / vector].map(|v| v as u32);
    launch(kernel, threads(tile), &[&g, &w], &out, &params);
    out
}
