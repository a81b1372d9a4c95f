//! Linear layers whose threads read weights and rows for themselves, without workgroup memory and
//! barriers; every result is one chain of products per round (see the convolution's `direct`).

use super::super::tile::{grid, lines};
use super::Shape;
use crate::ops::tune::DirectLinear;

const PARTS: [&str; 4] = ["x", "y", "z", "w"];

/// The kernel's body.
pub fn body(tile: DirectLinear, shape: Shape) -> String {
    let DirectLinear { tm, tn, .. } = tile;
    let Shape {
        vector,
        quads,
        fours,
        turned,
        last,
    } = shape;
    let deep = if vector { 4 } else { 1 };
    // Columns that are there or not together.
    let guarded = if fours { 4 } else { 1 };
    let x = |r: usize, j: usize| {
        if vector {
            format!("x{r}.{}", PARTS[j])
        } else {
            format!("x{r}")
        }
    };
    // The weight of column `n` and term `j` of a round.
    let w = |n: usize, j: usize| match (quads, turned) {
        (false, _) => format!("w{n}_{j}"),
        (true, false) => format!("w{n}.{}", PARTS[j]),
        (true, true) => format!("w{}_{j}.{}", n / 4, PARTS[n % 4]),
    };
    let weights = match (quads, turned) {
        (false, false) => grid(tn, deep, |n, j| {
            format!("let w{n}_{j} = weight(col{n}, k + {j}u);")
        }),
        (false, true) => grid(tn, deep, |n, j| {
            format!("let w{n}_{j} = weight(k + {j}u, col{n});")
        }),
        (true, false) => lines(tn, |n| format!("let w{n} = weight4(col{n}, k);")),
        (true, true) => grid(tn / 4, deep, |q, j| {
            format!(
                "let w{q}_{j} = weight4(k + {j}u, min(n0 + {}u, p.n - 4u));",
                4 * q
            )
        }),
    };
    format!(
        "let row_groups = (p.m + {tm}u - 1u) / {tm}u;
let n0 = (i / row_groups) * {tn}u;
if (n0 >= p.n) {{ return; }}
let m0 = (i % row_groups) * {tm}u;
{rows}
{columns}
{zeros}
for (var k = 0u; k < p.k; k = k + {deep}u) {{
{loads}
{weights}
{products}
}}
{biases}
{stores}",
        rows = lines(tm, |r| format!(
            "let row{r} = min(m0 + {r}u, p.m - 1u) * (p.k / {deep}u);"
        )),
        columns = lines(tn, |n| format!("let col{n} = min(n0 + {n}u, p.n - 1u);")),
        zeros = grid(tm, tn, |r, n| format!("var a{r}_{n} = 0.0;")),
        loads = lines(tm, |r| format!("let x{r} = b0[row{r} + k / {deep}u];")),
        products = grid(tm, tn, |r, n| {
            let chain: String = (0..deep)
                .map(|j| format!(" + {} * {}", w(n, j), x(r, j)))
                .collect();
            format!("a{r}_{n} = a{r}_{n}{chain};")
        }),
        biases = lines(tn, |n| format!("let bias{n} = bias(col{n});")),
        stores = lines(tm, |r| format!(
            "if (m0 + {r}u < p.m) {{\nlet to = (m0 + {r}u) * p.n + n0;\n{}\n}}",
            lines(tn / guarded, |q| format!(
                "if (n0 + {}u < p.n) {{\n{}\n}}",
                q * guarded,
                lines(guarded, |j| {
                    let n = q * guarded + j;
                    format!("b{last}[to + {n}u] = finish(a{r}_{n} + bias{n}, to + {n}u);")
                })
            ))
        )),
    )
}
