//! What the attention kernels share: sizes, and WGSL for a head's values in registers.

use burn_cubecl::tensor::CubeTensor;

use crate::ops::gpu::launch::{Kernel, WORKGROUP, dims, launch_groups};
use crate::ops::gpu::tile::{lines, sum};

/// Sizes, and the pieces of WGSL that depend on the width of a head.
pub struct Heads {
    pub batch: usize,
    pub heads: usize,
    pub queries: usize,
    pub keys: usize,
    /// Of all heads.
    pub width: usize,
    /// Vectors (or numbers, where the width of a head is no multiple of 4) in a head.
    pub parts: usize,
    /// WGSL type of a part.
    pub ty: &'static str,
}

impl Heads {
    pub fn new(q: &CubeTensor, k: &CubeTensor, heads: usize) -> Self {
        let d = dims(q);
        let per_head = d[2] / heads;
        let (ty, vector) = if per_head.is_multiple_of(4) {
            ("vec4<f32>", 4)
        } else {
            ("f32", 1)
        };
        Self {
            batch: d[0],
            heads,
            queries: d[1],
            keys: dims(k)[1],
            width: d[2],
            parts: per_head / vector,
            ty,
        }
    }

    /// `let a0 = buffer[at]`, `let a1 = buffer[at + 1]`, ...
    pub fn load(&self, a: &str, buffer: &str, at: &str) -> String {
        lines(self.parts, |c| {
            format!("let {a}{c} = {buffer}[{at} + {c}u];")
        })
    }

    pub fn zeros(&self) -> String {
        let ty = self.ty;
        lines(self.parts, |c| format!("var a{c} = {ty}(0.0);"))
    }

    /// The dot product of registers `a` and `buffer[at..]`.
    pub fn dot(&self, a: &str, buffer: &str, at: &str) -> String {
        let vector = self.ty != "f32";
        sum(self.parts, |c| {
            let b = format!("{buffer}[{at} + {c}u]");
            if vector {
                format!("dot({a}{c}, {b})")
            } else {
                format!("{a}{c} * {b}")
            }
        })
    }

    /// a += factor buffer[at..]
    pub fn accumulate(&self, factor: &str, buffer: &str, at: &str) -> String {
        lines(self.parts, |c| {
            format!("a{c} = a{c} + {factor} * {buffer}[{at} + {c}u];")
        })
    }

    pub fn store(&self, buffer: &str, at: &str) -> String {
        lines(self.parts, |c| format!("{buffer}[{at} + {c}u] = a{c};"))
    }

    /// Runs a kernel of `count` threads, where a thread of a key takes `chunk` queries.
    pub fn run(
        &self,
        name: &str,
        buffers: Vec<&'static str>,
        body: String,
        [count, chunk]: [usize; 2],
        inputs: &[&CubeTensor],
        out: &CubeTensor,
    ) {
        let (ty, parts) = (self.ty, self.parts);
        let kernel = Kernel {
            key: format!("attention_backward {name} parts={parts} {ty}"),
            buffers,
            params: vec!["count", "n", "m", "heads", "batch", "chunk", "scale"],
            globals: String::new(),
            body: format!(
                "if (i >= p.count) {{ return; }}
let row = p.heads * {parts}u;
let scale = bitcast<f32>(p.scale);
{body}"
            ),
            workgroup: WORKGROUP,
        };
        let per_head = self.width / self.heads;
        let params = [
            count as u32,
            self.queries as u32,
            self.keys as u32,
            self.heads as u32,
            self.batch as u32,
            chunk as u32,
            (1.0 / (per_head as f32).sqrt()).to_bits(),
        ];
        let other = if chunk > 0 { chunk } else { self.keys };
        let work = 2 * (count * other * per_head) as u64;
        let groups = count.div_ceil(WORKGROUP);
        launch_groups(kernel, groups, work, inputs, out, &params);
    }
}
