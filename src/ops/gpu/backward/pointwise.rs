//! Operations that move, map or gather values.

use burn_cubecl::tensor::CubeTensor;

use crate::ops::Activation;
use crate::ops::gpu::launch::{dims, output};
use crate::ops::gpu::pointwise::{map, run};

/// Derivatives of the nonlinearities in [`crate::ops::gpu::pointwise::FUNCTIONS`], which they use.
pub const SLOPES: &str = "
fn swish_slope(x: f32, a: f32) -> f32 {
    let s = sigmoid(a * x);
    return s * (1.0 + a * x * (1.0 - s));
}
fn silu_slope(x: f32) -> f32 { return swish_slope(x, 1.0); }
fn quick_gelu_slope(x: f32) -> f32 { return swish_slope(x, 1.702); }
fn relu_slope(x: f32) -> f32 { return select(0.0, 1.0, x > 0.0); }
fn gelu_slope(x: f32) -> f32 {
    return 0.5 * (1.0 + erf(x * 0.70710678)) + x * 0.39894228 * exp(-0.5 * x * x);
}
";

/// A pointwise activation.
pub fn activate(x: CubeTensor, g: CubeTensor, f: Activation) -> CubeTensor {
    let slope = match f {
        Activation::Silu => "silu_slope",
        Activation::Gelu => "gelu_slope",
        Activation::QuickGelu => "quick_gelu_slope",
        Activation::Relu => "relu_slope",
    };
    let out = output(&x, dims(&x));
    let mut kernel = map(
        slope,
        vec!["f32"; 3],
        vec![],
        &format!("let r = b1[i] * {slope}(b0[i]);"),
    );
    kernel.globals += SLOPES;
    run(kernel, &[&x, &g], out, &[])
}

/// GEGLU: `x` `[B, N, 2 d]`, `g` `[B, N, d]`.
pub fn geglu(x: CubeTensor, g: CubeTensor) -> CubeTensor {
    let d = dims(&x);
    let out = output(&x, d.clone());
    let mut kernel = map(
        "geglu_backward",
        vec!["f32"; 3],
        vec!["half_width"],
        "let row = i / (2u * p.half_width);
let col = i % (2u * p.half_width);
let of_gate = col >= p.half_width;
let at = select(col, col - p.half_width, of_gate);
let a = b0[row * 2u * p.half_width + at];
let gate = b0[row * 2u * p.half_width + at + p.half_width];
let r = b1[row * p.half_width + at] * select(gelu(gate), a * gelu_slope(gate), of_gate);",
    );
    kernel.globals += SLOPES;
    run(kernel, &[&x, &g], out, &[d[2] / 2])
}

/// Pixel (y, x) to (stride y + top, stride x + left) of zeros of `size` (height, width).
pub fn dilate(x: CubeTensor, stride: usize, first: [i32; 2], size: [usize; 2]) -> CubeTensor {
    let d = dims(&x);
    let out = output(&x, [d[0], d[1], size[0], size[1]]);
    let kernel = map(
        "dilate",
        vec!["f32"; 2],
        vec!["h", "w", "oh", "ow", "top", "left", "stride"],
        "let s = i32(p.stride);
let x = i32(i % p.ow) - bitcast<i32>(p.left);
let y = i32((i / p.ow) % p.oh) - bitcast<i32>(p.top);
let plane = i / (p.ow * p.oh);
var r = 0.0;
if (x >= 0 && y >= 0 && x % s == 0 && y % s == 0 && x / s < i32(p.w) && y / s < i32(p.h)) {
    r = b0[(plane * p.h + u32(y / s)) * p.w + u32(x / s)];
}",
    );
    // Two's complement words.
    let [top, left] = first.map(|v| v as u32 as usize);
    let params = [d[2], d[3], size[0], size[1], top, left, stride];
    run(kernel, &[&x], out, &params)
}

/// Sums over the copies that nearest-neighbour upsampling from `size` (height, width) made.
pub fn upsample(g: CubeTensor, size: [usize; 2]) -> CubeTensor {
    let d = dims(&g);
    let out = output(&g, [d[0], d[1], size[0], size[1]]);
    // Row `to` is a copy of row floor(to h / oh): of y for to in ceil(y oh / h)..ceil((y + 1) oh / h).
    let kernel = map(
        "upsample_backward",
        vec!["f32"; 2],
        vec!["h", "w", "oh", "ow"],
        "let x = i % p.w;
let y = (i / p.w) % p.h;
let plane = i / (p.w * p.h);
let y1 = ((y + 1u) * p.oh + p.h - 1u) / p.h;
let x1 = ((x + 1u) * p.ow + p.w - 1u) / p.w;
var r = 0.0;
for (var ty = (y * p.oh + p.h - 1u) / p.h; ty < y1; ty = ty + 1u) {
    for (var tx = (x * p.ow + p.w - 1u) / p.w; tx < x1; tx = tx + 1u) {
        r = r + b0[(plane * p.oh + ty) * p.ow + tx];
    }
}",
    );
    run(kernel, &[&g], out, &[size[0], size[1], d[2], d[3]])
}

/// The sum over the first dimension, which has `parts` entries, of a tensor that is otherwise
/// like `out`.
pub fn sum_parts(x: CubeTensor, out: CubeTensor, parts: usize) -> CubeTensor {
    let kernel = map(
        "sum_parts",
        vec!["f32"; 2],
        vec!["parts"],
        "var r = 0.0;
for (var j = 0u; j < p.parts; j = j + 1u) { r = r + b0[j * p.count + i]; }",
    );
    run(kernel, &[&x], out, &[parts])
}
