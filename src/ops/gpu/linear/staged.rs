//! Linear layers whose workgroups stage a tile of the weights, dequantised, in workgroup memory; a
//! thread keeps a tile of results in registers.

use super::super::launch::WORKGROUP;
use super::super::tile::{grid, lines};
use super::Shape;
use crate::ops::tune::{StagedLinear, per_workgroup};

impl StagedLinear {
    /// Columns of a workgroup.
    const fn columns(self) -> usize {
        per_workgroup(self.tn, self.lanes)
    }

    /// The workgroup memory.
    pub fn declare(self) -> String {
        let quads = self.depth * self.columns() / 4;
        format!("var<workgroup> staged: array<vec4<f32>, {quads}>;")
    }
}

/// The kernel's body.
pub fn body(tile: StagedLinear, shape: Shape) -> String {
    let StagedLinear {
        tm,
        tn,
        lanes,
        depth,
    } = tile;
    let Shape {
        vector,
        turned,
        last,
        ..
    } = shape;
    let (all_m, all_n) = (tm * lanes, tile.columns());
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
                    "{{ let n = n0 + mine * 4u + {c}u; if (n < p.n) {{ b{last}[to + n] = finish(a{r}_{q}.{part} + bias(n), to + n); }} }}"
                )
            })
        )),
    )
}
