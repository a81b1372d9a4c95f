//! What JavaScript hands over: model files and tensors.

use std::collections::BTreeMap;

use js_sys::{Array, Float32Array, Object, Reflect, Uint8Array};
use latino_web::engine::ModelFiles;
use latino_web::{Error, HostTensor, Result};
use wasm_bindgen::{JsCast, JsValue};

/// Files of a model folder in memory.
pub struct Given(BTreeMap<String, Vec<u8>>);

impl Given {
    /// From an object of `path: Uint8Array`.
    pub fn new(files: &JsValue) -> Result<Self> {
        let wrong = || Error::invalid("files must be an object of Uint8Arrays");
        let object: &Object = files.dyn_ref().ok_or_else(wrong)?;
        let mut map = BTreeMap::new();
        for pair in Object::entries(object).iter() {
            let pair: Array = pair.dyn_into().map_err(|_| wrong())?;
            let bytes: Uint8Array = pair.get(1).dyn_into().map_err(|_| wrong())?;
            map.insert(pair.get(0).as_string().ok_or_else(wrong)?, bytes.to_vec());
        }
        Ok(Self(map))
    }
}

impl ModelFiles for Given {
    async fn read(&self, path: &str) -> Result<Option<Vec<u8>>> {
        Ok(self.0.get(path).cloned())
    }

    fn name(&self) -> String {
        "subject".into()
    }
}

/// The tensor `name` of an object of `name: { shape: number[], data: Float32Array }`.
pub fn tensor(inputs: &JsValue, name: &str) -> Result<HostTensor> {
    let wrong = || Error::invalid(format!("the tensor {name} is missing"));
    let field = |o: &JsValue, k: &str| Reflect::get(o, &JsValue::from_str(k)).map_err(|_| wrong());
    let entry = field(inputs, name)?;
    let shape: Array = field(&entry, "shape")?.dyn_into().map_err(|_| wrong())?;
    let data: Float32Array = field(&entry, "data")?.dyn_into().map_err(|_| wrong())?;
    let shape = shape.iter().map(|n| n.as_f64().unwrap_or(0.0) as usize);
    HostTensor::new(shape.collect::<Vec<_>>(), data.to_vec())
}

/// [`tensor`], or `None` when there is none of that name.
pub fn optional(inputs: &JsValue, name: &str) -> Result<Option<HostTensor>> {
    let entry = Reflect::get(inputs, &JsValue::from_str(name));
    match entry {
        Ok(v) if !v.is_undefined() => tensor(inputs, name).map(Some),
        _ => Ok(None),
    }
}
