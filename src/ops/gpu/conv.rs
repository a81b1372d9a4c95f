//! Convolution: every thread computes a tile of output channels times pixels of one row in registers.

use burn_cubecl::tensor::CubeTensor;

use super::launch::{Kernel, WORKGROUP, dims, launch, output};
use super::tile::{grid, lines};
use crate::ops::Conv;

/// Below this many threads a large tile leaves the device idle.
const ENOUGH_THREADS: usize = 256;

/// Cross-correlation of `[B, in, H, W]` with `[out, in, K, K]`, any stride, zero padding.
pub fn conv2d(x: CubeTensor, w: CubeTensor, b: Option<CubeTensor>, conv: Conv) -> CubeTensor {
    let (d, dw) = (dims(&x), dims(&w));
    let (batch, c_in, h, width) = (d[0], d[1], d[2], d[3]);
    let (c_out, side, stride) = (dw[0], dw[2], conv.stride);
    let [top, bottom, left, right] = conv.padding;
    let oh = (h + top + bottom - side) / stride + 1;
    let ow = (width + left + right - dw[3]) / stride + 1;
    let out = output(&x, [batch, c_out, oh, ow]);

    let threads = |tc: usize, tx: usize| batch * c_out.div_ceil(tc) * oh * ow.div_ceil(tx);
    let tx = if ow >= 8 && threads(4, 8) >= ENOUGH_THREADS {
        8
    } else {
        4
    };
    let tc = if c_out >= 8 && threads(8, tx) >= ENOUGH_THREADS {
        8
    } else {
        4
    };
    let columns = (tx - 1) * stride + side;
    let taps = side * side;
    let (bias, last) = if b.is_some() {
        ("b2[c{c}]", 3)
    } else {
        ("0.0", 2)
    };

    let body = format!(
        "let xb = (p.ow + {tx}u - 1u) / {tx}u;
let cb = (p.c_out + {tc}u - 1u) / {tc}u;
if (i >= xb * p.oh * cb * p.batch) {{ return; }}
let x0 = (i % xb) * {tx}u;
let y = (i / xb) % p.oh;
let first = ((i / (xb * p.oh)) % cb) * {tc}u;
let batch = i / (xb * p.oh * cb);
{channels}
{columns_at}
{zeros}
for (var ci = 0u; ci < p.c_in; ci = ci + 1u) {{
let plane = (batch * p.c_in + ci) * p.h;
for (var ky = 0u; ky < {side}u; ky = ky + 1u) {{
let iy = i32(y * {stride}u + ky) - i32(p.top);
if (iy >= 0 && iy < i32(p.h)) {{
let base = (plane + u32(iy)) * p.w;
let tap = ci * {taps}u + ky * {side}u;
{load_x}
{products}
}}
}}
}}
{stores}",
        channels = lines(tc, |c| format!(
            "let c{c} = min(first + {c}u, p.c_out - 1u);\nlet w{c} = c{c} * p.c_in * {taps}u;"
        )),
        columns_at = lines(columns, |t| format!(
            "let ix{t} = i32(x0 * {stride}u + {t}u) - i32(p.left);
let m{t} = select(0.0, 1.0, ix{t} >= 0 && ix{t} < i32(p.w));
let at{t} = u32(clamp(ix{t}, 0, i32(p.w) - 1));"
        )),
        zeros = grid(tc, tx, |c, x| format!(
            "var a{c}_{x} = {};",
            bias.replace("{c}", &c.to_string())
        )),
        load_x = lines(columns, |t| format!("let v{t} = m{t} * b0[base + at{t}];")),
        products = lines(tc, |c| {
            lines(side, |kx| {
                let weight = format!("let k{c}_{kx} = b1[w{c} + tap + {kx}u];\n");
                weight
                    + &lines(tx, |x| {
                        let t = x * stride + kx;
                        format!("a{c}_{x} = a{c}_{x} + k{c}_{kx} * v{t};")
                    })
            })
        }),
        stores = lines(tc, |c| format!(
            "if (first + {c}u < p.c_out) {{
let to = ((batch * p.c_out + c{c}) * p.oh + y) * p.ow + x0;
{}
}}",
            lines(tx, |x| format!(
                "if (x0 + {x}u < p.ow) {{ b{last}[to + {x}u] = a{c}_{x}; }}"
            ))
        )),
    );
    let mut buffers = vec!["f32", "f32"];
    let mut inputs = vec![&x, &w];
    if let Some(b) = &b {
        buffers.push("f32");
        inputs.push(b);
    }
    buffers.push("f32");
    let kernel = Kernel {
        key: format!(
            "conv side={side} stride={stride} tile={tc}x{tx} bias={}",
            b.is_some()
        ),
        buffers,
        params: vec![
            "batch", "c_in", "h", "w", "c_out", "oh", "ow", "top", "left",
        ],
        globals: String::new(),
        body,
        workgroup: WORKGROUP,
    };
    let params = [batch, c_in, h, width, c_out, oh, ow, top, left].map(|v| v as u32);
    launch(kernel, threads(tc, tx), &inputs, &out, &params);
    out
}
