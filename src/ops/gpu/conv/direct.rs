//! Convolution whose threads read weights and pixels for themselves, without workgroup memory and
//! barriers: a block of pixels and some channels a thread, all in registers.
//!
//! Every result is one chain of products per round, which keeps few values alive: compilers that do not
//! keep all results in registers then load and store them once a round.

use super::super::tile::{grid, lines};
use super::Shape;
use crate::ops::tune::DirectConv;

/// What the text depends on beside tile and shape.
#[derive(Debug, Clone, Copy)]
pub struct Round {
    /// Input channels of a round.
    pub deep: usize,
    /// The map of results is made of whole tiles.
    pub whole: bool,
}

/// Input channels of a round: where the kernel has one tap there would be too few products for what a
/// round costs.
pub const fn at_once(side: usize, c_in: usize) -> usize {
    if side == 1 && c_in.is_multiple_of(4) {
        4
    } else {
        1
    }
}

/// The kernel's body.
pub fn body(tile: DirectConv, round: Round, shape: Shape) -> String {
    let DirectConv { tc, tx, ty, .. } = tile;
    let Round { deep, whole } = round;
    let Shape {
        side,
        stride,
        turned,
        last,
        ..
    } = shape;
    let taps = side * side;
    let rows = (ty - 1) * stride + side;
    let columns = (tx - 1) * stride + side;
    let [to_row, to_col] = shape.to_source();
    let weight = |d: usize, c: usize, tap: usize| {
        if turned {
            let tap = taps - 1 - tap;
            format!("weight(p.first_in + c0 + {d}u, out{c} * {taps}u + {tap}u)")
        } else {
            format!("weight(out{c}, (p.first_in + c0 + {d}u) * {taps}u + {tap}u)")
        }
    };
    let products = |c: usize, y: usize, x: usize| {
        let mut chain = format!("a{c}_{y}_{x}");
        for d in 0..deep {
            for tap in 0..taps {
                let (r, t) = (y * stride + tap / side, x * stride + tap % side);
                chain += &format!(" + k{d}_{tap} * v{d}_{r}_{t}");
            }
        }
        format!("a{c}_{y}_{x} = {chain};")
    };
    format!(
        "let strips = (p.ow + {tx}u - 1u) / {tx}u;
let tiles = strips * ((p.oh + {ty}u - 1u) / {ty}u);
let channel_groups = (p.c_out + {tc}u - 1u) / {tc}u;
let batch = i / (tiles * channel_groups);
if (batch >= p.batch) {{ return; }}
let first = ((i / tiles) % channel_groups) * {tc}u;
let at = i % tiles;
let x0 = (at % strips) * {tx}u;
let y0 = (at / strips) * {ty}u;
{outs}
{rows_at}
{columns_at}
{zeros}
for (var c0 = 0u; c0 < p.c_in; c0 = c0 + {deep}u) {{
{pixels}
{all}
}}
{stores}",
        outs = lines(tc, |c| format!(
            "let out{c} = p.first_out + min(first + {c}u, p.c_out - 1u);"
        )),
        rows_at = lines(rows, |r| format!(
            "let iy{r} = i32(y0 * {stride}u + {r}u) - i32(p.top);
let in{r} = iy{r} >= 0 && iy{r} < i32(p.vh);
let row{r} = u32(clamp(iy{r}, 0, i32(p.vh) - 1)){to_row} * p.w;"
        )),
        columns_at = lines(columns, |t| format!(
            "let ix{t} = i32(x0 * {stride}u + {t}u) - i32(p.left);
let inside{t} = ix{t} >= 0 && ix{t} < i32(p.vw);
let col{t} = u32(clamp(ix{t}, 0, i32(p.vw) - 1)){to_col};"
        )),
        zeros = grid(tc, ty, |c, y| lines(tx, |x| format!(
            "var a{c}_{y}_{x} = 0.0;"
        ))),
        pixels = lines(deep, |d| format!(
            "let plane{d} = (batch * p.c_in + c0 + {d}u) * p.h * p.w;\n{}",
            grid(rows, columns, |r, t| format!(
                "let v{d}_{r}_{t} = select(0.0, b0[plane{d} + row{r} + col{t}], in{r} && inside{t});"
            ))
        )),
        all = lines(tc, |c| format!(
            "{{\n{}\n{}\n}}",
            grid(deep, taps, |d, tap| format!(
                "let k{d}_{tap} = {};",
                weight(d, c, tap)
            )),
            grid(ty, tx, |y, x| products(c, y, x))
        )),
        stores = lines(tc, |c| format!(
            "if (first + {c}u < p.c_out) {{
let shift = bias(batch * p.bias_step + p.first_out + first + {c}u);
let to = ((batch * p.c_out + first + {c}u) * p.oh + y0) * p.ow + x0;
{}
}}",
            grid(ty, tx, |y, x| {
                let store = format!(
                    "let at = to + {y}u * p.ow + {x}u;\nb{last}[at] = finish(a{c}_{y}_{x} + shift, at);"
                );
                if whole {
                    format!("{{ {store} }}")
                } else {
                    format!("if (y0 + {y}u < p.oh && x0 + {x}u < p.ow) {{ {store} }}")
                }
            })
        )),
    )
}
