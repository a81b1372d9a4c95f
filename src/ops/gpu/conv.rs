//! Convolution, forward and, with the kernel turned, backward.
//!
//! A workgroup computes some output channels of up to 64 strips of pixels. It dequantises the weights
//! of a few input channels into workgroup memory, where all its threads read them; every thread
//! keeps the results of its strip and channels in registers.

use burn_cubecl::tensor::CubeTensor;

use super::epilogue::Epilogue;
use super::launch::{Kernel, WORKGROUP, dims, launch_groups, output};
use super::matrix::{self, Matrix};
use super::pointwise::FUNCTIONS;
use super::tile::{grid, lines};
use crate::ops::ConvCall;
use crate::ops::tune::{ConvTile, class, tiles};

/// f32 values of weights in workgroup memory, half of what WebGPU guarantees.
const STAGED: usize = 2048;

/// Cross-correlation of `[B, in, H, W]` with `[out, in, K, K]`, any stride, zero padding.
pub fn conv2d(x: &CubeTensor, w: &Matrix, call: ConvCall, end: &Epilogue) -> CubeTensor {
    run(x, w, call, end, false)
}

/// Correlation with the kernel turned by 180 degrees and its channels swapped.
pub fn turned(x: &CubeTensor, w: &Matrix, call: ConvCall) -> CubeTensor {
    run(x, w, call, &Epilogue::none(), true)
}

fn run(x: &CubeTensor, w: &Matrix, call: ConvCall, end: &Epilogue, turned: bool) -> CubeTensor {
    let d = dims(x);
    let [c_out, c_in, side, _] = w.form.shape;
    let [c_out, c_in] = if turned { [c_in, c_out] } else { [c_out, c_in] };
    let step = end.bias_step(c_out);
    let part = call.channels(c_out, c_in);
    let ([first_in, c_in], [first_out, c_out]) = (part.input, part.output);
    let [oh, ow] = call.output([d[2], d[3]], [side, w.form.shape[3]]);
    let tile = tiles().conv[class(d[0] * c_out * oh * ow)];
    let out = output(x, [d[0], c_out, oh, ow]);

    let mut buffers = vec!["f32"];
    let mut inputs = vec![x];
    buffers.extend(w.types());
    inputs.extend(w.inputs());
    let first_of_end = buffers.len();
    inputs.extend(end.inputs());
    buffers.resize(inputs.len(), "f32");
    buffers.push("f32");
    let mut params = vec![
        "batch",
        "c_in",
        "h",
        "w",
        "c_out",
        "oh",
        "ow",
        "top",
        "left",
        "vh",
        "vw",
        "first_in",
        "first_out",
        "bias_step",
    ];
    params.extend(matrix::PARAMS);
    let kernel = Kernel {
        key: format!(
            "conv side={side} stride={} {tile:?} {} turned={turned} up={} {}",
            call.conv.stride,
            w.form.precision,
            call.up.is_some(),
            end.key()
        ),
        globals: format!(
            "{FUNCTIONS}{}{}var<workgroup> staged: array<vec4<f32>, {}>;",
            w.declare(1),
            end.declare(first_of_end),
            channels_at_once(tile, side * side) * side * side * tile.channels() / 4,
        ),
        body: body(tile, side, call, turned, buffers.len() - 1),
        buffers,
        params,
        workgroup: WORKGROUP,
    };
    let [vh, vw] = call.seen([d[2], d[3]]);
    let [top, _, left, _] = call.conv.padding;
    let sizes = [d[0], c_in, d[2], d[3], c_out, oh, ow, top, left, vh, vw];
    let mut words = sizes.map(|v| v as u32).to_vec();
    words.extend([first_in as u32, first_out as u32, step]);
    words.extend(w.params());
    let groups = tile.groups(d[0], c_out, [oh, ow]);
    let work = (d[0] * c_out * oh * ow) as u64 * (c_in * side * side) as u64;
    launch_groups(kernel, groups, work, &inputs, &out, &words);
    out
}

/// Input channels whose weights are staged together.
fn channels_at_once(tile: ConvTile, taps: usize) -> usize {
    (STAGED / (taps * tile.channels())).clamp(1, 16)
}

fn body(tile: ConvTile, side: usize, call: ConvCall, turned: bool, last: usize) -> String {
    let ConvTile { tc, tx, lanes } = tile;
    let (stride, taps, all) = (call.conv.stride, side * side, tile.channels());
    let ci = channels_at_once(tile, taps);
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
    let (to_row, to_col) = if call.up.is_some() {
        (" * p.h / p.vh", " * p.w / p.vw")
    } else {
        ("", "")
    };
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
{}
}}",
                lines(tx, |x| format!(
                    "if (x0 + {x}u < p.ow) {{ b{last}[to + {x}u] = finish(a{q}_{x}.{part}, batch * p.bias_step + p.first_out + c, to + {x}u); }}"
                ))
            )
        }),
    )
}
