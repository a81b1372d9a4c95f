//! What JavaScript drives: a device with one network or one operation on it.

use burn::tensor::Device;
use js_sys::Float32Array;
use latino_web::engine::Compute;
use latino_web::engine::files::Rounded;
use latino_web::engine::load::{load_autoencoder, load_unet};
use latino_web::engine::transfer::{download, upload};
use latino_web::engine::tuned::Memory;
use latino_web::models::{Autoencoder, UNet2DConditionModel};
use latino_web::pack::Precision;
use latino_web::protocol::DeviceChoice;
use latino_web::{Error, HostTensor, Result};
use wasm_bindgen::JsValue;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::files::{Given, tensor};
use crate::operation::{Operation, Sizes};

enum Network {
    Unet(Box<UNet2DConditionModel>),
    Encode(Box<Autoencoder>),
    Decode(Box<Autoencoder>),
}

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = performance)]
    fn now() -> f64;
}

fn seconds() -> f64 {
    now() / 1000.0
}

fn js(e: Error) -> JsValue {
    js_sys::Error::new(&e.to_string()).into()
}

/// A device, and what is to run on it.
#[wasm_bindgen]
pub struct Contestant {
    device: Device,
    network: Option<Network>,
    operation: Option<Operation>,
    stock: bool,
}

#[wasm_bindgen]
impl Contestant {
    /// Opens the device; `stock` chooses burn's operations for [`Contestant::prepare`].
    pub async fn open(gpu: bool, stock: bool) -> std::result::Result<Contestant, JsValue> {
        let (choice, adapter) = match gpu {
            true => (DeviceChoice::Gpu, Some((String::new(), true))),
            false => (DeviceChoice::Cpu, None),
        };
        let compute = Compute::choose(choice, adapter).await.map_err(js)?;
        if !stock {
            // As the product does on a first visit.
            let mut memory = Memory::default();
            memory.tune(&compute, seconds).await.map_err(js)?;
        }
        Ok(Contestant {
            device: compute.device,
            network: None,
            operation: None,
            stock,
        })
    }

    /// Loads `part` ("unet", "encode", "decode") of the model in `files`, weights in `precision`.
    pub async fn load(
        &mut self,
        part: String,
        files: JsValue,
        precision: String,
    ) -> std::result::Result<(), JsValue> {
        self.network = Some(self.network(&part, &files, &precision).await.map_err(js)?);
        Ok(())
    }

    /// Runs the network once on `inputs` and reads the result back.
    pub async fn run(&self, inputs: JsValue) -> std::result::Result<Float32Array, JsValue> {
        let out = self.forward(&inputs).await.map_err(js)?;
        Ok(Float32Array::from(out.data()))
    }

    /// Puts an operation and its tensors on the device.
    pub fn prepare(
        &mut self,
        kind: &str,
        sizes: JsValue,
        tensors: &JsValue,
    ) -> std::result::Result<(), JsValue> {
        let sizes: Sizes = serde_wasm_bindgen::from_value(sizes)?;
        let made = Operation::new(kind, sizes, tensors, self.stock, &self.device);
        self.operation = Some(made.map_err(js)?);
        Ok(())
    }

    /// Runs the prepared operation `times` times and reads the last result back.
    pub async fn operate(&self, times: u32) -> std::result::Result<Float32Array, JsValue> {
        let none = || js(Error::invalid("no operation is prepared"));
        let operation = self.operation.as_ref().ok_or_else(none)?;
        for _ in 1..times {
            operation.run(self.stock);
        }
        let out = download(operation.run(self.stock)).await.map_err(js)?;
        Ok(Float32Array::from(out.data()))
    }

    /// Bytes that the device's pools hold, and how many of them are in use.
    pub fn memory(&self) -> Vec<f64> {
        let usage = self.device.memory_pool_usage();
        usage.map_or_else(Vec::new, |u| {
            vec![u.bytes_reserved as f64, u.bytes_in_use as f64]
        })
    }
}

impl Contestant {
    async fn network(&self, part: &str, files: &JsValue, precision: &str) -> Result<Network> {
        let unknown = |_| Error::invalid(format!("unknown precision {precision}"));
        let precision: Precision = serde_json::from_value(precision.into()).map_err(unknown)?;
        let files = Rounded::new(Given::new(files)?, precision)?;
        Ok(match part {
            "unet" => Network::Unet(load_unet(&files, &self.device).await?.into()),
            "encode" => Network::Encode(load_autoencoder(&files, &self.device).await?.into()),
            "decode" => Network::Decode(load_autoencoder(&files, &self.device).await?.into()),
            _ => return Err(Error::invalid(format!("unknown part {part}"))),
        })
    }

    async fn forward(&self, inputs: &JsValue) -> Result<HostTensor> {
        let put = |name| upload::<4>(&tensor(inputs, name)?, &self.device);
        match &self.network {
            Some(Network::Unet(unet)) => {
                let context = upload(&tensor(inputs, "context")?, &self.device)?;
                let t = tensor(inputs, "timestep")?;
                download(unet.forward(put("sample")?, t.data(), context, None)?).await
            }
            Some(Network::Encode(ae)) => download(ae.encode(put("picture")?)?).await,
            Some(Network::Decode(ae)) => download(ae.decode(put("latent")?)?).await,
            None => Err(Error::invalid("no network is loaded")),
        }
    }
}
