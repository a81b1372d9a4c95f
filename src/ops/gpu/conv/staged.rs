//! Convolution whose workgroups compute some output channels of up to 64 strips of pixels. They dequantise
//! the weights of a few input channels into workgroup memory, where all their threads read them;
//! every thread keeps the results of its strip and channels in registers.

use super::super::launch::WORKGROUP;
use super::super::tile::{grid, lines};
use super::Shape;
use crate::ops::tune::{StagedConv, per_workgroup};

/// f32 values of weights in workgroup memory, half of what WebGPU guarantees.
const STAGED: usize = 2048;

impl StagedConv {
    /// Channels of a workgroup.
    const fn channels(self) -> usize {
        per_workgroup(self.tc, self.lanes)
    }

    /// The workgroup memory.
    pub fn declare(self, taps: usize) -> String {
        let quads = self.at_once(taps) * taps * self.channels() / 4;
        format!("var<workgroup> staged: array<vec4<f32>, {quads}>;")
    }

    /// Input channels whose weights are staged together.
    fn at_once(self, taps: usize) -> usize {
        (STAGED / (taps * self.channels())).clamp(1, 16)
    }
}

/// The kernel's body.
pub fn body(tile: StagedConv, shape: Shape) -> String {
    let StagedConv { tc, tx, lanes } = tile;
    let Shape {
        side,
        stride,
        turned,
        last,
        ..
    } = shape;
    let (taps, all) = (side * side, tile.channels());
    let ci = tile.at_once(taps);
    let (quads, staged_cols) = (all / 4, ci * taps);
    let columns = (tx - 1) * stride + side;
    let weight = |j: usize| {
        let channel = format!("(p.first_out + min(first + 4u * quad + {j}u, p.c_out - 1u))");
        if turned {
            format!("weight(p.first_in + ci, {channel} * {taps}u + {taps}u - 1u - col % {taps}u)")
        } else {
            format!("weight({channel}, (p.first_in + ci) * {taps}u + col % {taps}u)")
        }
    };
    let [to_row, to_col] = shape.to_source();
    format!(
        "let strips = (p.ow + {tx}u - 1u) / {tx}u;
let tiles = strips * p.oh;
let pixel_groups = (tiles + {lanes}u - 1u) / {lanes}u;
let channel_groups = (p.c_out + {all}u - 1u) / {all}u;
let batch = group / (pixel_groups * channel_groups);
if (batch >= p.batch) {{ return; }}
let first = ((group / pixel_groups) % channel_groups) * {all}u;
let mine = (lane / {lanes}u) * {tc}u;
let tile = (group % pixel_groups) * {lanes}u + lane % {lanes}u;
let live = tile < tiles;
let at = min(tile, tiles - 1u);
let x0 = (at % strips) * {tx}u;
let y = at / strips;
{rows_at}
{columns_at}
{zeros}
for (var c0 = 0u; c0 < p.c_in; c0 = c0 + {ci}u) {{
workgroupBarrier();
for (var s = lane; s < {staged}u; s = s + {WORKGROUP}u) {{
let col = s % {staged_cols}u;
let quad = s / {staged_cols}u;
let ci = c0 + col / {taps}u;
var k = vec4<f32>(0.0);
if (ci < p.c_in) {{ k = vec4<f32>({weights}); }}
staged[col * {quads}u + quad] = k;
}}
workgroupBarrier();
let n = min({ci}u, p.c_in - c0);
for (var c = 0u; c < n; c = c + 1u) {{
let plane = (batch * p.c_in + c0 + c) * p.h * p.w;
let k0 = c * {taps}u * {quads}u + mine / 4u;
{products}
}}
}}
{stores}",
        staged = staged_cols * quads,
        rows_at = lines(side, |ky| format!(
            "let iy{ky} = i32(y * {stride}u + {ky}u) - i32(p.top);
let in{ky} = iy{ky} >= 0 && iy{ky} < i32(p.vh);
let row{ky} = u32(clamp(iy{ky}, 0, i32(p.vh) - 1)){to_row} * p.w;"
        )),
        columns_at = lines(columns, |t| format!(
            "let ix{t} = i32(x0 * {stride}u + {t}u) - i32(p.left);
let m{t} = select(0.0, 1.0, ix{t} >= 0 && ix{t} < i32(p.vw));
let at{t} = u32(clamp(ix{t}, 0, i32(p.vw) - 1)){to_col};"
        )),
        zeros = grid(tc / 4, tx, |q, x| format!("var a{q}_{x} = vec4<f32>(0.0);")),
        weights = (0..4).map(weight).collect::<Vec<_>>().join(", "),
        products = lines(side, |ky| format!(
            "if (in{ky}) {{\nlet base = plane + row{ky};\n{}\n{}\n}}",
            lines(columns, |t| format!("let v{t} = m{t} * b0[base + at{t}];")),
            grid(side, tc / 4, |kx, q| {
                let tap = (ky * side + kx) * quads + q;
                format!("let k{kx}_{q} = staged[k0 + {tap}u];\n")
                    + &lines(tx, |x| {
                        format!("a{q}_{x} = a{q}_{x} + k{kx}_{q} * v{};", x * stride + kx)
                    })
            })
        )),
        stores = grid(tc / 4, 4, |q, j| {
            let part = ["x", "y", "z", "w"][j];
            let c = 4 * q + j;
            format!(
                "if (live && first + mine + {c}u < p.c_out) {{
let c = first + mine + {c}u;
let to = ((batch * p.c_out + c) * p.oh + y) * p.ow + x0;
let shift = bias(batch * p.bias_step + p.first_out + c);
{}
}}",
                lines(tx, |x| format!(
                    "if (x0 + {x}u < p.ow) {{ b{last}[to + {x}u] = finish(a{q}_{x}.{part} + shift, to + {x}u); }}"
                ))
            )
        }),
    )
}
