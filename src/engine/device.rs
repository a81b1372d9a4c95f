//! Which device computes, and why.

use burn::tensor::Device;

use crate::protocol::{DeviceChoice, DeviceReport};
use crate::{Error, Result};

/// A device that is ready, with what to tell the visitor about it.
#[derive(Debug, Clone)]
pub struct Compute {
    /// burn's device.
    pub device: Device,
    /// Its description.
    pub report: DeviceReport,
}

/// Name of the CPU device in reports.
const CPU_NAME: &str = if cfg!(target_arch = "wasm32") {
    "CPU (wasm SIMD)"
} else {
    "CPU"
};

impl Compute {
    /// The CPU.
    pub fn cpu(reason: impl Into<String>) -> Self {
        Self {
            device: Device::flex(),
            report: DeviceReport {
                gpu: false,
                name: CPU_NAME.into(),
                reason: reason.into(),
            },
        }
    }

    /// Chooses a device. `adapter` says what the host knows of the WebGPU adapter before it is
    /// opened: `None` when there is none, else its name and whether it is a software adapter.
    ///
    /// Fails with [`Error::Device`] when WebGPU was asked for and is not to be had.
    pub async fn choose(choice: DeviceChoice, adapter: Option<(String, bool)>) -> Result<Self> {
        match (choice, adapter) {
            (DeviceChoice::Cpu, _) => Ok(Self::cpu("You chose the CPU.")),
            (DeviceChoice::Gpu, None) => Err(Error::device(
                "WebGPU was chosen, but this browser or machine offers no WebGPU adapter",
            )),
            (DeviceChoice::Auto, None) => Ok(Self::cpu("There is no WebGPU adapter here.")),
            (DeviceChoice::Auto, Some((name, true))) => Ok(Self::cpu(format!(
                "The only WebGPU adapter ({name}) is software, which is slower than the CPU itself."
            ))),
            (DeviceChoice::Auto, Some((name, false))) => match Self::gpu(&name).await {
                Ok(device) => Ok(device),
                Err(e) => Ok(Self::cpu(format!("WebGPU could not be started ({e})."))),
            },
            (DeviceChoice::Gpu, Some((name, _))) => Self::gpu(&name).await,
        }
    }

    /// Opens the WebGPU device.
    async fn gpu(name: &str) -> Result<Self> {
        let (device, setup) = Device::wgpu_options()
            .init_with_setup_async()
            .await
            .map_err(|e| Error::device(format!("WebGPU could not be started: {e}")))?;
        crate::ops::opened(&setup.device);
        let info = setup.adapter.get_info();
        let name = if name.is_empty() {
            info.name
        } else {
            name.into()
        };
        Ok(Self {
            device,
            report: DeviceReport {
                gpu: true,
                name,
                reason: "WebGPU is available.".into(),
            },
        })
    }

    /// The device of a native program: `cpu`, or `gpu` on whatever adapter wgpu finds.
    #[cfg(not(target_arch = "wasm32"))]
    pub fn native(gpu: bool) -> Result<Self> {
        if !gpu {
            return Ok(Self::cpu("chosen"));
        }
        let (device, setup) = Device::wgpu_options()
            .init_with_setup()
            .map_err(|e| Error::device(format!("no GPU could be opened: {e}")))?;
        crate::ops::opened(&setup.device);
        let info = setup.adapter.get_info();
        Ok(Self {
            device,
            report: DeviceReport {
                gpu: true,
                name: format!("{} ({:?}, {:?})", info.name, info.backend, info.device_type),
                reason: "chosen".into(),
            },
        })
    }
}
