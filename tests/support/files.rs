//! The files of `tests/fixtures/pipelines` and of the embedded model: from disk, and in a browser
//! from the program itself.

/// The bytes of a file below `tests/fixtures`, or below `public` natively.
#[cfg(not(target_arch = "wasm32"))]
pub fn read(path: &str) -> Vec<u8> {
    // At run time: clones may share compiled tests.
    let root = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| ".".into());
    let path = std::path::PathBuf::from(root).join(path);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The bytes of a file below `tests/fixtures/pipelines`.
#[cfg(target_arch = "wasm32")]
pub fn read(path: &str) -> Vec<u8> {
    macro_rules! files {
        ($($name:literal)*) => {
            match path.strip_prefix("tests/fixtures/pipelines/").unwrap_or(path) {
                $($name => include_bytes!(concat!("../fixtures/pipelines/", $name)).to_vec(),)*
                _ => panic!("{path} is not compiled in"),
            }
        };
    }
    files!(
        "lcm/reference.safetensors"
        "lcm/scheduler/scheduler_config.json"
        "lcm/text_encoder/config.json"
        "lcm/text_encoder/model.safetensors"
        "lcm/unet/config.json"
        "lcm/vae/config.json"
        "lcm/vae/diffusion_pytorch_model.safetensors"
        "lcm/unet/diffusion_pytorch_model.safetensors"
        "sd15/reference.safetensors"
        "sd15/scheduler/scheduler_config.json"
        "sd15/text_encoder/config.json"
        "sd15/text_encoder/model.safetensors"
        "sd15/unet/config.json"
        "sd15/vae/config.json"
        "sd15/vae/diffusion_pytorch_model.safetensors"
        "sd15/unet/diffusion_pytorch_model.safetensors"
        "sd21/reference.safetensors"
        "sd21/scheduler/scheduler_config.json"
        "sd21/text_encoder/config.json"
        "sd21/text_encoder/model.safetensors"
        "sd21/unet/config.json"
        "sd21/vae/config.json"
        "sd21/vae/diffusion_pytorch_model.safetensors"
        "sd21/unet/diffusion_pytorch_model-00001-of-00002.safetensors"
        "sd21/unet/diffusion_pytorch_model-00002-of-00002.safetensors"
        "sd21/unet/diffusion_pytorch_model.safetensors.index.json"
    )
}

/// The text of a file.
pub fn text(path: &str) -> String {
    String::from_utf8(read(path)).unwrap()
}
