//! Shaders checked before their results are believed. In a browser a shader that does not compile
//! is no error that a launch could return: its work, and that of all kernels submitted with it, is
//! dropped without a word. Here every kernel's text goes through the device's compiler once, under
//! an error scope, and what the compiler says is an error that names the kernel.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cubecl::{dry_run::DryRun, wgpu::wgpu};

use super::launch::Kernel;

/// The device in use.
static DEVICE: Mutex<Option<wgpu::Device>> = Mutex::new(None);
/// Kernels seen so far.
static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
/// Name and text of kernels seen since the last check.
static PENDING: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());

thread_local! {
    static PLANNING: Cell<Option<Purpose>> = const { Cell::new(None) };
}

/// What for operations are planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    List,
    Compile,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells the device whose compiler is to be asked.
pub fn use_device(device: wgpu::Device) {
    *lock(&DEVICE) = Some(device);
    lock(&SEEN).clear();
}

/// Takes note of a kernel; false when it is not to be launched, but only to be known.
pub fn note(kernel: &Kernel) -> bool {
    if lock(&SEEN).insert(kernel.key.clone()) {
        lock(&PENDING).insert(kernel.key.clone(), kernel.wgsl());
    }
    PLANNING.get() != Some(Purpose::List)
}

/// Name and text of each kernel seen since the last check, for tools.
pub fn texts() -> BTreeMap<String, String> {
    lock(&PENDING).clone()
}

/// Whether results are not wanted, so that they need no memory.
pub fn planning() -> bool {
    PLANNING.get().is_some()
}

/// While this lives, operations on this thread's GPU compute nothing, and their results have shapes but
/// no values.
#[derive(Debug)]
pub struct Plan {
    dry: Option<DryRun>,
}

impl Plan {
    /// Kernels are only listed for [`check`].
    pub fn list() -> Self {
        PLANNING.set(Some(Purpose::List));
        Self { dry: None }
    }

    /// The pipelines of kernels are created, so that a first run finds them.
    pub fn compile() -> Self {
        PLANNING.set(Some(Purpose::Compile));
        let dry = Some(DryRun::new());
        Self { dry }
    }
}

impl Drop for Plan {
    fn drop(&mut self) {
        PLANNING.set(None);
        self.dry = None;
    }
}

/// Checks all kernels seen since the last check and returns how many they were. Fails with the name of
/// the first kernel that the device refuses, and its reason.
pub async fn check() -> Result<usize, String> {
    let pending = std::mem::take(&mut *lock(&PENDING));
    let Some(device) = lock(&DEVICE).clone() else {
        return Ok(0);
    };
    let count = pending.len();
    for (name, text) in pending {
        compile(&device, &name, &text).await?;
    }
    Ok(count)
}

async fn compile(device: &wgpu::Device, name: &str, text: &str) -> Result<(), String> {
    let scope = device.push_error_scope(wgpu::ErrorFilter::Validation);
    let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(name),
        source: wgpu::ShaderSource::Wgsl(Cow::Borrowed(text)),
    });
    let info = module.get_compilation_info();
    let pipeline = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
        label: Some(name),
        layout: None,
        module: &module,
        entry_point: Some("main"),
        compilation_options: wgpu::PipelineCompilationOptions::default(),
        cache: None,
    });
    let refused = scope.pop();
    let info = info.await;
    let worst = info.messages.iter().find(|m| {
        // Warnings are the compiler's business.
        matches!(m.message_type, wgpu::CompilationMessageType::Error)
    });
    let refused = refused.await.map(|e| e.to_string());
    drop(pipeline);
    match worst.map(|m| m.message.clone()).or(refused) {
        Some(why) => Err(format!("the device refuses the kernel \"{name}\": {why}")),
        None => Ok(()),
    }
}

#[cfg(all(test, not(target_arch = "wasm32")))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_refused_kernel_is_named() {
        let (_, setup) = burn::tensor::Device::wgpu_options()
            .init_with_setup()
            .unwrap();
        let compile = |body: &str| {
            let kernel = Kernel {
                key: "a test of validation".into(),
                buffers: vec!["f32", "f32"],
                params: vec!["count"],
                globals: String::new(),
                body: body.into(),
                workgroup: 64,
            };
            pollster::block_on(compile(&setup.device, &kernel.key, &kernel.wgsl()))
        };
        compile("if (i < p.count) { b1[i] = b0[i]; }").unwrap();
        for bad in ["b1[i] = b0[i] + 1u;", "b1[i] = nothing(i);", "b1[i] = "] {
            let e = compile(bad).unwrap_err();
            assert!(e.contains("a test of validation"), "{e}");
        }
    }
}
