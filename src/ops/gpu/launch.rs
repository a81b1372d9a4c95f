//! Launching a WGSL kernel through cubecl.
//!
//! A kernel's source declares its buffers `b0, b1, ...` in order, then a uniform `p` of `u32` words;
//! floats among them are passed as bits. [`Kernel::source`] writes those declarations. Work that would
//! keep the device busy for long is cut into several dispatches ([`super::pace`]).

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use burn::tensor::{DType, Shape};
use burn_cubecl::{
    ops::numeric::empty_device_contiguous_dtype,
    template::{KernelSource, SourceKernel, SourceTemplate},
    tensor::CubeTensor,
};
use cubecl::{
    CubeCount, CubeDim,
    prelude::KernelId,
    server::{KernelArguments, MetadataBindingInfo},
};

use super::{pace, validate};
use crate::ops::limit::largest_tensor;

pub(crate) use crate::ops::tune::WORKGROUP;
/// WebGPU's default limit on workgroups in one dimension.
const MAX_GROUPS: usize = 65_535;

/// One WGSL kernel: a name that identifies its text, the types of its buffers, the body.
#[derive(Debug, Clone)]
pub struct Kernel {
    /// Identifies the text: the same key must always mean the same source.
    pub key: String,
    /// WGSL element type of each buffer, such as `f32`, `vec4<f32>` or `u32`; the last one is the output.
    pub buffers: Vec<&'static str>,
    /// Names of the uniform's words, in order.
    pub params: Vec<&'static str>,
    /// Declarations before the entry point.
    pub globals: String,
    /// The entry point's body. `i` is the linear thread index, `lane` the index in the workgroup,
    /// `group` the linear workgroup index.
    pub body: String,
    /// Threads in a workgroup.
    pub workgroup: usize,
}

impl Kernel {
    /// The whole text.
    pub fn wgsl(&self) -> String {
        use std::fmt::Write;
        let mut s = String::new();
        if self.buffers.contains(&"f16") {
            s += "enable f16;\n";
        }
        // Writing to a String cannot fail.
        for (n, ty) in self.buffers.iter().enumerate() {
            let _ = writeln!(
                s,
                "@group(0) @binding({n}) var<storage, read_write> b{n}: array<{ty}>;"
            );
        }
        let words: String = self.params.iter().map(|p| format!("{p}: u32, ")).collect();
        let words = words + "group0: u32, ";
        // A uniform's size is a multiple of 16 bytes, as cubecl's upload is of 8.
        let padding: String = (self.params.len() + 1..padded(self.params.len() + 1))
            .map(|n| format!("pad{n}: u32, "))
            .collect();
        let n = self.buffers.len();
        let _ = writeln!(s, "struct Params {{ {words}{padding}}}");
        let _ = writeln!(s, "@group(0) @binding({n}) var<uniform> p: Params;");
        let _ = writeln!(s, "{}", self.globals);
        let _ = writeln!(
            s,
            "@compute @workgroup_size({0}, 1, 1)\nfn main(@builtin(workgroup_id) wid: vec3<u32>, \
             @builtin(num_workgroups) groups: vec3<u32>, @builtin(local_invocation_index) lane: u32) {{\n\
             let group = p.group0 + wid.y * groups.x + wid.x;\nlet i = group * {0}u + lane;\n{1}\n}}",
            self.workgroup, self.body
        );
        s
    }
}

/// Bodies written so far, by their kernels' keys.
static BODIES: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());

/// The body of the kernel `key`, which `write` writes the first time: an unrolled one has thousands of
/// lines, and is launched many times in one evaluation of a network.
pub fn body_of(key: &str, write: impl FnOnce() -> String) -> String {
    let mut bodies = BODIES.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(body) = bodies.get(key) {
        return body.clone();
    }
    let body = write();
    bodies.insert(key.to_owned(), body.clone());
    body
}

/// For keys: the names of those that are set, each after a space.
pub fn flags<const N: usize>(of: [(bool, &str); N]) -> String {
    let set = of.into_iter().filter(|(set, _)| *set);
    set.map(|(_, name)| format!(" {name}")).collect()
}

/// Uniform words rounded up to 16 bytes.
fn padded(words: usize) -> usize {
    words.max(1).div_ceil(4) * 4
}

impl KernelSource for Kernel {
    fn source(&self) -> SourceTemplate {
        // The template engine's placeholders do not occur in WGSL.
        SourceTemplate::new(self.wgsl())
    }

    fn id(&self) -> KernelId {
        KernelId::new::<Self>()
            .cube_dim(CubeDim::new_1d(self.workgroup as u32).0)
            .info(self.key.clone())
    }

    fn lang(&self) -> &'static str {
        "wgsl"
    }
}

/// An uninitialised f32 tensor beside `like`.
pub fn output(like: &CubeTensor, shape: impl Into<Vec<usize>>) -> CubeTensor {
    let shape = shape.into();
    if validate::planning() {
        let handle = like.client.empty(32);
        let (client, device) = (like.client.clone(), like.device.clone());
        return CubeTensor::new_contiguous(client, device, Shape::from(shape), handle, DType::F32);
    }
    debug_assert!(4 * shape.iter().product::<usize>() <= largest_tensor());
    empty_device_contiguous_dtype(
        like.client.clone(),
        like.device.clone(),
        Shape::from(shape),
        DType::F32,
    )
}

/// The shape as a vector.
pub fn dims(x: &CubeTensor) -> Vec<usize> {
    x.meta.shape().to_vec()
}

/// Runs `kernel` with `threads` threads (rounded up to whole workgroups; the body must guard)
/// on `inputs` and `out`, the uniform being `params`.
pub fn launch(
    kernel: Kernel,
    threads: usize,
    inputs: &[&CubeTensor],
    out: &CubeTensor,
    params: &[u32],
) {
    let groups = threads.div_ceil(kernel.workgroup);
    launch_groups(kernel, groups, threads as u64, inputs, out, params);
}

/// Runs `kernel` with `groups` workgroups, which do about `work` multiply-additions in all.
pub fn launch_groups(
    kernel: Kernel,
    groups: usize,
    work: u64,
    inputs: &[&CubeTensor],
    out: &CubeTensor,
    params: &[u32],
) {
    debug_assert_eq!(kernel.params.len(), params.len());
    debug_assert!(inputs.iter().all(|x| x.is_contiguous()));
    crate::ops::trace::launched(&kernel.key);
    let groups = groups.max(1);
    let at_once = pace::groups_at_once(groups, work);
    for first in (0..groups).step_by(at_once) {
        let count = at_once.min(groups - first);
        validate::watched(&kernel, || {
            dispatch(kernel.clone(), first, count, inputs, out, params);
        });
        pace::submitted(&out.client, work / groups as u64 * count as u64);
    }
}

/// Workgroups `first..first + groups`.
fn dispatch(
    kernel: Kernel,
    first: usize,
    groups: usize,
    inputs: &[&CubeTensor],
    out: &CubeTensor,
    params: &[u32],
) {
    let rows = groups.div_ceil(MAX_GROUPS);
    let count = CubeCount::Static(groups.div_ceil(rows) as u32, rows as u32, 1);
    let mut words = params.to_vec();
    words.push(first as u32);
    words.resize(padded(words.len()), 0);
    let info = words
        .chunks_exact(2)
        .map(|w| u64::from(w[0]) | u64::from(w[1]) << 32)
        .collect();
    let bindings = inputs
        .iter()
        .chain(std::iter::once(&out))
        .map(|x| x.handle.clone().binding())
        .collect();
    let arguments = KernelArguments::new()
        .with_buffers(bindings)
        .with_info(MetadataBindingInfo::custom(info));
    let dim = CubeDim::new_1d(kernel.workgroup as u32);
    out.client
        .launch(Box::new(SourceKernel::new(kernel, dim)), count, arguments);
}
