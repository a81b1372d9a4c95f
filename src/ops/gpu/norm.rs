//! Group and layer normalisation: one workgroup a group or row, two passes over the data
//! (mean, then squared deviations), so that large means do not cancel.

use burn_cubecl::tensor::CubeTensor;

use super::launch::{Kernel, dims, launch, output};
use super::pointwise::FUNCTIONS;

/// Sums over a workgroup; all threads must call it.
pub(super) fn reduction(threads: usize) -> String {
    format!(
        "var<workgroup> partial: array<f32, {threads}>;
fn total(lane: u32, value: f32) -> f32 {{
    workgroupBarrier();
    partial[lane] = value;
    workgroupBarrier();
    for (var step = {half}u; step > 0u; step = step / 2u) {{
        if (lane < step) {{ partial[lane] = partial[lane] + partial[lane + step]; }}
        workgroupBarrier();
    }}
    return partial[0];
}}",
        half = threads / 2
    )
}

/// Mean and inverse deviation of the `p.size` values from `start`.
pub(super) fn statistics(threads: usize) -> String {
    format!(
        "if (group >= p.groups) {{ return; }}
let start = group * p.size;
var sum = 0.0;
for (var j = lane; j < p.size; j = j + {threads}u) {{ sum = sum + b0[start + j]; }}
let mean = total(lane, sum) / f32(p.size);
var squares = 0.0;
for (var j = lane; j < p.size; j = j + {threads}u) {{
    let d = b0[start + j] - mean;
    squares = squares + d * d;
}}
let inv = inverseSqrt(total(lane, squares) / f32(p.size) + bitcast<f32>(p.eps));"
    )
}

/// Group normalisation of `[B, C, H, W]`, then SiLU when `silu`.
pub fn group_norm(
    x: CubeTensor,
    w: CubeTensor,
    b: CubeTensor,
    groups: usize,
    eps: f32,
    silu: bool,
) -> CubeTensor {
    let d = dims(&x);
    let plane = d[2] * d[3];
    let per_group = d[1] / groups;
    let out = output(&x, d.clone());
    let threads = 64;
    let activation = if silu { "silu(v)" } else { "v" };
    let kernel = Kernel {
        key: format!("group_norm silu={silu}"),
        buffers: vec!["f32", "f32", "f32", "f32"],
        params: vec!["groups", "size", "plane", "per_group", "per_batch", "eps"],
        globals: format!("{FUNCTIONS}{}", reduction(threads)),
        body: format!(
            "{stats}
let first = (group % p.per_batch) * p.per_group;
for (var j = lane; j < p.size; j = j + {threads}u) {{
    let c = first + j / p.plane;
    let v = (b0[start + j] - mean) * inv * b1[c] + b2[c];
    b3[start + j] = {activation};
}}",
            stats = statistics(threads)
        ),
        workgroup: threads,
    };
    let count = d[0] * groups;
    let params = [
        count as u32,
        (per_group * plane) as u32,
        plane as u32,
        per_group as u32,
        groups as u32,
        eps.to_bits(),
    ];
    launch(kernel, count * threads, &[&x, &w, &b], &out, &params);
    out
}

/// Layer normalisation over the last dimension of `[B, N, width]`.
pub fn layer_norm(x: CubeTensor, w: CubeTensor, b: CubeTensor, eps: f32) -> CubeTensor {
    let d = dims(&x);
    let rows = d[0] * d[1];
    let out = output(&x, d.clone());
    let threads = 32;
    let kernel = Kernel {
        key: "layer_norm".into(),
        buffers: vec!["f32", "f32", "f32", "f32"],
        params: vec!["groups", "size", "eps"],
        globals: reduction(threads),
        body: format!(
            "{stats}
for (var j = lane; j < p.size; j = j + {threads}u) {{
    b3[start + j] = (b0[start + j] - mean) * inv * b1[j] + b2[j];
}}",
            stats = statistics(threads)
        ),
        workgroup: threads,
    };
    launch(
        kernel,
        rows * threads,
        &[&x, &w, &b],
        &out,
        &[rows as u32, d[2] as u32, eps.to_bits()],
    );
    out
}
