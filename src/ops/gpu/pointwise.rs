//! Operations that move or map values one by one.

use burn_cubecl::tensor::CubeTensor;

use super::epilogue;
use super::launch::{Kernel, WORKGROUP, dims, launch, output};
use super::matrix::{self, Matrix};
use crate::ops::Activation;

/// WGSL functions shared by kernels with a nonlinearity. `exp` overflows to infinity for large
/// arguments, which the sigmoid turns into 0 as it should; tanh is clamped where it is 1 in f32.
/// erf: Numerical Recipes' rational Chebyshev fit, fractional error below 1.2e-7.
pub const FUNCTIONS: &str = "
fn sigmoid(x: f32) -> f32 { return 1.0 / (1.0 + exp(-clamp(x, -80.0, 80.0))); }
fn silu(x: f32) -> f32 { return x * sigmoid(x); }
fn quick_gelu(x: f32) -> f32 { return x * sigmoid(1.702 * x); }
fn relu(x: f32) -> f32 { return max(x, 0.0); }
fn erf(x: f32) -> f32 {
    let z = abs(x);
    let t = 1.0 / (1.0 + 0.5 * z);
    let e = t * exp(-z * z - 1.26551223 + t * (1.00002368 + t * (0.37409196 + t * (0.09678418
        + t * (-0.18628806 + t * (0.27886807 + t * (-1.13520398 + t * (1.48851587
        + t * (-0.82215223 + t * 0.17087277)))))))));
    return select(e - 1.0, 1.0 - e, x >= 0.0);
}
fn gelu(x: f32) -> f32 { return 0.5 * x * (1.0 + erf(x * 0.70710678)); }
fn soft_clamp(x: f32) -> f32 { return 3.0 * tanh(clamp(x / 3.0, -15.0, 15.0)); }
";

/// A kernel `out[i] = expression`, where the expression may use `i` and the uniform `p`.
pub(super) fn map(
    key: impl Into<String>,
    buffers: Vec<&'static str>,
    mut params: Vec<&'static str>,
    expression: &str,
) -> Kernel {
    params.push("count");
    let out = buffers.len() - 1;
    Kernel {
        key: key.into(),
        globals: FUNCTIONS.into(),
        body: format!("if (i >= p.count) {{ return; }}\n{expression}\nb{out}[i] = r;"),
        buffers,
        params,
        workgroup: WORKGROUP,
    }
}

pub(super) fn run(
    kernel: Kernel,
    inputs: &[&CubeTensor],
    out: CubeTensor,
    params: &[usize],
) -> CubeTensor {
    let count: usize = dims(&out).iter().product();
    let mut words: Vec<u32> = params.iter().map(|v| *v as u32).collect();
    words.push(count as u32);
    launch(kernel, count, inputs, &out, &words);
    out
}

fn unary(x: CubeTensor, key: &str, expression: &str, params: &[(&'static str, f32)]) -> CubeTensor {
    let out = output(&x, dims(&x));
    let names = params.iter().map(|(n, _)| *n).collect();
    let bits: Vec<usize> = params.iter().map(|(_, v)| v.to_bits() as usize).collect();
    run(
        map(key, vec!["f32", "f32"], names, expression),
        &[&x],
        out,
        &bits,
    )
}

/// A pointwise activation.
pub fn activate(x: CubeTensor, f: Activation) -> CubeTensor {
    let name = epilogue::function(f);
    unary(x, name, &format!("let r = {name}(b0[i]);"), &[])
}

/// 3 tanh(x / 3).
pub fn soft_clamp3(x: CubeTensor) -> CubeTensor {
    unary(x, "soft_clamp", "let r = soft_clamp(b0[i]);", &[])
}

/// scale x + shift.
pub fn affine(x: CubeTensor, scale: f32, shift: f32) -> CubeTensor {
    unary(
        x,
        "affine",
        "let r = bitcast<f32>(p.scale) * b0[i] + bitcast<f32>(p.shift);",
        &[("scale", scale), ("shift", shift)],
    )
}

/// a + b, entry i taking b[(i / inner) % len(b)].
pub fn add(a: CubeTensor, b: CubeTensor, inner: usize) -> CubeTensor {
    let out = output(&a, dims(&a));
    let period: usize = dims(&b).iter().product();
    let kernel = map(
        "add",
        vec!["f32", "f32", "f32"],
        vec!["inner", "period"],
        "let r = b0[i] + b1[(i / p.inner) % p.period];",
    );
    run(kernel, &[&a, &b], out, &[inner, period])
}

/// GEGLU of `[B, N, 2 d]`.
pub fn geglu(x: CubeTensor) -> CubeTensor {
    let d = dims(&x);
    let half = d[2] / 2;
    let out = output(&x, [d[0], d[1], half]);
    let kernel = map(
        "geglu",
        vec!["f32", "f32"],
        vec!["half_width"],
        "let at = (i / p.half_width) * 2u * p.half_width + i % p.half_width;
let r = b0[at] * gelu(b0[at + p.half_width]);",
    );
    run(kernel, &[&x], out, &[half])
}

/// Nearest-neighbour upsampling.
pub fn upsample(x: CubeTensor, height: usize, width: usize) -> CubeTensor {
    let d = dims(&x);
    let out = output(&x, [d[0], d[1], height, width]);
    let kernel = map(
        "upsample",
        vec!["f32", "f32"],
        vec!["h", "w", "oh", "ow"],
        "let x = i % p.ow;
let y = (i / p.ow) % p.oh;
let plane = i / (p.ow * p.oh);
let r = b0[(plane * p.h + y * p.h / p.oh) * p.w + x * p.w / p.ow];",
    );
    run(kernel, &[&x], out, &[d[2], d[3], height, width])
}

/// Concatenation along the channels.
pub fn concat(a: CubeTensor, b: CubeTensor) -> CubeTensor {
    let (da, db) = (dims(&a), dims(&b));
    let out = output(&a, [da[0], da[1] + db[1], da[2], da[3]]);
    let plane = da[2] * da[3];
    let kernel = map(
        "concat",
        vec!["f32", "f32", "f32"],
        vec!["na", "nb"],
        "let batch = i / (p.na + p.nb);
let at = i % (p.na + p.nb);
var r = 0.0;
if (at < p.na) { r = b0[batch * p.na + at]; } else { r = b1[batch * p.nb + at - p.na]; }",
    );
    run(kernel, &[&a, &b], out, &[da[1] * plane, db[1] * plane])
}

/// Swaps the last two dimensions of `[B, R, C]`.
pub fn transpose(x: CubeTensor) -> CubeTensor {
    let d = dims(&x);
    let out = output(&x, [d[0], d[2], d[1]]);
    let kernel = map(
        "transpose",
        vec!["f32", "f32"],
        vec!["rows", "cols"],
        "let row = i % p.rows;
let col = (i / p.rows) % p.cols;
let batch = i / (p.rows * p.cols);
let r = b0[(batch * p.rows + row) * p.cols + col];",
    );
    run(kernel, &[&x], out, &[d[1], d[2]])
}

/// Rows of `table` `[V, width]` at `ids` `[N]`.
pub fn embedding(table: &Matrix, ids: &CubeTensor) -> CubeTensor {
    let width = table.form.cols();
    let out = output(ids, [dims(ids)[0], width]);
    let mut buffers = vec!["i32"];
    buffers.extend(table.types());
    buffers.push("f32");
    let mut params = matrix::PARAMS.to_vec();
    params.push("width");
    let mut kernel = map(
        format!("embedding {}", table.key()),
        buffers,
        params,
        "let r = weight(u32(b0[i / p.width]), i % p.width);",
    );
    kernel.globals = table.declare(1);
    let mut inputs = vec![ids];
    inputs.extend(table.inputs());
    let [cols, words, blocks] = table.params().map(|v| v as usize);
    run(kernel, &inputs, out, &[cols, words, blocks, width])
}

/// Channels `start..start + len`.
pub fn take_channels(x: CubeTensor, start: usize, len: usize) -> CubeTensor {
    let d = dims(&x);
    let plane = d[2] * d[3];
    let out = output(&x, [d[0], len, d[2], d[3]]);
    let kernel = map(
        "take_channels",
        vec!["f32", "f32"],
        vec!["size", "first", "taken"],
        "let r = b0[(i / p.taken) * p.size + p.first + i % p.taken];",
    );
    run(
        kernel,
        &[&x],
        out,
        &[d[1] * plane, start * plane, len * plane],
    )
}
