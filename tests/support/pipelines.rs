//! The random pipelines of `tests/fixtures/pipelines`.

use latino_web::models::Weights;
use latino_web::models::weights::shard_files;

use crate::files::{read, text};

/// The folder of a random pipeline.
pub fn fixture(name: &str) -> String {
    format!("tests/fixtures/pipelines/{name}")
}

/// The text of `config.json` and the weights of one part of a model; `sharded` when an index lists
/// the weights' files.
pub fn part(model: &str, name: &str, sharded: bool) -> (String, Weights) {
    let folder = format!("{model}/{name}");
    let stem = if name == "text_encoder" {
        "model"
    } else {
        "diffusion_pytorch_model"
    };
    let files = if sharded {
        shard_files(&text(&format!("{folder}/{stem}.safetensors.index.json"))).unwrap()
    } else {
        vec![format!("{stem}.safetensors")]
    };
    let shards = files.iter().map(|f| read(&format!("{folder}/{f}")));
    let json = text(&format!("{folder}/config.json"));
    (json, Weights::new(name, shards.collect()).unwrap())
}
