//! Whether this program can run a model, told from its configs and the headers of its weight files, before anything large is read.

use burn::tensor::Device;

use crate::Result;
use crate::models::{
    Autoencoder, ClipTextConfig, ClipTextModel, UNet2DConditionModel, UNetConfig, Weights,
};
use crate::pack::layout::Part;
use crate::schedule::LcmScheduler;

/// Checks the configs, which `text` returns by their paths. Fails with [`Error::Model`], naming the key, when one of them is not supported,
/// and as `text` does.
pub fn check_configs(text: impl Fn(&str) -> Result<String>) -> Result<()> {
    LcmScheduler::from_json(&text("scheduler/scheduler_config.json")?)?;
    ClipTextConfig::parse(&text("text_encoder/config.json")?)?;
    UNetConfig::parse(&text("unet/config.json")?)?;
    Autoencoder::check_config(&text("vae/config.json")?)
}

/// Checks that the tensors of `part`, packed or not, are those of the network that its config (text `json`) describes. Fails with
/// [`Error::Model`], naming what is missing, of another shape, or left over.
pub fn check_tensors(part: &Part, json: &str) -> Result<()> {
    let tensors = part.tensors.iter();
    let tensors = tensors.map(|t| (t.name.clone(), t.raw.shape.clone()));
    let weights = Weights::announced(part.name, part.precision, tensors);
    let device = Device::flex();
    match part.name {
        "text_encoder" => ClipTextModel::load(json, &weights, &device).map(|_| ()),
        "unet" => UNet2DConditionModel::load(json, &weights, &device).map(|_| ()),
        _ => Autoencoder::load(json, &weights, &device).map(|_| ()),
    }
}

#[cfg(all(test, feature = "native"))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::path::Path;

    use super::*;
    use crate::Error;
    use crate::pack::Precision;
    use crate::pack::diffusers::{PARTS, tensors};
    use crate::pack::source::Source;

    const ROOT: &str = "tests/fixtures/pipelines";

    fn text(model: &str, path: &str) -> Result<String> {
        std::fs::read_to_string(format!("{ROOT}/{model}/{path}"))
            .map_err(|e| Error::Io(e.to_string()))
    }

    fn part(model: &str, [name, stem]: [&'static str; 2]) -> Part {
        let source = Source::open(&Path::new(ROOT).join(model), name, stem).unwrap();
        Part {
            name,
            precision: Precision::Q4,
            tensors: tensors(name, source.headers()).unwrap(),
        }
    }

    #[test]
    fn models_that_load_pass() {
        for model in ["lcm", "sd15", "sd21"] {
            check_configs(|path| text(model, path)).unwrap();
            for (name, stem) in &PARTS[..3] {
                let config = text(model, &format!("{name}/config.json")).unwrap();
                check_tensors(&part(model, [name, stem]), &config).unwrap();
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let config = text("lcm", "unet/config.json").unwrap();
        let unet = || part("lcm", ["unet", "diffusion_pytorch_model"]);
        let said = |part: Part| check_tensors(&part, &config).unwrap_err().to_string();
        let mut other = unet();
        other.tensors[3].raw.shape[0] += 1;
        let name = other.tensors[3].name.clone();
        let told = said(other);
        assert!(told.contains(&name) && told.contains("expected"), "{told}");
        let mut less = unet();
        let name = less.tensors.pop().unwrap().name;
        let told = said(less);
        assert!(told.contains(&name) && told.contains("missing"), "{told}");
        let mut more = unet();
        more.tensors[0].name = "lora.weight".into();
        assert!(check_tensors(&more, &config).is_err());
        let (spoilt, kind) = (
            config.replace("UNet2DConditionModel", "FluxTransformer"),
            "lcm",
        );
        assert_ne!(spoilt, config);
        let wrong = check_configs(|path| match path {
            "unet/config.json" => Ok(spoilt.clone()),
            path => text(kind, path),
        });
        assert!(wrong.unwrap_err().to_string().contains("FluxTransformer"));
    }
}
