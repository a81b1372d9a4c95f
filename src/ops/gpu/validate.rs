//! Shaders checked before their results are believed. In a browser a shader that does not compile
//! is no error that a launch could return: its work, and that of all kernels submitted with it, is
//! dropped without a word. There a kernel's first launch, which makes its pipeline, happens under
//! error scopes, and what the device says is an error that names the kernel. Natively cubecl asks the
//! device itself, and a failed read is followed by a look for the kernel that is to blame.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cubecl::{dry_run::DryRun, wgpu::wgpu};

use super::launch::Kernel;

/// What the device is going to say of a kernel: nothing, or why it is refused.
type Verdict = Pin<Box<dyn Future<Output = Option<wgpu::Error>>>>;

/// The device in use.
static DEVICE: Mutex<Option<wgpu::Device>> = Mutex::new(None);
/// Kernels seen so far.
static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());
/// Name and text of kernels seen since the last check.
static PENDING: Mutex<BTreeMap<String, String>> = Mutex::new(BTreeMap::new());

thread_local! {
    static PLANNING: Cell<bool> = const { Cell::new(false) };
    /// Of the kernels first launched since the last check, in a browser.
    static VERDICTS: RefCell<Vec<(String, Verdict)>> = const { RefCell::new(Vec::new()) };
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Tells the device whose compiler is to be asked.
pub fn use_device(device: wgpu::Device) {
    *lock(&DEVICE) = Some(device);
    lock(&SEEN).clear();
}

/// Calls `launch`, which launches `kernel`; the first time under the eyes of [`check`].
pub fn watched(kernel: &Kernel, launch: impl FnOnce()) {
    if !lock(&SEEN).insert(kernel.key.clone()) {
        return launch();
    }
    lock(&PENDING).insert(kernel.key.clone(), kernel.wgsl());
    let device = lock(&DEVICE).clone();
    let Some(device) = device.filter(|_| cfg!(target_arch = "wasm32")) else {
        return launch();
    };
    let validation = device.push_error_scope(wgpu::ErrorFilter::Validation);
    let internal = device.push_error_scope(wgpu::ErrorFilter::Internal);
    launch();
    let (internal, validation) = (internal.pop(), validation.pop());
    let verdict = async { internal.await.or(validation.await) };
    VERDICTS.with_borrow_mut(|v| v.push((kernel.key.clone(), Box::pin(verdict))));
}

/// Name and text of each kernel seen since the last check, for tools.
pub fn texts() -> BTreeMap<String, String> {
    lock(&PENDING).clone()
}

/// Whether results are not wanted, so that they need no memory.
pub fn planning() -> bool {
    PLANNING.get()
}

/// While this lives, operations on this thread's GPU compute nothing, and their results have shapes but
/// no values. The pipelines of their kernels are created, so that a first run finds them.
#[derive(Debug)]
pub struct Plan {
    _dry: DryRun,
}

impl Plan {
    /// From now on.
    #[allow(clippy::new_without_default)]
    pub fn new() -> Self {
        PLANNING.set(true);
        Self {
            _dry: DryRun::new(),
        }
    }
}

impl Drop for Plan {
    fn drop(&mut self) {
        PLANNING.set(false);
    }
}

/// Checks all kernels seen since the last check. Fails with the name of the first one that the device
/// refuses, and its reason.
pub async fn check() -> Result<(), String> {
    let pending = std::mem::take(&mut *lock(&PENDING));
    let Some(device) = lock(&DEVICE).clone() else {
        return Ok(());
    };
    if cfg!(target_arch = "wasm32") {
        for (name, verdict) in VERDICTS.take() {
            if let Some(error) = verdict.await {
                // Compiling it again tells the place in the text.
                let text = pending.get(&name).map_or("", String::as_str);
                compile(&device, &name, text).await?;
                return Err(refusal(&name, &error.to_string()));
            }
        }
        return Ok(());
    }
    for (name, text) in pending {
        compile(&device, &name, &text).await?;
    }
    Ok(())
}

fn refusal(name: &str, why: &str) -> String {
    format!("the device refuses the kernel \"{name}\": {why}")
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
        Some(why) => Err(refusal(name, &why)),
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
