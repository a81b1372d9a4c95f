//! Linear layers, forward and backward: x W^T and g W are one kernel that stages the weights'
//! tile, dequantised, in workgroup memory and keeps a tile of results a thread in registers.

use burn_cubecl::tensor::CubeTensor;

use super::epilogue::Epilogue;
use super::launch::{Kernel, WORKGROUP, dims, launch_groups, output};
use super::matrix::{self, Matrix};
use super::pointwise::FUNCTIONS;
use super::tile::{grid, lines};
use crate::ops::tune::{LinearTile, class, tiles};

/// x W^T for `[B, N, in]`, then the epilogue.
pub fn linear(x: &CubeTensor, w: &Matrix, end: &Epilogue) -> CubeTensor {
    run(x, w, end, false)
}

/// g W for `[B, N, out]`.
pub fn backward(g: &CubeTensor, w: &Matrix) -> CubeTensor {
    run(g, w, &Epilogue::none(), true)
}

fn run(x: &CubeTensor, w: &Matrix, end: &Epilogue, turned: bool) -> CubeTensor {
    let d = dims(x);
    let (rows, cols) = (w.form.rows(), w.form.cols());
    let (m, k) = (d[0] * d[1], d[2]);
    let n = if turned { cols } else { rows };
    let tile = tiles().linear[class(m * n)];
    let out = output(x, [d[0], d[1], n]);
    let vector = k.is_multiple_of(4);

    let mut buffers = vec![if vector { "vec4<f32>" } else { "f32" }];
    let mut inputs = vec![x];
    buffers.extend(w.types());
    inputs.extend(w.inputs());
    let first_of_end = buffers.len();
    inputs.extend(end.inputs());
    buffers.resize(inputs.len(), "f32");
    buffers.push("f32");
    let mut params = vec!["m", "n", "k"];
    params.extend(matrix::PARAMS);
    let kernel = Kernel {
        key: format!(
            "linear {tile:?} vector={vector} {} turned={turned} {}",
            w.form.precision,
            end.key()
        ),
        globals: format!(
            "{FUNCTIONS}{}{}var<workgroup> staged: array<vec4<f32>, {}>;",
            w.declare(1),
            end.declare(first_of_end),
            tile.depth * tile.columns() / 4
        ),
        body: body(tile, vector, turned, buffers.len() - 1),
        buffers,
        params,
        workgroup: WORKGROUP,
    };
    let mut words = [m, n, k].map(|v| v as u32).to_vec();
    words.extend(w.params());
    let groups = tile.groups(m, n);
    launch_groups(
        kernel,
        groups,
        (m * n) as u64 * k as u64,
        &inputs,
        &out,
        &words,
    );
    out
}

fn body(tile: LinearTile, vector: bool, turned: bool, last: usize) -> String {
    let LinearTile {
        tm,
        tn,
        lanes,
        depth,
    } = tile;
    let (all_m, all_n) = (tile.rows(), tile.columns());
    let (quads, mine) = (all_n / 4, tn / 4);
    let weight = |j: usize| {
        let n = format!("min(n0 + 4u * quad + {j}u, p.n - 1u)");
        if turned {
            format!("weight(k, {n})")
        } else {
            format!("weight({n}, k)")
        }
    };
    // Neighbouring threads read neighbouring columns of the stored matrix.
    let place = if turned {
        format!("let quad = s % {quads}u;\nlet deep = s / {quads}u;")
    } else {
        format!("let deep = s % {depth}u;\nlet quad = s / {depth}u;")
    };
    let vectors = if vector { 4 } else { 1 };
    let part = |j: usize| {
        if vector {
            [".x", ".y", ".z", ".w"][j]
        } else {
            ""
        }
    };
    format!(
        "let column_groups = (p.n + {all_n}u - 1u) / {all_n}u;
let top = (group / column_groups) * {all_m}u;
if (top >= p.m) {{ return; }}
let n0 = (group % column_groups) * {all_n}u;
let m0 = top + (lane % {lanes}u) * {tm}u;
let mine = (lane / {lanes}u) * {mine}u;
{rows}
{zeros}
for (var k0 = 0u; k0 < p.k; k0 = k0 + {depth}u) {{
workgroupBarrier();
for (var s = lane; s < {staged}u; s = s + {WORKGROUP}u) {{
{place}
let k = k0 + deep;
var v = vec4<f32>(0.0);
if (k < p.k) {{ v = vec4<f32>({weights}); }}
staged[deep * {quads}u + quad] = v;
}}
workgroupBarrier();
let end = min({depth}u, p.k - k0) / {vectors}u;
for (var k = 0u; k < end; k = k + 1u) {{
{loads}
{products}
}}
}}
{stores}",
        rows = lines(tm, |r| format!(
            "let row{r} = min(m0 + {r}u, p.m - 1u) * (p.k / {vectors}u);"
        )),
        zeros = grid(tm, mine, |r, q| format!("var a{r}_{q} = vec4<f32>(0.0);")),
        staged = depth * quads,
        weights = (0..4).map(weight).collect::<Vec<_>>().join(", "),
        loads = lines(tm, |r| format!(
            "let x{r} = b0[row{r} + k0 / {vectors}u + k];"
        )),
        products = grid(vectors, mine, |j, q| {
            format!("let w{j}_{q} = staged[(k * {vectors}u + {j}u) * {quads}u + mine + {q}u];\n")
                + &lines(tm, |r| {
                    format!("a{r}_{q} = a{r}_{q} + w{j}_{q} * x{r}{};", part(j))
                })
        }),
        stores = lines(tm, |r| format!(
            "if (m0 + {r}u < p.m) {{\nlet to = (m0 + {r}u) * p.n;\n{}\n}}",
            grid(mine, 4, |q, j| {
                let c = 4 * q + j;
                let part = ["x", "y", "z", "w"][j];
                format!(
                    "{{ let n = n0 + mine * 4u + {c}u; if (n < p.n) {{ b{last}[to + n] = finish(a{r}_{q}.{part}, n, to + n); }} }}"
                )
            })
        )),
    )
}
