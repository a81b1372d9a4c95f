//! Group and layer normalisation: one workgroup a group or row, two passes over the data
//! (mean, then squared deviations), so that large means do not cancel.

use burn_cubecl::tensor::CubeTensor;

use super::launch::{Kernel, dims, launch, launch_groups, output};
use super::pointwise::FUNCTIONS;
use super::tile::sum;

/// Values that one thread of a reduction sums.
const RUN: usize = 8;

/// Declares `total(lane, value)`, the sum over a workgroup; all threads must call it. Two steps and two
/// barriers, since a software adapter takes longer for a barrier than for some loads.
pub(super) fn reduction(threads: usize) -> String {
    let runs = threads / RUN;
    format!(
        "var<workgroup> partial: array<f32, {threads}>;
var<workgroup> sums: array<f32, {runs}>;
fn total(lane: u32, value: f32) -> f32 {{
    partial[lane] = value;
    workgroupBarrier();
    if (lane < {runs}u) {{ sums[lane] = {of_run}; }}
    workgroupBarrier();
    return {of_sums};
}}",
        of_run = sum(RUN, |i| format!("partial[lane * {RUN}u + {i}u]")),
        of_sums = sum(runs, |i| format!("sums[{i}]")),
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

/// Writes entries `begin..to` of the group at `start`, whose first channel is `channel`, into `b{out}`:
/// channel by channel, so that nothing is divided and a channel's scale and shift are read once.
fn normalise(threads: usize, silu: bool, out: usize) -> String {
    let activation = if silu { "silu(v)" } else { "v" };
    format!(
        "for (var c = begin / p.plane; c * p.plane < to; c = c + 1u) {{
    let scale = inv * b1[channel + c];
    let shift = b2[channel + c];
    let end = min(to, (c + 1u) * p.plane);
    for (var j = max(begin, c * p.plane) + lane; j < end; j = j + {threads}u) {{
        let v = (b0[start + j] - mean) * scale + shift;
        b{out}[start + j] = {activation};
    }}
}}"
    )
}

/// Values of a group that one workgroup takes; larger groups are shared by several.
const SHARE: usize = 16_384;

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
    let size = per_group * plane;
    let count = d[0] * groups;
    if size > SHARE {
        return shared(x, w, b, [count, size, plane, per_group, groups], eps, silu);
    }
    let out = output(&x, d);
    let threads = 64;
    let kernel = Kernel {
        key: format!("group_norm silu={silu}"),
        buffers: vec!["f32", "f32", "f32", "f32"],
        params: vec!["groups", "size", "plane", "per_group", "per_batch", "eps"],
        globals: format!("{FUNCTIONS}{}", reduction(threads)),
        body: format!(
            "{stats}
let channel = (group % p.per_batch) * p.per_group;
let begin = 0u;
let to = p.size;
{values}",
            stats = statistics(threads),
            values = normalise(threads, silu, 3),
        ),
        workgroup: threads,
    };
    let sizes = [count, size, plane, per_group, groups].map(|v| v as u32);
    let params = [sizes.as_slice(), &[eps.to_bits()]].concat();
    launch(kernel, count * threads, &[&x, &w, &b], &out, &params);
    out
}

/// The same in two kernels, for large groups: mean and squared deviations of up to 64 parts of each
/// group, then, from the moments of the parts (Chan et al., 1979), the values.
fn shared(
    x: CubeTensor,
    w: CubeTensor,
    b: CubeTensor,
    [count, size, plane, per_group, groups]: [usize; 5],
    eps: f32,
    silu: bool,
) -> CubeTensor {
    let threads = 64;
    let parts = size.div_ceil(SHARE).min(threads);
    let part = size.div_ceil(parts);
    let parts = size.div_ceil(part);
    let moments = output(&x, [count, parts, 2]);
    let kernel = Kernel {
        key: "group_norm moments".into(),
        buffers: vec!["f32", "vec2<f32>"],
        params: vec!["count", "size", "part", "parts"],
        globals: reduction(threads),
        body: format!(
            "if (group >= p.count) {{ return; }}
let first = (group % p.parts) * p.part;
let size = min(p.part, p.size - first);
let start = (group / p.parts) * p.size + first;
var sum = 0.0;
for (var j = lane; j < size; j = j + {threads}u) {{ sum = sum + b0[start + j]; }}
let mean = total(lane, sum) / f32(size);
var squares = 0.0;
for (var j = lane; j < size; j = j + {threads}u) {{
    let d = b0[start + j] - mean;
    squares = squares + d * d;
}}
let deviation = total(lane, squares);
if (lane == 0u) {{ b1[group] = vec2<f32>(mean, deviation); }}"
        ),
        workgroup: threads,
    };
    let sizes = [count * parts, size, part, parts].map(|v| v as u32);
    let work = 2 * (count * size) as u64;
    launch_groups(kernel, count * parts, work, &[&x], &moments, &sizes);

    let out = output(&x, dims(&x));
    let kernel = Kernel {
        key: format!("group_norm of parts silu={silu}"),
        buffers: vec!["f32", "f32", "f32", "vec2<f32>", "f32"],
        params: vec![
            "count",
            "size",
            "part",
            "parts",
            "plane",
            "per_group",
            "per_batch",
            "eps",
        ],
        globals: format!("{FUNCTIONS}{}", reduction(threads)),
        body: format!(
            "if (group >= p.count) {{ return; }}
let which = group / p.parts;
var known = vec2<f32>(0.0);
var n = 0.0;
if (lane < p.parts) {{
    known = b3[which * p.parts + lane];
    n = f32(min(p.part, p.size - lane * p.part));
}}
let mean = total(lane, n * known.x) / f32(p.size);
let away = known.x - mean;
let inv = inverseSqrt(total(lane, known.y + n * away * away) / f32(p.size) + bitcast<f32>(p.eps));
let begin = (group % p.parts) * p.part;
let to = min(begin + p.part, p.size);
let channel = (which % p.per_batch) * p.per_group;
let start = which * p.size;
{values}",
            values = normalise(threads, silu, 4),
        ),
        workgroup: threads,
    };
    let sizes = [count * parts, size, part, parts, plane, per_group, groups];
    let mut words = sizes.map(|v| v as u32).to_vec();
    words.push(eps.to_bits());
    let inputs = [&x, &w, &b, &moments];
    launch_groups(kernel, count * parts, work, &inputs, &out, &words);
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
