//! Group and layer normalisation: one workgroup a group or row.

use burn_cubecl::tensor::CubeTensor;

use crate::ops::gpu::launch::{Kernel, dims, launch, output};
use crate::ops::gpu::norm::{reduction, statistics};
use crate::ops::gpu::pointwise::FUNCTIONS;

use super::pointwise::SLOPES;

/// With `cotangent` the WGSL that declares `c`, the channel, and `d`, the cotangent of the
/// normalised value `normal`, both for entry `j` of the group: the two means, then the result.
fn body(threads: usize, cotangent: &str, out: usize) -> String {
    let stats = statistics(threads);
    format!(
        "{stats}
var plain = 0.0;
var weighted = 0.0;
for (var j = lane; j < p.size; j = j + {threads}u) {{
    let normal = (b0[start + j] - mean) * inv;
    {cotangent}
    plain = plain + d;
    weighted = weighted + d * normal;
}}
let first = total(lane, plain) / f32(p.size);
let second = total(lane, weighted) / f32(p.size);
for (var j = lane; j < p.size; j = j + {threads}u) {{
    let normal = (b0[start + j] - mean) * inv;
    {cotangent}
    b{out}[start + j] = inv * (d - first - normal * second);
}}"
    )
}

/// Group normalisation of `[B, C, H, W]`; with a shift `b`, the one that is followed by SiLU.
pub fn group_norm(
    x: CubeTensor,
    w: CubeTensor,
    b: Option<CubeTensor>,
    g: CubeTensor,
    groups: usize,
    eps: f32,
) -> CubeTensor {
    let d = dims(&x);
    let plane = d[2] * d[3];
    let per_group = d[1] / groups;
    let out = output(&x, d.clone());
    let threads = 64;
    let mut inputs = vec![&x, &w, &g];
    let mut cotangent = "let c = (group % p.per_batch) * p.per_group + j / p.plane;
    let d = b2[start + j] * b1[c]"
        .to_owned();
    if let Some(b) = &b {
        inputs.push(b);
        cotangent += " * silu_slope(normal * b1[c] + b3[c])";
    }
    cotangent += ";";
    let kernel = Kernel {
        key: format!("group_norm_backward silu={}", b.is_some()),
        buffers: vec!["f32"; inputs.len() + 1],
        params: vec!["groups", "size", "plane", "per_group", "per_batch", "eps"],
        globals: format!("{FUNCTIONS}{SLOPES}{}", reduction(threads)),
        body: body(threads, &cotangent, inputs.len()),
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
    launch(kernel, count * threads, &inputs, &out, &params);
    out
}

/// Layer normalisation over the last dimension of `[B, N, width]`.
pub fn layer_norm(x: CubeTensor, w: CubeTensor, g: CubeTensor, eps: f32) -> CubeTensor {
    let d = dims(&x);
    let rows = d[0] * d[1];
    let out = output(&x, d.clone());
    let threads = 32;
    let kernel = Kernel {
        key: "layer_norm_backward".into(),
        buffers: vec!["f32"; 4],
        params: vec!["groups", "size", "eps"],
        globals: reduction(threads),
        body: body(threads, "let d = b2[start + j] * b1[j];", 3),
        workgroup: threads,
    };
    let params = [rows as u32, d[2] as u32, eps.to_bits()];
    launch(kernel, rows * threads, &[&x, &w, &g], &out, &params);
    out
}
