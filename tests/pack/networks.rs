//! What the networks of a model folder answer.

use burn::tensor::{Device, Tensor, TensorData};
use latino_web::engine::Compute;
use latino_web::engine::ModelFiles;
use latino_web::engine::files::{Folder, Rounded};
use latino_web::engine::load::{load_autoencoder, load_text, load_unet};
use latino_web::engine::transfer::download;
use latino_web::pack::Precision;

use crate::support::{Tensors, relative_error, root};

/// The four networks, in the order of [`answers`].
pub const PARTS: [&str; 4] = ["text", "unet", "encode", "decode"];

fn tensor<const D: usize>(inputs: &Tensors, name: &str, device: &Device) -> Tensor<D> {
    let (shape, values) = &inputs[name];
    Tensor::from_data(TensorData::new(values.clone(), shape.clone()), device)
}

/// The outputs of all networks of `files` for the inputs of a `reference.safetensors`.
pub fn answers(files: &impl ModelFiles, inputs: &Tensors) -> [Vec<f32>; 4] {
    let device = Compute::native(false).unwrap().device;
    pollster::block_on(async {
        let text = load_text(files, &device).await.unwrap();
        let unet = load_unet(files, &device).await.unwrap();
        let vae = load_autoencoder(files, &device).await.unwrap();
        let (shape, ids) = &inputs["text.ids"];
        let ids: Vec<u32> = ids.iter().map(|v| *v as u32).collect();
        let hidden = text.forward(&ids, shape[0]).unwrap();
        let context = tensor::<3>(inputs, "unet.context", &device);
        let guidance = unet.guidance(7.5, context.dims()[0], &device);
        let sample = tensor(inputs, "unet.sample", &device);
        let timesteps = &inputs["unet.timesteps"].1;
        let predicted = unet.forward(sample, timesteps, context, guidance).unwrap();
        let encoded = vae.encode(tensor(inputs, "vae.picture", &device)).unwrap();
        let decoded = vae.decode(tensor(inputs, "vae.latent", &device)).unwrap();
        let host = async |x: Tensor<4>| download(x).await.unwrap().into_data();
        [
            download(hidden).await.unwrap().into_data(),
            host(predicted).await,
            host(encoded).await,
            host(decoded).await,
        ]
    })
}

/// The outputs of a folder below the package's, rounded to `precision`.
pub fn rounded(folder: &str, inputs: &Tensors, precision: Precision) -> [Vec<f32>; 4] {
    let files = Rounded::new(Folder(root(folder)), precision).unwrap();
    answers(&files, inputs)
}

/// The relative error of each network.
pub fn errors(a: &[Vec<f32>; 4], b: &[Vec<f32>; 4]) -> [f64; 4] {
    std::array::from_fn(|i| relative_error(&a[i], &b[i]))
}
