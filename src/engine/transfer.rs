//! Between host tensors and device tensors.

use burn::tensor::{Device, Tensor, TensorData};

use crate::ops::check_kernels;
use crate::{Error, HostTensor, Result};

/// Copies `x` to the device; fails unless it has D dimensions.
pub fn upload<const D: usize>(x: &HostTensor, device: &Device) -> Result<Tensor<D>> {
    let shape: [usize; D] = x
        .shape()
        .try_into()
        .map_err(|_| Error::shape(format!("expected {D} dimensions, found {:?}", x.shape())))?;
    Ok(Tensor::from_data(
        TensorData::new(x.data().to_vec(), shape),
        device,
    ))
}

/// Copies `x` back and waits for the device to get there.
/// Fails with [`Error::Device`] when it refuses a kernel, was lost or refused work on the way.
pub async fn download<const D: usize>(x: Tensor<D>) -> Result<HostTensor> {
    let shape = x.dims().to_vec();
    // In a browser an invalid kernel is silent. Natively it makes the read fail, and is then named.
    if cfg!(target_arch = "wasm32") {
        check_kernels().await.map_err(Error::device)?;
    }
    let data = match x.into_data_async().await {
        Ok(data) => data,
        Err(e) => {
            check_kernels().await.map_err(Error::device)?;
            let message = format!("the result could not be read back: {e}");
            return Err(Error::device(message));
        }
    };
    let data = data
        .try_to_vec::<f32>()
        .map_err(|e| Error::device(format!("the result is not f32: {e}")))?;
    HostTensor::new(shape, data)
}
